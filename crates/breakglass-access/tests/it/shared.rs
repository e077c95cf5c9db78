//! The shared data.

use std::path::{Path, PathBuf};

/// A folder of the shared data, beside the checkout or where `BREAKGLASS_SHARED` points.
pub(crate) fn folder(name: &str) -> PathBuf {
    let root = std::env::var_os("BREAKGLASS_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    root.join("data").join(name)
}

/// Every file below a folder of the shared data, by name, in order.
pub(crate) fn files(name: &str) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    walk(&folder(name), &mut files);
    files.sort();
    assert!(!files.is_empty(), "`{name}` of the shared data is needed for this test; set BREAKGLASS_SHARED");
    files
}

fn walk(folder: &Path, files: &mut Vec<(String, Vec<u8>)>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| {
        panic!("{} is needed for this test; set BREAKGLASS_SHARED: {e}", folder.display())
    });
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            walk(&path, files);
        } else {
            files.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
}
