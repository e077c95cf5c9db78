//! Conditional Access evaluation of one sign-in, and the lockout prover over all of them.
