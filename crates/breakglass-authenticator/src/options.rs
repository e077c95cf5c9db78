//! `webauthnPublicKeyCredentialCreationOptions` as Graph gives them, read tolerantly: what is not needed is passed over.

use crate::webauthn::from_base64url;
use serde_json::Value;

/// What a key must know to make a passkey.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CreationOptions {
    pub(crate) challenge: Vec<u8>,
    pub(crate) rp_id: Option<String>,
    pub(crate) user_handle: Vec<u8>,
    pub(crate) user_name: String,
    /// Credentials that must not be on the key already.
    pub(crate) exclude: Vec<Vec<u8>>,
    /// `credProtect` level that was asked for: 2 or 3; 1 is what a key does without being asked.
    pub(crate) protection: Option<i64>,
}

/// ES256 in COSE.
const ES256: i64 = -7;

impl CreationOptions {
    /// Reads them, and refuses what a software key cannot honour.
    pub(crate) fn parse(options: &Value) -> Result<Self, String> {
        let text = |path: &str| options.pointer(path).and_then(Value::as_str);
        let bytes = |path: &str| {
            let text = text(path).ok_or_else(|| format!("`{}` is missing", name(path)))?;
            let bytes = from_base64url(text).ok_or_else(|| format!("`{}` is not base64url", name(path)))?;
            if bytes.is_empty() { Err(format!("`{}` is empty", name(path))) } else { Ok(bytes) }
        };
        let challenge = bytes("/challenge")?;
        let user_handle = bytes("/user/id")?;
        if user_handle.len() > 64 {
            return Err(format!("`user.id` has {} bytes, at most 64 are allowed", user_handle.len()));
        }
        let parameters = list(options, "/pubKeyCredParams");
        // An empty list stands for ES256 and RS256 (WebAuthn 5.1.3, step 10).
        let offered = parameters.is_empty()
            || parameters.iter().any(|p| p.get("alg").and_then(Value::as_i64) == Some(ES256));
        if !offered {
            return Err("`pubKeyCredParams` does not offer ES256 (-7), the one algorithm of this key".into());
        }
        if text("/authenticatorSelection/authenticatorAttachment") == Some("platform") {
            return Err(
                "a passkey of the device itself (`platform`) is asked for; this is a security key".into()
            );
        }
        let mut exclude = Vec::new();
        for (i, credential) in list(options, "/excludeCredentials").iter().enumerate() {
            let id = credential.get("id").and_then(Value::as_str).and_then(from_base64url);
            exclude.push(id.ok_or_else(|| format!("`excludeCredentials[{i}].id` is not base64url"))?);
        }
        let protection = match text("/extensions/credentialProtectionPolicy") {
            Some("userVerificationOptionalWithCredentialIDList") => Some(2),
            Some("userVerificationRequired") => Some(3),
            _ => None,
        };
        Ok(Self {
            challenge,
            rp_id: text("/rp/id").map(str::to_owned),
            user_handle,
            user_name: text("/user/name").unwrap_or_default().to_owned(),
            exclude,
            protection,
        })
    }
}

fn list<'a>(options: &'a Value, path: &str) -> &'a [Value] {
    options.pointer(path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn name(path: &str) -> String {
    path.trim_start_matches('/').replace('/', ".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn graph() -> Value {
        json!({
            "challenge": "Q0hBTExFTkdF",
            "timeout": 0,
            "attestation": "direct",
            "rp": { "id": "login.microsoft.com", "name": "Microsoft" },
            "user": { "id": "T1VSVVNFUg", "displayName": "EA", "name": "ea-01@contoso.onmicrosoft.com" },
            "pubKeyCredParams": [{ "type": "public-key", "alg": -257 }, { "type": "public-key", "alg": -7 }],
            "excludeCredentials": [{ "id": "AQID", "type": "public-key", "transports": [] }],
            "authenticatorSelection":
                { "authenticatorAttachment": "cross-platform", "requireResidentKey": true, "userVerification": "required" },
            "extensions": {
                "hmacCreateSecret": true,
                "enforceCredentialProtectionPolicy": true,
                "credentialProtectionPolicy": "userVerificationOptional"
            }
        })
    }

    #[test]
    fn graphs_options_are_read() {
        let options = CreationOptions::parse(&graph()).unwrap();
        assert_eq!(options.challenge, b"CHALLENGE");
        assert_eq!(options.user_handle, b"OURUSER");
        assert_eq!(options.rp_id.as_deref(), Some("login.microsoft.com"));
        assert_eq!(options.exclude, [vec![1, 2, 3]]);
        assert_eq!(options.protection, None);
    }

    #[test]
    fn what_cannot_be_honoured_is_refused_by_its_name() {
        for (path, value, why) in [
            ("/challenge", json!(null), "`challenge` is missing"),
            ("/challenge", json!(""), "`challenge` is empty"),
            ("/user/id", json!("a b"), "`user.id` is not base64url"),
            ("/user/id", json!("A".repeat(100)), "`user.id` has 75 bytes"),
            ("/pubKeyCredParams", json!([{ "alg": -257 }]), "does not offer ES256"),
            ("/authenticatorSelection/authenticatorAttachment", json!("platform"), "security key"),
            ("/excludeCredentials/0/id", json!(5), "`excludeCredentials[0].id`"),
        ] {
            let mut options = graph();
            *options.pointer_mut(path).unwrap() = value;
            let error = CreationOptions::parse(&options).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
        assert!(CreationOptions::parse(&json!(null)).is_err());
        let mut options = graph();
        options["pubKeyCredParams"] = json!([]);
        options["extensions"]["credentialProtectionPolicy"] = json!("userVerificationRequired");
        assert_eq!(CreationOptions::parse(&options).unwrap().protection, Some(3));
    }
}
