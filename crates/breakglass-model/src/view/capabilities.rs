//! What an account can show: registered, allowed by the tenant, at hand as far as anybody can tell.

use crate::ids::ObjectId;
use crate::tri::Tri;
use crate::view::Federation;
use std::collections::{BTreeMap, BTreeSet};

/// The means of one account when nothing is broken (CONDITIONAL_ACCESS 1.7). Scenarios take away from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    modes: BTreeMap<String, Tri>,
    /// Whether a mode that is not named is known to be missing.
    pub whole: bool,
    /// Passkeys; `None` when nobody said which.
    pub keys: Option<Vec<Key>>,
    /// Certificates; `None` when nobody said which.
    pub certificates: Option<Vec<Certificate>>,
    /// MFA by an external provider (G-2).
    pub external_mfa: Tri,
    /// Custom controls that the account is enrolled in; `None` when nobody said (G-17).
    pub custom_controls: Option<BTreeSet<String>>,
    /// Whether MFA has been registered before (G-14).
    pub mfa_registered: Tri,
    /// Whether it has a password that it can change (G-14).
    pub can_change_password: Tri,
    /// Whether it can accept terms of use now (G-16).
    pub can_accept_terms: Tri,
    /// Terms of use that were accepted; `None` when nobody said.
    pub terms_accepted: Option<BTreeSet<ObjectId>>,
    /// What is done about MFA of a federated provider (G-6).
    pub federation: Federation,
}

/// One passkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Id of the method, where it is known.
    pub id: Option<String>,
    /// Its name, for people.
    pub name: String,
    /// Its model.
    pub aaguid: Option<ObjectId>,
    /// Whether the tenant lets it be used.
    pub usable: Tri,
}

/// One certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// Subject key identifier of its issuer, lower case hexadecimal; `None` when nobody said or it has none.
    pub issuer_ski: Option<String>,
    /// Policy OIDs; only the first five count.
    pub policy_oids: Option<Vec<String>>,
}

impl Capabilities {
    /// An account of which nobody knows anything.
    #[must_use]
    pub fn unknown() -> Self {
        Self {
            modes: BTreeMap::new(),
            whole: false,
            keys: None,
            certificates: None,
            external_mfa: Tri::Unknown,
            custom_controls: None,
            mfa_registered: Tri::Unknown,
            can_change_password: Tri::Unknown,
            can_accept_terms: Tri::Unknown,
            terms_accepted: None,
            federation: Federation::NotTold,
        }
    }

    /// Whether the account can use a mode (`authenticationMethodModes`).
    #[must_use]
    pub fn has(&self, mode: &str) -> Tri {
        match self.modes.get(mode) {
            Some(answer) => *answer,
            None if self.whole && super::is_known_mode(mode) => Tri::No,
            None => Tri::Unknown,
        }
    }

    /// Modes that the account can use, or may be able to.
    pub fn modes(&self) -> impl Iterator<Item = (&str, Tri)> {
        self.modes.iter().filter(|(_, t)| t.may()).map(|(mode, t)| (mode.as_str(), *t))
    }

    /// Says whether a mode can be used.
    pub fn set(&mut self, mode: &str, usable: Tri) {
        self.modes.insert(super::canonical_mode(mode), usable);
    }

    /// A mode is gone: scenarios of failure.
    pub fn lose(&mut self, mode: &str) {
        let mode = super::canonical_mode(mode);
        if mode == "fido2" {
            self.keys = Some(Vec::new());
        }
        self.modes.insert(mode, Tri::No);
    }

    /// Keeps only the passkeys for which `keep` holds; without any left, `fido2` is gone.
    pub fn retain_keys(&mut self, keep: impl Fn(&Key) -> bool) {
        if let Some(keys) = &mut self.keys {
            keys.retain(|key| keep(key));
            let left = Tri::any(keys.iter().map(|key| key.usable));
            let fido2 = self.has("fido2").and(left);
            self.modes.insert("fido2".into(), fido2);
        }
    }

    /// Whether there is some method with which a sign-in can begin: a password, or one that needs none.
    #[must_use]
    pub fn first_factor(&self) -> Tri {
        let first = [
            "password",
            "fido2",
            "windowsHelloForBusiness",
            "deviceBasedPush",
            "temporaryAccessPassOneTime",
            "temporaryAccessPassMultiUse",
            "x509CertificateSingleFactor",
            "x509CertificateMultiFactor",
            "federatedSingleFactor",
            "federatedMultiFactor",
        ];
        Tri::any(first.iter().map(|mode| self.has(mode)))
    }
}
