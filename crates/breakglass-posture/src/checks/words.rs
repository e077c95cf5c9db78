//! Remedies that several checks name. Each is the exact step: a command, or a path in a portal.

use crate::Facts;
use crate::read::listed;

/// Takes the exclusion group and the accounts out of a policy.
pub(super) fn exclude(facts: &Facts<'_>, policy: &str) -> String {
    format!("{}; or by hand: {}", apply(), exclude_by_hand(facts, policy))
}

/// The same in the portal, for policies that a plan does not touch yet.
pub(super) fn exclude_by_hand(facts: &Facts<'_>, policy: &str) -> String {
    let accounts: Vec<&str> = facts.design.accounts.iter().map(|a| a.upn.as_str()).collect();
    format!(
        "Entra admin center > Conditional Access > Policies > `{policy}` > Users > Exclude, add group `{}` and {}",
        facts.design.exclusion_group.name,
        listed(&accounts)
    )
}

/// Registers a security key for an account.
pub(super) fn register_key(account: &str) -> String {
    format!(
        "run `breakglass plan`, then `breakglass apply` with the key at hand; or by hand: sign in as `{account}` at \
         https://aka.ms/mysecurityinfo > Add sign-in method > Security key"
    )
}

/// Drills an account.
pub(super) fn drill(account: &str) -> String {
    format!("run `breakglass drill run {account}`")
}

/// Seals and sets a new password.
pub(super) fn rotate(account: &str) -> String {
    format!("run `breakglass custody rotate {account}`")
}

/// Makes the tenant as the design has it.
pub(super) fn apply() -> String {
    "run `breakglass plan`, look, then `breakglass apply`".into()
}

/// Looks where the program keeps its own records: `what` ends in a verb, as in "drills are".
pub(super) fn data_directory(what: &str) -> String {
    format!("run `breakglass check` with the data directory that {what} kept in (`--data DIR`)")
}
