//! Posture: what would make recovery fail, one check for each failure mode.
//!
//! A check looks at [`Facts`] and answers; it fetches nothing, knows no clock, and never counts what was not read as
//! good. [`assess`] asks all of them. [`observations`] says what is true of a tenant without knowing which accounts are
//! its emergency accounts: those are declared in a design and never guessed.

pub mod checks;
mod facts;
mod observe;
mod read;
mod report;

pub use facts::{BlockingFact, CounterexampleFact, CustodyFact, DrillFact, Facts, ProofFact, Proven};
pub use observe::{Observation, observations};
pub use report::{Answer, Check, Report, Subject, Summary, assess};
