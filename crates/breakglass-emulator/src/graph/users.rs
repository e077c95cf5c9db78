//! `/users`: reading.

use super::answer::{Answer, Refusal};
use super::odata::filter::Operator::{self, EndsWith, Eq, Ge, In, Le, Ne, StartsWith};
use super::odata::set::Filterable;
use super::odata::{Paging, Set};
use super::request::Request;
use crate::state::{State, text};
use serde_json::{Map, Value, json};

/// What Graph shows of a user when nothing is selected: no `accountEnabled`, no `passwordPolicies`.
pub(crate) const DEFAULT: &[&str] = &[
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
];

const WORDS: &[Operator] = &[Eq, Ne, Ge, Le, In, StartsWith];
const NAMES: &[Operator] = &[Eq, Ne, Ge, Le, In, StartsWith, EndsWith];
const FLAGS: &[Operator] = &[Eq, Ne, In];
const TIMES: &[Operator] = &[Eq, Ne, Ge, Le, In];

const FILTER: &[Filterable] = &[
    ("id", &[Eq, Ne, In]),
    ("displayName", WORDS),
    ("userPrincipalName", NAMES),
    ("mail", NAMES),
    ("mailNickname", WORDS),
    ("givenName", WORDS),
    ("surname", WORDS),
    ("jobTitle", WORDS),
    ("department", WORDS),
    ("city", WORDS),
    ("country", WORDS),
    ("usageLocation", WORDS),
    ("employeeId", WORDS),
    ("accountEnabled", FLAGS),
    ("userType", FLAGS),
    ("onPremisesSyncEnabled", FLAGS),
    ("onPremisesImmutableId", TIMES),
    ("createdDateTime", TIMES),
    ("creationType", FLAGS),
    ("assignedLicenses/skuId", &[Eq]),
    ("assignedPlans/servicePlanId", &[Eq]),
];

pub(crate) const SET: Set = Set {
    default: DEFAULT,
    filter: FILTER,
    order: &["displayName", "userPrincipalName", "createdDateTime"],
    paging: Paging::Pages(100, 999),
    directory: true,
    ..Set::plain("user")
};

/// The user that a path names, by object id or user principal name. One that was made just now is not there yet.
///
/// # Errors
/// 404.
pub(crate) fn find<'a>(state: &'a State, key: &str) -> Result<&'a Value, Refusal> {
    let user = state.directory.user(key);
    user.filter(|u| state.replicated(text(u, "id").unwrap_or_default())).ok_or_else(|| Refusal::missing(key))
}

/// The id of the user that a path names.
///
/// # Errors
/// 404.
pub(crate) fn id(state: &State, key: &str) -> Result<String, Refusal> {
    find(state, key).map(|u| text(u, "id").unwrap_or_default().to_owned())
}

pub(crate) fn list(request: &Request, state: &State) -> Result<Answer, Refusal> {
    let shown = state.directory.users.iter().filter(|u| state.replicated(text(u, "id").unwrap_or_default()));
    if wants_activity(request) {
        let users: Vec<Value> = shown.map(|u| with_activity(state, u)).collect();
        return SET.list(request, state, "users", users.iter());
    }
    SET.list(request, state, "users", shown)
}

pub(crate) fn get(request: &Request, state: &State) -> Result<Answer, Refusal> {
    let user = find(state, request.segment(1))?;
    if wants_activity(request) {
        if !super::schema::is_guid(request.segment(1)) {
            return Err(Refusal::bad("Get By Key only supports UserId and the key has to be a valid Guid"));
        }
        return SET.one(request, state, "users", &with_activity(state, user));
    }
    SET.one(request, state, "users", user)
}

pub(crate) fn license_details(request: &Request, state: &State) -> Result<Answer, Refusal> {
    let user = find(state, request.segment(1))?;
    let licences = user.get("assignedLicenses").and_then(Value::as_array);
    let details: Vec<Value> = licences
        .into_iter()
        .flatten()
        .filter_map(|l| state.directory.subscribed_skus.find("skuId", text(l, "skuId")?))
        .map(|sku| {
            json!({ "id": sku.get("id"), "skuId": sku.get("skuId"), "skuPartNumber": sku.get("skuPartNumber"),
                "servicePlans": sku.get("servicePlans") })
        })
        .collect();
    let context = format!("users('{}')/licenseDetails", text(user, "id").unwrap_or_default());
    Set::plain("licenseDetails").list(request, state, &context, details.iter())
}

fn wants_activity(request: &Request) -> bool {
    let select = request.options.select.as_deref().unwrap_or_default();
    select.split(',').any(|name| name.trim().eq_ignore_ascii_case("signInActivity"))
}

/// The user with `signInActivity`, from the log. (There it lags by up to a day; here it does not.)
fn with_activity(state: &State, user: &Value) -> Value {
    let id = text(user, "id").unwrap_or_default();
    let mut activity = Map::new();
    for record in state.logs.sign_ins.visible(state.now()).filter(|r| text(r, "userId") == Some(id)) {
        let interactive = record.get("isInteractive").and_then(Value::as_bool).unwrap_or(true);
        let succeeded = record.pointer("/status/errorCode").and_then(Value::as_i64) == Some(0);
        let mut note = |kind: &str| {
            for (end, from) in [("DateTime", "createdDateTime"), ("RequestId", "id")] {
                activity.insert(format!("last{kind}{end}"), text(record, from).into());
            }
        };
        note(if interactive { "SignIn" } else { "NonInteractiveSignIn" });
        if succeeded {
            note("SuccessfulSignIn");
        }
    }
    let mut user = user.clone();
    if let Some(map) = user.as_object_mut() {
        let value = if activity.is_empty() { Value::Null } else { Value::Object(activity) };
        map.insert("signInActivity".into(), value);
    }
    user
}
