//! Cases in the format `breakglass-ca-case/1`, kind `evaluate`: a second opinion on known answers.

use super::{
    Attempt, Baseline, Device, Holds, Judged, PolicyState, Proofs, Scopes, Settings, decide, list,
    says_something,
};
use crate::state::{Collection, Directory, text};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The emulator's answer to one case: `decision`, `policies`, `requirements`, and `satisfiable` when capabilities are
/// given, as the case format names them; and `granted`, whether the emulator's login would let this sign-in through (what
/// it cannot tell, it does not). It never reads `expect`.
///
/// # Errors
/// When the text is no case of kind `evaluate`.
pub fn answer_case(case: &str) -> Result<Value, String> {
    let case: Value = serde_json::from_str(case).map_err(|e| format!("not JSON: {e}"))?;
    if text(&case, "schema") != Some("breakglass-ca-case/1") || text(&case, "kind") != Some("evaluate") {
        return Err("expected a `breakglass-ca-case/1` of kind `evaluate`".into());
    }
    let nothing = Value::Null;
    let tenant = case.get("tenant").unwrap_or(&nothing);
    let sign_in = case.get("signIn").ok_or("`signIn` is missing")?;
    let (directory, settings) = (directory(tenant), settings(tenant)?);
    let attempt = attempt(sign_in)?;
    let judged = decide(&directory, &settings, &attempt);

    let mut answer = Map::new();
    answer.insert("decision".into(), decision(&judged).into());
    answer.insert("policies".into(), judged.iter().map(policy).collect::<Map<_, _>>().into());
    let demanding = judged.iter().filter(|j| {
        j.state == PolicyState::Enforced
            && j.applies == Holds::Yes
            && !j.grant.blocks()
            && !j.grant.controls.is_empty()
    });
    let requirement = |j: &Judged| {
        let operator = if j.grant.all { "AND" } else { "OR" };
        (j.id.clone(), json!({ "operator": operator, "controls": j.grant.controls }))
    };
    answer.insert("requirements".into(), demanding.map(requirement).collect::<Map<_, _>>().into());

    let capabilities = sign_in.pointer("/x/capabilities");
    let proofs = capabilities.map(proofs).unwrap_or_default();
    if capabilities.is_some() {
        let each = judged.iter().filter(|j| j.state == PolicyState::Enforced).map(|j| {
            // Not applying or met.
            j.applies.not().or(j.grant.met(&directory, &attempt, &proofs))
        });
        answer.insert("satisfiable".into(), Holds::all(each).word().into());
    }
    let granted = judged
        .iter()
        .filter(|j| j.is_enforced())
        .all(|j| j.grant.met(&directory, &attempt, &proofs) == Holds::Yes);
    answer.insert("granted".into(), granted.into());
    Ok(answer.into())
}

fn policy(judged: &Judged) -> (String, Value) {
    let mut value = json!({ "applies": judged.applies.word() });
    if let (Some(reason), Some(map)) =
        (judged.reason.filter(|_| judged.applies == Holds::No), value.as_object_mut())
    {
        map.insert("reason".into(), reason.into());
    }
    (judged.id.clone(), value)
}

/// Block wins; what may block or demand something makes the answer unknown unless something surer is above it.
fn decision(judged: &[Judged]) -> &'static str {
    let enforced =
        |holds: Holds| judged.iter().filter(move |j| j.state == PolicyState::Enforced && j.applies == holds);
    let demands = |j: &&Judged| !j.grant.controls.is_empty() && !j.grant.blocks();
    if enforced(Holds::Yes).any(|j| j.grant.blocks()) {
        "block"
    } else if enforced(Holds::Unknown).any(|j| j.grant.blocks()) {
        "unknown"
    } else if enforced(Holds::Yes).any(|j| demands(&j)) {
        "controls"
    } else if enforced(Holds::Unknown).any(|j| demands(&j)) {
        "unknown"
    } else {
        "none"
    }
}

fn items<'a>(tenant: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    tenant.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn directory(tenant: &Value) -> Directory {
    let collection = |name: &str| items(tenant, name).cloned().collect::<Collection>();
    let with_id = |(n, item): (usize, &Value)| {
        let mut item = item.clone();
        if let Some(map) = item.as_object_mut() {
            map.entry("id").or_insert_with(|| format!("case-{n}").into());
        }
        item
    };
    Directory {
        users: collection("users"),
        groups: collection("groups"),
        members: items(tenant, "groups")
            .filter_map(|g| {
                let members = list(g, "members").iter().map(|m| m.to_ascii_lowercase()).collect();
                Some((text(g, "id")?.to_ascii_lowercase(), members))
            })
            .collect(),
        role_assignments: items(tenant, "directoryRoleAssignments")
            .filter(|a| text(a, "assignmentType") == Some("active"))
            .enumerate()
            .map(with_id)
            .collect(),
        service_principals: items(tenant, "servicePrincipals").enumerate().map(with_id).collect(),
        policies: collection("conditionalAccessPolicies"),
        named_locations: collection("namedLocations"),
        authentication_strengths: collection("authenticationStrengthPolicies"),
        ..Directory::default()
    }
}

fn settings(tenant: &Value) -> Result<Settings, String> {
    let nothing = Value::Null;
    let settings = tenant.get("settings").unwrap_or(&nothing);
    let date = text(settings, "asOf").ok_or("`tenant.settings.asOf` is missing")?;
    let as_of: Timestamp = format!("{date}T12:00:00Z").parse().map_err(|e| format!("`asOf`: {e}"))?;
    Ok(Settings {
        as_of,
        baseline: match text(settings, "baselineScopes") {
            Some("enforced") => Baseline::Enforced,
            Some("disabled") => Baseline::Disabled,
            Some(app) => Baseline::Placeholder(app.to_owned()),
            None => Baseline::Unknown,
        },
        mfa_trusted_ips: Some(list(settings, "mfaTrustedIps").into_iter().map(str::to_owned).collect()),
    })
}

fn attempt(sign_in: &Value) -> Result<Attempt, String> {
    let nothing = Value::Null;
    let part = |name: &str| sign_in.get(name).unwrap_or(&nothing);
    let (identity, context, conditions, x) =
        (part("signInIdentity"), part("signInContext"), part("signInConditions"), part("x"));
    let fact = |name: &str| text(conditions, name).map(str::to_owned);
    let mut resources = list(context, "includeApplications");
    resources.extend(list(x, "resources"));
    let mut contexts = list(x, "authenticationContexts");
    contexts.extend(text(context, "authenticationContextValue"));
    let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect();
    Ok(Attempt {
        user: text(identity, "userId").ok_or("`signInIdentity.userId` is missing")?.to_owned(),
        external: text(identity, "externalUserType").map(str::to_owned),
        external_tenant: text(identity, "externalTenantId").map(str::to_owned),
        resources: owned(resources),
        user_action: text(context, "userAction").map(str::to_owned),
        contexts: owned(contexts),
        scopes: match text(x, "requestedScopes") {
            Some("baselineOnly") => Scopes::BaselineOnly,
            Some("oidcOnly") => Scopes::OidcOnly,
            _ => Scopes::Other,
        },
        client: x.pointer("/client/appId").and_then(Value::as_str).map(str::to_owned),
        confidential: x.pointer("/client/kind").and_then(Value::as_str) == Some("confidential"),
        client_app: fact("clientAppType"),
        platform: fact("devicePlatform"),
        ip: fact("ipAddress"),
        country: fact("country"),
        sign_in_risk: fact("signInRiskLevel"),
        user_risk: fact("userRiskLevel"),
        insider_risk: fact("insiderRiskLevel"),
        compliant_network: x.get("compliantNetwork").and_then(Value::as_bool),
        device: match conditions.get("deviceInfo") {
            None => Device::Unknown,
            Some(device) if says_something(device) => Device::Registered(device.clone()),
            Some(_) => Device::Unregistered,
        },
        flow: conditions
            .pointer("/authenticationFlow/transferMethod")
            .and_then(Value::as_str)
            .map(str::to_owned),
        tracked: Some(text(x, "protocolTracking").unwrap_or("none").to_owned()),
    })
}

fn proofs(capabilities: &Value) -> Proofs {
    let flag = |name: &str| capabilities.get(name).and_then(Value::as_bool).unwrap_or(false);
    let texts = |name: &str| list(capabilities, name).into_iter().map(str::to_owned).collect();
    Proofs {
        methods: texts("methods"),
        aaguids: texts("fido2Aaguids"),
        x509: capabilities.get("x509").filter(|v| says_something(v)).cloned(),
        external_mfa: flag("externalMfa"),
        custom: texts("customControls"),
        mfa_registered: flag("mfaRegistered"),
        can_change_password: flag("canChangePassword"),
        terms: flag("canAcceptTermsOfUse") || !list(capabilities, "touAccepted").is_empty(),
    }
}
