//! WebAuthn: what a relying party checks when a passkey is registered, and when it signs.
//!
//! The ceremonies ([`verify`]) are plain functions of bytes; here they meet the tenant's challenges and keys. Attestation is read
//! (`none`, `packed` by the key itself or by a certificate), but no vendor's root is trusted or refused: that a
//! certificate comes from a vendor is more than an emulator needs to know.

mod data;
#[cfg(test)]
mod tests;
mod verify;

use crate::state::State;
use crate::state::hidden::Passkey;
use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::Value;
use verify::{Assertion, Expected, authentication, registration};

/// A passkey that was registered just now.
#[derive(Clone, Debug)]
pub(crate) struct Registered {
    /// `id` of the `fido2AuthenticationMethod`.
    pub(crate) method_id: String,
    /// Lower-case GUID of the model.
    pub(crate) aaguid: String,
    /// `attested` or `notAttested`.
    pub(crate) attestation_level: &'static str,
    /// `deviceBound` or `synced`.
    pub(crate) passkey_type: &'static str,
}

/// Checks the `publicKeyCredential` of a registration (`id`, `response.clientDataJSON`, `response.attestationObject`,
/// base64url) for a user (object id) at the login `origin`, and keeps its key. The challenge is used up, whatever comes of it.
///
/// # Errors
/// In words for the API's error message, when any check of the specification fails.
pub(crate) fn register(
    state: &mut State,
    origin: &str,
    user: &str,
    credential: &Value,
) -> Result<Registered, String> {
    let field = |path: &str| bytes(credential, path);
    let client_data = field("/response/clientDataJSON")?;
    let attestation = field("/response/attestationObject")?;
    let said = verify::challenge_of(&client_data)?;
    let now = state.now();
    let pending = &mut state.hidden.creation_challenges;
    let at = pending.iter().position(|c| c.user.eq_ignore_ascii_case(user) && c.challenge == said);
    let challenge = at.map(|at| pending.remove(at)).filter(|c| c.expires_at > now);
    pending.retain(|c| c.expires_at > now);
    let challenge =
        challenge.ok_or("the challenge is not one that was given out for this user within its lifetime")?;

    let expected =
        Expected { challenge: &challenge.challenge, origin, rp_id: host(origin), user_verification: true };
    let new = registration(&expected, &client_data, &attestation)?;
    if credential
        .get("id")
        .and_then(Value::as_str)
        .is_some_and(|id| decode(id) != Some(new.credential_id.clone()))
    {
        return Err("`id` is not the credential id of the attestation object".into());
    }
    if state.hidden.passkeys.iter().any(|p| p.credential_id == new.credential_id) {
        return Err("this passkey is registered already".into());
    }
    let passkey = Passkey {
        user: user.to_ascii_lowercase(),
        credential_id: new.credential_id,
        public_key: new.public_key,
        counter: new.counter,
        aaguid: new.aaguid,
    };
    let registered = Registered {
        method_id: passkey.method_id(),
        aaguid: passkey.aaguid.clone(),
        attestation_level: if new.attested { "attested" } else { "notAttested" },
        passkey_type: if new.backup_eligible { "synced" } else { "deviceBound" },
    };
    state.hidden.passkeys.push(passkey);
    Ok(registered)
}

/// Checks an assertion (`id` or `rawId`, `response.clientDataJSON`, `authenticatorData`, `signature`) against a challenge
/// and moves the key's counter on. Returns the passkey.
///
/// # Errors
/// In words for the page, when the key is not known or any check of the specification fails.
pub(crate) fn assert(
    state: &mut State,
    origin: &str,
    challenge: &[u8],
    credential: &Value,
) -> Result<Passkey, String> {
    let id = bytes(credential, "/rawId").or_else(|_| bytes(credential, "/id"))?;
    let passkey = state
        .hidden
        .passkeys
        .iter_mut()
        .find(|p| p.credential_id == id)
        .ok_or("this passkey is not registered")?;
    let (client_data, data, signature) = (
        bytes(credential, "/response/clientDataJSON")?,
        bytes(credential, "/response/authenticatorData")?,
        bytes(credential, "/response/signature")?,
    );
    let expected = Expected { challenge, origin, rp_id: host(origin), user_verification: true };
    let assertion = Assertion { client_data: &client_data, data: &data, signature: &signature };
    passkey.counter = authentication(&expected, &assertion, &passkey.public_key, passkey.counter)?;
    Ok(passkey.clone())
}

/// The host of an origin, which is the relying party's id.
pub(crate) fn host(origin: &str) -> &str {
    let rest = origin.split_once("://").map_or(origin, |(_, rest)| rest);
    rest.rsplit_once(':').map_or(rest, |(host, _)| host)
}

fn bytes(credential: &Value, path: &str) -> Result<Vec<u8>, String> {
    let text = credential.pointer(path).and_then(Value::as_str);
    text.and_then(decode)
        .ok_or_else(|| format!("`{}` is missing or not base64url", path.trim_start_matches('/')))
}

/// Base64url; padding does no harm.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()
}
