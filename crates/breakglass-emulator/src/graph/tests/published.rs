//! The request bodies of Microsoft's reference, sent as they are printed.

use super::*;
use std::path::PathBuf;

fn folder() -> PathBuf {
    let root = std::env::var_os("BREAKGLASS_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    root.join("data/graph-docs-examples/2021-07/v1.0")
}

/// What a refusal of a printed body may be about: the people, groups and places of somebody else's tenant. Never its shape.
fn is_about_references(refusal: &str) -> bool {
    [
        "404 ",
        "domain portion",
        "Policy contains invalid",
        "is used by",
        "not valid GUID",
        "is not a valid GUID",
        "already exist",
        "not enabled by",
        "does not exist in the directory",
        "mail-enabled",
        "complexity",
        "read-only",
    ]
    .iter()
    .any(|part| refusal.contains(part))
}

/// Bodies that contradict the metadata (a text for a truth value, a type's name for a value), and one of another kind of tenant,
/// whose customers sign in with names of their own.
const MISPRINTS: &[&str] = &[
    "fido2authenticationmethodconfiguration-update.01.json",
    "microsoftauthenticatorauthenticationmethodconfiguration-update.01.json",
    "user-post-users.02.json",
];

#[test]
fn printed_bodies_are_refused_for_their_references_only() {
    let mut graph = preset("demo");
    graph.state.directory.policies = crate::state::Collection::default();
    let (mut sent, mut accepted, mut wrong) = (0, 0, Vec::new());
    let mut files: Vec<_> = std::fs::read_dir(folder()).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let example: Value = serde_json::from_str(&text).unwrap();
        let request = &example["request"];
        let method = request["method"].as_str().unwrap();
        let body = &request["body"];
        let url = request["url"].as_str().unwrap();
        let path = url.trim_start_matches("https://graph.microsoft.com").replace(' ', "%20");
        let Ok((_, segments)) = request::split(path.split('?').next().unwrap()) else { continue };
        let watched = ["users", "groups", "identity", "policies", "directoryobjects", "rolemanagement"];
        let first = segments.first().map(|s| s.to_ascii_lowercase()).unwrap_or_default();
        if !matches!(method, "POST" | "PATCH") || !body.is_object() || !watched.contains(&first.as_str()) {
            continue;
        }
        if Route::find(method, &segments).is_err() {
            continue;
        }
        sent += 1;
        let answer = graph.refused(&automation(), method, &path, body);
        let fine = answer.ends_with("no error");
        accepted += usize::from(fine);
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if !fine && !is_about_references(&answer) && !MISPRINTS.contains(&name.as_str()) {
            wrong.push(format!("{name}: {method} {path}: {answer}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(sent >= 15 && accepted >= 5, "{sent} {accepted}");
}
