//! From registered methods, or from what somebody claims, to [`Capabilities`].

use super::capabilities::{Capabilities, Certificate, Key};
use super::facts::Federation;
use super::look::text;
use super::{Lookup, TenantView, canonical_mode};
use crate::ids::ObjectId;
use crate::snapshot::{Snapshot, collections as c};
use crate::tri::Tri;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;

/// Modes with which MFA can be shown, alone or beside a first factor.
const SECOND: &[&str] = &[
    "fido2",
    "windowsHelloForBusiness",
    "microsoftAuthenticatorPush",
    "deviceBasedPush",
    "softwareOath",
    "hardwareOath",
    "sms",
    "voice",
    "x509CertificateMultiFactor",
];

/// Every account of which something is known. What is told goes before what is registered.
pub(super) fn all(view: &TenantView, snapshot: &Snapshot) -> BTreeMap<ObjectId, Capabilities> {
    let mut all = BTreeMap::new();
    for raw in snapshot.get(c::AUTHENTICATION_METHODS).unwrap_or_default() {
        if let Some(id) = text(raw, "userId").map(ObjectId::new) {
            let capabilities = registered(view, &id, raw);
            all.insert(id, capabilities);
        }
    }
    for raw in snapshot.get(c::CAPABILITIES).unwrap_or_default() {
        if let Some(id) = text(raw, "userId").map(ObjectId::new) {
            let capabilities = told(view, &id, raw);
            all.insert(id, capabilities);
        }
    }
    all
}

/// What the domain of an account says about MFA elsewhere.
fn federation(view: &TenantView, account: &ObjectId) -> Federation {
    match view.user(account) {
        Lookup::Found(user) => match view.domain_of(&user.upn) {
            Lookup::Found(domain) => domain.federation,
            // The initial domain cannot be federated.
            _ if user.upn.to_ascii_lowercase().ends_with(".onmicrosoft.com") => Federation::NotFederated,
            _ => Federation::NotTold,
        },
        _ => Federation::NotTold,
    }
}

/// Capabilities that are told: what is not named is not there.
pub(super) fn told(view: &TenantView, account: &ObjectId, raw: &Value) -> Capabilities {
    let list = |key: &str| {
        let items = raw.get(key).and_then(Value::as_array);
        items.map(|items| items.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<String>>())
    };
    let flag = |key: &str| raw.get(key).and_then(Value::as_bool);
    let mut capabilities = Capabilities::unknown();
    capabilities.federation = federation(view, account);
    capabilities.whole = raw.get("methods").is_some_and(Value::is_array);
    // Somebody says what the account can do: a policy that nobody asked for does not take it back, one that was read does.
    let policy = |mode: &str| absent_is_yes(view, view.methods_policy.allows(&view.groups, account, mode));
    for mode in list("methods").unwrap_or_default().iter().map(|m| canonical_mode(m)) {
        let usable = policy(&mode);
        capabilities.set(&mode, usable);
    }
    capabilities.keys =
        list("fido2Aaguids").map(|models| models.iter().map(|m| key(view, account, m)).collect());
    let fido2 = match &capabilities.keys {
        Some(keys) if !keys.is_empty() => Tri::any(keys.iter().map(|k| k.usable)),
        _ => absent_is_yes(view, view.methods_policy.allows_key(&view.groups, account, None, false)),
    };
    let fido2 = capabilities.has("fido2").and(fido2);
    if capabilities.has("fido2").may() && capabilities.whole {
        capabilities.set("fido2", fido2);
    }
    capabilities.certificates = match raw.get("x509") {
        Some(Value::Array(list)) => Some(list.iter().map(certificate).collect()),
        Some(one @ Value::Object(_)) => Some(vec![certificate(one)]),
        _ => None,
    };
    capabilities.external_mfa = Tri::from(flag("externalMfa").unwrap_or(false));
    capabilities.custom_controls = Some(list("customControls").unwrap_or_default().into_iter().collect());
    capabilities.mfa_registered =
        flag("mfaRegistered").map_or_else(|| second_factor(&capabilities), Tri::from);
    capabilities.can_change_password = Tri::from(flag("canChangePassword"));
    capabilities.can_accept_terms = Tri::from(flag("canAcceptTermsOfUse"));
    capabilities.terms_accepted = list("touAccepted").map(|t| t.iter().map(ObjectId::new).collect());
    capabilities
}

fn absent_is_yes(view: &TenantView, answer: Tri) -> Tri {
    if view.methods_policy.is_absent() { Tri::Yes } else { answer }
}

fn key(view: &TenantView, account: &ObjectId, model: &str) -> Key {
    let aaguid = ObjectId::new(model);
    let usable = view.methods_policy.allows_key(&view.groups, account, Some(&aaguid), false);
    Key { id: None, name: model.to_owned(), aaguid: Some(aaguid), usable: absent_is_yes(view, usable) }
}

fn certificate(raw: &Value) -> Certificate {
    let oids = raw.get("policyOids").and_then(Value::as_array);
    Certificate {
        issuer_ski: text(raw, "issuerSki").map(str::to_ascii_lowercase),
        policy_oids: oids.map(|o| o.iter().filter_map(Value::as_str).map(str::to_ascii_lowercase).collect()),
    }
}

fn second_factor(capabilities: &Capabilities) -> Tri {
    Tri::any(SECOND.iter().map(|mode| capabilities.has(mode)))
}

/// Capabilities from Graph's list of registered methods and the authentication methods policy.
fn registered(view: &TenantView, account: &ObjectId, raw: &Value) -> Capabilities {
    let mut capabilities = Capabilities::unknown();
    capabilities.federation = federation(view, account);
    let unread = view.why_unread(&format!("{}/{account}", c::AUTHENTICATION_METHODS)).is_some();
    let Some(methods) = raw.get("methods").and_then(Value::as_array) else { return capabilities };
    capabilities.whole = !unread;
    let allows = |mode: &str| view.methods_policy.allows(&view.groups, account, mode);
    let mut found: BTreeMap<&str, Tri> = BTreeMap::new();
    let mut keys = Vec::new();
    let mut external = Tri::No;
    for method in methods {
        let kind = text(method, "@odata.type").unwrap_or_default();
        let modes: &[(&str, Tri)] = match kind.trim_start_matches("#microsoft.graph.") {
            "passwordAuthenticationMethod" => &[("password", Tri::Yes)],
            "fido2AuthenticationMethod" => {
                keys.push(registered_key(view, account, method));
                &[]
            }
            // Bound to one machine, which need not be the one at hand.
            "windowsHelloForBusinessAuthenticationMethod" | "platformCredentialAuthenticationMethod" => {
                &[("windowsHelloForBusiness", Tri::Unknown)]
            }
            // Whether phone sign-in is set up in the app is not said.
            "microsoftAuthenticatorAuthenticationMethod" => {
                &[("microsoftAuthenticatorPush", Tri::Yes), ("deviceBasedPush", Tri::Unknown)]
            }
            "passwordlessMicrosoftAuthenticatorAuthenticationMethod" => &[("deviceBasedPush", Tri::Yes)],
            "softwareOathAuthenticationMethod" => &[("softwareOath", Tri::Yes)],
            "hardwareOathAuthenticationMethod" => &[("hardwareOath", Tri::Yes)],
            "phoneAuthenticationMethod" => match text(method, "phoneType").unwrap_or_default() {
                "mobile" => &[("sms", Tri::Yes), ("voice", Tri::Yes)],
                "alternateMobile" | "office" => &[("voice", Tri::Yes)],
                _ => &[("sms", Tri::Unknown), ("voice", Tri::Unknown)],
            },
            "temporaryAccessPassAuthenticationMethod" => pass(method, view.settings.as_of),
            "x509CertificateAuthenticationMethod" => {
                &[("x509CertificateSingleFactor", Tri::Unknown), ("x509CertificateMultiFactor", Tri::Unknown)]
            }
            "externalAuthenticationMethod" => {
                external = Tri::Yes;
                &[]
            }
            "emailAuthenticationMethod" => &[("email", Tri::Yes)],
            "qrCodePinAuthenticationMethod" => &[("qrCodePin", Tri::Yes)],
            _ => {
                // A kind that nobody here knows may be good for anything.
                capabilities.whole = false;
                &[]
            }
        };
        for (mode, registered) in modes {
            let usable = found.entry(mode).or_insert(Tri::No);
            *usable = usable.or(registered.and(allows(mode)));
        }
    }
    let fido2 = Tri::any(keys.iter().map(|key| key.usable));
    found.insert("fido2", fido2);
    // Certificates are not on the list of methods: where the tenant takes them, the account may have one.
    for mode in ["x509CertificateSingleFactor", "x509CertificateMultiFactor"] {
        let usable = found.entry(mode).or_insert(Tri::No);
        *usable = usable.or(allows(mode).and(Tri::Unknown));
    }
    if capabilities.federation != Federation::NotFederated {
        found.insert("federatedSingleFactor", Tri::Unknown);
        found.insert("federatedMultiFactor", Tri::Unknown);
    }
    for (mode, usable) in found {
        if usable.may() || capabilities.whole {
            capabilities.set(mode, usable);
        }
    }
    let cloud_only = match view.user(account) {
        Lookup::Found(user) => !user.synced,
        _ => Tri::Unknown,
    };
    capabilities.keys = Some(keys);
    capabilities.external_mfa = external.and(view.methods_policy.allows_external(&view.groups, account));
    capabilities.mfa_registered = second_factor(&capabilities);
    // Writeback for synchronised accounts is not read.
    capabilities.can_change_password = capabilities.has("password").and(cloud_only.or(Tri::Unknown));
    capabilities
}

fn registered_key(view: &TenantView, account: &ObjectId, method: &Value) -> Key {
    let aaguid = text(method, "aaGuid").filter(|a| !a.is_empty()).map(ObjectId::new);
    let synced = text(method, "passkeyType").is_some_and(|t| t.eq_ignore_ascii_case("synced"));
    let usable = view.methods_policy.allows_key(&view.groups, account, aaguid.as_ref(), synced);
    let id = text(method, "id").map(str::to_owned);
    let name = text(method, "displayName").or(text(method, "model")).or(text(method, "id"));
    Key { name: name.unwrap_or("a passkey without a name").to_owned(), id, aaguid, usable }
}

/// A Temporary Access Pass, when it can still be used.
fn pass(method: &Value, now: Timestamp) -> &'static [(&'static str, Tri)] {
    let starts = text(method, "startDateTime").and_then(|t| t.parse::<Timestamp>().ok());
    let minutes = method.get("lifetimeInMinutes").and_then(Value::as_i64);
    let ended = starts.zip(minutes).and_then(|(s, m)| s.checked_add(SignedDuration::from_mins(m)).ok());
    if method.get("isUsable").and_then(Value::as_bool) == Some(false) || ended.is_some_and(|end| end <= now) {
        return &[];
    }
    match method.get("isUsableOnce").and_then(Value::as_bool) {
        Some(true) => &[("temporaryAccessPassOneTime", Tri::Yes)],
        Some(false) => &[("temporaryAccessPassMultiUse", Tri::Yes)],
        None => {
            &[("temporaryAccessPassOneTime", Tri::Unknown), ("temporaryAccessPassMultiUse", Tri::Unknown)]
        }
    }
}
