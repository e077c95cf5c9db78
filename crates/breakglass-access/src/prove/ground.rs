//! A tenant under one scenario, with everything about matching that does not depend on an account.

use super::atoms::{Atoms, Envelope};
use super::bits::Region;
use super::roads::Road;
use super::sample::{RawWorkstation, TokenFor};
use super::scenario::Effects;
use crate::conditions;
use breakglass_model::sign_in::{Flow, Identity, Machine, Property, RiskLevel, Trust};
use breakglass_model::view::{Member, Policy, PolicyState, TenantView};
use breakglass_model::{ObjectId, PolicyId, Tri};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A workstation of the operator.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Workstation {
    /// As the question gives it.
    pub raw: RawWorkstation,
    /// Typed.
    pub machine: Machine,
}

impl Workstation {
    /// The workstation while device compliance is not available: not compliant, and without extension attributes unless
    /// it is hybrid joined (CONDITIONAL_ACCESS 3.8).
    fn without_compliance(&self) -> Self {
        let Machine::Registered(device) = &self.machine else { return self.clone() };
        let mut device = device.clone();
        device.set("isCompliant", Some(Property::Flag(false)));
        let mut raw = self.raw.clone();
        if let Some(map) = raw.device.as_mut().and_then(|d| d.as_object_mut()) {
            map.retain(|key, _| !key.eq_ignore_ascii_case("isCompliant"));
            map.insert("isCompliant".into(), false.into());
            if device.trust() != Some(Trust::Hybrid) {
                map.retain(|key, _| !key.to_ascii_lowercase().starts_with("extensionattribute"));
            }
        }
        if device.trust() != Some(Trust::Hybrid) {
            (1..=15).for_each(|n| device.set(&format!("extensionAttribute{n}"), None));
        }
        Self { raw, machine: Machine::Registered(device) }
    }

    /// In words.
    #[must_use]
    pub(super) fn words(&self) -> String {
        let kind = match &self.machine {
            Machine::NotTold => "a machine of which nothing is told",
            Machine::Unregistered => "an unregistered machine",
            Machine::Registered(_) => "a registered machine",
        };
        match self.raw.platform {
            Some(platform) => format!("{kind} with {platform}"),
            None => kind.to_owned(),
        }
    }
}

/// A tenant as a scenario leaves it.
#[derive(Debug)]
pub(super) struct Ground {
    /// The tenant.
    pub view: TenantView,
    /// Each policy of the whole question that is in this tenant, by its number there; `None` for those that are not.
    pub policies: Vec<Option<Policy>>,
    /// The same with all user exclusions taken out, where there are any.
    lifted: Vec<Option<Policy>>,
    /// The classes of the world.
    pub atoms: Atoms,
    /// Where each policy matches for sure, by number. One more stands for policies that could not be read.
    pub sure: Rc<Vec<Region>>,
    /// Where each may match.
    pub may: Rc<Vec<Region>>,
    /// What the operator may sit at.
    pub workstations: Vec<Workstation>,
    reach: RefCell<BTreeMap<(String, TokenFor, usize), Rc<Vec<Tri>>>>,
}

impl Ground {
    /// Prepares a tenant. `ids` numbers the policies of the whole question.
    #[must_use]
    pub(super) fn new(
        view: TenantView,
        ids: &[PolicyId],
        envelope: &Envelope,
        workstations: &[Workstation],
        effects: &Effects,
    ) -> Self {
        let fixed: Vec<RiskLevel> = effects.user_risk.values().copied().collect();
        let atoms = Atoms::new(&view, envelope, &fixed);
        let policies: Vec<Option<Policy>> = ids.iter().map(|id| view.policy(id).cloned()).collect();
        let nowhere = Region::new(vec![super::bits::Bits::new()]);
        let (mut sure, mut may) = (Vec::new(), Vec::new());
        for policy in &policies {
            let (s, m) =
                policy.as_ref().map_or_else(|| (nowhere.clone(), nowhere.clone()), |p| atoms.boxes(p));
            sure.push(s);
            may.push(m);
        }
        // Policies that could not be read: they match nowhere for sure, and perhaps everywhere.
        let everywhere = atoms.all();
        sure.push(nowhere.clone());
        may.push(if view.policies_missing.is_empty() { nowhere } else { everywhere });
        let lifted = policies.iter().map(|p| p.as_ref().and_then(without_exclusions)).collect();
        let down = effects.compliance_unavailable;
        let workstations =
            workstations.iter().map(|w| if down { w.without_compliance() } else { w.clone() }).collect();
        let (sure, may) = (Rc::new(sure), Rc::new(may));
        Self { view, policies, lifted, atoms, sure, may, workstations, reach: RefCell::default() }
    }

    /// Whether a policy is for an account: as it is, and as it would be without any exclusion.
    #[must_use]
    pub(super) fn users(&self, policy: usize, identity: &Identity) -> (Tri, Tri) {
        let Some(Some(as_it_is)) = self.policies.get(policy) else { return (Tri::No, Tri::No) };
        let answer = conditions::users(&self.view, as_it_is, identity);
        match self.lifted.get(policy) {
            Some(Some(lifted)) => (answer, conditions::users(&self.view, lifted, identity)),
            _ => (answer, answer),
        }
    }

    /// Whether an account is excluded from a policy, by whatever entry.
    #[must_use]
    pub(super) fn excluded(&self, policy: usize, identity: &Identity) -> Tri {
        let Some(Some(policy)) = self.policies.get(policy) else { return Tri::No };
        if policy.conditions.users.exclude.is_empty() {
            return Tri::No;
        }
        let mut everyone = policy.clone();
        everyone.conditions.users.include = vec![Member::All];
        everyone.conditions.workload = None;
        !conditions::users(&self.view, &everyone, identity)
    }

    /// For each policy whether it acts on a token of a road at a workstation, users and environment aside.
    #[must_use]
    pub(super) fn reach(&self, road: &Road, token: &TokenFor, workstation: usize) -> Rc<Vec<Tri>> {
        let key = (road.id.clone(), token.clone(), workstation);
        if let Some(known) = self.reach.borrow().get(&key) {
            return Rc::clone(known);
        }
        let station = self.workstations.get(workstation);
        let request = token.request(road);
        // A person's sign-in: the condition on service principals needs to know no more.
        let person = Identity::user(ObjectId::new("person"));
        let answer = |policy: &Policy| {
            if policy.state == PolicyState::Disabled {
                return Tri::No;
            }
            let Some(station) = station else { return Tri::Unknown };
            let on_target = policy.enforced().and(conditions::target(&self.view, policy, &request));
            if on_target.is_no() {
                return Tri::No;
            }
            Tri::all([
                on_target,
                conditions::client_app(policy, road.client_app),
                conditions::platform(policy, station.raw.platform),
                conditions::flow(policy, Flow::PLAIN),
                conditions::device(policy, &station.machine, Flow::PLAIN),
                conditions::service_principal_risk(policy, &person, None),
                conditions::unread(policy),
            ])
        };
        let answers = self.policies.iter().map(|p| p.as_ref().map_or(Tri::No, answer)).collect();
        let answers = Rc::new(answers);
        self.reach.borrow_mut().insert(key, Rc::clone(&answers));
        answers
    }

    /// The name of a policy, else its id.
    #[must_use]
    pub(super) fn policy_name(&self, policy: usize) -> String {
        match self.policies.get(policy) {
            Some(Some(p)) if p.name.is_empty() => p.id.to_string(),
            Some(Some(p)) => p.name.clone(),
            _ => "policies that could not be read".into(),
        }
    }
}

fn without_exclusions(policy: &Policy) -> Option<Policy> {
    if policy.conditions.users.exclude.is_empty() {
        return None;
    }
    let mut lifted = policy.clone();
    lifted.conditions.users.exclude.clear();
    Some(lifted)
}
