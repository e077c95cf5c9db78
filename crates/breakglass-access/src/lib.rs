//! Conditional Access evaluation of one sign-in, and the lockout prover over all of them.
//!
//! Plain functions from values to values, three-valued throughout: `yes`, `no`, `unknown`. `docs/` and the module pages
//! name the rules of `CONDITIONAL_ACCESS` that they follow (U-4, T-15, F-3 ...).

pub mod case;
pub mod conditions;
pub mod controls;
pub mod device_filter;
pub mod evaluate;
pub mod prove;
