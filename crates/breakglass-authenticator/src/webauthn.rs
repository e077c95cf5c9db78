//! The bytes of WebAuthn that an authenticator and its client write: client data, authenticator data, attestation.

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, URL_SAFE_NO_PAD};
use base64::{alphabet, engine};
use ciborium::Value;
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// Somebody touched the key. A software key says so of itself.
pub(crate) const USER_PRESENT: u8 = 1;
/// Somebody proved who they are (PIN, finger). A software key says so of itself.
pub(crate) const USER_VERIFIED: u8 = 1 << 2;
const ATTESTED: u8 = 1 << 6;
const EXTENSIONS: u8 = 1 << 7;

/// Which ceremony the client data is for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ceremony {
    Create,
    Get,
}

/// The public half of a credential at its registration.
#[derive(Debug)]
pub(crate) struct Attested<'a> {
    pub(crate) aaguid: [u8; 16],
    pub(crate) credential_id: &'a [u8],
    /// Uncompressed P-256 point: 0x04 and two coordinates of 32 bytes.
    pub(crate) public_key: &'a [u8],
}

pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads base64url as services write it: with or without padding, and in either alphabet.
pub(crate) fn from_base64url(text: &str) -> Option<Vec<u8>> {
    const TOLERANT: GeneralPurpose = GeneralPurpose::new(
        &alphabet::URL_SAFE,
        engine::GeneralPurposeConfig::new().with_decode_padding_mode(engine::DecodePaddingMode::Indifferent),
    );
    TOLERANT.decode(text.replace('+', "-").replace('/', "_")).ok()
}

/// `clientDataJSON`, in the one order that verifiers may compare byte by byte (WebAuthn 5.8.1.1).
pub(crate) fn client_data(ceremony: Ceremony, challenge: &[u8], origin: &str) -> String {
    let kind = match ceremony {
        Ceremony::Create => "webauthn.create",
        Ceremony::Get => "webauthn.get",
    };
    format!(
        r#"{{"type":"{kind}","challenge":"{}","origin":{},"crossOrigin":false}}"#,
        base64url(challenge),
        json!(origin)
    )
}

/// Authenticator data (WebAuthn 6.1). `attested` and `extensions` set their flags themselves.
pub(crate) fn authenticator_data(
    rp_id: &str,
    flags: u8,
    counter: u32,
    attested: Option<&Attested<'_>>,
    extensions: &[(&str, i64)],
) -> Result<Vec<u8>, String> {
    let flags = flags
        | if attested.is_some() { ATTESTED } else { 0 }
        | if extensions.is_empty() { 0 } else { EXTENSIONS };
    let mut data = Sha256::digest(rp_id.as_bytes()).to_vec();
    data.push(flags);
    data.extend(counter.to_be_bytes());
    if let Some(new) = attested {
        let length = u16::try_from(new.credential_id.len()).map_err(|_| "the credential id is too long")?;
        data.extend(new.aaguid);
        data.extend(length.to_be_bytes());
        data.extend(new.credential_id);
        data.extend(cbor(&cose_es256(new.public_key)?)?);
    }
    if !extensions.is_empty() {
        let map = extensions.iter().map(|(name, value)| (Value::from(*name), Value::from(*value))).collect();
        data.extend(cbor(&Value::Map(map))?);
    }
    Ok(data)
}

/// An attestation object that attests nothing (WebAuthn 8.7).
pub(crate) fn attestation_none(authenticator_data: Vec<u8>) -> Result<Vec<u8>, String> {
    cbor(&Value::Map(vec![
        ("fmt".into(), "none".into()),
        ("attStmt".into(), Value::Map(Vec::new())),
        ("authData".into(), Value::Bytes(authenticator_data)),
    ]))
}

/// What an assertion's signature is over.
pub(crate) fn signed_bytes(authenticator_data: &[u8], client_data: &[u8]) -> Vec<u8> {
    let mut bytes = authenticator_data.to_vec();
    bytes.extend(Sha256::digest(client_data));
    bytes
}

/// A COSE key for ES256, keys in CTAP2's order (RFC 9053).
fn cose_es256(point: &[u8]) -> Result<Value, String> {
    let coordinates = match point.split_first() {
        Some((4, rest)) if rest.len() == 64 => rest.split_at(32),
        _ => return Err("the public key is no uncompressed P-256 point".into()),
    };
    Ok(Value::Map(vec![
        (1.into(), 2.into()),
        (3.into(), (-7).into()),
        ((-1).into(), 1.into()),
        ((-2).into(), Value::Bytes(coordinates.0.to_vec())),
        ((-3).into(), Value::Bytes(coordinates.1.to_vec())),
    ]))
}

fn cbor(value: &Value) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).map_err(|e| e.to_string())?;
    Ok(bytes)
}

/// 16 bytes of a GUID in its text form.
pub(crate) fn guid(text: &str) -> Option<[u8; 16]> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    hex::decode(digits).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests;
