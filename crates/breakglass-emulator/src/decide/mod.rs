//! The emulator's own plain Conditional Access: one sign-in, all policies, no cleverness.

/// From where and how a sign-in comes, as the control origin sets it. An address from the documentation range stands for the public
/// address, because everything here comes from loopback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Surroundings {
    pub(crate) ip: String,
    /// Two letters; empty when the address maps to no country.
    pub(crate) country: String,
    pub(crate) sign_in_risk: String,
    pub(crate) user_risk: String,
    pub(crate) insider_risk: String,
    pub(crate) compliant_network: bool,
    /// Overrides the user agent.
    pub(crate) platform: Option<String>,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self {
            ip: "203.0.113.10".into(),
            country: "US".into(),
            sign_in_risk: "none".into(),
            user_risk: "none".into(),
            insider_risk: "none".into(),
            compliant_network: false,
            platform: None,
        }
    }
}
