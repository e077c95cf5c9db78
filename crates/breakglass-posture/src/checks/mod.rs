//! The checks, one file for each failure mode of REQUIREMENTS section 2.
//!
//! A check is pure: facts in, answers out. What they share is in `policies` (policies that stand between an account and
//! recovery) and `words` (remedies that several name).

mod policies;
mod words;

use crate::Check;

/// Declares the modules of the checks and lists their constants, so that neither can be forgotten.
macro_rules! registry {
    ($($module:ident),+ $(,)?) => {
        $(mod $module;)+

        /// Every check, in the order of the failure modes.
        pub const ALL: &[Check] = &[$($module::CHECK),+];
    };
}

registry!(
    f01_block,
    f02_device,
    f03_exclusion,
    f04_strength,
    f05_mfa_loop,
    f06_password_only,
    f07_key_model,
    f08_passkey_profile,
    f09_fido2_off,
    f10_renamed,
    f11_drill,
    f12_single_key,
    f15_password,
    f16_disabled,
    f17_deleted,
    f18_methods,
    f19_role,
    f20_permanent,
    f21_pim_deadlock,
    f22_p2_lapse,
    f23_p1_lapse,
    f24_group_lost,
    f25_group_members,
    f26_stale_id,
    f27_location,
    f28_risk,
    f30_managed,
    f34_session,
    f36_network,
    f37_federated,
    f38_mfa_service,
    f42_resilience,
    f45_defaults,
    f48_custodians,
    f49_elevate,
    f50_root,
    f51_restricted,
    f52_one_admin,
    f60_accounts,
    f63_common_mode,
);

#[cfg(test)]
mod tests {
    use super::ALL;
    use std::collections::BTreeSet;

    #[test]
    fn ids_are_unique_and_every_check_says_what_it_asks() {
        let ids: BTreeSet<&str> = ALL.iter().map(|c| c.id).collect();
        assert_eq!(ids.len(), ALL.len());
        for check in ALL {
            let number = check.id.strip_prefix("BG-F").unwrap_or_default();
            assert!(number.len() == 2 && number.parse::<u8>().is_ok(), "{}", check.id);
            assert!(check.question.ends_with('?'), "{}: {}", check.id, check.question);
            assert!(!check.controls.is_empty(), "{}", check.id);
        }
    }
}
