//! BG-F20: the role ends by itself, or must be activated first, with MFA, approval and a portal that may be down.

use crate::read::{self, Account, Held, Licence};
use crate::{Answer, Check, Facts};
use breakglass_model::Severity;
use breakglass_model::ids::GLOBAL_ADMINISTRATOR;
use breakglass_model::snapshot::{Snapshot, collections as c};

pub(super) const CHECK: Check = Check {
    id: "BG-F20",
    severity: Severity::High,
    question: "Is Global Administrator active and permanent on every emergency account?",
    controls: &["CIS M365 v7.0 1.1.2", "CIS M365 v7.0 5.3.1", "CISA SCuBA MS.AAD.7.4"],
    run,
};

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    read::for_each_account(facts, |account, _, id| {
        let held = match read::held(facts.snapshot, id.as_str(), GLOBAL_ADMINISTRATOR) {
            Ok(held) => held,
            Err(why) => return read::unread(account.subject(), why),
        };
        let evidence = format!(
            "{}: {id} permanent = {}, ends = {}, eligible = {}, through = {}",
            c::ROLE_ASSIGNMENTS,
            held.permanent,
            held.until.as_deref().unwrap_or("not said"),
            held.eligible,
            held.through.as_deref().unwrap_or("nothing")
        );
        one(facts.snapshot, account, &held).evidence(evidence)
    })
}

fn one(snapshot: &Snapshot, account: &Account<'_>, held: &Held) -> Answer {
    let (subject, name) = (account.subject(), &account.design.name);
    let remedy = || {
        format!(
            "Entra admin center > Roles & admins > Global Administrator > Add assignments: `{}`, assignment type active, permanently \
             assigned",
            account.design.upn
        )
    };
    if held.direct {
        return match ends_unread(snapshot) {
            None => Answer::pass(subject, format!("Global Administrator is active and permanent on `{name}`")),
            Some(why) => read::unread(subject, format!("cannot tell whether the role of `{name}` ends: {why}")),
        };
    }
    if held.permanent {
        let group = held.through.as_deref().unwrap_or_default();
        let message = format!(
            "`{name}` holds Global Administrator through `groups/{group}` alone; whether its membership ends (PIM for groups) is not \
             collected"
        );
        return Answer::undetermined(subject, message, remedy());
    }
    if let Some(end) = &held.until {
        return Answer::fail(subject, format!("Global Administrator of `{name}` ends on {end}"), remedy());
    }
    if held.unclear || held.unread.is_some() {
        let why = held.unread.clone().unwrap_or_else(|| "the export does not say whether it is active or eligible".into());
        return read::unread(subject, format!("cannot tell how `{name}` holds Global Administrator: {why}"));
    }
    if held.eligible {
        let message = format!("`{name}` is only eligible for Global Administrator and must activate it in an emergency");
        return Answer::fail(subject, message, remedy());
    }
    Answer::not_applicable(subject, format!("`{name}` does not hold Global Administrator (see BG-F19)"))
}

/// Why it is not known whether active assignments end. Without P2 there is no PIM, so a plain assignment has no end.
fn ends_unread(snapshot: &Snapshot) -> Option<String> {
    let why = read::schedules_unread(snapshot, "active")?;
    match read::licence(snapshot, 2) {
        Ok(Licence::Absent) => None,
        _ => Some(why),
    }
}
