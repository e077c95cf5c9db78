//! The login.

/// A sign-in under way.
#[derive(Clone, Debug)]
pub(crate) struct Pending {}
