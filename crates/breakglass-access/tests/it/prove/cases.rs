//! Every case of kind `reach` of the shared data, every field of its expectation.

use crate::shared::files;
use breakglass_access::prove::answer_reach;
use serde_json::Value;

/// Lists are sets, at any depth.
fn as_sets(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(as_sets).collect();
            items.sort_by_key(Value::to_string);
            Value::Array(items)
        }
        Value::Object(map) => Value::Object(map.iter().map(|(k, v)| (k.clone(), as_sets(v))).collect()),
        other => other.clone(),
    }
}

#[test]
fn every_known_answer() {
    let (mut judged, mut wrong) = (0, Vec::new());
    for (name, bytes) in files("ca-cases").into_iter().filter(|(name, _)| name.ends_with(".json")) {
        let text = String::from_utf8(bytes).unwrap();
        let case: Value = serde_json::from_str(&text).unwrap();
        if case["kind"] != "reach" {
            continue;
        }
        judged += 1;
        let answer = answer_reach(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        for (field, expected) in case["expect"].as_object().unwrap() {
            let found = answer.get(field).cloned().unwrap_or_default();
            if as_sets(&found) != as_sets(expected) {
                wrong.push(format!("{} `{field}`: expected {expected}, found {found}", case["id"]));
            }
        }
    }
    assert_eq!((judged, wrong.join("\n")), (28, String::new()));
}

/// A case whose question is not understood is not answered.
#[test]
fn what_is_not_understood_is_an_error() {
    let (_, bytes) = files("ca-cases").into_iter().find(|(n, _)| n.ends_with("R001.json")).unwrap();
    let case: Value = serde_json::from_slice(&bytes).unwrap();
    let error = |change: &dyn Fn(&mut Value)| {
        let mut case = case.clone();
        change(&mut case);
        answer_reach(&case.to_string()).unwrap_err().to_string()
    };
    let errors = [
        error(&|c| c["kind"] = "evaluate".into()),
        error(&|c| c["question"] = Value::Null),
        error(&|c| c["question"]["accounts"] = Value::Array(vec![])),
        error(&|c| c["question"]["action"] = "make-coffee".into()),
        error(&|c| c["question"]["routes"][0]["clientAppType"] = "telex".into()),
        error(&|c| c["question"]["envelope"]["universal"]["userRiskLevels"] = serde_json::json!(["extreme"])),
        error(&|c| c["question"]["envelope"]["universal"]["locations"][0]["ipAddress"] = "home".into()),
        error(&|c| c["question"]["scenario"]["effects"] = serde_json::json!({"powerDown": true})),
        error(&|c| {
            c["question"]["scenario"]["effects"] = serde_json::json!({"policyChanges": [{"op": "set-state", "policy": "x", "state": "enabled"}]});
        }),
    ];
    insta::assert_snapshot!(errors.join("\n"));
}
