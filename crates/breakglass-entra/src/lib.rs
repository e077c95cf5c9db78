//! Microsoft Graph and Azure Resource Manager over HTTPS: sign-in, paging, throttling budgets, retries.
//!
//! [`EntraClient`] is one tenant's connection: endpoints, TLS, and the throttling budget that everything in this
//! process shares. [`EntraTenant`] puts one credential on it and answers the questions of
//! [`breakglass_ops::port::Tenant`]; [`AuthorizationCodeFlow`] signs a person in and gives such a tenant back.
//!
//! What this crate deliberately is not: it decides nothing about emergency access. It knows which request asks a
//! question ([`wire`]), when a request may be sent again ([`policy`], without a clock inside), and what an answer must
//! look like before anybody may rely on it. A read is whole or an error; a page that is missing is never an empty page.

mod answer;
mod client;
mod endpoints;
mod error;
mod json;
mod outgoing;
mod pages;
pub mod policy;
mod sign_in;
mod system;
mod tenant;
mod tls;
mod token;
mod wire;

pub use client::EntraClient;
pub use endpoints::{Endpoints, Service};
pub use error::{SetupError, TokenError};
pub use sign_in::{AZURE_CLI, AuthorizationCodeFlow, PersonBrowser};
pub use system::{SystemClock, SystemEntropy};
pub use tenant::EntraTenant;
pub use token::{ClientCertificate, ClientSecret, GivenTokens, RefreshToken, Token, TokenSource};
