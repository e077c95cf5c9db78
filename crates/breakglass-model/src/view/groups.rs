//! Group membership, transitive and three-valued (CONDITIONAL_ACCESS U-4, U-11).

use super::look::text;
use crate::ids::ObjectId;
use crate::snapshot::{Snapshot, collections as c};
use crate::tri::Tri;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Above this number of groups a user may be blocked (U-11).
pub const TOO_MANY: usize = 2048;

/// All groups that were read.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    groups: BTreeMap<ObjectId, Group>,
    /// Ids of which it was noted that nobody could read whether they are groups or who is in them.
    unread: BTreeSet<ObjectId>,
    /// The list of groups itself was read whole.
    whole: bool,
    /// Objects that are known to be users.
    users: BTreeSet<ObjectId>,
}

/// One group.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// Display name.
    pub name: String,
    /// Direct members, users and groups alike.
    pub members: BTreeSet<ObjectId>,
    /// Those of them that are groups, or may be.
    nested: Vec<ObjectId>,
    /// Whether `members` is all of them.
    pub whole: bool,
    /// Whether members come from a rule.
    pub dynamic: bool,
    /// Whether it can hold directory roles.
    pub role_assignable: Option<bool>,
}

impl Groups {
    pub(super) fn read(snapshot: &Snapshot) -> Self {
        let mut groups = Self {
            whole: snapshot.get(c::GROUPS).is_some() && snapshot.why_unread(c::GROUPS).is_none(),
            users: ids(snapshot, c::USERS),
            ..Self::default()
        };
        let mut cut = BTreeSet::new();
        for what in snapshot.unread.iter().filter_map(|u| u.what.strip_prefix("groups/")) {
            match what.split_once('/') {
                Some((id, part)) if !part.contains(['/', '.']) => cut.insert(ObjectId::new(id)),
                _ => {
                    // A file that could not be read may hold any group; a placeholder is no group at all.
                    groups.whole &= !what.contains(['/', '.']) || is_placeholder(what);
                    groups.unread.insert(ObjectId::new(what))
                }
            };
        }
        for raw in snapshot.get(c::GROUPS).unwrap_or_default() {
            let Some(id) = text(raw, "id").map(ObjectId::new) else {
                groups.whole = false;
                continue;
            };
            let mut group = group(raw);
            group.whole &= !cut.contains(&id) && !groups.unread.contains(&id);
            groups.groups.insert(id, group);
        }
        // Most members are users: only what is a group, or may be one, is followed later.
        let nested: Vec<Vec<ObjectId>> = groups
            .groups
            .values()
            .map(|group| group.members.iter().filter(|m| groups.exists(m).may()).cloned().collect())
            .collect();
        for (group, nested) in groups.groups.values_mut().zip(nested) {
            group.nested = nested;
        }
        groups
    }

    /// A group that was read.
    #[must_use]
    pub fn get(&self, id: &ObjectId) -> Option<&Group> {
        self.groups.get(id)
    }

    /// Every group that was read.
    pub fn iter(&self) -> impl Iterator<Item = (&ObjectId, &Group)> {
        self.groups.iter()
    }

    /// Whether the group is known to exist; `no` means that it is gone and has no members (U-4).
    #[must_use]
    pub fn exists(&self, id: &ObjectId) -> Tri {
        if self.groups.contains_key(id) {
            Tri::Yes
        } else if self.users.contains(id)
            || (self.whole && !is_placeholder(id.as_str()) && !self.unread.contains(id))
        {
            Tri::No
        } else {
            Tri::Unknown
        }
    }

    /// Whether an object is a member at any depth. A group that is gone has no members.
    #[must_use]
    pub fn member(&self, object: &ObjectId, group: &ObjectId) -> Tri {
        let (mut open, mut seen) = (vec![group], BTreeSet::from([group]));
        let mut answer = Tri::No;
        while let Some(id) = open.pop() {
            let Some(group) = self.groups.get(id) else {
                answer = answer.or(self.exists(id));
                continue;
            };
            if group.members.contains(object) {
                return Tri::Yes;
            }
            if !group.whole {
                answer = Tri::Unknown;
            }
            open.extend(group.nested.iter().filter(|m| seen.insert(*m)));
        }
        answer
    }

    /// In how many groups an object surely is, nested ones counted (U-11).
    #[must_use]
    pub fn count_of(&self, object: &ObjectId) -> usize {
        self.groups.keys().filter(|group| self.member(object, group).is_yes()).count()
    }
}

/// Whether an id is a template's placeholder (`<EmergencyAccessAccountsGroup>`) that nobody has bound to an object.
pub(super) fn is_placeholder(id: &str) -> bool {
    id.trim().is_empty() || id.contains(['<', '>', '{', '}', ' '])
}

fn group(raw: &Value) -> Group {
    let list = raw.get("members").and_then(Value::as_array);
    let ids: Option<BTreeSet<ObjectId>> = list.map(|l| l.iter().filter_map(member_id).collect());
    let hidden = text(raw, "visibility").is_some_and(|v| v.eq_ignore_ascii_case("HiddenMembership"));
    let all_read =
        list.zip(ids.as_ref()).is_some_and(|(list, _)| list.iter().all(|m| member_id(m).is_some()));
    let members = ids.unwrap_or_default();
    let types = raw.get("groupTypes").and_then(Value::as_array).into_iter().flatten();
    Group {
        name: text(raw, "displayName").unwrap_or_default().to_owned(),
        // Nobody in a group with hidden members: more likely not shown than empty.
        whole: all_read && !(hidden && members.is_empty()),
        members,
        nested: Vec::new(),
        dynamic: types.filter_map(Value::as_str).any(|t| t.eq_ignore_ascii_case("DynamicMembership")),
        role_assignable: raw.get("isAssignableToRole").and_then(Value::as_bool),
    }
}

/// Members are ids; objects with an id are taken too.
fn member_id(member: &Value) -> Option<ObjectId> {
    member.as_str().or_else(|| text(member, "id")).map(ObjectId::new)
}

fn ids(snapshot: &Snapshot, collection: &str) -> BTreeSet<ObjectId> {
    let objects = snapshot.get(collection).unwrap_or_default();
    objects.iter().filter_map(|o| text(o, "id")).map(ObjectId::new).collect()
}
