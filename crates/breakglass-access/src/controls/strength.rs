//! MFA and authentication strengths (CONDITIONAL_ACCESS G-2 to G-7).

use super::Means;
use breakglass_model::view::{
    Capabilities, Certificate, Combination, Control, Federation, Key, Lookup, MFA, Policy, RestrictedTo,
    Restriction, Strength, TenantView,
};
use breakglass_model::{ObjectId, Tri};
use std::collections::BTreeSet;

/// Only the first five policy OIDs of a certificate count (G-5).
const COUNTED_OIDS: usize = 5;

/// Whether `mfa` can be met: a combination of the built-in list, or external MFA (G-2). Custom controls never count.
#[must_use]
pub fn mfa(view: &TenantView, capabilities: &Capabilities) -> Tri {
    let built_in = strength(view, &ObjectId::new(MFA), capabilities);
    let external = match capabilities.federation {
        Federation::Enforce => capabilities.external_mfa.and(Tri::Unknown),
        _ => capabilities.external_mfa,
    };
    built_in.or(external)
}

/// Whether a strength can be met (G-3).
#[must_use]
pub fn strength(view: &TenantView, id: &ObjectId, capabilities: &Capabilities) -> Tri {
    match view.strengths.get(id) {
        Lookup::Found(strength) => any_combination(strength, capabilities),
        Lookup::Gone | Lookup::Unread(_) => Tri::Unknown,
    }
}

fn any_combination(strength: &Strength, capabilities: &Capabilities) -> Tri {
    let met = Tri::any(strength.combinations.iter().map(|c| combination(strength, c, capabilities)));
    if strength.unread.is_empty() { met } else { Tri::Unknown }
}

fn combination(strength: &Strength, combination: &Combination, capabilities: &Capabilities) -> Tri {
    let has = Tri::all(combination.iter().map(|mode| capabilities.has(mode)));
    let restrictions = on(strength, combination);
    let restricted = Tri::all(restrictions.map(|r| allows(r, combination, capabilities)));
    has.and(restricted).and(federation(combination, capabilities))
}

fn on<'a>(strength: &'a Strength, combination: &'a Combination) -> impl Iterator<Item = &'a Restriction> {
    strength.restrictions.iter().filter(move |r| r.on.is_empty() || r.on.contains(combination))
}

fn allows(restriction: &Restriction, combination: &Combination, capabilities: &Capabilities) -> Tri {
    match &restriction.to {
        RestrictedTo::Aaguids(models) => match &capabilities.keys {
            Some(keys) => Tri::any(keys.iter().map(|key| allowed_key(models, key))),
            None => Tri::Unknown,
        },
        RestrictedTo::Certificates { issuers, policies } => match &capabilities.certificates {
            Some(certificates) => {
                Tri::any(certificates.iter().map(|c| allowed_certificate(issuers, policies, c)))
            }
            None => Tri::Unknown,
        },
        // Whatever it says, it is about keys or certificates.
        RestrictedTo::Unread if restriction.on.is_empty() && !restrictable(combination) => Tri::Yes,
        RestrictedTo::Unread => Tri::Unknown,
    }
}

fn restrictable(combination: &Combination) -> bool {
    combination.iter().any(|mode| mode == "fido2" || mode.starts_with("x509"))
}

fn allowed_key(models: &BTreeSet<ObjectId>, key: &Key) -> Tri {
    let listed = match &key.aaguid {
        Some(aaguid) => Tri::from(models.contains(aaguid)),
        None => Tri::Unknown,
    };
    key.usable.and(listed)
}

/// Issuer in the list and a policy in the list, each when configured (G-5).
fn allowed_certificate(
    issuers: &BTreeSet<String>,
    policies: &BTreeSet<String>,
    certificate: &Certificate,
) -> Tri {
    let issuer = match &certificate.issuer_ski {
        _ if issuers.is_empty() => Tri::Yes,
        Some(ski) => Tri::from(issuers.contains(ski)),
        None => Tri::Unknown,
    };
    let policy = match &certificate.policy_oids {
        _ if policies.is_empty() => Tri::Yes,
        Some(oids) => Tri::from(oids.iter().take(COUNTED_OIDS).any(|oid| policies.contains(oid))),
        None => Tri::Unknown,
    };
    issuer.and(policy)
}

/// What the domain does about MFA elsewhere (G-6).
fn federation(combination: &Combination, capabilities: &Capabilities) -> Tri {
    let elsewhere = combination.contains("federatedMultiFactor");
    match capabilities.federation {
        Federation::NotFederated | Federation::Accept => Tri::Yes,
        Federation::Enforce if elsewhere => Tri::Yes,
        // A passkey needs no provider; whether the demand reaches it, nobody says.
        Federation::Enforce if combination.len() == 1 => Tri::Unknown,
        Federation::Enforce => Tri::No,
        Federation::Reject => Tri::from(!elsewhere),
        Federation::NotTold if elsewhere => Tri::Unknown,
        Federation::NotTold => Tri::Yes,
    }
}

/// Whether one certificate is enough for all policies that can only be met with certificates: a browser session takes
/// one (G-7). Unknown when two would be needed.
#[must_use]
pub fn one_certificate<'a>(
    view: &TenantView,
    policies: impl IntoIterator<Item = &'a Policy>,
    means: &Means,
) -> Tri {
    let Some(certificates) = &means.capabilities.certificates else { return Tri::Yes };
    let mut good: BTreeSet<usize> = (0..certificates.len()).collect();
    for id in policies.into_iter().flat_map(|p| &p.grant.controls).filter_map(|c| match c {
        Control::Strength(id) => Some(id),
        _ => None,
    }) {
        let Lookup::Found(strength) = view.strengths.get(id) else { continue };
        let with = |certificate: Option<&Certificate>| {
            let mut one = means.capabilities.clone();
            one.certificates = Some(certificate.into_iter().cloned().collect());
            if certificate.is_none() {
                one.lose("x509CertificateSingleFactor");
                one.lose("x509CertificateMultiFactor");
            }
            any_combination(strength, &one)
        };
        if !with(None).is_yes() && any_combination(strength, &means.capabilities).is_yes() {
            good.retain(|n| with(certificates.get(*n)).is_yes());
        }
    }
    if good.is_empty() && !certificates.is_empty() { Tri::Unknown } else { Tri::Yes }
}
