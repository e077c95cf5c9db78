//! An application with a client secret.

use super::{Token, TokenSource, redeem};
use crate::client::EntraClient;
use crate::endpoints::Service;
use crate::error::TokenError;
use async_trait::async_trait;
use breakglass_model::Secret;
use std::sync::Arc;

/// Client credentials with a secret.
pub struct ClientSecret {
    client: Arc<EntraClient>,
    client_id: String,
    secret: Secret,
}

impl ClientSecret {
    /// The application `client_id` with its secret. Blanks and line ends around the secret, as a file has them, do not
    /// count.
    pub fn new(client: Arc<EntraClient>, client_id: impl Into<String>, secret: &Secret) -> Self {
        Self { client, client_id: client_id.into(), secret: Secret::new(secret.danger_reveal().trim()) }
    }
}

#[async_trait]
impl TokenSource for ClientSecret {
    async fn fetch(&self, service: Service) -> Result<Token, TokenError> {
        let fields = [
            ("client_id", self.client_id.as_str()),
            ("grant_type", "client_credentials"),
            ("scope", &self.client.endpoints().scope(service)),
        ];
        Ok(redeem(&self.client, &self.describe(), &fields, &[("client_secret", &self.secret)]).await?.access)
    }

    fn describe(&self) -> String {
        format!("application {} with a client secret", self.client_id)
    }
}
