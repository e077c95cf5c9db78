//! BG-F08: since the tenant has passkey profiles, a key works only for whom a profile is meant that allows its type.

use crate::{Answer, Check, Facts, read};
use breakglass_model::snapshot::collections as c;
use breakglass_model::{Severity, Tri};

pub(super) const CHECK: Check = Check {
    id: "BG-F08",
    severity: Severity::High,
    question: "Does a passkey profile that allows device-bound keys apply to every emergency account?",
    controls: &["CIS M365 v7.0 1.1.2", "NIST 800-53 r5 CM-3"],
    run,
};

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    let snapshot = facts.snapshot;
    read::for_each_account(facts, |account, _, id| {
        let (subject, name) = (account.subject(), &account.design.name);
        let configuration = match read::fido2_configuration(snapshot) {
            Ok(configuration) => configuration,
            Err(why) => return read::unread(subject, why),
        };
        if !read::has_profiles(configuration) {
            return Answer::not_applicable(subject, "the tenant has no passkey profiles (BG-F07 and BG-F09 look at its policy)");
        }
        let profiles = match read::profiles(snapshot, configuration, id) {
            Ok(profiles) => profiles,
            Err(why) => return read::unread(subject, why),
        };
        let names: Vec<&str> = profiles.iter().map(|p| p.name).collect();
        let remedy = "Entra admin center > Authentication methods > Policies > Passkey (FIDO2): give the exclusion group a \
                      target with a profile whose passkey types include device-bound";
        let answer = match Tri::any(profiles.iter().map(read::Profile::device_bound)) {
            Tri::Yes => Answer::pass(subject, format!("`{name}` may use device-bound keys by {}", read::listed(&names))),
            Tri::No if profiles.is_empty() => {
                Answer::fail(subject, format!("no passkey profile is meant for `{name}`, so its keys do not sign in"), remedy)
            }
            Tri::No => {
                let message = format!("no profile of `{name}` allows device-bound keys: {}", read::listed(&names));
                Answer::fail(subject, message, remedy)
            }
            Tri::Unknown => {
                read::unread(subject, format!("`passkeyTypes` of {} in `{}` was not read", read::listed(&names), c::METHODS_POLICY))
            }
        };
        answer.evidence(format!("{}: profiles of `{name}` = {}", c::METHODS_POLICY, read::listed(&names)))
    })
}
