//! What stands before a session: the password, the passkey, the policies, and what no exclusion helps against.

use crate::caller::Audience;
use crate::decide::{
    Attempt, Baseline, Device, GRAPH, Holds, Judged, MANAGEMENT, PORTAL, Proofs, Scopes, Settings, Unmet,
    decide,
};
use crate::state::hidden::{Client, Lockout, Passkey};
use crate::state::{State, text};
use jiff::SignedDuration;
use serde_json::Value;

/// Wrong passwords in a row before an account is locked, and for how long at first (L-3).
const TRIES: u32 = 10;
const LOCKED: SignedDuration = SignedDuration::from_secs(60);

/// Who wants a token for what, and how.
pub(crate) struct Context<'a> {
    pub(crate) client: &'a Client,
    /// Object id.
    pub(crate) user: &'a str,
    pub(crate) service: Audience,
    pub(crate) scopes: Scopes,
    pub(crate) user_agent: &'a str,
    /// The flow of this request, and of the one that began the session.
    pub(crate) flow: &'static str,
    pub(crate) tracked: &'static str,
    /// The client asks for multifactor authentication by itself, because a resource asked it.
    pub(crate) strong: bool,
}

/// What the policies and the platform say to a sign-in with the methods that were used so far.
#[derive(Clone, Debug)]
pub(crate) struct Ruling {
    pub(crate) judged: Vec<Judged>,
    /// By policy, in the same order: whether what was shown meets it.
    pub(crate) met: Vec<Holds>,
    /// The number of the refusal; none when the session may begin.
    pub(crate) refusal: Option<u32>,
    /// More authentication would not help.
    pub(crate) blocked: bool,
}

/// Checks a password (the federated provider's, for users of a federated domain). Gives the method's name.
///
/// # Errors
/// The number of the refusal.
pub(crate) fn password(state: &mut State, user: &str, typed: &str) -> Result<&'static str, u32> {
    let now = state.now();
    let Some(object) = state.directory.users.get(user) else { return Err(50_034) };
    let enabled = object.get("accountEnabled") != Some(&Value::Bool(false));
    let domain = domain(state, object);
    let federated = domain.and_then(|d| text(d, "authenticationType")) == Some("Federated");
    let validity = domain.and_then(|d| d.get("passwordValidityPeriodInDays")).and_then(Value::as_i64);
    let never = text(object, "passwordPolicies").is_some_and(|p| p.contains("DisablePasswordExpiration"));
    let validity = validity.filter(|days| !never && *days < i64::from(i32::MAX));
    if federated && state.faults.is_out("federation") {
        return Err(50_107);
    }
    let key = user.to_ascii_lowercase();
    let lockout = state.hidden.lockouts.entry(key.clone()).or_default();
    if lockout.until.is_some_and(|until| until > now) {
        return Err(50_053);
    }
    let kept = state.hidden.passwords.get(&key);
    if kept.is_none_or(|p| p.clear != typed) {
        lockout.wrong += 1;
        if lockout.wrong >= TRIES {
            let longer = 1_i32 << (lockout.wrong - TRIES).min(10);
            lockout.until = Some(crate::state::clock::add(now, LOCKED.saturating_mul(longer)));
        }
        return Err(50_126);
    }
    *lockout = Lockout::default();
    match kept {
        _ if !enabled => Err(50_057),
        Some(p) if p.must_change => Err(50_055),
        // L-2: old enough to have expired.
        Some(p) if validity.is_some_and(|days| now.duration_since(p.changed_at).as_hours() >= days * 24) => {
            Err(50_055)
        }
        _ if federated => Ok("federatedSingleFactor"),
        _ => Ok("password"),
    }
}

/// Whether a passkey may be used by its user now.
///
/// # Errors
/// The number of the refusal.
pub(crate) fn passkey(state: &State, key: &Passkey) -> Result<(), u32> {
    let Some(object) = state.directory.users.get(&key.user) else { return Err(50_034) };
    if !allows_passkey(state, &key.user, &key.aaguid) {
        return Err(135_016);
    }
    if object.get("accountEnabled") == Some(&Value::Bool(false)) { Err(50_057) } else { Ok(()) }
}

/// The passkeys of a user that the authentication methods policy lets through.
pub(crate) fn passkeys<'a>(state: &'a State, user: &'a str) -> impl Iterator<Item = &'a Passkey> {
    let own = state.hidden.passkeys.iter().filter(move |k| k.user.eq_ignore_ascii_case(user));
    own.filter(|k| allows_passkey(state, &k.user, &k.aaguid))
}

/// L-6: the policy acts on registered keys too. A tenant without the policy has no such limits.
fn allows_passkey(state: &State, user: &str, aaguid: &str) -> bool {
    let configurations = state.directory.methods_policy.get("authenticationMethodConfigurations");
    let configurations = configurations.and_then(Value::as_array);
    let Some(fido2) = configurations
        .into_iter()
        .flatten()
        .find(|c| text(c, "id").is_some_and(|id| id.eq_ignore_ascii_case("fido2")))
    else {
        return configurations.is_none();
    };
    if text(fido2, "state") != Some("enabled") {
        return false;
    }
    let groups = state.directory.groups_of(user);
    let targeted = |list: &str| {
        let targets = fido2.get(list).and_then(Value::as_array);
        targets.map(|all| {
            all.iter().filter_map(|t| text(t, "id")).any(|id| {
                id.eq_ignore_ascii_case("all_users")
                    || id.eq_ignore_ascii_case(user)
                    || groups.contains(&id.to_ascii_lowercase())
            })
        })
    };
    if targeted("includeTargets") == Some(false) || targeted("excludeTargets") == Some(true) {
        return false;
    }
    let Some(restrictions) =
        fido2.get("keyRestrictions").filter(|r| r.get("isEnforced") == Some(&Value::Bool(true)))
    else {
        return true;
    };
    let listed = restrictions.get("aaGuids").and_then(Value::as_array).into_iter().flatten();
    let listed = listed.filter_map(Value::as_str).any(|a| a.eq_ignore_ascii_case(aaguid));
    listed != text(restrictions, "enforcementType").is_some_and(|t| t.eq_ignore_ascii_case("block"))
}

/// The domain of a user's name.
fn domain<'a>(state: &'a State, user: &Value) -> Option<&'a Value> {
    let upn = text(user, "userPrincipalName").unwrap_or_default();
    state.directory.domains.get(upn.rsplit_once('@').map_or("", |(_, domain)| domain))
}

/// Asks the policies, then what no exclusion helps against: security defaults, per-user MFA, mandatory MFA (L-11 to L-13).
pub(crate) fn rule(state: &State, context: &Context<'_>, methods: &[String], aaguid: Option<&str>) -> Ruling {
    let attempt = attempt(state, context);
    let settings =
        Settings { as_of: state.now(), baseline: Baseline::Enforced, mfa_trusted_ips: Some(Vec::new()) };
    let judged = decide(&state.directory, &settings, &attempt);
    let proofs = Proofs {
        methods: methods.to_vec(),
        aaguids: aaguid.map(str::to_owned).into_iter().collect(),
        terms: context.client.browser,
        mfa_registered: passkeys(state, context.user).next().is_some(),
        ..Proofs::default()
    };
    let met: Vec<Holds> = judged.iter().map(|j| j.grant.met(&state.directory, &attempt, &proofs)).collect();
    let failing = |with_block: bool| {
        judged
            .iter()
            .zip(&met)
            .find(|(j, met)| j.is_enforced() && **met != Holds::Yes && j.grant.blocks() == with_block)
    };
    let no_method = if passkeys(state, context.user).next().is_some() { 50_074 } else { 50_079 };
    let mut ruling = Ruling { refusal: None, blocked: false, judged: judged.clone(), met: met.clone() };
    if context.client.app_id == PORTAL && state.faults.is_out("portal") {
        (ruling.refusal, ruling.blocked) = (Some(90_033), true);
    } else if let Some((judged, _)) = failing(true).or_else(|| failing(false)) {
        let unmet = judged.grant.unmet(&state.directory, &attempt, &proofs);
        ruling.blocked = unmet != Unmet::Authentication;
        ruling.refusal = Some(match unmet {
            Unmet::CompliantDevice => 53_000,
            Unmet::DomainJoinedDevice => 53_001,
            Unmet::App => 53_002,
            Unmet::Authentication => no_method,
            Unmet::Blocked | Unmet::Other => 53_003,
        });
    } else if wants_mfa(state, context) && !methods.iter().any(|m| m == "fido2") {
        ruling.refusal = Some(no_method);
    }
    ruling
}

/// Multifactor authentication that no exclusion from a policy lifts.
fn wants_mfa(state: &State, context: &Context<'_>) -> bool {
    let is_enabled = |v: &Value| v.get("isEnabled") == Some(&Value::Bool(true));
    let requirements = format!("users/{}/authentication/requirements", context.user.to_ascii_lowercase());
    let per_user = state.directory.singletons.get(&requirements).and_then(|r| text(r, "perUserMfaState"));
    context.strong
        || context.client.app_id == PORTAL
        || per_user.is_some_and(|s| matches!(s, "enabled" | "enforced"))
        || (is_enabled(&state.directory.security_defaults)
            && !state.directory.roles_of(context.user).is_empty())
}

/// The sign-in as the policies see it.
fn attempt(state: &State, context: &Context<'_>) -> Attempt {
    let from = &state.client_context;
    let user = state.directory.users.get(context.user);
    let fact = |text: &str| Some(text.to_owned());
    let mut resources = vec![
        match context.service {
            Audience::Graph => GRAPH,
            Audience::Arm => MANAGEMENT,
        }
        .to_owned(),
    ];
    if context.client.app_id == PORTAL {
        // The portal asks for all of these before it shows anything (1.4a).
        resources.extend([PORTAL, MANAGEMENT, GRAPH].map(str::to_owned));
    }
    if !context.client.public {
        resources.push(context.client.app_id.clone());
    }
    Attempt {
        user: context.user.to_owned(),
        external: fact(user.map_or("none", external_type)),
        external_tenant: None,
        resources,
        user_action: None,
        contexts: Vec::new(),
        scopes: context.scopes,
        client: Some(context.client.app_id.clone()),
        confidential: !context.client.public,
        client_app: fact(if context.client.browser { "browser" } else { "mobileAppsAndDesktopClients" }),
        platform: Some(from.platform.clone().unwrap_or_else(|| platform(context.user_agent).to_owned())),
        ip: Some(from.ip.clone()),
        country: Some(from.country.clone()),
        sign_in_risk: Some(from.sign_in_risk.clone()),
        user_risk: Some(from.user_risk.clone()),
        insider_risk: Some(from.insider_risk.clone()),
        compliant_network: Some(from.compliant_network),
        device: Device::Unregistered,
        flow: fact(context.flow),
        tracked: fact(context.tracked),
    }
}

/// U-7, from what the directory says of a user.
fn external_type(user: &Value) -> &'static str {
    let invited = text(user, "userPrincipalName").is_some_and(|upn| upn.contains("#EXT#"));
    let guest = text(user, "userType") == Some("Guest");
    match (invited, guest) {
        (true, true) => "b2bCollaborationGuest",
        (true, false) => "b2bCollaborationMember",
        (false, true) => "internalGuest",
        (false, false) => "none",
    }
}

/// C-3: the platform that a user agent claims; `unknown` for what Entra would not recognise.
pub(crate) fn platform(user_agent: &str) -> &'static str {
    let has = |part: &str| user_agent.contains(part);
    if has("CrOS") {
        "unknown"
    } else if has("Android") {
        "android"
    } else if has("iPhone") || has("iPad") {
        "iOS"
    } else if has("Windows Phone") {
        "windowsPhone"
    } else if has("Windows") {
        "windows"
    } else if has("Macintosh") || has("Mac OS X") {
        "macOS"
    } else if has("Linux") || has("X11") {
        "linux"
    } else {
        "unknown"
    }
}
