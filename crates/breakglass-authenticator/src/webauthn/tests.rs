//! The bytes of the specification's own test vectors, made again.

use super::*;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};
use serde_json::Value as Json;

fn vectors() -> Vec<Json> {
    let shared = std::env::var_os("BREAKGLASS_SHARED").map_or_else(
        || std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        Into::into,
    );
    let file = shared.join("data/vectors-webauthn/vectors.json");
    let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    serde_json::from_str(&text).unwrap()
}

fn bytes(vector: &Json, part: &str, name: &str) -> Vec<u8> {
    let text = vector[part][name].as_str().unwrap_or_else(|| panic!("{}: {part}.{name}", vector["name"]));
    hex::decode(text).unwrap()
}

/// The vectors whose credential is ES256 and whose attestation is none.
fn none_es256() -> Vec<Json> {
    let found: Vec<Json> =
        vectors().into_iter().filter(|v| v["name"].as_str().unwrap().starts_with("none-es256")).collect();
    assert_eq!(found.len(), 4);
    found
}

/// Authenticator data's counter and flags stand after the hash of the relying party.
fn flags_and_counter(data: &[u8]) -> (u8, u32) {
    (data[32], u32::from_be_bytes(data[33..37].try_into().unwrap()))
}

#[test]
fn attestation_objects_are_those_of_the_vectors() {
    for vector in none_es256() {
        let object = bytes(&vector, "registration", "attestationObject");
        let id = bytes(&vector, "registration", "credential_id");
        // The authenticator data is the end of the object.
        let start = object.windows(32).position(|w| w == &Sha256::digest(b"example.org")[..]).unwrap();
        let (flags, counter) = flags_and_counter(&object[start..]);
        let point = &object[object.len() - 67..];
        let key = [&[4], &point[..32], &point[35..]].concat();
        let attested = Attested {
            aaguid: bytes(&vector, "registration", "aaguid").try_into().unwrap(),
            credential_id: &id,
            public_key: &key,
        };
        let data =
            authenticator_data("example.org", flags & !ATTESTED, counter, Some(&attested), &[]).unwrap();
        assert_eq!(hex::encode(attestation_none(data).unwrap()), hex::encode(object), "{}", vector["name"]);
        // The private key of the vector belongs to that point.
        let private = bytes(&vector, "registration", "credential_private_key");
        EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_ASN1_SIGNING, &private, &key)
            .unwrap();
    }
}

#[test]
fn assertions_are_those_of_the_vectors() {
    let mut same = 0;
    for vector in none_es256() {
        let data = bytes(&vector, "authentication", "authenticatorData");
        let (flags, counter) = flags_and_counter(&data);
        assert_eq!(authenticator_data("example.org", flags, counter, None, &[]).unwrap(), data);
        let client = bytes(&vector, "authentication", "clientDataJSON");
        let challenge = bytes(&vector, "authentication", "challenge");
        let ours = client_data(Ceremony::Get, &challenge, "https://example.org");
        // Some vectors add members after ours, or are of another frame's origin.
        same += usize::from(ours.as_bytes() == client);
        let object = bytes(&vector, "registration", "attestationObject");
        let point = &object[object.len() - 67..];
        let key = [&[4], &point[..32], &point[35..]].concat();
        let signature = bytes(&vector, "authentication", "signature");
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &key)
            .verify(&signed_bytes(&data, &client), &signature)
            .unwrap_or_else(|_| panic!("{}", vector["name"]));
    }
    assert!(same >= 1, "at least one vector has the plain client data that we write");
}

#[test]
fn registrations_have_the_client_data_of_the_vectors() {
    let mut same = 0;
    for vector in vectors().iter().filter(|v| v.get("registration").is_some()) {
        let client = bytes(vector, "registration", "clientDataJSON");
        let challenge = bytes(vector, "registration", "challenge");
        let ours = client_data(Ceremony::Create, &challenge, "https://example.org");
        let client = String::from_utf8(client).unwrap();
        same += usize::from(client == ours);
        let begin = ours.split(r#","crossOrigin""#).next().unwrap();
        assert!(client.starts_with(begin), "{}: {client}", vector["name"]);
    }
    assert!(same >= 4, "{same}");
}

#[test]
fn a_key_that_is_freshly_made_has_the_point_that_we_expect() {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    assert!(cose_es256(pair.public_key().as_ref()).is_ok());
    assert!(cose_es256(&[4; 64]).is_err());
    assert!(cose_es256(&[2; 65]).is_err());
}

#[test]
fn base64_is_read_as_services_write_it() {
    for text in ["-_8A", "+/8A", "-_8", "-_8=", "+/8="] {
        assert_eq!(from_base64url(text).unwrap()[..2], [0xfb, 0xff], "{text}");
    }
    assert_eq!(from_base64url("a b"), None);
    assert_eq!(guid("8446ccb9-ab1d-b374-750b-2367ff6f3a1f").unwrap()[..2], [0x84, 0x46]);
    assert_eq!(guid("8446"), None);
}
