//! What it comes to.

use super::{HQ, able, applies, ask, demand, policy, sign_in, tenant, with};
use breakglass_access::evaluate::Decision;
use breakglass_model::Tri;
use serde_json::{Value, json};

/// ST-1, ST-2 and a decision that never says `none` when something may block.
#[test]
fn states_and_decisions() {
    let decide = |patch: Value| ask(&tenant(json!([policy(patch)]), json!({})), &sign_in(json!({}))).decision;
    for (what, patch, expected) in [
        ("a state that nobody knows", json!({"state": "partiallyEnabled"}), Decision::Unknown),
        (
            "and one that may demand",
            with(demand(json!(["mfa"])), &json!({"state": "partiallyEnabled"})),
            Decision::Unknown,
        ),
        ("report-only", json!({"state": "enabledForReportingButNotEnforced"}), Decision::None),
        ("a control that may be a block", demand(json!(["handshake"])), Decision::Unknown),
        ("a control that stands for it", demand(json!(["handshake", "mfa"])), Decision::Controls),
        ("grant controls left out", json!({"grantControls": "System.Object"}), Decision::Unknown),
        ("no users at all", json!({"conditions": {"users": null}}), Decision::Unknown),
        ("no target at all", json!({"conditions": {"applications": null}}), Decision::Unknown),
        ("no conditions at all", json!({"conditions": null}), Decision::Unknown),
        ("nobody included", json!({"conditions": {"users": {"includeUsers": []}}}), Decision::None),
    ] {
        assert_eq!(decide(patch), expected, "{what}");
    }
    let report = json!({"state": "enabledForReportingButNotEnforced", "conditions": {"applications": {"includeApplications": [], "includeUserActions": ["urn:user:registersecurityinfo"]}}});
    let registering =
        json!({"signInContext": {"includeApplications": null, "userAction": "registerSecurityInformation"}});
    assert_eq!(applies(report, json!({}), registering), Tri::No, "not evaluated in report-only mode");
}

/// The JSON that others read, with its trace.
#[test]
fn the_answer_as_json() {
    let policies = json!([
        policy(
            json!({"id": "block", "conditions": {"locations": {"includeLocations": [HQ]}, "postureLevels": ["weak"]}})
        ),
        policy(with(demand(json!(["mfa"])), &json!({"id": "mfa"}))),
        policy(json!({"id": "other-user", "conditions": {"users": {"includeUsers": ["someone"]}}})),
        policy(json!({"id": "off", "state": "disabled"})),
    ]);
    let country = json!({"namedLocations": [{"@odata.type": "#microsoft.graph.countryNamedLocation", "id": HQ, "countriesAndRegions": ["KP"], "includeUnknownCountriesAndRegions": false, "countryLookupMethod": "clientIpAddress"}]});
    let mut asked = sign_in(able(json!({"methods": ["password", "fido2"]})));
    asked["signInConditions"].as_object_mut().unwrap().remove("country");
    let answer = ask(&tenant(policies, country), &asked);
    insta::assert_snapshot!(serde_json::to_string_pretty(&answer).unwrap());
}
