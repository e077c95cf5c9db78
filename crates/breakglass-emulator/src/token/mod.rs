//! Tokens: who may have one, and what it says.

mod assertion;
mod claims;
pub(crate) mod clients;
mod device;
mod endpoint;
mod error;
mod grants;

use claims::{for_application, for_user};
pub(crate) use endpoint::{device_code, token};
pub(crate) use error::{LoginError, words};
pub(crate) use grants::session;

use crate::caller::Audience;
use crate::decide::Scopes;
use crate::state::{Origins, State, text};

/// The service that an audience or a scope's resource names, in the spellings that real clients use (`REAL_CLIENTS` 2).
pub(crate) fn service_of(audience: &str, origins: &Origins) -> Option<Audience> {
    let audience = audience.trim_end_matches('/').to_ascii_lowercase();
    let graph = [
        origins.graph.as_str(),
        "https://graph.microsoft.com",
        "00000003-0000-0000-c000-000000000000",
        // The Graph SDK for Python derives its scope from the host alone.
        "https://localhost",
    ];
    let arm = [
        origins.arm.as_str(),
        origins.monitor.as_str(),
        "https://management.azure.com",
        "https://management.core.windows.net",
        "797f4846-ba00-4fd7-ba43-dac1f8f63013",
    ];
    if graph.contains(&audience.as_str()) {
        Some(Audience::Graph)
    } else {
        arm.contains(&audience.as_str()).then_some(Audience::Arm)
    }
}

/// What a `scope` parameter asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) service: Audience,
    /// `aud` of the token, as the scope writes it.
    pub(crate) audience: String,
    /// Permissions by name; empty when everything that was granted is asked for (`.default`).
    pub(crate) permissions: Vec<String>,
    pub(crate) refresh: bool,
}

const OIDC: &[&str] = &["openid", "profile", "email", "offline_access"];
const BASELINE: &[&str] = &[
    "User.Read",
    "User.Read.All",
    "User.ReadBasic.All",
    "People.Read",
    "People.Read.All",
    "GroupMember.Read.All",
    "Member.Read.Hidden",
];

impl Asked {
    /// Reads a `scope` parameter. The first scope with a resource decides for which service the token is.
    ///
    /// # Errors
    /// When it names a resource that is not here.
    pub(crate) fn read(scope: &str, origins: &Origins) -> Result<Self, LoginError> {
        let mut asked = Self {
            service: Audience::Graph,
            audience: origins.graph.clone(),
            permissions: Vec::new(),
            refresh: false,
        };
        let mut named = None;
        for item in scope.split_whitespace() {
            if OIDC.contains(&item) {
                asked.refresh |= item == "offline_access";
                asked.permissions.push(item.to_owned());
                continue;
            }
            let (resource, permission) = match item.rsplit_once('/') {
                Some((resource, permission)) => (Some(resource), permission),
                None => (None, item),
            };
            if let Some(resource) = resource.filter(|_| named.is_none()) {
                let service = service_of(resource, origins).ok_or_else(|| LoginError::resource(resource))?;
                named = Some(service);
                asked.service = service;
                asked.audience = resource.to_owned();
            }
            asked.permissions.push(permission.to_owned());
        }
        if asked.permissions.iter().any(|p| p == ".default") {
            asked.permissions.clear();
        }
        Ok(asked)
    }

    /// What kind of scopes it is, for the policies (rule T-15).
    pub(crate) fn kind(&self) -> Scopes {
        let all = |lists: &[&[&str]]| {
            !self.permissions.is_empty()
                && self.permissions.iter().all(|p| lists.iter().any(|l| l.contains(&p.as_str())))
        };
        if all(&[OIDC]) {
            Scopes::OidcOnly
        } else if all(&[OIDC, BASELINE]) {
            Scopes::BaselineOnly
        } else {
            Scopes::Other
        }
    }
}

/// Whether a path's tenant is this one: its id, one of its domains, or one of the names for any tenant.
pub(crate) fn is_tenant(state: &State, name: &str) -> bool {
    name.eq_ignore_ascii_case(&state.tenant_id)
        || ["organizations", "common"].iter().any(|any| name.eq_ignore_ascii_case(any))
        || state
            .directory
            .domains
            .iter()
            .any(|d| text(d, "id").is_some_and(|id| id.eq_ignore_ascii_case(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_as_real_clients_write_them() {
        let [login, graph, arm, monitor, control] = [1, 2, 3, 4, 5].map(|n| format!("https://localhost:{n}"));
        let origins = Origins { login, graph, arm, monitor, control };
        for (scope, service, audience) in [
            ("https://localhost:2/.default", Audience::Graph, "https://localhost:2"),
            ("https://localhost:2//.default offline_access", Audience::Graph, "https://localhost:2/"),
            ("https://graph.microsoft.com/.default", Audience::Graph, "https://graph.microsoft.com"),
            ("https://localhost/.default", Audience::Graph, "https://localhost"),
            ("User.Read openid", Audience::Graph, "https://localhost:2"),
            ("https://localhost:3/.default", Audience::Arm, "https://localhost:3"),
            ("https://management.azure.com//.default", Audience::Arm, "https://management.azure.com/"),
            (
                "https://management.core.windows.net//user_impersonation",
                Audience::Arm,
                "https://management.core.windows.net/",
            ),
        ] {
            let asked = Asked::read(scope, &origins).unwrap();
            assert_eq!((asked.service, asked.audience.as_str()), (service, audience), "{scope}");
        }
        assert_eq!(Asked::read("https://vault.azure.net/.default", &origins).unwrap_err().code, 500_011);
        for (scope, kind) in [
            ("openid profile", Scopes::OidcOnly),
            ("User.Read openid", Scopes::BaselineOnly),
            ("User.ReadWrite.All", Scopes::Other),
            ("https://localhost:2/.default", Scopes::Other),
        ] {
            assert_eq!(Asked::read(scope, &origins).unwrap().kind(), kind, "{scope}");
        }
    }
}
