//! The lockout prover: known answers, second opinions, replays and laws.

mod atoms;
mod baselines;
mod blocking;
mod cases;
mod change;
mod gates;
mod large;
mod search;
mod small;
mod tenants;
mod whole;
