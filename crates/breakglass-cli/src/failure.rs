//! How a command ends: exit codes with a meaning, errors with a next step.

use std::process::ExitCode;

/// The answer of a command (DESIGN section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: holds (proved, no findings, done).
    Holds,
    /// 1: does not hold (findings, locked, drift).
    DoesNotHold,
    /// 3: cannot tell (undetermined, incomplete snapshot).
    CannotTell,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Holds => Self::SUCCESS,
            Exit::DoesNotHold => Self::from(1),
            Exit::CannotTell => Self::from(3),
        }
    }
}

impl Exit {
    /// The worse of two: cannot tell outweighs holds, does not hold outweighs all.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::DoesNotHold, _) | (_, Self::DoesNotHold) => Self::DoesNotHold,
            (Self::CannotTell, _) | (_, Self::CannotTell) => Self::CannotTell,
            _ => Self::Holds,
        }
    }
}

/// Exit code 2: could not run. Carries what happened and what to try.
#[derive(Debug)]
pub struct Failure {
    /// What happened, lower case.
    pub what: String,
    /// What to do next.
    pub next: Option<String>,
}

impl Failure {
    /// A failure with a next step.
    pub fn new(what: impl std::fmt::Display, next: impl std::fmt::Display) -> Self {
        Self { what: what.to_string(), next: Some(next.to_string()) }
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut what = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            let inner_text = inner.to_string();
            if !what.contains(&inner_text) {
                what.push_str(": ");
                what.push_str(&inner_text);
            }
            cause = inner.source();
        }
        Self { what, next: None }
    }
}

/// What commands return.
pub type Outcome = Result<Exit, Failure>;
