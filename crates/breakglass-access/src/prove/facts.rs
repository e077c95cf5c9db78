//! What to ask next: the unknowns on which an unknown answer rests (CONDITIONAL_ACCESS 3.7).

use super::choices::{Candidate, Choice};
use super::judge::Trial;
use super::roads::Road;
use super::search::Search;
use crate::conditions;
use breakglass_model::Tri;
use breakglass_model::sign_in::Flow;
use breakglass_model::view::{LocationMember, Member, Policy, UserMember};
use std::collections::BTreeSet;

/// The facts that an unknown trial needs, each as it would follow "it is not known".
#[must_use]
pub(super) fn needed(name: &str, candidate: &Candidate<'_>, trial: &Trial) -> BTreeSet<String> {
    let mut facts = BTreeSet::new();
    if !trial.answer.is_unknown() {
        return facts;
    }
    if trial.gave_up {
        facts.insert("whether there is a way in: the search was given up as too large".into());
    }
    for choice in trial.choices.iter().filter(|c| c.open().is_unknown()) {
        let doubts = choice.passages.iter().filter_map(|p| p.doubt.as_ref());
        facts.extend(doubts.filter(|d| !d.is_empty()).map(|doubt| format!("for `{name}`: {doubt}")));
    }
    let Search::Locked(lock) = trial.pessimistic(candidate.ground).smallest_lock() else { return facts };
    for n in lock.killers.iter() {
        let Some(Some(policy)) = candidate.ground.policies.get(n) else {
            let why = candidate.ground.view.policies_missing.join("; ");
            facts.insert(format!("what the policies say that could not be read ({why})"));
            continue;
        };
        for choice in trial.choices.iter().filter(|c| c.kills.get(n) == Some(&Tri::Unknown)) {
            if let Some(road) = trial.roads.get(choice.road) {
                facts.extend(about(name, candidate, n, policy, choice, road));
            }
        }
        if candidate.ground.sure.get(n) != candidate.ground.may.get(n) {
            facts.extend(where_it_matches(candidate, policy));
        }
    }
    facts
}

/// Why it is not known whether a policy closes a way.
fn about(
    name: &str,
    candidate: &Candidate<'_>,
    n: usize,
    policy: &Policy,
    choice: &Choice,
    road: &Road,
) -> Vec<String> {
    let ground = candidate.ground;
    let title = ground.policy_name(n);
    let mut facts = Vec::new();
    if policy.enforced().is_unknown() {
        facts.push(format!("whether policy `{title}` is enforced (its state is not understood)"));
    }
    if conditions::unread(policy).is_unknown() {
        facts.push(format!(
            "what the conditions {} of policy `{title}` mean",
            list(&policy.conditions.unread)
        ));
    }
    let station = ground.workstations.get(choice.workstation);
    for token in &choice.tokens {
        if token.needed.is_unknown() {
            let context = token.for_what.context.as_deref().unwrap_or_default();
            facts.push(format!(
                "whether the action is protected with authentication context `{context}` (`protectedActions`)"
            ));
        }
        if ground.users(n, &candidate.identity(token)).0.is_unknown() {
            facts.push(format!("whether policy `{title}` is for `{name}`{}", members(candidate, policy)));
        }
        if conditions::target(&ground.view, policy, &token.for_what.request(road)).is_unknown() {
            facts.push(format!("whether policy `{title}` covers what `{}` asks for", road.id));
        }
    }
    if conditions::client_app(policy, road.client_app).is_unknown() {
        facts.push(format!("whether policy `{title}` is for the kind of client of `{}`", road.id));
    }
    if let Some(station) = station {
        let platform = conditions::platform(policy, station.raw.platform);
        let device = conditions::device(policy, &station.machine, Flow::PLAIN);
        if platform.and(device).is_unknown() {
            facts.push(format!("whether policy `{title}` is for {}", station.words()));
        }
    }
    if candidate.can_meet(n, road, choice.workstation).is_unknown() {
        let controls: Vec<String> = policy.grant.controls.iter().map(ToString::to_string).collect();
        let what = if controls.is_empty() { "its session controls".to_owned() } else { list(&controls) };
        facts.push(format!("whether `{name}` can meet {what}, which policy `{title}` demands"));
    }
    facts
}

/// Groups and roles of a policy of which it is not known whether the account is in them.
fn members(candidate: &Candidate<'_>, policy: &Policy) -> String {
    let view = &candidate.ground.view;
    let users = &policy.conditions.users;
    let unsure = users.include.iter().chain(&users.exclude).filter_map(|member| match member {
        Member::Is(UserMember::Group(id)) if view.member(&candidate.id, id).is_unknown() => {
            Some(format!("members of group `{id}`"))
        }
        Member::Is(UserMember::Role(id)) if view.holds_role(&candidate.id, id).is_unknown() => {
            Some(format!("holders of role `{id}`"))
        }
        Member::Unread(what) => Some(what.clone()),
        _ => None,
    });
    let unsure: BTreeSet<String> = unsure.collect();
    if unsure.is_empty() {
        String::new()
    } else {
        format!(" ({})", unsure.into_iter().collect::<Vec<_>>().join(", "))
    }
}

/// Why it is not known in which environments a policy matches.
fn where_it_matches(candidate: &Candidate<'_>, policy: &Policy) -> Vec<String> {
    let view = &candidate.ground.view;
    let title = if policy.name.is_empty() { policy.id.as_str() } else { &policy.name };
    let mut facts = Vec::new();
    for member in policy.conditions.locations.iter().flat_map(|l| l.include.iter().chain(&l.exclude)) {
        match member {
            Member::Is(LocationMember::AllTrusted) if view.settings.mfa_trusted_ips.is_none() => {
                facts.push("which addresses are MFA trusted IPs (`settings.mfaTrustedIps`)".into());
            }
            Member::Is(LocationMember::AllTrusted) if view.locations.missing().is_some() => {
                facts.push("which named locations are trusted (`namedLocations` was not read whole)".into());
            }
            Member::Is(LocationMember::Named(id)) => facts.extend(about_location(view, id)),
            Member::Unread(what) => facts.push(format!("what {what} of policy `{title}` means")),
            Member::All | Member::Is(LocationMember::AllTrusted) => {}
        }
    }
    if facts.is_empty() {
        facts.push(format!("from which networks, or at which risk levels, policy `{title}` matches"));
    }
    facts
}

fn about_location(
    view: &breakglass_model::view::TenantView,
    id: &breakglass_model::ObjectId,
) -> Option<String> {
    use breakglass_model::view::{LocationKind, Lookup};
    match view.locations.get(id) {
        Lookup::Unread(why) => Some(format!("what named location `{id}` is ({why})")),
        Lookup::Found(l) if matches!(l.kind, LocationKind::Country { gps: true, .. }) => {
            Some(format!("where the phone is that named location `{}` asks (GPS)", l.name))
        }
        Lookup::Found(l) if l.kind == LocationKind::Unread || !l.unread.is_empty() => {
            Some(format!("what named location `{}` holds", l.name))
        }
        Lookup::Found(_) | Lookup::Gone => None,
    }
}

fn list(words: &[String]) -> String {
    words.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", ")
}
