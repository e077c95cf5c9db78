//! What tokens say.

use super::{Asked, LoginError};
use crate::caller::Audience;
use crate::state::hidden::{Client, RefreshGrant, Session};
use crate::state::ids::random;
use crate::state::{Emulated, State, text};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Seconds that an access token lives.
const LIFE: i64 = 3600;
/// Directory role template that every user's token carries.
const EVERY_USER: &str = "b79fbf4d-3ef9-4689-8143-76b194e85509";

/// A successful answer of the token endpoint, and the unique id of its access token for the log.
pub(crate) struct Issued {
    pub(crate) body: Value,
}

/// Words for the log and the claims: how somebody signed in.
pub(crate) fn amr(methods: &[String]) -> Vec<&'static str> {
    let has = |name: &str| methods.iter().any(|m| m == name);
    let mut amr = Vec::new();
    if has("password") || has("federatedSingleFactor") {
        amr.push("pwd");
    }
    if has("fido2") {
        amr.extend(["fido", "mfa"]);
    }
    amr
}

fn unique() -> String {
    URL_SAFE_NO_PAD.encode(random::<16>())
}

fn pairwise(user: &str, app: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{user} {app}")))
}

fn failed(detail: String) -> LoginError {
    LoginError { status: 500, ..LoginError::new("server_error", 0, detail) }
}

/// An access token of an application for itself.
pub(crate) fn for_application(
    emulated: &Emulated,
    state: &State,
    client: &Client,
    asked: &Asked,
    certificate: bool,
) -> Result<Issued, LoginError> {
    let now = state.now().as_second();
    let mut claims = json!({
        "aud": asked.audience, "iss": format!("https://sts.windows.net/{}/", state.tenant_id),
        "iat": now, "nbf": now, "exp": now + LIFE, "app_displayname": client.name, "appid": client.app_id,
        "appidacr": if certificate { "2" } else { "1" }, "idp": format!("https://sts.windows.net/{}/", state.tenant_id),
        "idtyp": "app", "oid": client.service_principal, "sub": client.service_principal, "tid": state.tenant_id,
        "uti": unique(), "ver": "1.0", "wids": ["0997a1d0-0d1d-4acb-b408-d5ca73121e90"],
    });
    if let (Audience::Graph, Some(map)) = (asked.service, claims.as_object_mut()) {
        map.insert("roles".into(), client.roles.clone().into());
    }
    let token = emulated.keys().sign(&claims).map_err(failed)?;
    let body = json!({ "token_type": "Bearer", "expires_in": LIFE - 1, "ext_expires_in": LIFE - 1, "access_token": token });
    Ok(Issued { body })
}

/// Access, id and refresh token of a signed-in user.
pub(crate) fn for_user(
    emulated: &Emulated,
    state: &mut State,
    client: &Client,
    session: &Session,
    asked: &Asked,
    nonce: Option<&str>,
) -> Result<Issued, LoginError> {
    let now = state.now();
    let at = now.as_second();
    let user = state.directory.users.get(&session.user).ok_or_else(|| LoginError::grant(50_034))?;
    let of_user = |name: &str| text(user, name).unwrap_or_default().to_owned();
    let (id, upn, name) = (of_user("id"), of_user("userPrincipalName"), of_user("displayName"));
    let mut wids: Vec<String> = state.directory.roles_of(&session.user).into_iter().collect();
    wids.push(EVERY_USER.into());
    let granted = granted(client, asked);
    let (scp, scope) = match asked.service {
        Audience::Graph => (
            format!("email openid profile {}", granted.join(" ")),
            granted.iter().map(|p| format!("{}/{p}", asked.audience)).collect::<Vec<_>>().join(" "),
        ),
        Audience::Arm => ("user_impersonation".into(), format!("{}/user_impersonation", asked.audience)),
    };
    let mut claims = json!({
        "aud": asked.audience, "iss": format!("https://sts.windows.net/{}/", state.tenant_id),
        "iat": at, "nbf": at, "exp": at + LIFE, "acct": 0, "acr": "1", "amr": amr(&session.methods),
        "app_displayname": client.name, "appid": client.app_id, "appidacr": "0", "auth_time": session.signed_in_at.as_second(),
        "idtyp": "user", "ipaddr": state.client_context.ip, "name": name, "oid": id, "scp": scp.trim(), "sid": session.id,
        "sub": pairwise(&id, &asked.audience), "tid": state.tenant_id, "unique_name": upn, "upn": upn,
        "uti": unique(), "ver": "1.0", "wids": wids,
    });
    if let Some(map) = claims.as_object_mut() {
        map.insert("xms_st".into(), json!({ "sub": pairwise(&id, &client.app_id) }));
    }
    let access = emulated.keys().sign(&claims).map_err(failed)?;
    let id_token = emulated
        .keys()
        .sign(&json!({
            "aud": client.app_id, "iss": format!("{}/{}/v2.0", emulated.origins().login, state.tenant_id),
            "iat": at, "nbf": at, "exp": at + LIFE, "name": name, "nonce": nonce, "oid": id,
            "preferred_username": upn, "sid": session.id, "sub": pairwise(&id, &client.app_id),
            "tid": state.tenant_id, "upn": upn, "uti": unique(), "ver": "2.0",
        }))
        .map_err(failed)?;
    let uid = URL_SAFE_NO_PAD.encode(json!({ "uid": id, "utid": state.tenant_id }).to_string());
    let mut body = json!({
        "token_type": "Bearer", "scope": format!("{scope} openid profile email"), "expires_in": LIFE - 1,
        "ext_expires_in": LIFE - 1, "access_token": access, "id_token": id_token, "client_info": uid,
    });
    if asked.refresh {
        let token = format!("1.{}", URL_SAFE_NO_PAD.encode(random::<32>()));
        let grant = RefreshGrant { user: session.user.clone(), session: session.clone(), issued_at: now };
        state.hidden.refresh_tokens.insert(token.clone(), grant);
        if let Some(map) = body.as_object_mut() {
            map.insert("refresh_token".into(), token.into());
        }
    }
    Ok(Issued { body })
}

/// The delegated permissions of a token: everything that the client has, or what it asks for of that.
fn granted(client: &Client, asked: &Asked) -> Vec<String> {
    let oidc = ["openid", "profile", "email", "offline_access"];
    let wanted: Vec<String> =
        asked.permissions.iter().filter(|p| !oidc.contains(&p.as_str())).cloned().collect();
    if client.scopes.is_empty() {
        return if wanted.is_empty() { vec!["User.Read".into()] } else { wanted };
    }
    if wanted.is_empty() {
        return client.scopes.clone();
    }
    let has = |p: &String| client.scopes.iter().any(|s| s.eq_ignore_ascii_case(p));
    // A first-party client's token always carries all of its permissions; what it does not have, nobody can consent to.
    if wanted.iter().any(has) { client.scopes.clone() } else { vec!["User.Read".into()] }
}
