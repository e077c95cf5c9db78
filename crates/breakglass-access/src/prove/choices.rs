//! The ways in: road, workstation and role, each with its gates and with what closes it (CONDITIONAL_ACCESS 3.2).

use super::gates::{self, Passage, Token};
use super::ground::Ground;
use super::roads::{Action, Road};
use super::scenario::Effects;
use super::standing::Standing;
use crate::controls::{self, Broken, Means};
use breakglass_model::sign_in::{ExternalKind, Identity, UserIdentity};
use breakglass_model::{ObjectId, Tri};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// One way in.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    /// Position of the road in the list of the action.
    pub road: usize,
    /// Position of the workstation.
    pub workstation: usize,
    /// The gates, in order.
    pub passages: Vec<Passage>,
    /// The tokens.
    pub tokens: Vec<Token>,
    /// For each policy whether it closes this way wherever it matches.
    pub kills: Vec<Tri>,
    /// The same if the account were excluded from nothing.
    pub lifted: Vec<Tri>,
    /// Whether one certificate does for all policies then (G-7).
    pub lifted_open: Tri,
}

impl Choice {
    /// Whether all gates are open.
    #[must_use]
    pub(super) fn open(&self) -> Tri {
        Tri::all(self.passages.iter().map(|p| p.open))
    }
}

/// An account under a scenario.
#[derive(Debug)]
pub(super) struct Candidate<'a> {
    /// The tenant.
    pub ground: &'a Ground,
    /// What the scenario does.
    pub effects: &'a Effects,
    /// Its id.
    pub id: ObjectId,
    /// Roles that it is taken to hold although the tenant does not say so: judging policies before it exists.
    pub supposed_roles: BTreeSet<ObjectId>,
    /// How it stands.
    pub standing: Standing,
    met: RefCell<BTreeMap<(usize, Option<breakglass_model::sign_in::ClientApp>, usize), Tri>>,
}

impl<'a> Candidate<'a> {
    /// An account under a scenario.
    #[must_use]
    pub(super) fn new(ground: &'a Ground, effects: &'a Effects, id: &ObjectId) -> Self {
        Self {
            ground,
            effects,
            id: id.clone(),
            supposed_roles: BTreeSet::new(),
            standing: Standing::of(&ground.view, id, effects),
            met: RefCell::default(),
        }
    }

    /// An account that does not exist yet, as it will be made.
    #[must_use]
    pub(super) fn planned(ground: &'a Ground, effects: &'a Effects, id: &ObjectId) -> Self {
        let standing = Standing::planned(&ground.view, id, effects);
        Self { standing, ..Self::new(ground, effects, id) }
    }

    /// The account as it asks for a token without anything activated.
    #[must_use]
    pub(super) fn plain_identity(&self) -> Identity {
        self.with_roles(self.supposed_roles.clone())
    }

    fn with_roles(&self, activated_roles: BTreeSet<ObjectId>) -> Identity {
        Identity::User(UserIdentity {
            id: self.id.clone(),
            external: None,
            external_tenant: None,
            activated_roles,
        })
    }

    /// The account as it asks for a token.
    #[must_use]
    pub(super) fn identity(&self, token: &Token) -> Identity {
        self.with_roles(token.roles.iter().chain(&self.supposed_roles).cloned().collect())
    }

    /// What it has at hand on a road at a workstation.
    #[must_use]
    pub(super) fn means(&self, road: &Road, workstation: usize) -> Means {
        let station = self.ground.workstations.get(workstation);
        let external = self.ground.view.user(&self.id).found().and_then(|u| u.external);
        Means {
            machine: station.map(|w| w.machine.clone()).unwrap_or_default(),
            platform: station.and_then(|w| w.raw.platform),
            client_app: road.client_app,
            guest: Tri::from(external.map(|kind| kind != ExternalKind::None)),
            broken: Broken { device_compliance: self.effects.compliance_unavailable, ..Broken::default() },
            ..Means::new(self.standing.capabilities.clone())
        }
    }

    /// Whether the account can meet what a policy demands.
    #[must_use]
    pub(super) fn can_meet(&self, policy: usize, road: &Road, workstation: usize) -> Tri {
        let key = (policy, road.client_app, workstation);
        if let Some(known) = self.met.borrow().get(&key) {
            return *known;
        }
        let met = match self.ground.policies.get(policy) {
            Some(Some(p)) => controls::satisfiable(&self.ground.view, p, &self.means(road, workstation)),
            _ => Tri::Yes,
        };
        self.met.borrow_mut().insert(key, met);
        met
    }

    /// Every way to an action.
    #[must_use]
    pub(super) fn choices(&self, action: Action, roads: &[Road]) -> Vec<Choice> {
        let mfa = controls::mfa(&self.ground.view, &self.standing.capabilities);
        let mut ways = gates::roles(self.ground, &self.id, action, self.effects, mfa);
        if action.roles().iter().any(|r| self.supposed_roles.contains(&ObjectId::new(r))) {
            ways = vec![gates::Role::held()];
        }
        let step_ups = gates::step_ups(self.ground, action);
        let mut choices = Vec::new();
        for (r, road) in roads.iter().enumerate() {
            if self.effects.portals_down && road.is_portal {
                continue;
            }
            let before = gates::Before {
                ground: self.ground,
                account: &self.id,
                standing: &self.standing,
                effects: self.effects,
                mfa,
            };
            let common = before.passages(road, action, &step_ups);
            for role in &ways {
                let tokens = gates::tokens(road, role, &step_ups);
                for workstation in 0..self.ground.workstations.len() {
                    let (kills, lifted) = self.kills(road, workstation, &tokens);
                    let mut passages = common.clone();
                    passages.push(role.passage.clone());
                    let (certificate, lifted_open) = self.one_certificate(road, workstation);
                    passages.extend(certificate);
                    passages.sort_by_key(|p| p.gate);
                    choices.push(Choice {
                        road: r,
                        workstation,
                        passages,
                        tokens: tokens.clone(),
                        kills,
                        lifted,
                        lifted_open,
                    });
                }
            }
        }
        choices
    }

    /// For each policy whether it closes the way, as it is and without the account's exclusions.
    fn kills(&self, road: &Road, workstation: usize, tokens: &[Token]) -> (Vec<Tri>, Vec<Tri>) {
        let count = self.ground.policies.len();
        let (mut kills, mut lifted) = (vec![Tri::No; count], vec![Tri::No; count]);
        for token in tokens {
            let identity = self.identity(token);
            let reach = self.ground.reach(road, &token.for_what, workstation);
            let slots = kills.iter_mut().zip(&mut lifted).zip(reach.iter());
            for (policy, ((kill, lift), reaches)) in slots.enumerate() {
                let reaches = reaches.and(token.needed);
                if reaches.is_no() || (kill.is_yes() && lift.is_yes()) {
                    continue;
                }
                let (as_it_is, without) = self.ground.users(policy, &identity);
                if as_it_is.is_no() && without.is_no() {
                    continue;
                }
                let closes = reaches.and(!self.can_meet(policy, road, workstation));
                *kill = kill.or(as_it_is.and(closes));
                *lift = lift.or(without.and(closes));
            }
        }
        // Policies that could not be read may do anything.
        let unread = if self.ground.view.policies_missing.is_empty() { Tri::No } else { Tri::Unknown };
        kills.push(unread);
        lifted.push(unread);
        (kills, lifted)
    }

    /// Two certificate restrictions in one session: the one place where policies do not stand alone (G-7). As it is, and
    /// without the account's exclusions.
    fn one_certificate(&self, road: &Road, workstation: usize) -> (Option<Passage>, Tri) {
        let token = Token::plain(road);
        let identity = self.identity(&token);
        let reach = self.ground.reach(road, &token.for_what, workstation);
        let means = self.means(road, workstation);
        let open = |pick: fn((Tri, Tri)) -> Tri| {
            let policies = self.ground.policies.iter().zip(reach.iter()).enumerate();
            let may_apply = policies.filter_map(|(n, (policy, reaches))| {
                let policy = policy.as_ref().filter(|_| reaches.may())?;
                pick(self.ground.users(n, &identity)).may().then_some(policy)
            });
            controls::one_certificate(&self.ground.view, may_apply, &means)
        };
        let (as_it_is, lifted) = (open(|u| u.0), open(|u| u.1));
        let passage = Passage::new(gates::Gate::PrimaryAuthentication, as_it_is, || {
            "whether one certificate can meet two restrictions in one sign-in".into()
        });
        ((!as_it_is.is_yes()).then_some(passage), lifted)
    }
}
