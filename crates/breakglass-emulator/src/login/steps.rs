//! The steps of a sign-in: what each form brings, and which page follows.

use super::gate::{self, Context};
use super::record::{self, Kind};
use super::{Pending, Purpose, pages};
use crate::state::hidden::{Client, CodeGrant, Session};
use crate::state::ids::random;
use crate::state::{Shared, State as Tenant};
use crate::token::{LoginError, clients, session};
use crate::webauthn;
use axum::extract::{Form, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::collections::BTreeMap;

type Fields = BTreeMap<String, String>;

/// The user name was typed.
pub(crate) async fn user_name(shared: State<Shared>, tenant: Path<String>, fields: Form<Fields>) -> Response {
    step(&shared, &tenant, &fields, |walk, fields| {
        let name = fields.get("login").map(String::as_str).unwrap_or_default();
        walk.with(|pending, state| pending.is_called(state, name));
        if walk.pending().is_some_and(|p| p.user.is_empty()) { walk.fail(50_034, &[]) } else { walk.ask() }
    })
}

/// The password was typed.
pub(crate) async fn password(shared: State<Shared>, tenant: Path<String>, fields: Form<Fields>) -> Response {
    step(&shared, &tenant, &fields, |walk, fields| {
        let typed = fields.get("passwd").map(String::as_str).unwrap_or_default();
        let user = walk.pending().map(|p| p.user).unwrap_or_default();
        match gate::password(walk.state, &user, typed) {
            Ok(method) => {
                walk.with(|pending, _| pending.methods = vec![method.to_owned()]);
                walk.proceed()
            }
            Err(code) => walk.fail(code, &["password".to_owned()]),
        }
    })
}

/// A passkey is preferred to the password.
pub(crate) async fn use_passkey(
    shared: State<Shared>,
    tenant: Path<String>,
    fields: Form<Fields>,
) -> Response {
    step(&shared, &tenant, &fields, |walk, _| walk.ask_passkey(None))
}

/// The passkey signed.
pub(crate) async fn passkey(shared: State<Shared>, tenant: Path<String>, fields: Form<Fields>) -> Response {
    step(&shared, &tenant, &fields, |walk, fields| {
        let assertion = fields.get("assertion").map(String::as_str).unwrap_or_default();
        match walk.signed(assertion) {
            Ok(()) => walk.proceed(),
            Err((code, why)) => {
                let methods = walk.pending().map(|p| p.methods).unwrap_or_default();
                let methods: Vec<String> = methods.into_iter().chain(["fido2".to_owned()]).collect();
                walk.fail_because(code, &why, &methods)
            }
        }
    })
}

fn step(
    shared: &Shared,
    tenant: &str,
    fields: &Fields,
    act: impl FnOnce(&mut Walk<'_>, &Fields) -> Response,
) -> Response {
    let mut state = shared.lock();
    let id = fields.get("ctx").map(String::as_str).unwrap_or_default();
    let now = state.now();
    if state.hidden.sign_ins.get(id).is_none_or(|p| p.expires_at <= now) {
        return pages::failure(
            50_058,
            "AADSTS50058: this sign-in is over or was never begun; begin again.",
            "",
        );
    }
    act(&mut Walk { shared, state: &mut state, tenant, id }, fields)
}

/// A sign-in at one of its steps.
pub(super) struct Walk<'a> {
    pub(super) shared: &'a Shared,
    pub(super) state: &'a mut Tenant,
    pub(super) tenant: &'a str,
    pub(super) id: &'a str,
}

impl Walk<'_> {
    fn pending(&self) -> Option<Pending> {
        self.state.hidden.sign_ins.get(self.id).cloned()
    }

    fn with(&mut self, change: impl FnOnce(&mut Pending, &Tenant)) {
        if let Some(mut pending) = self.state.hidden.sign_ins.remove(self.id) {
            change(&mut pending, self.state);
            self.state.hidden.sign_ins.insert(self.id.to_owned(), pending);
        }
    }

    fn form(&self) -> pages::Place<'_> {
        pages::Place { tenant: self.tenant, id: self.id }
    }

    /// The first page, or the next that is due before anything was shown.
    pub(super) fn ask(&mut self) -> Response {
        match self.pending() {
            Some(p) if p.name.is_empty() => pages::user_name(&self.form(), "", None),
            Some(p) => pages::password(&self.form(), &p.name, None),
            None => pages::failure(50_058, "AADSTS50058: this sign-in is over.", ""),
        }
    }

    /// The page for the passkey. A user who is known is asked for one of the own keys.
    fn ask_passkey(&mut self, error: Option<(u32, &str)>) -> Response {
        let challenge = random::<32>().to_vec();
        self.with(|pending, _| pending.challenge.clone_from(&challenge));
        let Some(pending) = self.pending() else { return self.ask() };
        let allowed: Vec<Value> = gate::passkeys(self.state, &pending.user)
            .map(|k| json!({ "id": k.method_id(), "type": "public-key" }))
            .collect();
        let options = json!({
            "challenge": URL_SAFE_NO_PAD.encode(&challenge), "rpId": webauthn::host(&self.shared.origins().login),
            "allowCredentials": allowed, "userVerification": "required", "timeout": 60_000,
        });
        pages::passkey(&self.form(), &pending.name, &options, error)
    }

    /// Checks what the passkey signed, and that it is this user's and may be used.
    fn signed(&mut self, assertion: &str) -> Result<(), (u32, String)> {
        let Some(pending) = self.pending() else { return Err((500_121, "the sign-in is over".into())) };
        let assertion: Value =
            serde_json::from_str(assertion).map_err(|_| (500_121, "the answer is not JSON".to_owned()))?;
        let key = webauthn::assert(self.state, &self.shared.origins().login, &pending.challenge, &assertion)
            .map_err(|why| {
                let code = if why.contains("not registered") { 135_010 } else { 500_121 };
                (code, why)
            })?;
        if !pending.user.is_empty() && !pending.user.eq_ignore_ascii_case(&key.user) {
            return Err((500_121, "the passkey is another user's".into()));
        }
        gate::passkey(self.state, &key).map_err(|code| (code, String::new()))?;
        self.with(|pending, state| {
            // A challenge is good for one answer.
            pending.challenge = random::<32>().to_vec();
            pending.methods.push("fido2".into());
            pending.aaguid = Some(key.aaguid.clone());
            if pending.user.is_empty() {
                pending.is_called(state, &key.user);
            }
        });
        Ok(())
    }

    /// After a method was accepted: in, one step more, or out.
    fn proceed(&mut self) -> Response {
        let Some(pending) = self.pending() else { return self.ask() };
        let Some(client) = clients::find(self.state, &pending.client_id) else { return self.ask() };
        let context = context(&pending, &client);
        let ruling = gate::rule(self.state, &context, &pending.methods, pending.aaguid.as_deref());
        let Some(code) = ruling.refusal else { return self.finish(&pending, &client) };
        if !ruling.blocked
            && !pending.methods.iter().any(|m| m == "fido2")
            && !self.state.faults.is_out("mfa")
        {
            // Asked for only where it would be enough.
            let enough = gate::passkeys(self.state, &pending.user).any(|key| {
                let methods: Vec<String> =
                    pending.methods.iter().cloned().chain(["fido2".to_owned()]).collect();
                gate::rule(self.state, &context, &methods, Some(&key.aaguid)).refusal.is_none()
            });
            if enough {
                return self.ask_passkey(None);
            }
        }
        self.fail(code, &pending.methods)
    }

    fn fail(&mut self, code: u32, methods: &[String]) -> Response {
        self.fail_because(code, "", methods)
    }

    /// Writes the record of a failure and shows it, with the form again where another try makes sense.
    fn fail_because(&mut self, code: u32, why: &str, methods: &[String]) -> Response {
        let Some(pending) = self.pending() else { return self.ask() };
        let Some(client) = clients::find(self.state, &pending.client_id) else { return self.ask() };
        let context = context(&pending, &client);
        let ruling = gate::rule(self.state, &context, methods, pending.aaguid.as_deref());
        let kind = Kind::Interactive(&pending.name);
        record::user(self.state, &context, &ruling, methods, code, kind, &pending.correlation_id);
        let sentence = LoginError::new("access_denied", code, why).sentence();
        let error = Some((code, sentence.as_str()));
        match code {
            50_034 => {
                self.with(|pending, _| pending.name.clear());
                pages::user_name(&self.form(), &pending.name, error)
            }
            50_053 | 50_126 => pages::password(&self.form(), &pending.name, error),
            500_121 | 135_010 => self.ask_passkey(error),
            _ => {
                self.state.hidden.sign_ins.remove(self.id);
                pages::failure(code, &sentence, &pending.correlation_id)
            }
        }
    }

    /// In: writes the record and goes back to the client.
    fn finish(&mut self, pending: &Pending, client: &Client) -> Response {
        let context = context(pending, client);
        let ruling = gate::rule(self.state, &context, &pending.methods, pending.aaguid.as_deref());
        let kind = Kind::Interactive(&pending.name);
        record::user(self.state, &context, &ruling, &pending.methods, 0, kind, &pending.correlation_id);
        let (methods, aaguid) = (pending.methods.clone(), pending.aaguid.clone());
        let session = session(self.state, client, &pending.user, methods, aaguid, pending.flow());
        self.state.hidden.sign_ins.remove(self.id);
        match &pending.purpose {
            Purpose::Code { .. } => self.redirect(pending, session),
            Purpose::Device { code } => {
                if let Some(grant) = self.state.hidden.device_codes.get_mut(code) {
                    grant.session = Some(session);
                }
                pages::done("You are signed in on the device. You can close this page.")
            }
        }
    }

    fn redirect(&mut self, pending: &Pending, session: Session) -> Response {
        let Purpose::Code { redirect_uri, state, challenge, nonce, fragment } = &pending.purpose else {
            return self.ask();
        };
        let code = format!("1.{}", URL_SAFE_NO_PAD.encode(random::<32>()));
        let session_state = session.id.clone();
        let grant = CodeGrant {
            session,
            redirect_uri: redirect_uri.clone(),
            scope: pending.scope.clone(),
            challenge: challenge.clone(),
            nonce: nonce.clone(),
            expires_at: self.state.clock.after(SignedDuration::from_mins(10)),
        };
        self.state.hidden.codes.insert(code.clone(), grant);
        let mut fields = vec![("code", code)];
        fields.extend(state.clone().map(|s| ("state", s)));
        fields.push(("session_state", session_state));
        back(redirect_uri, *fragment, &fields)
    }
}

/// Sends the browser back to the client.
pub(super) fn back(redirect_uri: &str, fragment: bool, fields: &[(&str, String)]) -> Response {
    let query: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", percent(value))).collect();
    let mark = if fragment {
        '#'
    } else if redirect_uri.contains('?') {
        '&'
    } else {
        '?'
    };
    let address = format!("{redirect_uri}{mark}{}", query.join("&"));
    (StatusCode::FOUND, [(header::LOCATION, address), (header::CACHE_CONTROL, "no-store".into())])
        .into_response()
}

fn context<'a>(pending: &'a Pending, client: &'a Client) -> Context<'a> {
    Context {
        client,
        user: &pending.user,
        service: pending.service,
        scopes: pending.scopes,
        user_agent: &pending.user_agent,
        flow: pending.flow(),
        tracked: pending.flow(),
        strong: pending.strong,
    }
}

/// Percent-encoding of everything but unreserved characters.
fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
