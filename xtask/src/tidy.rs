//! What the compiler does not check: the direction of dependencies, core crates without I/O, files a stranger can hold.

use crate::run::Failed;
use std::fs;
use std::path::{Path, PathBuf};

/// Core crates and the only crates of ours that each may use.
const CORE: &[(&str, &[&str])] = &[
    ("breakglass-model", &[]),
    ("breakglass-access", &["breakglass-model"]),
    ("breakglass-posture", &["breakglass-model", "breakglass-access"]),
    ("breakglass-detect", &["breakglass-model"]),
    ("breakglass-custody", &["breakglass-model"]),
    ("breakglass-workflow", &["breakglass-model", "breakglass-detect"]),
    ("breakglass-ledger", &["breakglass-model"]),
];

/// Crates that a core manifest must never name among its dependencies: each of them could do I/O.
const EDGES: &[&str] =
    &["tokio", "reqwest", "axum", "hyper", "sqlx", "rustls", "getrandom", "async-trait", "tempfile", "uuid"];

/// Core sources must not name these either.
const EDGE_WORDS: &[&str] = &[
    "std::fs",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "ToSocketAddrs",
    "std::process",
    "SystemTime::now",
    "Instant::now",
    "Timestamp::now",
    "std::env::var",
];

/// No file of ours is longer.
const LONGEST: usize = 500;

pub(crate) fn check() -> Result<(), Failed> {
    let root =
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or_else(|| Failed("no workspace root".into()))?;
    let mut wrong = Vec::new();
    for (name, allowed) in CORE {
        core_crate(&root.join("crates").join(name), name, allowed, &mut wrong);
    }
    emulator(&root.join("crates/breakglass-emulator/Cargo.toml"), &mut wrong);
    for folder in ["crates", "xtask"] {
        for file in sources(&root.join(folder)) {
            length(&file, &mut wrong);
        }
    }
    checks_have_pages(root, &mut wrong);
    if wrong.is_empty() { Ok(()) } else { Err(Failed(wrong.join("\n"))) }
}

fn core_crate(folder: &Path, name: &str, allowed: &[&str], wrong: &mut Vec<String>) {
    let manifest = read(&folder.join("Cargo.toml"));
    for dependency in dependencies(&manifest) {
        if EDGES.contains(&dependency) {
            wrong.push(format!("{name}: a core crate depends on `{dependency}`, which can do I/O"));
        }
        if dependency.starts_with("breakglass-") && !allowed.contains(&dependency) {
            wrong.push(format!(
                "{name}: may not depend on `{dependency}` (ARCHITECTURE.md: dependencies point one way)"
            ));
        }
    }
    for file in sources(&folder.join("src")) {
        let text = read(&file);
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        if file.components().any(|c| c.as_os_str() == "tests" || c.as_os_str() == "tests.rs") {
            continue;
        }
        for word in EDGE_WORDS {
            if code.lines().any(|l| l.contains(word) && !l.trim_start().starts_with("//")) {
                wrong
                    .push(format!("{}: core code names `{word}`; hand the value in instead", file.display()));
            }
        }
    }
}

/// The emulator is an independent second opinion: it shares no code with us.
fn emulator(manifest: &Path, wrong: &mut Vec<String>) {
    for dependency in dependencies(&read(manifest)) {
        if dependency.starts_with("breakglass-") {
            wrong.push(format!(
                "breakglass-emulator: may not depend on `{dependency}`; it must be able to contradict us"
            ));
        }
    }
}

/// Names in `[dependencies]`, not in `[dev-dependencies]`.
fn dependencies(manifest: &str) -> Vec<&str> {
    let section = manifest.split("[dependencies]").nth(1).unwrap_or_default();
    let section = section.split("\n[").next().unwrap_or_default();
    section.lines().filter_map(|l| l.split(['.', '=', ' ']).next()).filter(|n| !n.is_empty()).collect()
}

fn length(file: &Path, wrong: &mut Vec<String>) {
    let lines = read(file).lines().count();
    if lines > LONGEST {
        wrong.push(format!("{}: {lines} lines; past {LONGEST} there is a second room in it", file.display()));
    }
}

fn checks_have_pages(root: &Path, wrong: &mut Vec<String>) {
    for file in sources(&root.join("crates/breakglass-posture/src/checks")) {
        let stem = file.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let number = stem.strip_prefix('f').and_then(|s| s.split('_').next()).filter(|n| n.len() == 2);
        if let Some(number) = number
            && !root.join(format!("docs/checks/BG-F{number}.md")).exists()
        {
            wrong.push(format!("docs/checks/BG-F{number}.md is missing: every check has its page"));
        }
    }
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return found };
    for path in entries.flatten().map(|e| e.path()) {
        if path.is_dir() {
            if path.file_name().is_none_or(|n| n != "target") {
                found.extend(sources(&path));
            }
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
