//! The evaluator and the prover on whole tenants.

#[cfg(test)]
mod evaluate;
#[cfg(test)]
mod prove;
#[cfg(test)]
mod shared;
