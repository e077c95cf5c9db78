//! BG-F09: passkeys are switched off, or not for this account.

use crate::read::{self, Account};
use crate::{Answer, Check, Facts};
use breakglass_model::snapshot::collections as c;
use breakglass_model::{ObjectId, Severity, Tri};
use serde_json::Value;

pub(super) const CHECK: Check = Check {
    id: "BG-F09",
    severity: Severity::High,
    question: "Is sign-in with a passkey switched on for every emergency account?",
    controls: &["CIS M365 v7.0 1.1.2", "NIST 800-53 r5 CM-3"],
    run,
};

const REMEDY: &str = "Entra admin center > Authentication methods > Policies > Passkey (FIDO2): enable it, include all users or \
                      the exclusion group, and exclude no group that an emergency account is in";

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    read::for_each_account(facts, |account, _, id| match read::fido2_configuration(facts.snapshot) {
        Err(why) => read::unread(account.subject(), why),
        Ok(configuration) => one(facts, account, id, configuration),
    })
}

fn one(facts: &Facts<'_>, account: &Account<'_>, id: &ObjectId, configuration: &Value) -> Answer {
    let (subject, name) = (account.subject(), &account.design.name);
    let state = read::text(configuration, "state");
    let fact = |key: &str| {
        let value = configuration.get(key).map_or_else(|| "absent".to_owned(), ToString::to_string);
        format!("{}: fido2 {key} = {}", c::METHODS_POLICY, read::short(&value))
    };
    let included = read::targets(facts.snapshot, configuration, "includeTargets", id);
    let excluded = read::targets(facts.snapshot, configuration, "excludeTargets", id);
    let on: Tri = state.map(|s| s.eq_ignore_ascii_case("enabled")).into();
    let answer = match on.and(included).and(!excluded) {
        Tri::Yes => Answer::pass(subject, format!("passkeys are switched on for `{name}`")),
        Tri::No if on.is_no() => {
            Answer::fail(subject, format!("passkeys are switched off in the tenant, so the keys of `{name}` do not sign in"), REMEDY)
        }
        Tri::No if excluded.is_yes() => {
            Answer::fail(subject, format!("`{name}` is excluded from passkeys, so its keys do not sign in"), REMEDY)
        }
        Tri::No => {
            Answer::fail(subject, format!("passkeys are switched on for others, and not for `{name}`"), REMEDY)
        }
        Tri::Unknown => {
            let gap = [("includeTargets", included), ("excludeTargets", excluded)]
                .into_iter()
                .filter(|(_, answer)| answer.is_unknown())
                .find_map(|(list, _)| read::unread_targets(facts.snapshot, configuration, list))
                .unwrap_or_else(|| format!("`state` of the FIDO2 configuration in `{}` was not read", c::METHODS_POLICY));
            read::unread(subject, format!("cannot tell whether passkeys are on for `{name}`: {gap}"))
        }
    };
    answer.evidences(["state", "includeTargets", "excludeTargets"].map(fact))
}
