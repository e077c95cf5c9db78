//! Activation and drill as state machines: event in, state and duties out.
//!
//! Nothing here acts: a transition answers what must be done ([`activation::Duty`]), and the doing comes back as an event.
//! Time is a parameter. Approvals are Ed25519 statements that are made and checked without Entra.

pub mod activation;
pub mod approval;
pub mod drill;
