//! What an account can sign in with.

use super::{collection, same, text};
use breakglass_model::ObjectId;
use breakglass_model::snapshot::{Snapshot, collections as c};
use serde_json::Value;

/// One registered authentication method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// A password.
    Password,
    /// A passkey.
    Fido2 {
        /// Method id.
        id: String,
        /// Name as registered.
        name: String,
        /// Model, lower case.
        aaguid: Option<String>,
        /// Synced between devices, where it is said.
        synced: bool,
    },
    /// A certificate.
    Certificate,
    /// Microsoft Authenticator.
    Authenticator,
    /// Windows Hello for Business.
    WindowsHello,
    /// A one-time code, hardware or software.
    Oath,
    /// Text message or voice call.
    Phone,
    /// A Temporary Access Pass.
    TemporaryAccessPass,
    /// Anything else, by its type.
    Other(String),
}

impl Method {
    /// Whether it can stand for multifactor authentication, alone or with the password.
    pub(crate) fn is_mfa(&self) -> bool {
        !matches!(self, Self::Password | Self::Other(_))
    }

    /// Whether it stays: a Temporary Access Pass does not.
    pub(crate) fn lasts(&self) -> bool {
        !matches!(self, Self::TemporaryAccessPass)
    }

    /// Whether it is checked without the MFA service, a phone network or somebody's app (F38).
    pub(crate) fn needs_no_mfa_service(&self) -> bool {
        matches!(self, Self::Fido2 { .. } | Self::Certificate)
    }

    /// Its kind, for people.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Password => "a password".into(),
            Self::Fido2 { name, .. } => format!("passkey `{name}`"),
            Self::Certificate => "a certificate".into(),
            Self::Authenticator => "Microsoft Authenticator".into(),
            Self::WindowsHello => "Windows Hello for Business".into(),
            Self::Oath => "a one-time code".into(),
            Self::Phone => "a phone".into(),
            Self::TemporaryAccessPass => "a Temporary Access Pass".into(),
            Self::Other(kind) if kind.is_empty() => "a method without a type".into(),
            Self::Other(kind) => format!("`{kind}`"),
        }
    }

    /// The members of Graph's `authenticationMethodModes` that it serves, for strengths (G-7).
    pub(crate) fn modes(&self) -> &'static [&'static str] {
        match self {
            Self::Password => &["password"],
            Self::Fido2 { .. } => &["fido2"],
            Self::Certificate => &["x509CertificateMultiFactor"],
            Self::Authenticator => &["password,microsoftAuthenticatorPush", "deviceBasedPush"],
            Self::WindowsHello => &["windowsHelloForBusiness"],
            Self::Oath => &["password,softwareOath", "password,hardwareOath"],
            Self::Phone => &["password,sms", "password,voice"],
            Self::TemporaryAccessPass => &["temporaryAccessPassOneTime", "temporaryAccessPassMultiUse"],
            Self::Other(_) => &[],
        }
    }
}

fn read(method: &Value) -> Method {
    let kind = text(method, "@odata.type").unwrap_or_default();
    match kind.trim_start_matches("#microsoft.graph.") {
        "passwordAuthenticationMethod" => Method::Password,
        "fido2AuthenticationMethod" => Method::Fido2 {
            id: text(method, "id").unwrap_or_default().to_owned(),
            name: text(method, "displayName")
                .or_else(|| text(method, "id"))
                .unwrap_or("a passkey without a name")
                .to_owned(),
            aaguid: text(method, "aaGuid").map(str::to_ascii_lowercase),
            synced: text(method, "passkeyType") == Some("synced"),
        },
        "x509CertificateAuthenticationMethod" => Method::Certificate,
        "microsoftAuthenticatorAuthenticationMethod" => Method::Authenticator,
        "windowsHelloForBusinessAuthenticationMethod" => Method::WindowsHello,
        "softwareOathAuthenticationMethod" | "hardwareOathAuthenticationMethod" => Method::Oath,
        "phoneAuthenticationMethod" => Method::Phone,
        "temporaryAccessPassAuthenticationMethod" => Method::TemporaryAccessPass,
        other => Method::Other(other.to_owned()),
    }
}

/// The methods of an account, or why they were not read.
pub(crate) fn methods_of(snapshot: &Snapshot, id: &ObjectId) -> Result<Vec<Method>, String> {
    let unread = format!("{}/{id}", c::AUTHENTICATION_METHODS);
    if let Some(why) = snapshot.why_unread(&unread) {
        return Err(format!("`{unread}` could not be read: {why}"));
    }
    let entries = collection(snapshot, c::AUTHENTICATION_METHODS)?;
    let entry = entries.iter().find(|e| text(e, "userId").is_some_and(|u| same(u, id.as_str())));
    let methods = entry.and_then(|e| e.get("methods")).and_then(Value::as_array);
    let methods = methods.ok_or_else(|| format!("`{unread}` was not read"))?;
    Ok(methods.iter().map(read).collect())
}
