//! Any attempt to sign in as an emergency account: success, failure, interruption, and use of a token without a person.
//!
//! One failure is an alarm: nobody types the name of an emergency account by accident (R-35; rules of others that wait for
//! five failures are too lax).

use super::Rule;
use crate::aadsts;
use crate::detection::{Hit, Nature};
use crate::event::{Event, EventKind};
use crate::watched::Watched;
use breakglass_model::{Severity, Tri};

pub(super) const RULE: Rule = Rule {
    id: "account-sign-in",
    about: "any attempt to sign in as an emergency account, and any use of its tokens",
    next_step: "call the custodians: if nobody opened the glass, disable the account's sessions with another administrator \
                (`breakglass activate close`, or revoke sign-in sessions), change its password and look what it did",
    source: "R-35, R-42; REQUIREMENTS 6, E1, G7",
    logs: &[EventKind::SignIn, EventKind::NonInteractiveSignIn],
    nature: Nature::Use,
    find,
};

/// After a failure the account is not taken, but somebody knows its name.
const NOBODY_GOT_IN: &str = "ask the custodians whether they tried; if not, somebody knows the account's name: look for other \
                             attempts from the same address, and for a success soon after";

fn find<'a>(event: &Event, watched: &'a Watched) -> Vec<Hit<'a>> {
    let Some((id, account)) = watched.find(event.actor.as_ref(), event.actor_name.as_deref()) else {
        return Vec::new();
    };
    let name = &account.name;
    let code = event.error_code.unwrap_or_default();
    let reason = aadsts::words(code);
    let numbered = match (reason, event.detail("reason")) {
        _ if code == 0 => String::new(),
        (Some(words), _) => format!(": {words} (AADSTS{code})"),
        (None, Some(words)) => format!(": {words} (AADSTS{code})"),
        (None, None) => format!(": AADSTS{code}"),
    };
    let to = whereto(event, "to");
    let is_token = event.kind == EventKind::NonInteractiveSignIn;
    let (result, head) = match event.succeeded {
        Tri::Yes if is_token => ("success", format!("a token of `{name}` was used{}", whereto(event, "for"))),
        Tri::Yes => ("success", format!("`{name}` signed in{to}")),
        Tri::No if aadsts::is_interrupt(code) => {
            ("interrupted", format!("a sign-in of `{name}`{to} was interrupted{numbered}"))
        }
        Tri::No => ("failure", format!("a sign-in of `{name}`{to} failed{numbered}")),
        Tri::Unknown => ("unknown", format!("a sign-in of `{name}`{to}, result unknown")),
    };
    let from = event.ip.as_ref().map(|ip| format!(", from {ip}")).unwrap_or_default();
    let mut hit =
        Hit::new(Severity::Critical, format!("{head}{from}")).about(id, name).fact("result", result);
    for key in ["app", "resource", "client", "conditional_access", "risk", "risk_state", "location", "device"]
    {
        if let Some(text) = event.detail(key) {
            hit = hit.fact(key, text);
        }
    }
    for key in ["policies", "steps"] {
        if let Some(list) = event.details.get(key) {
            hit = hit.fact(key, list.clone());
        }
    }
    if event.succeeded.is_no() && !aadsts::is_interrupt(code) {
        hit = hit.next(NOBODY_GOT_IN);
    }
    if code != 0 {
        hit = hit.fact("error_code", code);
        if let Some(words) = reason {
            hit = hit.fact("error", words);
        }
        if let Some(step) = aadsts::remedy(code) {
            hit = hit.fact("if_legitimate", step);
        }
    }
    vec![hit]
}

fn whereto(event: &Event, word: &str) -> String {
    let app = event.detail("app").or_else(|| event.detail("resource")).or(event.app_id.as_deref());
    app.map(|app| format!(" {word} {app}")).unwrap_or_default()
}
