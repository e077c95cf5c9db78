//! A signed-in person's refresh token: one for every service, renewed with each use.

use super::{Token, TokenSource, redeem};
use crate::client::EntraClient;
use crate::endpoints::Service;
use crate::error::TokenError;
use async_trait::async_trait;
use breakglass_model::Secret;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Access tokens by refresh token.
pub struct RefreshToken {
    client: Arc<EntraClient>,
    client_id: String,
    user: String,
    newest: Mutex<Option<Secret>>,
}

impl RefreshToken {
    /// The refresh token that `client_id` was given for `user` (a name for people), or `None` when the login gave none.
    pub fn new(
        client: Arc<EntraClient>,
        client_id: impl Into<String>,
        user: impl Into<String>,
        token: Option<Secret>,
    ) -> Self {
        Self { client, client_id: client_id.into(), user: user.into(), newest: Mutex::new(token) }
    }
}

#[async_trait]
impl TokenSource for RefreshToken {
    async fn fetch(&self, service: Service) -> Result<Token, TokenError> {
        // Held while asking: the login replaces the token with each use, and the older one may stop working.
        let mut newest = self.newest.lock().await;
        let Some(token) = newest.clone() else {
            let service =
                if service == Service::Graph { "Microsoft Graph" } else { "Azure Resource Manager" };
            return Err(TokenError::NotForThis { who: self.describe(), service });
        };
        let scope = format!("{} offline_access openid", self.client.endpoints().scope(service));
        let fields =
            [("client_id", self.client_id.as_str()), ("grant_type", "refresh_token"), ("scope", &scope)];
        let grant = redeem(&self.client, &self.describe(), &fields, &[("refresh_token", &token)]).await?;
        if let Some(next) = grant.refresh {
            *newest = Some(next);
        }
        Ok(grant.access)
    }

    fn describe(&self) -> String {
        format!("{}, signed in", self.user)
    }
}
