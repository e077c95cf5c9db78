//! BG-F05: MFA is enforced before it is registered, so the sign-in goes round in a loop.

use super::words;
use crate::read::{self, Account, Administrator, Found, Method};
use crate::{Answer, Check, Facts, Subject};
use breakglass_model::snapshot::{Snapshot, collections as c};
use breakglass_model::{ObjectId, Severity, Tri};

pub(super) const CHECK: Check = Check {
    id: "BG-F05",
    severity: Severity::Critical,
    question: "Has everybody of whom MFA is demanded a method for it?",
    controls: &["CIS Controls 8.1 6.5", "CIS M365 v7.0 1.1.2", "PCI DSS 4.0.1 8.4"],
    run,
};

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    let snapshot = facts.snapshot;
    let mut answers: Vec<Answer> = read::accounts(facts)
        .iter()
        .map(|account| {
            if account.user == Found::Nowhere {
                return Answer::not_applicable(account.subject(), "the account does not exist (see BG-F60)");
            }
            match &account.id {
                None => read::unread(account.subject(), format!("the object id of `{}` was not read", account.design.name)),
                Some(id) => account.if_it_exists(one(snapshot, account, id)),
            }
        })
        .collect();
    answers.push(everyday_answer(facts));
    answers
}

fn one(snapshot: &Snapshot, account: &Account<'_>, id: &ObjectId) -> Answer {
    let (subject, name, upn) = (account.subject(), &account.design.name, &account.design.upn);
    let looped = in_a_loop(snapshot, id);
    let evidence = format!("{}/{id}: {}", c::AUTHENTICATION_METHODS, methods_in_words(snapshot, id));
    let answer = match looped {
        Ok(None) => Answer::pass(subject, format!("`{name}` can do the MFA that is demanded of it")),
        Ok(Some(by)) => {
            let message = format!("{by} demands MFA of `{name}`, which has no method for it");
            Answer::fail(subject, message, words::register_key(upn))
        }
        Err(gap) => {
            let message = format!("cannot tell whether `{name}` can do the MFA that is demanded of it: {gap}");
            Answer::undetermined(subject, message, read::COLLECT)
        }
    };
    answer.evidence(evidence)
}

/// What demands MFA of somebody who has no method for it; an error says what was not read.
fn in_a_loop(snapshot: &Snapshot, id: &ObjectId) -> Result<Option<String>, String> {
    let mut gap = None;
    match read::methods_of(snapshot, id) {
        Ok(methods) if methods.iter().any(|m| m.is_mfa() && m.lasts()) => return Ok(None),
        Ok(_) => {}
        Err(why) => gap = Some(why),
    }
    // Without a method it depends on who demands one; with the methods unread it cannot be more than unknown.
    let unread = gap.is_some();
    let mut demanded = None;
    match read::single(snapshot, c::SECURITY_DEFAULTS) {
        Ok(defaults) => match read::flag(defaults, "isEnabled") {
            Some(true) => demanded = Some("the tenant's security defaults setting".to_owned()),
            Some(false) => {}
            None => gap = gap.or(Some(format!("`isEnabled` of `{}` was not read", c::SECURITY_DEFAULTS))),
        },
        Err(why) => gap = gap.or(Some(why)),
    }
    match read::whole(snapshot, c::POLICIES) {
        Err(why) => gap = gap.or(Some(why)),
        Ok(policies) => {
            for policy in policies {
                let kind = read::is_enforced(policy).and(read::has_control(policy, &["mfa"]));
                let reach = read::reach(snapshot, policy, id.as_str());
                let held = kind.and(reach.reaches());
                if held.is_no() {
                    continue;
                }
                let meets = read::can_meet(snapshot, policy, id);
                match (held, meets) {
                    (_, Ok(true)) => {}
                    (Tri::Yes, Ok(false)) => {
                        demanded = demanded.or(Some(format!("policy `{}`", read::policy_name(policy))));
                    }
                    (_, Err(why)) => gap = gap.or(Some(why)),
                    (_, Ok(false)) => gap = gap.or(reach.gaps.into_iter().next()).or(Some("a policy's state is not known".into())),
                }
            }
        }
    }
    match (demanded, gap) {
        (Some(by), _) if !unread => Ok(Some(by)),
        (_, Some(gap)) => Err(gap),
        (Some(by), None) => Ok(Some(by)),
        (None, None) => Ok(None),
    }
}

fn methods_in_words(snapshot: &Snapshot, id: &ObjectId) -> String {
    match read::methods_of(snapshot, id) {
        Ok(methods) => methods.iter().map(Method::words).collect::<Vec<_>>().join(", "),
        Err(_) => "not read".into(),
    }
}

/// The enabled people who hold Global Administrator and are no declared emergency account.
pub(super) fn everyday<'a>(facts: &Facts<'a>) -> Result<Vec<Administrator<'a>>, String> {
    let declared: Vec<ObjectId> = read::accounts(facts).into_iter().filter_map(|a| a.id).collect();
    let mut people = read::administrators(facts.snapshot)?;
    people.retain(|p| p.enabled().may() && !declared.contains(&p.id));
    Ok(people)
}

fn everyday_answer(facts: &Facts<'_>) -> Answer {
    let subject = Subject::named("everyday Global Administrators", None);
    let people = match everyday(facts) {
        Ok(people) => people,
        Err(why) => return read::unread(subject, why),
    };
    let (mut looped, mut gaps) = (Vec::new(), Vec::new());
    for person in &people {
        match in_a_loop(facts.snapshot, &person.id) {
            Ok(None) => {}
            Ok(Some(by)) => looped.push(format!("`{}` ({by})", person.name())),
            Err(gap) => gaps.push(gap),
        }
    }
    gaps.dedup();
    let evidence = format!("{}: {} read", c::ROLE_ASSIGNMENTS, read::count(people.len(), "everyday Global Administrator"));
    let answer = if !looped.is_empty() {
        let message = format!("MFA is demanded of administrators who have no method for it: {}", looped.join(", "));
        let remedy = "give each a Temporary Access Pass (Entra admin center > Users > the user > Authentication methods > Add) \
                      and have them register a method at https://aka.ms/mysecurityinfo";
        Answer::fail(subject, message, remedy)
    } else if !gaps.is_empty() {
        let message = format!("cannot tell whether every administrator can do MFA: {}", gaps.join("; "));
        Answer::undetermined(subject, message, read::COLLECT)
    } else if people.is_empty() {
        Answer::not_applicable(subject, "nobody but the emergency accounts holds Global Administrator")
    } else {
        let message = format!("each of {} can do the MFA that is demanded", read::count(people.len(), "everyday administrator"));
        Answer::pass(subject, message)
    };
    answer.evidence(evidence)
}
