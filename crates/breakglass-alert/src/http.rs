//! HTTPS as channels use it: certificates are checked, redirects are not followed, nothing waits for ever, and no error
//! shows an address: the paths of many webhooks are secrets.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

/// Time for a connection, TLS included.
const CONNECT: Duration = Duration::from_secs(5);
/// An answer that is longer is not read: an acknowledgement is one small object.
const LONGEST_ANSWER: usize = 64 * 1024;

pub(crate) fn client(
    url: &reqwest::Url,
    ca_bundle: Option<&Path>,
    timeout: Duration,
) -> Result<reqwest::Client, String> {
    let loopback = is_loopback(url);
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("breakglass/", env!("CARGO_PKG_VERSION")))
        .https_only(!(loopback && url.scheme() == "http"))
        // A receiver that redirects would see the alert, but not where it was meant to be seen.
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(CONNECT)
        .timeout(timeout);
    if loopback {
        builder = builder.no_proxy();
    }
    if let Some(file) = ca_bundle {
        builder = builder.tls_certs_merge(certificates(file)?);
    }
    builder.build().map_err(|e| causes(e.without_url()))
}

pub(crate) fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn certificates(file: &Path) -> Result<Vec<reqwest::Certificate>, String> {
    let wrong = |detail: String| format!("the CA bundle `{}` cannot be used: {detail}", file.display());
    let bytes = std::fs::read(file).map_err(|e| wrong(e.to_string()))?;
    let found = reqwest::Certificate::from_pem_bundle(&bytes).map_err(|e| wrong(causes(e)))?;
    if found.is_empty() { Err(wrong("there is no certificate in it".into())) } else { Ok(found) }
}

/// An error with its causes, each once, in one line, without the address.
pub(crate) fn causes(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut parts: Vec<String> = Vec::new();
    let mut next: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(cause) = next {
        let text = cause.to_string();
        if !parts.iter().any(|p| p.contains(&text)) {
            parts.push(text);
        }
        next = cause.source();
    }
    parts.join(": ")
}

/// The body of an answer, or as much of it as is allowed.
pub(crate) async fn body(mut answer: reqwest::Response) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(causes)? {
        if bytes.len() + chunk.len() > LONGEST_ANSWER {
            break;
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
