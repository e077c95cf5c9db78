//! From a tenant to its approved design: plan, look, apply, verify, undo.
//!
//! A [`Plan`] is an ordered list without choices. Its order never leaves an emergency account that is Global
//! Administrator but not excluded or not watched: accounts, passkeys, watch, group, exclusions, and roles last.

pub mod apply;
pub mod journal;
mod look;
mod moved;
pub mod plan;
pub mod project;
mod steps;
pub mod undo;

pub use apply::{Applied, ApplyError, ProvenPlan, apply};
pub use plan::{Action, Impact, Plan, PlanError, Step, plan};
pub use project::project;
pub use undo::{UndoError, Undone, undo};
