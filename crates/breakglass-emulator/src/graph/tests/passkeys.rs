//! A passkey from options to sign-in method.

use super::*;
use crate::testing::Key;
use serde_json::json;

fn credential(graph: &mut Graph, key: &Key, user: &str) -> Value {
    let path = format!("/v1.0/users/{user}/authentication/fido2Methods/creationOptions");
    let options = graph.get(&path);
    let public_key = &options["publicKey"];
    assert_eq!(
        (public_key["rp"]["id"].as_str(), public_key["user"]["name"].as_str()),
        (Some("localhost"), Some(ROBIN))
    );
    let challenge = crate::webauthn::decode(public_key["challenge"].as_str().unwrap()).unwrap();
    json!({ "displayName": "key A", "publicKeyCredential": key.create(&challenge, "https://localhost:1", "localhost") })
}

#[test]
fn a_passkey_is_registered_shown_and_deleted() {
    let mut graph = preset("demo");
    let user = graph.id(ROBIN);
    let methods = format!("/v1.0/users/{user}/authentication/fido2Methods");
    let body = credential(&mut graph, &Key::new(), &user);
    let made = graph.done("POST", &methods, &body);
    let id = text(&made, "id").unwrap().to_owned();
    assert_eq!(
        (made["displayName"].as_str(), made["attestationLevel"].as_str()),
        (Some("key A"), Some("notAttested"))
    );
    let all = graph.get(&format!("/v1.0/users/{user}/authentication/methods"));
    let kinds = names(&all, "@odata.type");
    assert!(kinds.contains(&"#microsoft.graph.fido2AuthenticationMethod".to_owned()), "{kinds:?}");
    assert!(kinds.contains(&"#microsoft.graph.passwordAuthenticationMethod".to_owned()), "{kinds:?}");
    assert_eq!(names(&graph.get(&methods), "id"), [id.as_str()]);
    let again = graph.refused(&automation(), "POST", &methods, &body);
    assert!(again.starts_with("400") && again.contains("challenge"), "{again}");
    let report = graph.get("/v1.0/reports/authenticationMethods/userRegistrationDetails?$filter=userPrincipalName%20eq%20'robin.keller@contoso.onmicrosoft.com'");
    assert_eq!(
        report["value"][0]["methodsRegistered"],
        json!(["fido2SecurityKey", "microsoftAuthenticatorPush"])
    );
    graph.done("DELETE", &format!("{methods}/{id}"), &Value::Null);
    assert!(graph.state.hidden.passkeys.is_empty());
    assert_eq!(graph.ask(&automation(), "DELETE", &format!("{methods}/{id}"), &Value::Null).0, 404);
    assert_eq!(graph.audited(), ["Admin registered security info", "Admin deleted security info"]);
}

#[test]
fn the_policy_of_the_tenant_decides_which_passkeys() {
    let mut graph = preset("demo");
    let user = graph.id(ROBIN);
    let methods = format!("/v1.0/users/{user}/authentication/fido2Methods");
    let configuration = "/v1.0/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/fido2";
    let key = Key::new();
    for (change, part) in [
        (json!({ "isAttestationEnforced": true }), "attestation"),
        (
            json!({ "isAttestationEnforced": false, "keyRestrictions": { "isEnforced": true, "enforcementType": "allow",
            "aaGuids": ["2fc0579f-8113-47ea-b116-bb5a8db9202a"] } }),
            "key restrictions",
        ),
    ] {
        graph.done("PATCH", configuration, &change);
        let body = credential(&mut graph, &key, &user);
        let answer = graph.refused(&automation(), "POST", &methods, &body);
        assert!(answer.starts_with("400") && answer.contains(part), "{change}: {answer}");
        assert!(graph.state.hidden.passkeys.is_empty(), "nothing is left of it");
    }
    graph.done("PATCH", configuration, &json!({ "state": "disabled" }));
    let options = format!("{methods}/creationOptions(challengeTimeoutInMinutes=5)");
    assert!(graph.refused(&automation(), "GET", &options, &Value::Null).contains("not enabled"));
}

#[test]
fn a_temporary_access_pass_is_shown_once() {
    let mut graph = preset("demo");
    let user = graph.id(ROBIN);
    let path = format!("/v1.0/users/{user}/authentication/temporaryAccessPassMethods");
    assert!(graph.refused(&automation(), "POST", &path, &json!({})).contains("not enabled"));
    let configuration =
        "/v1.0/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/TemporaryAccessPass";
    graph.done("PATCH", configuration, &json!({ "state": "enabled" }));
    assert!(
        graph.done("POST", &path, &json!({ "lifetimeInMinutes": 60 }))["temporaryAccessPass"].is_string()
    );
    assert_eq!(graph.get(&path)["value"][0]["temporaryAccessPass"], Value::Null);
    assert!(graph.refused(&automation(), "POST", &path, &json!({})).contains("already exists"));
}
