//! The matrix under review: every account under every policy, and why. It is about the tenant as it is, without a failure.

use super::arrange::arrange;
use super::choices::Candidate;
use super::ground::Ground;
use super::judge::Trial;
use super::question::{AccountRef, Question};
use breakglass_model::Tri;
use breakglass_model::snapshot::Snapshot;
use breakglass_model::view::PolicyState;
use jiff::Timestamp;
use serde::Serialize;

/// What a policy does to an account on the roads to recovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// The account is excluded.
    Excluded,
    /// The policy is for others, or for something that no road to recovery needs.
    NotReached,
    /// It acts on a road, and the account can meet what it demands.
    CanBeMet,
    /// It closes a road in some context.
    Blocks,
    /// It cannot be told.
    Unknown,
    /// It is off, or only reports.
    NotEnforced,
}

/// One account under one policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// The answer.
    pub mark: Mark,
    /// Why, in words.
    pub why: String,
}

/// One policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MatrixRow {
    /// Its id.
    pub policy: String,
    /// Its display name.
    pub name: String,
    /// `enabled`, `report-only`, `disabled`, or the word that is not understood.
    pub state: String,
    /// One cell an account.
    pub cells: Vec<Cell>,
}

/// Account by policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Matrix {
    /// Account names, in the order of the cells.
    pub accounts: Vec<String>,
    /// Policies by name.
    pub rows: Vec<MatrixRow>,
}

/// Every account of the question under every policy of the snapshot.
#[must_use]
pub fn matrix(snapshot: &Snapshot, question: &Question, now: Timestamp) -> Matrix {
    let arranged = arrange(snapshot, question, now);
    let Some(calm) = arranged.settings.first() else { return Matrix::default() };
    let ground = &*calm.ground;
    let columns: Vec<(Candidate<'_>, Vec<Trial>)> = question
        .accounts
        .iter()
        .map(|AccountRef { id, .. }| {
            let candidate = Candidate::new(ground, &calm.effects, id);
            let actions = arranged.actions(question, &calm.effects).into_iter();
            let trials = actions.map(|(action, roads)| Trial::new(&candidate, action, &roads)).collect();
            (candidate, trials)
        })
        .collect();
    let mut rows: Vec<MatrixRow> = arranged
        .ids
        .iter()
        .enumerate()
        .filter_map(|(n, id)| {
            let policy = ground.policies.get(n)?.as_ref()?;
            let state = match &policy.state {
                PolicyState::Enabled => "enabled".into(),
                PolicyState::Disabled => "disabled".into(),
                PolicyState::ReportOnly => "report-only".into(),
                PolicyState::Unread(word) => word.clone(),
            };
            let cells = columns.iter().map(|(candidate, trials)| cell(ground, n, candidate, trials)).collect();
            Some(MatrixRow { policy: id.to_string(), name: ground.policy_name(n), state, cells })
        })
        .collect();
    rows.sort_by(|a, b| (&a.name, &a.policy).cmp(&(&b.name, &b.policy)));
    Matrix { accounts: question.accounts.iter().map(|a| a.name.clone()).collect(), rows }
}

fn cell(ground: &Ground, n: usize, candidate: &Candidate<'_>, trials: &[Trial]) -> Cell {
    let say = |mark, why: String| Cell { mark, why };
    let Some(Some(policy)) = ground.policies.get(n) else { return say(Mark::Unknown, "it was not read".into()) };
    if policy.enforced().is_no() {
        return say(Mark::NotEnforced, "it is not enforced".into());
    }
    let identity = candidate.plain_identity();
    if ground.excluded(n, &identity).is_yes() {
        return say(Mark::Excluded, "the account is excluded".into());
    }
    let (users, _) = ground.users(n, &identity);
    let kill = |c: &super::choices::Choice| c.kills.get(n).copied().unwrap_or(Tri::Unknown);
    let roads = |wanted: fn(Tri) -> bool| {
        let mut names: Vec<&str> = trials
            .iter()
            .flat_map(|t| t.choices.iter().filter(|c| wanted(kill(c))).filter_map(|c| Some(t.roads.get(c.road)?.id.as_str())))
            .collect();
        names.sort_unstable();
        names.dedup();
        names.join(", ")
    };
    // A policy whose conditions can never be met together closes nothing.
    let somewhere = |boxes: &[super::bits::Region]| trials.iter().any(|t| boxes.get(n).is_some_and(|b| b.meets(&t.everywhere)));
    let (sure, may) = (somewhere(&ground.sure), somewhere(&ground.may));
    let closes = roads(Tri::is_yes);
    if sure && !closes.is_empty() {
        return say(Mark::Blocks, format!("closes {closes} in some context"));
    }
    let doubtful = roads(Tri::may);
    if may && !doubtful.is_empty() {
        return say(Mark::Unknown, format!("may close {doubtful}"));
    }
    if users.is_no() {
        return say(Mark::NotReached, "it is for others".into());
    }
    let acts = trials.iter().any(|t| {
        t.choices.iter().any(|c| {
            let road = t.roads.get(c.road);
            road.is_some_and(|road| {
                c.tokens.iter().any(|token| ground.reach(road, &token.for_what, c.workstation).get(n).is_some_and(|r| r.may()))
            })
        })
    });
    if acts && may {
        say(Mark::CanBeMet, "it acts on a road, and the account can meet it".into())
    } else {
        say(Mark::NotReached, "it is for nothing that recovery needs".into())
    }
}
