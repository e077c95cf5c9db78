//! Baselines as people publish them, every policy enforced: the two procedures against each other, and the evaluator on
//! every counterexample.

use super::tenants::*;
use crate::shared::files;
use breakglass_access::prove::{Verdict, census, recovery_blocking};
use breakglass_model::Tri;
use breakglass_model::import;
use breakglass_model::snapshot::{Snapshot, collections as c};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The policies and named locations of an export, on the tenant of the well-made pair.
fn baseline(name: &str) -> Snapshot {
    let imported = import::files(&files(name), now()).snapshot;
    with(healthy(), |s| {
        let mut policies = imported.get(c::POLICIES).unwrap().to_vec();
        policies.iter_mut().for_each(|p| p["state"] = "enabled".into());
        s.set(c::POLICIES, policies);
        s.set(c::NAMED_LOCATIONS, imported.get(c::NAMED_LOCATIONS).unwrap_or_default().to_vec());
        for unread in imported.unread {
            s.note_unread(unread.what, unread.why);
        }
    })
}

#[test]
fn both_procedures_say_the_same() {
    let mut out = String::new();
    for name in ["ca-j0eyv", "ca-alexfilipin/PolicySets"] {
        let snapshot = baseline(name);
        let policies = snapshot.get(c::POLICIES).unwrap().len();
        let _ = writeln!(out, "## {name}: {policies} policies");
        for share in census(&snapshot, &question(1), now()) {
            let expected = match (share.locked > 0, share.may_be_locked > 0) {
                (true, _) => Tri::No,
                (false, false) => Tri::Yes,
                (false, true) => Tri::Unknown,
            };
            assert_eq!(share.answer, expected, "{share:?}");
            assert!(share.locked <= share.may_be_locked, "{share:?}");
        }
        let proof = judge(&snapshot);
        proof.counterexamples.iter().for_each(|c| replay(&snapshot, &question(1), c));
        let _ = writeln!(out, "{}", proof.headline());
        // Excluded from what blocks recovery and from nothing else, nobody is locked out.
        let blocking = recovery_blocking(&snapshot, &question(1), now());
        let _ = writeln!(out, "{} of them block recovery", blocking.len());
        let mended = with(snapshot, |s| {
            for policy in s.collections.get_mut(c::POLICIES).unwrap() {
                let id = policy["id"].as_str().unwrap_or_default().to_ascii_lowercase();
                if blocking.iter().any(|b| b.policy.as_str() == id) {
                    let users = policy["conditions"]["users"].as_object_mut().unwrap();
                    let mut list =
                        users.get("excludeUsers").and_then(Value::as_array).cloned().unwrap_or_default();
                    list.extend([json!(EA1), json!(EA2)]);
                    users.insert("excludeUsers".into(), list.into());
                }
            }
        });
        let proof = judge(&mended);
        let _ = writeln!(out, "excluded from those: {}", proof.headline());
        assert_ne!(proof.verdict, Verdict::Locked, "{name}: {}", proof.headline());
    }
    insta::assert_snapshot!(out);
}
