//! People who know what they do: files taken out, put in, moved and recomputed, with and without the key.

use crate::log::{File, checkpoint, entries, entry, key, pack, retar, tree, untar};
use breakglass_ledger::pack::{ProblemKind, VerifyReport, verify};
use breakglass_ledger::{Checkpoint, Entry, VerifierKey, tile};
use breakglass_model::Tri;
use serde_json::json;
use std::fmt::Write as _;

fn show(what: &str, report: &VerifyReport, out: &mut String) {
    writeln!(out, "{what}: {:?}\n  {}", report.holds(), report.headline()).unwrap();
    for problem in &report.problems {
        writeln!(out, "  - {:?}: {problem}", problem.kind).unwrap();
    }
    out.push('\n');
}

/// Changes the files of a pack and says what the verifier says.
fn edited(what: &str, key: &VerifierKey, edit: impl Fn(&mut Vec<File>), out: &mut String) {
    let mut files = untar(&pack(&entries(5), &crate::log::key(1)));
    edit(&mut files);
    let report = verify(&retar(&files), Some(key), None);
    assert_eq!(report.holds(), Tri::No, "{what}");
    show(what, &report, out);
}

fn file<'a>(files: &'a mut [File], name: &str) -> &'a mut File {
    files.iter_mut().find(|f| f.name == name).unwrap()
}

/// Writes the digests again, as somebody would who edits and has no key.
fn sum_again(files: &mut [File]) {
    use sha2::Digest as _;
    let sums: String = files[2..]
        .iter()
        .map(|f| format!("{}  {}\n", hex::encode(sha2::Sha256::digest(&f.bytes)), f.name))
        .collect();
    files[1].bytes = sums.into_bytes();
}

/// Writes entries, bundles, tiles and digests again from other entries: everything but the signatures.
fn rewrite(files: &mut Vec<File>, log: &[Entry]) {
    let lines: Vec<Vec<u8>> = log.iter().map(|e| e.to_bytes().unwrap()).collect();
    let jsonl = lines.iter().flat_map(|l| [l.as_slice(), b"\n"].concat()).collect();
    file(files, "entries.jsonl").bytes = jsonl;
    let at = files.iter().position(|f| f.name.starts_with("tile/")).unwrap();
    files.retain(|f| !f.name.starts_with("tile/"));
    for tile in tile::tiles(lines.len() as u64) {
        let bytes = tile::content(&tile, &tree(log), &lines).unwrap();
        files.insert(at, File { name: tile.path(), bytes, span: 0..0 });
    }
    sum_again(files);
}

#[test]
fn edits_without_the_key() {
    let key = key(1);
    let verifier = key.verifier();
    let mut out = String::new();
    let line = |files: &mut Vec<File>, edit: &dyn Fn(&mut Vec<String>)| {
        let entries = file(files, "entries.jsonl");
        let mut lines: Vec<String> =
            String::from_utf8_lossy(&entries.bytes).lines().map(str::to_owned).collect();
        edit(&mut lines);
        entries.bytes = lines.iter().flat_map(|l| [l.as_bytes(), b"\n"].concat()).collect();
    };
    edited(
        "an entry says something else",
        verifier,
        |f| {
            line(f, &|lines| lines[2] = lines[2].replace("ea-01", "ea-02"));
        },
        &mut out,
    );
    edited(
        "an entry is taken out, digests written again",
        verifier,
        |f| {
            line(f, &|lines| drop(lines.remove(2)));
            sum_again(f);
        },
        &mut out,
    );
    edited("two entries change places", verifier, |f| line(f, &|lines| lines.swap(1, 3)), &mut out);
    edited("the last two entries are cut off", verifier, |f| line(f, &|lines| lines.truncate(3)), &mut out);
    edited(
        "an entry is added",
        verifier,
        |f| {
            let more = String::from_utf8(entry(5).to_bytes().unwrap()).unwrap();
            line(f, &|lines| lines.push(more.clone()));
        },
        &mut out,
    );
    edited(
        "an entry is there twice",
        verifier,
        |f| line(f, &|lines| lines.insert(1, lines[1].clone())),
        &mut out,
    );
    edited(
        "an entry is written in another way",
        verifier,
        |f| {
            line(f, &|lines| lines[4] = lines[4].replace("{\"at", "{ \"at"));
        },
        &mut out,
    );
    edited("a file is taken out", verifier, |f| f.retain(|f| f.name != "README.txt"), &mut out);
    edited(
        "a file is taken out of the list too",
        verifier,
        |f| {
            f.retain(|f| f.name != "checkpoint");
            sum_again(f);
        },
        &mut out,
    );
    edited(
        "a file is put in",
        verifier,
        |f| {
            f.push(File { name: "attachments/more".into(), bytes: b"x".to_vec(), span: 0..0 });
        },
        &mut out,
    );
    edited("files change places", verifier, |f| f.swap(4, 5), &mut out);
    edited(
        "a report is exchanged, digests written again",
        verifier,
        |f| {
            file(f, "attachments/reports/check.json").bytes = b"{}".to_vec();
            sum_again(f);
        },
        &mut out,
    );
    edited(
        "everything is written again but the signatures",
        verifier,
        |f| {
            let mut log = entries(5);
            log[1].data = json!({ "n": "nothing happened" });
            rewrite(f, &log);
        },
        &mut out,
    );
    edited(
        "an older checkpoint is put in",
        verifier,
        |f| {
            file(f, "checkpoint").bytes = checkpoint(&entries(4), &crate::log::key(1)).into_bytes();
            sum_again(f);
        },
        &mut out,
    );
    insta::assert_snapshot!(out);
}

#[test]
fn cuts() {
    let key = key(1);
    let whole = pack(&entries(5), &key);
    let mut out = String::new();
    for (what, bytes) in [
        ("nothing", &[][..]),
        ("not a pack", b"PK\x03\x04".repeat(300).as_slice()),
        ("half of it", &whole[..whole.len() / 2]),
        ("without its end mark", &whole[..whole.len() - 1024]),
        ("something after the end", &[whole.as_slice(), b"more"].concat()),
    ] {
        let report = verify(bytes, Some(key.verifier()), None);
        assert_eq!(report.holds(), Tri::No);
        show(what, &report, &mut out);
    }
    insta::assert_snapshot!(out);
    for end in 0..whole.len() {
        assert!(!verify(&whole[..end], None, None).intact(), "cut at {end}");
    }
}

#[test]
fn whoever_has_the_key_is_shown_by_an_earlier_checkpoint_alone() {
    let key = key(1);
    let kept = checkpoint(&entries(4), &key);
    let mut log = entries(6);
    log[1].data = json!("rewritten");
    let forged = pack(&log, &key);
    assert_eq!(verify(&forged, Some(key.verifier()), None).holds(), Tri::Yes, "nothing in the pack shows it");
    let mut out = String::new();
    show("history rewritten and signed again", &verify(&forged, Some(key.verifier()), Some(&kept)), &mut out);
    let short = pack(&entries(3), &key);
    show("history cut and signed again", &verify(&short, Some(key.verifier()), Some(&kept)), &mut out);
    let stranger = crate::log::key(2);
    let theirs = pack(&entries(5), &stranger);
    show("signed by a stranger", &verify(&theirs, Some(key.verifier()), None), &mut out);
    let other = checkpoint(&entries(4), &stranger);
    show(
        "a checkpoint of a stranger",
        &verify(&pack(&entries(5), &key), Some(key.verifier()), Some(&other)),
        &mut out,
    );
    assert_eq!(
        verify(&theirs, None, None).holds(),
        Tri::Unknown,
        "a stranger's pack is whole, and not known to be ours"
    );
    insta::assert_snapshot!(out);
}

#[test]
fn a_signed_lie_about_the_size_costs_nothing() {
    let key = key(1);
    let mut files = untar(&pack(&entries(2), &key));
    file(&mut files, "checkpoint").bytes =
        Checkpoint::sign(u64::MAX, tree(&entries(2)).root(), &key).into_bytes();
    let last = Entry::new(u64::MAX, crate::log::start(), "k", "s", json!(null));
    let mut bytes = last.to_bytes().unwrap();
    bytes.push(b'\n');
    file(&mut files, "entries.jsonl").bytes.extend(bytes);
    let report = verify(&retar(&files), Some(key.verifier()), None);
    assert!(report.problems.iter().any(|p| p.kind == ProblemKind::Truncated), "{:#?}", report.problems);
}
