//! Somebody on the machine edits the directory, without the key.

use crate::world::{folder, open, read_all, set_mode, write_all};
use breakglass_ops::port::Evidence as _;
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

type Tree = BTreeMap<PathBuf, Vec<u8>>;

async fn ledger_of(count: u64) -> Tree {
    let folder = folder();
    let ledger = open(folder.path()).unwrap();
    for n in 0..count {
        ledger.record("k", &format!("ea-{n:02}"), json!({ "n": n })).await.unwrap();
    }
    read_all(folder.path())
}

fn edit(files: &mut Tree, name: &str, edit: impl FnOnce(&str) -> String) {
    let file = files.get_mut(Path::new(name)).unwrap();
    *file = edit(std::str::from_utf8(file).unwrap()).into_bytes();
}

#[tokio::test]
async fn a_directory_that_was_edited_is_refused_and_left_as_it_is() {
    let good = ledger_of(5).await;
    let older = ledger_of(4).await;
    type Edit<'a> = Box<dyn Fn(&mut Tree) + 'a>;
    let edits: Vec<(&str, Edit<'_>)> = vec![
        (
            "an entry says something else",
            Box::new(|f| edit(f, "entries.jsonl", |t| t.replace("ea-02", "ea-03"))),
        ),
        (
            "an entry is written otherwise",
            Box::new(|f| edit(f, "entries.jsonl", |t| t.replacen("{\"at", "{ \"at", 1))),
        ),
        (
            "an entry is taken out",
            Box::new(|f| {
                edit(f, "entries.jsonl", |t| {
                    t.lines().filter(|l| !l.contains("ea-02")).map(|l| format!("{l}\n")).collect()
                });
            }),
        ),
        (
            "the last entry is cut off",
            Box::new(|f| {
                edit(f, "entries.jsonl", |t| t.lines().take(4).map(|l| format!("{l}\n")).collect());
            }),
        ),
        (
            "two entries change places",
            Box::new(|f| {
                edit(f, "entries.jsonl", |t| {
                    let mut lines: Vec<&str> = t.lines().collect();
                    lines.swap(1, 3);
                    lines.iter().map(|l| format!("{l}\n")).collect()
                });
            }),
        ),
        (
            "two entries are added",
            Box::new(|f| {
                edit(f, "entries.jsonl", |t| {
                    let last = t.lines().last().unwrap();
                    format!(
                        "{t}{}\n{}\n",
                        last.replace("\"index\":4", "\"index\":5"),
                        last.replace("\"index\":4", "\"index\":6")
                    )
                });
            }),
        ),
        (
            "a tile says something else",
            Box::new(|f| {
                f.get_mut(Path::new("tile/0/000.p/5")).unwrap()[40] ^= 1;
            }),
        ),
        (
            "the checkpoint says something else",
            Box::new(|f| edit(f, "checkpoint", |t| t.replace("\n5\n", "\n4\n"))),
        ),
        (
            "an older checkpoint",
            Box::new(|f| {
                f.insert("checkpoint".into(), older[Path::new("checkpoint")].clone());
                edit(f, "entries.jsonl", |t| t.replace("ea-01", "ea-09"));
            }),
        ),
        ("no checkpoint", Box::new(|f| drop(f.remove(Path::new("checkpoint"))))),
        ("no key", Box::new(|f| drop(f.remove(Path::new("key"))))),
        ("no entries", Box::new(|f| drop(f.remove(Path::new("entries.jsonl"))))),
        ("another key", Box::new(|f| edit(f, "key", |t| t.replace("0707", "0808")))),
        ("another verifier key", Box::new(|f| edit(f, "verifier.key", |t| t.replace("0707", "0808")))),
    ];
    let mut said = String::new();
    for (what, edit) in edits {
        let mut files = good.clone();
        edit(&mut files);
        let folder = folder();
        let dir = folder.path().join("ledger");
        write_all(&dir, &files);
        let error = match open(&dir) {
            Ok(_) => panic!("{what}: was opened"),
            Err(error) => error.to_string().replace(&dir.display().to_string(), "DIR"),
        };
        let error = error.replace("; keep the directory as it is for whoever looks into this, and go on with a copy from before or with a new data directory", "; keep ...");
        said.push_str(&format!("{what}:\n  {error}\n"));
        assert_eq!(read_all(&dir), files, "{what}: nothing is touched");
    }
    insta::assert_snapshot!(said);
}

/// A handle that is open notices what happens behind its back at its next look.
#[tokio::test]
async fn an_open_ledger_notices_too() {
    let folder = folder();
    let ledger = open(folder.path()).unwrap();
    ledger.record("k", "s", json!(0)).await.unwrap();
    let file = folder.path().join("entries.jsonl");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("\"k\"", "\"kk\"")).unwrap();
    let error = ledger.record("k", "s", json!(1)).await.unwrap_err().to_string();
    assert!(error.contains("entry 0 is not the one that was signed"), "{error}");
    std::fs::write(&file, text).unwrap();
    assert_eq!(ledger.record("k", "s", json!(1)).await.unwrap(), 1);
}

#[tokio::test]
async fn a_key_that_others_can_read_is_refused() {
    let folder = folder();
    drop(open(folder.path()).unwrap());
    set_mode(&folder.path().join("key"), 0o640);
    let error = open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("chmod 600"), "{error}");
}

#[tokio::test]
async fn missing_tiles_are_made_again() {
    let good = ledger_of(5).await;
    let folder = folder();
    let dir = folder.path().join("ledger");
    let bare: Tree = good.clone().into_iter().filter(|(p, _)| !p.starts_with("tile")).collect();
    write_all(&dir, &bare);
    drop(open(&dir).unwrap());
    assert_eq!(read_all(&dir), good);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    /// One changed byte in any file that the signatures cover.
    #[test]
    fn any_changed_byte_is_refused(file in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), mask in 1_u8..) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut files = runtime.block_on(ledger_of(3));
        let free = ["README.txt", "lock", "key"].map(PathBuf::from);
        let names: Vec<PathBuf> = files.keys().filter(|n| !free.contains(n)).cloned().collect();
        let name = &names[file.index(names.len())];
        let bytes = files.get_mut(name).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= mask;
        let folder = folder();
        write_all(&folder.path().join("ledger"), &files);
        prop_assert!(open(&folder.path().join("ledger")).is_err(), "byte {} of {}", at, name.display());
    }
}
