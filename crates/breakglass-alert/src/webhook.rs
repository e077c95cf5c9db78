//! A webhook: one POST of JSON for each alert.
//!
//! The body is the alert (`id`, `severity`, `title`, `details`, `event_at`, `seen_at`) and `text`, one line that chat
//! services show as it is. `idempotency-key` is the alert's id: a receiver drops what it knows. With a key the message is
//! signed (see [`crate::signature`]). Every 2xx answer means that the alert was taken; `{"acknowledged_at": "<RFC 3339>"}`
//! in it means that somebody or something has taken note.

use crate::http;
use crate::signature::{SIGNATURE, TIMESTAMP, sign};
use async_trait::async_trait;
use breakglass_model::Secret;
use breakglass_model::design::{ChannelDesign, ChannelKind, Design};
use breakglass_ops::port::{Alert, Channel, ChannelError, Clock, Delivery};
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderName};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A key that is shorter can be guessed.
const SHORTEST_KEY: usize = 16;

/// What a webhook needs to know.
#[derive(Clone)]
pub struct WebhookSettings {
    /// Name from the design.
    pub name: String,
    /// Where to; `https://`, or `http://` to this machine. Its path may be a secret: it is never shown.
    pub url: String,
    /// Signs every message.
    pub key: Option<Secret>,
    /// PEM file with certificates that are trusted beside those of the platform, for endpoints with a private CA.
    pub ca_bundle: Option<PathBuf>,
    /// Time for one message and its whole answer.
    pub timeout: Duration,
}

impl WebhookSettings {
    /// Without a key, the platform's certificates, 10 seconds.
    pub fn new(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            url: url.into(),
            key: None,
            ca_bundle: None,
            timeout: Duration::from_secs(10),
        }
    }
}

impl std::fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookSettings")
            .field("name", &self.name)
            .field("keyed", &self.key.is_some())
            .field("ca_bundle", &self.ca_bundle)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Why a webhook cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The address cannot be used. It is not shown.
    #[error("the address of channel `{channel}` cannot be used: {detail}")]
    Address {
        /// Which channel.
        channel: String,
        /// What is wrong.
        detail: String,
    },
    /// The key file cannot be used.
    #[error("the key file `{file}` of channel `{channel}` cannot be used: {detail}")]
    Key {
        /// Which channel.
        channel: String,
        /// Which file.
        file: String,
        /// What is wrong.
        detail: String,
    },
    /// TLS could not be set up.
    #[error("channel `{channel}` cannot be set up: {detail}")]
    Setup {
        /// Which channel.
        channel: String,
        /// What is wrong.
        detail: String,
    },
}

/// A webhook as a channel.
pub struct WebhookChannel {
    settings: WebhookSettings,
    url: reqwest::Url,
    client: reqwest::Client,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for WebhookChannel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookChannel").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl WebhookChannel {
    /// Sets it up; nothing is sent yet.
    ///
    /// # Errors
    /// See [`WebhookError`].
    pub fn new(settings: WebhookSettings, clock: Arc<dyn Clock>) -> Result<Self, WebhookError> {
        let address =
            |detail: &str| WebhookError::Address { channel: settings.name.clone(), detail: detail.into() };
        let url = reqwest::Url::parse(&settings.url).map_err(|e| address(&e.to_string()))?;
        let fits = url.scheme() == "https" || url.scheme() == "http" && http::is_loopback(&url);
        if !fits {
            return Err(address("begin it with `https://`; plain `http://` is only for this machine"));
        }
        let client = http::client(&url, settings.ca_bundle.as_deref(), settings.timeout)
            .map_err(|detail| WebhookError::Setup { channel: settings.name.clone(), detail })?;
        Ok(Self { settings, url, client, clock })
    }

    /// The channel of a design. `base` is the folder of the configuration: a relative key file is found from there.
    ///
    /// # Errors
    /// See [`WebhookError`].
    pub fn from_design(
        design: &ChannelDesign,
        base: &Path,
        ca_bundle: Option<&Path>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, WebhookError> {
        let ChannelKind::Webhook { url, key_file } = &design.kind;
        let key = key_file.as_ref().map(|file| read_key(&design.name, &base.join(file))).transpose()?;
        let settings = WebhookSettings {
            key,
            ca_bundle: ca_bundle.map(Path::to_path_buf),
            ..WebhookSettings::new(&design.name, url)
        };
        Self::new(settings, clock)
    }

    fn error(&self, detail: impl Into<String>) -> ChannelError {
        ChannelError { channel: self.settings.name.clone(), detail: detail.into() }
    }
}

/// Every channel of a design.
///
/// # Errors
/// The first that cannot be set up: a design with a channel that does not work must not look as if it had one.
pub fn channels(
    design: &Design,
    base: &Path,
    ca_bundle: Option<&Path>,
    clock: &Arc<dyn Clock>,
) -> Result<Vec<Arc<dyn Channel>>, WebhookError> {
    design
        .channels
        .iter()
        .map(|channel| {
            let channel = WebhookChannel::from_design(channel, base, ca_bundle, clock.clone())?;
            Ok(Arc::new(channel) as Arc<dyn Channel>)
        })
        .collect()
}

fn read_key(channel: &str, file: &Path) -> Result<Secret, WebhookError> {
    let wrong = |detail: String| WebhookError::Key {
        channel: channel.into(),
        file: file.display().to_string(),
        detail,
    };
    let text = Secret::new(std::fs::read_to_string(file).map_err(|e| wrong(e.to_string()))?);
    let length = text.danger_reveal().trim().len();
    if length < SHORTEST_KEY {
        return Err(wrong(format!(
            "it holds {length} characters; put at least {SHORTEST_KEY} random ones in, e.g. with `openssl rand -hex 32`"
        )));
    }
    Ok(text)
}

#[async_trait]
impl Channel for WebhookChannel {
    fn name(&self) -> &str {
        &self.settings.name
    }

    async fn send(&self, alert: &Alert) -> Result<Delivery, ChannelError> {
        let body =
            message(alert).map_err(|e| self.error(format!("the alert cannot be written as JSON: {e}")))?;
        let at = self.clock.now();
        let mut request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(HeaderName::from_static("idempotency-key"), &alert.id);
        if let Some(key) = &self.settings.key {
            let signature = sign(key, at, &body);
            request = request
                .header(HeaderName::from_static(TIMESTAMP), at.as_second().to_string())
                .header(HeaderName::from_static(SIGNATURE), signature);
        }
        let answer = request.body(body).send().await.map_err(|e| self.error(http::causes(e)))?;
        let status = answer.status();
        if !status.is_success() {
            return Err(self.error(format!("it answered {status}{}", hint(status.as_u16()))));
        }
        // Taken. What the answer says beyond that is a gift: without it the alert is only unacknowledged.
        let sent_at = self.clock.now();
        let answer = http::body(answer).await.unwrap_or_default();
        Ok(Delivery { channel: self.settings.name.clone(), sent_at, acknowledged_at: acknowledged(&answer) })
    }
}

fn hint(status: u16) -> &'static str {
    match status {
        401 | 403 => "; compare the key files of both ends, and their clocks",
        404 | 410 => "; the address is no longer a webhook: get a new one",
        413 => "; the alert is too long for it",
        429 => "; too many messages: add a second channel",
        500.. => "; it is tried again",
        300..=399 => "; redirects are not followed: put the final address in the design",
        _ => "",
    }
}

fn message(alert: &Alert) -> Result<Vec<u8>, serde_json::Error> {
    let mut body = serde_json::to_value(alert)?;
    if let Value::Object(map) = &mut body {
        map.insert("text".into(), json!(format!("[{}] {}", alert.severity, alert.title)));
    }
    serde_json::to_vec(&body)
}

fn acknowledged(answer: &[u8]) -> Option<Timestamp> {
    let answer: Value = serde_json::from_slice(answer).ok()?;
    answer.get("acknowledged_at")?.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::acknowledged;

    #[test]
    fn an_acknowledgement_is_a_time_under_its_name_and_nothing_else() {
        assert!(acknowledged(br#"{"acknowledged_at": "2026-03-01T10:00:00Z"}"#).is_some());
        for answer in
            [&b"ok"[..], b"", b"{}", br#"{"acknowledged_at": true}"#, br#"["2026-03-01T10:00:00Z"]"#, b"\xff"]
        {
            assert_eq!(acknowledged(answer), None);
        }
    }
}
