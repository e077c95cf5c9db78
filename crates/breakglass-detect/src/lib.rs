//! Log records of every shape to one event; rules; correlation with drills and activations.
//!
//! [`parse_record`] reads sign-in, directory audit and Azure activity records as Graph, Azure Resource Manager, diagnostic
//! settings, Event Hubs and Log Analytics write them, and makes one [`Event`] of each. [`detect`] puts an event to every
//! rule and says what a person must hear, with the drill or the activation that explains it. [`Cursor`] remembers what was
//! seen, so that a late record is not lost and a repeated one not told twice.
//!
//! It is deliberately not a SIEM: it knows emergency access accounts and what protects them, nothing else. It fetches
//! nothing and sends nothing.

pub mod aadsts;
mod cursor;
mod detection;
mod event;
mod policy;
mod record;
pub mod rules;
mod watched;

pub use cursor::Cursor;
pub use detection::{Context, Detection};
pub use event::{AuditTarget, Event, EventKind, PropertyChange};
pub use record::{RecordProblem, parse_record, parse_records, parse_text};
pub use rules::detect;
pub use watched::{Watched, WatchedAccount, Window, WindowKind};
