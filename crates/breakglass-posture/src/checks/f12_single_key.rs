//! BG-F12: one key, or all keys in one place: lose it and the account is gone.

use super::words;
use crate::read::{self, Account};
use crate::{Answer, Check, Facts};
use breakglass_model::Severity;
use breakglass_model::design::CredentialDesign;
use breakglass_model::snapshot::collections as c;

pub(super) const CHECK: Check = Check {
    id: "BG-F12",
    severity: Severity::High,
    question: "Has every emergency account two keys at least, kept in different places?",
    controls: &["CIS M365 v7.0 1.1.2", "NIST 800-63B AAL3", "NIST 800-53 r5 CP-13"],
    run,
};

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    read::for_each_account(facts, |account, _, id| {
        let (subject, name) = (account.subject(), &account.design.name);
        let methods = match read::methods_of(facts.snapshot, id) {
            Ok(methods) => methods,
            Err(why) => return read::unread(subject, why),
        };
        let keys = read::keys(&methods);
        let names: Vec<&str> = keys.iter().map(|(name, _)| *name).collect();
        let answer = match (keys.len(), only_place(account)) {
            (0, _) => Answer::fail(subject, format!("`{name}` has no key"), words::register_key(&account.design.upn)),
            (1, _) => Answer::fail(
                subject,
                format!("`{name}` has one key, {}: when it is lost, the account is lost", read::listed(&names)),
                format!("{}, and keep the second key in another place", words::register_key(&account.design.upn)),
            ),
            (n, Some(place)) => Answer::fail(
                subject,
                format!("{} keys of `{name}` are kept in one place, `{place}`", if n == 2 { "both".into() } else { format!("all {n}") }),
                format!("move one key to another place and write the place into `credentials` of `{name}` in breakglass.toml"),
            ),
            (n, None) => Answer::pass(subject, format!("`{name}` has {n} keys: {}", read::listed(&names))),
        };
        let places = read::listed(&places(account));
        answer
            .evidence(format!("{}/{id}: passkeys = {}", c::AUTHENTICATION_METHODS, read::listed(&names)))
            .evidence(format!("design: places of the keys of `{name}` = {places}"))
    })
}

fn places<'a>(account: &Account<'a>) -> Vec<&'a str> {
    let place = |credential: &'a CredentialDesign| match credential {
        CredentialDesign::Fido2 { place, .. } => Some(place.as_deref().unwrap_or("not said")),
        CredentialDesign::Password => None,
    };
    account.design.credentials.iter().filter_map(place).collect()
}

/// The one place where the design keeps every key of an account.
fn only_place<'a>(account: &Account<'a>) -> Option<&'a str> {
    let places = places(account);
    let (first, rest) = places.split_first()?;
    (!rest.is_empty() && *first != "not said" && rest.iter().all(|p| read::same(p, first))).then_some(*first)
}
