//! The lockout prover: known answers, second opinions, replays and laws.

mod atoms;
mod cases;
mod search;
mod small;
mod tenants;
mod whole;
