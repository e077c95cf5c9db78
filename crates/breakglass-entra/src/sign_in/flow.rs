//! The flow: authorize address out, redirect address in, code redeemed.

use crate::answer::one_line;
use crate::client::EntraClient;
use crate::endpoints::Service;
use crate::error::TokenError;
use crate::outgoing::percent;
use crate::tenant::EntraTenant;
use crate::token::{Grant, RefreshToken, aadsts, claims, redeem};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use breakglass_model::{ObjectId, Secret};
use breakglass_ops::port::{Browser, BrowserError, SignInFlow, UserSession};
use reqwest::Url;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The client id of Azure CLI: a public client that every tenant knows and that has Graph and ARM, so that emergency
/// access needs no app registration of ours.
pub const AZURE_CLI: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/// Authorization code with PKCE (S256) and state, for a public client with a loopback redirect.
pub struct AuthorizationCodeFlow {
    client: Arc<EntraClient>,
    client_id: String,
    redirect_port: Option<u16>,
}

impl AuthorizationCodeFlow {
    /// As Azure CLI, with a free loopback port for each sign-in.
    #[must_use]
    pub fn new(client: Arc<EntraClient>) -> Self {
        Self { client, client_id: AZURE_CLI.into(), redirect_port: None }
    }

    /// As another public client; its registration must allow `http://localhost`.
    #[must_use]
    pub fn with_client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = client_id.into();
        self
    }

    /// With a fixed redirect port, where a firewall or a tunnel asks for one.
    #[must_use]
    pub fn with_redirect_port(mut self, port: u16) -> Self {
        self.redirect_port = Some(port);
        self
    }

    async fn redirect_uri(&self) -> Result<String, BrowserError> {
        let port = match self.redirect_port {
            Some(port) => port,
            // Entra compares loopback redirects without their port (RFC 8252), so that any free one will do.
            None => tokio::net::TcpListener::bind(("127.0.0.1", 0))
                .await
                .and_then(|listener| listener.local_addr())
                .map_err(|e| BrowserError::Failed(format!("no free loopback port for the redirect: {e}")))?
                .port(),
        };
        Ok(format!("http://localhost:{port}"))
    }

    fn scope(&self) -> String {
        format!("{} offline_access openid profile", self.client.endpoints().scope(Service::Graph))
    }

    fn authorize_url(&self, upn: &str, attempt: &Attempt) -> String {
        let mut url = self.client.endpoints().authorize_url(self.client.tenant());
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(attempt.verifier.danger_reveal()));
        let mut separator = '?';
        for (name, value) in [
            ("client_id", self.client_id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", &attempt.redirect_uri),
            ("response_mode", "query"),
            ("scope", &self.scope()),
            ("state", &attempt.state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("login_hint", upn),
            // A break-glass account is never the one that happens to be signed in at this browser.
            ("prompt", "login"),
            ("client-request-id", &attempt.correlation_id),
        ] {
            url.push(separator);
            url.push_str(name);
            url.push('=');
            percent(value, &mut url, "");
            separator = '&';
        }
        url
    }
}

/// What belongs to one sign-in.
struct Attempt {
    redirect_uri: String,
    state: String,
    verifier: Secret,
    correlation_id: String,
}

#[async_trait]
impl SignInFlow for AuthorizationCodeFlow {
    async fn sign_in(&self, upn: &str, browser: &dyn Browser) -> Result<UserSession, BrowserError> {
        let attempt = Attempt {
            redirect_uri: self.redirect_uri().await?,
            state: URL_SAFE_NO_PAD.encode(self.client.random::<32>()),
            verifier: Secret::new(URL_SAFE_NO_PAD.encode(self.client.random::<32>())),
            correlation_id: self.client.fresh_id(),
        };
        let back = browser.sign_in(&self.authorize_url(upn, &attempt), &attempt.redirect_uri).await?;
        let code = code_from(&back, &attempt.redirect_uri, &attempt.state)?;
        let fields = [
            ("client_id", self.client_id.as_str()),
            ("grant_type", "authorization_code"),
            ("redirect_uri", &attempt.redirect_uri),
            ("scope", &self.scope()),
        ];
        let secrets = [("code", &code), ("code_verifier", &attempt.verifier)];
        let grant = redeem(&self.client, upn, &fields, &secrets).await.map_err(refused)?;
        let user = self.user_of(upn, &grant)?;
        let source = RefreshToken::new(self.client.clone(), self.client_id.clone(), upn, grant.refresh);
        // ARM's token is fetched when ARM is first asked: a sign-in does not fail because Azure does.
        let tenant = EntraTenant::with_graph_token(self.client.clone(), Arc::new(source), grant.access).await;
        Ok(UserSession { user, correlation_id: attempt.correlation_id, tenant: Arc::new(tenant) })
    }
}

impl AuthorizationCodeFlow {
    /// Who signed in, and that it is the one who was meant, in the tenant that was meant.
    fn user_of(&self, upn: &str, grant: &Grant) -> Result<ObjectId, BrowserError> {
        let token = grant.id_token.as_ref().unwrap_or(&grant.access.secret);
        let claims = claims(token)
            .map_err(|e| BrowserError::Failed(format!("the login's token was not understood: {e}")))?;
        let text = |name: &str| claims.get(name).and_then(serde_json::Value::as_str);
        let failed = |detail: String| Err(BrowserError::Failed(detail));
        let tenant = self.client.tenant();
        match text("tid") {
            Some(tid) if tid.eq_ignore_ascii_case(tenant.as_str()) => {}
            Some(tid) => {
                return failed(format!("signed in to tenant `{}`, not to `{tenant}`", one_line(tid)));
            }
            None => return failed("the login's token names no tenant (`tid`)".into()),
        }
        let name = text("preferred_username").or_else(|| text("upn")).or_else(|| text("unique_name"));
        if let Some(name) = name.filter(|name| !name.eq_ignore_ascii_case(upn)) {
            return failed(format!(
                "`{}` signed in, not `{upn}`; use a private browser window",
                one_line(name)
            ));
        }
        match text("oid") {
            Some(oid) => Ok(ObjectId::new(oid)),
            None => failed("the login's token names no user (`oid`)".into()),
        }
    }
}

/// The code in a redirect address, once it is ours: same place, same state.
fn code_from(address: &str, redirect_uri: &str, state: &str) -> Result<Secret, BrowserError> {
    let failed = |detail: &str| BrowserError::Failed(detail.to_owned());
    let url =
        Url::parse(address).map_err(|_| failed("the browser came back with something that is no address"))?;
    let expected = Url::parse(redirect_uri).map_err(|_| failed("the redirect address is no address"))?;
    if url.origin() != expected.origin() || url.path() != expected.path() {
        return Err(failed("the browser came back at another place than the redirect address"));
    }
    let fields: BTreeMap<_, _> = url.query_pairs().collect();
    if fields.get("state").is_none_or(|s| s != state) {
        return Err(failed("the redirect does not belong to this sign-in (`state` differs); try again"));
    }
    if let Some(error) = fields.get("error") {
        let words = fields.get("error_description").map_or("", |d| d.as_ref());
        let detail = one_line(&format!("{error}: {words}"));
        return Err(BrowserError::Refused { code: aadsts(&detail), detail });
    }
    match fields.get("code") {
        Some(code) if !code.is_empty() => Ok(Secret::new(code.as_ref())),
        _ => Err(failed("the redirect carries neither `code` nor `error`")),
    }
}

fn refused(error: TokenError) -> BrowserError {
    match &error {
        TokenError::Refused { code, .. } => BrowserError::Refused { code: *code, detail: error.to_string() },
        _ => BrowserError::Failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_redirect_gives_a_code() {
        for (address, result) in [
            ("http://localhost:7/?code=abc&state=s", "abc"),
            ("http://localhost:7?state=s&code=a%2Bb", "a+b"),
            ("http://localhost:7/?code=abc&state=t", "state"),
            ("http://localhost:7/?code=abc", "state"),
            ("http://localhost:8/?code=abc&state=s", "another place"),
            ("http://localhost:7/x?code=abc&state=s", "another place"),
            ("http://localhost:7/?code=&state=s", "neither"),
            ("nonsense", "no address"),
            (
                "http://localhost:7/?error=access_denied&error_description=AADSTS53003%3A%20Blocked&state=s",
                "53003",
            ),
        ] {
            let text = match code_from(address, "http://localhost:7", "s") {
                Ok(code) => code.danger_reveal().to_owned(),
                Err(BrowserError::Refused { code, detail }) => format!("{code:?} {detail}"),
                Err(error) => error.to_string(),
            };
            assert!(text.contains(result), "{address}: {text}");
        }
    }
}
