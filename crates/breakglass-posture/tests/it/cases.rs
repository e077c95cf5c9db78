//! Each check: a tenant that passes, one that fails, one where the fact could not be read; and what the person reads.

use crate::support::{all_cases, healthy, shown};
use breakglass_model::{Finding, Status};
use breakglass_posture::checks::ALL;
use std::collections::BTreeSet;
use std::fmt::Write as _;

fn worst(findings: &[Finding]) -> String {
    let order = [Status::Fail, Status::Undetermined, Status::Pass, Status::NotApplicable];
    let found = order.into_iter().find(|status| findings.iter().any(|f| f.status == *status));
    found.map_or_else(|| "none".into(), |status| status.to_string())
}

#[test]
fn every_check_has_its_three_tenants() {
    let cases = all_cases();
    let ids: BTreeSet<&str> = ALL.iter().map(|c| c.id).collect();
    assert_eq!(cases.keys().map(String::as_str).collect::<BTreeSet<_>>(), ids);
    for (id, cases) in cases {
        for wanted in ["pass", "fail", "undetermined"] {
            assert!(cases.iter().any(|c| c.expect == wanted), "{id} has no tenant that is `{wanted}`");
        }
    }
}

#[test]
fn each_tenant_gets_its_answer() {
    let mut wrong = Vec::new();
    for (id, cases) in all_cases() {
        let mut text = String::new();
        for case in &cases {
            let findings = case.world().findings(&id);
            if worst(&findings) != case.expect {
                wrong.push(format!("{id}, {}: expected {}\n{}", case.name, case.expect, shown(&findings)));
            }
            writeln!(text, "# {}\n{}", case.name, shown(&findings)).unwrap();
        }
        insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(id.as_str(), text.trim_end()) });
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The page that must exist for each check names what the check names.
#[test]
fn every_check_has_its_page() {
    for check in ALL {
        let path = format!("{}/../../docs/checks/{}.md", env!("CARGO_MANIFEST_DIR"), check.id);
        let page = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
        assert!(page.starts_with(&format!("# {}: ", check.id)), "{path} begins with another heading");
        for part in ["## Why", "## How to mend it", "## Before and after", "## Source"] {
            assert!(page.contains(part), "{path} has no `{part}`");
        }
        assert!(page.contains(check.question), "{path} does not ask `{}`", check.question);
        let severity = format!("Severity: {}", check.severity);
        assert!(page.contains(&severity), "{path} does not say `{severity}`");
        // The example is what the check says of its own cases.
        let said = format!("{}/tests/it/snapshots/it__cases__{}.snap", env!("CARGO_MANIFEST_DIR"), check.id);
        let said = std::fs::read_to_string(said).unwrap();
        let example: Vec<&str> =
            page.lines().filter(|l| l.starts_with("fail ") || l.starts_with("pass ")).collect();
        assert!(example.len() >= 2, "{path} shows no finding before and after");
        for line in example {
            assert!(said.contains(line), "{path}: the check does not say `{line}`");
        }
        for control in check.controls {
            assert!(page.contains(control), "{path} does not name `{control}`");
        }
    }
}

/// The whole of a healthy tenant: nothing to do.
#[test]
fn a_healthy_tenant_has_nothing_to_do() {
    let report = healthy().assess();
    let mut text = String::new();
    for finding in &report.findings {
        writeln!(text, "{} {} {}: {}", finding.status, finding.id, finding.subject, finding.message).unwrap();
    }
    insta::assert_snapshot!(text.trim_end());
    assert_eq!((report.summary.fail, report.summary.undetermined), (0, 0), "{text}");
    assert!(report.complete);
}
