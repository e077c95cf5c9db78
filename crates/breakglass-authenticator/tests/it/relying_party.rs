//! A relying party that reads what a key made, byte by byte, and shares no code with the key.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use breakglass_ops::port::PasskeyCreation;
use ciborium::Value as Cbor;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub(crate) fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Graph's creation options for a user of this relying party.
pub(crate) fn options(rp_id: &str, user: &str, challenge: &str) -> Value {
    json!({
        "challenge": encode(challenge),
        "timeout": 0,
        "attestation": "direct",
        "rp": { "id": rp_id, "name": "Login" },
        "user": { "id": encode(user), "displayName": user, "name": user },
        "pubKeyCredParams": [{ "type": "public-key", "alg": -7 }, { "type": "public-key", "alg": -257 }],
        "excludeCredentials": [],
        "authenticatorSelection":
            { "authenticatorAttachment": "cross-platform", "requireResidentKey": true, "userVerification": "required" },
        "extensions": { "hmacCreateSecret": true, "credentialProtectionPolicy": "userVerificationOptional" }
    })
}

/// What was registered.
#[derive(Clone, Debug)]
pub(crate) struct Registered {
    pub(crate) id: String,
    pub(crate) aaguid: String,
    pub(crate) point: Vec<u8>,
    pub(crate) counter: u32,
    pub(crate) extensions: Vec<(String, i64)>,
}

fn check_client(bytes: &[u8], kind: &str, challenge: &[u8], origin: &str) {
    let client: Value = serde_json::from_slice(bytes).unwrap();
    assert_eq!(
        client,
        json!({ "type": kind, "challenge": encode(challenge), "origin": origin, "crossOrigin": false })
    );
}

/// Checks a registration as WebAuthn section 7.1 does, attestation aside: there is none.
pub(crate) fn register(made: &PasskeyCreation, rp_id: &str, challenge: &[u8], origin: &str) -> Registered {
    check_client(&decode(&made.client_data_json), "webauthn.create", challenge, origin);
    let object: Cbor = ciborium::from_reader(decode(&made.attestation_object).as_slice()).unwrap();
    let map = object.as_map().unwrap();
    let get = |name: &str| &map.iter().find(|(k, _)| k.as_text() == Some(name)).unwrap().1;
    assert_eq!((get("fmt").as_text(), get("attStmt").as_map().map(Vec::len)), (Some("none"), Some(0)));
    let data = get("authData").as_bytes().unwrap();
    assert_eq!(data[..32], Sha256::digest(rp_id)[..]);
    // Present, verified, attested; not backed up, and not to be.
    let flags = data[32];
    assert_eq!(flags & 0b0101_1101, 0b0100_0101, "{flags:#b}");
    let counter = u32::from_be_bytes(data[33..37].try_into().unwrap());
    let guid = hex::encode(&data[37..53]);
    let aaguid = [&guid[..8], &guid[8..12], &guid[12..16], &guid[16..20], &guid[20..]].join("-");
    let length = usize::from(u16::from_be_bytes(data[53..55].try_into().unwrap()));
    let id = encode(&data[55..55 + length]);
    assert_eq!(id, made.credential_id);
    let mut rest = &data[55 + length..];
    let key: Cbor = ciborium::from_reader(&mut rest).unwrap();
    let key: Vec<(i64, Cbor)> = key
        .as_map()
        .unwrap()
        .iter()
        .map(|(k, v)| (k.as_integer().unwrap().try_into().unwrap(), v.clone()))
        .collect();
    let part = |label: i64| key.iter().find(|(k, _)| *k == label).unwrap().1.clone();
    assert_eq!((part(1), part(3), part(-1)), (2.into(), (-7).into(), 1.into()));
    let point = [&[4], part(-2).as_bytes().unwrap().as_slice(), part(-3).as_bytes().unwrap()].concat();
    let mut extensions = Vec::new();
    if flags & 0x80 != 0 {
        let map: Cbor = ciborium::from_reader(&mut rest).unwrap();
        for (name, value) in map.as_map().unwrap() {
            let value = i64::try_from(value.as_integer().unwrap()).unwrap();
            extensions.push((name.as_text().unwrap().to_owned(), value));
        }
    }
    assert!(rest.is_empty());
    Registered { id, aaguid, point, counter, extensions }
}

/// Checks an assertion as WebAuthn section 7.2 does; each field base64url. Answers the counter, or what is wrong.
pub(crate) fn verify(
    key: &Registered,
    [client, data, signature]: [&str; 3],
    rp_id: &str,
    challenge: &[u8],
    origin: &str,
) -> Result<u32, String> {
    let (client, data) = (decode(client), decode(data));
    check_client(&client, "webauthn.get", challenge, origin);
    if data.len() != 37 || data[..32] != Sha256::digest(rp_id)[..] || data[32] != 0b101 {
        return Err(format!("authenticator data {data:?}"));
    }
    let signed = [data.as_slice(), &Sha256::digest(&client)].concat();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &key.point)
        .verify(&signed, &decode(signature))
        .map_err(|_| "the signature does not fit".to_owned())?;
    let counter = u32::from_be_bytes(data[33..].try_into().unwrap());
    if counter <= key.counter { Err(format!("counter {counter} after {}", key.counter)) } else { Ok(counter) }
}
