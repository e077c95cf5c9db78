//! The evaluator against cases with known answers.

use super::answer_case;
use serde_json::Value;
use std::path::PathBuf;

fn cases() -> Vec<(String, String)> {
    let root = std::env::var_os("BREAKGLASS_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let folder = root.join("data/ca-cases");
    let mut found: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|e| {
            panic!("{} is needed for this test; point BREAKGLASS_SHARED at it: {e}", folder.display())
        })
        .map(|f| f.unwrap().path())
        .filter(|f| f.file_name().unwrap().to_string_lossy().starts_with('S'))
        .map(|f| {
            (f.file_stem().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(&f).unwrap())
        })
        .collect();
    found.sort();
    found
}

/// Every way in which an answer differs from what a case expects.
fn differences(id: &str, case: &Value, answer: &Value) -> Vec<String> {
    let expect = &case["expect"];
    let mut found = Vec::new();
    for (key, value) in expect.as_object().unwrap() {
        match key.as_str() {
            "policies" => {
                for (policy, wanted) in value.as_object().unwrap() {
                    for (field, wanted) in wanted.as_object().unwrap() {
                        let got = &answer["policies"][policy][field];
                        if got != wanted {
                            found.push(format!("{id} {policy} {field}: {got}, expected {wanted}"));
                        }
                    }
                }
            }
            _ if &answer[key] != value => {
                found.push(format!("{id} {key}: {}, expected {value}", answer[key]))
            }
            _ => {}
        }
    }
    found
}

#[test]
fn the_documented_cases() {
    let cases = cases();
    assert!(cases.len() >= 72, "{} cases", cases.len());
    let mut wrong = Vec::new();
    for (id, text) in &cases {
        let case: Value = serde_json::from_str(text).unwrap();
        let answer = answer_case(text).unwrap();
        let (expect, granted) = (&case["expect"], answer["granted"] == true);
        // Whatever else it thinks of a case, it must not let in whom it should not.
        if expect["decision"] == "block" || expect["satisfiable"] == "no" {
            assert!(!granted, "{id} was let in: {answer:#}");
        }
        if expect["decision"] == "none" {
            assert!(granted, "{id} was kept out: {answer:#}");
        }
        wrong.extend(differences(id, &case, &answer));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_no_case_is_refused() {
    for text in ["", "{}", r#"{"schema":"breakglass-ca-case/1","kind":"reach"}"#] {
        assert!(answer_case(text).is_err(), "{text}");
    }
}
