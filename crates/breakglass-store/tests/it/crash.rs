//! A kill at every point of a write, and a disk that refuses at every point.

use crate::world::{folder, open, read_all, write_all};
use breakglass_model::Tri;
use breakglass_ops::port::Evidence as _;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

type Tree = BTreeMap<PathBuf, Vec<u8>>;

/// Opens what a kill left: the acknowledged entries are there, and writing goes on.
async fn check(state: &Tree, acknowledged: usize, at: &str) {
    let folder = folder();
    let dir = folder.path().join("ledger");
    write_all(&dir, state);
    let ledger = open(&dir).unwrap_or_else(|e| panic!("{at}: {e}"));
    let found = ledger.entries().unwrap();
    assert_eq!(found.len(), acknowledged, "{at}");
    let left = state[Path::new("entries.jsonl")].len();
    let covered: usize = found.iter().map(|e| e.to_bytes().unwrap().len() + 1).sum();
    let index = ledger.record("after", "s", json!(null)).await.unwrap();
    let entries = ledger.entries().unwrap();
    assert_eq!(entries[..acknowledged], found, "{at}");
    // What had to be cut off is said.
    let kinds: Vec<_> = entries[acknowledged..].iter().map(|e| e.kind.as_str()).collect();
    if left > covered {
        assert_eq!(kinds, ["ledger.recovered", "after"], "{at}");
        assert_eq!(entries[acknowledged].data["cut_bytes"], json!(left - covered));
    } else {
        assert_eq!(kinds, ["after"], "{at}");
    }
    assert_eq!(index as usize, entries.len() - 1);
    let again = open(&dir).unwrap_or_else(|e| panic!("{at}: {e}"));
    let pack = again.pack("t", None, &BTreeMap::new()).unwrap();
    let report = breakglass_ledger::pack::verify(&pack, Some(again.verifier_key()), None);
    assert_eq!(report.holds(), Tri::Yes, "{at}");
}

/// The folder before and after one more entry, and the files of that write in their order.
async fn one_write(before: u64) -> (Tree, Tree, Vec<PathBuf>) {
    let folder = folder();
    let ledger = open(folder.path()).unwrap();
    for n in 0..before {
        ledger.record("k", "s", json!({ "n": n })).await.unwrap();
    }
    let old = read_all(folder.path());
    ledger.record("last", "s", json!({ "n": before, "text": "naïve" })).await.unwrap();
    let new = read_all(folder.path());
    let mut order: Vec<PathBuf> =
        breakglass_ledger::tile::new_tiles(before, before + 1).iter().map(|t| t.path().into()).collect();
    order.push("checkpoint".into());
    (old, new, order)
}

async fn every_point(before: u64, step: usize) {
    let (old, new, order) = one_write(before).await;
    let acknowledged = usize::try_from(before).unwrap();
    let entries = Path::new("entries.jsonl");
    let line = new[entries].len() - old[entries].len();
    let mut state = old.clone();
    for bytes in (0..=line).filter(|b| b % step == 0 || *b + 2 > line) {
        state.insert(entries.into(), new[entries][..old[entries].len() + bytes].to_vec());
        check(&state, acknowledged, &format!("{bytes} of {line} bytes of entry {before}")).await;
    }
    for path in order {
        let content = &new[&path];
        let beside =
            path.with_file_name(format!(".{}.unfinished", path.file_name().unwrap().to_string_lossy()));
        for bytes in (0..=content.len()).filter(|b| b % (step * 16) == 0 || *b == content.len()) {
            state.insert(beside.clone(), content[..bytes].to_vec());
            check(&state, acknowledged, &format!("{bytes} bytes of {}", path.display())).await;
        }
        state.remove(&beside);
        state.insert(path.clone(), content.clone());
        let acknowledged = acknowledged + usize::from(path == Path::new("checkpoint"));
        check(&state, acknowledged, &format!("{} is there", path.display())).await;
    }
    let stale: Vec<PathBuf> = state.keys().filter(|p| !new.contains_key(*p)).cloned().collect();
    for path in stale {
        state.remove(&path);
        check(&state, acknowledged + 1, &format!("{} is gone", path.display())).await;
    }
    assert_eq!(state, new);
}

#[tokio::test]
async fn a_kill_at_every_byte_of_a_write() {
    every_point(3, 1).await;
}

#[tokio::test]
async fn a_kill_while_the_first_entry_is_written() {
    every_point(0, 5).await;
}

#[tokio::test]
async fn a_kill_while_a_tile_fills_up_and_a_new_one_begins() {
    every_point(255, 97).await;
    every_point(256, 97).await;
}

/// The files of a new ledger, in the order in which they are made: each prefix is mended.
#[tokio::test]
async fn a_kill_while_the_ledger_is_made() {
    let folder = folder();
    let whole = folder.path().join("whole");
    drop(open(&whole).unwrap());
    let files = read_all(&whole);
    let mut state = Tree::new();
    for name in ["lock", "key", "verifier.key", "README.txt", "entries.jsonl", "checkpoint"] {
        let content = &files[Path::new(name)];
        let dir = folder.path().join("half");
        for bytes in 0..=content.len().min(40) {
            let mut half = state.clone();
            half.insert(format!(".{name}.unfinished").into(), content[..bytes].to_vec());
            write_all(&dir, &half);
            let ledger = open(&dir).unwrap_or_else(|e| panic!("{bytes} bytes of `{name}`: {e}"));
            assert_eq!(ledger.record("k", "s", json!(1)).await.unwrap(), 0);
        }
        state.insert(name.into(), content.clone());
    }
    assert_eq!(state, files);
}

/// A folder stands where a file is to be written: the write fails, the entry is not acknowledged, and later it goes on.
#[tokio::test]
async fn a_disk_that_refuses_loses_nothing_and_doubles_nothing() {
    for obstacle in ["tile/entries/000.p/3", "tile/0/000.p/3", ".checkpoint.unfinished"] {
        let folder = folder();
        let ledger = open(folder.path()).unwrap();
        for n in 0..2 {
            ledger.record("k", "s", json!(n)).await.unwrap();
        }
        let path = folder.path().join(obstacle);
        std::fs::create_dir_all(path.join("x")).unwrap();
        for _ in 0..3 {
            let error = ledger.record("lost", "s", json!(2)).await.unwrap_err().to_string();
            assert!(error.contains("did not take the entry"), "{error}");
            assert_eq!(ledger.history().await.unwrap().len(), 2, "{obstacle}");
        }
        std::fs::remove_dir_all(&path).unwrap();
        let index = ledger.record("kept", "s", json!(2)).await.unwrap();
        let kinds: Vec<_> = ledger.history().await.unwrap().into_iter().map(|l| l.kind).collect();
        assert_eq!(
            (index, kinds.as_slice()),
            (3, &["k", "k", "ledger.recovered", "kept"].map(String::from)[..])
        );
        open(folder.path()).unwrap();
    }
}
