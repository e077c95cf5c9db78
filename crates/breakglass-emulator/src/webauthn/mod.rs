//! WebAuthn: what a relying party checks when a passkey is registered, and when it signs.

use crate::state::State;
use serde_json::Value;

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
/// base64url) and keeps its key.
///
/// # Errors
/// In words for the API's error message, when any check of the specification fails.
pub(crate) fn register(
    state: &mut State,
    origin: &str,
    user: &str,
    credential: &Value,
) -> Result<Registered, String> {
    let _ = (state, origin, user, credential);
    Err("not yet".into())
}
