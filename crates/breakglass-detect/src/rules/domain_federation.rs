//! The authentication of a domain changed: a rogue federated domain signs in as anybody (Storm-0501), and an account on a
//! domain that became federated needs a foreign identity provider to get in (F37, F46).

use super::{AUDITS, Rule, by, has_any, operation, target_name};
use crate::detection::{Hit, Nature};
use crate::event::Event;
use crate::watched::Watched;
use breakglass_model::Severity;

pub(super) const RULE: Rule = Rule {
    id: "domain-federation",
    about: "domain added, verified, or its authentication or federation settings changed",
    next_step: "read the domain's `authenticationType` and federation configuration; unless it was planned, set it back to \
                `Managed` (`Update-MgDomain`), revoke sessions of administrators, and look for sign-ins with its tokens",
    source: "REQUIREMENTS 6 (domain authentication), I7, F37, F46",
    logs: AUDITS,
    nature: Nature::Change,
    find,
};

fn find<'a>(event: &Event, watched: &'a Watched) -> Vec<Hit<'a>> {
    let operation = operation(event);
    let federation = has_any(
        &operation,
        &[
            "domain authentication",
            "federation settings",
            "federation configuration",
            "internaldomainfederation",
            "desktop sso",
            "passthrough authentication",
        ],
    );
    let domain =
        has_any(&operation, &["verified domain", "verify domain", "update domain", "promote sub domain"]);
    if event.succeeded.is_no() || !(federation || domain) || operation.contains("unverified domain") {
        return Vec::new();
    }
    let name =
        target_name(event, "Domain").or_else(|| event.audit_targets().into_iter().find_map(|t| t.name));
    let ours = name.as_ref().is_some_and(|d| watched.accounts.values().any(|a| is_on(&a.upn, d)));
    let on = name.as_ref().map(|n| format!(" `{n}`")).unwrap_or_default();
    let title = format!("domain{on}: `{}`{}", event.operation, by(event));
    let severity = if federation || ours { Severity::Critical } else { Severity::Medium };
    let mut hit = Hit::new(severity, title);
    if let Some(name) = name {
        hit = hit.fact("domain", name);
    }
    for (id, account) in &watched.accounts {
        if hit.facts.get("domain").and_then(|d| d.as_str()).is_some_and(|d| is_on(&account.upn, d)) {
            hit = hit.about(id, &account.name);
        }
    }
    vec![hit]
}

fn is_on(upn: &str, domain: &str) -> bool {
    upn.rsplit_once('@').is_some_and(|(_, d)| d.eq_ignore_ascii_case(domain))
}
