//! Who asks: the claims of a verified access token.

use crate::state::{Emulated, graph_time};
use axum::http::{HeaderMap, header};
use jiff::Timestamp;
use serde_json::{Value, json};

/// The service that a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    Graph,
    Arm,
}

/// The bearer of an access token of ours.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) audience: Audience,
    pub(crate) app_id: String,
    pub(crate) app_name: String,
    /// Object id of the application's service principal: who acts, in tokens without a user.
    pub(crate) service_principal: Option<String>,
    /// Who signed in; none in tokens of an application for itself.
    pub(crate) user: Option<CallerUser>,
    /// Delegated permissions (`scp`).
    pub(crate) scopes: Vec<String>,
    /// Application permissions (`roles`).
    pub(crate) roles: Vec<String>,
    /// Template ids of the user's active directory roles when the token was issued.
    pub(crate) wids: Vec<String>,
    /// How the user signed in: `pwd`, `fido`, `mfa`.
    pub(crate) amr: Vec<String>,
    pub(crate) ip: String,
}

/// The user of a delegated token.
#[derive(Clone, Debug)]
pub(crate) struct CallerUser {
    pub(crate) id: String,
    pub(crate) upn: String,
    pub(crate) name: String,
}

/// Why a token was not taken: a 401.
#[derive(Clone, Debug)]
pub(crate) struct TokenRefusal {
    /// `InvalidAuthenticationToken` at Graph; ARM says `AuthenticationFailed` or `InvalidAuthenticationTokenAudience`.
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Caller {
    /// Verifies the bearer token of a request: ours, of this tenant, for this service, not expired; its user is still there and
    /// enabled (as continuous access evaluation would notice).
    pub(crate) fn of(
        emulated: &Emulated,
        headers: &HeaderMap,
        audience: Audience,
    ) -> Result<Self, TokenRefusal> {
        let refusal =
            |message: &str| TokenRefusal { code: "InvalidAuthenticationToken", message: message.into() };
        let token = headers
            .get(header::AUTHORIZATION)
            .and_then(|v| v.to_str().ok())
            .and_then(|v| v.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .ok_or_else(|| refusal("Access token is empty."))?;
        let claims = emulated.keys().verify(token).map_err(|e| refusal(&e))?;
        let state = emulated.lock();
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let list = |name: &str| -> Vec<String> {
            let items = claims.get(name).and_then(Value::as_array);
            items.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        if text("tid").is_none_or(|tid| tid != state.tenant_id) {
            return Err(refusal("The access token is from the wrong issuer."));
        }
        let aud = text("aud").unwrap_or_default();
        if crate::token::service_of(&aud, emulated.origins()) != Some(audience) {
            let code = if audience == Audience::Arm {
                "InvalidAuthenticationTokenAudience"
            } else {
                "InvalidAuthenticationToken"
            };
            return Err(TokenRefusal {
                code,
                message: format!("Access token validation failure. Invalid audience '{aud}'."),
            });
        }
        let second = |name: &str| {
            claims.get(name).and_then(Value::as_i64).and_then(|s| Timestamp::from_second(s).ok())
        };
        if second("exp").is_none_or(|exp| exp <= state.now()) {
            let code = if audience == Audience::Arm {
                "ExpiredAuthenticationToken"
            } else {
                "InvalidAuthenticationToken"
            };
            let message = second("exp").map(graph_time).unwrap_or_default();
            return Err(TokenRefusal {
                code,
                message: format!("Lifetime validation failed, the token is expired ({message})."),
            });
        }
        let app_id = text("appid").unwrap_or_default();
        let id = text("oid").unwrap_or_default();
        let is_app = text("idtyp").as_deref() == Some("app");
        let user = if is_app {
            None
        } else {
            let object = state
                .directory
                .users
                .get(&id)
                .filter(|u| u.get("accountEnabled") != Some(&Value::Bool(false)));
            if object.is_none() {
                return Err(refusal(
                    "Continuous access evaluation resulted in challenge with result: the user is disabled or deleted.",
                ));
            }
            let revoked = state.hidden.sessions_valid_from.get(&id.to_ascii_lowercase());
            if revoked.is_some_and(|from| second("iat").is_none_or(|iat| iat.as_second() < from.as_second()))
            {
                return Err(refusal(
                    "Continuous access evaluation resulted in challenge with result: the sessions were revoked.",
                ));
            }
            Some(CallerUser {
                id: id.clone(),
                upn: text("upn").unwrap_or_default(),
                name: text("name").unwrap_or_default(),
            })
        };
        Ok(Self {
            audience,
            app_id,
            app_name: text("app_displayname").unwrap_or_default(),
            service_principal: is_app.then_some(id),
            user,
            scopes: text("scp").map(|s| s.split(' ').map(str::to_owned).collect()).unwrap_or_default(),
            roles: list("roles"),
            wids: list("wids"),
            amr: list("amr"),
            ip: text("ipaddr").unwrap_or_else(|| state.client_context.ip.clone()),
        })
    }

    /// Object id of who acts: the user, or the application's service principal.
    pub(crate) fn id(&self) -> &str {
        self.user
            .as_ref()
            .map(|u| u.id.as_str())
            .or(self.service_principal.as_deref())
            .unwrap_or(&self.app_id)
    }

    /// Whether one of these permissions was granted, to the application or by delegation. The user's own rights are another
    /// question.
    pub(crate) fn may(&self, any_of: &[&str]) -> bool {
        let has = |list: &[String]| list.iter().any(|p| any_of.iter().any(|a| p.eq_ignore_ascii_case(a)));
        has(&self.roles) || (self.user.is_some() && has(&self.scopes))
    }

    /// Whether the user did multifactor authentication.
    pub(crate) fn did_mfa(&self) -> bool {
        self.amr.iter().any(|m| m == "mfa")
    }

    /// Claims as the activity log repeats them.
    pub(crate) fn claims(&self, tenant: &str) -> Value {
        let mut claims = json!({
            "aud": match self.audience {
                Audience::Graph => "https://graph.microsoft.com/",
                Audience::Arm => "https://management.core.windows.net/",
            },
            "appid": self.app_id, "ipaddr": self.ip, "wids": self.wids.join(","),
            "http://schemas.microsoft.com/identity/claims/tenantid": tenant,
            "http://schemas.microsoft.com/identity/claims/objectidentifier": self.id(),
            "http://schemas.microsoft.com/claims/authnmethodsreferences": self.amr.join(","),
        });
        if let (Some(user), Some(map)) = (&self.user, claims.as_object_mut()) {
            map.insert("name".into(), user.name.clone().into());
            map.insert(
                "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn".into(),
                user.upn.clone().into(),
            );
        }
        claims
    }
}
