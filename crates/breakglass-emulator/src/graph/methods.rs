//! `/users/{id}/authentication`: what a user can sign in with.

use super::answer::{Answer, Refusal};
use super::odata::Set;
use super::request::Request;
use super::user_rules::guard;
use super::users;
use crate::state::{State, Target, graph_time, ids::random, text};
use crate::webauthn;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The password that every managed account has, by its well-known id.
pub(crate) const PASSWORD_METHOD: &str = "28c10230-6103-485e-b985-444c60001490";

const METHOD: &str = "authenticationMethod";
pub(super) const FIDO2: &str = "fido2AuthenticationMethod";
const TEMPORARY: &str = "temporaryAccessPassAuthenticationMethod";

/// A user's methods, the password among them, each with `@odata.type`.
fn all(state: &State, user: &Value) -> Vec<Value> {
    let id = text(user, "id").unwrap_or_default().to_ascii_lowercase();
    let mut methods = state.directory.methods.get(&id).cloned().unwrap_or_default();
    let has_password = methods.iter().any(|m| is(m, "passwordAuthenticationMethod"));
    if !has_password {
        let changed = text(user, "lastPasswordChangeDateTime").or(text(user, "createdDateTime"));
        methods.insert(
            0,
            json!({ "@odata.type": "#microsoft.graph.passwordAuthenticationMethod", "id": PASSWORD_METHOD,
                "password": null, "createdDateTime": changed }),
        );
    }
    methods
}

fn is(method: &Value, kind: &str) -> bool {
    text(method, "@odata.type").and_then(|t| t.rsplit('.').next()) == Some(kind)
}

fn context(user: &Value, part: &str) -> String {
    format!("users('{}')/authentication/{part}", text(user, "id").unwrap_or_default())
}

pub(crate) fn list(request: &Request, state: &State) -> Result<Answer, Refusal> {
    let user = users::find(state, request.segment(1))?;
    Set::plain(METHOD).list(request, state, &context(user, "methods"), all(state, user).iter())
}

/// The methods of one kind.
pub(crate) fn of_kind(request: &Request, state: &State, kind: &'static str) -> Result<Answer, Refusal> {
    let user = users::find(state, request.segment(1))?;
    let methods: Vec<Value> = all(state, user).into_iter().filter(|m| is(m, kind)).collect();
    Set::plain(kind).list(request, state, &context(user, request.segment(3)), methods.iter())
}

fn find(request: &Request, state: &State, kind: Option<&str>) -> Result<Value, Refusal> {
    let user = users::find(state, request.segment(1))?;
    let id = request.segment(4);
    let mut methods = all(state, user).into_iter();
    methods
        .find(|m| text(m, "id") == Some(id) && kind.is_none_or(|kind| is(m, kind)))
        .ok_or_else(|| Refusal::not_found(format!("The authentication method '{id}' was not found.")))
}

pub(crate) fn get(request: &Request, state: &State, kind: Option<&'static str>) -> Result<Answer, Refusal> {
    let method = find(request, state, kind)?;
    let user = users::find(state, request.segment(1))?;
    Set::plain(kind.unwrap_or(METHOD)).one(request, state, &context(user, request.segment(3)), &method)
}

/// Takes a method away.
pub(crate) fn delete(request: &Request, state: &mut State, kind: &str) -> Result<Answer, Refusal> {
    let method = find(request, state, Some(kind))?;
    let user = users::find(state, request.segment(1))?.clone();
    guard(request, state, &user)?;
    let (owner, id) = (text(&user, "id").unwrap_or_default(), request.segment(4));
    if let Some(methods) = state.directory.methods.get_mut(&owner.to_ascii_lowercase()) {
        methods.retain(|m| text(m, "id") != Some(id));
    }
    state.forget_passkey(owner, id);
    record(request, state, &user, &method, "deleted");
    Ok(Answer::no_content())
}

/// Whether the tenant lets passkeys be registered for others: the method enabled, and its self-service set-up too.
fn fido2_policy(state: &State) -> Result<Value, Refusal> {
    let configurations = state.directory.methods_policy.get("authenticationMethodConfigurations");
    let configurations = configurations.and_then(Value::as_array);
    let policy = configurations.into_iter().flatten().find(|c| text(c, "id") == Some("Fido2"));
    let policy = policy.cloned().unwrap_or_default();
    if text(&policy, "state") != Some("enabled") {
        return Err(Refusal::bad(
            "Passkeys (FIDO2) are not enabled by the authentication methods policy of the tenant.",
        ));
    }
    if policy.get("isSelfServiceRegistrationAllowed") == Some(&Value::Bool(false)) {
        return Err(Refusal::bad(
            "Self-service set-up of passkeys is not allowed by the authentication methods policy of the tenant.",
        ));
    }
    Ok(policy)
}

/// `GET .../fido2Methods/creationOptions(challengeTimeoutInMinutes=n)`; v1.0 gives five minutes.
pub(crate) fn creation_options(request: &Request, state: &mut State, login: &str) -> Result<Answer, Refusal> {
    let user = users::find(state, request.segment(1))?.clone();
    guard(request, state, &user)?;
    fido2_policy(state)?;
    let id = text(&user, "id").unwrap_or_default();
    let keys = state.hidden.passkeys.iter().filter(|p| p.user.eq_ignore_ascii_case(id));
    let exclude: Vec<Value> =
        keys.map(|p| json!({ "id": p.method_id(), "type": "public-key", "transports": [] })).collect();
    let challenge = URL_SAFE_NO_PAD.encode(state.creation_challenge(id));
    let expires = state.clock.after(SignedDuration::from_mins(5));
    // At most 64 bytes (WebAuthn 5.4.3), and nothing that names the user.
    let handle = URL_SAFE_NO_PAD
        .encode([b"OE0".as_slice(), &Sha256::digest(format!("{}:{id}", state.tenant_id))].concat());
    let parameters: Vec<Value> =
        [-7, -257].iter().map(|alg| json!({ "type": "public-key", "alg": alg })).collect();
    Ok(Answer::ok(json!({
        "@odata.context": request.context("microsoft.graph.webauthnCredentialCreationOptions", "", false),
        "challengeTimeoutDateTime": graph_time(expires),
        "publicKey": {
            "challenge": challenge, "timeout": 0,
            "attestation": "direct",
            "rp": { "id": webauthn::host(login), "name": "Microsoft" },
            "user": { "id": handle, "displayName": user.get("displayName"), "name": user.get("userPrincipalName") },
            "pubKeyCredParams": parameters,
            "excludeCredentials": exclude,
            "authenticatorSelection": { "authenticatorAttachment": "cross-platform", "requireResidentKey": true,
                "userVerification": "required" },
            "extensions": {},
        },
    })))
}

/// `POST .../fido2Methods`: the passkey that was made for the challenge.
pub(crate) fn register(request: &Request, state: &mut State, login: &str) -> Result<Answer, Refusal> {
    let body = request.object()?;
    super::schema::Schema::v1().check(FIDO2, &body)?;
    let user = users::find(state, request.segment(1))?.clone();
    guard(request, state, &user)?;
    let policy = fido2_policy(state)?;
    let name = body.get("displayName").and_then(Value::as_str).map(str::trim).unwrap_or_default();
    if name.is_empty() || name.chars().count() > 30 {
        return Err(Refusal::bad("The display name of a passkey must have 1 to 30 characters."));
    }
    let id = text(&user, "id").unwrap_or_default().to_owned();
    let credential = body.get("publicKeyCredential").cloned().unwrap_or_default();
    let keys_before = state.hidden.passkeys.len();
    let made = webauthn::register(state, login, &id, &credential).map_err(Refusal::bad)?;
    if let Err(refusal) = check_restrictions(&policy, &made) {
        state.hidden.passkeys.truncate(keys_before);
        return Err(refusal);
    }
    let method = json!({
        "@odata.type": format!("#microsoft.graph.{FIDO2}"), "id": made.method_id, "displayName": name,
        "createdDateTime": graph_time(state.now()), "aaGuid": made.aaguid, "model": model_of(&made.aaguid),
        "attestationCertificates": [], "attestationLevel": made.attestation_level,
        "passkeyType": made.passkey_type, "publicKeyCredential": null,
    });
    state.directory.methods.entry(id.to_ascii_lowercase()).or_default().push(method.clone());
    record(request, state, &user, &method, "registered");
    let set = context(&user, "fido2Methods");
    let body = Set::plain(FIDO2).object(request, state, &set, &method)?;
    let location = request.location(&format!("users/{id}/authentication/fido2Methods"), &made.method_id);
    Ok(Answer::created(body, location))
}

/// Key restrictions and attestation of the policy.
fn check_restrictions(policy: &Value, made: &webauthn::Registered) -> Result<(), Refusal> {
    if policy.get("isAttestationEnforced") == Some(&Value::Bool(true)) && made.attestation_level != "attested"
    {
        return Err(Refusal::bad("The tenant's policy asks for attestation, and this passkey has none."));
    }
    let Some(keys) =
        policy.get("keyRestrictions").filter(|k| k.get("isEnforced") == Some(&Value::Bool(true)))
    else {
        return Ok(());
    };
    let listed = keys.get("aaGuids").and_then(Value::as_array).is_some_and(|ids| {
        ids.iter().filter_map(Value::as_str).any(|id| id.eq_ignore_ascii_case(&made.aaguid))
    });
    if listed == (text(keys, "enforcementType") == Some("allow")) {
        return Ok(());
    }
    Err(Refusal::bad(format!(
        "The authenticator's AAGUID '{}' is not allowed by the key restrictions of the tenant's policy.",
        made.aaguid
    )))
}

/// The model's name, of a few that emergency accounts use.
fn model_of(aaguid: &str) -> Option<&'static str> {
    Some(match aaguid {
        "2fc0579f-8113-47ea-b116-bb5a8db9202a" | "fa2b99dc-9e39-4257-8f92-4a30d23c4118" => {
            "YubiKey 5 Series with NFC"
        }
        "cb69481e-8ff7-4039-93ec-0a2729a154a8" | "ee882879-721c-4913-9775-3dfcce97072a" => "YubiKey 5 Series",
        "73bb0cd4-e502-49b8-9c6f-b59445bf720b" => "YubiKey 5 FIPS Series",
        "77010bd7-212a-4fc9-b236-d2ca5e9d4084" => "Feitian BioPass FIDO2 Authenticator",
        _ => return None,
    })
}

pub(crate) fn issue_pass(request: &Request, state: &mut State) -> Result<Answer, Refusal> {
    let body = request.object()?;
    super::schema::Schema::v1().check(TEMPORARY, &body)?;
    let user = users::find(state, request.segment(1))?.clone();
    guard(request, state, &user)?;
    let configurations = state.directory.methods_policy.get("authenticationMethodConfigurations");
    let enabled = configurations.and_then(Value::as_array).is_some_and(|all| {
        all.iter()
            .any(|c| text(c, "id") == Some("TemporaryAccessPass") && text(c, "state") == Some("enabled"))
    });
    if !enabled {
        return Err(Refusal::bad(
            "Temporary Access Pass is not enabled by the tenant's authentication methods policy.",
        ));
    }
    let id = text(&user, "id").unwrap_or_default().to_ascii_lowercase();
    if all(state, &user).iter().any(|m| is(m, TEMPORARY)) {
        return Err(Refusal::bad("A Temporary Access Pass already exists for the user."));
    }
    let now = graph_time(state.now());
    let pass: String = random::<8>().iter().map(|b| char::from(b'a' + b % 26)).collect();
    let method = json!({
        "@odata.type": format!("#microsoft.graph.{TEMPORARY}"), "id": state.ids.guid(),
        "isUsable": true, "methodUsabilityReason": "EnabledByPolicy", "createdDateTime": now, "startDateTime": now,
        "isUsableOnce": body.get("isUsableOnce").and_then(Value::as_bool).unwrap_or_default(),
        "lifetimeInMinutes": body.get("lifetimeInMinutes").and_then(Value::as_i64).unwrap_or(60),
        "temporaryAccessPass": null,
    });
    state.directory.methods.entry(id.clone()).or_default().push(method.clone());
    record(request, state, &user, &method, "registered");
    // Shown once.
    let mut shown = Set::plain(TEMPORARY).object(
        request,
        state,
        &context(&user, "temporaryAccessPassMethods"),
        &method,
    )?;
    if let Some(map) = shown.as_object_mut() {
        map.insert("temporaryAccessPass".into(), pass.into());
    }
    let method_id = text(&method, "id").unwrap_or_default();
    let location =
        request.location(&format!("users/{id}/authentication/temporaryAccessPassMethods"), method_id);
    Ok(Answer::created(shown, location))
}

fn record(request: &Request, state: &mut State, user: &Value, method: &Value, done: &str) {
    let own = request.caller.user.as_ref().is_some_and(|u| Some(u.id.as_str()) == text(user, "id"));
    let activity = format!("{} {done} security info", if own { "User" } else { "Admin" });
    let target = Target::object("User", user).change(
        "StrongAuthenticationMethod",
        method.get("id").filter(|_| done == "deleted").cloned(),
        method.get("id").filter(|_| done != "deleted").cloned(),
    );
    state.audit_of(
        "Authentication Methods",
        &request.caller,
        &activity,
        "UserManagement",
        vec![target],
        Ok(()),
    );
}
