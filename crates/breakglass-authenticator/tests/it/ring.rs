//! The keys of a design.

use crate::relying_party::{self as rp, options};
use breakglass_authenticator::{KeyRingError, SOFTWARE_AAGUID, SoftwareKeyRing};
use breakglass_model::design::{self, Design};
use breakglass_ops::port::KeyRing as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

const DECLARED: &str = "2fc0579f-8113-47ea-b116-bb5a8db9202a";

/// The template's two accounts; `ea-01`'s second key has a declared model.
fn two_accounts() -> Design {
    let text =
        design::TEMPLATE.replacen("\"fido2@safe-south\"", &format!("\"fido2:{DECLARED}@safe-south\""), 1);
    design::parse(&text, "breakglass.toml").unwrap_or_else(|p| panic!("{p:?}"))
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn every_declared_passkey_has_a_key_in_the_order_of_the_design() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("a/keys");
    let ring = SoftwareKeyRing::danger_open(dir.clone(), &two_accounts()).unwrap();
    let names: Vec<_> = ring.keys("ea-01").iter().map(|k| (k.name(), k.aaguid())).collect();
    let expected = [("ea-01 key 1", SOFTWARE_AAGUID), ("ea-01 key 2", DECLARED)]
        .map(|(n, a)| (n.to_owned(), a.to_owned()));
    assert_eq!(names, expected);
    assert_eq!(ring.keys("ea-02").len(), 2);
    assert_eq!(ring.keys("ea-03").len(), 0);
    assert_eq!(std::fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
    for key in ring.keys("ea-01").iter().chain(&ring.keys("ea-02")) {
        let made = key.create(&options("localhost", "u", "c"), "https://localhost").await.unwrap();
        assert_eq!(rp::register(&made, "localhost", b"c", "https://localhost").aaguid, key.aaguid());
    }
    let mut files: Vec<_> =
        std::fs::read_dir(&dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    files.retain(|f| f.ends_with(".json"));
    files.sort();
    assert_eq!(files, ["ea-01-key-1.json", "ea-01-key-2.json", "ea-02-key-1.json", "ea-02-key-2.json"]);
    let again = SoftwareKeyRing::danger_open(dir, &two_accounts()).unwrap();
    assert!(again.keys("ea-02")[1].assert("localhost", b"c", "https://localhost").await.is_ok());
}

#[test]
fn a_folder_that_others_can_enter_is_closed_when_empty_and_refused_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    set_mode(folder.path(), 0o755);
    SoftwareKeyRing::danger_open(folder.path().into(), &two_accounts()).unwrap();
    assert_eq!(std::fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o700);
    std::fs::write(folder.path().join("something"), "").unwrap();
    set_mode(folder.path(), 0o755);
    let error = SoftwareKeyRing::danger_open(folder.path().into(), &two_accounts()).unwrap_err();
    assert!(matches!(error, KeyRingError::Exposed(_)), "{error}");
    let file = folder.path().join("something");
    assert!(matches!(
        SoftwareKeyRing::danger_open(file, &two_accounts()),
        Err(KeyRingError::Folder { .. } | KeyRingError::Exposed(_))
    ));
}
