//! Device codes (RFC 8628): the client shows a short code, somebody enters it at another place.

use super::grants::Request;
use super::{Asked, LoginError, for_user};
use crate::state::hidden::DeviceGrant;
use crate::state::ids::random;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use serde_json::{Value, json};

/// Letters of user codes: none that looks like another.
const LETTERS: &[u8] = b"BCDFGHJKLMNPQRSTVWXZ";

impl Request<'_> {
    /// Gives out a device code.
    pub(super) fn begin_device_code(&self) -> Result<Value, LoginError> {
        let mut state = self.emulated.lock();
        let client = self.client(&state)?;
        let scope = self.field("scope")?;
        Asked::read(scope, self.emulated.origins())?;
        let code = URL_SAFE_NO_PAD.encode(random::<24>());
        let letter = |byte: u8| char::from(*LETTERS.get(usize::from(byte) % LETTERS.len()).unwrap_or(&b'X'));
        let user_code: String = random::<9>().into_iter().map(letter).collect();
        let expires_at = state.clock.after(SignedDuration::from_mins(15));
        let grant = DeviceGrant {
            user_code: user_code.clone(),
            client_id: client.app_id,
            scope: scope.to_owned(),
            expires_at,
            session: None,
        };
        state.hidden.device_codes.insert(code.clone(), grant);
        let address = format!("{}/common/oauth2/deviceauth", self.emulated.origins().login);
        let message =
            format!("To sign in, open the page {address} in a browser and enter the code {user_code}.");
        Ok(
            json!({ "user_code": user_code, "device_code": code, "verification_uri": address, "expires_in": 900,
            "interval": 1, "message": message }),
        )
    }

    /// `device_code`: pending until somebody has signed in.
    pub(super) fn by_device_code(&self) -> Result<Value, LoginError> {
        let mut state = self.emulated.lock();
        let client = self.client(&state)?;
        let code = self.field("device_code")?;
        let grant = state.hidden.device_codes.get(code).cloned().ok_or_else(|| LoginError::grant(70_008))?;
        if grant.expires_at <= state.now() {
            return Err(LoginError::new("expired_token", 70_019, ""));
        }
        let Some(session) = grant.session else {
            return Err(LoginError::new("authorization_pending", 70_016, ""));
        };
        if !grant.client_id.eq_ignore_ascii_case(&client.app_id) {
            return Err(LoginError::grant(70_008));
        }
        state.hidden.device_codes.remove(code);
        let asked = Asked::read(&grant.scope, self.emulated.origins())?;
        let mut body = for_user(self.emulated, &mut state, &client, &session, &asked, None)?.body;
        if let Some(map) = body.as_object_mut() {
            // Libraries look their token up by the scopes that they asked for.
            map.insert("scope".into(), grant.scope.into());
        }
        Ok(body)
    }
}
