//! Tokens that somebody else fetched, for example `az account get-access-token`.

use super::{Token, TokenSource, claims};
use crate::endpoints::Service;
use crate::error::TokenError;
use async_trait::async_trait;
use breakglass_model::Secret;
use breakglass_ops::port::Clock;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Fixed tokens. They cannot be renewed: once refused, they are refused.
pub struct GivenTokens {
    tokens: BTreeMap<Service, Secret>,
    clock: Arc<dyn Clock>,
}

impl GivenTokens {
    /// A token for each of some services.
    pub fn new(tokens: impl IntoIterator<Item = (Service, Secret)>, clock: Arc<dyn Clock>) -> Self {
        Self { tokens: tokens.into_iter().collect(), clock }
    }
}

#[async_trait]
impl TokenSource for GivenTokens {
    async fn fetch(&self, service: Service) -> Result<Token, TokenError> {
        let Some(secret) = self.tokens.get(&service) else {
            let service =
                if service == Service::Graph { "Microsoft Graph" } else { "Azure Resource Manager" };
            return Err(TokenError::NotForThis { who: self.describe(), service });
        };
        let given_at = self.clock.now();
        // A token that does not say when it ends is tried, and refused by the service when it has.
        let says = claims(secret).ok().and_then(|c| c.get("exp").and_then(serde_json::Value::as_i64));
        let expires_at = says.and_then(|s| Timestamp::from_second(s).ok());
        let hour = given_at.checked_add(SignedDuration::from_hours(1)).unwrap_or(Timestamp::MAX);
        Ok(Token { secret: secret.clone(), given_at, expires_at: expires_at.unwrap_or(hour) })
    }

    fn describe(&self) -> String {
        "the bearer of given tokens".into()
    }
}
