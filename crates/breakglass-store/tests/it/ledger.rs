//! The ledger's directory when nobody interferes.

use crate::world::{Seed, Ticking, folder, mode, open, read_all};
use breakglass_ledger::{Checkpoint, VerifierKey, pack, tile};
use breakglass_model::Tri;
use breakglass_ops::port::Evidence as _;
use breakglass_store::ledger_dir::LedgerDir;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

#[tokio::test]
async fn entries_are_kept_in_order_and_there_again() {
    let folder = folder();
    let dir = folder.path().join("ledger");
    let first = open(&dir).unwrap();
    assert_eq!(first.history().await.unwrap(), []);
    for n in 0..5_u64 {
        assert_eq!(first.record("k", "s", json!({ "n": n })).await.unwrap(), n);
    }
    let again = open(&dir).unwrap();
    let lines = again.history().await.unwrap();
    let data: Vec<_> =
        lines.iter().map(|l| (l.index, l.kind.as_str(), l.data["n"].as_u64().unwrap())).collect();
    assert_eq!(data, (0..5).map(|n| (n, "k", n)).collect::<Vec<_>>());
    assert_eq!(again.verifier_key(), first.verifier_key());
    assert_eq!(again.checkpoint().unwrap(), first.checkpoint().unwrap());
    assert_eq!((mode(&dir), mode(&dir.join("key")), mode(&dir.join("entries.jsonl"))), (0o700, 0o600, 0o600));
}

/// The folder is at every size exactly a `tlog-tiles` log, across the edges of full tiles.
#[tokio::test]
async fn the_folder_is_a_log_for_anybody() {
    let folder = folder();
    let ledger = open(folder.path()).unwrap();
    let key = VerifierKey::parse(std::fs::read_to_string(folder.path().join("verifier.key")).unwrap().trim())
        .unwrap();
    assert_eq!(&key, ledger.verifier_key());
    for n in 0..520_u64 {
        ledger.record("k", "s", json!(n)).await.unwrap();
        if ![0, 1, 254, 255, 256, 257, 511, 512, 519].contains(&n) {
            continue;
        }
        let files = read_all(folder.path());
        let text = |name: &str| String::from_utf8(files[std::path::Path::new(name)].clone()).unwrap();
        let checkpoint = Checkpoint::open(&text("checkpoint"), &key).unwrap();
        assert_eq!(checkpoint.size, n + 1);
        let found: BTreeSet<String> =
            files.keys().map(|p| p.display().to_string()).filter(|p| p.starts_with("tile/")).collect();
        let expected: BTreeSet<String> = tile::tiles(n + 1).iter().map(tile::Tile::path).collect();
        assert_eq!(found, expected);
        let pack = ledger.pack("t", None, &BTreeMap::new()).unwrap();
        assert_eq!(pack::verify(&pack, Some(&key), Some(&text("checkpoint"))).holds(), Tri::Yes);
        // Another handle checks the whole folder when it opens it.
        assert_eq!(open(folder.path()).unwrap().entries().unwrap().len() as u64, n + 1);
    }
}

#[tokio::test]
async fn a_pack_holds_against_an_earlier_checkpoint() {
    let folder = folder();
    let ledger = open(folder.path()).unwrap();
    ledger.record("a", "s", json!(1)).await.unwrap();
    let kept = ledger.checkpoint().unwrap();
    ledger.record("b", "s", json!(2)).await.unwrap();
    let attachments = BTreeMap::from([("design.toml".to_owned(), b"version = 1".to_vec())]);
    let bytes = ledger.pack("contoso", None, &attachments).unwrap();
    let report = pack::verify(&bytes, Some(ledger.verifier_key()), Some(&kept));
    assert_eq!((report.holds(), report.size), (Tri::Yes, Some(2)));
    assert_eq!(report.attachments, ["design.toml"]);
    assert!(ledger.pack("two\nlines", None, &BTreeMap::new()).is_err());
}

/// Handles that know nothing of each other, in turn and at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_writers_get_an_index_each() {
    let folder = folder();
    let handles: Vec<_> = (0..3).map(|_| open(folder.path()).unwrap()).collect();
    let write = |n: usize| {
        let ledger = handles[n % 3].clone();
        tokio::spawn(async move { ledger.record("k", &n.to_string(), json!(n)).await.unwrap() })
    };
    let mut indices = BTreeMap::new();
    for (n, task) in (0..60).map(write).collect::<Vec<_>>().into_iter().enumerate() {
        indices.insert(task.await.unwrap(), n.to_string());
    }
    let history = handles[0].history().await.unwrap();
    let found: BTreeMap<u64, String> = history.into_iter().map(|l| (l.index, l.subject)).collect();
    assert_eq!((found.len(), &found), (60, &indices));
    open(folder.path()).unwrap();
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused_and_leaves_nothing() {
    let folder = folder();
    let ledger = open(folder.path()).unwrap();
    ledger.record("k", "s", json!(0)).await.unwrap();
    let before = read_all(folder.path());
    let error = ledger.record("big", "s", json!("x".repeat(70_000))).await.unwrap_err().to_string();
    assert!(error.contains("the entry `big` has 70") && error.contains("record its digest"), "{error}");
    assert_eq!(read_all(folder.path()), before);
    assert_eq!(ledger.record("k", "s", json!(1)).await.unwrap(), 1);
}

#[tokio::test]
async fn each_ledger_has_a_name_and_a_key_of_its_own() {
    let (one, two) = (folder(), folder());
    let a = open(one.path()).unwrap();
    let b = LedgerDir::open(two.path().into(), Arc::new(Ticking::default()), &Seed(8)).unwrap();
    assert_eq!(a.verifier_key().name(), "breakglass-ledger/0707070707070707");
    assert_ne!(a.verifier_key(), b.verifier_key());
    // A ledger that is there keeps its key, whatever randomness is handed in.
    let again = LedgerDir::open(one.path().into(), Arc::new(Ticking::default()), &Seed(9)).unwrap();
    assert_eq!(again.verifier_key(), a.verifier_key());
}
