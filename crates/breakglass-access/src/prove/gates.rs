//! The gates outside Conditional Access (CONDITIONAL_ACCESS section 2), and the tokens that a road needs.

use super::ground::Ground;
use super::roads::{Action, Road};
use super::sample::TokenFor;
use super::scenario::Effects;
use super::standing::Standing;
use breakglass_model::view::{AssignmentKind, Member, PolicyState, TenantView};
use breakglass_model::{ObjectId, Tri};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;

/// A gate, in the order in which they are passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// The account exists and is enabled (G0).
    Account,
    /// A sign-in can begin (G1).
    PrimaryAuthentication,
    /// Security defaults and per-user MFA are met (G3).
    SecurityDefaults,
    /// Microsoft's own demand for MFA on the road is met (G4).
    MandatoryMfa,
    /// The role is held, or can be activated (G5).
    RoleActivation,
    /// The client can answer what a protected action asks (G6).
    ProtectedAction,
    /// The licence allows the action (G6).
    Licence,
    /// There is a road at all (G7).
    Service,
}

impl Gate {
    /// The name in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::PrimaryAuthentication => "primary-authentication",
            Self::SecurityDefaults => "security-defaults",
            Self::MandatoryMfa => "mandatory-mfa",
            Self::RoleActivation => "role-activation",
            Self::ProtectedAction => "protected-action",
            Self::Licence => "licence",
            Self::Service => "service",
        }
    }

    /// What is wrong when it is closed, for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Account => "the account is gone or disabled",
            Self::PrimaryAuthentication => "no first factor works",
            Self::SecurityDefaults => "security defaults or per-user MFA demand MFA, and no MFA method works",
            Self::MandatoryMfa => {
                "Microsoft demands MFA on this road whatever the policies say, and no MFA method works"
            }
            Self::RoleActivation => "the role is not held and cannot be activated",
            Self::ProtectedAction => "the action is protected and no client at hand can answer the challenge",
            Self::Licence => "licences have expired, so policies cannot be changed (they can be deleted)",
            Self::Service => "there is no road left",
        }
    }

    /// What opens it; no exclusion does.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Account => "restore or enable it, and keep another account that does not share the failure",
            Self::PrimaryAuthentication => {
                "register a method that does not depend on what failed: a passkey (FIDO2) on a cloud-only account"
            }
            Self::SecurityDefaults | Self::MandatoryMfa => {
                "register a passkey (FIDO2); exclusions do not help here"
            }
            Self::RoleActivation => "assign the role permanently and active",
            Self::ProtectedAction => {
                "take the context off the action, or use Graph PowerShell or the admin center"
            }
            Self::Licence => "renew the licences, or recover by deleting the policy",
            Self::Service => "keep a second road ready: Graph PowerShell does not need a portal",
        }
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Whether a gate is open, and where that is not known, why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Passage {
    /// Which gate.
    pub gate: Gate,
    /// Whether it is open.
    pub open: Tri,
    /// What would have to be known.
    pub doubt: Option<String>,
}

impl Passage {
    /// The state of a gate; `doubt` is asked only where it is not known.
    pub(super) fn new(gate: Gate, open: Tri, doubt: impl FnOnce() -> String) -> Self {
        Self { gate, open, doubt: open.is_unknown().then(doubt) }
    }
}

/// A token that a road needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// What it is for.
    pub for_what: TokenFor,
    /// Roles that the session has activated by then.
    pub roles: BTreeSet<ObjectId>,
    /// Whether it is needed at all.
    pub needed: Tri,
}

/// A way of holding the role for an action, with the tokens and gates that it brings.
#[derive(Clone, Debug)]
pub(super) struct Role {
    /// The role is there, or can be.
    pub passage: Passage,
    /// The role that is activated, if any.
    activated: Option<ObjectId>,
    /// The context that activating asks for.
    context: Option<String>,
}

impl Role {
    /// The role is there, whatever the tenant says.
    #[must_use]
    pub(super) fn held() -> Self {
        let passage = Passage::new(Gate::RoleActivation, Tri::Yes, String::new);
        Self { passage, activated: None, context: None }
    }
}

impl Token {
    /// The plain token of a road.
    #[must_use]
    pub(super) fn plain(road: &Road) -> Self {
        let for_what = TokenFor { resources: road.audiences.clone(), context: None };
        Self { for_what, roles: BTreeSet::new(), needed: Tri::Yes }
    }
}

/// The ways in which an account can hold a role for the action: now, or by activating one (L-16, L-17).
#[must_use]
pub(super) fn roles(
    ground: &Ground,
    account: &ObjectId,
    action: Action,
    effects: &Effects,
    mfa: Tri,
) -> Vec<Role> {
    let view = &ground.view;
    let wanted: Vec<ObjectId> = action.roles().iter().map(ObjectId::new).collect();
    let held = Tri::any(wanted.iter().map(|role| view.holds_role(account, role)));
    let held = if held.is_no() && holds_own_role(view, account) { Tri::Unknown } else { held };
    let doubt = || "whether it holds a role that allows the action".to_owned();
    let now =
        Role { passage: Passage::new(Gate::RoleActivation, held, doubt), activated: None, context: None };
    if held.is_yes() {
        return vec![now];
    }
    let eligible = wanted.iter().filter(|role| view.eligible_for(account, role).may());
    let mut ways: Vec<Role> = eligible.map(|role| activation(ground, account, role, effects, mfa)).collect();
    if held.may() || ways.is_empty() {
        ways.push(now);
    }
    ways
}

/// Whether the account holds one of the tenant's own roles: what that allows is not read.
fn holds_own_role(view: &TenantView, account: &ObjectId) -> bool {
    view.roles.iter().any(|row| {
        row.custom
            && row.scope == "/"
            && row.kind != AssignmentKind::Eligible
            && (row.principal == *account || view.groups.member(account, &row.principal).may())
    })
}

fn activation(ground: &Ground, account: &ObjectId, role: &ObjectId, effects: &Effects, mfa: Tri) -> Role {
    let view = &ground.view;
    let eligible = view.eligible_for(account, role);
    let Some(rules) = &view.role_management else {
        let doubt = || "what activating the role asks for (`roleManagementPolicies` was not read)".to_owned();
        let open = eligible.and(Tri::Unknown);
        return Role {
            passage: Passage::new(Gate::RoleActivation, open, doubt),
            activated: Some(role.clone()),
            context: None,
        };
    };
    let rule = rules.get(role);
    let approval = rule.map_or(Tri::No, |r| r.approval);
    let wants_mfa = rule.map_or(Tri::No, |r| r.mfa);
    let context = rule.and_then(|r| r.context.clone());
    // Without any policy for the context, PIM falls back to plain MFA; a policy that is off or excludes the account counts.
    let (wants_mfa, context) = match context {
        Some(context) if !any_policy_for(ground, &context, |_| true).may() => (Tri::Yes, None),
        other => (wants_mfa, other),
    };
    let approved = !approval.and(Tri::from(effects.approvers_absent));
    let open = Tri::all([eligible, approved, (!wants_mfa).or(mfa)]);
    Role {
        passage: Passage::new(Gate::RoleActivation, open, || "whether the role can be activated".into()),
        activated: Some(role.clone()),
        context,
    }
}

/// Whether some policy of a state is for an authentication context.
fn any_policy_for(ground: &Ground, context: &str, state: impl Fn(&PolicyState) -> bool) -> Tri {
    let policies = ground.policies.iter().flatten().filter(|p| state(&p.state));
    let named = Tri::any(policies.map(|policy| {
        Tri::any(policy.conditions.target.contexts.iter().map(|member| match member {
            Member::Is(named) => Tri::from(named == context),
            Member::All => Tri::Yes,
            Member::Unread(_) => Tri::Unknown,
        }))
    }));
    if ground.view.policies_missing.is_empty() { named } else { named.or(Tri::Unknown) }
}

/// Every authentication context that a policy is for.
fn contexts_in_use(ground: &Ground) -> BTreeSet<String> {
    let policies = ground.policies.iter().flatten().filter(|p| p.state != PolicyState::Disabled);
    let named = policies.flat_map(|p| &p.conditions.target.contexts);
    named
        .filter_map(|member| match member {
            Member::Is(context) => Some(context.clone()),
            Member::All | Member::Unread(_) => None,
        })
        .collect()
}

/// What is demanded of the action itself: contexts to step up to, each with whether it is.
#[must_use]
pub(super) fn step_ups(ground: &Ground, action: Action) -> Vec<(String, Tri)> {
    match &ground.view.protected_actions {
        Some(protected) => {
            let ours = protected.iter().filter(|p| action.is_protected_by(&p.name));
            let contexts: BTreeSet<String> = ours.filter_map(|p| p.context.clone()).collect();
            contexts.into_iter().map(|context| (context, Tri::Yes)).collect()
        }
        None if action.can_be_protected() => {
            contexts_in_use(ground).into_iter().map(|context| (context, Tri::Unknown)).collect()
        }
        None => Vec::new(),
    }
}

/// The tokens that a road needs for an action, with the role held in a given way (3.2).
#[must_use]
pub(super) fn tokens(road: &Road, role: &Role, step_ups: &[(String, Tri)]) -> Vec<Token> {
    let plain = TokenFor { resources: road.audiences.clone(), context: None };
    let for_context =
        |context: &String| TokenFor { resources: road.audiences.clone(), context: Some(context.clone()) };
    let nothing = BTreeSet::new();
    let mut tokens = vec![Token { for_what: plain.clone(), roles: nothing.clone(), needed: Tri::Yes }];
    let roles: BTreeSet<ObjectId> = role.activated.iter().cloned().collect();
    if role.activated.is_some() {
        // The role that is being activated is not there yet.
        let challenge = role.context.iter().map(|c| (for_context(c), nothing.clone()));
        let after = std::iter::once((plain, roles.clone()));
        tokens.extend(challenge.chain(after).map(|(for_what, roles)| Token {
            for_what,
            roles,
            needed: Tri::Yes,
        }));
    }
    tokens.extend(step_ups.iter().map(|(context, needed)| Token {
        for_what: for_context(context),
        roles: roles.clone(),
        needed: *needed,
    }));
    tokens
}

/// What the gates before the action are asked with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before<'a> {
    /// The tenant.
    pub ground: &'a Ground,
    /// The account.
    pub account: &'a ObjectId,
    /// How it stands.
    pub standing: &'a Standing,
    /// What the scenario does.
    pub effects: &'a Effects,
    /// Whether the account can do MFA.
    pub mfa: Tri,
}

impl Before<'_> {
    /// The gates on one road, in order, the role apart.
    #[must_use]
    pub(super) fn passages(&self, road: &Road, action: Action, step_ups: &[(String, Tri)]) -> Vec<Passage> {
        passages(*self, road, action, step_ups)
    }
}

fn passages(before: Before<'_>, road: &Road, action: Action, step_ups: &[(String, Tri)]) -> Vec<Passage> {
    let Before { ground, account, standing, effects, mfa } = before;
    let view = &ground.view;
    let doubts = || standing.doubts.join("; ");
    let mfa_doubt = |demanded: Tri, by: &str| match demanded {
        Tri::Yes => format!("whether the account can do MFA ({by})"),
        _ if mfa.is_no() => format!("whether {by}"),
        _ => format!("whether {by}, and whether the account can do MFA"),
    };
    let per_user = view.user(account).found().and_then(|u| u.per_user_mfa.clone());
    let per_user = Tri::from(matches!(per_user.as_deref(), Some("enabled" | "enforced")));
    let defaults = view.security_defaults.or(per_user);
    let mandatory = match view.settings.cloud.as_str() {
        "global" => road.mandatory_mfa,
        // Microsoft demands it in the public cloud only; of endpoints of somebody's own nobody knows.
        "custom" => road.mandatory_mfa.and(Tri::Unknown),
        _ => Tri::No,
    };
    let protected = Tri::all(step_ups.iter().map(|(context, demanded)| {
        // Nobody says whether a context without a policy can be met (L-18).
        let met = any_policy_for(ground, context, |state| *state == PolicyState::Enabled).or(Tri::Unknown);
        (!*demanded).or(road.step_up.and(met))
    }));
    let licence = Tri::from(!(effects.licences_expired && action == Action::ManagePolicies));
    vec![
        Passage::new(Gate::Account, standing.account, doubts),
        Passage::new(Gate::PrimaryAuthentication, standing.primary, doubts),
        Passage::new(Gate::SecurityDefaults, (!defaults).or(mfa), || {
            mfa_doubt(defaults, "security defaults or per-user MFA are on (`securityDefaults`)")
        }),
        Passage::new(Gate::MandatoryMfa, (!mandatory).or(mfa), || {
            mfa_doubt(mandatory, "Microsoft demands MFA on this road")
        }),
        Passage::new(Gate::ProtectedAction, protected, || {
            "which authentication context the action demands (`protectedActions`), and whether it can be met"
                .into()
        }),
        Passage::new(Gate::Licence, licence, String::new),
    ]
}
