//! Policies that stand between an emergency account and recovery: what most checks on Conditional Access share.
//!
//! A policy does harm to an account when it is enforced, is of the kind that is asked about, stands on a road to
//! recovery, reaches the account, and the account cannot do what it demands. The five are joined in Kleene logic, so a
//! fact that was not read makes the answer unknown only where it would matter.

use crate::read::{self, Account, Found, Reach};
use crate::{Answer, Facts, Subject};
use breakglass_model::Tri;
use breakglass_model::snapshot::collections as c;
use serde_json::Value;

/// What a check asks of every policy.
pub(super) struct Asked<'a> {
    /// Whether the policy is in the state that matters.
    pub(super) state: fn(&Value) -> Tri,
    /// Whether it is of the kind that the check is about.
    pub(super) kind: &'a dyn Fn(&Value) -> Tri,
    /// What was not read or understood when that is unknown.
    pub(super) kind_gap: &'a str,
    /// Whether it stands on a road to recovery.
    pub(super) in_the_way: fn(&Facts<'_>, &Value) -> Tri,
    /// Whether it hurts an account that it reaches; an error says what was not read.
    pub(super) hurts: &'a dyn Fn(&Value, &Account<'_>) -> Result<bool, String>,
}

/// A policy that does harm, or may.
#[derive(Debug)]
pub(super) struct Hit<'a> {
    /// The policy.
    pub(super) policy: &'a Value,
    /// `Yes` or `Unknown`.
    pub(super) harm: Tri,
    /// Names of the accounts it does (or may do) this harm to.
    pub(super) who: Vec<String>,
    /// What was not read and would settle it.
    pub(super) gaps: Vec<String>,
}

impl Hit<'_> {
    /// Name of the policy.
    pub(super) fn name(&self) -> &str {
        read::policy_name(self.policy)
    }

    /// The accounts for people.
    pub(super) fn accounts(&self) -> String {
        read::listed(&self.who)
    }

    fn subject(&self) -> Subject {
        Subject::named(self.name(), Some(read::policy_id(self.policy).as_str()))
    }
}

/// What looking at all policies found.
pub(super) struct Looked<'a> {
    /// Policies that do harm or may.
    pub(super) hits: Vec<Hit<'a>>,
    /// How many policies of the kind are in the state that matters, harm or not.
    pub(super) of_kind: usize,
    /// A part of the policies was not read.
    pub(super) missing: Option<String>,
}

/// Looks at every policy for every declared account that exists.
#[expect(clippy::result_large_err, reason = "the error is the answer of the check")]
pub(super) fn look<'a>(facts: &Facts<'a>, asked: &Asked<'_>) -> Result<Looked<'a>, Answer> {
    let snapshot = facts.snapshot;
    let policies =
        read::collection(snapshot, c::POLICIES).map_err(|why| read::unread(Subject::tenant(), why))?;
    let accounts = existing(facts)?;
    let mut looked =
        Looked { hits: Vec::new(), of_kind: 0, missing: read::part_unread(snapshot, c::POLICIES) };
    for policy in policies {
        let base = (asked.state)(policy).and((asked.kind)(policy));
        if base.is_no() {
            continue;
        }
        looked.of_kind += 1;
        if let Some(hit) = judge(facts, policy, base, &accounts, asked) {
            looked.hits.push(hit);
        }
    }
    Ok(looked)
}

/// The declared accounts that exist, as far as is known; an answer when there is none.
#[expect(clippy::result_large_err, reason = "the error is the answer of the check")]
pub(super) fn existing<'a>(facts: &Facts<'a>) -> Result<Vec<Account<'a>>, Answer> {
    let mut accounts = read::accounts(facts);
    accounts.retain(|a| a.user != Found::Nowhere);
    if accounts.is_empty() {
        return Err(Answer::not_applicable(Subject::tenant(), "no declared account exists (see BG-F60)"));
    }
    Ok(accounts)
}

fn judge<'a>(
    facts: &Facts<'a>,
    policy: &'a Value,
    base: Tri,
    accounts: &[Account<'_>],
    asked: &Asked<'_>,
) -> Option<Hit<'a>> {
    let way = (asked.in_the_way)(facts, policy);
    let mut each = Vec::new();
    let mut gaps = Vec::new();
    for account in accounts {
        let (reaches, hurts);
        match &account.id {
            None => {
                gaps.push(format!("the object id of `{}` was not read", account.design.name));
                (reaches, hurts) = (Tri::Unknown, Tri::Unknown);
            }
            Some(id) => {
                let reach: Reach = read::reach(facts.snapshot, policy, id.as_str());
                reaches = reach.reaches();
                if reaches.is_unknown() {
                    gaps.extend(reach.gaps);
                }
                let answer = if reaches.is_no() { Ok(false) } else { (asked.hurts)(policy, account) };
                hurts = answer.as_ref().map_or(Tri::Unknown, |b| Tri::from(*b));
                gaps.extend(answer.err());
            }
        }
        each.push((account.design.name.clone(), Tri::all([base, way, reaches, hurts])));
    }
    let harm = Tri::any(each.iter().map(|(_, harm)| *harm));
    if harm.is_no() {
        return None;
    }
    if way.is_unknown() {
        gaps.insert(0, "whether it stands in the way of recovery was not asked of the prover".into());
    }
    if base.is_unknown() {
        let state = read::text(policy, "state").unwrap_or("absent");
        let in_state = (asked.state)(policy);
        let gap = if in_state.is_unknown() {
            format!("its state `{state}` is not understood")
        } else {
            asked.kind_gap.to_owned()
        };
        gaps.insert(0, gap);
    }
    gaps.dedup();
    let who = each.into_iter().filter(|(_, h)| *h == harm).map(|(name, _)| name).collect();
    Some(Hit { policy, harm, who, gaps })
}

/// Whether a policy stands on a road to recovery: the prover's list when it was asked; else a policy for all resources
/// without any other condition does, and nothing else is known.
pub(super) fn in_the_way(facts: &Facts<'_>, policy: &Value) -> Tri {
    let id = read::policy_id(policy);
    match facts.blocking {
        Some(list) => list.iter().any(|b| b.policy == id).into(),
        None if is_unconditional(policy) => Tri::Yes,
        None => Tri::Unknown,
    }
}

/// Why the prover says that a policy may block.
pub(super) fn because<'a>(facts: &Facts<'a>, policy: &Value) -> Option<&'a str> {
    let id = read::policy_id(policy);
    facts.blocking?.iter().find(|b| b.policy == id).map(|b| b.because.as_str())
}

/// All resources, and no condition but users: such a policy is on every road (T-2, C-1).
fn is_unconditional(policy: &Value) -> bool {
    let at = |path: &str| policy.pointer(path);
    let list = |path: &str| {
        at(path).and_then(Value::as_array).map(|l| l.iter().filter_map(Value::as_str).collect::<Vec<_>>())
    };
    let all_apps = list("/conditions/applications/includeApplications").is_some_and(|l| l.contains(&"All"))
        && list("/conditions/applications/excludeApplications").unwrap_or_default().is_empty();
    let all_clients = list("/conditions/clientAppTypes").is_none_or(|l| l.is_empty() || l.contains(&"all"));
    let Some(conditions) = at("/conditions").and_then(Value::as_object) else { return false };
    let nothing =
        |v: &Value| v.is_null() || v.as_array().is_some_and(Vec::is_empty) || v.as_str() == Some("");
    let nothing_else = conditions.iter().all(|(key, value)| {
        ["users", "applications", "clientAppTypes"].contains(&key.as_str())
            || key.contains('@')
            || nothing(value)
    });
    let no_filter = at("/conditions/applications/applicationFilter").is_none_or(Value::is_null);
    all_apps && all_clients && nothing_else && no_filter
}

/// The words of a check on policies.
pub(super) struct Words<'a> {
    /// When nothing is wrong, given how many policies of the kind there are.
    pub(super) pass: &'a dyn Fn(usize) -> String,
    /// When a policy does harm.
    pub(super) fail: &'a dyn Fn(&Hit<'_>) -> String,
    /// What a policy may do, for "cannot tell whether ...".
    pub(super) may: &'a dyn Fn(&Hit<'_>) -> String,
    /// What mends it.
    pub(super) remedy: &'a dyn Fn(&Hit<'_>) -> String,
    /// Paths of the policy that are evidence.
    pub(super) evidence: &'a [&'a str],
}

/// Looks and answers.
pub(super) fn answers(facts: &Facts<'_>, asked: &Asked<'_>, words: &Words<'_>) -> Vec<Answer> {
    let looked = match look(facts, asked) {
        Ok(looked) => looked,
        Err(answer) => return vec![answer],
    };
    let mut answers: Vec<Answer> = looked.hits.iter().map(|hit| answer(hit, words)).collect();
    if let Some(why) = looked.missing {
        answers.push(read::unread(Subject::tenant(), why));
    }
    if answers.is_empty() {
        let evidence = format!("{}: {} of this kind", c::POLICIES, read::count(looked.of_kind, "policy"));
        answers.push(Answer::pass(Subject::tenant(), (words.pass)(looked.of_kind)).evidence(evidence));
    }
    answers
}

fn answer(hit: &Hit<'_>, words: &Words<'_>) -> Answer {
    let answer = if hit.harm.is_yes() {
        Answer::fail(hit.subject(), (words.fail)(hit), (words.remedy)(hit))
    } else {
        let message = format!("cannot tell whether {}: {}", (words.may)(hit), hit.gaps.join("; "));
        Answer::undetermined(hit.subject(), message, read::COLLECT)
    };
    let paths = ["state"].into_iter().chain(words.evidence.iter().copied());
    answer.evidences(paths.map(|path| read::policy_fact(hit.policy, path)))
}
