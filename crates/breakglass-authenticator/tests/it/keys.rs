//! One software key.

use crate::relying_party::{self as rp, options};
use breakglass_authenticator::{SOFTWARE_AAGUID, SoftwareKey};
use breakglass_ops::port::{SecurityKey as _, SecurityKeyError};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

const ORIGIN: &str = "https://login.microsoft.com";
const RP: &str = "login.microsoft.com";

fn open(folder: &Path) -> SoftwareKey {
    SoftwareKey::danger_open(&folder.join("ea-01-key-1.json"), "ea-01 key 1", SOFTWARE_AAGUID).unwrap()
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_relying_party_believes_the_key_again_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let key = open(folder.path());
    assert!(!key.file().exists(), "nothing is written before there is a passkey");
    let made = key.create(&options(RP, "user-1", "first challenge"), ORIGIN).await.unwrap();
    assert_eq!(made.display_name, "ea-01 key 1");
    let mut registered = rp::register(&made, RP, b"first challenge", ORIGIN);
    assert_eq!((registered.aaguid.as_str(), registered.counter), (SOFTWARE_AAGUID, 0));
    assert_eq!(registered.extensions, []);
    for n in 0..3_u8 {
        // Each time another program run.
        let signed = open(folder.path()).assert(RP, &[n; 32], ORIGIN).await.unwrap();
        assert_eq!(
            (signed.credential_id.as_str(), signed.user_handle),
            (registered.id.as_str(), rp::encode("user-1"))
        );
        let fields = [signed.client_data_json.as_str(), &signed.authenticator_data, &signed.signature];
        registered.counter = rp::verify(&registered, fields, RP, &[n; 32], ORIGIN).unwrap();
        assert_eq!(registered.counter, u32::from(n) + 1);
    }
    assert_eq!(mode(key.file()), 0o600);
}

#[tokio::test]
async fn the_counter_is_on_the_disk_before_the_assertion_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let key = open(folder.path());
    key.create(&options(RP, "u", "c"), ORIGIN).await.unwrap();
    let before = std::fs::read_to_string(key.file()).unwrap();
    // A folder where the file is written beside: the counter cannot be kept, so nothing is signed.
    let obstacle = key.file().with_extension("unfinished");
    std::fs::create_dir(&obstacle).unwrap();
    let error = key.assert(RP, b"c", ORIGIN).await.unwrap_err();
    assert!(matches!(&error, SecurityKeyError::Device { key, .. } if key == "ea-01 key 1"), "{error}");
    assert_eq!(std::fs::read_to_string(key.file()).unwrap(), before);
    std::fs::remove_dir(&obstacle).unwrap();
    key.assert(RP, b"c", ORIGIN).await.unwrap();
    assert!(std::fs::read_to_string(key.file()).unwrap().contains("\"counter\": 1"));
}

/// Several handles on one file, as several processes would have: no counter is used twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_counter_is_used_twice() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).create(&options(RP, "u", "c"), ORIGIN).await.unwrap();
    let keys: Vec<_> = (0..3).map(|_| Arc::new(open(folder.path()))).collect();
    let sign = |n: usize| {
        let key = keys[n % 3].clone();
        tokio::spawn(
            async move { rp::decode(&key.assert(RP, b"c", ORIGIN).await.unwrap().authenticator_data) },
        )
    };
    let mut counters = Vec::new();
    for task in (0..24).map(sign).collect::<Vec<_>>() {
        counters.push(u32::from_be_bytes(task.await.unwrap()[33..].try_into().unwrap()));
    }
    counters.sort_unstable();
    assert_eq!(counters, (1..=24).collect::<Vec<u32>>());
}

#[tokio::test]
async fn one_passkey_for_each_relying_party_and_user() {
    let folder = tempfile::tempdir().unwrap();
    let key = open(folder.path());
    let error = key.assert(RP, b"c", ORIGIN).await.unwrap_err();
    assert_eq!(error.to_string(), "key `ea-01 key 1` holds no passkey for `login.microsoft.com`");
    let first = key.create(&options(RP, "u", "c"), ORIGIN).await.unwrap();
    let other = key.create(&options("localhost", "u", "c"), "https://localhost:7001").await.unwrap();
    let again = key.create(&options(RP, "u", "c"), ORIGIN).await.unwrap();
    assert_ne!(first.credential_id, again.credential_id);
    assert_eq!(key.assert(RP, b"c", ORIGIN).await.unwrap().credential_id, again.credential_id);
    let local = key.assert("localhost", b"c", "https://localhost:7001").await.unwrap();
    assert_eq!(local.credential_id, other.credential_id);
    let text = std::fs::read_to_string(key.file()).unwrap();
    assert!(!text.contains(&first.credential_id), "the first one was replaced");
    // What is registered already is not made a second time.
    let mut excluding = options(RP, "u", "c");
    excluding["excludeCredentials"] =
        json!([{ "id": format!("{}=", again.credential_id), "type": "public-key" }]);
    let error = key.create(&excluding, ORIGIN).await.unwrap_err();
    assert!(matches!(&error, SecurityKeyError::Options(why) if why.contains("use another key")), "{error}");
    assert_eq!(std::fs::read_to_string(key.file()).unwrap(), text);
}

#[tokio::test]
async fn a_page_asks_for_its_own_passkeys_alone() {
    let folder = tempfile::tempdir().unwrap();
    let key = open(folder.path());
    key.create(&options(RP, "u", "c"), ORIGIN).await.unwrap();
    for origin in ["https://login.microsoft.com.evil.example", "http://login.microsoft.com", "nonsense"] {
        assert!(key.assert(RP, b"c", origin).await.is_err(), "{origin}");
        assert!(key.create(&options(RP, "u", "c"), origin).await.is_err(), "{origin}");
    }
}

#[tokio::test]
async fn protection_is_answered_when_it_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut asked = options(RP, "u", "c");
    asked["extensions"]["credentialProtectionPolicy"] = json!("userVerificationRequired");
    let made = open(folder.path()).create(&asked, ORIGIN).await.unwrap();
    assert_eq!(rp::register(&made, RP, b"c", ORIGIN).extensions, [("credProtect".to_owned(), 3)]);
}

#[tokio::test]
async fn files_that_cannot_be_the_key_are_refused_without_showing_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ea-01-key-1.json");
    let key = open(folder.path());
    key.create(&options(RP, "u", "c"), ORIGIN).await.unwrap();
    let good = std::fs::read_to_string(&file).unwrap();
    let secret = good.split("\"private_key\": \"").nth(1).unwrap()[..20].to_owned();
    assert!(good.contains("SECRET"));
    let mut said = String::new();
    let mut refuse = |what: &str, name: &str, aaguid: &str| {
        let error = SoftwareKey::danger_open(&file, name, aaguid).unwrap_err().to_string();
        assert!(!error.contains(&secret), "{error}");
        said.push_str(&format!(
            "{what}:\n  {}\n",
            error.replace(&folder.path().display().to_string(), "DIR")
        ));
    };
    refuse("another account", "ea-02 key 1", SOFTWARE_AAGUID);
    refuse("another model", "ea-01 key 1", "00000000-1111-2222-3333-444444444444");
    refuse("no model", "ea-01 key 1", "yubikey");
    std::fs::write(&file, good.replace("\"counter\"", "\"count\"")).unwrap();
    refuse("a field is missing", "ea-01 key 1", SOFTWARE_AAGUID);
    std::fs::write(&file, &good[..good.len() - 40]).unwrap();
    refuse("cut", "ea-01 key 1", SOFTWARE_AAGUID);
    std::fs::write(&file, good.replace("software-key/1", "software-key/2")).unwrap();
    refuse("a later format", "ea-01 key 1", SOFTWARE_AAGUID);
    std::fs::write(&file, &good).unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    refuse("open to others", "ea-01 key 1", SOFTWARE_AAGUID);
    insta::assert_snapshot!(said);
    assert_eq!(format!("{key:?}"), format!("SoftwareKey(ea-01 key 1, {})", file.display()));
}
