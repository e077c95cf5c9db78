//! Signing a person in: authorization code with PKCE, at whatever browser is at hand.

mod flow;
mod person;

pub use flow::{AZURE_CLI, AuthorizationCodeFlow};
pub use person::PersonBrowser;
