//! What the checks may look at.

use breakglass_model::design::Design;
use breakglass_model::{PolicyId, Snapshot};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Everything a check may look at, handed in. `None` means that nobody looked, and never that there is nothing.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The tenant as it was read.
    pub snapshot: &'a Snapshot,
    /// The approved design.
    pub design: &'a Design,
    /// The lockout proof about this snapshot and this design.
    pub proof: Option<&'a ProofFact>,
    /// Policies that may block recovery for one of the accounts, judged as if no account were excluded. An empty
    /// list says that there is none.
    pub blocking: Option<&'a [BlockingFact]>,
    /// Drills by account name; an account that is not there was never drilled.
    pub drills: Option<&'a BTreeMap<String, DrillFact>>,
    /// What custody holds, by account name; an account that is not there has nothing sealed.
    pub custody: Option<&'a BTreeMap<String, CustodyFact>>,
    /// The time of the question.
    pub now: Timestamp,
}

/// What the lockout prover says, as far as checks need it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProofFact {
    /// Verdict for each account by name.
    pub accounts: BTreeMap<String, Proven>,
    /// Counterexamples, minimal ones first.
    pub counterexamples: Vec<CounterexampleFact>,
    /// What the prover would have to know.
    pub facts_needed: Vec<String>,
}

/// A verdict of the prover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proven {
    /// Reachable in every context that was judged.
    Safe,
    /// There is a context in which no road is open.
    Locked,
    /// What was read does not settle it.
    Unknown,
}

/// One way in which an account is locked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CounterexampleFact {
    /// The account by name.
    pub account: String,
    /// The scenario in which it happens; `none` when nothing else has to be broken.
    pub scenario: String,
    /// The policies that close the roads, each by id and name; empty when no policy is to blame.
    pub policies: Vec<(PolicyId, String)>,
    /// The context, in words.
    pub context: String,
}

/// A policy that may block recovery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockingFact {
    /// Its id.
    pub policy: PolicyId,
    /// Its display name.
    pub name: String,
    /// Why it may block, one sentence.
    pub because: String,
}

/// The last drill of an account, as its evidence shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrillFact {
    /// When it ended.
    pub at: Timestamp,
    /// All that was required was seen in the logs.
    pub passed: bool,
    /// Which key signed in, by name or serial, where the drill says so.
    pub key: Option<String>,
    /// A write that needs MFA was done and undone.
    pub wrote: bool,
    /// Access was elevated, used and removed again.
    pub elevated: bool,
}

/// What custody holds of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustodyFact {
    /// When the password in the envelope was sealed.
    pub sealed_at: Timestamp,
    /// When each custodian last showed an intact share, by name; a custodian who is not there never did.
    pub attested: BTreeMap<String, Timestamp>,
}
