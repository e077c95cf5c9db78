//! Tenants as live collection leaves them, to be spoilt one fact at a time.

use breakglass_access::evaluate::{Decision, evaluate};
use breakglass_access::prove::{AccountRef, Counterexample, Proof, Question, prove, under};
use breakglass_model::ids::GLOBAL_ADMINISTRATOR;
use breakglass_model::sign_in::SignIn;
use breakglass_model::snapshot::{Snapshot, TenantInfo, collections as c};
use breakglass_model::view::TenantView;
use breakglass_model::{ObjectId, Tri};
use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) const EA1: &str = "a0000000-0000-4000-8000-000000000001";
pub(crate) const EA2: &str = "a0000000-0000-4000-8000-000000000002";
pub(crate) const GROUP: &str = "b0000000-0000-4000-8000-000000000001";
pub(crate) const OFFICE: &str = "d0000000-0000-4000-8000-000000000001";
pub(crate) const MODEL: &str = "2fc0579f-8113-47ea-b116-bb5a8db9202a";
pub(crate) const OTHER_MODEL: &str = "cb69481e-8ff7-4039-93ec-0a2729a154a8";
pub(crate) const PHISHING_RESISTANT: &str = "00000000-0000-0000-0000-000000000004";

pub(crate) fn now() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

pub(crate) fn policy_id(n: usize) -> String {
    format!("c0000000-0000-4000-8000-{n:012}")
}

/// A policy for everybody on everything, excluding the accounts by group and by id.
pub(crate) fn policy(n: usize, name: &str, grant: Value) -> Value {
    json!({
        "id": policy_id(n), "displayName": name, "state": "enabled", "templateId": null,
        "conditions": {
            "clientAppTypes": ["all"], "signInRiskLevels": [], "userRiskLevels": [],
            "users": {"includeUsers": ["All"], "excludeUsers": [EA1, EA2], "excludeGroups": [GROUP]},
            "applications": {"includeApplications": ["All"], "excludeApplications": [], "includeUserActions": []},
            "platforms": null, "locations": null, "devices": null,
        },
        "grantControls": grant, "sessionControls": null,
    })
}

pub(crate) fn controls(list: &[&str]) -> Value {
    json!({"operator": "OR", "builtInControls": list, "termsOfUse": [], "customAuthenticationFactors": []})
}

fn set(value: &mut Value, pointer: &str, new: Value) {
    *value.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = new;
}

/// What a careful administrator has: blocks and device demands that exclude the accounts, MFA that does not.
pub(crate) fn policies() -> Vec<Value> {
    let mut outside = policy(1, "Block outside trusted", controls(&["block"]));
    set(
        &mut outside,
        "/conditions/locations",
        json!({"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}),
    );
    let device = policy(2, "Compliant device", controls(&["compliantDevice", "domainJoinedDevice"]));
    let mut strong = policy(
        3,
        "Phishing-resistant for admins",
        json!({
            "operator": "OR", "builtInControls": [], "authenticationStrength": {"id": PHISHING_RESISTANT},
        }),
    );
    set(&mut strong, "/conditions/users", json!({"includeRoles": [GLOBAL_ADMINISTRATOR]}));
    let mut risky = policy(4, "Block high risk", controls(&["block"]));
    set(&mut risky, "/conditions/userRiskLevels", json!(["high"]));
    let mut legacy = policy(5, "Block legacy clients", controls(&["block"]));
    set(&mut legacy, "/conditions/clientAppTypes", json!(["exchangeActiveSync", "other"]));
    set(&mut legacy, "/conditions/users", json!({"includeUsers": ["All"]}));
    let mut tomorrow = policy(6, "Managed: MFA for portals", controls(&["mfa"]));
    set(&mut tomorrow, "/state", json!("enabledForReportingButNotEnforced"));
    set(&mut tomorrow, "/conditions/users", json!({"includeRoles": [GLOBAL_ADMINISTRATOR]}));
    set(&mut tomorrow, "/conditions/applications", json!({"includeApplications": ["MicrosoftAdminPortals"]}));
    vec![outside, device, strong, risky, legacy, tomorrow]
}

fn key(name: &str) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.fido2AuthenticationMethod", "id": name, "displayName": name,
        "aaGuid": MODEL, "model": "YubiKey 5",
    })
}

/// Two cloud-only, permanent Global Administrators with two keys each, as live collection shows them.
pub(crate) fn healthy() -> Snapshot {
    let info = TenantInfo { id: "t".into(), name: "test".into(), cloud: "global".into() };
    let mut snapshot = Snapshot::new(info, now());
    let user = |id: &str, upn: &str| {
        json!({
            "id": id, "userPrincipalName": upn, "displayName": upn, "accountEnabled": true, "userType": "Member",
            "onPremisesSyncEnabled": null, "passwordPolicies": "DisablePasswordExpiration",
        })
    };
    snapshot.set(c::SETTINGS, vec![json!({"cloud": "global"})]);
    snapshot.set(
        c::USERS,
        vec![user(EA1, "x1@contoso.onmicrosoft.com"), user(EA2, "x2@contoso.onmicrosoft.com")],
    );
    snapshot.set(
        c::DOMAINS,
        vec![
            json!({"id": "contoso.onmicrosoft.com", "authenticationType": "Managed", "isInitial": true}),
            json!({"id": "contoso.com", "authenticationType": "Federated"}),
        ],
    );
    snapshot.set(
        c::GROUPS,
        vec![json!({"id": GROUP, "displayName": "Emergency access", "isAssignableToRole": true,
        "groupTypes": [], "members": [EA1, EA2]})],
    );
    let role = |id: &str| {
        json!({"id": id, "principalId": id, "roleDefinitionId": GLOBAL_ADMINISTRATOR, "directoryScopeId": "/",
        "assignmentType": "active"})
    };
    snapshot.set(c::ROLE_ASSIGNMENTS, vec![role(EA1), role(EA2)]);
    let methods = |id: &str, name: &str| {
        let password = json!({"@odata.type": "#microsoft.graph.passwordAuthenticationMethod", "id": "p"});
        json!({"userId": id, "methods": [password, key(&format!("{name}-1")), key(&format!("{name}-2"))]})
    };
    snapshot.set(c::AUTHENTICATION_METHODS, vec![methods(EA1, "ea-01"), methods(EA2, "ea-02")]);
    let everyone = json!([{"targetType": "group", "id": "all_users"}]);
    snapshot.set(c::METHODS_POLICY, vec![json!({
        "id": "authenticationMethodsPolicy", "policyMigrationState": "migrationComplete",
        "authenticationMethodConfigurations": [
            {"@odata.type": "#microsoft.graph.fido2AuthenticationMethodConfiguration", "id": "Fido2", "state": "enabled",
             "includeTargets": everyone, "excludeTargets": [], "isAttestationEnforced": false,
             "keyRestrictions": {"isEnforced": false, "enforcementType": "allow", "aaGuids": []}},
            {"id": "X509Certificate", "state": "disabled", "includeTargets": [], "excludeTargets": []},
        ],
    })]);
    snapshot.set(c::SECURITY_DEFAULTS, vec![json!({"isEnabled": false})]);
    snapshot.set(c::STRENGTHS, vec![json!({
        "id": PHISHING_RESISTANT, "displayName": "Phishing-resistant MFA", "policyType": "builtIn",
        "allowedCombinations": ["windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor"], "combinationConfigurations": [],
    })]);
    snapshot.set(c::NAMED_LOCATIONS, vec![json!({
        "@odata.type": "#microsoft.graph.ipNamedLocation", "id": OFFICE, "displayName": "Office", "isTrusted": true,
        "ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "203.0.113.0/24"}],
    })]);
    snapshot.set(c::POLICIES, policies());
    snapshot.seal()
}

/// Changes a snapshot and seals it again.
pub(crate) fn with(mut snapshot: Snapshot, change: impl FnOnce(&mut Snapshot)) -> Snapshot {
    change(&mut snapshot);
    snapshot.seal()
}

/// The n-th policy (from 1) of a snapshot.
pub(crate) fn policy_of(snapshot: &mut Snapshot, n: usize) -> &mut Value {
    &mut snapshot.collections.get_mut(c::POLICIES).unwrap()[n - 1]
}

/// The first object of a collection.
pub(crate) fn first<'a>(snapshot: &'a mut Snapshot, collection: &str) -> &'a mut Value {
    &mut snapshot.collections.get_mut(collection).unwrap()[0]
}

/// No exclusion at all in a policy.
pub(crate) fn forget(snapshot: &mut Snapshot, n: usize) {
    policy_of(snapshot, n)["conditions"]["users"] = json!({"includeUsers": ["All"]});
}

pub(crate) fn question(required: usize) -> Question {
    let account = |name: &str, id: &str| AccountRef { name: name.into(), id: ObjectId::new(id) };
    Question::for_accounts(vec![account("ea-01", EA1), account("ea-02", EA2)], required)
}

pub(crate) fn judge(snapshot: &Snapshot) -> Proof {
    prove(snapshot, &question(1), now())
}

/// Gives the sign-in of a counterexample to `evaluate`, in the tenant as its scenario leaves it.
pub(crate) fn replay(snapshot: &Snapshot, question: &Question, counterexample: &Counterexample) {
    let Some(sign_in) = &counterexample.sample_sign_in else {
        assert!(!counterexample.gates.is_empty(), "neither sign-in nor gate: {counterexample}");
        return;
    };
    let tenants = under(snapshot, question, &counterexample.scenario).unwrap();
    let (_, tenant) = tenants.iter().find(|(words, _)| *words == counterexample.when).unwrap();
    let evaluation = evaluate(&TenantView::new(tenant), &SignIn::read(sign_in).unwrap());
    let blocked = evaluation.decision == Decision::Block || evaluation.satisfiable == Some(Tri::No);
    assert!(blocked, "{counterexample}\n{sign_in:#}\n{evaluation:#?}");
}
