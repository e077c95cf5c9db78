//! A sign-in as JSON in the shape of Graph's `evaluate`, to be replayed.

use super::atoms::Environment;
use super::roads::Road;
use breakglass_model::ObjectId;
use breakglass_model::Tri;
use breakglass_model::sign_in::{Country, Platform, Request};
use breakglass_model::view::Capabilities;
use serde_json::{Map, Value, json};

/// What a token is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TokenFor {
    /// Resources.
    pub resources: Vec<ObjectId>,
    /// An authentication context that is demanded beside them.
    pub context: Option<String>,
}

impl TokenFor {
    /// The request of a road for it.
    #[must_use]
    pub(super) fn request(&self, road: &Road) -> Request {
        Request {
            resources: self.resources.clone(),
            may_resources: road.may_audiences.clone(),
            contexts: self.context.iter().cloned().collect(),
            client: road.client.clone(),
            client_kind: road.client_kind,
            ..Request::default()
        }
    }
}

/// A workstation as a question gives it: platform and Graph's `deviceInfo` (`null`: unregistered; absent: not told).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RawWorkstation {
    /// Platform.
    pub platform: Option<Platform>,
    /// Device as JSON.
    pub device: Option<Value>,
}

/// The sign-in of an account on a road in an environment.
#[must_use]
pub(super) fn sign_in(
    account: &ObjectId,
    road: &Road,
    token: &TokenFor,
    workstation: &RawWorkstation,
    environment: &Environment,
    capabilities: &Capabilities,
) -> Value {
    let mut conditions = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            conditions.insert(key.into(), value);
        }
    };
    put("clientAppType", road.client_app.map(|c| json!(c.as_str())));
    put("devicePlatform", workstation.platform.map(|p| json!(p.as_str())));
    put("deviceInfo", workstation.device.clone());
    put("ipAddress", environment.network.ip.map(|ip| json!(ip.to_string())));
    put(
        "country",
        environment.network.country.as_ref().map(|c| match c {
            Country::Unmapped => json!(""),
            Country::Code(code) => json!(code),
        }),
    );
    put("signInRiskLevel", environment.sign_in_risk.map(|r| json!(r.as_str())));
    put("userRiskLevel", environment.user_risk.map(|r| json!(r.as_str())));
    put("insiderRiskLevel", environment.insider_risk.map(|r| json!(r.as_str())));
    put("authenticationFlow", Some(json!({ "transferMethod": "none" })));
    let mut x = Map::new();
    if let Some(compliant) = environment.network.compliant {
        x.insert("compliantNetwork".into(), json!(compliant));
    }
    if let Some(client) = &road.client {
        x.insert("client".into(), json!({ "appId": client, "kind": road.client_kind.map(|k| k.as_str()) }));
    }
    x.insert("protocolTracking".into(), json!("none"));
    x.insert("requestedScopes".into(), json!("other"));
    if let Some(told) = told(capabilities) {
        x.insert("capabilities".into(), told);
    }
    let context = match &token.context {
        None => json!({
            "@odata.type": "#microsoft.graph.whatIfApplicationContext", "includeApplications": token.resources,
        }),
        Some(context) => {
            x.insert("resources".into(), json!(token.resources));
            json!({ "@odata.type": "#microsoft.graph.whatIfAuthenticationContext", "authenticationContextValue": context })
        }
    };
    json!({
        "signInIdentity": { "@odata.type": "#microsoft.graph.userSignIn", "userId": account },
        "signInContext": context,
        "signInConditions": conditions,
        "x": x,
    })
}

/// Capabilities as somebody would tell them: what the account can do for sure. Nothing when they are not known whole,
/// because what is not named counts as missing.
fn told(capabilities: &Capabilities) -> Option<Value> {
    if !capabilities.whole {
        return None;
    }
    let methods: Vec<&str> = capabilities.modes().filter(|(_, t)| t.is_yes()).map(|(m, _)| m).collect();
    let mut told = json!({
        "methods": methods,
        "externalMfa": capabilities.external_mfa.is_yes(),
        "mfaRegistered": capabilities.mfa_registered.is_yes(),
    });
    let map = told.as_object_mut()?;
    if let Some(keys) = &capabilities.keys {
        let models: Vec<&ObjectId> =
            keys.iter().filter(|k| k.usable.is_yes()).filter_map(|k| k.aaguid.as_ref()).collect();
        if models.len() == keys.len() {
            map.insert("fido2Aaguids".into(), json!(models));
        }
    }
    if let Some([certificate]) = capabilities.certificates.as_deref() {
        map.insert(
            "x509".into(),
            json!({ "issuerSki": certificate.issuer_ski, "policyOids": certificate.policy_oids }),
        );
    }
    if let Some(custom) = &capabilities.custom_controls {
        map.insert("customControls".into(), json!(custom));
    }
    if let Some(terms) = &capabilities.terms_accepted {
        map.insert("touAccepted".into(), json!(terms));
    }
    for (key, answer) in [
        ("canChangePassword", capabilities.can_change_password),
        ("canAcceptTermsOfUse", capabilities.can_accept_terms),
    ] {
        if answer != Tri::Unknown {
            map.insert(key.into(), json!(answer.is_yes()));
        }
    }
    Some(told)
}
