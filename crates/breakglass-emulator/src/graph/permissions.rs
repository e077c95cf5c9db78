//! Which calls are served, and who may make them: Microsoft's permission table and the directory roles that a person needs.

use super::answer::Refusal;
use super::request::Request;
use crate::state::State;
use axum::http::StatusCode;
use std::sync::LazyLock;

static TABLE: LazyLock<Vec<Route>> =
    LazyLock::new(|| include_str!("../../data/permissions.txt").lines().filter_map(Route::read).collect());

/// One call that is served.
#[derive(Debug)]
pub(crate) struct Route {
    method: &'static str,
    /// The path in lower case with `{id}` for keys.
    pub(crate) template: &'static str,
    application: Vec<&'static str>,
    delegated: Vec<&'static str>,
    who: Who,
}

/// Who the user of a delegated token must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Anyone,
    /// One of these directory roles.
    Roles(&'static [&'static str]),
    /// One of these directory roles, or the user whom the path names.
    RolesOrSelf(&'static [&'static str]),
}

pub(crate) const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";
pub(crate) const PRIVILEGED_ROLE_ADMINISTRATOR: &str = "e8611ab8-c189-46e8-94e1-60213ab1f814";
pub(crate) const PRIVILEGED_AUTHENTICATION_ADMINISTRATOR: &str = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13";
const AUTHENTICATION_ADMINISTRATOR: &str = "c4e39bd9-1100-46d3-8c65-fb160da0071f";
const AUTHENTICATION_POLICY_ADMINISTRATOR: &str = "0526716b-113d-4c15-b2c8-68e3c22b9f80";
const USER_ADMINISTRATOR: &str = "fe930be7-5e62-47db-91af-98c3a49a38b1";
const GROUPS_ADMINISTRATOR: &str = "fdd7a751-b60b-444a-984c-02652fe8fa1c";
const SECURITY_ADMINISTRATOR: &str = "194ae4cb-b126-40b2-bd5b-6091b380977d";
const SECURITY_READER: &str = "5d6b6bb7-de71-4623-b4af-96380a352509";
const SECURITY_OPERATOR: &str = "5f2222b1-57c3-48ba-8ad5-d4759f1fde6f";
const REPORTS_READER: &str = "4a5d8f65-41da-4de4-8968-e035b65339cf";
const GLOBAL_READER: &str = "f2ef992c-3afb-46b9-b7cf-a126ee74c451";
const CONDITIONAL_ACCESS_ADMINISTRATOR: &str = "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9";

impl Who {
    fn read(word: &str) -> Option<Self> {
        const READERS: &[&str] = &[
            GLOBAL_ADMINISTRATOR,
            GLOBAL_READER,
            SECURITY_ADMINISTRATOR,
            SECURITY_READER,
            SECURITY_OPERATOR,
            PRIVILEGED_ROLE_ADMINISTRATOR,
            USER_ADMINISTRATOR,
            GROUPS_ADMINISTRATOR,
        ];
        const POLICY_READERS: &[&str] = &[
            GLOBAL_ADMINISTRATOR,
            GLOBAL_READER,
            SECURITY_ADMINISTRATOR,
            SECURITY_READER,
            SECURITY_OPERATOR,
            CONDITIONAL_ACCESS_ADMINISTRATOR,
            AUTHENTICATION_POLICY_ADMINISTRATOR,
        ];
        const LOG_READERS: &[&str] = &[
            GLOBAL_ADMINISTRATOR,
            GLOBAL_READER,
            SECURITY_ADMINISTRATOR,
            SECURITY_READER,
            SECURITY_OPERATOR,
            REPORTS_READER,
        ];
        Some(match word {
            "anyone" => Self::Anyone,
            "reader" => Self::Roles(READERS),
            "users" => Self::Roles(&[
                GLOBAL_ADMINISTRATOR,
                USER_ADMINISTRATOR,
                PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
                AUTHENTICATION_ADMINISTRATOR,
            ]),
            "users-or-self" => Self::RolesOrSelf(&[
                GLOBAL_ADMINISTRATOR,
                USER_ADMINISTRATOR,
                PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
                AUTHENTICATION_ADMINISTRATOR,
            ]),
            "groups" => Self::Roles(&[
                GLOBAL_ADMINISTRATOR,
                GROUPS_ADMINISTRATOR,
                USER_ADMINISTRATOR,
                PRIVILEGED_ROLE_ADMINISTRATOR,
            ]),
            "roles" => Self::Roles(&[GLOBAL_ADMINISTRATOR, PRIVILEGED_ROLE_ADMINISTRATOR]),
            "methods-read" => Self::RolesOrSelf(&[
                GLOBAL_ADMINISTRATOR,
                GLOBAL_READER,
                AUTHENTICATION_ADMINISTRATOR,
                PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
            ]),
            "methods-write" => Self::RolesOrSelf(&[
                GLOBAL_ADMINISTRATOR,
                PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
                AUTHENTICATION_ADMINISTRATOR,
            ]),
            "policies-read" => Self::Roles(POLICY_READERS),
            "policies-write" => {
                Self::Roles(&[GLOBAL_ADMINISTRATOR, SECURITY_ADMINISTRATOR, CONDITIONAL_ACCESS_ADMINISTRATOR])
            }
            "methods-policy-write" => {
                Self::Roles(&[GLOBAL_ADMINISTRATOR, AUTHENTICATION_POLICY_ADMINISTRATOR])
            }
            "logs" => Self::Roles(LOG_READERS),
            "deleted" => Self::Roles(&[GLOBAL_ADMINISTRATOR, USER_ADMINISTRATOR, GROUPS_ADMINISTRATOR]),
            _ => return None,
        })
    }
}

impl Route {
    fn read(line: &'static str) -> Option<Self> {
        let mut columns = line.split('|').map(str::trim);
        let (method, template) = columns.next()?.split_once(' ')?;
        if method == "#" {
            return None;
        }
        let mut list = || columns.next().map(|c| c.split_whitespace().collect::<Vec<_>>());
        let (application, delegated) = (list()?, list()?);
        Some(Self { method, template, application, delegated, who: Who::read(columns.next()?)? })
    }

    fn parts(&self) -> impl Iterator<Item = &'static str> {
        self.template.split('/').skip(1)
    }

    fn fits(&self, segments: &[String]) -> bool {
        self.parts().count() == segments.len() && self.common(segments) == segments.len()
    }

    /// How many segments from the beginning fit.
    fn common(&self, segments: &[String]) -> usize {
        let same = |(part, segment): &(&str, &String)| *part == "{id}" || part.eq_ignore_ascii_case(segment);
        self.parts().zip(segments).take_while(same).count()
    }

    /// Fewer keys first: `/users/delta` is not the user `delta`.
    fn keys(&self) -> usize {
        self.parts().filter(|p| *p == "{id}").count()
    }

    /// The route of a request.
    ///
    /// # Errors
    /// 400 for a segment that does not exist, 405 for a method that it does not have.
    pub(crate) fn find(method: &str, segments: &[String]) -> Result<&'static Self, Refusal> {
        let fitting = || TABLE.iter().filter(|r| r.fits(segments));
        if let Some(route) = fitting().filter(|r| r.method == method).min_by_key(|r| r.keys()) {
            return Ok(route);
        }
        if fitting().next().is_some() {
            return Err(Refusal::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "Request_BadRequest",
                "Specified HTTP method is not allowed for the request target.",
            ));
        }
        let known = TABLE.iter().map(|r| r.common(segments)).max().unwrap_or_default();
        let segment = segments.get(known).map_or("", String::as_str);
        Err(Refusal::bad(format!("Resource not found for the segment '{segment}'.")))
    }

    /// Whether the caller may.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn allow(&self, request: &Request, state: &State) -> Result<(), Refusal> {
        let caller = &request.caller;
        let Some(user) = &caller.user else {
            let granted = self.application.iter().any(|p| p.split('+').all(|p| caller.may(&[p])));
            return if granted { Ok(()) } else { Err(Refusal::denied()) };
        };
        let is_self = request.segments.first().is_some_and(|s| s.eq_ignore_ascii_case("users"))
            && state.directory.user(request.segment(1)).and_then(|u| crate::state::text(u, "id"))
                == Some(user.id.as_str());
        let scope =
            |p: &&str| p.split('+').all(|p| caller.may(&[p])) && (is_self || !own_only(p, self.template));
        if !self.delegated.iter().any(scope) {
            return Err(Refusal::denied());
        }
        let roles = state.directory.roles_of(&user.id);
        let holds = |wanted: &[&str]| wanted.iter().any(|r| roles.contains(*r));
        let allowed = match self.who {
            Who::Anyone => true,
            Who::Roles(wanted) => holds(wanted),
            Who::RolesOrSelf(wanted) => is_self || holds(wanted),
        };
        if allowed { Ok(()) } else { Err(Refusal::denied()) }
    }
}

/// Delegated permissions that reach no further than the user who signed in (`User.Read`, not `User.Read.All`).
fn own_only(permission: &str, template: &str) -> bool {
    template.starts_with("/users")
        && permission.starts_with("User")
        && ["Read", "ReadWrite"].iter().any(|end| permission.rsplit('.').next() == Some(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(method: &str, path: &str) -> Result<&'static str, String> {
        let (_, segments) = crate::graph::request::split(path).unwrap();
        Route::find(method, &segments)
            .map(|r| r.template)
            .map_err(|r| format!("{} {}", r.status.as_u16(), r.message))
    }

    #[test]
    fn every_line_of_the_table_is_read() {
        let lines =
            include_str!("../../data/permissions.txt").lines().filter(|l| !l.starts_with('#')).count();
        assert_eq!(TABLE.len(), lines);
        assert!(
            TABLE.iter().all(|r| !r.application.is_empty() && r.template == r.template.to_ascii_lowercase())
        );
    }

    #[test]
    fn paths_find_their_route() {
        for (method, path, found) in [
            ("GET", "/v1.0/Users/a@b", Ok("/users/{id}")),
            (
                "GET",
                "/v1.0/users/x/authentication/fido2Methods/creationOptions",
                Ok("/users/{id}/authentication/fido2methods/creationoptions"),
            ),
            ("DELETE", "/v1.0/groups/g/members/m/$ref", Ok("/groups/{id}/members/{id}/$ref")),
            (
                "GET",
                "/v1.0/directory/deletedItems/microsoft.graph.user",
                Ok("/directory/deleteditems/microsoft.graph.user"),
            ),
            ("GET", "/v1.0/nothing", Err("400 Resource not found for the segment 'nothing'.")),
            ("GET", "/v1.0/users/x/nothing", Err("400 Resource not found for the segment 'nothing'.")),
            ("GET", "/v1.0/identity/b2c", Err("400 Resource not found for the segment 'b2c'.")),
            ("PUT", "/v1.0/users/x", Err("405 Specified HTTP method is not allowed for the request target.")),
        ] {
            assert_eq!(find(method, path), found.map_err(str::to_owned), "{method} {path}");
        }
    }
}
