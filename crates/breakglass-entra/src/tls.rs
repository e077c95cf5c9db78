//! HTTPS as we use it: certificates are checked, redirects are not followed, nothing waits for ever.

use crate::endpoints::Endpoints;
use crate::error::SetupError;
use std::path::Path;
use std::time::Duration;

/// Time for a connection, TLS included.
const CONNECT: Duration = Duration::from_secs(10);
/// Time for one request and its whole answer.
const WHOLE: Duration = Duration::from_secs(60);

/// The client. Certificates of `ca_bundle` are trusted beside those of the platform.
pub(crate) fn client(endpoints: &Endpoints, ca_bundle: Option<&Path>) -> Result<reqwest::Client, SetupError> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("breakglass/", env!("CARGO_PKG_VERSION")))
        .https_only(true)
        // Neither service redirects an API call, and a token must not follow one elsewhere.
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(CONNECT)
        .timeout(WHOLE)
        // A connection that the server closes while we write makes a change ambiguous; old ones are not used.
        .pool_idle_timeout(Duration::from_secs(15));
    if endpoints.is_loopback() {
        builder = builder.no_proxy();
    }
    if let Some(file) = ca_bundle {
        builder = builder.tls_certs_merge(certificates(file)?);
    }
    builder.build().map_err(|e| SetupError::Http(causes(&e)))
}

fn certificates(file: &Path) -> Result<Vec<reqwest::Certificate>, SetupError> {
    let wrong = |detail: String| SetupError::CaBundle { file: file.display().to_string(), detail };
    let bytes = std::fs::read(file).map_err(|e| wrong(e.to_string()))?;
    let found = reqwest::Certificate::from_pem_bundle(&bytes).map_err(|e| wrong(causes(&e)))?;
    if found.is_empty() {
        return Err(wrong("there is no certificate in it".into()));
    }
    Ok(found)
}

/// An error with its causes, each once, in one line. URLs are left out: a query may say more than a log should keep.
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
