//! What carries or raises alerts was changed: diagnostic settings, alert rules, action groups, suppressions, workspaces
//! (F53, F54). An attacker silences first.

use super::{Rule, by};
use crate::detection::{Hit, Nature};
use crate::event::{Event, EventKind};
use crate::watched::Watched;
use breakglass_model::{Severity, Tri};

pub(super) const RULE: Rule = Rule {
    id: "monitoring",
    about: "diagnostic setting, alert rule, action group, suppression or workspace changed or deleted",
    next_step: "check that the logs of Entra still arrive and that the alert rules are on (`breakglass check`); put back what \
                was removed, and look at what happened while nobody was told",
    source: "REQUIREMENTS 6 (alert rule, diagnostic setting), R-36, F53, F54",
    logs: &[EventKind::Activity],
    nature: Nature::Change,
    find,
};

/// Resource types in words, and whether only their deletion counts: workspaces and event hubs are written to every day.
const TYPES: &[(&str, &str, bool)] = &[
    ("MICROSOFT.INSIGHTS/DIAGNOSTICSETTINGS", "diagnostic setting", false),
    ("MICROSOFT.AADIAM/DIAGNOSTICSETTINGS", "diagnostic setting of Entra", false),
    ("MICROSOFT.INSIGHTS/SCHEDULEDQUERYRULES", "alert rule", false),
    ("MICROSOFT.INSIGHTS/ACTIVITYLOGALERTS", "alert rule of the activity log", false),
    ("MICROSOFT.INSIGHTS/ACTIONGROUPS", "action group", false),
    ("MICROSOFT.ALERTSMANAGEMENT/ACTIONRULES", "alert processing rule", false),
    ("MICROSOFT.SECURITYINSIGHTS/ALERTRULES", "Sentinel rule", false),
    ("MICROSOFT.SECURITYINSIGHTS/AUTOMATIONRULES", "Sentinel automation rule", false),
    ("MICROSOFT.OPERATIONALINSIGHTS/WORKSPACES", "workspace", true),
    ("MICROSOFT.EVENTHUB/NAMESPACES", "Event Hubs namespace", true),
    ("MICROSOFT.EVENTHUB/NAMESPACES/EVENTHUBS", "event hub", true),
];

fn find<'a>(event: &Event, _: &'a Watched) -> Vec<Hit<'a>> {
    let Some((kind, verb)) = event.operation.rsplit_once('/') else { return Vec::new() };
    let deleted = match verb {
        "DELETE" => true,
        "WRITE" => false,
        _ => return Vec::new(),
    };
    let known = TYPES.iter().find(|(name, _, only_deletion)| *name == kind && (deleted || !only_deletion));
    let Some((_, what, _)) = known else { return Vec::new() };
    // The entry of the start says the same as the one of the end.
    if event.succeeded != Tri::Yes {
        return Vec::new();
    }
    let resource = event.detail("resource").unwrap_or_default();
    let name =
        resource.rsplit('/').next().filter(|n| !n.is_empty()).map(|n| format!(" `{n}`")).unwrap_or_default();
    let verb = if deleted { "deleted" } else { "written" };
    let severity = if deleted { Severity::High } else { Severity::Medium };
    vec![Hit::new(severity, format!("{what}{name} was {verb}{}", by(event))).fact("resource", resource)]
}
