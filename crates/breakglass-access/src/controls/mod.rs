//! Can what a policy demands be met? Grant controls (CONDITIONAL_ACCESS 1.7) and the session controls that lock (1.8).
//!
//! Nothing here asks whether the policy applies; that is `conditions`.

mod device;
mod session;
mod strength;

pub use strength::{mfa, one_certificate, strength};

use breakglass_model::Tri;
use breakglass_model::sign_in::{ClientApp, Flow, Machine, Platform, UserAction};
use breakglass_model::view::{Capabilities, Control, Operator, Policy, TenantView};
use jiff::Timestamp;

/// From when `approvedApplication` counts as if it was not selected (G-11).
pub const APPROVED_APPLICATION_ENDS: &str = "2026-04-01T00:00:00Z";
/// From when nobody can say whether custom controls still work (G-17).
pub const CUSTOM_CONTROLS_END: &str = "2027-01-01T00:00:00Z";

/// What somebody has at hand to meet demands.
#[derive(Clone, Debug)]
pub struct Means {
    /// What the account can show, less what a scenario broke.
    pub capabilities: Capabilities,
    /// The machine.
    pub machine: Machine,
    /// Its platform.
    pub platform: Option<Platform>,
    /// The kind of client.
    pub client_app: Option<ClientApp>,
    /// How the sign-in is carried.
    pub flow: Flow,
    /// A user action that the sign-in is for.
    pub user_action: Option<UserAction>,
    /// Whether the account is a guest.
    pub guest: Tri,
    /// What a scenario broke beside the capabilities.
    pub broken: Broken,
}

/// What a scenario broke.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Broken {
    /// The state of devices cannot be had: compliance, app protection (L-27).
    pub device_compliance: bool,
    /// The terms of use service is down.
    pub terms_of_use: bool,
    /// Entra itself is in an outage (SE-6).
    pub entra: bool,
}

impl Means {
    /// Means of which only the capabilities are known, in a fresh sign-in.
    #[must_use]
    pub fn new(capabilities: Capabilities) -> Self {
        Self {
            capabilities,
            machine: Machine::NotTold,
            platform: None,
            client_app: None,
            flow: Flow::PLAIN,
            user_action: None,
            guest: Tri::No,
            broken: Broken::default(),
        }
    }
}

/// Whether everything that the policy demands can be met: its grant controls, and its session controls survived.
#[must_use]
pub fn satisfiable(view: &TenantView, policy: &Policy, means: &Means) -> Tri {
    grant(view, policy, means).and(session::survivable(policy, means))
}

/// Whether the session controls of a policy leave a session (1.8).
#[must_use]
pub fn session(policy: &Policy, means: &Means) -> Tri {
    session::survivable(policy, means)
}

/// The controls that count at a date: a retired one is as if it was not selected.
pub fn controls_at(policy: &Policy, at: Timestamp) -> impl Iterator<Item = &Control> {
    let retired = reached(APPROVED_APPLICATION_ENDS, at);
    policy.grant.controls.iter().filter(move |c| !(retired && **c == Control::ApprovedApplication))
}

fn reached(date: &str, at: Timestamp) -> bool {
    date.parse::<Timestamp>().is_ok_and(|date| at >= date)
}

/// Whether the policy blocks. Unknown when a control is not understood and no other can stand for it.
#[must_use]
pub fn blocks(policy: &Policy, at: Timestamp) -> Tri {
    let (mut unread, mut other) = (false, false);
    for control in controls_at(policy, at) {
        match control {
            Control::Block => return Tri::Yes,
            Control::Unread(_) => unread = true,
            _ => other = true,
        }
    }
    if unread && !(other && policy.grant.operator == Operator::Or) { Tri::Unknown } else { Tri::No }
}

/// Whether the grant controls can be met.
#[must_use]
pub fn grant(view: &TenantView, policy: &Policy, means: &Means) -> Tri {
    let at = view.settings.as_of;
    if blocks(policy, at).is_yes() {
        return Tri::No;
    }
    let each: Vec<Tri> = controls_at(policy, at).map(|c| control(view, policy, c, means)).collect();
    let (all, any) = (Tri::all(each.iter().copied()), Tri::any(each.iter().copied()));
    match policy.grant.operator {
        _ if each.is_empty() => Tri::Yes,
        Operator::And => all,
        Operator::Or => any,
        Operator::Unread(_) if all == any => all,
        Operator::Unread(_) => Tri::Unknown,
    }
}

/// Whether one control of a policy can be met.
#[must_use]
pub fn control(view: &TenantView, policy: &Policy, control: &Control, means: &Means) -> Tri {
    if let Control::Unread(_) = control {
        return Tri::Unknown;
    }
    // Legacy clients can do none of it (C-2).
    let modern = match means.client_app {
        Some(ClientApp::Browser | ClientApp::MobileAppsAndDesktop) => Tri::Yes,
        Some(ClientApp::ExchangeActiveSync | ClientApp::EasSupported | ClientApp::Other) => Tri::No,
        None => Tri::Unknown,
    };
    let capabilities = &means.capabilities;
    let met = match control {
        Control::Block | Control::Unread(_) => Tri::No,
        Control::Mfa => mfa(view, capabilities),
        Control::Strength(id) => {
            let met = strength(view, id, capabilities);
            if replaced(policy, means) { met.or(Tri::Unknown) } else { met }
        }
        Control::CompliantDevice => device::compliant(means),
        Control::DomainJoinedDevice => device::hybrid_joined(means),
        Control::ApprovedApplication | Control::CompliantApplication => device::protected_application(means),
        Control::PasswordChange => password_change(capabilities),
        Control::RiskRemediation => risk_remediation(view, policy, means),
        Control::TermsOfUse(id) => terms(id, means),
        Control::Custom(id) => {
            let enrolled = capabilities.custom_controls.as_ref().map(|c| c.contains(id));
            let met = Tri::from(enrolled);
            if reached(CUSTOM_CONTROLS_END, view.settings.as_of) { met.and(Tri::Unknown) } else { met }
        }
    };
    modern.and(met)
}

/// In interrupt mode, strengths on the registration of security information replace those on everything (G-12). Whether
/// it is interrupt mode, nobody knows here.
fn replaced(policy: &Policy, means: &Means) -> bool {
    means.user_action == Some(UserAction::RegisterSecurityInfo)
        && policy.conditions.target.user_actions.is_empty()
}

/// MFA must be registered before, and there must be a password to change (G-14).
fn password_change(capabilities: &Capabilities) -> Tri {
    let password = match capabilities.has("password") {
        Tri::Yes => Tri::Yes,
        // Of an account without a password nobody says what happens.
        Tri::No | Tri::Unknown => Tri::Unknown,
    };
    capabilities.mfa_registered.and(capabilities.can_change_password).and(password)
}

/// Remediation is a strength and a fresh sign-in (G-15).
fn risk_remediation(view: &TenantView, policy: &Policy, means: &Means) -> Tri {
    let strengths = policy.grant.controls.iter().filter_map(|c| match c {
        Control::Strength(id) => Some(strength(view, id, &means.capabilities)),
        _ => None,
    });
    let strengths: Vec<Tri> = strengths.collect();
    let met = if strengths.is_empty() { Tri::Unknown } else { Tri::all(strengths) };
    if means.guest.is_no() { met } else { met.and(Tri::Unknown) }
}

/// Accepted before, or to be accepted in a browser (G-16).
fn terms(id: &breakglass_model::ObjectId, means: &Means) -> Tri {
    let capabilities = &means.capabilities;
    let accepted = Tri::from(capabilities.terms_accepted.as_ref().map(|t| t.contains(id)));
    let browser = match means.client_app {
        Some(ClientApp::Browser) => Tri::Yes,
        _ => Tri::Unknown,
    };
    let service = Tri::from(!means.broken.terms_of_use);
    accepted.or(capabilities.can_accept_terms.and(browser).and(service))
}
