//! The state machines as their callers see them.

mod activation;
mod approvals;
mod people;
mod sequences;
