//! One file per check of a failure mode that locks a tenant out.
