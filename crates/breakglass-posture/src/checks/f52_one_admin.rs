//! BG-F52: one Global Administrator, and that person left or lost the phone.

use crate::{Answer, Check, Facts, Subject, read};
use breakglass_model::snapshot::collections as c;
use breakglass_model::{Severity, Tri};

pub(super) const CHECK: Check = Check {
    id: "BG-F52",
    severity: Severity::Critical,
    question: "Are there two enabled people or accounts at least that are Global Administrator at this moment?",
    controls: &["CIS M365 v7.0 1.1.3", "CISA SCuBA MS.AAD.7.1"],
    run,
};

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    let subject = Subject::tenant();
    let people = match read::administrators(facts.snapshot) {
        Ok(people) => people,
        Err(why) => return vec![read::unread(subject, why)],
    };
    let (mut sure, mut perhaps) = (Vec::new(), 0);
    for person in &people {
        match person.how.active().and(person.enabled()) {
            Tri::Yes => sure.push(person.name()),
            Tri::Unknown => perhaps += 1,
            Tri::No => {}
        }
    }
    let answer = if sure.len() >= 2 {
        Answer::pass(subject, format!("{} are enabled and active", read::count(sure.len(), "Global Administrator")))
    } else if sure.len() + perhaps >= 2 {
        read::unread(subject, format!("of {} it is not known whether they are enabled and active", read::count(people.len(), "Global Administrator")))
    } else {
        let message = match sure.first() {
            Some(only) => format!("`{only}` is the only enabled Global Administrator"),
            None => "no enabled Global Administrator was found".into(),
        };
        let remedy = "Entra admin center > Roles & admins > Global Administrator > Add assignments: two emergency accounts at least, \
                      active and permanent (`breakglass plan`, `breakglass apply`)";
        Answer::fail(subject, message, remedy)
    };
    vec![answer.evidence(format!("{}: enabled and active = {}", c::ROLE_ASSIGNMENTS, read::short(&read::listed(&sure))))]
}
