//! Who is included and who is excluded.

use super::{GLOBAL_ADMINISTRATOR, GROUP, USER, applies, ask, policy, sign_in, tenant};
use breakglass_model::{PolicyId, Tri};
use serde_json::{Value, json};

/// 1: exclude wins, whatever carries the exclusion. 3: not when its group is gone. 4 and 5: not by a role that is not held.
#[test]
fn exclusions_by_what_they_hang_on() {
    let by = |kind: &str, id: &str| json!({"conditions": {"users": {kind: [id]}}});
    let group = |members: Value| json!({"groups": [{"id": GROUP, "members": members}]});
    let role = |role: &str, scope: &str, kind: &str| json!({"directoryRoleAssignments": [{"principalId": USER, "roleDefinitionId": role, "directoryScopeId": scope, "assignmentType": kind}]});
    let custom = "99999999-0000-4000-8000-000000000001";
    for (what, patch, extra, expected) in [
        ("user", by("excludeUsers", USER), json!({}), Tri::No),
        ("group", by("excludeGroups", GROUP), group(json!([USER])), Tri::No),
        ("empty group", by("excludeGroups", GROUP), group(json!([])), Tri::Yes),
        ("group that is gone", by("excludeGroups", GROUP), json!({}), Tri::Yes),
        (
            "role",
            by("excludeRoles", GLOBAL_ADMINISTRATOR),
            role(GLOBAL_ADMINISTRATOR, "/", "active"),
            Tri::No,
        ),
        (
            "eligible role",
            by("excludeRoles", GLOBAL_ADMINISTRATOR),
            role(GLOBAL_ADMINISTRATOR, "/", "eligible"),
            Tri::Yes,
        ),
        (
            "role in a unit",
            by("excludeRoles", GLOBAL_ADMINISTRATOR),
            role(GLOBAL_ADMINISTRATOR, "/administrativeUnits/x", "active"),
            Tri::Yes,
        ),
        ("custom role", by("excludeRoles", custom), role(custom, "/", "active"), Tri::Yes),
        ("guests", by("excludeUsers", "GuestsOrExternalUsers"), json!({}), Tri::Yes),
        ("everybody", by("excludeUsers", "All"), json!({}), Tri::No),
        (
            "none, and a group",
            json!({"conditions": {"users": {"includeUsers": ["None"], "includeGroups": [GROUP]}}}),
            group(json!([USER])),
            Tri::Yes,
        ),
    ] {
        assert_eq!(applies(patch, extra, json!({})), expected, "{what}");
    }
}

/// 6: external members are `Member`; U-6, U-7, U-10.
#[test]
fn external_users_by_kind_and_tenant() {
    let external = |kinds: &str, tenants: Value| json!({"conditions": {"users": {"includeUsers": [], "includeGuestsOrExternalUsers": {"guestOrExternalUserTypes": kinds, "externalTenants": tenants}}}});
    let all = json!({"@odata.type": "#microsoft.graph.conditionalAccessAllExternalTenants", "membershipKind": "all"});
    let home = json!({"membershipKind": "enumerated", "members": ["HOME"]});
    let who = |kind: &str, tenant: Value| json!({"signInIdentity": {"externalUserType": kind, "externalTenantId": tenant}});
    for (patch, asked, expected) in [
        (
            external("b2bCollaborationMember,serviceProvider", all.clone()),
            who("b2bCollaborationMember", json!("home")),
            Tri::Yes,
        ),
        (
            external("b2bCollaborationGuest", all.clone()),
            who("b2bCollaborationMember", json!("home")),
            Tri::No,
        ),
        (
            external("b2bCollaborationGuest", home.clone()),
            who("b2bCollaborationGuest", json!("home")),
            Tri::Yes,
        ),
        (
            external("b2bCollaborationGuest", home.clone()),
            who("b2bCollaborationGuest", json!("other")),
            Tri::No,
        ),
        (
            external("b2bCollaborationGuest", home.clone()),
            who("b2bCollaborationGuest", Value::Null),
            Tri::Unknown,
        ),
        (external("internalGuest", home.clone()), who("internalGuest", Value::Null), Tri::Yes),
        (
            external("b2bDirectConnectUser", all.clone()),
            who("b2bCollaborationGuest", json!("home")),
            Tri::Unknown,
        ),
        (external("internalGuest,martian", all.clone()), who("none", Value::Null), Tri::No),
        (external("martian", all.clone()), who("b2bCollaborationGuest", json!("home")), Tri::Unknown),
        (
            json!({"conditions": {"users": {"includeUsers": ["GuestsOrExternalUsers"]}}}),
            who("b2bCollaborationMember", json!("home")),
            Tri::Yes,
        ),
    ] {
        assert_eq!(applies(patch.clone(), json!({}), asked.clone()), expected, "{patch} {asked}");
    }
    // Nobody said in the session: the directory knows an external member by its name.
    let guests = json!({"conditions": {"users": {"includeUsers": ["GuestsOrExternalUsers"]}}});
    let mut unsaid = sign_in(json!({}));
    unsaid["signInIdentity"] = json!({ "userId": USER });
    for (upn, kind, expected) in
        [("a_b.c#EXT#@x.y", "Member", Tri::Yes), ("a@x.y", "Member", Tri::No), ("a@x.y", "Guest", Tri::Yes)]
    {
        let users = json!({"users": [{"id": USER, "userPrincipalName": upn, "userType": kind}]});
        let answer = ask(&tenant(json!([policy(guests.clone())]), users), &unsaid);
        assert_eq!(answer.policies[&PolicyId::new("p")].applies, expected, "{upn} {kind}");
    }
}

/// 7: a service principal is not among all users, and a person not among service principals.
#[test]
fn workload_identities_are_another_kind() {
    let workload = json!({"conditions": {"users": {"includeUsers": ["None"]}, "clientApplications": {"includeServicePrincipals": ["SP1"]}}});
    let mut principal = sign_in(json!({}));
    principal["signInIdentity"] =
        json!({"@odata.type": "#microsoft.graph.servicePrincipalSignIn", "servicePrincipalId": "sp1"});
    for (patch, expected) in [(workload, Tri::Yes), (json!({}), Tri::No)] {
        let answer = ask(&tenant(json!([policy(patch)]), json!({})), &principal);
        assert_eq!(answer.policies[&PolicyId::new("p")].applies, expected);
    }
    // The policy says all users, and is for service principals all the same (U-9).
    let both = json!({"conditions": {"clientApplications": {"includeServicePrincipals": ["ServicePrincipalsInMyTenant"]}}});
    assert_eq!(applies(both, json!({}), json!({})), Tri::No);
    let strange = json!({"conditions": {"servicePrincipalRiskLevels": ["high"]}});
    assert_eq!(applies(strange, json!({}), json!({})), Tri::Unknown);
}
