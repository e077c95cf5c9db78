//! Every answer of the Graph origin against Microsoft's metadata: each object, property, type and enumeration.

use crate::metadata::{Metadata, shared};
use crate::site::Site;
use serde_json::{Value, json};

/// Lists that are walked, with the type of their objects.
const LISTS: &[(&str, &str)] = &[
    ("organization", "organization"),
    ("domains", "domain"),
    ("users", "user"),
    (
        "users?$select=id,accountEnabled,signInActivity,passwordPolicies,assignedLicenses,onPremisesSyncEnabled",
        "user",
    ),
    ("groups", "group"),
    ("directoryRoles", "directoryRole"),
    ("directoryRoleTemplates", "directoryRoleTemplate"),
    ("servicePrincipals", "servicePrincipal"),
    ("applications", "application"),
    ("directory/administrativeUnits", "administrativeUnit"),
    ("directory/deletedItems/microsoft.graph.user", "user"),
    ("directory/deletedItems/microsoft.graph.group", "group"),
    ("roleManagement/directory/roleDefinitions", "unifiedRoleDefinition"),
    ("roleManagement/directory/roleAssignments?$expand=principal,roleDefinition", "unifiedRoleAssignment"),
    ("roleManagement/directory/roleAssignmentScheduleInstances", "unifiedRoleAssignmentScheduleInstance"),
    ("roleManagement/directory/roleEligibilityScheduleInstances", "unifiedRoleEligibilityScheduleInstance"),
    ("policies/roleManagementPolicies?$expand=rules", "unifiedRoleManagementPolicy"),
    (
        "policies/roleManagementPolicyAssignments?$filter=scopeId eq '/' and scopeType eq 'DirectoryRole'&$expand=policy($expand=rules)",
        "unifiedRoleManagementPolicyAssignment",
    ),
    ("identity/conditionalAccess/policies", "conditionalAccessPolicy"),
    ("identity/conditionalAccess/namedLocations", "namedLocation"),
    (
        "identity/conditionalAccess/authenticationContextClassReferences",
        "authenticationContextClassReference",
    ),
    (
        "policies/authenticationStrengthPolicies?$expand=combinationConfigurations",
        "authenticationStrengthPolicy",
    ),
    (
        "policies/authenticationMethodsPolicy/authenticationMethodConfigurations",
        "authenticationMethodConfiguration",
    ),
    ("auditLogs/signIns", "signIn"),
    ("auditLogs/directoryAudits", "directoryAudit"),
    ("reports/authenticationMethods/userRegistrationDetails", "userRegistrationDetails"),
    ("identityProtection/riskyUsers", "riskyUser"),
    ("oauth2PermissionGrants", "oAuth2PermissionGrant"),
];

const SINGLE: &[(&str, &str)] = &[
    ("policies/authenticationMethodsPolicy", "authenticationMethodsPolicy"),
    ("policies/identitySecurityDefaultsEnforcementPolicy", "identitySecurityDefaultsEnforcementPolicy"),
    ("policies/authorizationPolicy", "authorizationPolicy"),
];

/// Which lists are expected to hold something in a preset, so that nothing is judged by walking past it.
const NEVER_EMPTY: &[&str] = &[
    "users",
    "groups",
    "identity/conditionalAccess/policies",
    "auditLogs/signIns",
    "auditLogs/directoryAudits",
    "roleManagement/directory/roleAssignments",
    "servicePrincipals",
    "domains",
];

struct Walk<'a> {
    site: &'a Site,
    metadata: &'a Metadata,
    token: String,
    wrong: Vec<String>,
    judged: usize,
}

impl Walk<'_> {
    async fn get(&self, path: &str) -> Value {
        let url = format!("{}/v1.0/{path}", self.site.ready().graph);
        loop {
            let got = self.site.get(&self.token, &url).await;
            if got.status == 429 {
                tokio::time::sleep(std::time::Duration::from_millis(400)).await;
                continue;
            }
            assert_eq!(got.status, 200, "{path}: {}", got.body);
            let context = got.body["@odata.context"].as_str().unwrap_or_default();
            assert!(
                context.starts_with(&format!("{}/v1.0/$metadata#", self.site.ready().graph)),
                "{path}: {context}"
            );
            return got.body;
        }
    }

    fn judge(&mut self, path: &str, kind: &str, value: &Value) {
        self.judged += 1;
        self.metadata.judge(path, kind, value, &mut self.wrong);
    }

    async fn list(&mut self, path: &str, kind: &str) -> Vec<Value> {
        let body = self.get(path).await;
        let items = body["value"].as_array().unwrap().clone();
        for item in &items {
            self.judge(path, kind, item);
        }
        items
    }

    /// Everything that a tenant shows.
    async fn everything(&mut self) {
        for (path, kind) in LISTS {
            let items = self.list(path, kind).await;
            let set = path.split('?').next().unwrap();
            assert!(!NEVER_EMPTY.contains(&set) || !items.is_empty(), "{path} is empty");
            // The same object by itself, from every list that has them.
            let direct =
                !set.starts_with("directory/") && !set.starts_with("policies/role") && !path.contains('?');
            let has_own = [
                "users",
                "groups",
                "domains",
                "roleManagement/directory/roleDefinitions",
                "servicePrincipals",
            ];
            if direct
                && has_own.contains(&set)
                && let Some(id) = items.first().and_then(|i| i["id"].as_str())
            {
                let one = self.get(&format!("{set}/{id}")).await;
                self.judge(set, kind, &one);
            }
        }
        for (path, kind) in SINGLE {
            let one = self.get(path).await;
            self.judge(path, kind, &one);
        }
        for user in self.list("users?$select=id", "user").await {
            let id = user["id"].as_str().unwrap();
            self.list(&format!("users/{id}/authentication/methods"), "authenticationMethod").await;
            self.list(&format!("users/{id}/transitiveMemberOf"), "directoryObject").await;
        }
        for group in self.list("groups?$select=id", "group").await {
            self.list(&format!("groups/{}/members", group["id"].as_str().unwrap()), "directoryObject").await;
        }
    }
}

/// Makes something of every kind that writes something, so that it is read afterwards, and the logs have all of it.
async fn write(site: &Site, token: &str) {
    let graph = format!("{}/v1.0", site.ready().graph);
    let user = json!({
        "accountEnabled": true, "displayName": "New", "mailNickname": "new", "userPrincipalName": "new@contoso.onmicrosoft.com",
        "passwordPolicies": "DisablePasswordExpiration", "passwordProfile": { "password": "Long-Enough-1", "forceChangePasswordNextSignIn": false },
    });
    let user = site.send(token, "POST", &format!("{graph}/users"), &user).await;
    assert_eq!(user.status, 201, "{}", user.body);
    let user = user.body["id"].as_str().unwrap().to_owned();
    let group = json!({ "displayName": "New", "mailEnabled": false, "mailNickname": "new", "securityEnabled": true, "isAssignableToRole": true });
    let group = site.send(token, "POST", &format!("{graph}/groups"), &group).await.body["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let member = json!({ "@odata.id": format!("{graph}/directoryObjects/{user}") });
    let assignment = json!({ "principalId": user, "roleDefinitionId": "62e90394-69f5-4237-9190-012177145e10", "directoryScopeId": "/" });
    let location = json!({ "@odata.type": "#microsoft.graph.ipNamedLocation", "displayName": "Office", "isTrusted": true,
        "ipRanges": [{ "@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "192.0.2.0/24" }] });
    let strength = json!({ "displayName": "Only keys", "allowedCombinations": ["fido2"], "combinationConfigurations": [
        { "@odata.type": "#microsoft.graph.fido2CombinationConfiguration", "allowedAAGUIDs": ["2fc0579f-8113-47ea-b116-bb5a8db9202a"], "appliesToCombinations": ["fido2"] }] });
    let policy = json!({ "displayName": "New", "state": "disabled", "conditions": { "applications": { "includeApplications": ["All"] },
        "users": { "includeGroups": [group] } }, "grantControls": { "operator": "OR", "builtInControls": ["mfa"] } });
    let beginnings = [
        ("PATCH", format!("users/{user}"), json!({ "accountEnabled": false })),
        (
            "PATCH",
            format!("users/{user}"),
            json!({ "passwordProfile": { "password": "Even-Longer-2" }, "accountEnabled": true }),
        ),
        ("POST", format!("users/{user}/revokeSignInSessions"), Value::Null),
        ("POST", format!("groups/{group}/members/$ref"), member),
        ("POST", "roleManagement/directory/roleAssignments".to_owned(), assignment),
        ("POST", "policies/authenticationStrengthPolicies".to_owned(), strength),
        ("POST", "identity/conditionalAccess/namedLocations".to_owned(), location),
        ("POST", "identity/conditionalAccess/policies".to_owned(), policy),
    ];
    for (method, path, body) in beginnings {
        loop {
            let got = site.send(token, method, &format!("{graph}/{path}"), &body).await;
            if got.status == 429 {
                tokio::time::sleep(std::time::Duration::from_millis(400)).await;
                continue;
            }
            assert!((200..300).contains(&got.status), "{method} {path}: {} {}", got.status, got.body);
            break;
        }
    }
}

async fn walk(preset: &str) {
    let site = Site::start(preset).await;
    let token = site.app(&site.ready().graph).await;
    // A sign-in that a policy may refuse is a record all the same.
    site.password(&site.ready().graph, "robin.keller@contoso.onmicrosoft.com", "Harbour-Light-42").await;
    write(&site, &token).await;
    let metadata = Metadata::read("v1.0");
    let mut walk = Walk { site: &site, metadata: &metadata, token, wrong: Vec::new(), judged: 0 };
    walk.everything().await;
    assert_eq!(walk.wrong, Vec::<String>::new(), "{preset}");
    assert!(walk.judged > 80, "{preset}: {}", walk.judged);

    let beta = Metadata::read("beta");
    let url = format!("{}/beta/auditLogs/signIns", site.ready().graph);
    let mut wrong = Vec::new();
    let mut seen = 0;
    for filter in ["", "?$filter=signInEventTypes/any(t: t eq 'servicePrincipal')"] {
        for record in site.all(&walk.token, &format!("{url}{filter}")).await {
            beta.judge(filter, "signIn", &record, &mut wrong);
            seen += 1;
        }
    }
    assert_eq!(wrong, Vec::<String>::new(), "{preset}");
    assert!(seen >= 2, "{preset}: {seen}");
}

#[tokio::test]
async fn everything_that_a_healthy_tenant_shows_is_what_microsoft_published() {
    walk("healthy").await;
}

#[tokio::test]
async fn everything_that_a_hostile_tenant_shows_is_what_microsoft_published() {
    walk("hostile").await;
}

#[tokio::test]
async fn licences_and_azure_have_the_properties_of_the_reference() {
    let site = Site::start("demo").await;
    let token = site.app(&site.ready().graph).await;
    let skus = site.all(&token, &format!("{}/v1.0/subscribedSkus", site.ready().graph)).await;
    let of_reference = [
        "accountId",
        "accountName",
        "appliesTo",
        "capabilityStatus",
        "consumedUnits",
        "id",
        "prepaidUnits",
        "servicePlans",
        "skuId",
        "skuPartNumber",
        "subscriptionIds",
    ];
    assert_eq!(names(&skus[0]), of_reference);

    let arm = &site.ready().arm;
    let token = site.app(arm).await;
    let path = "providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&$filter=atScope()";
    let assignments = site.all(&token, &format!("{arm}/{path}")).await;
    let example = shared("arm-examples/RoleAssignments_ListForScope.json");
    let example = &example["responses"]["200"]["body"]["value"][0];
    assert_eq!(names(&assignments[0]), names(example));
    for name in names(&example["properties"]) {
        assert!(assignments[0]["properties"].get(&name).is_some(), "{name}");
    }
}

fn names(object: &Value) -> Vec<String> {
    let mut names: Vec<String> = object.as_object().unwrap().keys().cloned().collect();
    names.sort();
    names
}
