//! The lockout prover: can the emergency accounts recover the tenant whatever the world does? (CONDITIONAL_ACCESS 2, 3)
//!
//! For each scenario, in each way in which it can happen, for each account and action: find the ways in (road, workstation,
//! role), the gates of each and the policies that close it, and search for an environment in which every way is closed.
//! None: proved safe. One that is certain: locked, with a counterexample that `evaluate` can replay. Neither: unknown, with
//! the facts that would settle it. Unknown is never counted as safe.
//!
//! The search knows nothing of policies ([`search`]), and [`enumerate`] asks the same question in the slowest way there is.

mod arrange;
pub mod atoms;
pub mod bits;
mod blocking;
mod case;
pub mod change;
mod choices;
pub mod enumerate;
mod evidence;
mod facts;
mod gates;
mod ground;
pub mod intervals;
mod judge;
mod matrix;
mod mend;
mod proof;
mod question;
pub mod repair;
pub mod roads;
mod sample;
pub mod scenario;
pub mod search;
mod standing;
mod whole;

pub use blocking::{RecoveryBlocking, recovery_blocking};
pub use case::{ReachProblem, answer_reach};
pub use evidence::Counterexample;
pub use gates::Gate;
pub use matrix::{Cell, Matrix, MatrixRow, matrix};
pub use proof::{AccountProof, Exclusion, NoLockout, Proof, ScenarioProof, Unnecessary, Verdict};
pub use question::{AccountRef, Question};
pub use whole::{Share, census, prove, under};
