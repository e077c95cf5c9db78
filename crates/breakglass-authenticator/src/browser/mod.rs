//! A browser that fills in the login's own forms, for rehearsals: no script, no rendering, no person.

mod cookies;
mod entities;
mod html;
mod page;
mod visit;

use crate::origin::origin;
use async_trait::async_trait;
use breakglass_model::Secret;
use breakglass_ops::port::{Browser, BrowserError, Credential, SecurityKey};
use page::{Form, Page};
use reqwest::Url;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use visit::{Next, Visit};

/// More pages than any sign-in has.
const MOST_PAGES: usize = 12;
/// Time for a connection, TLS included.
const CONNECT: Duration = Duration::from_secs(10);
/// Time for one page.
const WHOLE: Duration = Duration::from_secs(60);

/// Why the browser cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum BrowserSetupError {
    /// The certificates of the private authority.
    #[error("the certificate bundle `{file}` cannot be used: {detail}")]
    CaBundle {
        /// Which file, or `given certificates`.
        file: String,
        /// Why.
        detail: String,
    },
    /// The HTTP client.
    #[error("the HTTP client cannot be set up: {0}")]
    Http(String),
}

/// Signs in at the login's pages with a [`Credential`]: user name, password and passkey steps, told apart by the forms'
/// `data-step`. Each sign-in is a private window of its own, and ends at the redirect address.
///
/// The password goes to the origin of the authorize address alone; a passkey is bound to the page that asks for it by
/// the key itself. A page that asks for anything else ends the sign-in.
pub struct ScriptedBrowser {
    client: reqwest::Client,
    credential: Credential,
    plain_loopback: bool,
}

impl ScriptedBrowser {
    /// With the certificates of a private authority in a PEM file trusted beside those of the platform.
    ///
    /// # Errors
    /// [`BrowserSetupError`] when the file cannot be read or holds no certificate.
    pub fn new(ca_bundle: Option<&Path>, credential: Credential) -> Result<Self, BrowserSetupError> {
        let read = |file: &Path| {
            let name = file.display().to_string();
            match std::fs::read(file) {
                Ok(pem) => Ok((name, pem)),
                Err(e) => Err(BrowserSetupError::CaBundle { file: name, detail: e.to_string() }),
            }
        };
        Self::build(ca_bundle.map(read).transpose()?, credential)
    }

    /// As [`ScriptedBrowser::new`], with the certificates themselves.
    ///
    /// # Errors
    /// [`BrowserSetupError`] when there is no certificate in it.
    pub fn with_ca_pem(pem: &[u8], credential: Credential) -> Result<Self, BrowserSetupError> {
        Self::build(Some(("given certificates".to_owned(), pem.to_vec())), credential)
    }

    fn build(ca: Option<(String, Vec<u8>)>, credential: Credential) -> Result<Self, BrowserSetupError> {
        let mut builder = reqwest::Client::builder()
            // A desktop browser on Windows, since Conditional Access takes the platform from here; the rest is for logs.
            .user_agent("Mozilla/5.0 (Windows NT 10.0; Win64; x64) breakglass-rehearsal")
            // Redirects are followed here, where it is known which of them is the end.
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(CONNECT)
            .timeout(WHOLE);
        if let Some((file, pem)) = ca {
            let wrong = |detail: String| BrowserSetupError::CaBundle { file: file.clone(), detail };
            let certificates = reqwest::Certificate::from_pem_bundle(&pem).map_err(|e| wrong(causes(&e)))?;
            if certificates.is_empty() {
                return Err(wrong("there is no certificate in it".into()));
            }
            builder = builder.tls_certs_merge(certificates);
        }
        let client = builder.build().map_err(|e| BrowserSetupError::Http(causes(&e)))?;
        Ok(Self { client, credential, plain_loopback: false })
    }

    /// Accepts pages over plain HTTP on this machine, for tests: the password is on the wire as it is.
    #[must_use]
    pub fn danger_plain_loopback(mut self) -> Self {
        self.plain_loopback = true;
        self
    }

    fn password(&self) -> Option<&Secret> {
        match &self.credential {
            Credential::Password(password) | Credential::PasswordAndPasskey(password, _) => Some(password),
            Credential::Passkey(_) => None,
        }
    }

    fn key(&self) -> Option<&Arc<dyn SecurityKey>> {
        match &self.credential {
            Credential::Passkey(key) | Credential::PasswordAndPasskey(_, key) => Some(key),
            Credential::Password(_) => None,
        }
    }
}

#[async_trait]
impl Browser for ScriptedBrowser {
    async fn sign_in(&self, authorize_url: &str, redirect_uri: &str) -> Result<String, BrowserError> {
        let start = Url::parse(authorize_url)
            .map_err(|e| BrowserError::Failed(format!("the authorize address cannot be used: {e}")))?;
        let login = origin(&start);
        let hint =
            start.query_pairs().find(|(name, _)| name == "login_hint").map(|(_, value)| value.into_owned());
        let mut visit = Visit::new(&self.client, self.plain_loopback, redirect_uri)?;
        let mut next = visit.get(start).await?;
        let mut done: Vec<String> = Vec::new();
        for _ in 0..MOST_PAGES {
            let page = match next {
                Next::Arrived(address) => return Ok(address),
                Next::Page(page) => page,
            };
            if let Some(error) = &page.error {
                return Err(BrowserError::Refused { code: error.code, detail: error.text.clone() });
            }
            if !page.ok {
                return Err(BrowserError::Failed(format!(
                    "the login answered {} without saying why at `{}`",
                    page.status,
                    page.place()
                )));
            }
            let form = self.choose(&page)?;
            if done.contains(&form.step) {
                return Err(BrowserError::Failed(format!(
                    "the login asks for step `{}` a second time",
                    form.step
                )));
            }
            done.push(form.step.clone());
            let filled = self.fill(&page, form, &login, hint.as_deref()).await?;
            next = visit.submit(&page, form, filled).await?;
        }
        Err(BrowserError::Failed(format!("the login has not ended after {MOST_PAGES} pages")))
    }
}

impl ScriptedBrowser {
    /// The form of the page that this credential can go on with.
    fn choose<'a>(&self, page: &'a Page) -> Result<&'a Form, BrowserError> {
        let step = |name: &str| page.forms.iter().find(|f| f.step == name);
        let (password, passkey) = (self.password().is_some(), self.key().is_some());
        let found = step("username")
            .or_else(|| step("password").filter(|_| password))
            .or_else(|| step("passkey").filter(|_| passkey))
            .or_else(|| step("use-passkey").filter(|_| passkey));
        if let Some(form) = found {
            return Ok(form);
        }
        let lacking = if step("passkey").is_some() {
            "it asks for a passkey, and this sign-in has a password alone"
        } else if step("password").is_some() {
            "it asks for a password, and this sign-in has a passkey alone"
        } else {
            let steps: Vec<_> = page.forms.iter().map(|f| format!("`{}`", f.step)).collect();
            let detail = if steps.is_empty() { "no form".to_owned() } else { steps.join(", ") };
            return Err(BrowserError::Failed(format!(
                "the login's page at `{}` shows {detail}; a scripted browser knows the steps `username`, `password` and `passkey`",
                page.place()
            )));
        };
        Err(BrowserError::Refused { code: None, detail: lacking.into() })
    }

    /// The fields that a person would fill in.
    async fn fill(
        &self,
        page: &Page,
        form: &Form,
        login: &str,
        hint: Option<&str>,
    ) -> Result<Vec<(String, Secret)>, BrowserError> {
        let field = |name: &str, value: Secret| Ok(vec![(name.to_owned(), value)]);
        match form.step.as_str() {
            "username" => match hint {
                Some(hint) => field("login", Secret::new(hint)),
                None => Err(BrowserError::Failed(
                    "the login asks who signs in, and the authorize address has no `login_hint`".into(),
                )),
            },
            "password" => {
                for place in [origin(&page.url), origin(&form.action)] {
                    if place != login {
                        return Err(BrowserError::Failed(format!(
                            "the password is asked for `{place}`; it is given to `{login}` alone"
                        )));
                    }
                }
                match self.password() {
                    Some(password) => field("passwd", password.clone()),
                    None => Ok(Vec::new()),
                }
            }
            "passkey" => field("assertion", self.assertion(page, form).await?),
            _ => Ok(Vec::new()),
        }
    }

    /// `navigator.credentials.get` with the page's options, as the JSON of a `PublicKeyCredential`.
    async fn assertion(&self, page: &Page, form: &Form) -> Result<Secret, BrowserError> {
        let failed = |detail: String| BrowserError::Failed(detail);
        let key = self.key().ok_or_else(|| failed("there is no passkey to sign with".into()))?;
        let options = form.public_key.as_ref().ok_or_else(|| {
            failed(format!("the passkey step at `{}` has no `data-public-key` that is JSON", page.place()))
        })?;
        let text = |name: &str| options.get(name).and_then(serde_json::Value::as_str);
        let challenge = text("challenge").and_then(crate::webauthn::from_base64url);
        let challenge =
            challenge.ok_or_else(|| failed("the passkey step's `challenge` is no base64url".into()))?;
        let here = origin(&page.url);
        let rp_id = crate::origin::relying_party(&here, text("rpId")).map_err(failed)?;
        let refused = |detail: String| BrowserError::Refused { code: None, detail };
        let made = key.assert(&rp_id, &challenge, &here).await.map_err(|e| failed(e.to_string()))?;
        let allowed = options.get("allowCredentials").and_then(serde_json::Value::as_array);
        let fits = |c: &serde_json::Value| {
            c.get("id").and_then(serde_json::Value::as_str) == Some(&made.credential_id)
        };
        if allowed.is_some_and(|list| !list.is_empty() && !list.iter().any(fits)) {
            return Err(refused(format!(
                "the passkey on `{}` is none of those that the login accepts",
                key.name()
            )));
        }
        Ok(Secret::new(
            json!({
                "id": made.credential_id,
                "rawId": made.credential_id,
                "type": "public-key",
                "response": {
                    "clientDataJSON": made.client_data_json,
                    "authenticatorData": made.authenticator_data,
                    "signature": made.signature,
                    "userHandle": made.user_handle,
                },
                "clientExtensionResults": {},
            })
            .to_string(),
        ))
    }
}

/// An error with its causes, each once, in one line.
pub(crate) fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        let text = cause.to_string();
        if !parts.iter().any(|p| p.contains(&text)) {
            parts.push(text);
        }
        next = cause.source();
    }
    parts.join(": ")
}
