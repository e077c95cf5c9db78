//! The outcome of the prover, as values: a proof, a counterexample, or the facts that are missing.

use super::evidence::Counterexample;
use breakglass_model::Tri;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// What was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It holds in every context.
    ProvedSafe,
    /// It does not: there is a counterexample.
    Locked,
    /// What is known does not settle it. Never counted as safe.
    Unknown,
}

impl Verdict {
    /// From the number of accounts that are safe, and that may be, against the number required.
    pub(super) fn of(required: usize, safe: usize, may_be_safe: usize) -> Self {
        if safe >= required {
            Self::ProvedSafe
        } else if may_be_safe < required {
            Self::Locked
        } else {
            Self::Unknown
        }
    }

    /// As an answer to "does it hold?".
    #[must_use]
    pub fn holds(self) -> Tri {
        match self {
            Self::ProvedSafe => Tri::Yes,
            Self::Locked => Tri::No,
            Self::Unknown => Tri::Unknown,
        }
    }

    /// The verdict of an answer.
    pub(super) fn from_answer(answer: Tri) -> Self {
        match answer {
            Tri::Yes => Self::ProvedSafe,
            Tri::No => Self::Locked,
            Tri::Unknown => Self::Unknown,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::ProvedSafe => "proved-safe",
            Self::Locked => "locked",
            Self::Unknown => "unknown",
        })
    }
}

/// One account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountProof {
    /// Object id.
    pub id: String,
    /// Whether every recovery action is reachable in every context while nothing else has failed.
    pub verdict: Verdict,
    /// Each road alone, in every context while nothing else has failed.
    pub roads: BTreeMap<String, Tri>,
    /// Each scenario: reachable in every context, in every way in which it can happen to others.
    pub scenarios: BTreeMap<String, Tri>,
}

/// One scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScenarioProof {
    /// Its name.
    pub name: String,
    /// One line about it.
    pub title: String,
    /// Whether enough accounts are safe, in every way in which it can happen.
    pub verdict: Verdict,
    /// In how many ways it was judged.
    pub ways: usize,
    /// The first way that is not proved safe, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fails_when: Option<String>,
    /// The accounts in that way, or in the first when all are safe.
    pub accounts: BTreeMap<String, Tri>,
}

impl ScenarioProof {
    /// Whether it is survived.
    #[must_use]
    pub fn holds(&self) -> Tri {
        self.verdict.holds()
    }
}

/// An exclusion: one account from one policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Exclusion {
    /// Name of the account.
    pub account: String,
    /// Id of the policy.
    pub policy: String,
    /// Its display name.
    pub policy_name: String,
}

/// Existing exclusions that are not needed for anything that was judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Unnecessary {
    /// Those that can be taken out one at a time. They do not add up.
    pub one_at_a_time: Vec<Exclusion>,
    /// The largest sets that can be taken out together.
    pub together: Vec<Vec<Exclusion>>,
}

/// What the prover found about one snapshot (DESIGN section 5, `prove --format json`).
#[derive(Clone, Debug, Serialize)]
pub struct Proof {
    /// The whole.
    pub verdict: Verdict,
    /// How many accounts must be safe in each scenario.
    pub required_accounts: usize,
    /// Each account, by name.
    pub accounts: BTreeMap<String, AccountProof>,
    /// Each scenario.
    pub scenarios: Vec<ScenarioProof>,
    /// Ways in which everybody who must be safe is locked out, the most ordinary first.
    pub counterexamples: Vec<Counterexample>,
    /// Every set of exclusions with the fewest elements that makes it safe; one empty set when none is needed, no set when
    /// no exclusion can.
    pub least_exclusions: Vec<Vec<Exclusion>>,
    /// Existing exclusions that are not needed.
    pub unnecessary_exclusions: Unnecessary,
    /// What to ask next: facts that would settle what is unknown.
    pub facts_needed: Vec<String>,
    /// What was taken for granted.
    pub assumptions: Vec<String>,
    /// Digest of the snapshot that this is about.
    pub snapshot_digest: String,
    /// When it was judged.
    pub judged_at: Timestamp,
    #[serde(skip)]
    pub(super) no_lockout: Option<NoLockout>,
}

impl Proof {
    /// Whether no lockout is proved.
    #[must_use]
    pub fn holds(&self) -> Tri {
        self.verdict.holds()
    }

    /// The value that `apply` asks for: only there when no lockout is proved.
    #[must_use]
    pub fn no_lockout(&self) -> Option<NoLockout> {
        self.no_lockout.clone()
    }

    /// One line: the verdict and its first reason.
    #[must_use]
    pub fn headline(&self) -> String {
        let scenarios = self.scenarios.len();
        let of = format!("{} of {}", count(self.required_accounts, "account"), self.accounts.len());
        match self.verdict {
            Verdict::ProvedSafe => format!(
                "proved safe: at least {of} can recover the tenant in every context, in {}",
                count(scenarios, "scenario")
            ),
            Verdict::Locked => match self.counterexamples.first() {
                Some(first) => format!("locked: {}", first.reason()),
                None => format!("locked: fewer than {of} can recover the tenant"),
            },
            Verdict::Unknown => match self.facts_needed.as_slice() {
                [] => "cannot tell: the search was given up".to_owned(),
                [one] => format!("cannot tell: it is not known {one}"),
                [first, rest @ ..] => {
                    format!("cannot tell: it is not known {first} (and {} more)", count(rest.len(), "fact"))
                }
            },
        }
    }

    /// What would repair it, one line each: gates first, because no exclusion opens them.
    #[must_use]
    pub fn repairs(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for counterexample in &self.counterexamples {
            let line = counterexample.gates.iter().map(|gate| {
                format!(
                    "`{}`: {} (no exclusion repairs: {})",
                    counterexample.account,
                    gate.remedy(),
                    gate.words()
                )
            });
            for line in line {
                if !lines.contains(&line) {
                    lines.push(line);
                }
            }
        }
        if self.verdict == Verdict::ProvedSafe {
            return Vec::new();
        }
        let sets = self.least_exclusions.iter().filter(|s| !s.is_empty());
        for (n, set) in sets.enumerate() {
            let mut from: BTreeMap<&str, Vec<String>> = BTreeMap::new();
            for exclusion in set {
                from.entry(&exclusion.policy_name).or_default().push(format!("`{}`", exclusion.account));
            }
            let each = from.iter().map(|(policy, who)| format!("{} from `{policy}`", who.join(" and ")));
            let or = if n == 0 { "exclude" } else { "or instead exclude" };
            lines.push(format!("{or} {}", each.collect::<Vec<_>>().join(", and ")));
        }
        lines
    }
}

pub(super) fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// That nobody is locked out: the value that the prover alone can make, about one snapshot. It is stale as soon as the
/// tenant's digest is another one.
///
/// ```compile_fail
/// let forged = breakglass_access::prove::NoLockout { snapshot_digest: String::new() };
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NoLockout {
    snapshot_digest: String,
    judged_at: Timestamp,
    required_accounts: usize,
    scenarios: Vec<String>,
}

impl NoLockout {
    pub(super) fn new(proof: &Proof) -> Option<Self> {
        (proof.verdict == Verdict::ProvedSafe).then(|| Self {
            snapshot_digest: proof.snapshot_digest.clone(),
            judged_at: proof.judged_at,
            required_accounts: proof.required_accounts,
            scenarios: proof.scenarios.iter().map(|s| s.name.clone()).collect(),
        })
    }

    /// Digest of the contents of the snapshot that was judged.
    #[must_use]
    pub fn snapshot_digest(&self) -> &str {
        &self.snapshot_digest
    }

    /// When it was judged.
    #[must_use]
    pub fn judged_at(&self) -> Timestamp {
        self.judged_at
    }

    /// The scenarios that are survived.
    #[must_use]
    pub fn scenarios(&self) -> &[String] {
        &self.scenarios
    }
}
