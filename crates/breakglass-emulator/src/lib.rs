//! An Entra tenant on loopback: login, Graph, ARM, logs, faults. Decides sign-ins in its own plain way.
