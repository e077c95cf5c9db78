//! `/auditLogs`: sign-ins and directory audits, newest first.

use super::answer::{Answer, Refusal};
use super::odata::filter::Operator::{self, Any, Eq, Ge, Gt, Le, Lt, StartsWith};
use super::odata::set::Filterable;
use super::odata::{Paging, Set};
use super::request::Request;
use super::schema::Version;
use crate::state::{State, text};
use axum::http::StatusCode;
use serde_json::Value;

const TIMES: &[Operator] = &[Eq, Ge, Gt, Le, Lt];
const NAMES: &[Operator] = &[Eq, StartsWith];
const SAME: &[Operator] = &[Eq];

const SIGN_IN_FILTER: &[Filterable] = &[
    ("id", SAME),
    ("createdDateTime", TIMES),
    ("userId", SAME),
    ("userPrincipalName", NAMES),
    ("userDisplayName", NAMES),
    ("appId", SAME),
    ("appDisplayName", NAMES),
    ("resourceId", SAME),
    ("resourceDisplayName", SAME),
    ("ipAddress", NAMES),
    ("clientAppUsed", SAME),
    ("correlationId", SAME),
    ("conditionalAccessStatus", SAME),
    ("status/errorCode", SAME),
    ("location/city", NAMES),
    ("location/state", NAMES),
    ("location/countryOrRegion", NAMES),
    ("deviceDetail/browser", NAMES),
    ("deviceDetail/operatingSystem", NAMES),
    ("riskDetail", SAME),
    ("riskEventTypes_v2", &[Eq, StartsWith]),
    ("riskLevelAggregated", SAME),
    ("riskLevelDuringSignIn", SAME),
    ("riskState", SAME),
    ("signInEventTypes", &[Eq, Any]),
    ("isInteractive", SAME),
    ("servicePrincipalId", SAME),
    ("sessionId", SAME),
];

const AUDIT_FILTER: &[Filterable] = &[
    ("id", SAME),
    ("activityDateTime", TIMES),
    ("activityDisplayName", NAMES),
    ("category", SAME),
    ("correlationId", SAME),
    ("loggedByService", SAME),
    ("result", SAME),
    ("initiatedBy/user/id", SAME),
    ("initiatedBy/user/displayName", SAME),
    ("initiatedBy/user/userPrincipalName", NAMES),
    ("initiatedBy/app/appId", SAME),
    ("initiatedBy/app/displayName", SAME),
    ("initiatedBy/app/servicePrincipalId", SAME),
    ("targetResources/id", SAME),
    ("targetResources/displayName", NAMES),
    ("targetResources/userPrincipalName", NAMES),
];

pub(crate) const SIGN_INS: Set = Set {
    filter: SIGN_IN_FILTER,
    order: &["createdDateTime"],
    paging: Paging::Log(1000, 1000),
    ..Set::plain("signIn")
};

pub(crate) const AUDITS: Set = Set {
    filter: AUDIT_FILTER,
    order: &["activityDateTime"],
    paging: Paging::Log(1000, 1000),
    ..Set::plain("directoryAudit")
};

/// Sign-in logs are a P1 feature.
fn licensed(state: &State) -> Result<(), Refusal> {
    let premium = state.directory.subscribed_skus.iter().any(|sku| {
        let plans = sku.get("servicePlans").and_then(Value::as_array);
        plans.is_some_and(|plans| {
            plans.iter().any(|p| text(p, "servicePlanName").is_some_and(|n| n.starts_with("AAD_PREMIUM")))
        })
    });
    if premium {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::FORBIDDEN,
        "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
        "Neither tenant is B2C or tenant doesn't have premium license",
    ))
}

fn interactive(record: &Value) -> bool {
    let kinds = record.get("signInEventTypes").and_then(Value::as_array);
    match kinds {
        Some(kinds) if !kinds.is_empty() => kinds.iter().any(|k| k == "interactiveUser"),
        _ => record.get("isInteractive") != Some(&Value::Bool(false)),
    }
}

/// Interactive sign-ins; in beta those of other kinds, when the filter names kinds.
pub(crate) fn sign_ins(request: &Request, state: &State) -> Result<Answer, Refusal> {
    licensed(state)?;
    let filter = request.options.filter.as_deref().unwrap_or_default().to_ascii_lowercase();
    let all_kinds = request.version == Version::Beta && filter.contains("signineventtypes");
    let shown = state.logs.sign_ins.visible(state.now()).rev().filter(|r| all_kinds || interactive(r));
    let newest_first = sorted(shown, "createdDateTime");
    SIGN_INS.list(request, state, "auditLogs/signIns", newest_first.into_iter())
}

pub(crate) fn audits(request: &Request, state: &State) -> Result<Answer, Refusal> {
    let newest_first = sorted(state.logs.audits.visible(state.now()).rev(), "activityDateTime");
    AUDITS.list(request, state, "auditLogs/directoryAudits", newest_first.into_iter())
}

/// Newest first, also when records were written out of order; those of one second as they came.
fn sorted<'a>(records: impl Iterator<Item = &'a Value>, time: &str) -> Vec<&'a Value> {
    let mut records: Vec<&Value> = records.collect();
    records.sort_by(|a, b| text(b, time).cmp(&text(a, time)));
    records
}

pub(crate) fn one(request: &Request, state: &State) -> Result<Answer, Refusal> {
    let is_sign_in = request.segment(1).eq_ignore_ascii_case("signIns");
    let (set, context, log) = if is_sign_in {
        licensed(state)?;
        (&SIGN_INS, "auditLogs/signIns", &state.logs.sign_ins)
    } else {
        (&AUDITS, "auditLogs/directoryAudits", &state.logs.audits)
    };
    let id = request.segment(2);
    let found = log.visible(state.now()).find(|r| text(r, "id") == Some(id));
    let found = found.ok_or_else(|| Refusal::not_found(format!("The record '{id}' was not found.")))?;
    set.one(request, state, context, found)
}
