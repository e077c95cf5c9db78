//! All open cases of one sign-in, every field of every expectation.

use crate::shared;
use breakglass_access::case::answer_evaluate;
use serde_json::Value;
use std::collections::BTreeSet;

fn cases() -> Vec<(String, Value, String)> {
    let json = shared::files("ca-cases").into_iter().filter(|(name, _)| name.ends_with(".json"));
    let read = json.map(|(_, bytes)| {
        let text = String::from_utf8(bytes).unwrap();
        let case: Value = serde_json::from_str(&text).unwrap();
        (case["id"].as_str().unwrap().to_owned(), case, text)
    });
    read.filter(|(_, case, _)| case["kind"] == "evaluate").collect()
}

/// The differences between an expectation and an answer; lists of controls are sets.
fn differences(expected: &Value, answer: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut same = |what: String, expected: &Value, found: &Value| {
        if expected != found {
            wrong.push(format!("{what}: expected {expected}, found {found}"));
        }
    };
    for key in ["decision", "satisfiable"] {
        same(key.into(), &expected[key], &answer[key]);
    }
    for (id, policy) in expected["policies"].as_object().unwrap() {
        for (key, value) in policy.as_object().unwrap() {
            same(format!("{id} {key}"), value, &answer["policies"][id][key]);
        }
    }
    let ids = |v: &Value| v["policies"].as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(ids(expected), ids(answer), "the same policies");
    if let Some(requirements) = expected["requirements"].as_object() {
        let set = |v: &Value| {
            let controls = v["controls"].as_array().unwrap().iter().map(|c| c.as_str().unwrap().to_owned());
            (v["operator"].clone(), controls.collect::<BTreeSet<_>>())
        };
        let all = |v: &serde_json::Map<String, Value>| {
            v.iter().map(|(id, r)| (id.clone(), set(r))).collect::<Vec<_>>()
        };
        let found = answer["requirements"].as_object().unwrap();
        if all(requirements) != all(found) {
            wrong.push(format!("requirements: expected {requirements:?}, found {found:?}"));
        }
    }
    wrong
}

#[test]
fn every_open_case_is_answered_as_expected() {
    let cases = cases();
    assert_eq!(cases.len(), 72, "all cases of one sign-in are there");
    let wrong: Vec<String> = cases
        .iter()
        .flat_map(|(id, case, text)| {
            let answer = answer_evaluate(text).unwrap_or_else(|e| panic!("{id}: {e}"));
            let found = differences(&case["expect"], &answer);
            found.into_iter().map(move |difference| format!("{id} {difference}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_expectation_is_never_read() {
    for (id, mut case, text) in cases() {
        case.as_object_mut().unwrap().remove("expect");
        assert_eq!(answer_evaluate(&case.to_string()), answer_evaluate(&text), "{id}");
    }
}
