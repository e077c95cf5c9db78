//! Whether the tenant's licence for Conditional Access (P1) or for Identity Governance of roles (P2) is alive.

use super::{text, whole};
use breakglass_model::snapshot::{Snapshot, collections as c};
use serde_json::Value;

/// Service plan of Entra ID P1.
const P1: (&str, &str) = ("AAD_PREMIUM", "41781fb2-bc02-4b7c-bd55-b576c07bb09d");
/// Service plan of Entra ID P2.
const P2: (&str, &str) = ("AAD_PREMIUM_P2", "eec0eb4f-6444-4f95-aba0-50c24d67f998");

/// What was found of a licence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Licence {
    /// A product that carries it is enabled.
    Enabled(String),
    /// Products carry it, and none is enabled: name and status of the best of them.
    Lapsing(String, String),
    /// No product carries it.
    Absent,
}

/// The best licence for a plan: 1 or 2; P2 contains P1. An error says what was not read.
pub(crate) fn licence(snapshot: &Snapshot, plan: u8) -> Result<Licence, String> {
    let skus = whole(snapshot, c::SUBSCRIBED_SKUS)?;
    let wanted: &[(&str, &str)] = if plan == 2 { &[P2] } else { &[P1, P2] };
    let mut best = Licence::Absent;
    for sku in skus {
        let plans = sku.get("servicePlans").and_then(Value::as_array);
        let plans = plans
            .ok_or_else(|| format!("`servicePlans` of a product in `{}` was not read", c::SUBSCRIBED_SKUS))?;
        let carries = plans.iter().any(|p| {
            wanted.iter().any(|(name, id)| {
                text(p, "servicePlanName") == Some(name)
                    || text(p, "servicePlanId").is_some_and(|found| super::same(found, id))
            })
        });
        if !carries {
            continue;
        }
        let name = text(sku, "skuPartNumber").unwrap_or("a product without a name").to_owned();
        match text(sku, "capabilityStatus") {
            Some("Enabled") => return Ok(Licence::Enabled(name)),
            Some(status) => best = Licence::Lapsing(name, status.to_owned()),
            None => {
                return Err(format!(
                    "`capabilityStatus` of `{name}` in `{}` was not read",
                    c::SUBSCRIBED_SKUS
                ));
            }
        }
    }
    Ok(best)
}
