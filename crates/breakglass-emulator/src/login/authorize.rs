//! Where a sign-in begins: the authorize endpoint, and the page for device codes.

use super::steps::{Walk, back};
use super::{Pending, Purpose, correlation, pages};
use crate::mandatory_mfa;
use crate::state::ids::random;
use crate::state::{Shared, State as Tenant};
use crate::token::{Asked, LoginError, clients, is_tenant};
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use std::collections::BTreeMap;

type Fields = BTreeMap<String, String>;

/// How long the pages of one sign-in may be left open.
const PATIENCE: SignedDuration = SignedDuration::from_mins(30);

/// `GET /{tenant}/oauth2/v2.0/authorize`.
pub(crate) async fn begin(
    State(shared): State<Shared>,
    Path(tenant): Path<String>,
    Query(query): Query<Fields>,
    headers: HeaderMap,
) -> Response {
    let correlation_id = correlation(&headers, &query);
    let mut state = shared.lock();
    match pending(&state, &shared, &tenant, &query, &headers, &correlation_id) {
        // Nothing is kept between sign-ins, so nobody gets in without being asked.
        Ok(Pending { purpose: Purpose::Code { redirect_uri, state: token, fragment, .. }, .. })
            if query.get("prompt").is_some_and(|p| p == "none") =>
        {
            let mut fields = vec![
                ("error", "login_required".to_owned()),
                ("error_description", "AADSTS50058: nobody is signed in here.".to_owned()),
            ];
            fields.extend(token.map(|s| ("state", s)));
            back(&redirect_uri, fragment, &fields)
        }
        Ok(pending) => {
            let id = keep(&mut state, pending);
            Walk { shared: &shared, state: &mut state, tenant: &tenant, id: &id }.ask()
        }
        // Without a client and a redirect address that can be trusted, nothing is sent anywhere.
        Err(error) => pages::failure(error.code, &error.sentence(), &correlation_id),
    }
}

/// Keeps a sign-in under a fresh secret; forgets those that were left open.
fn keep(state: &mut Tenant, pending: Pending) -> String {
    let now = state.now();
    state.hidden.sign_ins.retain(|_, p| p.expires_at > now);
    let id = URL_SAFE_NO_PAD.encode(random::<24>());
    state.hidden.sign_ins.insert(id.clone(), pending);
    id
}

fn pending(
    state: &Tenant,
    shared: &Shared,
    tenant: &str,
    query: &Fields,
    headers: &HeaderMap,
    correlation_id: &str,
) -> Result<Pending, LoginError> {
    let field = |name: &str| query.get(name).filter(|v| !v.is_empty()).cloned();
    let needed = |name: &str| field(name).ok_or_else(|| LoginError::request(90_014, format!("`{name}`")));
    if !is_tenant(state, tenant) {
        return Err(LoginError::tenant(tenant));
    }
    let client_id = needed("client_id")?;
    let client = clients::find(state, &client_id)
        .ok_or_else(|| LoginError::new("unauthorized_client", 700_016, format!("`{client_id}`")))?;
    let redirect_uri = needed("redirect_uri")?;
    if !may_redirect(&redirect_uri) {
        return Err(LoginError::request(50_011, format!("`{redirect_uri}`")));
    }
    if needed("response_type")? != "code" {
        return Err(LoginError::request(700_054, "the response type is not `code`"));
    }
    if query.get("code_challenge_method").is_some_and(|m| m != "S256") {
        return Err(LoginError::request(501_491, "the code challenge method is not `S256`"));
    }
    let scope = needed("scope")?;
    let asked = Asked::read(&scope, shared.origins())?;
    let purpose = Purpose::Code {
        redirect_uri,
        state: field("state"),
        challenge: field("code_challenge"),
        nonce: field("nonce"),
        fragment: query.get("response_mode").is_some_and(|m| m == "fragment"),
    };
    let mut pending = fresh(state, &client.app_id, purpose, &asked, scope, headers, correlation_id);
    pending.strong = field("claims").is_some_and(|c| mandatory_mfa::is_asked_for(&c));
    if let Some(hint) = field("login_hint") {
        pending.is_called(state, &hint);
    }
    Ok(pending)
}

fn fresh(
    state: &Tenant,
    client_id: &str,
    purpose: Purpose,
    asked: &Asked,
    scope: String,
    headers: &HeaderMap,
    correlation_id: &str,
) -> Pending {
    let user_agent = headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    Pending {
        client_id: client_id.to_owned(),
        purpose,
        service: asked.service,
        scopes: asked.kind(),
        scope,
        correlation_id: correlation_id.to_owned(),
        user_agent: user_agent.to_owned(),
        strong: false,
        name: String::new(),
        user: String::new(),
        methods: Vec::new(),
        aaguid: None,
        challenge: random::<32>().to_vec(),
        expires_at: state.clock.after(PATIENCE),
    }
}

/// Loopback addresses with any port and path, and the address of clients without one. Nothing here leaves the machine.
fn may_redirect(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once("://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let name =
        host.strip_prefix("[::1]").map_or_else(|| host.split(':').next().unwrap_or_default(), |_| "[::1]");
    matches!(scheme, "http" | "https")
        && (matches!(name, "localhost" | "127.0.0.1" | "[::1]")
            || uri == "https://login.microsoftonline.com/common/oauth2/nativeclient")
}

/// `GET /{tenant}/oauth2/deviceauth`: asks for the code that a device shows.
pub(crate) async fn device(Path(tenant): Path<String>) -> Response {
    pages::device(&tenant, None)
}

/// `POST /{tenant}/oauth2/deviceauth`.
pub(crate) async fn device_entered(
    State(shared): State<Shared>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Response {
    let typed: String = fields.get("otc").map(String::as_str).unwrap_or_default().trim().to_ascii_uppercase();
    let mut state = shared.lock();
    let now = state.now();
    let found = state
        .hidden
        .device_codes
        .iter()
        .find(|(_, g)| g.user_code == typed && g.expires_at > now && g.session.is_none())
        .map(|(code, grant)| (code.clone(), grant.clone()));
    let Some((code, grant)) = found else {
        return pages::device(&tenant, Some("no device waits with this code"));
    };
    let asked = match Asked::read(&grant.scope, shared.origins()) {
        Ok(asked) => asked,
        Err(error) => return pages::failure(error.code, &error.sentence(), ""),
    };
    let correlation_id = correlation(&headers, &Fields::new());
    let purpose = Purpose::Device { code };
    let pending = fresh(&state, &grant.client_id, purpose, &asked, grant.scope, &headers, &correlation_id);
    let id = keep(&mut state, pending);
    Walk { shared: &shared, state: &mut state, tenant: &tenant, id: &id }.ask()
}

#[cfg(test)]
mod tests {
    use super::may_redirect;

    #[test]
    fn only_loopback_gets_a_code() {
        for (uri, may) in [
            ("http://localhost:8400", true),
            ("http://localhost", true),
            ("http://127.0.0.1:1/x?y", true),
            ("http://[::1]:1/", true),
            ("https://login.microsoftonline.com/common/oauth2/nativeclient", true),
            ("http://localhost.example.org", false),
            ("http://localhost@example.org", false),
            ("https://example.org/localhost", false),
            ("javascript://localhost", false),
            ("", false),
        ] {
            assert_eq!(may_redirect(uri), may, "{uri}");
        }
    }
}
