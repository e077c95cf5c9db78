//! Reading a snapshot with three answers: here it is, there is none, nobody looked.

mod grant;
mod groups;
mod licences;
mod methods;
mod passkeys;
mod reach;
mod roles;

pub(crate) use grant::{
    DEVICE, can_meet, grant_words, has_control, has_list, has_strength, is_or, meets_strength, strength_name,
};
pub(crate) use groups::{direct_members, membership, unread_of_group};
pub(crate) use licences::{Licence, licence};
pub(crate) use methods::{Method, methods_of};
pub(crate) use passkeys::{
    Profile, allows_model, fido2_configuration, has_profiles, keys, profiles, targets, unread_targets,
};
pub(crate) use reach::{
    Reach, assigned, is_enforced, is_for_workloads, is_from_template, is_named_managed, is_report_only,
    names_user, policy_fact, policy_id, policy_name, reach, reaches_administrators,
};
pub(crate) use roles::{Administrator, Held, administrators, held, schedules_unread};

use crate::{Answer, Facts, Subject};
use breakglass_model::design::AccountDesign;
use breakglass_model::snapshot::{Snapshot, collections as c};
use breakglass_model::{ObjectId, Status, Tri};
use serde_json::Value;

/// What looking for something found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Found<T> {
    /// Here it is.
    Here(T),
    /// It was looked for, and there is none.
    Nowhere,
    /// Nobody looked, or it could not be read: which collection, and why.
    Unread(String),
}

/// A property as text.
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str).filter(|t| !t.is_empty())
}

/// Whether the property is there and what it says; `None` when it is absent or null.
pub(crate) fn flag(value: &Value, key: &str) -> Option<bool> {
    value.get(key).and_then(Value::as_bool)
}

/// Whether two ids are the same.
pub(crate) fn same(a: &str, b: &str) -> bool {
    a.trim().eq_ignore_ascii_case(b.trim())
}

/// A collection, or the reason why it is not there.
pub(crate) fn collection<'a>(snapshot: &'a Snapshot, name: &str) -> Result<&'a [Value], String> {
    match snapshot.get(name) {
        Some(objects) => Ok(objects),
        None => Err(match snapshot.why_unread(name) {
            Some(why) => format!("`{name}` could not be read: {why}"),
            None => format!("`{name}` was not read"),
        }),
    }
}

/// As [`collection`], but also an error when a part of it is noted as unread.
pub(crate) fn whole<'a>(snapshot: &'a Snapshot, name: &str) -> Result<&'a [Value], String> {
    let objects = collection(snapshot, name)?;
    match part_unread(snapshot, name) {
        Some(why) => Err(why),
        None => Ok(objects),
    }
}

/// The reason why a part of a collection is missing, if one is noted.
pub(crate) fn part_unread(snapshot: &Snapshot, name: &str) -> Option<String> {
    let part = format!("{name}/");
    let unread = snapshot.unread.iter().find(|u| u.what == name || u.what.starts_with(&part))?;
    Some(format!("`{}` could not be read: {}", unread.what, unread.why))
}

/// The one object of a collection that has only one.
pub(crate) fn single<'a>(snapshot: &'a Snapshot, name: &str) -> Result<&'a Value, String> {
    whole(snapshot, name)?.first().ok_or_else(|| format!("`{name}` is empty"))
}

/// An object by id.
pub(crate) fn by_id<'a>(snapshot: &'a Snapshot, name: &str, id: &str) -> Found<&'a Value> {
    let objects = match collection(snapshot, name) {
        Ok(objects) => objects,
        Err(why) => return Found::Unread(why),
    };
    if let Some(object) = objects.iter().find(|o| text(o, "id").is_some_and(|i| same(i, id))) {
        return Found::Here(object);
    }
    let noted = |what: String| {
        let unread = snapshot.unread.iter().find(|u| u.what.eq_ignore_ascii_case(&what))?;
        Some(format!("`{what}` could not be read: {}", unread.why))
    };
    match noted(format!("{name}/{id}")).or_else(|| noted(format!("{name}/others"))) {
        Some(why) => Found::Unread(why),
        None => Found::Nowhere,
    }
}

/// Whether the snapshot was collected (or is a case), so that what is not in it does not exist. An export holds what
/// somebody saved.
pub(crate) fn is_collected(snapshot: &Snapshot) -> bool {
    snapshot.get(c::SETTINGS).is_some()
}

/// As [`by_id`], but what an export does not hold may exist all the same.
pub(crate) fn by_id_or_unsaved<'a>(snapshot: &'a Snapshot, name: &str, id: &str) -> Found<&'a Value> {
    match by_id(snapshot, name, id) {
        Found::Nowhere if !is_collected(snapshot) => {
            Found::Unread(format!("the export does not hold `{name}/{id}`"))
        }
        found => found,
    }
}

/// A declared account and its user object.
#[derive(Clone, Debug)]
pub(crate) struct Account<'a> {
    pub(crate) design: &'a AccountDesign,
    pub(crate) user: Found<&'a Value>,
    /// The object id, from the design or from the user object found by name.
    pub(crate) id: Option<ObjectId>,
}

impl<'a> Account<'a> {
    pub(crate) fn subject(&self) -> Subject {
        Subject::account(&self.design.name, self.id.as_ref())
    }

    /// The user object, or the answer for a check that cannot do without it.
    #[expect(clippy::result_large_err, reason = "the error is the answer of the check")]
    pub(crate) fn user(&self) -> Result<&'a Value, Answer> {
        match &self.user {
            Found::Here(user) => Ok(user),
            Found::Nowhere => {
                Err(Answer::not_applicable(self.subject(), "the account does not exist (see BG-F60)"))
            }
            Found::Unread(why) => Err(unread(self.subject(), why)),
        }
    }

    /// The object id, or the answer for a check that cannot do without it.
    #[expect(clippy::result_large_err, reason = "the error is the answer of the check")]
    pub(crate) fn id(&self) -> Result<ObjectId, Answer> {
        self.user()?;
        self.id.clone().ok_or_else(|| unread(self.subject(), "the account's object id is not known"))
    }

    /// An answer that was found without the user object: it does not pass while nobody knows whether the account exists.
    pub(crate) fn if_it_exists(&self, answer: Answer) -> Answer {
        match &self.user {
            Found::Unread(why) if answer.status == Status::Pass => {
                let why = format!("cannot tell whether `{}` exists: {why}", self.design.name);
                unread(self.subject(), why).evidences(answer.evidence)
            }
            _ => answer,
        }
    }

    /// `users/{id}: key = value`.
    pub(crate) fn fact(&self, key: &str) -> String {
        let id = self.id.as_ref().map_or(self.design.upn.as_str(), ObjectId::as_str);
        let value = match &self.user {
            Found::Here(user) => user.get(key).map_or_else(|| "absent".to_owned(), Value::to_string),
            _ => "absent".to_owned(),
        };
        format!("{}/{id}: {key} = {value}", c::USERS)
    }
}

/// The declared accounts, each looked up by object id, else by user principal name.
pub(crate) fn accounts<'a>(facts: &Facts<'a>) -> Vec<Account<'a>> {
    facts.design.accounts.iter().map(|design| account(facts.snapshot, design)).collect()
}

fn account<'a>(snapshot: &'a Snapshot, design: &'a AccountDesign) -> Account<'a> {
    if let Some(id) = &design.object_id {
        let user = match by_id_or_unsaved(snapshot, c::USERS, id.as_str()) {
            Found::Nowhere => match by_id(snapshot, c::USERS, &design.upn) {
                Found::Unread(why) => Found::Unread(why),
                _ => Found::Nowhere,
            },
            found => found,
        };
        return Account { design, user, id: Some(id.clone()) };
    }
    let user = match collection(snapshot, c::USERS) {
        Err(why) => Found::Unread(why),
        Ok(users) => {
            match users.iter().find(|u| text(u, "userPrincipalName").is_some_and(|n| same(n, &design.upn))) {
                Some(user) => Found::Here(user),
                None => match by_id_or_unsaved(snapshot, c::USERS, &design.upn) {
                    Found::Unread(why) => Found::Unread(why),
                    _ => Found::Nowhere,
                },
            }
        }
    };
    let id = match &user {
        Found::Here(user) => text(user, "id").map(ObjectId::new),
        _ => None,
    };
    Account { design, user, id }
}

/// What to do when something was not read.
pub(crate) const COLLECT: &str = "get what is named read (grant the collector its permission, or add it to the export), then run \
                                  `breakglass collect` and `breakglass check` again";

/// The answer when something was not read.
pub(crate) fn unread(subject: Subject, why: impl Into<String>) -> Answer {
    Answer::undetermined(subject, why, COLLECT)
}

/// One answer for each account that exists; the others answer for themselves.
pub(crate) fn for_each_account(
    facts: &Facts<'_>,
    answer: impl Fn(&Account<'_>, &Value, &ObjectId) -> Answer,
) -> Vec<Answer> {
    accounts(facts)
        .iter()
        .map(|account| match (account.user(), account.id()) {
            (Ok(user), Ok(id)) => answer(account, user, &id),
            (Err(answer), _) | (_, Err(answer)) => answer,
        })
        .collect()
}

/// Joins words for people: "`a`, `b` and `c`".
pub(crate) fn listed<T: std::fmt::Display>(items: &[T]) -> String {
    let quoted: Vec<String> = items.iter().map(|i| format!("`{i}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        Some((only, _)) => only.clone(),
        None => "none".into(),
    }
}

/// A value for evidence: the beginning of it when it is long.
pub(crate) fn short(value: &str) -> String {
    const LONGEST: usize = 240;
    if value.chars().count() <= LONGEST {
        return value.to_owned();
    }
    let begin: String = value.chars().take(LONGEST).collect();
    format!("{begin}… ({} characters)", value.chars().count())
}

/// A count with its noun: "2 keys", "1 policy".
pub(crate) fn count(number: usize, noun: &str) -> String {
    match noun.strip_suffix("policy") {
        _ if number == 1 => format!("1 {noun}"),
        Some(before) => format!("{number} {before}policies"),
        None => format!("{number} {noun}s"),
    }
}

/// The verb for a number of things: "has" for one, "have" for more or none.
pub(crate) fn verb<'a>(number: usize, one: &'a str, more: &'a str) -> &'a str {
    if number == 1 { one } else { more }
}

/// Whether a value is the answer `yes`, in words for evidence.
pub(crate) fn word(answer: Tri) -> &'static str {
    match answer {
        Tri::Yes => "yes",
        Tri::No => "no",
        Tri::Unknown => "unknown",
    }
}
