//! Which collection an object belongs to: by what OData says of it, by its shape, then by where its file lies.

use crate::snapshot::collections as c;
use serde_json::Value;

/// The collection that an `@odata.context` names.
pub(super) fn by_context(context: &str) -> Option<&'static str> {
    let path = context.split_once("$metadata#")?.1.to_ascii_lowercase();
    if path.contains("('") {
        return None; // something below one object
    }
    let path = path.split('(').next().unwrap_or_default();
    let path = path.trim_end_matches("/$entity").trim_end_matches('/');
    Some(match path {
        "identity/conditionalaccess/policies" | "conditionalaccess/policies" => c::POLICIES,
        "identity/conditionalaccess/namedlocations" | "conditionalaccess/namedlocations" => {
            c::NAMED_LOCATIONS
        }
        "policies/authenticationstrengthpolicies"
        | "identity/conditionalaccess/authenticationstrength/policies" => c::STRENGTHS,
        "authenticationmethodspolicy" | "policies/authenticationmethodspolicy" => c::METHODS_POLICY,
        "policies/identitysecuritydefaultsenforcementpolicy" => c::SECURITY_DEFAULTS,
        "users" => c::USERS,
        "groups" => c::GROUPS,
        "domains" => c::DOMAINS,
        "organization" => c::ORGANIZATION,
        "subscribedskus" => c::SUBSCRIBED_SKUS,
        "serviceprincipals" => c::SERVICE_PRINCIPALS,
        "rolemanagement/directory/roleassignments"
        | "rolemanagement/directory/roleassignmentscheduleinstances"
        | "rolemanagement/directory/roleassignmentschedules"
        | "rolemanagement/directory/roleeligibilityscheduleinstances"
        | "rolemanagement/directory/roleeligibilityschedules" => c::ROLE_ASSIGNMENTS,
        _ => return None,
    })
}

/// The collection that an `@odata.type` names.
pub(super) fn by_type(kind: &str) -> Option<&'static str> {
    Some(match kind.trim_start_matches('#').trim_start_matches("microsoft.graph.") {
        "conditionalAccessPolicy" => c::POLICIES,
        "namedLocation" | "ipNamedLocation" | "countryNamedLocation" | "compliantNetworkNamedLocation" => {
            c::NAMED_LOCATIONS
        }
        "authenticationStrengthPolicy" => c::STRENGTHS,
        "authenticationMethodsPolicy" => c::METHODS_POLICY,
        "identitySecurityDefaultsEnforcementPolicy" => c::SECURITY_DEFAULTS,
        "user" => c::USERS,
        "group" => c::GROUPS,
        "domain" => c::DOMAINS,
        "organization" => c::ORGANIZATION,
        "subscribedSku" => c::SUBSCRIBED_SKUS,
        "servicePrincipal" => c::SERVICE_PRINCIPALS,
        "unifiedRoleAssignment"
        | "unifiedRoleAssignmentScheduleInstance"
        | "unifiedRoleAssignmentSchedule"
        | "unifiedRoleEligibilityScheduleInstance"
        | "unifiedRoleEligibilitySchedule" => c::ROLE_ASSIGNMENTS,
        _ => return None,
    })
}

/// The collection that an object of this shape can only belong to.
pub(super) fn by_shape(object: &Value) -> Option<&'static str> {
    let has = |key: &str| object.get(key).is_some();
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    let found = if has("conditions") && (has("grantControls") || has("sessionControls") || has("state")) {
        c::POLICIES
    } else if has("ipRanges") || has("countriesAndRegions") {
        c::NAMED_LOCATIONS
    } else if has("allowedCombinations") {
        c::STRENGTHS
    } else if has("authenticationMethodConfigurations") {
        c::METHODS_POLICY
    } else if has("isEnabled") && text("id") == "00000000-0000-0000-0000-000000000005" {
        c::SECURITY_DEFAULTS
    } else if has("verifiedDomains") {
        c::ORGANIZATION
    } else if has("userPrincipalName") {
        c::USERS
    } else if has("authenticationType") && (has("isInitial") || has("isVerified")) {
        c::DOMAINS
    } else if has("skuPartNumber") {
        c::SUBSCRIBED_SKUS
    } else if has("servicePrincipalType") {
        c::SERVICE_PRINCIPALS
    } else if object.pointer("/properties/principalId").is_some()
        && object.pointer("/properties/scope").is_some()
    {
        c::AZURE_ROOT_ASSIGNMENTS
    } else if has("principalId") && has("roleDefinitionId") && has("directoryScopeId") {
        c::ROLE_ASSIGNMENTS
    } else if has("subscriptionId") && has("displayName") && has("state") {
        c::SUBSCRIPTIONS
    } else if has("userId") && has("methods") {
        c::AUTHENTICATION_METHODS
    } else if has("securityEnabled") || has("groupTypes") || has("membershipRule") {
        c::GROUPS
    } else {
        return None;
    };
    Some(found)
}

/// The collection that a path suggests: the nearest folder, then the file's own name.
pub(super) fn by_place(path: &str) -> Option<&'static str> {
    let mut parts: Vec<String> = path.split(['/', '\\']).map(|p| p.to_ascii_lowercase()).collect();
    let stem = parts.pop().map(|f| f.rsplit_once('.').map_or(f.clone(), |(stem, _)| stem.to_owned()));
    parts.iter().rev().chain(stem.iter()).find_map(|part| {
        let letters: String = part.chars().filter(char::is_ascii_alphanumeric).collect();
        Some(match letters.as_str() {
            "conditionalaccess" | "conditionalaccesspolicies" | "capolicies" | "policies" => c::POLICIES,
            "namedlocations" | "namedlocation" | "locations" => c::NAMED_LOCATIONS,
            "authenticationstrengths" | "authenticationstrengthpolicies" => c::STRENGTHS,
            "authenticationmethodspolicy" => c::METHODS_POLICY,
            "users" => c::USERS,
            "groups" => c::GROUPS,
            "domains" => c::DOMAINS,
            "organization" => c::ORGANIZATION,
            "subscribedskus" => c::SUBSCRIBED_SKUS,
            "serviceprincipals" => c::SERVICE_PRINCIPALS,
            "roleassignments" | "directoryroleassignments" => c::ROLE_ASSIGNMENTS,
            _ => return None,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn contexts() {
        let root = "https://graph.microsoft.com/beta/$metadata#";
        for (path, expected) in [
            ("identity/conditionalAccess/policies", Some(c::POLICIES)),
            ("identity/conditionalAccess/policies/$entity", Some(c::POLICIES)),
            ("identity/conditionalAccess/namedLocations/$entity", Some(c::NAMED_LOCATIONS)),
            ("users(id,displayName)", Some(c::USERS)),
            ("users('x')/messages", None),
            ("directoryObjects", None),
        ] {
            assert_eq!(by_context(&format!("{root}{path}")), expected, "{path}");
        }
    }

    #[test]
    fn places() {
        for (path, expected) in [
            ("export/ConditionalAccess/CA001.json", Some(c::POLICIES)),
            ("export\\Groups\\policies.json", Some(c::GROUPS)),
            ("namedLocations.json", Some(c::NAMED_LOCATIONS)),
            ("PolicySets/Bare minimum/110.json", None),
            ("", None),
        ] {
            assert_eq!(by_place(path), expected, "{path}");
        }
    }

    #[test]
    fn shapes() {
        for (object, expected) in [
            (json!({"conditions": null, "state": "enabled"}), Some(c::POLICIES)),
            (json!({"id": "x", "userPrincipalName": "a@b.c"}), Some(c::USERS)),
            (json!({"properties": {"principalId": "p", "scope": "/"}}), Some(c::AZURE_ROOT_ASSIGNMENTS)),
            (json!({"principalId": "p", "roleDefinitionId": "r", "scope": "/subscriptions/s"}), None),
            (json!({"id": "x", "displayName": "?"}), None),
        ] {
            assert_eq!(by_shape(&object), expected, "{object}");
        }
    }
}
