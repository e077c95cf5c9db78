//! The view of small tenants, told piece by piece.

use super::*;
use crate::snapshot::TenantInfo;
use jiff::Timestamp;
use serde_json::json;

fn snapshot(parts: &[(&str, Value)]) -> Snapshot {
    let info = TenantInfo { id: "t".into(), name: String::new(), cloud: "global".into() };
    let mut snapshot = Snapshot::new(info, "2026-11-21T00:00:00Z".parse::<Timestamp>().unwrap());
    for (name, objects) in parts {
        snapshot.set(name, objects.as_array().cloned().unwrap());
    }
    snapshot
}

fn id(text: &str) -> ObjectId {
    ObjectId::new(text)
}

#[test]
fn nothing_read_is_nothing_known() {
    let view = TenantView::new(&snapshot(&[]));
    assert!(!view.policies_missing.is_empty());
    assert_eq!(view.member(&id("u"), &id("g")), Tri::Unknown);
    assert_eq!(view.holds_role(&id("u"), &id("r")), Tri::Unknown);
    assert_eq!(view.eligible_for(&id("u"), &id("r")), Tri::Unknown);
    assert!(matches!(view.locations.get(&id("l")), Lookup::Unread(_)));
    assert!(matches!(view.user(&id("u")), Lookup::Unread(_)));
    assert!(matches!(view.domain_of("a@b.c"), Lookup::Unread(_)));
    assert_eq!((view.security_defaults, view.capabilities(&id("u"))), (Tri::Unknown, None));
}

#[test]
fn membership_is_transitive_ends_in_cycles_and_knows_what_it_does_not_know() {
    let mut snapshot = snapshot(&[(
        c::GROUPS,
        json!([
            {"id": "a", "members": ["b"]},
            {"id": "b", "members": ["A", "u"]},
            {"id": "half", "members": ["x"]},
            {"id": "nested", "members": ["half"]},
            {"id": "silent"},
            {"id": "hidden", "visibility": "HiddenMembership", "members": []},
        ]),
    )]);
    snapshot.note_unread("groups/half/members", "403");
    let view = TenantView::new(&snapshot);
    for (who, group, expected) in [
        ("U", "a", Tri::Yes),
        ("v", "a", Tri::No),
        ("x", "nested", Tri::Yes),
        ("v", "nested", Tri::Unknown),
        ("v", "silent", Tri::Unknown),
        ("v", "hidden", Tri::Unknown),
        ("u", "deleted", Tri::No),
        ("u", "<Emergency access>", Tri::Unknown),
    ] {
        assert_eq!(view.member(&id(who), &id(group)), expected, "{who} in {group}");
    }
    snapshot.note_unread("groups/export/Groups/one.json", "not JSON");
    assert_eq!(TenantView::new(&snapshot).member(&id("u"), &id("deleted")), Tri::Unknown);
}

#[test]
fn roles_count_when_active_built_in_and_tenant_wide() {
    let role = |who: &str, role: &str, scope: &str, kind: &str| json!({"principalId": who, "roleDefinitionId": role, "directoryScopeId": scope, "assignmentType": kind});
    let mut ended = role("u", "r5", "/", "active");
    ended["endDateTime"] = json!("2026-01-01T00:00:00Z");
    let mut snapshot = snapshot(&[
        (c::GROUPS, json!([{"id": "g", "members": ["m"]}])),
        (
            c::ROLE_ASSIGNMENTS,
            json!([
                role("U", "R1", "/", "active"),
                role("g", "r1", "/", "active"),
                role("u", "r2", "/", "eligible"),
                role("u", "r3", "/administrativeUnits/x", "active"),
                role("u", "99999999-0000-4000-8000-000000000001", "/", "active"),
                role("u", "r4", "/", "unknown"),
                ended,
            ]),
        ),
    ]);
    let view = TenantView::new(&snapshot);
    for (who, role, expected) in [
        ("u", "r1", Tri::Yes),
        ("m", "r1", Tri::Yes),
        ("n", "r1", Tri::No),
        ("u", "r2", Tri::No),
        ("u", "r3", Tri::No),
        ("u", "99999999-0000-4000-8000-000000000001", Tri::No),
        ("u", "r4", Tri::Unknown),
        ("u", "r5", Tri::No),
        ("u", "r6", Tri::No),
    ] {
        assert_eq!(view.holds_role(&id(who), &id(role)), expected, "{who} holds {role}");
    }
    assert_eq!(view.eligible_for(&id("u"), &id("r2")), Tri::Yes);
    snapshot.note_unread("directoryRoleAssignments/other roles", "not read");
    snapshot.note_unread("directoryRoleAssignments/eligible schedules", "not read");
    let view = TenantView::new(&snapshot);
    assert_eq!(view.holds_role(&id("n"), &id("r1")), Tri::No);
    assert_eq!(view.holds_role(&id("u"), &id("r6")), Tri::Unknown);
    assert_eq!(view.eligible_for(&id("n"), &id("r2")), Tri::Unknown);
}

#[test]
fn a_policy_that_was_not_read_whole_may_do_anything() {
    let good = json!({"id": "p", "displayName": "P", "state": "enabled", "conditions": {"users": {"includeUsers": ["None"]}, "applications": {"includeApplications": ["All"]}}, "grantControls": null, "sessionControls": null});
    let mut snapshot = snapshot(&[(c::POLICIES, json!([good]))]);
    assert!(TenantView::new(&snapshot).policies_missing.is_empty());
    snapshot.note_unread("conditionalAccessPolicies/P", "it is different in a and in b");
    snapshot.note_unread("conditionalAccessPolicies/q", "403");
    let view = TenantView::new(&snapshot);
    let policy = view.policy(&PolicyId::new("p")).unwrap();
    assert_eq!(policy.enforced(), Tri::Unknown);
    assert!(!policy.unread().is_empty());
    assert_eq!(view.policies_missing.len(), 1);
}

#[test]
fn what_is_not_understood_is_kept_and_said() {
    let strange = json!({
        "id": "p", "displayName": "Strange", "state": "partiallyEnabled",
        "conditions": {
            "users": {"includeUsers": ["All", 7], "excludeMoons": ["x"], "includeGuestsOrExternalUsers": {"guestOrExternalUserTypes": "internalGuest,martian"}},
            "applications": {"includeApplications": "All", "includeUserActions": ["urn:user:dance"], "applicationFilter": {"mode": "maybe"}},
            "clientAppTypes": ["browser", "telepathy"],
            "platforms": {"includePlatforms": ["all", "plan9"], "excludePlatforms": null},
            "locations": {"includeLocations": [], "excludeLocations": ["x"]},
            "signInRiskLevels": ["purple"], "insiderRiskLevels": "minor,huge",
            "authenticationFlows": {"transferMethods": "deviceCodeFlow,owl"},
            "devices": {"includeDevices": ["All"], "deviceFilter": {"mode": "include", "rule": "device.isCompliant -eq True"}},
            "times": "System.Object[]", "postureLevels": ["weak"], "emptyOne": [],
        },
        "grantControls": {"operator": "XOR", "builtInControls": ["mfa", "handshake"], "authenticationStrength": {"displayName": "no id"}},
        "sessionControls": {"signInFrequency": {"isEnabled": true, "frequencyInterval": "everyTime"}, "networkAccessSecurity": {"isEnabled": true}, "persistentBrowser": "no"},
    });
    let view = TenantView::new(&snapshot(&[(c::POLICIES, json!([strange]))]));
    let problems: Vec<String> = view.problems.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(problems.join("\n"));
    insta::assert_debug_snapshot!(view.policies);
}

#[test]
fn locations_of_every_kind() {
    let view = TenantView::new(&snapshot(&[(
        c::NAMED_LOCATIONS,
        json!([
            {"@odata.type": "#microsoft.graph.ipNamedLocation", "id": "ip", "isTrusted": true, "ipRanges": [{"cidrAddress": "192.0.2.0/24"}, {"lowerAddress": "2001:db8::", "upperAddress": "2001:db8::f"}, {"cidrAddress": "nonsense"}]},
            {"@odata.type": "#microsoft.graph.countryNamedLocation", "id": "c", "countriesAndRegions": ["de"], "countryLookupMethod": "authenticatorAppGps"},
            {"@odata.type": "#microsoft.graph.compliantNetworkNamedLocation", "id": "n", "isTrusted": true},
            {"@odata.type": "#microsoft.graph.lunarNamedLocation", "id": "moon"},
        ]),
    )]));
    assert_eq!(view.locations.get(&id("gone")), Lookup::Gone);
    let all: Vec<_> = view.locations.iter().collect();
    insta::assert_debug_snapshot!(all);
}

#[test]
fn capabilities_are_what_is_registered_and_allowed() {
    let everyone = json!([{"targetType": "group", "id": "all_users"}]);
    let method = |name: &str, state: &str| json!({"id": name, "state": state, "includeTargets": everyone, "excludeTargets": []});
    let mut fido2 = method("Fido2", "enabled");
    fido2["keyRestrictions"] = json!({"isEnforced": true, "enforcementType": "allow", "aaGuids": ["AAAA"]});
    let policy = json!({
        "id": "authenticationMethodsPolicy", "policyMigrationState": "migrationComplete",
        "authenticationMethodConfigurations": [fido2, method("Sms", "disabled"), method("SoftwareOath", "enabled"), method("X509Certificate", "disabled"), method("MicrosoftAuthenticator", "enabled"), method("TemporaryAccessPass", "enabled")],
    });
    let methods = json!([
        {"@odata.type": "#microsoft.graph.passwordAuthenticationMethod"},
        {"@odata.type": "#microsoft.graph.fido2AuthenticationMethod", "id": "k1", "aaGuid": "aaaa"},
        {"@odata.type": "#microsoft.graph.fido2AuthenticationMethod", "id": "k2", "aaGuid": "bbbb"},
        {"@odata.type": "#microsoft.graph.phoneAuthenticationMethod", "phoneType": "mobile"},
        {"@odata.type": "#microsoft.graph.softwareOathAuthenticationMethod"},
        {"@odata.type": "#microsoft.graph.temporaryAccessPassAuthenticationMethod", "isUsableOnce": true, "startDateTime": "2026-11-20T00:00:00Z", "lifetimeInMinutes": 60},
    ]);
    let parts = [
        (c::METHODS_POLICY, json!([policy])),
        (c::AUTHENTICATION_METHODS, json!([{"userId": "u", "methods": methods}])),
        (
            c::USERS,
            json!([{"id": "u", "userPrincipalName": "u@x.onmicrosoft.com", "onPremisesSyncEnabled": null}]),
        ),
        (c::GROUPS, json!([])),
    ];
    let view = TenantView::new(&snapshot(&parts));
    let found = view.capabilities(&id("u")).unwrap();
    for (mode, expected) in [
        ("password", Tri::Yes),
        ("fido2", Tri::Yes),
        ("sms", Tri::No),
        ("voice", Tri::Unknown),
        ("softwareOath", Tri::Yes),
        ("temporaryAccessPassOneTime", Tri::No),
        ("x509CertificateMultiFactor", Tri::No),
        ("federatedMultiFactor", Tri::No),
        ("telepathy", Tri::Unknown),
    ] {
        assert_eq!(found.has(mode), expected, "{mode}");
    }
    let usable: Vec<Tri> = found.keys.iter().flatten().map(|k| k.usable).collect();
    assert_eq!(usable, [Tri::Yes, Tri::No]);
    assert_eq!(
        (found.mfa_registered, found.can_change_password, found.external_mfa),
        (Tri::Yes, Tri::Yes, Tri::No)
    );
    let unread = TenantView::new(&snapshot(parts.get(1..).unwrap()));
    assert_eq!(unread.capabilities(&id("u")).unwrap().has("fido2"), Tri::Unknown);
    let told =
        view.told_capabilities(&id("u"), &json!({"methods": ["FIDO2", "sms"], "fido2Aaguids": ["bbbb"]}));
    assert_eq!((told.has("fido2"), told.has("sms"), told.external_mfa), (Tri::No, Tri::No, Tri::No));
}
