//! BG-F63: two accounts that fail together are one account: same key model, same place, same failure scenario.

use crate::read::{self, Found};
use crate::{Answer, Check, Facts, Proven, Subject};
use breakglass_model::design::{CredentialDesign, Design};
use breakglass_model::snapshot::collections as c;
use breakglass_model::{Severity, Tri};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const CHECK: Check = Check {
    id: "BG-F63",
    severity: Severity::Critical,
    question: "Does no single loss take all emergency accounts at once?",
    controls: &["CIS M365 v7.0 1.1.2", "NIST 800-53 r5 CP-2", "ISO 27001:2022 A.5.30"],
    run,
};

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    vec![scenarios(facts), models(facts), places(facts)]
}

/// A scenario that leaves fewer accounts than the design requires.
fn scenarios(facts: &Facts<'_>) -> Answer {
    let subject = Subject::named("failure scenarios", None);
    let Some(proof) = facts.proof else {
        let remedy = "run `breakglass check`, which proves first, or `breakglass prove`";
        return Answer::undetermined(subject, "the lockout proof was not made", remedy);
    };
    let declared = facts.design.accounts.len();
    let required = facts.design.required_accounts;
    let mut locked: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for example in &proof.counterexamples {
        locked.entry(&example.scenario).or_default().insert(&example.account);
    }
    let evidence: Vec<String> = proof
        .counterexamples
        .iter()
        .map(|c| format!("proof: `{}` is locked out in scenario `{}` ({})", c.account, c.scenario, c.context))
        .collect();
    let none = locked.get("none").cloned().unwrap_or_default();
    let (mut fatal, mut unclear) = (Vec::new(), Vec::new());
    for (scenario, who) in &locked {
        match survived(facts.design, scenario, who, &none) {
            Tri::Yes => {}
            Tri::No => fatal.push(*scenario),
            Tri::Unknown => unclear.push(*scenario),
        }
    }
    let known = facts.design.accounts.iter().filter(|a| proof.accounts.contains_key(&a.name)).count();
    let shown = |name: &String| proof.counterexamples.iter().any(|c| c.account == *name);
    let unsettled = known < declared
        || proof.accounts.iter().any(|(name, verdict)| match verdict {
            Proven::Safe => false,
            Proven::Locked => !shown(name),
            Proven::Unknown => true,
        });
    let answer = if !fatal.is_empty() {
        let message = format!("fewer accounts than the {required} required are left in scenario {}", read::listed(&fatal));
        Answer::fail(subject, message, "run `breakglass prove`, which shows each lockout and the least that repairs it")
    } else if !unclear.is_empty() {
        let message = format!("whether enough accounts are left in scenario {} is told by the prover alone", read::listed(&unclear));
        Answer::undetermined(subject, message, "run `breakglass prove`")
    } else if unsettled {
        let asked: Vec<&str> = proof.facts_needed.iter().map(String::as_str).collect();
        let message = match asked.is_empty() {
            true => "the prover cannot tell for every account".to_owned(),
            false => format!("the prover cannot tell; it would have to know: {}", asked.join("; ")),
        };
        Answer::undetermined(subject, message, "get what is named read, then run `breakglass prove` again")
    } else {
        Answer::pass(subject, format!("in every scenario that was judged, {} at least stays reachable", read::count(required, "account")))
    };
    answer.evidences(evidence)
}

/// Scenarios that take one thing at a time: what they lock is locked in one variant of them, and not all together.
const ONE_AT_A_TIME: [&str; 2] = ["account-lost", "key-lost"];

/// Whether a scenario leaves as many accounts as the design requires, given whom it locks in one of its variants.
fn survived(design: &Design, scenario: &str, who: &BTreeSet<&str>, none: &BTreeSet<&str>) -> Tri {
    let enough = |locked: usize| design.accounts.len().saturating_sub(locked) >= design.required_accounts;
    if enough(who.len()) {
        return Tri::Yes;
    }
    let own = design.scenarios.iter().find(|s| s.name == scenario);
    let varies = |effect: &str| ONE_AT_A_TIME.contains(&effect);
    match own {
        Some(own) if own.effects.iter().any(|e| varies(e)) => Tri::Unknown,
        // Nothing else fails in it: each variant adds its one account to those that are locked anyway.
        None if varies(scenario) => {
            let with = |one: &&str| none.len() + usize::from(!none.contains(one));
            who.iter().all(|one| enough(with(one))).into()
        }
        _ => Tri::No,
    }
}

/// Every key of every account of one model: a recall or a delisting takes all of them.
fn models(facts: &Facts<'_>) -> Answer {
    let subject = Subject::named("key models", None);
    let (mut models, mut keys, mut holders) = (BTreeSet::new(), 0, 0);
    let mut gap = None;
    for account in read::accounts(facts) {
        let id = match (&account.user, &account.id) {
            (Found::Nowhere, _) => continue,
            (_, Some(id)) => id,
            (_, None) => {
                gap = Some(format!("the object id of `{}` was not read", account.design.name));
                continue;
            }
        };
        match read::methods_of(facts.snapshot, id) {
            Err(why) => gap = gap.or(Some(why)),
            Ok(methods) => {
                let own = read::keys(&methods);
                holders += usize::from(!own.is_empty());
                keys += own.len();
                for (name, model) in own {
                    match model {
                        Some(model) => {
                            models.insert(model.to_owned());
                        }
                        None => gap = gap.or(Some(format!("the model of key `{name}` was not read"))),
                    }
                }
            }
        }
    }
    let evidence =
        format!("{}: {} of {}", c::AUTHENTICATION_METHODS, read::count(keys, "key"), read::count(models.len(), "model"));
    let answer = match (models.len(), gap) {
        (2.., _) => Answer::pass(subject, format!("the keys are of {} models", models.len())),
        (_, Some(why)) => read::unread(subject, why),
        (1, None) if holders >= 2 => Answer::fail(
            subject,
            format!(
                "{} of all accounts are of one model, `{}`: a recall or one change to the list of models takes every account",
                read::count(keys, "key"),
                models.first().map_or("", String::as_str)
            ),
            "register one key of another model on each account (`breakglass plan`, `breakglass apply` with the keys at hand)",
        ),
        _ => Answer::not_applicable(subject, "fewer than two accounts have a key (see BG-F12)"),
    };
    answer.evidence(evidence)
}

/// Every key and every share in one place, as the design has it.
fn places(facts: &Facts<'_>) -> Answer {
    let subject = Subject::named("places", None);
    let mut keys = Vec::new();
    for account in &facts.design.accounts {
        for credential in &account.credentials {
            if let CredentialDesign::Fido2 { place, .. } = credential {
                keys.push(place.as_deref());
            }
        }
    }
    let sites: Vec<&str> =
        facts.design.custody.groups.iter().flat_map(|g| g.custodians.iter().map(|p| p.site.as_str())).collect();
    let evidence = format!(
        "design: places of keys = {}, sites of shares = {}",
        read::listed(&keys.iter().map(|k| k.unwrap_or("not said")).collect::<Vec<_>>()),
        read::listed(&sites)
    );
    let remedy = "spread them over two places at least, and write the places into breakglass.toml";
    if keys.is_empty() && sites.is_empty() {
        return Answer::not_applicable(subject, "the design keeps no key and no share").evidence(evidence);
    }
    let named: Vec<&str> = keys.iter().flatten().copied().collect();
    let answer = if let Some(place) = only(&named).filter(|_| named.len() == keys.len()) {
        Answer::fail(subject, format!("every key of every account is in one place, `{place}`"), remedy)
    } else if let Some(site) = only(&sites) {
        Answer::fail(subject, format!("every share is at one site, `{site}`"), remedy)
    } else if named.len() < keys.len() {
        let message = format!("the design does not say where {} of {} are kept", keys.len() - named.len(), read::count(keys.len(), "key"));
        Answer::undetermined(subject, message, "write the place of each key into `credentials`, e.g. `fido2@safe-north`")
    } else {
        Answer::pass(subject, "keys and shares are spread over several places")
    };
    answer.evidence(evidence)
}

/// The one value of a list of two or more.
fn only<'a>(list: &[&'a str]) -> Option<&'a str> {
    let (first, rest) = list.split_first()?;
    (!rest.is_empty() && rest.iter().all(|other| read::same(first, other))).then_some(*first)
}
