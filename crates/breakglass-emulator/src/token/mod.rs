//! Tokens.

use crate::caller::Audience;
use crate::state::Origins;

/// The service that an audience or a scope's resource names, in the spellings that real clients use.
pub(crate) fn service_of(audience: &str, origins: &Origins) -> Option<Audience> {
    let audience = audience.trim_end_matches('/').to_ascii_lowercase();
    let graph = [
        origins.graph.as_str(),
        "https://graph.microsoft.com",
        "00000003-0000-0000-c000-000000000000",
        "https://localhost",
    ];
    let arm = [
        origins.arm.as_str(),
        "https://management.azure.com",
        "https://management.core.windows.net",
        "797f4846-ba00-4fd7-ba43-dac1f8f63013",
        origins.monitor.as_str(),
    ];
    if graph.contains(&audience.as_str()) {
        Some(Audience::Graph)
    } else {
        arm.contains(&audience.as_str()).then_some(Audience::Arm)
    }
}
