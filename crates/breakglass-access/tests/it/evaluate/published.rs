//! Microsoft's own examples: the What If answers as an oracle, and every shape of the reference without a panic.

use crate::shared;
use breakglass_access::evaluate::evaluate;
use breakglass_model::sign_in::SignIn;
use breakglass_model::view::TenantView;
use breakglass_model::{PolicyId, Tri, import};
use jiff::Timestamp;
use serde_json::Value;

fn examples() -> Vec<(String, Value)> {
    let files = shared::files("graph-docs-examples").into_iter().filter(|(name, _)| name.ends_with(".json"));
    files.filter_map(|(name, bytes)| Some((name, serde_json::from_slice(&bytes).ok()?))).collect()
}

fn view(name: &str, body: &Value) -> TenantView {
    let files = [(name.to_owned(), body.to_string().into_bytes())];
    TenantView::new(&import::files(&files, Timestamp::UNIX_EPOCH).snapshot)
}

#[test]
fn what_if_says_the_same() {
    let mut asked = 0;
    for (name, example) in examples().iter().filter(|(name, _)| name.contains("root-evaluate")) {
        let sign_in = SignIn::read(&example["request"]["body"]).unwrap_or_else(|e| panic!("{name}: {e}"));
        let view = view("policies.json", &example["response"]["body"]);
        let answer = evaluate(&view, &sign_in);
        for policy in example["response"]["body"]["value"].as_array().unwrap() {
            let id = PolicyId::new(policy["id"].as_str().unwrap());
            let expected = Tri::from(policy["policyApplies"].as_bool());
            assert_eq!(
                answer.policies[&id].applies, expected,
                "{name} {}: {:?}",
                policy["displayName"], answer.policies[&id]
            );
            asked += 1;
        }
    }
    assert!(asked >= 3, "only {asked} published answers were found");
}

#[test]
fn every_published_shape_is_read_without_a_panic() {
    let sign_in = SignIn::read(
        &serde_json::json!({"signInIdentity": {"userId": "u"}, "signInContext": {"includeApplications": ["a"]}}),
    );
    let sign_in = sign_in.unwrap();
    let mut policies = 0;
    for (name, example) in examples() {
        for side in ["request", "response"] {
            let view = view(&name, &example[side]["body"]);
            policies += view.policies.len();
            let answer = evaluate(&view, &sign_in);
            assert_eq!(answer.policies.len(), view.policies.len(), "{name}");
        }
    }
    assert!(policies > 10, "only {policies} policies among the examples");
}
