//! Questions.

use super::{ROLE_ASSIGNMENTS, literal, segment, value};
use crate::endpoints::Service;
use breakglass_model::ObjectId;
use breakglass_ops::port::{Query, TenantError};
use jiff::Timestamp;

/// A GET.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) service: Service,
    /// Path and query, percent-encoded.
    pub(crate) path: String,
    pub(crate) shape: Shape,
    pub(crate) missing: Missing,
}

/// What the answer must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Pages of objects, each with these texts.
    List(&'static [&'static str]),
    /// One object with these texts.
    One(&'static [&'static str]),
}

/// What 404 means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// There is none: an empty list.
    None,
    /// An error.
    Error,
}

/// Graph leaves `accountEnabled`, `passwordPolicies`, `onPremisesSyncEnabled` and more out of its default projection,
/// so whatever a check needs is named. (`signInActivity` is not: it needs P1 and another permission, is refused for
/// lookups by name, and is up to a day late.)
const USER: &str = "id,userPrincipalName,displayName,mailNickname,accountEnabled,userType,creationType,createdDateTime,\
    onPremisesSyncEnabled,onPremisesImmutableId,onPremisesDomainName,passwordPolicies,lastPasswordChangeDateTime,\
    signInSessionsValidFromDateTime,assignedLicenses,isManagementRestricted,externalUserState,usageLocation";

const GROUP: &str = "id,displayName,description,createdDateTime,securityEnabled,mailEnabled,mailNickname,groupTypes,\
    isAssignableToRole,isManagementRestricted,membershipRule,membershipRuleProcessingState,onPremisesSyncEnabled,\
    visibility";

const ID: &[&str] = &["id"];
const ROLE: &[&str] = &["principalId", "roleDefinitionId"];

/// The request for a question. What only beta tells of sign-ins is asked for apart ([`beta_sign_ins`]).
pub(crate) fn ask(query: &Query) -> Result<Ask, TenantError> {
    let list = |path: &str| graph(path.to_owned(), Shape::List(ID), Missing::Error);
    let one = |path: &str| graph(path.to_owned(), Shape::One(&[]), Missing::Error);
    let roles = |path: String| graph(path, Shape::List(ROLE), Missing::Error);
    Ok(match query {
        Query::Organization => list("/v1.0/organization"),
        Query::Domains => list("/v1.0/domains"),
        Query::User(key) => {
            graph(format!("/v1.0/users{}?$select={USER}", user(key)?), Shape::One(ID), Missing::None)
        }
        Query::Group(id) => {
            let path = format!("/v1.0/groups/{}?$select={GROUP}", segment(id.as_str())?);
            graph(path, Shape::One(ID), Missing::None)
        }
        Query::GroupsNamed(name) => {
            let filter = value(&format!("displayName eq {}", literal(name)));
            list(&format!("/v1.0/groups?$filter={filter}&$select={GROUP}"))
        }
        // Every member comes with its `@odata.type`, whatever is selected.
        Query::GroupMembers(id) => {
            list(&format!("/v1.0/groups/{}/members?$select=id&$top=999", segment(id.as_str())?))
        }
        Query::RoleAssignments(role) => {
            let filter =
                role.as_ref().map(|role| filter(&format!("roleDefinitionId eq {}", literal(role.as_str()))));
            roles(format!("/v1.0/roleManagement/directory/roleAssignments{}", filter.unwrap_or_default()))
        }
        Query::RoleScheduleInstances => {
            roles("/v1.0/roleManagement/directory/roleAssignmentScheduleInstances".into())
        }
        Query::RoleEligibilityInstances => {
            roles("/v1.0/roleManagement/directory/roleEligibilityScheduleInstances".into())
        }
        Query::Policies => list("/v1.0/identity/conditionalAccess/policies"),
        Query::Policy(id) => {
            let path = format!("/v1.0/identity/conditionalAccess/policies/{}", segment(id.as_str())?);
            graph(path, Shape::One(ID), Missing::None)
        }
        Query::NamedLocations => list("/v1.0/identity/conditionalAccess/namedLocations"),
        Query::AuthenticationStrengths => {
            list("/v1.0/policies/authenticationStrengthPolicies?$expand=combinationConfigurations")
        }
        Query::AuthenticationMethodsPolicy => one("/v1.0/policies/authenticationMethodsPolicy"),
        Query::SecurityDefaults => one("/v1.0/policies/identitySecurityDefaultsEnforcementPolicy"),
        Query::AuthenticationMethods(id) => {
            list(&format!("/v1.0/users/{}/authentication/methods", segment(id.as_str())?))
        }
        Query::PasskeyCreationOptions(id) => {
            one(&format!("/v1.0/users/{}/authentication/fido2Methods/creationOptions", segment(id.as_str())?))
        }
        Query::SubscribedSkus => list("/v1.0/subscribedSkus"),
        Query::DeletedUsers => list(
            "/v1.0/directory/deletedItems/microsoft.graph.user?$select=id,displayName,userPrincipalName,deletedDateTime",
        ),
        Query::DeletedGroups => {
            list("/v1.0/directory/deletedItems/microsoft.graph.group?$select=id,displayName,deletedDateTime")
        }
        Query::SignIns { since, user } => sign_ins("v1.0", *since, user.as_ref(), ""),
        Query::DirectoryAudits { since } => {
            let filter = filter(&format!("activityDateTime ge {}", time(*since)));
            graph(format!("/v1.0/auditLogs/directoryAudits{filter}"), Shape::List(&[]), Missing::Error)
        }
        Query::Subscriptions => arm("/subscriptions?api-version=2022-12-01".into(), &["subscriptionId"]),
        // The principal is looked at afterwards: not every API version joins `principalId` with `atScope()`.
        Query::AzureRootAssignments(_) => arm(
            format!(
                "/providers/Microsoft.Authorization/roleAssignments?api-version={ROLE_ASSIGNMENTS}&$filter=atScope()"
            ),
            ID,
        ),
        Query::ActivityLog(log) => {
            let scope = match &log.subscription {
                Some(subscription) => format!("/subscriptions/{}", segment(subscription)?),
                None => String::new(),
            };
            let filter = value(&format!("eventTimestamp ge '{}'", time(log.since)));
            arm(
                format!(
                    "{scope}/providers/Microsoft.Insights/eventtypes/management/values?api-version=2015-04-01&$filter={filter}"
                ),
                &[],
            )
        }
    })
}

/// What beta alone tells, so apart and optional: sign-ins without a person, and of those with one the methods that
/// were used.
pub(crate) fn beta_sign_ins(since: Timestamp, user: Option<&ObjectId>) -> Ask {
    let kinds = " and signInEventTypes/any(t: t eq 'interactiveUser' or t eq 'nonInteractiveUser')";
    sign_ins("beta", since, user, kinds)
}

fn sign_ins(version: &str, since: Timestamp, user: Option<&ObjectId>, more: &str) -> Ask {
    let who = user.map(|id| format!(" and userId eq {}", literal(id.as_str()))).unwrap_or_default();
    let filter = filter(&format!("createdDateTime ge {}{who}{more}", time(since)));
    // Records are passed on as they are: one odd record must not blind the watch to all the others.
    graph(format!("/{version}/auditLogs/signIns{filter}&$top=1000"), Shape::List(&[]), Missing::Error)
}

/// `/{id}`, or `('...')` for names that begin with `$`, as Graph asks for.
fn user(key: &str) -> Result<String, TenantError> {
    let plain = segment(key)?;
    Ok(if key.starts_with('$') { format!("({})", value(&literal(key))) } else { format!("/{plain}") })
}

fn graph(path: String, shape: Shape, missing: Missing) -> Ask {
    Ask { service: Service::Graph, path, shape, missing }
}

fn arm(path: String, needs: &'static [&'static str]) -> Ask {
    Ask { service: Service::Arm, path, shape: Shape::List(needs), missing: Missing::Error }
}

fn filter(text: &str) -> String {
    format!("?$filter={}", value(text))
}

/// Whole seconds, rounded down: a filter that is a little too wide loses nothing.
fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use breakglass_ops::port::ActivityFilter;

    #[test]
    fn names_cannot_reach_outside_their_place() {
        let path = |query: Query| ask(&query).map(|a| a.path);
        for (key, begins) in [
            ("ea-01@contoso.onmicrosoft.com", "/v1.0/users/ea-01@contoso.onmicrosoft.com?$select=id,"),
            ("a/../../x", "/v1.0/users/a%2F..%2F..%2Fx?"),
            ("x?$select=id#", "/v1.0/users/x%3F%24select%3Did%23?"),
            ("$odd@contoso.com", "/v1.0/users('$odd@contoso.com')?"),
        ] {
            let path = path(Query::User(key.into())).unwrap();
            assert!(path.starts_with(begins), "{path}");
        }
        for key in ["", ".", ".."] {
            assert!(matches!(path(Query::User(key.into())), Err(TenantError::NotFound { .. })), "{key}");
        }
        assert!(
            path(Query::GroupsNamed("O'Hara & Co+".into()))
                .unwrap()
                .starts_with("/v1.0/groups?$filter=displayName%20eq%20'O''Hara%20%26%20Co%2B'&$select=id,")
        );
    }

    #[test]
    fn filters_are_those_of_the_reference() {
        let since: Timestamp = "2026-11-21T12:51:22.870318Z".parse().unwrap();
        for (query, path) in [
            (
                Query::SignIns { since, user: Some(ObjectId::new("u")) },
                "/v1.0/auditLogs/signIns?$filter=createdDateTime%20ge%202026-11-21T12:51:22Z%20and%20userId%20eq%20'u'&$top=1000",
            ),
            (
                Query::RoleAssignments(Some(ObjectId::new("R"))),
                "/v1.0/roleManagement/directory/roleAssignments?$filter=roleDefinitionId%20eq%20'r'",
            ),
            (Query::RoleAssignments(None), "/v1.0/roleManagement/directory/roleAssignments"),
            (
                Query::ActivityLog(ActivityFilter { since, subscription: Some("s".into()) }),
                "/subscriptions/s/providers/Microsoft.Insights/eventtypes/management/values?api-version=2015-04-01&$filter=eventTimestamp%20ge%20'2026-11-21T12:51:22Z'",
            ),
        ] {
            assert_eq!(ask(&query).unwrap().path, path);
        }
    }
}
