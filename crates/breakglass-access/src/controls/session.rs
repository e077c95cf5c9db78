//! Session controls that lock in practice (CONDITIONAL_ACCESS 1.8).

use super::Means;
use breakglass_model::Tri;
use breakglass_model::sign_in::ClientApp;
use breakglass_model::view::Policy;

/// Whether a session is left. Most of it depends on other products or on the network, and is then unknown.
pub(super) fn survivable(policy: &Policy, means: &Means) -> Tri {
    let session = &policy.session;
    let unless = |set: bool| if set { Tri::Unknown } else { Tri::Yes };
    // A proxy stands in the way of browsers only (SE-3).
    let proxied = session.cloud_app_security && means.client_app != Some(ClientApp::MobileAppsAndDesktop);
    let asked_again = session.every_time && only_once(means);
    Tri::all([
        unless(proxied),
        unless(session.token_protection),
        unless(session.strict_location),
        unless(session.global_secure_access),
        unless(session.no_resilience && means.broken.entra),
        unless(asked_again),
        unless(!session.unread.is_empty()),
    ])
}

/// A pass that works once is all there is: a second prompt fails (SE-1).
fn only_once(means: &Means) -> bool {
    let once = "temporaryAccessPassOneTime";
    let capabilities = &means.capabilities;
    capabilities.has(once).may()
        && !capabilities.modes().any(|(mode, usable)| mode != once && usable.is_yes())
}
