//! Authentication strengths (CONDITIONAL_ACCESS G-3 to G-5).

use super::Lookup;
use super::look::{Look, Problem, text};
use super::modes::canonical;
use crate::ids::ObjectId;
use crate::snapshot::{Snapshot, collections as c};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Multifactor authentication.
pub const MFA: &str = "00000000-0000-0000-0000-000000000002";
/// Passwordless multifactor authentication.
pub const PASSWORDLESS: &str = "00000000-0000-0000-0000-000000000003";
/// Phishing-resistant multifactor authentication.
pub const PHISHING_RESISTANT: &str = "00000000-0000-0000-0000-000000000004";

/// What Microsoft's own strengths meant in 2025 (G-4); the tenant's reading goes before it.
const PHISHING_RESISTANT_MODES: &[&str] = &["windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor"];
const MFA_MODES: &[&str] = &[
    "windowsHelloForBusiness",
    "fido2",
    "x509CertificateMultiFactor",
    "deviceBasedPush",
    "temporaryAccessPassOneTime",
    "temporaryAccessPassMultiUse",
    "password,microsoftAuthenticatorPush",
    "password,softwareOath",
    "password,hardwareOath",
    "password,sms",
    "password,voice",
    "password,x509CertificateSingleFactor",
    "password,x509CertificateMultiFactor",
    "federatedMultiFactor",
    "federatedSingleFactor,microsoftAuthenticatorPush",
    "federatedSingleFactor,softwareOath",
    "federatedSingleFactor,hardwareOath",
    "federatedSingleFactor,sms",
    "federatedSingleFactor,voice",
];

/// A combination of methods that are used together, by their names in Graph.
pub type Combination = BTreeSet<String>;

/// One strength.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strength {
    /// Its display name.
    pub name: String,
    /// Combinations of which one is enough.
    pub combinations: Vec<Combination>,
    /// Restrictions on some of them.
    pub restrictions: Vec<Restriction>,
    /// Something in it was not understood: it may allow more, or less.
    pub unread: Vec<String>,
}

/// A restriction on combinations (G-5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restriction {
    /// On which combinations; empty when that was not understood (then: on any).
    pub on: Vec<Combination>,
    /// What is restricted.
    pub to: RestrictedTo,
}

/// What a restriction allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RestrictedTo {
    /// Passkeys of these models.
    Aaguids(BTreeSet<ObjectId>),
    /// Certificates of these issuers (subject key identifiers, lower case hexadecimal) and these policies. An empty
    /// list restricts nothing.
    Certificates {
        /// Issuers.
        issuers: BTreeSet<String>,
        /// Policy OIDs.
        policies: BTreeSet<String>,
    },
    /// Not understood.
    Unread,
}

/// All strengths: Microsoft's and the tenant's own.
#[derive(Clone, Debug, Default)]
pub struct Strengths {
    by_id: BTreeMap<ObjectId, Strength>,
    missing: Option<String>,
}

impl Strengths {
    pub(super) fn read(snapshot: &Snapshot, problems: &mut Vec<Problem>) -> Self {
        let mut strengths = Self::default();
        for (id, name, modes) in [
            (MFA, "Multifactor authentication", MFA_MODES),
            (PASSWORDLESS, "Passwordless MFA", &[PHISHING_RESISTANT_MODES, &["deviceBasedPush"]].concat()),
            (PHISHING_RESISTANT, "Phishing-resistant MFA", PHISHING_RESISTANT_MODES),
        ] {
            let combinations = modes.iter().map(|m| combination(m)).collect();
            let strength = Strength { name: name.into(), combinations, ..Strength::default() };
            strengths.by_id.insert(ObjectId::new(id), strength);
        }
        let raw = snapshot.get(c::STRENGTHS);
        let noted = snapshot.why_unread(c::STRENGTHS).map(str::to_owned);
        strengths.missing =
            noted.or_else(|| raw.is_none().then(|| format!("`{}` was not read", c::STRENGTHS)));
        // Some exports carry strengths inside the policies; the collection goes before them.
        let inside = snapshot.get(c::POLICIES).unwrap_or_default().iter();
        let inside = inside.filter_map(|p| p.pointer("/grantControls/authenticationStrength"));
        for raw in inside.chain(raw.unwrap_or_default()) {
            let Some(id) = text(raw, "id").map(ObjectId::new) else { continue };
            if raw.get("allowedCombinations").is_some_and(|a| a.as_array().is_some_and(|a| !a.is_empty())) {
                let strength = strength(&id, raw, snapshot, problems);
                strengths.by_id.insert(id, strength);
            }
        }
        strengths
    }

    /// A strength by id.
    #[must_use]
    pub fn get(&self, id: &ObjectId) -> Lookup<&Strength> {
        match (self.by_id.get(id), &self.missing) {
            (Some(strength), _) => Lookup::Found(strength),
            (None, Some(why)) => Lookup::Unread(why.clone()),
            (None, None) => Lookup::Unread(format!("the tenant has no authentication strength `{id}`")),
        }
    }

    /// Every strength.
    pub fn iter(&self) -> impl Iterator<Item = (&ObjectId, &Strength)> {
        self.by_id.iter()
    }
}

fn combination(text: &str) -> Combination {
    text.split(',').map(canonical).collect()
}

fn strength(id: &ObjectId, raw: &Value, snapshot: &Snapshot, problems: &mut Vec<Problem>) -> Strength {
    let name = text(raw, "displayName").unwrap_or_default().to_owned();
    let mut look = Look::new(format!("authentication strength `{name}` ({id})"), problems);
    let mut strength = Strength { name, ..Strength::default() };
    for allowed in look.texts(raw, "", "allowedCombinations") {
        match allowed {
            super::Member::Is(text) => strength.combinations.push(combination(&text)),
            super::Member::All | super::Member::Unread(_) => {
                strength.unread.push("allowedCombinations".into())
            }
        }
    }
    let built_in = [MFA, PASSWORDLESS, PHISHING_RESISTANT].contains(&id.as_str());
    match raw.get("combinationConfigurations") {
        Some(Value::Array(list)) => {
            strength.restrictions = list.iter().map(|one| restriction(&mut look, one)).collect();
        }
        // Microsoft's own strengths have none; of the tenant's own nobody knows.
        None | Some(Value::Null) if built_in => {}
        other => {
            look.note("combinationConfigurations", other.unwrap_or(&Value::Null));
            strength.restrictions.push(Restriction { on: Vec::new(), to: RestrictedTo::Unread });
        }
    }
    if let Some(why) = snapshot.why_unread(&format!("{}/{id}", c::STRENGTHS)) {
        strength.unread.push(why.to_owned());
    }
    strength
}

fn restriction(look: &mut Look<'_>, raw: &Value) -> Restriction {
    const AT: &str = "combinationConfigurations";
    let mut on = Vec::new();
    let mut whole = true;
    for applies in look.texts(raw, AT, "appliesToCombinations") {
        match applies {
            super::Member::Is(text) => on.push(combination(&text)),
            super::Member::All | super::Member::Unread(_) => whole = false,
        }
    }
    let mut list = |key: &str| -> BTreeSet<String> {
        let texts = look.texts(raw, AT, key);
        let clean = |t: String| t.rsplit(':').next().unwrap_or_default().trim().to_ascii_lowercase();
        texts
            .into_iter()
            .filter_map(|t| match t {
                super::Member::Is(text) => Some(clean(text)),
                super::Member::All | super::Member::Unread(_) => {
                    whole = false;
                    None
                }
            })
            .collect()
    };
    let kind = text(raw, "@odata.type").unwrap_or_default().to_ascii_lowercase();
    let to = if kind.ends_with("fido2combinationconfiguration") || raw.get("allowedAAGUIDs").is_some() {
        RestrictedTo::Aaguids(list("allowedAAGUIDs").iter().map(ObjectId::new).collect())
    } else if kind.ends_with("x509certificatecombinationconfiguration")
        || raw.get("allowedIssuerSkis").is_some()
    {
        let mut issuers = list("allowedIssuerSkis");
        issuers.extend(list("allowedIssuers"));
        RestrictedTo::Certificates { issuers, policies: list("allowedPolicyOIDs") }
    } else {
        whole = false;
        RestrictedTo::Unread
    };
    if whole && !on.is_empty() {
        return Restriction { on, to };
    }
    look.note(AT, raw);
    Restriction { on, to: RestrictedTo::Unread }
}
