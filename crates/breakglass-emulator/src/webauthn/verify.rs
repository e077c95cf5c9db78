//! The two ceremonies (WebAuthn 7.1 and 7.2), as functions of bytes.

use super::data::{
    AttestationObject, AuthenticatorData, BACKUP_ELIGIBLE, USER_PRESENT, USER_VERIFIED, named,
};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use ciborium::Value as Cbor;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// What the relying party expects.
pub(super) struct Expected<'a> {
    pub(super) challenge: &'a [u8],
    /// Scheme, host and port.
    pub(super) origin: &'a str,
    pub(super) rp_id: &'a str,
    /// The key must have checked its PIN or the like.
    pub(super) user_verification: bool,
}

/// A credential that passed.
#[derive(Debug)]
pub(super) struct NewCredential {
    pub(super) credential_id: Vec<u8>,
    /// Uncompressed P-256 point.
    pub(super) public_key: Vec<u8>,
    pub(super) counter: u32,
    pub(super) aaguid: String,
    pub(super) attested: bool,
    pub(super) backup_eligible: bool,
}

/// What an authenticator signed.
pub(super) struct Assertion<'a> {
    pub(super) client_data: &'a [u8],
    pub(super) data: &'a [u8],
    pub(super) signature: &'a [u8],
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
}

fn client_data(bytes: &[u8]) -> Result<ClientData, String> {
    serde_json::from_slice(bytes).map_err(|e| format!("`clientDataJSON` cannot be read: {e}"))
}

/// The challenge that a client says it answers.
pub(super) fn challenge_of(bytes: &[u8]) -> Result<Vec<u8>, String> {
    super::decode(&client_data(bytes)?.challenge).ok_or_else(|| "the challenge is not base64url".into())
}

/// A registration.
pub(super) fn registration(
    expected: &Expected<'_>,
    client: &[u8],
    attestation: &[u8],
) -> Result<NewCredential, String> {
    check_client(expected, client, "webauthn.create")?;
    let object = AttestationObject::read(attestation)?;
    let data = AuthenticatorData::read(&object.data)?;
    check_data(expected, &data)?;
    let (counter, backup_eligible) = (data.counter, data.has(BACKUP_ELIGIBLE));
    let credential = data.credential.ok_or("the authenticator data carries no credential")?;
    let signed = [object.data.as_slice(), Sha256::digest(client).as_slice()].concat();
    let attested = match object.format.as_str() {
        "none" if object.statement.is_empty() => false,
        "packed" => packed(&object.statement, &signed, &credential.public_key, &credential.aaguid)?,
        other => return Err(format!("the attestation format `{other}` is not accepted")),
    };
    Ok(NewCredential {
        credential_id: credential.id,
        public_key: credential.public_key,
        counter,
        aaguid: uuid::Uuid::from_bytes(credential.aaguid).to_string(),
        attested,
        backup_eligible,
    })
}

/// An authentication. Returns the new counter.
pub(super) fn authentication(
    expected: &Expected<'_>,
    assertion: &Assertion<'_>,
    public_key: &[u8],
    counter: u32,
) -> Result<u32, String> {
    check_client(expected, assertion.client_data, "webauthn.get")?;
    let data = AuthenticatorData::read(assertion.data)?;
    check_data(expected, &data)?;
    let signed = [assertion.data, Sha256::digest(assertion.client_data).as_slice()].concat();
    if !verifies(public_key, &signed, assertion.signature) {
        return Err("the signature is not that of the registered key".into());
    }
    // Keys that do not count say zero for ever. One that counts and does not go up may be a copy.
    if (data.counter != 0 || counter != 0) && data.counter <= counter {
        return Err(format!(
            "the key's counter did not grow ({} after {counter}): it may have been copied",
            data.counter
        ));
    }
    Ok(data.counter)
}

fn check_client(expected: &Expected<'_>, bytes: &[u8], kind: &str) -> Result<(), String> {
    let client = client_data(bytes)?;
    if client.r#type != kind {
        return Err(format!("the client data is for `{}`, not for `{kind}`", client.r#type));
    }
    if super::decode(&client.challenge).as_deref() != Some(expected.challenge) {
        return Err("the challenge is not the one that was given out".into());
    }
    if client.origin != expected.origin {
        return Err(format!("the origin is `{}`, not `{}`", client.origin, expected.origin));
    }
    if client.cross_origin {
        return Err("the request came from inside another site's page".into());
    }
    Ok(())
}

fn check_data(expected: &Expected<'_>, data: &AuthenticatorData) -> Result<(), String> {
    if data.rp_id_hash[..] != Sha256::digest(expected.rp_id)[..] {
        return Err(format!("the key signed for another relying party than `{}`", expected.rp_id));
    }
    if !data.has(USER_PRESENT) {
        return Err("nobody touched the key".into());
    }
    if expected.user_verification && !data.has(USER_VERIFIED) {
        return Err("the key did not verify its user (PIN or biometrics)".into());
    }
    Ok(())
}

/// A packed attestation: signed by the new key itself, or by a certificate's. Says whether there was a certificate.
fn packed(statement: &[(Cbor, Cbor)], signed: &[u8], own_key: &[u8], aaguid: &[u8]) -> Result<bool, String> {
    let algorithm = named(statement, "alg").and_then(Cbor::as_integer).and_then(|i| i64::try_from(i).ok());
    if algorithm != Some(-7) {
        return Err("the attestation is not signed with ES256".into());
    }
    let signature =
        named(statement, "sig").and_then(Cbor::as_bytes).ok_or("the attestation has no signature")?;
    let Some(chain) = named(statement, "x5c") else {
        let own = verifies(own_key, signed, signature);
        return if own {
            Ok(false)
        } else {
            Err("the attestation's signature is not that of the new key".into())
        };
    };
    let certificate = chain.as_array().and_then(|c| c.first()).and_then(Cbor::as_bytes);
    let certificate = certificate.ok_or("the attestation's certificate is missing")?;
    let key = certificate_key(certificate).ok_or("the attestation's certificate has no P-256 key")?;
    if !verifies(key, signed, signature) {
        return Err("the attestation's signature is not that of its certificate".into());
    }
    if certificate_aaguid(certificate).is_some_and(|said| said != aaguid) {
        return Err("the attestation's certificate is for another model (AAGUID)".into());
    }
    Ok(true)
}

fn verifies(point: &[u8], signed: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(signed, signature).is_ok()
}

/// The bytes that follow a pattern.
fn after<'a>(bytes: &'a [u8], pattern: &[u8], length: usize) -> Option<&'a [u8]> {
    let at = bytes.windows(pattern.len()).position(|w| w == pattern)?;
    bytes.get(at + pattern.len()..)?.get(..length)
}

/// The point of a certificate on P-256: what follows the curve's object identifier and the head of a bit string.
fn certificate_key(certificate: &[u8]) -> Option<&[u8]> {
    const CURVE: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00];
    after(certificate, CURVE, 65)
}

/// The model that a certificate is for: extension 1.3.6.1.4.1.45724.1.1.4.
fn certificate_aaguid(certificate: &[u8]) -> Option<&[u8]> {
    const EXTENSION: &[u8] = &[
        0x06, 0x0b, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0xe5, 0x1c, 0x01, 0x01, 0x04, 0x04, 0x12, 0x04, 0x10,
    ];
    after(certificate, EXTENSION, 16)
}
