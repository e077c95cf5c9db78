//! A Conditional Access policy changed in a way that touches an emergency account: the old and the new policy in the
//! audit record are compared (F01, F03, F26).

use super::{AUDITS, Rule, by, operation, severity_of};
use crate::detection::{Hit, Nature};
use crate::event::{AuditTarget, Event, PropertyChange};
use crate::policy::Policy;
use crate::watched::Watched;
use breakglass_model::{ObjectId, Severity, Tri};
use serde_json::Value;

pub(super) const RULE: Rule = Rule {
    id: "conditional-access",
    about: "Conditional Access policy added, changed or deleted so that it touches an emergency account",
    next_step: "run `breakglass collect` and `breakglass prove` now: they say whether the accounts still get in and which \
                exclusion to put back; a deleted policy can be restored for 30 days",
    source: "REQUIREMENTS 6 (CA change touching EA), D2, D5, F01, F03",
    logs: AUDITS,
    nature: Nature::Change,
    find,
};

/// What a change does to one account, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Effect {
    Unreadable,
    Lost,
    Reaches,
    MayReach,
    Changed,
    Deleted,
    Gained,
}

impl Effect {
    fn severity(self) -> Severity {
        match self {
            Self::Lost | Self::Reaches => Severity::Critical,
            Self::Unreadable | Self::MayReach | Self::Changed => Severity::High,
            Self::Deleted | Self::Gained => Severity::Medium,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Unreadable => {
                "was changed, and its old and new form cannot be read: whether it excludes them is unknown"
            }
            Self::Lost => "no longer excludes",
            Self::Reaches => "now applies to",
            Self::MayReach => "may now apply to",
            Self::Changed => "applies to and was changed for",
            Self::Deleted => "was deleted; it named",
            Self::Gained => "now excludes",
        }
    }
}

fn find<'a>(event: &Event, watched: &'a Watched) -> Vec<Hit<'a>> {
    if !operation(event).contains("conditional access policy") || event.succeeded.is_no() {
        return Vec::new();
    }
    // The portal can list the policy more than once in one record; each is judged.
    let targets: Vec<AuditTarget> = event
        .audit_targets()
        .into_iter()
        .filter(|t| t.kind.as_deref().is_none_or(|k| k.eq_ignore_ascii_case("Policy")))
        .collect();
    if targets.is_empty() {
        return hits(event, watched, &AuditTarget::default());
    }
    targets.iter().flat_map(|target| hits(event, watched, target)).collect()
}

fn hits<'a>(event: &Event, watched: &'a Watched, target: &AuditTarget) -> Vec<Hit<'a>> {
    let change = target.changes.iter().find(|c| c.property.eq_ignore_ascii_case("ConditionalAccessPolicy"));
    let group = watched.exclusion_group.as_ref();
    let mut effects: Vec<(Effect, Vec<(&ObjectId, &str)>)> = Vec::new();
    for (id, account) in &watched.accounts {
        let Some(effect) = effect(change, id, group) else { continue };
        match effects.iter_mut().find(|(known, _)| *known == effect) {
            Some((_, accounts)) => accounts.push((id, &account.name)),
            None => effects.push((effect, vec![(id, &account.name)])),
        }
    }
    effects.sort_by_key(|(effect, _)| *effect);
    let name = target.name.clone().or_else(|| target.id.as_ref().map(ToString::to_string));
    let name = name.unwrap_or_else(|| "(unnamed)".into());
    effects.into_iter().map(|(effect, accounts)| hit(event, change, &name, effect, accounts)).collect()
}

fn hit<'a>(
    event: &Event,
    change: Option<&PropertyChange>,
    name: &str,
    effect: Effect,
    accounts: Vec<(&'a ObjectId, &'a str)>,
) -> Hit<'a> {
    let names: Vec<String> = accounts.iter().map(|(_, name)| format!("`{name}`")).collect();
    let whom = if effect == Effect::Unreadable { String::new() } else { format!(" {}", names.join(", ")) };
    let title = format!("Conditional Access policy `{name}` {}{whom}; written{}", effect.words(), by(event));
    let mut hit = Hit::new(severity_of(event, effect.severity()), title)
        .fact("policy", name)
        .fact("effect", effect.words());
    let state = |value: &Value| field(value, "state").and_then(Value::as_str).map(str::to_owned);
    if let Some(change) = change {
        hit = hit.fact("state_before", state(&change.old)).fact("state_after", state(&change.new));
        if let Some(controls) = field(&change.new, "grantControls").and_then(|g| field(g, "builtInControls"))
        {
            hit = hit.fact("controls_after", controls.clone());
        }
    }
    for (id, name) in accounts {
        hit = hit.about(id, name);
    }
    hit
}

fn effect(change: Option<&PropertyChange>, account: &ObjectId, group: Option<&ObjectId>) -> Option<Effect> {
    let Some(change) = change else { return Some(Effect::Unreadable) };
    let (Ok(old), Ok(new)) = (Policy::read(&change.old), Policy::read(&change.new)) else {
        return Some(Effect::Unreadable);
    };
    match (old, new) {
        (None, None) => Some(Effect::Unreadable),
        (Some(old), None) => old.mentions(account, group).then_some(Effect::Deleted),
        (None, Some(new)) => reach(Tri::No, new.reaches(account, group)),
        (Some(old), Some(new)) => {
            let (before, after) = (old.reaches(account, group), new.reaches(account, group));
            let (was, is) = (old.excludes(account, group), new.excludes(account, group));
            if was.is_yes() && !is.is_yes() {
                return Some(Effect::Lost);
            }
            if is.is_yes() {
                return (!was.is_yes()).then_some(Effect::Gained);
            }
            reach(before, after)
                .or_else(|| (after.may() && old.substance() != new.substance()).then_some(Effect::Changed))
        }
    }
}

/// A policy that begins to reach an account, or may.
fn reach(before: Tri, after: Tri) -> Option<Effect> {
    match (before, after) {
        (Tri::No | Tri::Unknown, Tri::Yes) => Some(Effect::Reaches),
        (Tri::No, Tri::Unknown) => Some(Effect::MayReach),
        _ => None,
    }
}

fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.as_object()?.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| v)
}
