//! A check, its answers, and the report over all of them.

use crate::Facts;
use crate::checks::ALL;
use breakglass_model::design::AcceptedRisk;
use breakglass_model::{Finding, ObjectId, Severity, Status};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One check: one question about one failure mode.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Stable id, `BG-` and the failure mode of REQUIREMENTS section 2.
    pub id: &'static str,
    /// What a failure costs.
    pub severity: Severity,
    /// What is asked, one sentence that ends in a question mark.
    pub question: &'static str,
    /// Controls of other frameworks that it maps to (REQUIREMENTS section 3).
    pub controls: &'static [&'static str],
    /// Looks and answers, once for each subject. No answer at all is a mistake of the check.
    pub run: fn(&Facts<'_>) -> Vec<Answer>,
}

/// What an answer is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// Name for people: an account's name, a policy's display name, `tenant`.
    pub name: String,
    /// The object's id, where there is one.
    pub id: Option<String>,
}

impl Subject {
    /// The tenant as a whole.
    #[must_use]
    pub fn tenant() -> Self {
        Self { name: "tenant".into(), id: None }
    }

    /// Something with a name, and perhaps an id.
    pub fn named(name: impl Into<String>, id: Option<&str>) -> Self {
        Self { name: name.into(), id: id.map(str::to_owned) }
    }

    /// A declared account.
    #[must_use]
    pub fn account(name: &str, id: Option<&ObjectId>) -> Self {
        Self::named(name, id.map(ObjectId::as_str))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.id {
            Some(id) => write!(f, "{} ({id})", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// One answer of a check about one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The answer; never `accepted`, which only [`assess`] gives.
    pub status: Status,
    /// What it is about.
    pub subject: Subject,
    /// What was found, lower case, no full stop.
    pub message: String,
    /// The exact next step; empty when it passes.
    pub remedy: String,
    /// The facts it rests on, each as `collection/id: property = value`.
    pub evidence: Vec<String>,
}

impl Answer {
    fn new(status: Status, subject: Subject, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { status, subject, message: message.into(), remedy: remedy.into(), evidence: Vec::new() }
    }

    /// Looked at, and good.
    pub fn pass(subject: Subject, message: impl Into<String>) -> Self {
        Self::new(Status::Pass, subject, message, "")
    }

    /// Looked at, and bad; `remedy` names the exact step.
    pub fn fail(subject: Subject, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Status::Fail, subject, message, remedy)
    }

    /// Something that decides it was not read; `remedy` says how to get it read.
    pub fn undetermined(subject: Subject, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Status::Undetermined, subject, message, remedy)
    }

    /// The question does not arise.
    pub fn not_applicable(subject: Subject, message: impl Into<String>) -> Self {
        Self::new(Status::NotApplicable, subject, message, "")
    }

    /// With one more fact it rests on.
    #[must_use]
    pub fn evidence(mut self, fact: impl Into<String>) -> Self {
        self.evidence.push(fact.into());
        self
    }

    /// With several more facts.
    #[must_use]
    pub fn evidences(mut self, facts: impl IntoIterator<Item = String>) -> Self {
        self.evidence.extend(facts);
        self
    }
}

/// How many findings of each status there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Summary {
    /// Looked at, and good.
    pub pass: usize,
    /// Looked at, and bad.
    pub fail: usize,
    /// Could not be looked at.
    pub undetermined: usize,
    /// The question does not arise.
    pub not_applicable: usize,
    /// Bad, and accepted until a date.
    pub accepted: usize,
}

/// What all checks say (DESIGN section 5, `check --format json`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Every answer, worst first.
    pub findings: Vec<Finding>,
    /// The counts.
    pub summary: Summary,
    /// False when something could not be read, or a check could not tell.
    pub complete: bool,
}

/// Asks every check.
///
/// A snapshot of another tenant than the design's answers nothing: every check is undetermined and says so.
#[must_use]
pub fn assess(facts: &Facts<'_>) -> Report {
    let mut findings: Vec<Finding> = ALL.iter().flat_map(|check| run(check, facts)).collect();
    let rank = |s: Status| match s {
        Status::Fail => 0,
        Status::Undetermined => 1,
        Status::Accepted => 2,
        Status::Pass => 3,
        Status::NotApplicable => 4,
    };
    findings.sort_by(|a, b| {
        (rank(a.status), b.severity, &a.id, &a.subject).cmp(&(rank(b.status), a.severity, &b.id, &b.subject))
    });
    let count = |status: Status| findings.iter().filter(|f| f.status == status).count();
    let summary = Summary {
        pass: count(Status::Pass),
        fail: count(Status::Fail),
        undetermined: count(Status::Undetermined),
        not_applicable: count(Status::NotApplicable),
        accepted: count(Status::Accepted),
    };
    let complete = summary.undetermined == 0 && facts.snapshot.unread.is_empty();
    Report { findings, summary, complete }
}

/// Asks one check, and applies the risks that a person has accepted.
pub(crate) fn run(check: &Check, facts: &Facts<'_>) -> Vec<Finding> {
    let tenants = (facts.snapshot.tenant.id.to_ascii_lowercase(), facts.design.tenant.id.as_str());
    let mut answers = if tenants.0.is_empty() || tenants.0 == tenants.1 {
        (check.run)(facts)
    } else {
        let message = format!(
            "the snapshot is of tenant `{}`, and the design is for tenant `{}`",
            tenants.0, tenants.1
        );
        vec![Answer::undetermined(
            Subject::tenant(),
            message,
            "give the snapshot and the design of one tenant",
        )]
    };
    if answers.is_empty() {
        let nothing = "the check found nothing to look at";
        answers.push(Answer::undetermined(Subject::tenant(), nothing, "report this: a check must answer"));
    }
    answers.into_iter().map(|answer| finding(check, facts, answer)).collect()
}

fn finding(check: &Check, facts: &Facts<'_>, answer: Answer) -> Finding {
    let Answer { mut status, subject, mut message, remedy, evidence } = answer;
    if status == Status::Fail {
        let risks = facts.design.accepted_risks.iter().filter(|r| covers(r, check.id, &subject));
        // The one that lasts longest counts.
        if let Some(risk) = risks.max_by_key(|r| r.expires) {
            let AcceptedRisk { reason, accepted_by, expires, .. } = risk;
            if *expires > facts.now {
                status = Status::Accepted;
                message = format!("{message}; accepted by {accepted_by} until {expires}: {reason}");
            } else {
                message =
                    format!("{message}; {accepted_by} had accepted this until {expires}, which has passed");
            }
        }
    }
    Finding {
        id: check.id.into(),
        status,
        severity: check.severity,
        subject: subject.to_string(),
        message,
        remedy,
        evidence,
        controls: check.controls.iter().map(|c| (*c).to_owned()).collect(),
    }
}

fn covers(risk: &AcceptedRisk, id: &str, subject: &Subject) -> bool {
    let about = |wanted: &String| {
        subject.name == *wanted || subject.id.as_deref().is_some_and(|i| i.eq_ignore_ascii_case(wanted))
    };
    risk.id == id && risk.subject.as_ref().is_none_or(about)
}
