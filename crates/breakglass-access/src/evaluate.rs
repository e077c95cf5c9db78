//! One sign-in against all policies (CONDITIONAL_ACCESS 1.0): which apply, what they demand, and whether that can be met.
//!
//! Evaluation is a plain function of a tenant and a sign-in. What was not read, not told or not understood spreads as
//! unknown; a policy that may block makes the decision unknown, never `none`.

mod answer;

pub use answer::{Condition, Decision, Evaluation, PolicyAnswer, Requirement};

use crate::conditions;
use crate::controls::{self, Means};
use breakglass_model::Tri;
use breakglass_model::sign_in::{ExternalKind, Identity, SignIn};
use breakglass_model::view::{Capabilities, Policy, PolicyState, TenantView};
use std::collections::BTreeMap;

/// Evaluates one sign-in.
#[must_use]
pub fn evaluate(view: &TenantView, sign_in: &SignIn) -> Evaluation {
    let means = capabilities(view, sign_in).map(|capabilities| means(capabilities, sign_in));
    let (mut in_force, mut requirements, mut policies) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
    for policy in &view.policies {
        let mut answer = judge(view, policy, sign_in);
        let acts = answer.applies.and(policy.enforced());
        if acts.may() {
            answer.satisfiable = means.as_ref().map(|means| controls::satisfiable(view, policy, means));
        }
        if let (Tri::Yes, Some(requirement)) = (acts, requirement(view, policy)) {
            requirements.insert(policy.id.clone(), requirement);
        }
        in_force.push((policy, acts, answer.satisfiable));
        policies.insert(policy.id.clone(), answer);
    }
    let satisfiable = means.map(|means| {
        let each = in_force.iter().map(|(_, acts, met)| (!*acts).or(met.unwrap_or(Tri::Yes)));
        let needing = in_force.iter().filter(|(_, acts, _)| acts.may()).map(|(policy, ..)| *policy);
        Tri::all(each).and(nothing_missing(view)).and(controls::one_certificate(view, needing, &means))
    });
    let decision = decide(view, &in_force);
    Evaluation {
        decision,
        satisfiable,
        policies,
        requirements,
        policies_missing: view.policies_missing.clone(),
    }
}

/// A policy that was not read may demand anything.
fn nothing_missing(view: &TenantView) -> Tri {
    if view.policies_missing.is_empty() { Tri::Yes } else { Tri::Unknown }
}

/// Every condition of a policy against a sign-in, in the order of the trace.
#[must_use]
pub fn conditions_of(view: &TenantView, policy: &Policy, sign_in: &SignIn) -> [(Condition, Tri); 12] {
    let identity = &sign_in.identity;
    let service = conditions::service_principal_risk(policy, identity, sign_in.service_principal_risk);
    [
        (Condition::Users, conditions::users(view, policy, identity)),
        (Condition::Target, conditions::target(view, policy, &sign_in.request)),
        (Condition::ClientApps, conditions::client_app(policy, sign_in.client_app)),
        (Condition::Platform, conditions::platform(policy, sign_in.platform)),
        (Condition::Location, conditions::location(view, policy, &sign_in.network)),
        (Condition::SignInRisk, conditions::sign_in_risk(policy, sign_in.sign_in_risk)),
        (Condition::UserRisk, conditions::user_risk(policy, sign_in.user_risk)),
        (Condition::InsiderRisk, conditions::insider_risk(policy, sign_in.insider_risk)),
        (Condition::ServicePrincipalRisk, service),
        (Condition::Flow, conditions::flow(policy, sign_in.flow)),
        (Condition::Device, conditions::device(policy, &sign_in.machine, sign_in.flow)),
        (Condition::Unread, conditions::unread(policy)),
    ]
}

/// Whether one policy applies, and which condition decided.
fn judge(view: &TenantView, policy: &Policy, sign_in: &SignIn) -> PolicyAnswer {
    let mut answer = PolicyAnswer { enforced: policy.enforced(), ..PolicyAnswer::default() };
    if policy.state == PolicyState::Disabled {
        answer.reason = Some("policyNotEnabled".into());
        return answer;
    }
    // With user actions in scope, a policy in report-only mode is not evaluated (ST-2).
    if policy.state == PolicyState::ReportOnly && !policy.conditions.target.user_actions.is_empty() {
        answer.reason = Some("policyNotEnabled".into());
        return answer;
    }
    let trace = conditions_of(view, policy, sign_in);
    answer.applies = Tri::all(trace.iter().map(|(_, holds)| *holds));
    let mut failed = trace.iter().filter(|(_, holds)| holds.is_no());
    // Named only when exactly one condition fails: with several, none of them decided.
    if let (Some((condition, _)), None) = (failed.next(), failed.next()) {
        answer.reason = Some(condition.reason(policy).into());
    }
    if answer.applies.is_unknown() {
        answer.undecided = trace.iter().filter(|(_, holds)| holds.is_unknown()).map(|(c, _)| *c).collect();
        answer.unread = policy.unread().to_vec();
    }
    answer.conditions = trace.into_iter().collect();
    answer
}

/// Block wins; what may block is never less than unknown.
fn decide(view: &TenantView, in_force: &[(&Policy, Tri, Option<Tri>)]) -> Decision {
    let at = view.settings.as_of;
    let blocks = in_force.iter().map(|(policy, acts, _)| acts.and(controls::blocks(policy, at)));
    let blocks = Tri::any(blocks).or(!nothing_missing(view));
    let demands = in_force
        .iter()
        .map(|(policy, acts, _)| acts.and(Tri::from(controls::controls_at(policy, at).next().is_some())));
    match (blocks, Tri::any(demands)) {
        (Tri::Yes, _) => Decision::Block,
        (Tri::Unknown, _) | (Tri::No, Tri::Unknown) => Decision::Unknown,
        (Tri::No, Tri::Yes) => Decision::Controls,
        (Tri::No, Tri::No) => Decision::None,
    }
}

/// What a policy demands beside a block; nothing when it demands nothing.
fn requirement(view: &TenantView, policy: &Policy) -> Option<Requirement> {
    let at = view.settings.as_of;
    if controls::blocks(policy, at).is_yes() {
        return None;
    }
    let controls: Vec<String> = controls::controls_at(policy, at).map(ToString::to_string).collect();
    let operator = policy.grant.operator.to_string();
    (!controls.is_empty()).then_some(Requirement { operator, controls })
}

/// What the account can do: as the sign-in claims, else as the snapshot has it.
fn capabilities(view: &TenantView, sign_in: &SignIn) -> Option<Capabilities> {
    let Identity::User(user) = &sign_in.identity else { return None };
    match &sign_in.capabilities {
        Some(told) => Some(view.told_capabilities(&user.id, told)),
        None => view.capabilities(&user.id).cloned(),
    }
}

fn means(capabilities: Capabilities, sign_in: &SignIn) -> Means {
    let guest = match &sign_in.identity {
        Identity::User(user) => Tri::from(user.external.map(|kind| kind != ExternalKind::None)),
        Identity::ServicePrincipal(_) => Tri::No,
    };
    Means {
        machine: sign_in.machine.clone(),
        platform: sign_in.platform,
        client_app: sign_in.client_app,
        flow: sign_in.flow,
        user_action: sign_in.request.user_action,
        guest,
        ..Means::new(capabilities)
    }
}
