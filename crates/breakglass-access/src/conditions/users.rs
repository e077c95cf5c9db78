//! `conditions.users` and `conditions.clientApplications` (CONDITIONAL_ACCESS 1.3).

use super::{any, sides};
use breakglass_model::Tri;
use breakglass_model::sign_in::{ExternalKind, Identity, UserIdentity};
use breakglass_model::view::{ExternalUsers, Lookup, Member, Policy, TenantView, UserMember, WorkloadMember};

/// Whether the policy is for this identity.
#[must_use]
pub fn users(view: &TenantView, policy: &Policy, identity: &Identity) -> Tri {
    let conditions = &policy.conditions;
    match identity {
        Identity::User(user) => {
            let people = sides(&conditions.users, |member| matches(view, member, user));
            match &conditions.workload {
                None => people,
                // A policy for workload identities is not for people (U-9).
                Some(workload) if workload.include.iter().any(|m| !matches!(m, Member::Unread(_))) => Tri::No,
                Some(_) => people.and(Tri::Unknown),
            }
        }
        // `All` users does not match service principals (U-1).
        Identity::ServicePrincipal(id) => conditions.workload.as_ref().map_or(Tri::No, |workload| {
            sides(workload, |member| match member {
                WorkloadMember::ServicePrincipal(wanted) => Tri::from(wanted == id),
                // Whether the tenant owns it is not read.
                WorkloadMember::OwnedByTenant => Tri::Unknown,
            })
        }),
    }
}

fn matches(view: &TenantView, member: &UserMember, user: &UserIdentity) -> Tri {
    match member {
        UserMember::Nobody => Tri::No,
        UserMember::User(id) => Tri::from(*id == user.id),
        UserMember::Group(group) => view.member(&user.id, group),
        UserMember::Role(role) => {
            Tri::from(user.activated_roles.contains(role)).or(view.holds_role(&user.id, role))
        }
        UserMember::AnyExternal => {
            kind(view, user).map_or(Tri::Unknown, |kind| Tri::from(kind != ExternalKind::None))
        }
        UserMember::External(external) => matches_external(view, external, user),
    }
}

/// What kind of external user this is: as the session says, else as the directory does.
fn kind(view: &TenantView, user: &UserIdentity) -> Option<ExternalKind> {
    user.external.or_else(|| match view.user(&user.id) {
        Lookup::Found(user) => user.external,
        Lookup::Gone | Lookup::Unread(_) => None,
    })
}

fn matches_external(view: &TenantView, external: &ExternalUsers, user: &UserIdentity) -> Tri {
    let Some(kind) = kind(view, user) else { return Tri::Unknown };
    if kind == ExternalKind::None {
        return Tri::No;
    }
    let of_kind = any(&external.kinds, |wanted| match (*wanted, kind) {
        (wanted, kind) if wanted == kind => Tri::Yes,
        // Shared channels reach from one kind into the other, and only in Teams and SharePoint (U-10).
        (ExternalKind::B2bDirect, ExternalKind::B2bGuest | ExternalKind::B2bMember)
        | (ExternalKind::B2bGuest | ExternalKind::B2bMember, ExternalKind::B2bDirect) => Tri::Unknown,
        _ => Tri::No,
    });
    // Internal guests have no home tenant (U-7).
    let from = if kind == ExternalKind::InternalGuest {
        Tri::Yes
    } else {
        any(&external.tenants, |tenant| match &user.external_tenant {
            Some(home) => Tri::from(home == tenant),
            None => Tri::Unknown,
        })
    };
    of_kind.and(from)
}
