//! One function for each condition of a policy: does it hold? Each takes only the facts of its own dimension, so that the
//! prover can ask for one dimension at a time (CONDITIONAL_ACCESS 1.3 to 1.6). A condition that is not configured holds.

mod apps;
mod location;
mod target;
mod users;

pub use location::{in_location, is_trusted, location};
pub use target::target;
pub use users::users;

use crate::device_filter::Rule;
use breakglass_model::Tri;
use breakglass_model::sign_in::{
    ClientApp, Flow, Identity, InsiderRisk, Machine, Platform, RiskLevel, Transfer,
};
use breakglass_model::view::{FilterMode, Member, Policy, Sides};

/// Some include matches, and no exclude does: exclude wins.
fn sides<T>(sides: &Sides<T>, matches: impl Fn(&T) -> Tri) -> Tri {
    any(&sides.include, &matches).and(!any(&sides.exclude, &matches))
}

fn any<T>(members: &[Member<T>], matches: impl Fn(&T) -> Tri) -> Tri {
    Tri::any(members.iter().map(|member| match member {
        Member::All => Tri::Yes,
        Member::Is(member) => matches(member),
        Member::Unread(_) => Tri::Unknown,
    }))
}

/// The answer for a fact that is known, or for one that is not: settled only when every value gives the same.
fn over<T: Copy>(fact: Option<T>, values: &[T], answer: impl Fn(T) -> Tri) -> Tri {
    match fact {
        Some(fact) => answer(fact),
        None => {
            let mut all = values.iter().map(|value| answer(*value));
            let first = all.next().unwrap_or(Tri::Unknown);
            if all.all(|other| other == first) { first } else { Tri::Unknown }
        }
    }
}

/// `clientAppTypes` (C-1). An empty list is all.
#[must_use]
pub fn client_app(policy: &Policy, client: Option<ClientApp>) -> Tri {
    let types = &policy.conditions.client_apps;
    if types.is_empty() {
        return Tri::Yes;
    }
    over(client, ClientApp::ALL, |client| {
        any(types, |wanted| match (wanted, client) {
            (wanted, client) if *wanted == client => Tri::Yes,
            // Supported platforms are a part of all of Exchange ActiveSync.
            (ClientApp::ExchangeActiveSync, ClientApp::EasSupported) => Tri::Yes,
            (ClientApp::EasSupported, ClientApp::ExchangeActiveSync) => Tri::Unknown,
            _ => Tri::No,
        })
    })
}

/// `platforms` (C-3). A platform that Entra does not recognise is matched by `all` and by no named one.
#[must_use]
pub fn platform(policy: &Policy, platform: Option<Platform>) -> Tri {
    let Some(platforms) = &policy.conditions.platforms else { return Tri::Yes };
    over(platform, Platform::ALL, |platform| sides(platforms, |wanted| Tri::from(*wanted == platform)))
}

/// `signInRiskLevels` (C-10): exact membership, not a threshold.
#[must_use]
pub fn sign_in_risk(policy: &Policy, level: Option<RiskLevel>) -> Tri {
    risk(&policy.conditions.sign_in_risk, level, RiskLevel::ALL)
}

/// `userRiskLevels` (C-10).
#[must_use]
pub fn user_risk(policy: &Policy, level: Option<RiskLevel>) -> Tri {
    risk(&policy.conditions.user_risk, level, RiskLevel::ALL)
}

/// `insiderRiskLevels` (C-11).
#[must_use]
pub fn insider_risk(policy: &Policy, level: Option<InsiderRisk>) -> Tri {
    risk(&policy.conditions.insider_risk, level, InsiderRisk::ALL)
}

/// `servicePrincipalRiskLevels` (C-11): for workload identities; on a person's policy nobody knows what it means.
#[must_use]
pub fn service_principal_risk(policy: &Policy, identity: &Identity, level: Option<RiskLevel>) -> Tri {
    let levels = &policy.conditions.service_principal_risk;
    match identity {
        Identity::ServicePrincipal(_) => risk(levels, level, RiskLevel::ALL),
        Identity::User(_) if levels.is_empty() => Tri::Yes,
        Identity::User(_) => Tri::Unknown,
    }
}

fn risk<T: Copy + PartialEq>(levels: &[Member<T>], level: Option<T>, all: &[T]) -> Tri {
    if levels.is_empty() {
        return Tri::Yes;
    }
    over(level, all, |level| any(levels, |wanted| Tri::from(*wanted == level)))
}

/// `authenticationFlows` (C-12): the flow of the request, or the one that the session began with.
#[must_use]
pub fn flow(policy: &Policy, flow: Flow) -> Tri {
    let methods = &policy.conditions.flows;
    if methods.is_empty() {
        return Tri::Yes;
    }
    let by = |transfer: Option<Transfer>| {
        over(transfer, Transfer::ALL, |transfer| match transfer {
            // What is not carried at all is no transfer method, not even one that this program does not know.
            Transfer::None => Tri::No,
            transfer => any(methods, |wanted| Tri::from(*wanted == transfer)),
        })
    };
    by(flow.transfer).or(by(flow.tracking))
}

/// `devices.deviceFilter` (1.6). A rule that cannot be parsed is unknown, and so is any filter under device code flow,
/// where the state of the device is not supported (F-9).
#[must_use]
pub fn device(policy: &Policy, machine: &Machine, flow: Flow) -> Tri {
    let Some(filter) = &policy.conditions.device_filter else { return Tri::Yes };
    if flow.transfer != Some(Transfer::None) && flow.transfer != Some(Transfer::AuthenticationTransfer) {
        return Tri::Unknown;
    }
    let Ok(rule) = Rule::for_devices(&filter.rule) else { return Tri::Unknown };
    filtered(&filter.mode, rule.matches_device(machine))
}

/// Mode include: the rule is true. Mode exclude: it is false (F-5).
fn filtered(mode: &FilterMode, rule: Tri) -> Tri {
    match mode {
        FilterMode::Include => rule,
        FilterMode::Exclude => !rule,
        FilterMode::Unread(_) => Tri::Unknown,
    }
}

/// Conditions that are set and that this program does not know (ST-6): never ignored.
#[must_use]
pub fn unread(policy: &Policy) -> Tri {
    if policy.conditions.unread.is_empty() { Tri::Yes } else { Tri::Unknown }
}
