//! Account by policy: what each policy means for each emergency account while nothing has failed.

use super::arrange::arrange;
use super::choices::{Candidate, Choice};
use super::ground::Workstation;
use super::judge::Trial;
use super::question::{AccountRef, Question};
use super::scenario::{self, NONE};
use breakglass_model::snapshot::Snapshot;
use breakglass_model::view::PolicyState;
use breakglass_model::{PolicyId, Tri};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;

/// What a policy means for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cell {
    /// The account is excluded.
    Excluded,
    /// It is not for the account, or on no road to recovery.
    NotReached,
    /// It applies, and what it demands can be met.
    CanBeMet,
    /// It closes a way in.
    Blocks,
    /// What is known does not settle it.
    Unknown,
    /// It is off or report-only.
    NotEnforced,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Excluded => "excluded",
            Self::NotReached => "not-reached",
            Self::CanBeMet => "can-be-met",
            Self::Blocks => "blocks",
            Self::Unknown => "unknown",
            Self::NotEnforced => "not-enforced",
        })
    }
}

/// One account and one policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MatrixRow {
    /// Name of the account.
    pub account: String,
    /// Id of the policy.
    pub policy: PolicyId,
    /// Its display name.
    pub policy_name: String,
    /// What it means.
    pub cell: Cell,
    /// Why, for people.
    pub why: String,
}

/// All accounts and policies, account by account in the order of the question.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Matrix {
    /// The rows.
    pub rows: Vec<MatrixRow>,
}

impl Matrix {
    /// The row of an account and a policy.
    #[must_use]
    pub fn get(&self, account: &str, policy: &PolicyId) -> Option<&MatrixRow> {
        self.rows.iter().find(|r| r.account == account && r.policy == *policy)
    }
}

impl fmt::Display for Matrix {
    /// One line for each account and policy, to be kept under review.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |of: fn(&MatrixRow) -> usize| self.rows.iter().map(of).max().unwrap_or(0);
        let accounts = width(|r| r.account.chars().count());
        let policies = width(|r| r.policy_name.chars().count());
        for row in &self.rows {
            let (account, policy) = (&row.account, &row.policy_name);
            writeln!(f, "{account:accounts$}  {policy:policies$}  {:12}  {}", row.cell, row.why)?;
        }
        Ok(())
    }
}

/// What each policy means for each account on the roads to recovery.
#[must_use]
pub fn matrix(snapshot: &Snapshot, question: &Question, now: Timestamp) -> Matrix {
    let mut question = question.clone();
    question.scenarios = scenario::built_in();
    question.scenarios.retain(|s| s.name == NONE);
    let arranged = arrange(snapshot, &question, now);
    let Some(setting) = arranged.settings.first() else { return Matrix::default() };
    let mut rows = Vec::new();
    for account in &question.accounts {
        let candidate = Candidate::new(&setting.ground, &setting.effects, &account.id);
        let actions = arranged.actions(&question, &setting.effects).into_iter();
        let trials: Vec<Trial> =
            actions.flat_map(|(action, roads)| Trial::all(&question, &candidate, action, &roads)).collect();
        for (n, id) in arranged.ids.iter().enumerate() {
            let (cell, why) = cell(account, &candidate, &trials, n);
            rows.push(MatrixRow {
                account: account.name.clone(),
                policy: id.clone(),
                policy_name: setting.ground.policy_name(n),
                cell,
                why,
            });
        }
    }
    Matrix { rows }
}

fn cell(account: &AccountRef, candidate: &Candidate<'_>, trials: &[Trial], n: usize) -> (Cell, String) {
    let ground = candidate.ground;
    let Some(Some(policy)) = ground.policies.get(n) else {
        return (Cell::Unknown, "it could not be read".into());
    };
    match policy.state {
        PolicyState::Disabled => return (Cell::NotEnforced, "it is off".into()),
        PolicyState::ReportOnly => return (Cell::NotEnforced, "it is report-only".into()),
        PolicyState::Enabled | PolicyState::Unread(_) => {}
    }
    let choices = || trials.iter().flat_map(|t| t.choices.iter().map(move |c| (t, c)));
    // For whom: over all tokens, because activating a role can bring the account into a policy.
    let for_account = |with_exclusions: bool| {
        let users = choices().flat_map(|(_, c)| &c.tokens).map(|token| {
            let (as_it_is, lifted) = ground.users(n, &candidate.identity(token));
            if with_exclusions { as_it_is } else { lifted }
        });
        Tri::any(users)
    };
    let (users, lifted) = (for_account(true), for_account(false));
    if users.is_no() && !lifted.is_no() {
        return (Cell::Excluded, format!("`{}` is excluded", account.name));
    }
    if users.is_no() {
        return (Cell::NotReached, format!("it is not for `{}`", account.name));
    }
    let reach = Tri::any(choices().flat_map(|(trial, choice)| {
        let road = trial.roads.get(choice.road);
        choice.tokens.iter().filter_map(move |token| {
            let reach = ground.reach(road?, &token.for_what, choice.workstation);
            Some(reach.get(n)?.and(token.needed))
        })
    }));
    if reach.is_no() {
        return (Cell::NotReached, "no recovery road from a machine at hand comes under it".into());
    }
    let kills =
        |wanted: fn(Tri) -> bool| closed(candidate, trials, |c| c.kills.get(n).is_some_and(|k| wanted(*k)));
    let everywhere = trials.first().map(|t| &t.everywhere);
    let meets = |regions: &[super::bits::Region]| {
        regions.get(n).zip(everywhere).is_some_and(|(region, everywhere)| region.meets(everywhere))
    };
    if !meets(&ground.may) {
        return (Cell::NotReached, "it matches in no environment".into());
    }
    let context = || {
        let region = ground.may.get(n).zip(everywhere).map(|(r, e)| ground.atoms.describe(&r.and(e), e));
        region.unwrap_or_default()
    };
    let (surely, perhaps) = (kills(Tri::is_yes), kills(Tri::may));
    if let Some(roads) = surely.filter(|_| meets(&ground.sure)) {
        return (Cell::Blocks, format!("closes {roads} ({})", context()));
    }
    if let Some(roads) = perhaps {
        return (Cell::Unknown, format!("may close {roads} ({})", context()));
    }
    let controls: Vec<String> = policy.grant.controls.iter().map(ToString::to_string).collect();
    let met = if controls.is_empty() {
        "it demands nothing".into()
    } else {
        format!("meets {}", controls.join(", "))
    };
    (Cell::CanBeMet, met)
}

/// The roads of the ways that are closed, in words, with the machine where that matters; `None` when there are none.
fn closed(candidate: &Candidate<'_>, trials: &[Trial], is: impl Fn(&Choice) -> bool) -> Option<String> {
    let (mut roads, mut stations) = (BTreeSet::new(), BTreeSet::new());
    for trial in trials {
        for choice in trial.choices.iter().filter(|c| is(c)) {
            roads.extend(trial.roads.get(choice.road).map(|r| r.id.as_str()));
            stations.insert(choice.workstation);
        }
    }
    if roads.is_empty() {
        return None;
    }
    let roads = roads.into_iter().collect::<Vec<_>>().join(", ");
    let all = &candidate.ground.workstations;
    if stations.len() == all.len() {
        return Some(roads);
    }
    let at: Vec<String> = stations.iter().filter_map(|n| all.get(*n)).map(Workstation::words).collect();
    Some(format!("{roads} on {}", at.join(" or ")))
}
