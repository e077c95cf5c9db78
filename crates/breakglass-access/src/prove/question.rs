//! What is asked: which accounts, which actions, from where, under which scenarios.

use super::atoms::Envelope;
use super::ground::Workstation;
use super::roads::{self, Action, Road};
use super::sample::RawWorkstation;
use super::scenario::{self, Scenario, What};
use breakglass_model::ObjectId;
use breakglass_model::sign_in::{Machine, Platform};
use jiff::Timestamp;
use serde_json::Value;
use std::rc::Rc;

/// An account by name and id. The id may be one that the tenant has not given yet (`planned:ea-01`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRef {
    /// Name, for people.
    pub name: String,
    /// Object id.
    pub id: ObjectId,
}

/// The roads to consider.
#[derive(Clone, Debug)]
pub(super) enum Roads {
    /// The built-in ones of each action.
    BuiltIn,
    /// These.
    Listed(Vec<Road>),
}

/// A question to the prover.
#[derive(Clone, Debug)]
pub struct Question {
    pub(super) accounts: Vec<AccountRef>,
    pub(super) required: usize,
    pub(super) actions: Vec<Action>,
    pub(super) roads: Roads,
    pub(super) envelope: Envelope,
    pub(super) workstations: Vec<Workstation>,
    /// Whichever workstation is at hand must do; else the operator chooses among them.
    pub(super) every_workstation: bool,
    pub(super) scenarios: Vec<Scenario>,
}

impl Question {
    /// Can at least `required` of the accounts change Conditional Access policies and elevate access to Azure, whatever
    /// the world does, from an unregistered machine with Windows, macOS or Linux, whichever is at hand, in every built-in
    /// scenario?
    #[must_use]
    pub fn for_accounts(accounts: Vec<AccountRef>, required: usize) -> Self {
        let unregistered = |platform| Workstation {
            raw: RawWorkstation { platform: Some(platform), device: Some(Value::Null) },
            machine: Machine::Unregistered,
        };
        Self {
            accounts,
            required: required.max(1),
            actions: vec![Action::ManagePolicies, Action::ElevateAccess],
            roads: Roads::BuiltIn,
            envelope: Envelope::Everywhere,
            workstations: [Platform::Windows, Platform::MacOs, Platform::Linux].map(unregistered).to_vec(),
            every_workstation: true,
            scenarios: scenario::built_in(),
        }
    }

    /// Asks for more scenarios: each a name for people and the built-in ones that happen together.
    #[must_use]
    pub fn with_scenarios(mut self, scenarios: &[(String, Vec<String>)]) -> Self {
        let own = scenarios
            .iter()
            .map(|(name, effects)| Scenario { name: name.clone(), what: What::BuiltIn(effects.clone()) });
        self.scenarios.extend(own);
        self
    }

    /// Asks for every pair of built-in scenarios as well (CONDITIONAL_ACCESS 3.8: pairs are the second page).
    #[must_use]
    pub fn with_pairs(mut self) -> Self {
        let names = breakglass_model::design::SCENARIO_EFFECTS;
        for (i, one) in names.iter().enumerate() {
            for other in names.iter().skip(i + 1) {
                self.scenarios.push(Scenario {
                    name: format!("{one} and {other}"),
                    what: What::BuiltIn(vec![(*one).into(), (*other).into()]),
                });
            }
        }
        self
    }

    /// The scenarios that are asked about, by name.
    pub fn scenario_names(&self) -> impl Iterator<Item = &str> {
        self.scenarios.iter().map(|s| s.name.as_str())
    }

    pub(super) fn roads(&self, action: Action, at: Timestamp) -> Rc<Vec<Road>> {
        Rc::new(match &self.roads {
            Roads::BuiltIn => roads::built_in(action, at),
            Roads::Listed(roads) => roads.clone(),
        })
    }

    pub(super) fn named_accounts(&self) -> Vec<(String, ObjectId)> {
        self.accounts.iter().map(|a| (a.name.clone(), a.id.clone())).collect()
    }
}
