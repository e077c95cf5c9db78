//! SARIF 2.1.0 and JUnit for CI: findings and proofs as other programs read them.

use breakglass_access::prove::Proof;
use breakglass_model::{Finding, Severity, Status, Tri};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

/// Findings as SARIF: failures and undetermined ones are results, at the design file.
pub fn findings_sarif(findings: &[Finding], design: &Path) -> Value {
    let mut rules: Vec<&str> = findings.iter().map(|f| f.id.as_str()).collect();
    rules.sort_unstable();
    rules.dedup();
    let rules: Vec<Value> = rules.into_iter().map(|id| json!({ "id": id, "helpUri": help(id) })).collect();
    let results = findings
        .iter()
        .filter_map(|f| {
            let level = match (f.status, f.severity) {
                (Status::Fail, Severity::Critical | Severity::High) => "error",
                (Status::Fail, _) | (Status::Undetermined, _) => "warning",
                _ => return None,
            };
            let text = format!("{} ({}): {}. {}", f.subject, f.status, f.message, f.remedy);
            Some(result(&f.id, level, &text, design))
        })
        .collect();
    sarif(rules, results)
}

/// A proof as SARIF: one result for each counterexample, one for each fact that is missing.
pub fn proof_sarif(proof: &Proof, design: &Path) -> Value {
    let locked = proof.counterexamples.iter().map(|c| result("BG-LOCKED", "error", &c.to_string(), design));
    let unknown = proof
        .facts_needed
        .iter()
        .map(|f| result("BG-UNKNOWN", "warning", &format!("cannot tell: {f}"), design));
    let rules = ["BG-LOCKED", "BG-UNKNOWN"].map(|id| json!({ "id": id })).to_vec();
    sarif(rules, locked.chain(unknown).collect())
}

fn help(id: &str) -> String {
    format!("{}/blob/main/docs/checks/{id}.md", env!("CARGO_PKG_REPOSITORY"))
}

fn result(rule: &str, level: &str, text: &str, design: &Path) -> Value {
    json!({
        "ruleId": rule,
        "level": level,
        "message": { "text": text },
        "locations": [{ "physicalLocation": { "artifactLocation": { "uri": design.to_string_lossy() } } }],
    })
}

fn sarif(rules: Vec<Value>, results: Vec<Value>) -> Value {
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "breakglass", "version": env!("CARGO_PKG_VERSION"), "informationUri": env!("CARGO_PKG_REPOSITORY"), "rules": rules,
            } },
            "results": results,
        }],
    })
}

/// Findings as JUnit: each finding is a case; undetermined is an error, not a pass.
pub fn findings_junit(findings: &[Finding]) -> String {
    let cases = findings.iter().map(|f| Case {
        class: f.id.clone(),
        name: f.subject.clone(),
        outcome: match f.status {
            Status::Pass => Outcome::Pass,
            Status::Fail => Outcome::Fail(format!("{}. {}", f.message, f.remedy)),
            Status::Undetermined => Outcome::Error(f.message.clone()),
            Status::NotApplicable | Status::Accepted => Outcome::Skipped(f.message.clone()),
        },
    });
    junit("breakglass check", &cases.collect::<Vec<_>>())
}

/// A proof as JUnit: each scenario is a case.
pub fn proof_junit(proof: &Proof) -> String {
    let cases: Vec<_> = proof
        .scenarios
        .iter()
        .map(|s| Case {
            class: "prove".into(),
            name: s.name.clone(),
            outcome: match s.holds() {
                Tri::Yes => Outcome::Pass,
                Tri::No => Outcome::Fail(proof.headline()),
                Tri::Unknown => Outcome::Error("cannot tell".into()),
            },
        })
        .collect();
    junit("breakglass prove", &cases)
}

struct Case {
    class: String,
    name: String,
    outcome: Outcome,
}

enum Outcome {
    Pass,
    Fail(String),
    Error(String),
    Skipped(String),
}

fn junit(suite: &str, cases: &[Case]) -> String {
    let count = |wanted: fn(&Outcome) -> bool| cases.iter().filter(|c| wanted(&c.outcome)).count();
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"{suite}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">\n",
        cases.len(),
        count(|o| matches!(o, Outcome::Fail(_))),
        count(|o| matches!(o, Outcome::Error(_))),
        count(|o| matches!(o, Outcome::Skipped(_))),
    );
    for case in cases {
        let _ =
            write!(xml, "  <testcase classname=\"{}\" name=\"{}\"", escape(&case.class), escape(&case.name));
        let _ = match &case.outcome {
            Outcome::Pass => writeln!(xml, "/>"),
            Outcome::Fail(m) => writeln!(xml, "><failure message=\"{}\"/></testcase>", escape(m)),
            Outcome::Error(m) => writeln!(xml, "><error message=\"{}\"/></testcase>", escape(m)),
            Outcome::Skipped(m) => writeln!(xml, "><skipped message=\"{}\"/></testcase>", escape(m)),
        };
    }
    xml.push_str("</testsuite>\n");
    xml
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn junit_keeps_undetermined_apart_and_escapes() {
        let finding = |status| Finding {
            id: "BG-F01".into(),
            status,
            severity: Severity::Critical,
            subject: "policy `A<B>` & co".into(),
            message: "said \"no\"".into(),
            remedy: "mend it".into(),
            evidence: vec![],
            controls: vec![],
        };
        let xml =
            findings_junit(&[finding(Status::Pass), finding(Status::Fail), finding(Status::Undetermined)]);
        assert!(xml.contains("tests=\"3\" failures=\"1\" errors=\"1\" skipped=\"0\""), "{xml}");
        assert!(xml.contains("policy `A&lt;B&gt;` &amp; co") && xml.contains("said &quot;no&quot;"), "{xml}");
        let sarif = findings_sarif(
            &[finding(Status::Pass), finding(Status::Undetermined)],
            Path::new("breakglass.toml"),
        );
        let results = sarif.pointer("/runs/0/results").and_then(Value::as_array).unwrap();
        assert_eq!(results.len(), 1);
        assert_eq!(results[0]["level"], "warning");
    }
}
