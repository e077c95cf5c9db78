//! What an account can sign in with, and what the tenant lets it use.

use super::{collection, membership, same, single, text};
use breakglass_model::snapshot::{Snapshot, collections as c};
use breakglass_model::{ObjectId, Tri};
use serde_json::Value;

/// One registered authentication method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// A password.
    Password,
    /// A passkey: id of the method, its name, and the model where it is known.
    Fido2 {
        /// Method id.
        id: String,
        /// Name as registered.
        name: String,
        /// Model, lower case.
        aaguid: Option<String>,
        /// Bound to the device, as far as it is said.
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

    /// Whether it resists phishing.
    pub(crate) fn is_phishing_resistant(&self) -> bool {
        matches!(self, Self::Fido2 { .. } | Self::Certificate | Self::WindowsHello)
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
            name: text(method, "displayName").or_else(|| text(method, "id")).unwrap_or("a passkey without a name").to_owned(),
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

/// The FIDO2 configuration of the tenant's authentication methods policy, or why it was not read.
pub(crate) fn fido2_configuration(snapshot: &Snapshot) -> Result<&Value, String> {
    let policy = single(snapshot, c::METHODS_POLICY)?;
    let configurations = policy.get("authenticationMethodConfigurations").and_then(Value::as_array);
    let configurations = configurations.ok_or("`authenticationMethodsPolicy` has no method configurations")?;
    let fido2 = |m: &&Value| {
        text(m, "id").is_some_and(|i| same(i, "fido2"))
            || text(m, "@odata.type").is_some_and(|t| t.ends_with("fido2AuthenticationMethodConfiguration"))
    };
    configurations.iter().find(fido2).ok_or_else(|| "`authenticationMethodsPolicy` has no FIDO2 configuration".into())
}

/// Whether one of the targets (`includeTargets`, `excludeTargets`) is the account or a group it is in.
pub(crate) fn targets(snapshot: &Snapshot, configuration: &Value, list: &str, id: &ObjectId) -> Tri {
    match configuration.get(list) {
        None | Some(Value::Null) => {
            if list == "excludeTargets" {
                Tri::No
            } else {
                Tri::Unknown
            }
        }
        Some(Value::Array(targets)) => Tri::any(targets.iter().map(|target| match text(target, "id") {
            Some("all_users") => Tri::Yes,
            Some(found) if same(found, id.as_str()) => Tri::Yes,
            Some(found) => membership(snapshot, found, id.as_str()),
            None => Tri::Unknown,
        })),
        Some(_) => Tri::Unknown,
    }
}
