//! A browser without a person: fills in the login's own forms, for rehearsals and drills on emulated tenants.
//!
//! It knows no shortcut: it gets the same pages as a person's browser, keeps cookies, and answers the passkey question
//! with a [`breakglass_ops::port::SecurityKey`]. What the page asks for and the credential cannot give ends the sign-in.

use crate::forms::{Form, Page};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use breakglass_model::Secret;
use breakglass_ops::port::{Browser, BrowserError, Credential, SecurityKey};
use reqwest::{StatusCode, Url, header};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// More pages than any login asks for.
const MOST_PAGES: usize = 16;

/// A scripted browser with one credential. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct ScriptedBrowser {
    http: reqwest::Client,
    credential: Credential,
}

/// Why there is no browser.
#[derive(Debug, thiserror::Error)]
pub enum BrowserSetupError {
    /// The CA bundle cannot be used.
    #[error("CA bundle `{}` cannot be used: {detail}; give a PEM file with the certificate authority of the login", .file.display())]
    CaBundle {
        /// Which file.
        file: PathBuf,
        /// Why.
        detail: String,
    },
    /// The HTTP client cannot be set up.
    #[error("the browser's HTTP client cannot be set up: {0}")]
    Http(#[from] reqwest::Error),
}

impl ScriptedBrowser {
    /// A browser that trusts `ca_bundle` beside the platform's authorities.
    ///
    /// # Errors
    /// [`BrowserSetupError`].
    pub fn new(ca_bundle: Option<&Path>, credential: Credential) -> Result<Self, BrowserSetupError> {
        let mut builder = reqwest::Client::builder()
            // A desktop browser on Windows: Conditional Access judges the platform by this.
            .user_agent("Mozilla/5.0 (Windows NT 10.0; Win64; x64) breakglass-rehearsal")
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(Duration::from_secs(60));
        if let Some(file) = ca_bundle {
            let wrong = |detail: String| BrowserSetupError::CaBundle { file: file.to_owned(), detail };
            let bytes = std::fs::read(file).map_err(|e| wrong(e.to_string()))?;
            let found = reqwest::Certificate::from_pem_bundle(&bytes).map_err(|e| wrong(e.to_string()))?;
            if found.is_empty() {
                return Err(wrong("there is no certificate in it".into()));
            }
            builder = builder.tls_certs_merge(found);
        }
        Ok(Self { http: builder.build()?, credential })
    }
}

#[async_trait]
impl Browser for ScriptedBrowser {
    async fn sign_in(&self, authorize_url: &str, redirect_uri: &str) -> Result<String, BrowserError> {
        let start = Url::parse(authorize_url).map_err(|e| failed(format!("`{authorize_url}` is not an address: {e}")))?;
        let hint = start.query_pairs().find(|(k, _)| k == "login_hint").map(|(_, v)| v.into_owned());
        let mut visit = Visit { browser: self, url: start.clone(), cookies: BTreeMap::new(), redirect_uri, hint };
        let mut answer = visit.get(start).await?;
        for _ in 0..MOST_PAGES {
            match answer {
                Answer::Back(address) => return Ok(address),
                Answer::Page(html) => answer = visit.fill_in(&Page::read(&html)).await?,
            }
        }
        Err(failed(format!("the login asked for more than {MOST_PAGES} pages")))
    }
}

fn failed(detail: impl Into<String>) -> BrowserError {
    BrowserError::Failed(detail.into())
}

fn refused(detail: &str) -> BrowserError {
    BrowserError::Refused { code: None, detail: detail.into() }
}

enum Answer {
    /// The redirect address, with `code` or `error`.
    Back(String),
    /// Another page.
    Page(String),
}

struct Visit<'a> {
    browser: &'a ScriptedBrowser,
    url: Url,
    cookies: BTreeMap<String, Secret>,
    redirect_uri: &'a str,
    hint: Option<String>,
}

impl Visit<'_> {
    async fn get(&mut self, url: Url) -> Result<Answer, BrowserError> {
        self.url = url.clone();
        let request = self.browser.http.get(url);
        self.follow(request).await
    }

    /// Sends, keeps cookies, and follows redirects until there is a page or the redirect address.
    async fn follow(&mut self, request: reqwest::RequestBuilder) -> Result<Answer, BrowserError> {
        let mut request = request;
        for _ in 0..MOST_PAGES {
            let jar: Vec<String> = self.cookies.iter().map(|(k, v)| format!("{k}={}", v.danger_reveal())).collect();
            if !jar.is_empty() {
                request = request.header(header::COOKIE, jar.join("; "));
            }
            // The error of the HTTP client would repeat the address, and that may carry a code.
            let response = request.send().await.map_err(|e| failed(e.without_url().to_string()))?;
            for cookie in response.headers().get_all(header::SET_COOKIE) {
                let pair = cookie.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
                if let Some((name, value)) = pair.split_once('=') {
                    self.cookies.insert(name.trim().into(), Secret::new(value.trim()));
                }
            }
            let status = response.status();
            if !status.is_redirection() {
                let html = response.text().await.map_err(|e| failed(e.without_url().to_string()))?;
                return page(status, html);
            }
            let location = response.headers().get(header::LOCATION).and_then(|l| l.to_str().ok()).unwrap_or_default();
            if self.is_back(location) {
                return Ok(Answer::Back(location.into()));
            }
            self.url = self.url.join(location).map_err(|e| failed(format!("the login redirects to nowhere: {e}")))?;
            request = self.browser.http.get(self.url.clone());
        }
        Err(failed("the login redirects in a circle"))
    }

    fn is_back(&self, location: &str) -> bool {
        let tail = location.strip_prefix(self.redirect_uri).map(|t| t.trim_start_matches('/'));
        tail.is_some_and(|t| t.is_empty() || t.starts_with(['?', '#']))
    }

    async fn fill_in(&mut self, page: &Page) -> Result<Answer, BrowserError> {
        if let Some((code, detail)) = &page.error {
            return Err(BrowserError::Refused { code: *code, detail: detail.clone() });
        }
        let form = |step: &str| page.forms.iter().find(|f| f.step() == step);
        let credential = self.browser.credential.clone();
        match (form("username"), form("password"), form("passkey"), credential) {
            (Some(form), ..) => {
                let hint = self.hint.clone().ok_or_else(|| failed("the login asks who it is, and there is no login hint"))?;
                self.submit(form, &[("login", &Secret::new(hint))]).await
            }
            (_, Some(form), _, Credential::Password(password) | Credential::PasswordAndPasskey(password, _)) => {
                self.submit(form, &[("passwd", &password)]).await
            }
            (_, Some(_), _, Credential::Passkey(_)) => {
                let instead = form("use-passkey").ok_or_else(|| refused("the login asks for a password and takes no passkey"))?;
                self.submit(instead, &[]).await
            }
            (_, _, Some(form), Credential::Passkey(key) | Credential::PasswordAndPasskey(_, key)) => {
                let assertion = self.answer_passkey(form, &key).await?;
                self.submit(form, &[("assertion", &assertion)]).await
            }
            (_, _, Some(_), Credential::Password(_)) => Err(refused("the login asks for a passkey after the password")),
            (None, None, None, _) => {
                let steps: Vec<_> = page.forms.iter().map(Form::step).collect();
                Err(failed(format!("the login shows a page that is not understood (forms: {steps:?})")))
            }
        }
    }

    async fn answer_passkey(&self, form: &Form, key: &Arc<dyn SecurityKey>) -> Result<Secret, BrowserError> {
        let options = form.attributes.get("data-public-key").map(String::as_str).unwrap_or_default();
        let options: Value = serde_json::from_str(options).map_err(|e| failed(format!("the passkey question is not JSON: {e}")))?;
        let text = |name: &str| options.get(name).and_then(Value::as_str).unwrap_or_default();
        let challenge = URL_SAFE_NO_PAD
            .decode(text("challenge").trim_end_matches('='))
            .map_err(|_| failed("the passkey question has no usable challenge"))?;
        let origin = self.url.origin().ascii_serialization();
        // A browser answers only for the page's own domain.
        let host = self.url.host_str().unwrap_or_default();
        let rp_id = text("rpId");
        if rp_id != host && !host.ends_with(&format!(".{rp_id}")) {
            return Err(failed(format!("the login at `{host}` asks for a passkey of `{rp_id}`")));
        }
        let made = key.assert(rp_id, &challenge, &origin).await.map_err(|e| failed(e.to_string()))?;
        let allowed = options.get("allowCredentials").and_then(Value::as_array).into_iter().flatten();
        let allowed: Vec<_> = allowed.filter_map(|c| c.get("id")?.as_str()).collect();
        if !allowed.is_empty() && !allowed.contains(&made.credential_id.as_str()) {
            return Err(refused("none of the account's passkeys is on this key"));
        }
        let assertion = json!({
            "id": made.credential_id, "rawId": made.credential_id, "type": "public-key",
            "response": {
                "clientDataJSON": made.client_data_json, "authenticatorData": made.authenticator_data,
                "signature": made.signature, "userHandle": made.user_handle,
            },
        });
        Ok(Secret::new(assertion.to_string()))
    }

    async fn submit(&mut self, form: &Form, fill: &[(&str, &Secret)]) -> Result<Answer, BrowserError> {
        let action = form.attributes.get("action").map(String::as_str).unwrap_or_default();
        let url = self.url.join(action).map_err(|e| failed(format!("a form of the login leads nowhere: {e}")))?;
        if url.origin() != self.url.origin() {
            return Err(failed(format!("a form of the login leads to another place: `{}`", url.origin().ascii_serialization())));
        }
        let mut fields: Vec<(&str, &str)> = form
            .inputs
            .iter()
            .filter(|(name, _)| !fill.iter().any(|(n, _)| n == name))
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        fields.extend(fill.iter().map(|(name, value)| (*name, value.danger_reveal())));
        let request = self.browser.http.post(url.clone()).form(&fields);
        self.url = url;
        self.follow(request).await
    }
}

fn page(status: StatusCode, html: String) -> Result<Answer, BrowserError> {
    // Entra answers refusals with pages of many statuses; a page with words of its own is read.
    let says = Page::read(&html);
    if status.is_success() || says.error.is_some() || !says.forms.is_empty() {
        Ok(Answer::Page(html))
    } else {
        Err(failed(format!("it answers {status}")))
    }
}
