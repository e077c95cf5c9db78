//! The question of a case, read strictly: what is not understood is an error and never a guess.

use super::super::atoms::Envelope;
use super::super::ground::Workstation;
use super::super::question::{Question, Roads};
use super::super::roads::{Action, Road};
use super::super::sample::RawWorkstation;
use super::super::scenario::{Effects, Scenario, What};
use super::{ReachProblem, account};
use breakglass_model::sign_in::{
    ClientApp, ClientKind, Country, InsiderRisk, Machine, Network, Platform, RiskLevel,
};
use breakglass_model::{ObjectId, Tri};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

type Read<T> = Result<T, ReachProblem>;

fn wrong<T>(path: &str, expected: &str, found: Option<&Value>) -> Read<T> {
    let found = found.map_or_else(|| "nothing".to_owned(), Value::to_string);
    Err(ReachProblem::Question { path: path.into(), expected: expected.into(), found })
}

pub(super) fn question(case: &Value) -> Read<Question> {
    const AT: &str = "$.question";
    let Some(q) = case.get("question").filter(|q| q.is_object()) else {
        return wrong(AT, "an object", case.get("question"));
    };
    let accounts: Vec<String> = texts(q, AT, "accounts")?;
    if accounts.is_empty() {
        return wrong("$.question.accounts", "at least one account", q.get("accounts"));
    }
    let required = match q.get("k").map(|k| k.as_u64().and_then(|k| usize::try_from(k).ok())) {
        None => 1,
        Some(Some(k)) => k,
        Some(None) => return wrong("$.question.k", "a number of accounts", q.get("k")),
    };
    let name = q.get("action").and_then(Value::as_str).unwrap_or_default();
    let Some(action) = Action::read(name) else {
        let known = Action::ALL.map(|a| format!("`{a}`")).join(", ");
        return wrong("$.question.action", &format!("one of {known}"), q.get("action"));
    };
    let roads: Read<Vec<Road>> = list(q, AT, "routes")?
        .iter()
        .enumerate()
        .map(|(i, r)| road(r, &format!("$.question.routes[{i}]")))
        .collect();
    let nothing = Value::Null;
    let envelope = q.get("envelope").unwrap_or(&nothing);
    let stations = envelope.pointer("/existential/workstations").and_then(Value::as_array);
    let stations: Read<Vec<Workstation>> = stations
        .into_iter()
        .flatten()
        .enumerate()
        .map(|(i, w)| workstation(w, &format!("$.question.envelope.existential.workstations[{i}]")))
        .collect();
    Ok(Question {
        accounts: accounts.iter().map(|id| account(id)).collect(),
        required,
        actions: vec![action],
        roads: Roads::Listed(roads?),
        envelope: universal(envelope.get("universal").unwrap_or(&nothing))?,
        workstations: stations?,
        every_workstation: false,
        scenarios: vec![scenario(q.get("scenario").unwrap_or(&nothing))?],
    })
}

fn list<'a>(of: &'a Value, at: &str, key: &str) -> Read<Vec<&'a Value>> {
    match of.get(key) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => Ok(items.iter().collect()),
        other => wrong(&format!("{at}.{key}"), "a list", other),
    }
}

fn texts(of: &Value, at: &str, key: &str) -> Read<Vec<String>> {
    let items = list(of, at, key)?;
    let text = |v: &Value| match v.as_str() {
        Some(text) => Ok(text.to_owned()),
        None => wrong(&format!("{at}.{key}"), "texts", Some(v)),
    };
    items.into_iter().map(text).collect()
}

fn ids(of: &Value, at: &str, key: &str) -> Read<BTreeSet<ObjectId>> {
    Ok(texts(of, at, key)?.iter().map(ObjectId::new).collect())
}

/// A word of a vocabulary; absent is not known.
fn word<T>(of: &Value, at: &str, key: &str, read: impl Fn(&str) -> Option<T>) -> Read<Option<T>> {
    match of.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => level(text, &format!("{at}.{key}"), read),
        other => wrong(&format!("{at}.{key}"), "a text", other),
    }
}

fn level<T>(text: &str, path: &str, read: impl Fn(&str) -> Option<T>) -> Read<Option<T>> {
    if ["__missing__", "unknownFutureValue"].contains(&text) {
        return Ok(None);
    }
    match read(text) {
        Some(word) => Ok(Some(word)),
        None => wrong(path, "a known word", Some(&Value::from(text))),
    }
}

fn flag(of: &Value, at: &str, key: &str) -> Read<Option<bool>> {
    match of.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        other => wrong(&format!("{at}.{key}"), "true or false", other),
    }
}

fn road(of: &Value, at: &str) -> Read<Road> {
    let Some(id) = of.get("id").and_then(Value::as_str) else {
        return wrong(&format!("{at}.id"), "a name", of.get("id"));
    };
    Ok(Road {
        id: id.to_owned(),
        client: of.get("clientAppId").and_then(Value::as_str).map(ObjectId::new),
        client_kind: word(of, at, "clientKind", ClientKind::read)?,
        client_app: word(of, at, "clientAppType", ClientApp::read)?,
        audiences: texts(of, at, "audiences")?.iter().map(ObjectId::new).collect(),
        may_audiences: texts(of, at, "mayAudiences")?.iter().map(ObjectId::new).collect(),
        mandatory_mfa: Tri::from(flag(of, at, "mandatoryMfa")?),
        step_up: Tri::from(flag(of, at, "stepUp")?),
        is_portal: id.contains("portal") || id.contains("admin-center"),
    })
}

fn workstation(of: &Value, at: &str) -> Read<Workstation> {
    let device = of.get("deviceInfo");
    let machine = match Machine::read(device) {
        Ok(machine) => machine,
        Err(_) => return wrong(&format!("{at}.deviceInfo"), "the properties of a device, or null", device),
    };
    let platform = word(of, at, "devicePlatform", Platform::read)?;
    Ok(Workstation { raw: RawWorkstation { platform, device: device.cloned() }, machine })
}

/// What the world imposes. A dimension that the case leaves out is not known.
fn universal(of: &Value) -> Read<Envelope> {
    const AT: &str = "$.question.envelope.universal";
    let places = list(of, AT, "locations")?;
    let networks: Read<Vec<Network>> =
        places.into_iter().enumerate().map(|(i, p)| network(p, &format!("{AT}.locations[{i}]"))).collect();
    let mut networks = networks?;
    if networks.is_empty() {
        networks.push(Network::default());
    }
    Ok(Envelope::Listed {
        networks,
        sign_in_risk: levels(of, AT, "signInRiskLevels", RiskLevel::read)?,
        user_risk: levels(of, AT, "userRiskLevels", RiskLevel::read)?,
        insider_risk: levels(of, AT, "insiderRiskLevels", InsiderRisk::read)?,
    })
}

fn levels<T>(of: &Value, at: &str, key: &str, read: impl Fn(&str) -> Option<T>) -> Read<Vec<Option<T>>> {
    let words = texts(of, at, key)?;
    let levels: Read<Vec<Option<T>>> =
        words.iter().map(|text| level(text, &format!("{at}.{key}"), &read)).collect();
    levels.map(|levels| if levels.is_empty() { vec![None] } else { levels })
}

fn network(of: &Value, at: &str) -> Read<Network> {
    let ip =
        match of.get("ipAddress").map(|ip| ip.as_str().and_then(|ip| ip.parse::<std::net::IpAddr>().ok())) {
            None => None,
            Some(Some(ip)) => Some(ip.to_canonical()),
            Some(None) => return wrong(&format!("{at}.ipAddress"), "an address", of.get("ipAddress")),
        };
    let country = match of.get("country") {
        None | Some(Value::Null) => None,
        Some(Value::String(code)) if code.trim().is_empty() => Some(Country::Unmapped),
        Some(Value::String(code)) => Some(Country::Code(code.trim().to_ascii_uppercase())),
        other => return wrong(&format!("{at}.country"), "two letters", other),
    };
    Ok(Network { ip, country, compliant: flag(of, at, "compliantNetwork")? })
}

fn scenario(of: &Value) -> Read<Scenario> {
    const AT: &str = "$.question.scenario.effects";
    const KNOWN: &[&str] = &[
        "methodsUnavailable",
        "externalMfaDown",
        "lostMethods",
        "federationDown",
        "passThroughAgentsDown",
        "deviceComplianceUnavailable",
        "pimApproversAbsent",
        "accountsDeleted",
        "accountsDisabled",
        "userRisk",
        "groupsDeleted",
        "groupMembersRemoved",
        "namedLocationsLost",
        "crlUnreachable",
        "licencesExpired",
        "policyChanges",
    ];
    let name = of.get("id").and_then(Value::as_str).unwrap_or("none").to_owned();
    let nothing = Value::Null;
    let e = of.get("effects").unwrap_or(&nothing);
    let unknown =
        e.as_object().into_iter().flatten().map(|(key, _)| key).find(|k| !KNOWN.contains(&k.as_str()));
    if let Some(unknown) = unknown {
        return wrong(&format!("{AT}.{unknown}"), "an effect that the case format names", e.get(unknown));
    }
    let on = |key: &str| flag(e, AT, key).map(|f| f.unwrap_or(false));
    let effects = Effects {
        methods_unavailable: texts(e, AT, "methodsUnavailable")?.into_iter().collect(),
        external_mfa_down: on("externalMfaDown")?,
        lost_methods: keyed(e, AT, "lostMethods", |v, at| {
            texts(&wrap(v), at, "of").map(|t| t.into_iter().collect())
        })?,
        federation_down: on("federationDown")?,
        pass_through_down: on("passThroughAgentsDown")?,
        compliance_unavailable: on("deviceComplianceUnavailable")?,
        approvers_absent: on("pimApproversAbsent")?,
        accounts_deleted: ids(e, AT, "accountsDeleted")?,
        accounts_disabled: ids(e, AT, "accountsDisabled")?,
        user_risk: keyed(e, AT, "userRisk", |v, at| match v.as_str().and_then(RiskLevel::read) {
            Some(level) => Ok(level),
            None => wrong(at, "a risk level", Some(v)),
        })?,
        groups_deleted: ids(e, AT, "groupsDeleted")?,
        members_removed: keyed(e, AT, "groupMembersRemoved", |v, at| ids(&wrap(v), at, "of"))?,
        locations_lost: ids(e, AT, "namedLocationsLost")?,
        crl_unreachable: on("crlUnreachable")?,
        licences_expired: on("licencesExpired")?,
        policy_changes: list(e, AT, "policyChanges")?.into_iter().cloned().collect(),
        ..Effects::default()
    };
    Ok(Scenario { name, what: What::Exactly(Box::new(effects)) })
}

fn wrap(value: &Value) -> Value {
    serde_json::json!({ "of": value })
}

/// An object by account or group.
fn keyed<T>(
    of: &Value,
    at: &str,
    key: &str,
    read: impl Fn(&Value, &str) -> Read<T>,
) -> Read<BTreeMap<ObjectId, T>> {
    let path = format!("{at}.{key}");
    match of.get(key) {
        None | Some(Value::Null) => Ok(BTreeMap::new()),
        Some(Value::Object(map)) => map
            .iter()
            .map(|(id, value)| Ok((ObjectId::new(id), read(value, &format!("{path}.{id}"))?)))
            .collect(),
        other => wrong(&path, "an object", other),
    }
}
