//! Packs in the hands of programs that know nothing of us: `cargo xtask real` installs them and turns on
//! the feature `real-parts`.

use crate::log::{entries, key, pack, untar};
use std::path::{Path, PathBuf};
use std::process::Command;

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?} could not start: {e}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// A folder with a pack of so many entries in it, unpacked by stock tar; removed when dropped.
struct Unpacked(PathBuf);

impl Unpacked {
    fn new(name: &str, count: u64) -> Self {
        let folder = std::env::temp_dir().join(format!("breakglass-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let bytes = pack(&entries(count), &key(1));
        std::fs::write(folder.join("evidence.tar"), &bytes).unwrap();
        let listed = run(Command::new("tar").args(["tf", "evidence.tar"]).current_dir(&folder));
        assert_eq!(listed.lines().count(), untar(&bytes).len());
        run(Command::new("tar").args(["xf", "evidence.tar"]).current_dir(&folder));
        Self(folder)
    }

    fn inside(&self) -> PathBuf {
        self.0.join("breakglass-pack")
    }
}

impl Drop for Unpacked {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn real_parts_tar_and_sha256sum_open_a_pack() {
    let unpacked = Unpacked::new("sums", 300);
    let folder = unpacked.inside();
    let checked = run(Command::new("sha256sum").args(["-c", "SHA256SUMS"]).current_dir(&folder));
    assert!(checked.lines().all(|l| l.ends_with(": OK")), "{checked}");
    let digest = run(Command::new("sha256sum").arg("SHA256SUMS").current_dir(&folder));
    let note = std::fs::read_to_string(folder.join("pack.note")).unwrap();
    assert!(note.contains(digest.split(' ').next().unwrap()));
}

/// Signatures, inclusion of every entry and consistency with every earlier size, by Go's own log packages.
#[test]
fn real_parts_go_reads_the_log() {
    let reader = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/stock/reader.go");
    let cache = std::env::temp_dir().join("breakglass-go-cache");
    for count in [1, 5, 256, 700] {
        let unpacked = Unpacked::new(&format!("go-{count}"), count);
        let mut go = Command::new("go");
        go.arg("run").arg(&reader).arg(unpacked.inside());
        go.env("GO111MODULE", "off").env("GOPATH", "/usr/share/gocode").env("GOCACHE", &cache);
        assert_eq!(run(&mut go), format!("{count} entries\n"));
    }
}
