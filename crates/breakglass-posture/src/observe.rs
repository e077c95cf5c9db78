//! What is true of an export without a design: whom its policies reach, whom they leave out, what nobody read.
//!
//! No account is taken for an emergency account here. A policy is held against "a Global Administrator": a member
//! of the tenant who holds that role and no other, and whom no list of ids names. That some group is left out of almost
//! every policy is worth saying; that it is the emergency group only a design says.

use crate::read::{self, Found};
use breakglass_model::ids::{GLOBAL_ADMINISTRATOR, is_guid};
use breakglass_model::snapshot::{Snapshot, collections as c};
use breakglass_model::view::TenantView;
use breakglass_model::{PolicyId, Tri};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// One true sentence about a snapshot; its `Display` is that sentence, lower case, no full stop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Observation {
    /// How many policies there are in each state.
    Policies {
        /// All.
        read: usize,
        /// In force.
        enforced: usize,
        /// Reporting only.
        report_only: usize,
        /// Off.
        off: usize,
        /// In a state that is not understood.
        unclear: usize,
        /// A part was not read: why.
        missing: Option<String>,
    },
    /// How many principals hold Global Administrator. Users, groups and service principals alike.
    Administrators {
        /// Active without an end.
        permanent: usize,
        /// Active until a date.
        ending: usize,
        /// Only eligible.
        eligible: usize,
        /// The export does not say how.
        unclear: usize,
        /// A part was not read: why.
        missing: Option<String>,
    },
    /// An enforced policy that reaches, or may reach, a Global Administrator.
    Reaches {
        /// The policy's id.
        policy: PolicyId,
        /// Its name.
        name: String,
        /// What it demands.
        grant: String,
        /// `yes`, or `unknown` where it depends on groups or ids.
        reaches: Tri,
        /// Whom it excludes.
        excludes: String,
        /// Whether it excludes anybody who exists.
        excludes_somebody: Tri,
    },
    /// Enforced policies that reach no Global Administrator.
    Spares {
        /// How many.
        policies: usize,
    },
    /// A user or group that the policies which reach a Global Administrator exclude most often.
    ExcludedMost {
        /// `user` or `group`.
        what: &'static str,
        /// Its id.
        id: String,
        /// Its name, where it was read.
        name: Option<String>,
        /// How many of these policies exclude it.
        policies: usize,
        /// Of how many.
        of: usize,
        /// Names of those that do not.
        missing: Vec<String>,
    },
    /// A report-only policy that came from Microsoft: what it does once it is switched on is not seen yet.
    WaitsToBeEnforced {
        /// The policy's id.
        policy: PolicyId,
        /// Its name.
        name: String,
        /// What it demands.
        grant: String,
        /// Whether its name says that Microsoft manages it, and so may switch it on.
        managed: bool,
        /// Whether it would reach a Global Administrator.
        reaches: Tri,
    },
    /// Something in the snapshot that was not understood, and counts as unknown.
    NotUnderstood {
        /// What and where.
        problem: String,
    },
    /// A collection that is not there.
    NotRead {
        /// Its name.
        collection: &'static str,
        /// Why, where that was noted.
        why: Option<String>,
        /// What cannot be told without it.
        untold: &'static str,
    },
}

/// What is true of a snapshot without a design, the widest first.
#[must_use]
pub fn observations(snapshot: &Snapshot, view: &TenantView) -> Vec<Observation> {
    let mut all = Vec::new();
    let policies = snapshot.get(c::POLICIES).unwrap_or_default();
    all.extend(snapshot.get(c::POLICIES).map(|policies| states(snapshot, policies)));
    all.extend(administrators(snapshot));
    let enforced: Vec<&Value> = policies.iter().filter(|p| read::is_enforced(p).may()).collect();
    all.extend(enforced.iter().filter_map(|policy| reaches(snapshot, policy)));
    let spared = enforced.iter().filter(|p| read::reaches_administrators(p).is_no()).count();
    if spared > 0 {
        all.push(Observation::Spares { policies: spared });
    }
    let reaching: Vec<&Value> =
        enforced.into_iter().filter(|p| read::reaches_administrators(p).is_yes()).collect();
    all.extend(excluded_most(snapshot, &reaching));
    all.extend(policies.iter().filter_map(waits));
    all.extend(
        view.problems.iter().map(|problem| Observation::NotUnderstood { problem: problem.to_string() }),
    );
    all.extend(NEEDED.iter().filter(|(name, _)| snapshot.get(name).is_none()).map(|(collection, untold)| {
        Observation::NotRead { collection, why: snapshot.why_unread(collection).map(str::to_owned), untold }
    }));
    all
}

/// What is missed most when it is not there.
const NEEDED: [(&str, &str); 6] = [
    (c::POLICIES, "whether Conditional Access holds anybody"),
    (c::ROLE_ASSIGNMENTS, "who is Global Administrator"),
    (c::GROUPS, "who is in the groups that policies include and exclude"),
    (c::USERS, "whether the users that policies exclude still exist"),
    (c::AUTHENTICATION_METHODS, "whether anybody can do what the policies demand"),
    (c::METHODS_POLICY, "which sign-in methods work at all"),
];

fn states(snapshot: &Snapshot, policies: &[Value]) -> Observation {
    let count =
        |answer: fn(&Value) -> Tri, wanted: Tri| policies.iter().filter(|p| answer(p) == wanted).count();
    let (enforced, report_only) = (count(read::is_enforced, Tri::Yes), count(read::is_report_only, Tri::Yes));
    let unclear = count(read::is_enforced, Tri::Unknown);
    let read = policies.len();
    let off = read - enforced - report_only - unclear;
    Observation::Policies {
        read,
        enforced,
        report_only,
        off,
        unclear,
        missing: read::part_unread(snapshot, c::POLICIES),
    }
}

fn administrators(snapshot: &Snapshot) -> Option<Observation> {
    let assignments = snapshot.get(c::ROLE_ASSIGNMENTS)?;
    let mut held: BTreeMap<String, [bool; 4]> = BTreeMap::new();
    for assignment in assignments {
        let is_global =
            read::text(assignment, "roleDefinitionId").is_some_and(|r| read::same(r, GLOBAL_ADMINISTRATOR));
        let tenant_wide = read::text(assignment, "directoryScopeId").is_none_or(|s| s == "/");
        if !is_global || !tenant_wide {
            continue;
        }
        let principal = read::text(assignment, "principalId").unwrap_or_default().to_ascii_lowercase();
        let [permanent, ending, eligible, unclear] = held.entry(principal).or_default();
        match (read::text(assignment, "assignmentType"), read::text(assignment, "endDateTime")) {
            (Some("active"), None) => *permanent = true,
            (Some("active"), Some(_)) => *ending = true,
            (Some("eligible"), _) => *eligible = true,
            _ => *unclear = true,
        }
    }
    // Each principal once, as what serves it best.
    let best = |wanted: usize| held.values().filter(|h| h.iter().position(|is| *is) == Some(wanted)).count();
    Some(Observation::Administrators {
        permanent: best(0),
        ending: best(1),
        eligible: best(2),
        unclear: best(3),
        missing: read::part_unread(snapshot, c::ROLE_ASSIGNMENTS),
    })
}

fn reaches(snapshot: &Snapshot, policy: &Value) -> Option<Observation> {
    let reaches = read::reaches_administrators(policy);
    if reaches.is_no() {
        return None;
    }
    let (excludes, excludes_somebody) = excludes(snapshot, policy);
    Some(Observation::Reaches {
        policy: read::policy_id(policy),
        name: read::policy_name(policy).to_owned(),
        grant: read::grant_words(policy),
        reaches,
        excludes,
        excludes_somebody,
    })
}

/// Whom a policy excludes, in words, and whether any of them exists. Guests are left out: no administrator is one.
fn excludes(snapshot: &Snapshot, policy: &Value) -> (String, Tri) {
    let list = |name: &str| read::assigned(policy, name).unwrap_or_default();
    let users: Vec<&str> =
        list("excludeUsers").into_iter().filter(|id| *id != "GuestsOrExternalUsers").collect();
    let mut kinds: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut somebody = Vec::new();
    for id in users {
        let (word, answer) = match read::by_id_or_unsaved(snapshot, c::USERS, id) {
            Found::Here(_) => ("existing", Tri::Yes),
            Found::Nowhere | Found::Unread(_) if is_deleted(snapshot, c::DELETED_USERS, id) => {
                ("deleted", Tri::No)
            }
            Found::Nowhere | Found::Unread(_) if !is_guid(id) => ("unbound", Tri::Unknown),
            Found::Nowhere | Found::Unread(_) => ("unread", Tri::Unknown),
        };
        *kinds.entry(("user", word)).or_default() += 1;
        somebody.push(answer);
    }
    for id in list("excludeGroups") {
        let (word, answer) = match read::by_id_or_unsaved(snapshot, c::GROUPS, id) {
            _ if is_deleted(snapshot, c::DELETED_GROUPS, id) => ("deleted", Tri::No),
            Found::Nowhere => ("missing", Tri::No),
            Found::Unread(_) if !is_guid(id) => ("unbound", Tri::Unknown),
            Found::Unread(_) => ("unread", Tri::Unknown),
            Found::Here(group) => match read::direct_members(group) {
                None => ("with unread members", Tri::Unknown),
                Some(members) if members.is_empty() => ("without members", Tri::No),
                Some(_) => ("with members", Tri::Yes),
            },
        };
        *kinds.entry(("group", word)).or_default() += 1;
        somebody.push(answer);
    }
    let roles = list("excludeRoles").len();
    if roles > 0 {
        *kinds.entry(("role", "")).or_default() += roles;
        somebody.push(Tri::Unknown);
    }
    if kinds.is_empty() {
        return ("nobody".into(), Tri::No);
    }
    let words = kinds
        .into_iter()
        .map(|((noun, word), n)| format!("{} {word}", read::count(n, noun)).trim_end().to_owned());
    (words.collect::<Vec<_>>().join(", "), Tri::any(somebody))
}

fn is_deleted(snapshot: &Snapshot, deleted: &str, id: &str) -> bool {
    let list = snapshot.get(deleted).unwrap_or_default();
    list.iter().any(|d| read::text(d, "id").is_some_and(|i| read::same(i, id)))
}

/// The user or group (several, when they are level) that most of the policies exclude; none below two policies.
fn excluded_most(snapshot: &Snapshot, policies: &[&Value]) -> Vec<Observation> {
    const AT_MOST: usize = 3;
    let mut counts: BTreeMap<(&'static str, String), BTreeSet<usize>> = BTreeMap::new();
    for (index, policy) in policies.iter().enumerate() {
        for (what, list) in [("user", "excludeUsers"), ("group", "excludeGroups")] {
            for id in read::assigned(policy, list).unwrap_or_default() {
                if id != "GuestsOrExternalUsers" {
                    counts.entry((what, id.to_ascii_lowercase())).or_default().insert(index);
                }
            }
        }
    }
    let most = counts.values().map(BTreeSet::len).max().unwrap_or_default();
    if most < 2 {
        return Vec::new();
    }
    let level = counts.into_iter().filter(|(_, policies)| policies.len() == most);
    level
        .take(AT_MOST)
        .map(|((what, id), by)| {
            let collection = if what == "user" { c::USERS } else { c::GROUPS };
            let name = match read::by_id(snapshot, collection, &id) {
                Found::Here(object) => read::text(object, "displayName").map(str::to_owned),
                _ => None,
            };
            let missing = policies.iter().enumerate().filter(|(index, _)| !by.contains(index));
            let missing = missing.map(|(_, policy)| read::policy_name(policy).to_owned()).collect();
            Observation::ExcludedMost { what, id, name, policies: most, of: policies.len(), missing }
        })
        .collect()
}

fn waits(policy: &Value) -> Option<Observation> {
    if !read::is_report_only(policy).and(read::is_from_template(policy)).is_yes() {
        return None;
    }
    Some(Observation::WaitsToBeEnforced {
        policy: read::policy_id(policy),
        name: read::policy_name(policy).to_owned(),
        grant: read::grant_words(policy),
        managed: read::is_named_managed(policy),
        reaches: read::reaches_administrators(policy),
    })
}

/// "reaches", "may reach" or "does not reach".
fn reach_word(reaches: Tri) -> &'static str {
    match reaches {
        Tri::Yes => "reaches",
        Tri::No => "does not reach",
        Tri::Unknown => "may reach",
    }
}

impl fmt::Display for Observation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let but = |f: &mut fmt::Formatter<'_>, missing: &Option<String>| match missing {
            Some(why) => write!(f, "; a part is missing: {why}"),
            None => Ok(()),
        };
        match self {
            Self::Policies { read, enforced, report_only, off, unclear, missing } => {
                write!(
                    f,
                    "{}: {enforced} enforced, {report_only} report-only, {off} off",
                    read::count(*read, "policy")
                )?;
                if *unclear > 0 {
                    write!(f, ", {unclear} in a state that is not understood")?;
                }
                but(f, missing)
            }
            Self::Administrators { permanent, ending, eligible, unclear, missing } => {
                let all = read::count(permanent + ending + eligible + unclear, "Global Administrator");
                write!(f, "{all}: {permanent} permanent, {ending} until a date, {eligible} only eligible")?;
                if *unclear > 0 {
                    write!(f, ", {unclear} of whom it is not said how")?;
                }
                but(f, missing)
            }
            Self::Reaches { name, grant, reaches, excludes, excludes_somebody, .. } => {
                write!(
                    f,
                    "policy `{name}` ({grant}) {} a Global Administrator and excludes {excludes}",
                    reach_word(*reaches)
                )?;
                match excludes_somebody {
                    Tri::No if excludes != "nobody" => f.write_str(": nobody who exists"),
                    _ => Ok(()),
                }
            }
            Self::Spares { policies: 1 } => {
                f.write_str("1 enforced policy does not reach a Global Administrator")
            }
            Self::Spares { policies } => {
                write!(f, "{policies} enforced policies do not reach a Global Administrator")
            }
            Self::ExcludedMost { what, id, name, policies, of, missing } => {
                let name = name.as_ref().map_or_else(|| format!("`{id}`"), |name| format!("`{name}` ({id})"));
                if missing.is_empty() {
                    write!(
                        f,
                        "{what} {name} is excluded from every one of the {of} enforced policies that reach a Global Administrator"
                    )
                } else {
                    let missing = read::listed(missing);
                    write!(
                        f,
                        "{what} {name} is excluded from {policies} of the {of} enforced policies that reach a Global Administrator; not from {missing}"
                    )
                }
            }
            Self::WaitsToBeEnforced { name, grant, managed, reaches, .. } => {
                let who = if *managed {
                    "Microsoft manages it and may switch it on"
                } else {
                    "made from a template of Microsoft"
                };
                let reach = reach_word(*reaches);
                write!(
                    f,
                    "policy `{name}` ({grant}) reports only ({who}); it {reach} a Global Administrator once it is on"
                )
            }
            Self::NotUnderstood { problem } => write!(f, "not understood, and so unknown: {problem}"),
            Self::NotRead { collection, why, untold } => {
                write!(f, "`{collection}` was not read")?;
                if let Some(why) = why {
                    write!(f, " ({why})")?;
                }
                write!(f, ", so it cannot be told {untold}")
            }
        }
    }
}
