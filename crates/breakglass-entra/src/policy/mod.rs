//! When a request may be sent, and when it may be sent again: pure, so that it can be simulated.
//!
//! Time, randomness and what happened are handed in; a wait or a decision comes out. [`Throttle`] spaces requests so
//! that the published limits are kept (REQUIREMENTS R-93), [`decide`] says what to do after an attempt, and
//! [`retry_after`] reads the header of that name, which may be seconds, a date, empty or nonsense.

mod again;
mod throttle;

pub use again::{Attempts, Decision, Limits, Outcome, Safety, Why, decide, retry_after};
pub use throttle::{Bucket, Throttle};
