//! What Conditional Access policies and sign-ins lean on: named locations, authentication strengths, the authentication
//! methods policy, and the tenant's defaults. A change of one of them changes every policy that uses it, and no policy
//! shows it (F04, F07, F08, F09, F27, F45).

use super::{AUDITS, Rule, has_any, operation, said};
use crate::detection::{Hit, Nature};
use crate::event::Event;
use breakglass_model::Severity;

pub(super) const NAMED_LOCATION: Rule = Rule {
    id: "named-location",
    about: "named location added, changed or deleted",
    next_step: "run `breakglass collect` and `breakglass prove`: a policy that blocks all but trusted places may now block \
                the recovery workstation",
    source: "REQUIREMENTS 6 (named location), F27",
    logs: AUDITS,
    nature: Nature::Change,
    find: |event, _| found(event, "named location", &["named location"], &[]),
};

pub(super) const AUTHENTICATION_STRENGTH: Rule = Rule {
    id: "authentication-strength",
    about: "authentication strength added, changed or deleted",
    next_step: "run `breakglass collect` and `breakglass prove`: a policy may now ask for a method that the emergency \
                accounts do not have",
    source: "REQUIREMENTS 6 (authentication strength), F04",
    logs: AUDITS,
    nature: Nature::Change,
    find: |event, _| found(event, "authentication strength", &["authentication strength"], &[]),
};

pub(super) const METHODS_POLICY: Rule = Rule {
    id: "methods-policy",
    about: "authentication methods policy changed",
    next_step: "check that passkeys are still allowed for the emergency accounts and that their models are on no block list: \
                a key that the policy removes stops working at once (`breakglass check`)",
    source: "REQUIREMENTS 6 (AM policy), F07, F08, F09",
    logs: AUDITS,
    nature: Nature::Change,
    find: |event, _| {
        let words = [
            "authentication methods policy",
            "authentication method policy",
            "passkey profile",
            "fido2 policy",
            "certificationbasedauthconfiguration",
            "certificatebasedauthconfiguration",
        ];
        found(event, "authentication methods policy", &words, &[])
    },
};

pub(super) const TENANT_DEFAULTS: Rule = Rule {
    id: "tenant-defaults",
    about: "security defaults, authentication contexts, continuous access evaluation, self-service reset or Identity \
            Protection policy changed",
    next_step: "check what it means for the emergency accounts (`breakglass check`): security defaults cannot exclude them, \
                and a risk policy of Identity Protection is no Conditional Access policy",
    source: "REQUIREMENTS 6 (security defaults, auth context, protected actions, SSPR), F28, F32, F45",
    logs: AUDITS,
    nature: Nature::Change,
    find: |event, _| {
        let words = [
            "security defaults",
            "authenticationcontextclassreference",
            "continuous access evaluation",
            "authorization policy",
            "identityprotectionpolicy",
            "protected action",
            "resource action authentication context",
            "set password policy",
        ];
        found(event, "tenant defaults", &words, &["consent"])
    },
};

fn found<'a>(event: &Event, what: &str, words: &[&str], not: &[&str]) -> Vec<Hit<'a>> {
    let operation = operation(event);
    // What was refused changed nothing, and no emergency account is named by it.
    if event.succeeded.is_no()
        || !has_any(&operation, words)
        || has_any(&operation, not)
        || operation.starts_with("get ")
    {
        return Vec::new();
    }
    let target = event.audit_targets().into_iter().find_map(|t| t.name);
    let on = target.as_ref().map(|t| format!(" `{t}`")).unwrap_or_default();
    let title = format!("{what}{on}: {}", said(event));
    let changes: Vec<_> = event.audit_targets().into_iter().flat_map(|t| t.changes).collect();
    let mut hit = Hit::new(Severity::High, title);
    if !changes.is_empty() {
        hit = hit.fact("changes", serde_json::to_value(&changes).unwrap_or_default());
    }
    if let Some(target) = target {
        hit = hit.fact("object", target);
    }
    vec![hit]
}
