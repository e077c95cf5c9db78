//! From JSON to a [`SignIn`].

use super::{
    ClientApp, ClientKind, Country, ExternalKind, Flow, Identity, InsiderRisk, Machine, Network, Platform,
    Request, RiskLevel, Scopes, SignIn, Transfer, UserAction, UserIdentity,
};
use crate::ids::ObjectId;
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Why a value is not a sign-in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at `{path}`: expected {expected}, found {found}")]
pub struct SignInProblem {
    /// Where, from the top of the sign-in.
    pub path: String,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub found: String,
}

type Read<T> = Result<T, SignInProblem>;

fn wrong<T>(path: impl Into<String>, expected: &str, found: Option<&Value>) -> Read<T> {
    let found = found.map_or_else(|| "nothing".to_owned(), Value::to_string);
    Err(SignInProblem { path: path.into(), expected: expected.into(), found })
}

pub(super) fn read(value: &Value) -> Read<SignIn> {
    if !value.is_object() {
        return wrong(
            "$",
            "an object with `signInIdentity`, `signInContext` and `signInConditions`",
            Some(value),
        );
    }
    let conditions = part(value, "signInConditions")?;
    let x = part(value, "x")?;
    let (c, at) = (conditions, "signInConditions");
    let flow = part_of(c, at, "authenticationFlow")?;
    let transfer =
        word(flow, "signInConditions.authenticationFlow", "transferMethod", Transfer::read, Transfer::ALL)?;
    // A session that nobody says anything of began with this sign-in.
    let tracking = match x.and_then(|x| x.get("protocolTracking")) {
        None => Some(Transfer::None),
        Some(_) => word(x, "x", "protocolTracking", Transfer::read, Transfer::ALL)?,
    };
    Ok(SignIn {
        identity: identity(value)?,
        request: request(value, x)?,
        client_app: word(c, at, "clientAppType", ClientApp::read, ClientApp::ALL)?,
        platform: word(c, at, "devicePlatform", Platform::read, Platform::ALL)?,
        network: Network {
            ip: address(c)?,
            country: country(c)?,
            compliant: flag(x, "x", "compliantNetwork")?,
        },
        sign_in_risk: word(c, at, "signInRiskLevel", RiskLevel::read, RiskLevel::ALL)?,
        user_risk: word(c, at, "userRiskLevel", RiskLevel::read, RiskLevel::ALL)?,
        insider_risk: word(c, at, "insiderRiskLevel", InsiderRisk::read, InsiderRisk::ALL)?,
        service_principal_risk: word(c, at, "servicePrincipalRiskLevel", RiskLevel::read, RiskLevel::ALL)?,
        flow: Flow { transfer, tracking },
        machine: Machine::read(c.and_then(|c| c.get("deviceInfo"))).map_err(|found| SignInProblem {
            path: "signInConditions.deviceInfo".into(),
            expected: "the properties of a device, or null".into(),
            found,
        })?,
        capabilities: match x.and_then(|x| x.get("capabilities")) {
            None | Some(Value::Null) => None,
            Some(told @ Value::Object(_)) => Some(told.clone()),
            Some(other) => return wrong("x.capabilities", "an object", Some(other)),
        },
    })
}

fn identity(value: &Value) -> Read<Identity> {
    const AT: &str = "signInIdentity";
    let Some(identity) = part(value, AT)? else {
        return wrong(AT, "a `userSignIn` with `userId`", None);
    };
    let kind = text(Some(identity), AT, "@odata.type")?.unwrap_or_default().to_ascii_lowercase();
    if kind.ends_with("serviceprincipalsignin") || identity.get("servicePrincipalId").is_some() {
        return match text(Some(identity), AT, "servicePrincipalId")? {
            Some(id) => Ok(Identity::ServicePrincipal(ObjectId::new(id))),
            None => wrong("signInIdentity.servicePrincipalId", "an object id", None),
        };
    }
    let Some(id) = text(Some(identity), AT, "userId")?.filter(|id| !id.trim().is_empty()) else {
        return wrong("signInIdentity.userId", "an object id", identity.get("userId"));
    };
    Ok(Identity::User(UserIdentity {
        id: ObjectId::new(id),
        external: word(Some(identity), AT, "externalUserType", ExternalKind::read, ExternalKind::ALL)?,
        external_tenant: text(Some(identity), AT, "externalTenantId")?.map(str::to_ascii_lowercase),
        activated_roles: BTreeSet::new(),
    }))
}

fn request(value: &Value, x: Option<&Value>) -> Read<Request> {
    const AT: &str = "signInContext";
    let Some(context) = part(value, AT)? else {
        return wrong(AT, "an application, a user action or an authentication context", None);
    };
    let mut request = Request {
        resources: ids(Some(context), AT, "includeApplications")?,
        user_action: word(Some(context), AT, "userAction", UserAction::read, UserAction::ALL)?,
        contexts: Vec::new(),
        scopes: word(x, "x", "requestedScopes", Scopes::read, Scopes::ALL)?.unwrap_or_default(),
        ..Request::default()
    };
    request
        .contexts
        .extend(text(Some(context), AT, "authenticationContextValue")?.map(str::to_ascii_lowercase));
    request.contexts.extend(ids(x, "x", "authenticationContexts")?.iter().map(|c| c.as_str().to_owned()));
    request.resources.extend(ids(x, "x", "resources")?);
    if request.resources.is_empty() && request.user_action.is_none() && request.contexts.is_empty() {
        let expected = "`includeApplications`, `userAction` or `authenticationContextValue`";
        return wrong(AT, expected, Some(context));
    }
    if let Some(client) = part_of(x, "x", "client")? {
        request.client = text(Some(client), "x.client", "appId")?.map(ObjectId::new);
        request.client_kind = word(Some(client), "x.client", "kind", ClientKind::read, ClientKind::ALL)?;
    }
    Ok(request)
}

/// A member that is an object; absent and null are the same here.
fn part<'a>(value: &'a Value, key: &str) -> Read<Option<&'a Value>> {
    match value.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(object @ Value::Object(_)) => Ok(Some(object)),
        Some(other) => wrong(key, "an object", Some(other)),
    }
}

fn part_of<'a>(value: Option<&'a Value>, at: &str, key: &str) -> Read<Option<&'a Value>> {
    match value {
        None => Ok(None),
        Some(value) => part(value, key).map_err(|p| SignInProblem { path: format!("{at}.{}", p.path), ..p }),
    }
}

fn text<'a>(value: Option<&'a Value>, at: &str, key: &str) -> Read<Option<&'a str>> {
    match value.and_then(|v| v.get(key)) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => wrong(format!("{at}.{key}"), "a text", Some(other)),
    }
}

fn flag(value: Option<&Value>, at: &str, key: &str) -> Read<Option<bool>> {
    match value.and_then(|v| v.get(key)) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(other) => wrong(format!("{at}.{key}"), "true or false", Some(other)),
    }
}

fn ids(value: Option<&Value>, at: &str, key: &str) -> Read<Vec<ObjectId>> {
    let ids = match value.and_then(|v| v.get(key)) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(items)) => {
            items.iter().map(|i| i.as_str().map(ObjectId::new)).collect::<Option<Vec<_>>>()
        }
        Some(_) => None,
    };
    match ids {
        Some(ids) => Ok(ids),
        None => wrong(format!("{at}.{key}"), "a list of texts", value.and_then(|v| v.get(key))),
    }
}

/// One word of a vocabulary. Graph's `unknownFutureValue` and our `__missing__` say that nobody knows.
fn word<T: Copy + std::fmt::Display>(
    value: Option<&Value>,
    at: &str,
    key: &str,
    read: impl Fn(&str) -> Option<T>,
    all: &[T],
) -> Read<Option<T>> {
    let Some(found) = text(value, at, key)? else { return Ok(None) };
    if ["unknownFutureValue", "__missing__"].iter().any(|w| w.eq_ignore_ascii_case(found)) {
        return Ok(None);
    }
    match read(found) {
        Some(word) => Ok(Some(word)),
        None => {
            let words: Vec<String> = all.iter().map(|w| format!("`{w}`")).collect();
            wrong(format!("{at}.{key}"), &format!("one of {}", words.join(", ")), Some(&Value::from(found)))
        }
    }
}

fn address(conditions: Option<&Value>) -> Read<Option<IpAddr>> {
    match text(conditions, "signInConditions", "ipAddress")?.map(str::trim).filter(|t| !t.is_empty()) {
        None => Ok(None),
        Some(text) => match text.parse::<IpAddr>() {
            Ok(ip) => Ok(Some(ip.to_canonical())),
            Err(_) => {
                wrong("signInConditions.ipAddress", "an IPv4 or IPv6 address", Some(&Value::from(text)))
            }
        },
    }
}

fn country(conditions: Option<&Value>) -> Read<Option<Country>> {
    Ok(text(conditions, "signInConditions", "country")?.map(|code| match code.trim() {
        "" => Country::Unmapped,
        code => Country::Code(code.to_ascii_uppercase()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn minimal() -> Value {
        json!({
            "signInIdentity": {"@odata.type": "#microsoft.graph.userSignIn", "userId": "U"},
            "signInContext": {"includeApplications": ["A"]},
        })
    }

    #[test]
    fn absent_is_not_known_and_null_is_unregistered() {
        let sign_in = SignIn::read(&minimal()).unwrap();
        assert_eq!(
            (sign_in.machine, sign_in.network.country, sign_in.platform),
            (Machine::NotTold, None, None)
        );
        let mut told = minimal();
        told["signInConditions"] =
            json!({"deviceInfo": null, "country": "", "ipAddress": "::ffff:192.0.2.1"});
        let sign_in = SignIn::read(&told).unwrap();
        assert_eq!(sign_in.machine, Machine::Unregistered);
        assert_eq!(sign_in.network.country, Some(Country::Unmapped));
        assert_eq!(sign_in.network.ip, "192.0.2.1".parse().ok());
    }

    #[test]
    fn problems_name_their_place() {
        let at = |change: fn(&mut Value)| {
            let mut value = minimal();
            change(&mut value);
            SignIn::read(&value).unwrap_err().to_string()
        };
        let errors = [
            at(|v| *v = json!([])),
            at(|v| v["signInIdentity"] = Value::Null),
            at(|v| v["signInIdentity"] = json!({"userId": " "})),
            at(|v| v["signInContext"] = json!({})),
            at(|v| v["signInConditions"] = json!({"devicePlatform": "plan9"})),
            at(|v| v["signInConditions"] = json!({"ipAddress": "localhost"})),
            at(|v| v["signInConditions"] = json!({"deviceInfo": "yes"})),
            at(|v| v["signInConditions"] = json!({"authenticationFlow": {"transferMethod": 3}})),
            at(|v| v["x"] = json!({"compliantNetwork": "yes"})),
            at(|v| v["x"] = json!({"resources": [1]})),
            at(|v| v["x"] = json!({"capabilities": []})),
        ];
        insta::assert_snapshot!(errors.join("\n"));
    }
}
