//! The control origin: clock, faults, logs, and from where sign-ins come. JSON in, JSON out; nothing of it is Microsoft's.
//!
//! | request | body |
//! | --- | --- |
//! | `GET /state` | - ; what is set, and how much there is |
//! | `POST /clock` | `set` (time), `advance_seconds`, `stopped` (bool) |
//! | `POST /faults` | a list of rules in place of the old ones, or one rule to add: `origin`, `path`, `method`, `status`, `retry_after`, `delay_ms`, `after_effect`, `count` |
//! | `DELETE /faults` | - ; takes back faults, lag, delay, doubled records and outages |
//! | `POST /replication-lag` | `seconds` |
//! | `POST /log-delay` | `seconds`, `duplicate_every` |
//! | `POST /outages` | `out`: list of `mfa`, `federation`, `portal` |
//! | `POST /signin-context` | `ip`, `country`, `sign_in_risk`, `user_risk`, `insider_risk`, `compliant_network`, `platform`; what is left out stays |
//!
//! Everything answers with the state. Whoever can reach it can do all of this, as everybody on this machine can.

use crate::decide::Surroundings;
use crate::state::faults::{Faults, OUTAGES, Rule};
use crate::state::{Shared, graph_time};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

/// Everything on the control origin.
pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/", get(state))
        .route("/state", get(state))
        .route("/clock", post(clock))
        .route("/faults", post(faults).delete(mend))
        .route("/replication-lag", post(replication_lag))
        .route("/log-delay", post(log_delay))
        .route("/outages", post(outages))
        .route("/signin-context", post(sign_in_context))
        .with_state(shared)
}

async fn state(State(shared): State<Shared>) -> Response {
    Json(summary(&shared)).into_response()
}

fn summary(shared: &Shared) -> Value {
    let state = shared.lock();
    let (directory, from) = (&state.directory, &state.client_context);
    json!({
        "now": graph_time(state.now()), "tenant_id": state.tenant_id,
        "faults": state.faults.rules, "outages": state.faults.outages,
        "replication_lag_seconds": state.faults.replication_lag.as_secs(),
        "log_delay_seconds": state.faults.log_delay.as_secs(), "duplicate_every": state.faults.duplicate_every,
        "signin_context": { "ip": from.ip, "country": from.country, "sign_in_risk": from.sign_in_risk,
            "user_risk": from.user_risk, "insider_risk": from.insider_risk,
            "compliant_network": from.compliant_network, "platform": from.platform },
        "counts": { "users": directory.users.len(), "groups": directory.groups.len(),
            "policies": directory.policies.len(), "passkeys": state.hidden.passkeys.len(),
            "sign_ins": state.logs.sign_ins.len(), "audits": state.logs.audits.len(),
            "activities": state.logs.activities.len() },
    })
}

/// Reads a body and acts on it; what cannot be read is refused with the reason.
fn change<T: for<'de> Deserialize<'de>>(
    shared: &Shared,
    body: &[u8],
    act: impl FnOnce(&mut crate::state::State, T) -> Result<(), String>,
) -> Response {
    let refused =
        |detail: String| (StatusCode::BAD_REQUEST, Json(json!({ "error": detail }))).into_response();
    let wanted: T = match serde_json::from_slice(body) {
        Ok(wanted) => wanted,
        Err(e) => return refused(format!("the body is not understood: {e}")),
    };
    let done = act(&mut shared.lock(), wanted);
    done.map_or_else(refused, |()| Json(summary(shared)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Clock {
    set: Option<Timestamp>,
    advance_seconds: Option<i64>,
    stopped: Option<bool>,
}

async fn clock(State(shared): State<Shared>, body: axum::body::Bytes) -> Response {
    change(&shared, &body, |state, wanted: Clock| {
        if let Some(stopped) = wanted.stopped {
            state.clock.stop(stopped);
        }
        if let Some(set) = wanted.set {
            state.clock.set(set);
        }
        if let Some(seconds) = wanted.advance_seconds {
            state.clock.advance(SignedDuration::from_secs(seconds));
        }
        Ok(())
    })
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Rules {
    All(Vec<Rule>),
    One(Rule),
}

async fn faults(State(shared): State<Shared>, body: axum::body::Bytes) -> Response {
    change(&shared, &body, |state, wanted: Rules| {
        match wanted {
            Rules::All(rules) => state.faults.rules = rules,
            Rules::One(rule) => state.faults.rules.push(rule),
        }
        Ok(())
    })
}

async fn mend(State(shared): State<Shared>) -> Response {
    shared.lock().faults = Faults::default();
    Json(summary(&shared)).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lag {
    seconds: u32,
}

async fn replication_lag(State(shared): State<Shared>, body: axum::body::Bytes) -> Response {
    change(&shared, &body, |state, wanted: Lag| {
        state.faults.replication_lag = SignedDuration::from_secs(wanted.seconds.into());
        Ok(())
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogDelay {
    seconds: Option<u32>,
    duplicate_every: Option<u32>,
}

async fn log_delay(State(shared): State<Shared>, body: axum::body::Bytes) -> Response {
    change(&shared, &body, |state, wanted: LogDelay| {
        if let Some(seconds) = wanted.seconds {
            state.faults.log_delay = SignedDuration::from_secs(seconds.into());
        }
        if let Some(every) = wanted.duplicate_every {
            state.faults.duplicate_every = every;
        }
        Ok(())
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outages {
    out: Vec<String>,
}

async fn outages(State(shared): State<Shared>, body: axum::body::Bytes) -> Response {
    change(&shared, &body, |state, wanted: Outages| {
        if let Some(unknown) = wanted.out.iter().find(|o| !OUTAGES.contains(&o.as_str())) {
            return Err(format!("there is no outage `{unknown}`; there are {}", OUTAGES.join(", ")));
        }
        state.faults.outages = wanted.out.into_iter().collect();
        Ok(())
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Context {
    ip: Option<String>,
    country: Option<String>,
    sign_in_risk: Option<String>,
    user_risk: Option<String>,
    insider_risk: Option<String>,
    compliant_network: Option<bool>,
    platform: Option<String>,
}

async fn sign_in_context(State(shared): State<Shared>, body: axum::body::Bytes) -> Response {
    change(&shared, &body, |state, wanted: Context| {
        if let Some(ip) = wanted.ip.as_ref().filter(|ip| ip.parse::<std::net::IpAddr>().is_err()) {
            return Err(format!("`{ip}` is not an address"));
        }
        let old = state.client_context.clone();
        state.client_context = Surroundings {
            ip: wanted.ip.unwrap_or(old.ip),
            country: wanted.country.unwrap_or(old.country),
            sign_in_risk: wanted.sign_in_risk.unwrap_or(old.sign_in_risk),
            user_risk: wanted.user_risk.unwrap_or(old.user_risk),
            insider_risk: wanted.insider_risk.unwrap_or(old.insider_risk),
            compliant_network: wanted.compliant_network.unwrap_or(old.compliant_network),
            platform: wanted.platform.or(old.platform),
        };
        Ok(())
    })
}
