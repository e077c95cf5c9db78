//! `/identity/conditionalAccess/namedLocations`.

use super::answer::{Answer, Refusal};
use super::odata::Set;
use super::odata::filter::Operator::{Eq, Ge, Le, StartsWith};
use super::request::Request;
use super::schema::Schema;
use crate::state::{State, Target, graph_time, text};
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

const CONTEXT: &str = "identity/conditionalAccess/namedLocations";

const SET: Set = Set {
    filter: &[
        ("id", &[Eq]),
        ("displayName", &[Eq, StartsWith]),
        ("createdDateTime", &[Eq, Ge, Le]),
        ("modifiedDateTime", &[Eq, Ge, Le]),
    ],
    order: &["displayName", "createdDateTime"],
    ..Set::plain("namedLocation")
};

pub(crate) fn list(request: &Request, state: &State) -> Result<Answer, Refusal> {
    SET.list(request, state, CONTEXT, state.directory.named_locations.iter())
}

fn find(request: &Request, state: &State) -> Result<Value, Refusal> {
    let id = request.segment(3);
    state.directory.named_locations.get(id).cloned().ok_or_else(|| {
        Refusal::new(StatusCode::NOT_FOUND, "NotFound", format!("{id} does not exist in the directory."))
    })
}

pub(crate) fn get(request: &Request, state: &State) -> Result<Answer, Refusal> {
    SET.one(request, state, CONTEXT, &find(request, state)?)
}

fn checked(body: &Map<String, Value>) -> Result<(), Refusal> {
    let invalid = |what: &str| Err(Refusal::bad(format!("Named location: {what}")));
    Schema::v1().check("namedLocation", body)?;
    if body.get("displayName").and_then(Value::as_str).is_none_or(|n| n.trim().is_empty()) {
        return invalid("displayName is required.");
    }
    let list = |name: &str| body.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    match body.get("@odata.type").and_then(Value::as_str).and_then(|t| t.rsplit('.').next()) {
        Some("ipNamedLocation") => {
            let ranges = list("ipRanges");
            let fine = |r: &Value| text(r, "cidrAddress").is_some_and(is_range);
            if ranges.is_empty() || !ranges.iter().all(fine) {
                return invalid("ipRanges needs address ranges with a prefix length, such as 192.0.2.0/24.");
            }
        }
        Some("countryNamedLocation") => {
            let countries = list("countriesAndRegions");
            let code = |c: &Value| {
                c.as_str().is_some_and(|c| c.len() == 2 && c.chars().all(|c| c.is_ascii_uppercase()))
            };
            let unknown = body.get("includeUnknownCountriesAndRegions") == Some(&Value::Bool(true));
            if (countries.is_empty() && !unknown) || !countries.iter().all(code) {
                return invalid("countriesAndRegions needs codes of two capital letters.");
            }
        }
        _ => return invalid("@odata.type must be ipNamedLocation or countryNamedLocation."),
    }
    Ok(())
}

fn is_range(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else { return false };
    let (Ok(address), Ok(length)) = (address.parse::<std::net::IpAddr>(), length.parse::<u8>()) else {
        return false;
    };
    length <= if address.is_ipv4() { 32 } else { 128 }
}

pub(crate) fn create(request: &Request, state: &mut State) -> Result<Answer, Refusal> {
    let body = request.object()?;
    checked(&body)?;
    let (now, id) = (graph_time(state.now()), state.ids.guid());
    let mut location = json!({ "@odata.type": body.get("@odata.type"), "id": id, "displayName": null,
        "createdDateTime": now, "modifiedDateTime": now });
    if let Some(map) = location.as_object_mut() {
        if body
            .get("@odata.type")
            .and_then(Value::as_str)
            .is_some_and(|t| t.ends_with("countryNamedLocation"))
        {
            map.insert("includeUnknownCountriesAndRegions".into(), false.into());
            map.insert("countryLookupMethod".into(), "clientIpAddress".into());
        } else {
            map.insert("isTrusted".into(), false.into());
        }
        map.extend(body.iter().filter(|(k, _)| *k != "id").map(|(k, v)| (k.clone(), v.clone())));
    }
    state.directory.named_locations.insert(location.clone());
    record(request, state, "Add named location", None, Some(&location));
    let body = SET.object(request, state, CONTEXT, &location)?;
    Ok(Answer::created(body, request.location(CONTEXT, &id)))
}

pub(crate) fn update(request: &Request, state: &mut State) -> Result<Answer, Refusal> {
    let change = request.object()?;
    let before = find(request, state)?;
    let mut after = before.clone();
    if let Some(map) = after.as_object_mut() {
        let kept = ["id", "createdDateTime", "modifiedDateTime", "@odata.type"];
        let given = change.iter().filter(|(k, _)| !kept.contains(&k.as_str()));
        map.extend(given.map(|(k, v)| (k.clone(), v.clone())));
        map.insert("modifiedDateTime".into(), graph_time(state.now()).into());
        checked(map)?;
    }
    state.directory.named_locations.insert(after.clone());
    record(request, state, "Update named location", Some(&before), Some(&after));
    Ok(Answer::no_content())
}

pub(crate) fn delete(request: &Request, state: &mut State) -> Result<Answer, Refusal> {
    let location = find(request, state)?;
    let id = request.segment(3);
    if location.get("isTrusted") == Some(&Value::Bool(true)) {
        return Err(Refusal::bad(
            "A trusted named location cannot be deleted. Set isTrusted to false first.",
        ));
    }
    let uses =
        |policy: &&Value| policy.pointer("/conditions/locations").is_some_and(|l| l.to_string().contains(id));
    if let Some(policy) = state.directory.policies.iter().find(uses) {
        return Err(Refusal::bad(format!(
            "The named location is used by the policy '{}' and cannot be deleted.",
            text(policy, "displayName").unwrap_or_default()
        )));
    }
    state.directory.named_locations.remove(id);
    record(request, state, "Delete named location", Some(&location), None);
    Ok(Answer::no_content())
}

fn record(
    request: &Request,
    state: &mut State,
    activity: &str,
    before: Option<&Value>,
    after: Option<&Value>,
) {
    let Some(object) = after.or(before) else { return };
    let target =
        Target::object("NamedLocation", object).change("NamedLocation", before.cloned(), after.cloned());
    state.audit(&request.caller, activity, "Policy", vec![target]);
}
