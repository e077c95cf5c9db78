//! What programs read: one JSON document alone on standard output with the fields of `docs/json.md`, SARIF and JUnit.

use crate::room::{Room, Tenant};
use serde_json::Value;

#[track_caller]
fn has(value: &Value, fields: &[&str]) {
    for field in fields {
        assert!(value.get(field).is_some(), "`{field}` is not in {value:#}");
    }
}

#[test]
fn documents_of_a_healthy_tenant() {
    let room = Room::new();
    let tenant = Tenant::start(&room, "healthy");
    has(
        &tenant.ready,
        &[
            "login",
            "graph",
            "arm",
            "monitor",
            "control",
            "ca_bundle",
            "client_certificate",
            "tenant_id",
            "client_id",
            "client_secret",
            "subscription_id",
            "accounts",
            "exclusion_group",
        ],
    );
    adopt(&room, &tenant);
    let json = |words: &[&str]| {
        let mut line = vec!["--format", "json"];
        line.extend(words);
        room.run(&tenant.line(&line))
    };
    let snapshot = json(&["collect"]);
    has(&snapshot.json(), &["format", "tenant", "collections", "digest"]);

    let check = json(&["check"]).json();
    has(&check, &["findings", "summary", "complete"]);
    let findings = check["findings"].as_array().unwrap();
    assert!(findings.len() > 20, "{}", findings.len());
    for finding in findings {
        has(finding, &["id", "status", "severity", "subject", "message", "remedy", "evidence", "controls"]);
        let status = finding["status"].as_str().unwrap();
        assert!(
            ["pass", "fail", "undetermined", "not-applicable", "accepted"].contains(&status),
            "{finding}"
        );
        assert!(finding["id"].as_str().unwrap().starts_with("BG-F"), "{finding}");
    }

    let prove = json(&["prove"]);
    let proof = prove.json();
    has(
        &proof,
        &[
            "verdict",
            "accounts",
            "scenarios",
            "counterexamples",
            "least_exclusions",
            "unnecessary_exclusions",
            "facts_needed",
            "assumptions",
            "snapshot_digest",
        ],
    );
    let code = match proof["verdict"].as_str().unwrap() {
        "proved-safe" => 0,
        "locked" => 1,
        _ => 3,
    };
    assert_eq!(prove.code, Some(code), "the exit code says the same as the document");
    for account in proof["accounts"].as_object().unwrap().values() {
        has(account, &["verdict", "roads"]);
    }
    for scenario in proof["scenarios"].as_array().unwrap() {
        has(scenario, &["name", "verdict"]);
    }
    assert_eq!(proof["snapshot_digest"], snapshot.json()["digest"]);

    a_counterexample_replays(&room, &tenant);

    let plan = json(&["plan", "--out", "plan.json"]).json();
    has(&plan, &["plan", "proof"]);
    has(&plan["plan"], &["steps", "digest", "snapshot_digest", "design_digest"]);
    for step in plan["plan"]["steps"].as_array().unwrap() {
        has(step, &["id", "do", "title", "impact", "undo"]);
    }
    assert_eq!(room.read_json("plan.json"), plan["plan"], "the file holds what was printed");

    room.run(&["evidence", "pack", "--out", "pack"]).exits(0);
    let verified = room.run(&["--format", "json", "evidence", "verify", "pack"]).exits(3).json();
    has(&verified, &["verdict", "headline", "report"]);
    has(&verified["report"], &["problems", "key", "key_expected", "size", "root", "earlier"]);
    for line in room.run(&["--format", "json", "evidence", "log"]).exits(0).json_lines() {
        has(&line, &["index", "at", "kind", "subject", "data"]);
    }

    for command in ["check", "prove"] {
        let sarif = room.run(&["--format", "sarif", command]).json();
        assert_eq!(sarif["version"], "2.1.0");
        has(&sarif["runs"][0], &["tool", "results"]);
        for result in sarif["runs"][0]["results"].as_array().unwrap() {
            has(result, &["ruleId", "level", "message", "locations"]);
        }
        well_formed(&room.run(&["--format", "junit", command]).out);
    }
}

/// Writes the accounts and the group that the tenant has already into the design.
fn adopt(room: &Room, tenant: &Tenant) {
    let accounts = tenant.ready["accounts"].as_array().unwrap();
    assert_eq!(accounts.len(), 2, "{accounts:?}");
    let mut design = room.read("breakglass.toml");
    for (declared, account) in ["q7m2-kestrel", "t4x9-heron"].iter().zip(accounts) {
        let (upn, id) = (account["upn"].as_str().unwrap(), account["object_id"].as_str().unwrap());
        let line = format!("upn = \"{declared}@contoso.onmicrosoft.com\"");
        design = design.replace(&line, &format!("upn = \"{upn}\"\nobject_id = \"{id}\""));
    }
    room.write("breakglass.toml", &design);
    let snapshot = room.run(&tenant.line(&["--format", "json", "collect"])).json();
    let groups = snapshot["collections"]["groups"].as_array().unwrap();
    let name = tenant.says("exclusion_group");
    let group = groups.iter().find(|g| g["displayName"] == name).unwrap();
    let id = group["id"].as_str().unwrap();
    let section = "[exclusion_group]\n";
    design = design.replace(
        &format!("{section}name = \"Emergency access\""),
        &format!("{section}name = \"{name}\"\nobject_id = \"{id}\""),
    );
    room.write("breakglass.toml", design);
}

/// A change that locks everybody out: refused with a sign-in that `evaluate` calls blocked as well.
fn a_counterexample_replays(room: &Room, tenant: &Tenant) {
    room.write("block.json", r#"{"displayName": "Block everybody", "state": "enabled",
        "conditions": {"users": {"includeUsers": ["All"]}, "applications": {"includeApplications": ["All"]}, "clientAppTypes": ["all"]},
        "grantControls": {"operator": "OR", "builtInControls": ["block"]}}"#);
    let judged =
        room.run(&tenant.line(&["--format", "json", "prove", "--change", "block.json"])).exits(1).json();
    has(&judged, &["before", "verdict"]);
    assert_eq!(judged["verdict"], "locked");
    let found = judged["counterexamples"].as_array().unwrap();
    assert!(!found.is_empty());
    for counterexample in found {
        has(counterexample, &["account", "scenario", "policies", "context", "sample_sign_in"]);
    }
    room.write("blocked.json", found[0]["sample_sign_in"].to_string());
    room.write("snapshot/policies.json", format!("[{}]", with_id(&room.read("block.json"))));
    let replayed = room
        .run(&["--format", "json", "evaluate", "--snapshot", "snapshot", "--sign-in", "blocked.json"])
        .exits(1);
    assert_eq!(replayed.json()["decision"], "block");
}

fn with_id(policy: &str) -> Value {
    let mut policy: Value = serde_json::from_str(policy).unwrap();
    policy["id"] = "c0000000-0000-4000-8000-0000000000ff".into();
    policy
}

/// Elements nest and close, attributes are quoted, and nothing stands bare: enough to say that an XML reader takes it.
#[track_caller]
fn well_formed(xml: &str) {
    let body = xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").unwrap();
    let (mut open, mut rest, mut cases) = (Vec::new(), body, 0);
    while let Some(start) = rest.find('<') {
        assert!(rest[..start].trim().is_empty(), "bare text {:?}", &rest[..start]);
        let end = start + rest[start..].find('>').expect("a tag ends");
        let tag = &rest[start + 1..end];
        assert!(!tag.contains('<') && tag.matches('"').count() % 2 == 0, "{tag}");
        let name = tag.trim_matches('/').split(' ').next().unwrap();
        cases += usize::from(name == "testcase" && !tag.starts_with('/'));
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        for entity in tag.split('&').skip(1) {
            assert!(
                ["amp;", "lt;", "gt;", "quot;", "#10;"].iter().any(|e| entity.starts_with(e)),
                "{entity}"
            );
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty() && rest.trim().is_empty());
    assert!(cases > 0 && body.contains(&format!("tests=\"{cases}\"")), "{body}");
}
