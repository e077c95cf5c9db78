//! Counterexamples: who is locked out, when, by what, and a sign-in that shows it.

use super::atoms::Atoms;
use super::choices::{Candidate, Choice};
use super::gates::{Gate, Token};
use super::judge::Trial;
use super::roads::Road;
use super::sample;
use super::search::Lock;
use breakglass_model::Tri;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// One way of being locked out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Counterexample {
    /// Name of the account.
    pub account: String,
    /// Name of the scenario.
    pub scenario: String,
    /// The way in which it happens, in words; empty when there is only one.
    pub when: String,
    /// The recovery action that cannot be reached.
    pub action: String,
    /// Ids of the policies that together close every road; empty when a gate outside Conditional Access does.
    pub policies: Vec<String>,
    /// Their names, by id.
    pub policy_names: BTreeMap<String, String>,
    /// Roads that each policy closes, by id.
    pub closes: BTreeMap<String, Vec<String>>,
    /// The gates that are closed, when no policy is needed.
    pub gates: Vec<Gate>,
    /// In what contexts, in words.
    pub context: String,
    /// Whether it happens in an ordinary context: no risk of any kind.
    pub ordinary: bool,
    /// A sign-in that `evaluate` blocks, or whose demands cannot be met; none for a gate.
    pub sample_sign_in: Option<Value>,
    #[serde(skip)]
    size: usize,
}

impl Counterexample {
    /// Builds the evidence for a lock. `name` is the account's.
    pub(super) fn new(
        name: &str,
        scenario: (&str, &str),
        candidate: &Candidate<'_>,
        trial: &Trial,
        lock: &Lock,
    ) -> Self {
        let ground = candidate.ground;
        let point = ground.atoms.ordinary_point(&lock.region);
        let environment = ground.atoms.at(&point);
        let id = |n: usize| ground.policies.get(n).and_then(Option::as_ref).map(|p| p.id.to_string());
        let killers: Vec<usize> = lock.killers.iter().filter(|n| id(*n).is_some()).collect();
        let open = || trial.choices.iter().filter(|c| c.open().may());
        let closes = killers.iter().filter_map(|n| {
            let mut roads: Vec<String> = open()
                .filter(|c| c.kills.get(*n) == Some(&Tri::Yes))
                .filter_map(|c| trial.roads.get(c.road).map(|r| r.id.clone()))
                .collect();
            roads.dedup();
            Some((id(*n)?, roads))
        });
        let shown = open().find_map(|choice| {
            let (road, token) = shown(candidate, trial, choice, &killers)?;
            let station = ground.workstations.get(choice.workstation)?;
            let capabilities = &candidate.standing.capabilities;
            let sign_in = sample::sign_in(
                &candidate.id,
                road,
                &token.for_what,
                &station.raw,
                &environment,
                capabilities,
            );
            Some((sign_in, format!("{} on {}", road.id, station.words())))
        });
        let region = ground.atoms.describe(&lock.region, &trial.everywhere);
        let (sample_sign_in, context) = match shown {
            Some((sign_in, by)) => {
                (Some(sign_in), format!("{region}; for example {by} from {}", environment.network_in_words()))
            }
            None => (None, "any".to_owned()),
        };
        Self {
            account: name.to_owned(),
            scenario: scenario.0.to_owned(),
            when: scenario.1.to_owned(),
            action: trial.action.name().to_owned(),
            policies: killers.iter().filter_map(|n| id(*n)).collect(),
            policy_names: killers.iter().filter_map(|n| Some((id(*n)?, ground.policy_name(*n)))).collect(),
            closes: closes.collect(),
            gates: if killers.is_empty() { trial.locking_gates() } else { Vec::new() },
            context,
            ordinary: is_ordinary(&ground.atoms, &point),
            sample_sign_in,
            size: lock.region.size(),
        }
    }

    /// What makes it the same as one that was told before: the scenario and the context aside.
    pub(super) fn kind(&self) -> (String, String, Vec<String>, Vec<Gate>) {
        // Deleting a policy stands for changing it where licences have expired.
        let action = self.action.replace("delete-ca-policies", "manage-ca-policies");
        (self.account.clone(), action, self.policies.clone(), self.gates.clone())
    }

    /// Most telling first: without any failure, by policies rather than by a gate (in a scenario the gate is often the
    /// failure itself), ordinary contexts, fewest policies, most environments.
    pub(super) fn rank(&self) -> impl Ord + use<> {
        let calm = self.scenario == super::scenario::NONE;
        (!calm, self.policies.is_empty(), !self.ordinary, self.policies.len(), std::cmp::Reverse(self.size))
    }

    /// Who, what and why in one line.
    #[must_use]
    pub fn reason(&self) -> String {
        let when = match (super::scenario::title(&self.scenario), self.when.as_str()) {
            ("", "") => format!("in scenario `{}`", self.scenario),
            ("", when) => format!("in scenario `{}` ({when})", self.scenario),
            (title, "") => format!("when {title}"),
            (_, when) => format!("when {when}"),
        };
        format!("`{}` cannot {} {when}: {}", self.account, words_of(&self.action), self.cause())
    }

    fn cause(&self) -> String {
        if self.policies.is_empty() {
            let gates: Vec<&str> = self.gates.iter().map(|g| g.words()).collect();
            return gates.join("; ");
        }
        let each: Vec<String> = self
            .policies
            .iter()
            .map(|id| {
                let name = self.policy_names.get(id).unwrap_or(id);
                let roads = self.closes.get(id).map(|r| r.join(", ")).unwrap_or_default();
                format!("policy `{name}` closes {roads}")
            })
            .collect();
        each.join(" and ")
    }
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.reason())?;
        if self.policies.is_empty() {
            let remedies: Vec<&str> = self.gates.iter().map(|g| g.remedy()).collect();
            return write!(f, "\n  try: {}", remedies.join("; "));
        }
        write!(f, "\n  in: {}", self.context)
    }
}

fn words_of(action: &str) -> &str {
    match action {
        "manage-ca-policies" => "change Conditional Access policies",
        "delete-ca-policies" => "delete Conditional Access policies",
        "manage-users" => "manage users",
        "elevate-access" => "elevate access to Azure",
        other => other,
    }
}

fn is_ordinary(atoms: &Atoms, point: &[usize]) -> bool {
    use breakglass_model::sign_in::{InsiderRisk, RiskLevel};
    let e = atoms.at(point);
    [e.sign_in_risk, e.user_risk].iter().all(|r| r.is_none_or(|r| r == RiskLevel::None))
        && e.insider_risk.is_none_or(|r| r == InsiderRisk::None)
}

/// A token of a choice on which one of the killers acts, as a sign-in can show it: without a role activated on the way.
fn shown<'t>(
    candidate: &Candidate<'_>,
    trial: &'t Trial,
    choice: &'t Choice,
    killers: &[usize],
) -> Option<(&'t Road, &'t Token)> {
    let road = trial.roads.get(choice.road)?;
    let token = choice.tokens.iter().find(|token| {
        let reach = candidate.ground.reach(road, &token.for_what, choice.workstation);
        let identity = candidate.identity(token);
        token.roles.is_empty()
            && killers.iter().any(|n| {
                reach.get(*n) == Some(&Tri::Yes)
                    && candidate.ground.users(*n, &identity).0.is_yes()
                    && candidate.can_meet(*n, road, choice.workstation).is_no()
            })
    })?;
    Some((road, token))
}
