//! BG-F37: the account's domain signs in elsewhere, or the account comes from a directory that may be down or taken.

use crate::read::{self, Account, Found};
use crate::{Answer, Check, Facts};
use breakglass_model::Severity;
use breakglass_model::snapshot::{Snapshot, collections as c};
use serde_json::Value;

pub(super) const CHECK: Check = Check {
    id: "BG-F37",
    severity: Severity::Critical,
    question: "Is every emergency account cloud-only, on a managed `onmicrosoft.com` domain?",
    controls: &["CIS M365 v7.0 1.1.1", "CIS M365 v7.0 1.1.2", "CISA SCuBA MS.AAD.7.3"],
    run,
};

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    read::for_each_account(facts, |account, user, _| {
        let answer = one(facts.snapshot, account, user);
        let domain = domain(account, user);
        let facts = read::collection(facts.snapshot, c::DOMAINS).unwrap_or_default();
        let kind = facts.iter().find(|d| read::text(d, "id").is_some_and(|i| read::same(i, domain)));
        let kind = kind.and_then(|d| read::text(d, "authenticationType")).unwrap_or("not read");
        answer
            .evidence(account.fact("onPremisesSyncEnabled"))
            .evidence(format!("{}/{domain}: authenticationType = {kind}", c::DOMAINS))
    })
}

fn domain<'a>(account: &Account<'a>, user: &'a Value) -> &'a str {
    let upn = read::text(user, "userPrincipalName").unwrap_or(&account.design.upn);
    upn.rsplit('@').next().unwrap_or_default()
}

fn one(snapshot: &Snapshot, account: &Account<'_>, user: &Value) -> Answer {
    let (subject, name) = (account.subject(), &account.design.name);
    let domain = domain(account, user);
    let new = format!(
        "make a cloud-only account on the tenant's initial domain and let it take the place of `{name}`: change `upn` in \
         breakglass.toml, then `breakglass plan` and `breakglass apply`"
    );
    let synced = user.get("onPremisesSyncEnabled");
    if synced.and_then(Value::as_bool) == Some(true) || read::text(user, "onPremisesImmutableId").is_some() {
        let message = format!("`{name}` is synchronised from an on-premises directory, which can disable it or take it over");
        return Answer::fail(subject, message, new);
    }
    match read::by_id(snapshot, c::DOMAINS, domain) {
        Found::Unread(why) => read::unread(subject, why),
        Found::Nowhere => read::unread(subject, format!("domain `{domain}` is not among the domains that were read")),
        Found::Here(found) => match read::text(found, "authenticationType") {
            None => read::unread(subject, format!("`authenticationType` of domain `{domain}` was not read")),
            Some(kind) if !kind.eq_ignore_ascii_case("managed") => {
                let message = format!("`{name}` is on `{domain}`, which is {}: when its identity provider is down, nobody signs in", kind.to_ascii_lowercase());
                Answer::fail(subject, message, new)
            }
            Some(_) if !(read::flag(found, "isInitial") == Some(true) || is_onmicrosoft(domain)) => {
                let message = format!("`{name}` is on `{domain}`, which can be federated or lost; the initial domain cannot");
                Answer::fail(subject, message, new)
            }
            // Null says "never synchronised"; absent says that nobody asked.
            Some(_) if synced.is_none() => read::unread(subject, format!("`onPremisesSyncEnabled` of `{name}` was not read")),
            Some(_) => Answer::pass(subject, format!("`{name}` is cloud-only, on managed domain `{domain}`")),
        },
    }
}

/// The initial domains of every cloud.
fn is_onmicrosoft(domain: &str) -> bool {
    let domain = domain.to_ascii_lowercase();
    [".onmicrosoft.com", ".onmicrosoft.us", ".partner.onmschina.cn"].iter().any(|end| domain.ends_with(end))
}
