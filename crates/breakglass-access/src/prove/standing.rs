//! What an account can show under a scenario: what is registered and allowed, less what is broken.

use super::scenario::Effects;
use breakglass_model::view::{Capabilities, Federation, Lookup, TenantView, User};
use breakglass_model::{ObjectId, Tri};
use jiff::SignedDuration;
use serde_json::json;

/// Methods that go through the identity provider of a federated domain.
const AT_THE_PROVIDER: &[&str] = &["password", "federatedSingleFactor", "federatedMultiFactor"];

/// Methods of a federated user of which nobody wrote whether they work without the provider (L-4). A Temporary Access Pass
/// is taken before the redirect and so not among them.
const UNSETTLED_WITHOUT_PROVIDER: &[&str] = &[
    "fido2",
    "windowsHelloForBusiness",
    "deviceBasedPush",
    "x509CertificateSingleFactor",
    "x509CertificateMultiFactor",
];

/// How an account stands under a scenario.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    /// What it can show.
    pub capabilities: Capabilities,
    /// The account exists and is enabled (G0).
    pub account: Tri,
    /// A sign-in can begin (G1).
    pub primary: Tri,
    /// Why something of this is not known, for people.
    pub doubts: Vec<String>,
}

impl Standing {
    /// Works it out.
    #[must_use]
    pub(super) fn of(view: &TenantView, account: &ObjectId, effects: &Effects) -> Self {
        let mut doubts = Vec::new();
        let user = view.user(account);
        let found = match &user {
            Lookup::Found(user) => Some(*user),
            Lookup::Gone => None,
            Lookup::Unread(why) => {
                doubts.push(format!("whether the account exists ({why})"));
                None
            }
        };
        let exists = match &user {
            Lookup::Found(user) => user.enabled,
            Lookup::Gone => Tri::No,
            Lookup::Unread(_) => Tri::Unknown,
        };
        if found.is_some() && exists.is_unknown() {
            doubts.push("whether the account is enabled (`accountEnabled` was not read)".into());
        }
        let gone = effects.accounts_deleted.contains(account) || effects.accounts_disabled.contains(account);
        let capabilities = match view.capabilities(account) {
            Some(capabilities) => capabilities.clone(),
            None => {
                doubts.push("what it can sign in with (its authentication methods were not read)".into());
                Capabilities::unknown()
            }
        };
        let mut standing = Self {
            capabilities,
            account: if gone { Tri::No } else { exists },
            primary: Tri::Unknown,
            doubts,
        };
        standing.expire(view, found);
        standing.suffer(account, effects);
        standing.suffer_provider(view, found, effects);
        standing.primary = standing.capabilities.first_factor();
        if standing.primary.is_unknown() {
            standing.doubts.push("whether any of its first factors works".into());
        }
        standing
    }

    /// An account that does not exist yet, as it will be: cloud-only, enabled, with a password and a passkey (FIDO2) of a
    /// model that nobody knows.
    #[must_use]
    pub(super) fn planned(view: &TenantView, account: &ObjectId, effects: &Effects) -> Self {
        let told = json!({ "methods": ["password", "fido2"], "canChangePassword": true, "canAcceptTermsOfUse": null });
        let mut capabilities = view.told_capabilities(account, &told);
        capabilities.federation = Federation::NotFederated;
        let mut standing =
            Self { capabilities, account: Tri::Yes, primary: Tri::Unknown, doubts: Vec::new() };
        standing.suffer(account, effects);
        standing.primary = standing.capabilities.first_factor();
        standing
    }

    /// A password that has expired (L-2): whether changing it at sign-in still lets the account in, nobody can tell.
    fn expire(&mut self, view: &TenantView, user: Option<&User>) {
        /// From here on Graph means "never".
        const NEVER: u64 = 10_000;
        let Some(user) = user else { return };
        let kept = user.password_policies.as_ref().is_some_and(|p| p.contains("DisablePasswordExpiration"));
        let days = view.domain_of(&user.upn).found().and_then(|d| d.password_validity_days);
        let (Some(changed), Some(days)) = (user.password_changed, days.filter(|d| *d < NEVER)) else {
            return;
        };
        let hours = i64::try_from(days).unwrap_or(i64::MAX).saturating_mul(24);
        let ends = changed.checked_add(SignedDuration::from_hours(hours));
        if !kept && ends.is_ok_and(|end| end <= view.settings.as_of) {
            self.limit("password", Tri::Unknown);
            self.doubts.push("whether its expired password can still be changed at sign-in (L-2)".into());
        }
    }

    fn suffer(&mut self, account: &ObjectId, effects: &Effects) {
        let capabilities = &mut self.capabilities;
        let own = effects.lost_methods.get(account);
        for mode in effects.methods_unavailable.iter().chain(own.into_iter().flatten()) {
            capabilities.lose(mode);
        }
        if let Some(lost) = effects.lost_keys.get(account) {
            match &mut capabilities.keys {
                Some(keys) => {
                    let mut position = 0;
                    keys.retain(|_| {
                        position += 1;
                        !lost.contains(&(position - 1))
                    });
                    capabilities.retain_keys(|_| true);
                }
                // One of an unknown number.
                None => {
                    let left = capabilities.has("fido2").and(Tri::Unknown);
                    capabilities.set("fido2", left);
                }
            }
        }
        if effects.external_mfa_down {
            capabilities.external_mfa = Tri::No;
        }
        if effects.crl_unreachable {
            capabilities.lose("x509CertificateSingleFactor");
            capabilities.lose("x509CertificateMultiFactor");
        }
    }

    /// The identity provider of a federated domain, and the agents that check passwords on-premises.
    fn suffer_provider(&mut self, view: &TenantView, user: Option<&User>, effects: &Effects) {
        let Some(user) = user else { return };
        if effects.federation_down {
            let federated = federated(view, user);
            for mode in AT_THE_PROVIDER {
                self.limit(mode, !federated);
            }
            for mode in UNSETTLED_WITHOUT_PROVIDER {
                self.limit(mode, (!federated).or(Tri::Unknown));
            }
        }
        if effects.pass_through_down {
            let pass_through = match view.domain_of(&user.upn) {
                Lookup::Found(domain) => Tri::from(domain.pass_through),
                Lookup::Gone | Lookup::Unread(_) => Tri::Unknown,
            };
            self.limit("password", !user.synced.and(pass_through));
        }
    }

    fn limit(&mut self, mode: &str, at_most: Tri) {
        let limited = self.capabilities.has(mode).and(at_most);
        if limited != self.capabilities.has(mode) {
            self.capabilities.set(mode, limited);
        }
    }
}

/// Whether the user's sign-ins are sent to another identity provider. Initial domains never are.
fn federated(view: &TenantView, user: &User) -> Tri {
    const INITIAL: [&str; 3] = [".onmicrosoft.com", ".onmicrosoft.us", ".partner.onmschina.cn"];
    let upn = user.upn.to_ascii_lowercase();
    match view.domain_of(&user.upn) {
        Lookup::Found(domain) => domain.federated,
        Lookup::Gone | Lookup::Unread(_) if INITIAL.iter().any(|end| upn.ends_with(end)) => Tri::No,
        Lookup::Gone | Lookup::Unread(_) => Tri::Unknown,
    }
}
