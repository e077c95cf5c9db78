//! The lockout prover: known answers, second opinions, replays and laws.

mod cases;
mod search;
mod tenants;
mod whole;
