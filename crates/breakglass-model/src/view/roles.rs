//! Directory roles: who holds one now, and who could (CONDITIONAL_ACCESS U-5).

use super::groups::Groups;
use super::look::text;
use crate::ids::ObjectId;
use crate::snapshot::{Snapshot, collections as c};
use crate::tri::Tri;
use jiff::Timestamp;
use serde_json::Value;

/// All role assignments that were read.
#[derive(Clone, Debug, Default)]
pub struct Roles {
    rows: Vec<Assignment>,
    read: bool,
    /// Assignments of roles that no row names may be missing.
    other_roles_missing: bool,
    /// Eligible assignments may be missing.
    eligible_missing: bool,
}

/// One assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// A user, a group or a service principal.
    pub principal: ObjectId,
    /// Template id of the role.
    pub role: ObjectId,
    /// `/`, or a part of the tenant.
    pub scope: String,
    /// Active or eligible.
    pub kind: AssignmentKind,
    /// When it ends.
    pub until: Option<Timestamp>,
    /// Whether the role is one of the tenant's own.
    pub custom: bool,
}

/// How a role is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssignmentKind {
    /// Now.
    Active,
    /// After activation only.
    Eligible,
    /// An export does not say which of the two.
    Unknown,
}

impl Roles {
    pub(super) fn read(snapshot: &Snapshot, at: Timestamp) -> Self {
        let raw = snapshot.get(c::ROLE_ASSIGNMENTS);
        let part = |name: &str| snapshot.why_unread(&format!("{}/{name}", c::ROLE_ASSIGNMENTS)).is_some();
        let rows: Vec<Option<Assignment>> = raw.unwrap_or_default().iter().map(assignment).collect();
        let understood =
            rows.iter().all(Option::is_some) && snapshot.why_unread(c::ROLE_ASSIGNMENTS).is_none();
        let mut rows: Vec<Assignment> = rows.into_iter().flatten().collect();
        rows.retain(|row| row.until.is_none_or(|end| end > at));
        Self {
            rows,
            read: raw.is_some() && understood,
            other_roles_missing: part("other roles"),
            eligible_missing: part("eligible schedules"),
        }
    }

    /// Every assignment that has not ended.
    pub fn iter(&self) -> impl Iterator<Item = &Assignment> {
        self.rows.iter()
    }

    /// Whether an account holds a built-in role now, in the whole tenant, directly or through a group.
    #[must_use]
    pub fn active(&self, groups: &Groups, account: &ObjectId, role: &ObjectId) -> Tri {
        let rows = self.held(groups, account, role, |kind| match kind {
            AssignmentKind::Active => Tri::Yes,
            AssignmentKind::Eligible => Tri::No,
            AssignmentKind::Unknown => Tri::Unknown,
        });
        let named = self.rows.iter().any(|row| row.role == *role);
        let complete = self.read && (named || !self.other_roles_missing);
        if complete { rows } else { rows.or(Tri::Unknown) }
    }

    /// Whether an account can activate a role for the whole tenant.
    #[must_use]
    pub fn eligible(&self, groups: &Groups, account: &ObjectId, role: &ObjectId) -> Tri {
        let rows = self.held(groups, account, role, |kind| match kind {
            AssignmentKind::Active => Tri::No,
            AssignmentKind::Eligible => Tri::Yes,
            AssignmentKind::Unknown => Tri::Unknown,
        });
        if self.read && !self.eligible_missing { rows } else { rows.or(Tri::Unknown) }
    }

    fn held(
        &self,
        groups: &Groups,
        account: &ObjectId,
        role: &ObjectId,
        kind: impl Fn(AssignmentKind) -> Tri,
    ) -> Tri {
        let rows = self.rows.iter().filter(|row| row.role == *role && row.scope == "/" && !row.custom);
        Tri::any(rows.map(|row| {
            let holder =
                if row.principal == *account { Tri::Yes } else { groups.member(account, &row.principal) };
            holder.and(kind(row.kind))
        }))
    }
}

fn assignment(raw: &Value) -> Option<Assignment> {
    let role = ObjectId::new(text(raw, "roleDefinitionId")?);
    let built_in =
        raw.get("isBuiltIn").or_else(|| raw.pointer("/roleDefinition/isBuiltIn")).and_then(Value::as_bool);
    Some(Assignment {
        principal: ObjectId::new(text(raw, "principalId")?),
        scope: text(raw, "directoryScopeId").unwrap_or("/").to_owned(),
        kind: match text(raw, "assignmentType").map(str::to_ascii_lowercase).as_deref() {
            Some("active" | "assigned" | "activated") => AssignmentKind::Active,
            Some("eligible") => AssignmentKind::Eligible,
            _ => AssignmentKind::Unknown,
        },
        until: match raw.get("endDateTime") {
            None | Some(Value::Null) => None,
            Some(end) => Some(end.as_str()?.parse().ok()?),
        },
        // The case format marks the tenant's own roles so; no template id of Microsoft's begins like that.
        custom: built_in == Some(false) || role.as_str().starts_with("99999999-"),
        role,
    })
}
