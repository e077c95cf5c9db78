//! BG-F15: the password has expired or was changed, and the envelope holds the old one.

use super::words;
use crate::read::{self, Account};
use crate::{Answer, Check, CustodyFact, Facts};
use breakglass_model::design::CredentialDesign;
use breakglass_model::snapshot::{Snapshot, collections as c};
use breakglass_model::Severity;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) const CHECK: Check = Check {
    id: "BG-F15",
    severity: Severity::High,
    question: "Is the password of every emergency account the sealed one, and does it never expire?",
    controls: &["CIS M365 v7.0 1.1.2", "CIS M365 v7.0 1.3.1", "NIST 800-53 r5 IA-5"],
    run,
};

/// A password is sealed before it is set, and clocks differ: a change this soon after sealing is that setting.
const SETTING: SignedDuration = SignedDuration::from_mins(15);
/// What Graph says for "never".
const NEVER: i64 = 2_147_483_647;
/// What holds where a domain does not say.
const BY_DEFAULT: i64 = 90;

/// When nobody looked into custody.
const NO_RECORD: &str = "the record of custody was not read";

/// One half of the question: what was found, or why it cannot be told, or what is wrong and what to do.
enum Half {
    Good(String),
    Bad(String, String),
    Untold(String),
}

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    read::for_each_account(facts, |account, user, _| {
        let subject = account.subject();
        let halves = [expiry(facts.snapshot, account, user), envelope(facts.custody, account, user)];
        let mut good = Vec::new();
        let (mut bad, mut untold) = (None, None);
        for half in halves {
            match half {
                Half::Good(words) => good.push(words),
                Half::Bad(message, remedy) => bad = bad.or(Some((message, remedy))),
                Half::Untold(why) => untold = untold.or(Some(why)),
            }
        }
        let answer = match (bad, untold) {
            (Some((message, remedy)), _) => Answer::fail(subject, message, remedy),
            (None, Some(why)) if facts.custody.is_none() && why == NO_RECORD => {
                Answer::undetermined(subject, why, words::data_directory("custody is"))
            }
            (None, Some(why)) => read::unread(subject, why),
            (None, None) => Answer::pass(subject, good.join(", and ")),
        };
        answer.evidence(account.fact("passwordPolicies")).evidence(account.fact("lastPasswordChangeDateTime"))
    })
}

fn expiry(snapshot: &Snapshot, account: &Account<'_>, user: &Value) -> Half {
    let name = &account.design.name;
    match user.get("passwordPolicies") {
        Some(Value::String(policies)) if policies.split(',').any(|p| p.trim() == "DisablePasswordExpiration") => {
            return Half::Good(format!("the password of `{name}` does not expire"));
        }
        Some(Value::String(_) | Value::Null) => {}
        _ => return Half::Untold(format!("`passwordPolicies` of `{name}` was not read")),
    }
    let domain = account.design.upn.rsplit('@').next().unwrap_or_default();
    match read::by_id(snapshot, c::DOMAINS, domain) {
        read::Found::Unread(why) => Half::Untold(why),
        read::Found::Nowhere => Half::Untold(format!("domain `{domain}` is not among the domains that were read")),
        read::Found::Here(found) => match found.get("passwordValidityPeriodInDays") {
            None => Half::Untold(format!("`passwordValidityPeriodInDays` of domain `{domain}` was not read")),
            Some(days) if days.as_i64() == Some(NEVER) => {
                Half::Good(format!("passwords of domain `{domain}` do not expire"))
            }
            Some(days) => {
                let days = days.as_i64().unwrap_or(BY_DEFAULT);
                let message = format!("the password of `{name}` expires {days} days after it was set");
                let remedy = format!(
                    "set `passwordPolicies` to `DisablePasswordExpiration`: `az rest --method patch --url \
                     https://graph.microsoft.com/v1.0/users/{} --body '{{\"passwordPolicies\":\"DisablePasswordExpiration\"}}'`",
                    account.design.upn
                );
                Half::Bad(message, remedy)
            }
        },
    }
}

fn envelope(custody: Option<&BTreeMap<String, CustodyFact>>, account: &Account<'_>, user: &Value) -> Half {
    let name = &account.design.name;
    if !account.design.credentials.contains(&CredentialDesign::Password) {
        return Half::Good(format!("the design keeps no password of `{name}`"));
    }
    let Some(custody) = custody else { return Half::Untold(NO_RECORD.into()) };
    let Some(sealed) = custody.get(name) else {
        return Half::Bad(format!("no password of `{name}` is sealed"), words::rotate(name));
    };
    let changed: Option<Timestamp> = read::text(user, "lastPasswordChangeDateTime").and_then(|t| t.parse().ok());
    match changed {
        None => Half::Untold(format!("`lastPasswordChangeDateTime` of `{name}` was not read")),
        Some(changed) if changed > sealed.sealed_at + SETTING => Half::Bad(
            format!("the password of `{name}` was changed on {changed}, after the envelope was sealed on {}", sealed.sealed_at),
            format!(
                "{}, and find out who changed it (Entra admin center > Users > `{}` > Audit logs)",
                words::rotate(name),
                account.design.upn
            ),
        ),
        Some(_) => Half::Good(format!("the envelope of {} holds it", sealed.sealed_at)),
    }
}
