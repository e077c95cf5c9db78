//! Activation and drill as state machines: event in, state and duties out.
