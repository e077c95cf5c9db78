//! The age format's own vectors through the way in which we open files: what must open does, what must not does not.

use crate::age_file;
use breakglass_model::Secret;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::PathBuf;

#[test]
fn the_vectors_of_the_age_format() {
    let root = std::env::var("BREAKGLASS_SHARED")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").into());
    let folder = PathBuf::from(format!("{root}/data/vectors-age/testdata"));
    let mut names: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|e| panic!("`{}` cannot be read ({e}); set BREAKGLASS_SHARED", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    let (mut judged, mut aside, mut lenient) = (0, 0, Vec::new());
    for path in names {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).unwrap();
        let end = bytes.windows(2).position(|w| w == b"\n\n").unwrap();
        let mut header: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for line in std::str::from_utf8(&bytes[..end]).unwrap().lines() {
            let (key, value) = line.split_once(": ").unwrap();
            header.entry(key).or_default().push(value);
        }
        let body = &bytes[end + 2..];
        let one = |key: &str| header.get(key).and_then(|all| all.first().copied());
        let identities: Vec<age::x25519::Identity> =
            header.get("identity").into_iter().flatten().filter_map(|i| i.parse().ok()).collect();
        // Ours are armored X25519 and scrypt files; post-quantum recipients and zlib-packed giants are not.
        let opened = match (one("passphrase"), identities.first()) {
            _ if one("compressed").is_some() || name.starts_with("hybrid") => {
                aside += 1;
                continue;
            }
            (Some(passphrase), _) => age_file::open_with_passphrase(body, &Secret::new(passphrase)),
            (None, Some(identity)) => age_file::open_with_identity(body, identity),
            (None, None) => {
                aside += 1;
                continue;
            }
        };
        judged += 1;
        let expect = one("expect").unwrap();
        match opened {
            Ok(_) if expect == "header failure" => lenient.push(name),
            Ok(clear) => {
                assert_eq!(expect, "success", "{name} opened");
                assert_eq!(hex::encode(Sha256::digest(&*clear)), one("payload").unwrap(), "{name}");
            }
            Err(error) => assert_ne!(expect, "success", "{name}: {error}"),
        }
    }
    // The age crate still takes the stanzas of an early draft, whose last line may be missing. The header's MAC covers
    // them as they stand, so that nobody without the key can make one; nothing else may be taken leniently.
    assert_eq!(lenient, ["stanza_missing_body", "stanza_missing_final_line"]);
    assert!(judged > 90, "only {judged} vectors were judged, {aside} left aside");
}
