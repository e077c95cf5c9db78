//! Remedies that several checks name. Each is the exact step: a command, or a path in a portal.

use crate::Facts;
use crate::read::listed;

/// Takes the exclusion group and the accounts out of a policy.
pub(super) fn exclude(facts: &Facts<'_>, policy: &str) -> String {
    let accounts: Vec<&str> = facts.design.accounts.iter().map(|a| a.upn.as_str()).collect();
    format!(
        "run `breakglass plan`, look, then `breakglass apply`; or by hand: Entra admin center > Conditional Access > \
         Policies > `{policy}` > Users > Exclude, add group `{}` and {}",
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

/// Reads the tenant again with what was missing.
pub(super) fn collect() -> String {
    "get what is named read (grant the collector its permission, or add it to the export), then run \
     `breakglass collect` and `breakglass check` again"
        .into()
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
