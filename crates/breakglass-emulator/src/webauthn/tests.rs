//! The ceremonies against the specification's own vectors, and a registration from challenge to sign-in.

use super::data::{AttestationObject, USER_VERIFIED};
use super::verify::{Assertion, Expected, authentication, registration};
use super::{assert as assert_passkey, register};
use crate::state::State;
use crate::testing::Key;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::path::PathBuf;

fn vectors() -> Vec<Value> {
    let root = std::env::var_os("BREAKGLASS_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let file = root.join("data/vectors-webauthn/vectors.json");
    let text = std::fs::read_to_string(&file).unwrap_or_else(|e| {
        panic!("{} is needed for this test; point BREAKGLASS_SHARED at it: {e}", file.display())
    });
    serde_json::from_str(&text).unwrap()
}

fn hex_of(vector: &Value, ceremony: &str, name: &str) -> Vec<u8> {
    hex::decode(vector[ceremony][name].as_str().unwrap()).unwrap()
}

fn expected(challenge: &[u8], user_verification: bool) -> Expected<'_> {
    Expected { challenge, origin: "https://example.org", rp_id: "example.org", user_verification }
}

#[test]
fn vectors_of_the_specification() {
    let mut passed = Vec::new();
    let mut refused = Vec::new();
    for vector in vectors().iter().filter(|v| v.get("registration").is_some()) {
        let name = vector["name"].as_str().unwrap();
        let get = |ceremony: &str, field: &str| hex_of(vector, ceremony, field);
        let challenge = get("registration", "challenge");
        let (client, object) =
            (get("registration", "clientDataJSON"), get("registration", "attestationObject"));
        let verified = AttestationObject::read(&object).unwrap().data[32] & USER_VERIFIED != 0;
        let new = match registration(&expected(&challenge, false), &client, &object) {
            Ok(new) => new,
            Err(why) => {
                refused.push(format!("{name}: {why}"));
                continue;
            }
        };
        assert_eq!(new.credential_id, get("registration", "credential_id"), "{name}");
        assert_eq!(new.aaguid.replace('-', ""), vector["registration"]["aaguid"].as_str().unwrap(), "{name}");
        assert_eq!(registration(&expected(&challenge, true), &client, &object).is_ok(), verified, "{name}");
        let other = [challenge.as_slice(), b"x"].concat();
        assert!(registration(&expected(&other, false), &client, &object).is_err(), "{name}");

        let challenge = get("authentication", "challenge");
        let (client, data, signature) = (
            get("authentication", "clientDataJSON"),
            get("authentication", "authenticatorData"),
            get("authentication", "signature"),
        );
        let assertion = Assertion { client_data: &client, data: &data, signature: &signature };
        let answer = authentication(&expected(&challenge, false), &assertion, &new.public_key, 0);
        assert_eq!(answer, Ok(0), "{name}");
        let mut bent = signature.clone();
        *bent.last_mut().unwrap() ^= 1;
        let assertion = Assertion { client_data: &client, data: &data, signature: &bent };
        assert!(
            authentication(&expected(&challenge, false), &assertion, &new.public_key, 0).is_err(),
            "{name}"
        );
        passed.push(name.to_owned());
    }
    assert_eq!(passed, ["none-es256", "packed-self-es256", "none-es256-long-credential-id", "packed-es256"]);
    for (name, why) in [
        ("crossOrigin", "inside another site"),
        ("topOrigin", "inside another site"),
        ("es384", "only ES256"),
        ("rs256", "only ES256"),
        ("tpm", "`tpm`"),
        ("apple", "`apple`"),
        ("fido-u2f", "`fido-u2f`"),
    ] {
        assert!(refused.iter().any(|r| r.contains(name) && r.contains(why)), "{name}: {refused:#?}");
    }
}

const ORIGIN: &str = "https://localhost:7443";
const USER: &str = "a0000000-0000-4000-8000-000000000001";

#[test]
fn a_key_is_registered_once_and_signs() {
    let (mut state, mut key) = (State::new(1), Key::new());
    let challenge = state.creation_challenge(USER);
    let credential = key.create(&challenge, ORIGIN, "localhost");
    let new = register(&mut state, ORIGIN, USER, &credential).unwrap();
    assert_eq!((new.attestation_level, new.passkey_type), ("notAttested", "deviceBound"));
    assert_eq!(new.aaguid, "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa");
    let again = register(&mut state, ORIGIN, USER, &credential).unwrap_err();
    assert!(again.contains("challenge"), "{again}");

    key.counter = 5;
    let passkey =
        assert_passkey(&mut state, ORIGIN, b"challenge", &key.get(b"challenge", 5, ORIGIN)).unwrap();
    assert_eq!((passkey.user.as_str(), passkey.counter), (USER, 5));
    for (answer, why) in [
        (key.get(b"challenge", 5, ORIGIN), "counter"),
        (key.get(b"another", 5, ORIGIN), "challenge"),
        (key.get(b"challenge", 1, ORIGIN), "verify its user"),
        (key.get(b"challenge", 4, ORIGIN), "touched"),
        (json!({}), "missing"),
    ] {
        let error = assert_passkey(&mut state, ORIGIN, b"challenge", &answer).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
    assert!(state.forget_passkey(USER, &new.method_id));
    assert!(assert_passkey(&mut state, ORIGIN, b"c", &key.get(b"c", 5, ORIGIN)).is_err());
}

#[test]
fn a_challenge_is_one_users_and_for_five_minutes() {
    let (mut state, key) = (State::new(1), Key::new());
    let challenge = state.creation_challenge(USER);
    for (user, origin, rp, why) in
        [("another", ORIGIN, "localhost", "challenge"), (USER, "https://localhost:1", "localhost", "origin")]
    {
        let error = register(&mut state, ORIGIN, user, &key.create(&challenge, origin, rp)).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
    let challenge = state.creation_challenge(USER);
    let error =
        register(&mut state, ORIGIN, USER, &key.create(&challenge, ORIGIN, "example.org")).unwrap_err();
    assert!(error.contains("relying party"), "{error}");
    let challenge = state.creation_challenge(USER);
    state.clock.advance(SignedDuration::from_mins(6));
    let error = register(&mut state, ORIGIN, USER, &key.create(&challenge, ORIGIN, "localhost")).unwrap_err();
    assert!(error.contains("lifetime"), "{error}");
}

proptest::proptest! {
    /// Bytes that nobody's authenticator made are refused; one bit of a real registration, too, or it means the same.
    #[test]
    fn rubbish_is_refused(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300), at in 0_usize..400, bit in 0_u8..8) {
        proptest::prop_assert!(registration(&expected(b"x", true), &bytes, &bytes).is_err());
        let vectors = vectors();
        let vector = vectors.iter().find(|v| v["name"] == "packed-self-es256").unwrap();
        let get = |name: &str| hex_of(vector, "registration", name);
        let (client, challenge, mut object) = (get("clientDataJSON"), get("challenge"), get("attestationObject"));
        if let Some(byte) = object.get_mut(at) {
            *byte ^= 1 << bit;
            if let Ok(new) = registration(&expected(&challenge, false), &client, &object) {
                proptest::prop_assert_eq!(new.credential_id, get("credential_id"));
            }
        }
    }
}
