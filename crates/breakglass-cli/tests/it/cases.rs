//! The cases with known answers, through the command line: one line each, every field as expected.

use crate::room::{Room, shared};
use serde_json::Value;
use std::collections::BTreeMap;

/// Expected answers by case id, of one kind. This test reads them; the program never does.
fn expected(kind: &str) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(shared("ca-cases")).unwrap().map(Result::unwrap) {
        if entry.path().extension().is_some_and(|e| e == "json") {
            let case: Value = serde_json::from_slice(&std::fs::read(entry.path()).unwrap()).unwrap();
            if case["kind"] == kind {
                all.insert(case["id"].as_str().unwrap().to_owned(), case["expect"].clone());
            }
        }
    }
    all
}

fn answers(command: &str) -> BTreeMap<String, Value> {
    let room = Room::new();
    let ran = room.run(&["--format", "json", command, "--case", &shared("ca-cases")]).exits(0);
    let lines = ran.json_lines();
    let count = lines.len();
    let answers: BTreeMap<String, Value> = lines
        .into_iter()
        .map(|line| {
            assert!(line.get("error").is_none(), "{line}");
            (line["case"].as_str().unwrap().to_owned(), line["answer"].clone())
        })
        .collect();
    assert_eq!(answers.len(), count, "no case is answered twice");
    answers
}

/// What is expected says what must be there; an answer may say more (a policy's `reason`), never something else.
fn agrees(expected: &Value, answer: &Value) -> bool {
    match (expected, answer) {
        (Value::Object(expected), Value::Object(answer)) => {
            expected.iter().all(|(key, value)| answer.get(key).is_some_and(|a| agrees(value, a)))
        }
        _ => expected == answer,
    }
}

fn judge(kind: &str, command: &str, count: usize, is_unsafe: impl Fn(&Value, &Value) -> bool) {
    let (expected, answers) = (expected(kind), answers(command));
    assert_eq!(answers.len(), count);
    assert!(expected.keys().eq(answers.keys()), "every case of the kind is answered and no other");
    let pairs = || expected.iter().map(|(id, e)| (id, e, &answers[id]));
    let lies: Vec<_> = pairs().filter(|(_, e, a)| is_unsafe(e, a)).collect();
    assert!(lies.is_empty(), "unsafe: {lies:#?}");
    let other: Vec<_> = pairs().filter(|(_, e, a)| !agrees(e, a)).collect();
    assert!(other.is_empty(), "{} of {count} differ: {other:#?}", other.len());
    // Policies and requirements are whole: none is added that was not expected.
    for (id, e, a) in pairs() {
        for field in ["policies", "requirements", "accounts"] {
            if let (Some(e), Some(a)) = (e.get(field).and_then(Value::as_object), a[field].as_object()) {
                assert!(e.keys().eq(a.keys()), "{id} {field}: {a:?}");
            }
        }
    }
}

#[test]
fn every_sign_in_is_answered_as_expected() {
    // Unsafe is to say that somebody gets in who is blocked, or who cannot meet what is asked.
    judge("evaluate", "evaluate", 72, |expected, answer| {
        let (was, is) = (&expected["decision"], &answer["decision"]);
        let opened = was != is && (is == "none" || (is == "controls" && was == "block"));
        opened || (answer["satisfiable"] == "yes" && expected.get("satisfiable").is_some_and(|s| s != "yes"))
    });
}

#[test]
fn every_reach_is_answered_as_expected() {
    // Unsafe is to say that an action can be reached, by all or by one account, that cannot.
    judge("reach", "prove", 28, |expected, answer| {
        let claims = |now: &Value, then: &Value, word: &str| now == word && then != word;
        let account = expected["accounts"].as_object().into_iter().flatten();
        claims(&answer["verdict"], &expected["verdict"], "reachable")
            || account.into_iter().any(|(id, then)| claims(&answer["accounts"][id], then, "yes"))
    });
}
