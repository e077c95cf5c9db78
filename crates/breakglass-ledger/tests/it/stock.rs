//! Writes a pack where another program can look at it: `cargo test -p breakglass-ledger -- --ignored real_parts`.

use crate::log::{entries, key, pack, untar};
use std::path::Path;
use std::process::Command;

fn run(program: &str, arguments: &[&str], folder: &Path) -> String {
    let output = Command::new(program).args(arguments).current_dir(folder).output();
    let output = output.unwrap_or_else(|e| panic!("`{program}` could not start: {e}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "`{program}`: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// Stock `tar` and `sha256sum` open and check a pack, as its README tells the auditor.
#[test]
#[ignore = "needs tar and sha256sum: `cargo xtask test` runs it"]
fn real_parts_open_a_pack_with_tar_and_sha256sum() {
    let folder = std::env::temp_dir().join(format!("breakglass-pack-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let bytes = pack(&entries(300), &key(1));
    std::fs::write(folder.join("evidence.tar"), &bytes).unwrap();
    let listed = run("tar", &["tf", "evidence.tar"], &folder);
    assert_eq!(listed.lines().count(), untar(&bytes).len());
    run("tar", &["xf", "evidence.tar"], &folder);
    let inside = folder.join("breakglass-pack");
    let checked = run("sha256sum", &["-c", "SHA256SUMS"], &inside);
    assert!(checked.lines().all(|l| l.ends_with(": OK")), "{checked}");
    assert_eq!(checked.lines().count(), untar(&bytes).len() - 2);
    let digest = run("sha256sum", &["SHA256SUMS"], &inside);
    let note = std::fs::read_to_string(inside.join("pack.note")).unwrap();
    assert!(note.contains(digest.split(' ').next().unwrap()));
    std::fs::remove_dir_all(&folder).unwrap();
}
