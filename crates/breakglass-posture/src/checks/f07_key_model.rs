//! BG-F07: the tenant's list of key models leaves out the model of a registered key, which stops it from signing in.

use crate::read::{self, Method};
use crate::{Answer, Check, Facts};
use breakglass_model::Severity;
use breakglass_model::snapshot::collections as c;

pub(super) const CHECK: Check = Check {
    id: "BG-F07",
    severity: Severity::High,
    question: "Does the tenant allow the model of every key that an emergency account has registered?",
    controls: &["CIS M365 v7.0 1.1.2", "NIST 800-53 r5 CM-3", "NIST 800-63B AAL3"],
    run,
};

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    let snapshot = facts.snapshot;
    read::for_each_account(facts, |account, _, id| {
        let (subject, name) = (account.subject(), &account.design.name);
        let (methods, configuration) =
            match (read::methods_of(snapshot, id), read::fido2_configuration(snapshot)) {
                (Ok(methods), Ok(configuration)) => (methods, configuration),
                (Err(why), _) | (_, Err(why)) => return read::unread(subject, why),
            };
        let keys = read::keys(&methods);
        if keys.is_empty() {
            let message = format!("`{name}` has no passkey registered (see BG-F06 and BG-F12)");
            return Answer::not_applicable(subject, message);
        }
        let (mut dead, mut gaps, mut evidence) = (Vec::new(), Vec::new(), Vec::new());
        for (key, model) in &keys {
            evidence.push(format!("{}/{id}: aaGuid of `{key}` = {}", c::AUTHENTICATION_METHODS, model.unwrap_or("absent")));
            let allowed = match model {
                Some(model) => read::allows_model(snapshot, configuration, id, model),
                None => Err(format!("the model of key `{key}` was not read")),
            };
            match allowed {
                Ok(true) => {}
                Ok(false) => dead.push(format!("`{key}` of model `{}`", model.unwrap_or_default())),
                Err(gap) => gaps.push(gap),
            }
        }
        let restrictions = configuration.get("keyRestrictions").map_or_else(|| "absent".to_owned(), ToString::to_string);
        evidence.push(format!("{}: fido2 keyRestrictions = {}", c::METHODS_POLICY, read::short(&restrictions)));
        answer(account, &keys, &dead, &gaps, methods.iter().filter(|m| matches!(m, Method::Fido2 { synced: true, .. })).count())
            .evidences(evidence)
    })
}

fn answer(
    account: &read::Account<'_>,
    keys: &[(&str, Option<&str>)],
    dead: &[String],
    gaps: &[String],
    synced: usize,
) -> Answer {
    let (subject, name) = (account.subject(), &account.design.name);
    if !dead.is_empty() {
        let left = keys.len() - dead.len();
        let message = format!(
            "the tenant does not allow {} of `{name}`, so it no longer signs in; {}",
            dead.join(", "),
            if left == 0 { "no key is left".to_owned() } else { format!("{} at most {} left", read::count(left, "key"), read::verb(left, "is", "are")) }
        );
        let remedy = "Entra admin center > Authentication methods > Policies > Passkey (FIDO2) > Configure, add the model to the \
                      allowed AAGUIDs (or take it off the blocked ones), then sign in with the key";
        return Answer::fail(subject, message, remedy);
    }
    if let Some(gap) = gaps.first() {
        return read::unread(subject, format!("cannot tell whether the keys of `{name}` are allowed: {gap}"));
    }
    let note = if synced > 0 { format!("; {synced} of them may leave its device") } else { String::new() };
    Answer::pass(subject, format!("the tenant allows the model of each of {} of `{name}`{note}", read::count(keys.len(), "key")))
}
