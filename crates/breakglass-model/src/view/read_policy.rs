//! From Graph's `conditionalAccessPolicy` to a [`Policy`].

use super::look::{Look, Member, Problem, join, says_something, text};
use super::policy::{Conditions, Control, Grant, Operator, Policy, PolicyState, Session};
use super::read_conditions;
use crate::ids::{ObjectId, PolicyId};
use serde_json::Value;

/// Reads one policy. `doubt` says why nothing in it can be relied on, when there is a reason.
pub(super) fn read(raw: &Value, doubt: Option<&str>, problems: &mut Vec<Problem>) -> Policy {
    let id = PolicyId::new(text(raw, "id").unwrap_or_default());
    let name = text(raw, "displayName").unwrap_or_default().to_owned();
    let mut look = Look::new(format!("policy `{name}` ({id})"), problems);
    let state = state(&mut look, raw);
    let template_id = text(raw, "templateId").map(ObjectId::new);
    let mut policy = Policy {
        id,
        name,
        state,
        template_id,
        conditions: match look.object(raw, "", "conditions") {
            Ok(Some(conditions)) => read_conditions::read(&mut look, conditions),
            Ok(None) | Err(()) => nothing_known("conditions"),
        },
        grant: grant(&mut look, raw),
        session: session(&mut look, raw),
    };
    if let Some(why) = doubt {
        policy.state = PolicyState::Unread(why.into());
        policy.conditions = nothing_known(why);
        policy.grant.controls = vec![Control::Unread(why.into())];
    }
    policy
}

/// Conditions of which nobody can tell whether they hold.
fn nothing_known(what: &str) -> Conditions {
    let mut conditions = Conditions { unread: vec![what.into()], ..Conditions::default() };
    conditions.users.unread(what);
    conditions.target.apps.unread(what);
    conditions
}

fn state(look: &mut Look<'_>, raw: &Value) -> PolicyState {
    let state = text(raw, "state").unwrap_or_default();
    match state.to_ascii_lowercase().as_str() {
        "enabled" => PolicyState::Enabled,
        "disabled" => PolicyState::Disabled,
        "enabledforreportingbutnotenforced" => PolicyState::ReportOnly,
        _ => {
            look.note("state", raw.get("state").unwrap_or(&Value::Null));
            PolicyState::Unread(state.into())
        }
    }
}

fn grant(look: &mut Look<'_>, raw: &Value) -> Grant {
    const AT: &str = "grantControls";
    let unread = |what: &str| Grant { operator: Operator::And, controls: vec![Control::Unread(what.into())] };
    let grant = match look.object(raw, "", AT) {
        Err(()) => return unread(AT),
        // Left out, and not because the policy has session controls instead: it may have been cut off.
        Ok(None) if raw.get(AT).is_none() && !raw.get("sessionControls").is_some_and(Value::is_object) => {
            look.note(AT, &Value::Null);
            return unread(AT);
        }
        Ok(None) => return Grant { operator: Operator::Or, controls: Vec::new() },
        Ok(Some(grant)) => grant,
    };
    let mut controls = Vec::new();
    for control in look.texts(grant, AT, "builtInControls") {
        controls.push(match control {
            Member::Is(text) => Control::built_in(&text),
            Member::All => Control::Unread("all".into()),
            Member::Unread(what) => Control::Unread(what),
        });
        if let Some(Control::Unread(what)) = controls.last() {
            look.note("grantControls.builtInControls", &Value::from(what.as_str()));
        }
    }
    for (key, make) in [
        ("customAuthenticationFactors", Control::Custom as fn(String) -> Control),
        ("termsOfUse", |id| Control::TermsOfUse(ObjectId::new(id))),
    ] {
        controls.extend(look.texts(grant, AT, key).into_iter().map(|text| match text {
            Member::Is(text) => make(text),
            Member::All => Control::Unread(key.into()),
            Member::Unread(what) => Control::Unread(what),
        }));
    }
    match look.object(grant, AT, "authenticationStrength") {
        Ok(Some(strength)) if says_something(strength) => controls.push(match text(strength, "id") {
            Some(id) => Control::Strength(ObjectId::new(id)),
            None => {
                look.note("grantControls.authenticationStrength", strength);
                Control::Unread("grantControls.authenticationStrength".into())
            }
        }),
        Ok(_) => {}
        Err(()) => controls.push(Control::Unread("grantControls.authenticationStrength".into())),
    }
    let known = [
        "operator",
        "builtInControls",
        "customAuthenticationFactors",
        "termsOfUse",
        "authenticationStrength",
        "id",
    ];
    controls.extend(look.unknown_keys(grant, AT, &known).into_iter().map(Control::Unread));
    let operator = match text(grant, "operator").map(str::to_ascii_uppercase).as_deref() {
        Some("AND") => Operator::And,
        Some("OR") => Operator::Or,
        None | Some("") if controls.len() < 2 => Operator::Or,
        other => {
            look.note("grantControls.operator", grant.get("operator").unwrap_or(&Value::Null));
            Operator::Unread(other.unwrap_or_default().into())
        }
    };
    // The same control twice is the same control.
    let mut once: Vec<Control> = Vec::new();
    for control in controls {
        if !once.contains(&control) {
            once.push(control);
        }
    }
    Grant { operator, controls: once }
}

fn session(look: &mut Look<'_>, raw: &Value) -> Session {
    const AT: &str = "sessionControls";
    let session = match look.object(raw, "", AT) {
        Ok(Some(session)) => session,
        Ok(None) => return Session::default(),
        Err(()) => return Session { unread: vec![AT.into()], ..Session::default() },
    };
    let mut unread = Vec::new();
    // A control that is there is on, unless it says that it is off.
    let mut on = |key: &str| match look.object(session, AT, key) {
        Ok(Some(control)) => {
            says_something(control) && look.flag(control, &join(AT, key), "isEnabled") != Some(false)
        }
        Ok(None) => false,
        Err(()) => {
            unread.push(join(AT, key));
            false
        }
    };
    let sign_in_frequency = on("signInFrequency");
    let (cloud_app_security, token_protection) = (on("cloudAppSecurity"), on("secureSignInSession"));
    let global_secure_access = on("globalSecureAccessFilteringProfile");
    let evaluation = on("continuousAccessEvaluation");
    // These lock nobody out of a portal (SE-2), and are looked at only so that they are known.
    let _harmless = (on("persistentBrowser"), on("applicationEnforcedRestrictions"));
    let mode =
        session.pointer("/continuousAccessEvaluation/mode").and_then(Value::as_str).unwrap_or_default();
    let interval =
        session.pointer("/signInFrequency/frequencyInterval").and_then(Value::as_str).unwrap_or_default();
    let known = [
        "signInFrequency",
        "cloudAppSecurity",
        "secureSignInSession",
        "globalSecureAccessFilteringProfile",
        "continuousAccessEvaluation",
        "persistentBrowser",
        "applicationEnforcedRestrictions",
        "disableResilienceDefaults",
        "id",
    ];
    unread.extend(look.unknown_keys(session, AT, &known));
    Session {
        every_time: sign_in_frequency && interval.eq_ignore_ascii_case("everyTime"),
        sign_in_frequency,
        cloud_app_security,
        token_protection,
        strict_location: evaluation && !mode.eq_ignore_ascii_case("disabled"),
        no_resilience: look.flag(session, AT, "disableResilienceDefaults") == Some(true),
        global_secure_access,
        unread,
    }
}
