//! Who holds Global Administrator, how, and until when (CONDITIONAL_ACCESS U-5).

use super::{Found, by_id, collection, flag, membership, same, text};
use breakglass_model::ids::GLOBAL_ADMINISTRATOR;
use breakglass_model::snapshot::{Snapshot, collections as c};
use breakglass_model::{ObjectId, Tri};
use serde_json::Value;
use std::collections::BTreeMap;

/// How a principal holds a role in the whole tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    /// Active, with no end.
    pub(crate) permanent: bool,
    /// Active, with no end, and assigned to the principal itself.
    pub(crate) direct: bool,
    /// Active until this time.
    pub(crate) until: Option<String>,
    /// Eligible: must be activated.
    pub(crate) eligible: bool,
    /// An export names the role and does not say how it is held.
    pub(crate) unclear: bool,
    /// Through this group.
    pub(crate) through: Option<String>,
    /// Something that could not be read might add to this.
    pub(crate) unread: Option<String>,
}

impl Held {
    /// Whether the role is active now.
    pub(crate) fn active(&self) -> Tri {
        if self.permanent || self.until.is_some() {
            Tri::Yes
        } else if self.unclear || self.unread.is_some() {
            Tri::Unknown
        } else {
            Tri::No
        }
    }
}

/// How a principal holds a role, directly or through groups; an error when assignments were not read.
pub(crate) fn held(snapshot: &Snapshot, principal: &str, role: &str) -> Result<Held, String> {
    let assignments = collection(snapshot, c::ROLE_ASSIGNMENTS)?;
    let mut held = Held::default();
    for assignment in assignments.iter().filter(|a| is_tenant_wide(a, role)) {
        let Some(holder) = text(assignment, "principalId") else {
            held.unread = Some("an assignment names no principal".into());
            continue;
        };
        let direct = same(holder, principal);
        let group = if direct { Tri::No } else { through_group(snapshot, holder, principal) };
        if !direct && group.is_no() {
            continue;
        }
        if group.is_unknown() {
            held.unread =
                Some(format!("the members of `groups/{holder}`, which holds the role, were not all read"));
            continue;
        }
        match (text(assignment, "assignmentType"), text(assignment, "endDateTime")) {
            (Some("active"), None) => {
                held.permanent = true;
                held.direct |= direct;
            }
            (Some("active"), Some(end)) => held.until = held.until.max(Some(end.to_owned())),
            (Some("eligible"), _) => held.eligible = true,
            _ => held.unclear = true,
        }
        if !direct {
            held.through = Some(holder.to_owned());
        }
    }
    // An export may hold the assignments of some roles only.
    if let Some(why) = snapshot.why_unread(&format!("{}/other roles", c::ROLE_ASSIGNMENTS))
        && !same(role, GLOBAL_ADMINISTRATOR)
    {
        held.unread = Some(why.to_owned());
    }
    Ok(held)
}

/// Why it is not known until when roles are held, or who is only eligible: `schedules` is `active` or `eligible`.
pub(crate) fn schedules_unread(snapshot: &Snapshot, schedules: &str) -> Option<String> {
    let what = format!("{}/{schedules} schedules", c::ROLE_ASSIGNMENTS);
    snapshot.why_unread(&what).map(|why| format!("`{what}` could not be read: {why}"))
}

fn is_tenant_wide(assignment: &Value, role: &str) -> bool {
    text(assignment, "roleDefinitionId").is_some_and(|r| same(r, role))
        && text(assignment, "directoryScopeId").is_none_or(|s| s == "/")
}

/// A principal that is a group hands its role to its members.
fn through_group(snapshot: &Snapshot, holder: &str, principal: &str) -> Tri {
    match by_id(snapshot, c::USERS, holder) {
        Found::Here(_) => Tri::No,
        // Role assignments name principals of every kind; which of them are groups is known once groups were read.
        _ => match by_id(snapshot, c::GROUPS, holder) {
            Found::Here(_) => membership(snapshot, holder, principal),
            Found::Nowhere => Tri::No,
            Found::Unread(_) => Tri::Unknown,
        },
    }
}

/// Every user and principal that holds Global Administrator, with how.
pub(crate) fn global_administrators(snapshot: &Snapshot) -> Result<BTreeMap<ObjectId, Held>, String> {
    let assignments = collection(snapshot, c::ROLE_ASSIGNMENTS)?;
    let mut candidates: Vec<ObjectId> = Vec::new();
    for assignment in assignments.iter().filter(|a| is_tenant_wide(a, GLOBAL_ADMINISTRATOR)) {
        let Some(holder) = text(assignment, "principalId") else { continue };
        match by_id(snapshot, c::GROUPS, holder) {
            Found::Here(_) => candidates.extend(users_of(snapshot, holder)?),
            // A principal that is no user may be a group that was not read, and then anybody may be in it.
            Found::Unread(why) if !matches!(by_id(snapshot, c::USERS, holder), Found::Here(_)) => {
                return Err(why);
            }
            _ => candidates.push(ObjectId::new(holder)),
        }
    }
    let mut all = BTreeMap::new();
    for id in candidates {
        let how = held(snapshot, id.as_str(), GLOBAL_ADMINISTRATOR)?;
        all.insert(id, how);
    }
    Ok(all)
}

fn users_of(snapshot: &Snapshot, group: &str) -> Result<Vec<ObjectId>, String> {
    let users = collection(snapshot, c::USERS)?;
    if let Some(why) = super::unread_of_group(snapshot, group) {
        return Err(why);
    }
    let ids = users.iter().filter_map(|u| text(u, "id"));
    Ok(ids.filter(|id| membership(snapshot, group, id).is_yes()).map(ObjectId::new).collect())
}

/// A person who holds Global Administrator.
#[derive(Clone, Debug)]
pub(crate) struct Administrator<'a> {
    /// Object id.
    pub(crate) id: ObjectId,
    /// The user object.
    pub(crate) user: &'a Value,
    /// How the role is held.
    pub(crate) how: Held,
}

impl Administrator<'_> {
    /// Whether the person can sign in at all; unknown when that was not read.
    pub(crate) fn enabled(&self) -> Tri {
        flag(self.user, "accountEnabled").into()
    }

    /// Name for people.
    pub(crate) fn name(&self) -> &str {
        text(self.user, "userPrincipalName")
            .or_else(|| text(self.user, "displayName"))
            .unwrap_or(self.id.as_str())
    }
}

/// The people among the Global Administrators; principals that are no user that was read are passed over, because
/// service principals hold the role too.
pub(crate) fn administrators(snapshot: &Snapshot) -> Result<Vec<Administrator<'_>>, String> {
    let holders = global_administrators(snapshot)?;
    super::whole(snapshot, c::USERS)?;
    let mut people = Vec::new();
    for (id, how) in holders {
        match by_id(snapshot, c::USERS, id.as_str()) {
            Found::Here(user) => people.push(Administrator { id, user, how }),
            Found::Nowhere => {}
            Found::Unread(why) => return Err(why),
        }
    }
    Ok(people)
}
