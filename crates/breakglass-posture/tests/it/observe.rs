//! What is said of real exports, without a design.

use breakglass_model::import;
use breakglass_model::view::TenantView;
use breakglass_posture::{Observation, observations};
use jiff::Timestamp;
use std::fs;
use std::path::{Path, PathBuf};

fn shared() -> PathBuf {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    std::env::var_os("BREAKGLASS_SHARED").map_or_else(|| beside.into(), PathBuf::from).join("data")
}

fn files(path: &Path, into: &mut Vec<(String, Vec<u8>)>, root: &Path) {
    if path.is_dir() {
        let mut entries: Vec<_> = fs::read_dir(path).unwrap().map(|e| e.unwrap().path()).collect();
        entries.sort();
        entries.iter().for_each(|entry| files(entry, into, root));
    } else if path.extension().is_some_and(|e| e == "json") {
        let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        into.push((name, fs::read(path).unwrap()));
    }
}

fn observe(paths: &[&str]) -> Vec<Observation> {
    let root = shared();
    let mut found = Vec::new();
    paths.iter().for_each(|path| files(&root.join(path), &mut found, &root));
    assert!(!found.is_empty(), "`{}` has nothing at {paths:?}", root.display());
    let snapshot = import::files(&found, Timestamp::UNIX_EPOCH).snapshot;
    observations(&snapshot, &TenantView::new(&snapshot))
}

fn said(observations: &[Observation]) -> String {
    observations.iter().map(|o| o.to_string()).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_baseline_with_an_exclusion_group() {
    let seen = observe(&["ca-j0eyv"]);
    insta::assert_snapshot!(said(&seen));
    // The source's own fact: only one policy in reach does not exclude the break-glass group.
    let most = seen.iter().find_map(|o| match o {
        Observation::ExcludedMost { name: Some(name), missing, .. } => Some((name.clone(), missing.clone())),
        _ => None,
    });
    let (name, missing) = most.unwrap();
    assert_eq!(name, "CA-BreakGlassAccounts - Exclude");
    assert_eq!(missing.len(), 1);
    assert!(missing[0].starts_with("CA006-"), "{missing:?}");
}

#[test]
fn small_sets_with_one_excluded_user() {
    let set =
        |file: &str| said(&observe(&[&format!("ca-caoptics/{file}"), "ca-caoptics/namedLocations.json"]));
    insta::assert_snapshot!(
        ["policies.json", "policies2.json", "extreme.json", "testMapping.json"].map(set).join("\n\n")
    );
}

#[test]
fn a_whole_tenant_from_scubagear() {
    let seen = observe(&["tenant-scubagear/provider-settings.aad.json"]);
    insta::assert_snapshot!(said(&seen));
    // The source's own fact: the policy that demands MFA of everybody excludes nobody.
    let mfa = seen.iter().find_map(|o| match o {
        Observation::Reaches { name, excludes, .. } if name.starts_with("MS.AAD.3.2v1") => {
            Some(excludes.clone())
        }
        _ => None,
    });
    assert_eq!(mfa.unwrap(), "nobody");
}

#[test]
fn an_observation_as_json() {
    let seen = observe(&["ca-caoptics/policies.json"]);
    insta::assert_snapshot!(serde_json::to_string_pretty(&seen[0..2]).unwrap());
}
