//! A pack that nobody touched.

use crate::log::{about, attachments, checkpoint, entries, key, pack, retar, untar};
use breakglass_ledger::pack::{Contents, PackError, build, verify};
use breakglass_model::Tri;
use proptest::prelude::*;
use std::collections::BTreeMap;

#[test]
fn a_whole_pack_holds_with_its_key_and_is_unknown_without() {
    let (key, log) = (key(1), entries(7));
    let bytes = pack(&log, &key);
    let report = verify(&bytes, Some(key.verifier()), Some(&checkpoint(&log[..4], &key)));
    assert_eq!(report.problems, []);
    assert_eq!(report.holds(), Tri::Yes);
    assert_eq!(report.entries, log);
    assert_eq!(report.about, Some(about()));
    assert_eq!(report.attachments, ["reports/check.json"]);
    assert!(report.earlier.is_some_and(|e| e.consistent && e.size == 4));
    let unpinned = verify(&bytes, None, None);
    assert_eq!(unpinned.holds(), Tri::Unknown);
    assert!(unpinned.intact());
    insta::assert_snapshot!(format!("{}\n{}", unpinned.headline(), unpinned.notes.join("\n")), @"
    the pack is whole and unchanged since it was signed: 7 entries; whose key signed it is for you to compare
    the key was taken from the pack itself: compare it with the one that reached you by another way
    no earlier checkpoint was given: a history that its owner rewrote and signed again would not show
    ");
}

#[test]
fn a_pack_of_every_size_holds_and_is_made_the_same_twice() {
    let key = key(1);
    for size in [0, 1, 2, 255, 256, 257, 600] {
        let log = entries(size);
        let bytes = pack(&log, &key);
        assert_eq!(bytes, pack(&log, &key));
        assert_eq!(retar(&untar(&bytes)), bytes, "another tar writer comes to the same bytes");
        for earlier in [0, 1, size / 2, size] {
            let earlier = checkpoint(&log[..usize::try_from(earlier.min(size)).unwrap()], &key);
            let report = verify(&bytes, Some(key.verifier()), Some(&earlier));
            assert_eq!((report.problems, report.size), (vec![], Some(size)));
        }
    }
}

#[test]
fn the_files_are_plain() {
    let key = key(1);
    let files = untar(&pack(&entries(3), &key));
    let names: Vec<_> = files.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "pack.note",
            "SHA256SUMS",
            "README.txt",
            "verifier.key",
            "checkpoint",
            "entries.jsonl",
            "tile/entries/000.p/3",
            "tile/0/000.p/3",
            "attachments/reports/check.json",
        ]
    );
    let text = |name: &str| {
        let file = files.iter().find(|f| f.name == name).unwrap();
        String::from_utf8(file.bytes.clone()).unwrap()
    };
    insta::assert_snapshot!("readme", text("README.txt"));
    insta::assert_snapshot!("pack_note", text("pack.note"));
    insta::assert_snapshot!("entries", text("entries.jsonl"));
}

#[test]
fn what_cannot_be_packed_is_refused() {
    let (key, mut log) = (key(1), entries(3));
    let with = |name: &str| BTreeMap::from([(name.to_owned(), Vec::new())]);
    for name in ["", "../up", "a//b", "/a", "a/", ".hidden", "a b", "ü", "a\\b", &"x".repeat(80)] {
        let contents = Contents { key: &key, entries: &log, about: about(), attachments: &with(name) };
        assert_eq!(build(&contents), Err(PackError::Name(name.into())));
    }
    let mut about = about();
    about.title = "two\nlines".into();
    let contents = Contents { key: &key, entries: &log, about, attachments: &attachments() };
    assert_eq!(build(&contents), Err(PackError::Title));
    log.remove(1);
    let contents =
        Contents { key: &key, entries: &log, about: crate::log::about(), attachments: &attachments() };
    assert_eq!(build(&contents), Err(PackError::Order { index: 2, position: 1 }));
}

#[test]
fn a_clock_that_went_back_is_noted() {
    let (key, mut log) = (key(1), entries(3));
    log[2].at = crate::log::start();
    let report = verify(&pack(&log, &key), Some(key.verifier()), None);
    assert_eq!(report.holds(), Tri::Yes);
    assert!(
        report.notes[0].starts_with("entry 2 is dated 2026-11-01T08:00:00Z, before"),
        "{:?}",
        report.notes
    );
}

proptest! {
    #[test]
    fn anything_can_be_verified(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
        prop_assert_eq!(verify(&bytes, None, Some("x")).holds(), Tri::No);
    }
}
