//! What people already have: exports of several tools, read and asked without a panic and without a false promise.

use crate::shared;
use breakglass_access::device_filter::Rule;
use breakglass_access::evaluate::{Decision, evaluate};
use breakglass_model::sign_in::SignIn;
use breakglass_model::view::TenantView;
use breakglass_model::{Tri, import};
use jiff::Timestamp;
use serde_json::{Value, json};

fn view(files: &[(String, Vec<u8>)]) -> TenantView {
    let now: Timestamp = "2026-11-21T00:00:00Z".parse().unwrap();
    TenantView::new(&import::files(files, now).snapshot)
}

/// A person on an unregistered machine, of whom nobody else knows anything.
fn stranger(apps: &[&str], client: &str, flow: &str) -> SignIn {
    let value: Value = json!({
        "signInIdentity": {"userId": "a0000000-0000-4000-8000-000000000001", "externalUserType": "none"},
        "signInContext": {"includeApplications": apps},
        "signInConditions": {"devicePlatform": "windows", "clientAppType": client, "signInRiskLevel": "none", "userRiskLevel": "none",
            "insiderRiskLevel": "none", "country": "NL", "ipAddress": "203.0.113.10", "authenticationFlow": {"transferMethod": flow}, "deviceInfo": null},
        "x": {"compliantNetwork": false, "capabilities": {"methods": ["password", "fido2"]}},
    });
    SignIn::read(&value).unwrap()
}

fn sign_ins() -> Vec<SignIn> {
    let portal = "c44b4083-3bb0-49c1-b47d-974e53cbdf3c";
    let graph = "00000003-0000-0000-c000-000000000000";
    vec![
        stranger(&[portal, graph], "browser", "none"),
        stranger(&[graph], "mobileAppsAndDesktopClients", "deviceCodeFlow"),
        stranger(&["00000002-0000-0ff1-ce00-000000000000"], "other", "none"),
    ]
}

#[test]
fn exports_are_read_and_answered() {
    let mut lines = Vec::new();
    let mut ask = |name: &str, files: &[(String, Vec<u8>)]| {
        let view = view(files);
        lines.push(format!(
            "{name}: {} policies, {} locations",
            view.policies.len(),
            view.locations.iter().count()
        ));
        lines.extend(view.problems.iter().map(|problem| format!("  not understood: {problem}")));
        for sign_in in sign_ins() {
            let evaluation = evaluate(&view, &sign_in);
            let count = |tri: Tri| evaluation.policies.values().filter(|p| p.applies == tri).count();
            let can = evaluation.satisfiable.unwrap();
            lines.push(format!(
                "  {}, can be met: {can}; applies: {} yes, {} no, {} unknown",
                evaluation.decision,
                count(Tri::Yes),
                count(Tri::No),
                count(Tri::Unknown)
            ));
        }
        for policy in &view.policies {
            for filter in policy.conditions.device_filter.iter() {
                Rule::for_devices(&filter.rule)
                    .unwrap_or_else(|e| panic!("{}: {}: {e}", policy.name, filter.rule));
            }
        }
    };
    for name in ["ca-j0eyv", "tenant-scubagear"] {
        ask(name, &shared::files(name));
    }
    for file in shared::files("ca-caoptics") {
        let name = std::path::Path::new(&file.0).file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(".json") && name != "testMapping.json" {
            ask(&format!("ca-caoptics/{name}"), &[file]);
        }
    }
    let sets = shared::files("ca-alexfilipin");
    let mut names: Vec<String> = sets
        .iter()
        .filter_map(|(n, _)| Some(n.split("PolicySets/").nth(1)?.split('/').next()?.to_owned()))
        .collect();
    names.dedup();
    for name in names {
        let one: Vec<_> =
            sets.iter().filter(|(n, _)| n.contains(&format!("PolicySets/{name}/"))).cloned().collect();
        ask(&format!("ca-alexfilipin/{name}"), &one);
    }
    insta::assert_snapshot!(lines.join("\n"));
}

/// An export with a policy that could not be read never says that nothing is demanded.
#[test]
fn a_broken_file_makes_it_unknown() {
    let mut files = shared::files("ca-j0eyv");
    files.retain(|(name, _)| name.contains("Locations"));
    files.push(("ConditionalAccess/CA001.json".into(), b"{ \"displayName\": \"half".to_vec()));
    for sign_in in sign_ins() {
        let evaluation = evaluate(&view(&files), &sign_in);
        assert_eq!((evaluation.decision, evaluation.satisfiable), (Decision::Unknown, Some(Tri::Unknown)));
    }
}
