//! What the verifier found, for screens and for programs.

use crate::entry::Entry;
use breakglass_model::Tri;
use jiff::Timestamp;
use serde::Serialize;

/// What a pack is about, as its maker said and signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct About {
    /// One line for people: the tenant, the occasion.
    pub title: String,
    /// When the pack was made, by its maker's clock.
    pub made_at: Timestamp,
    /// The period that the pack is shown for; the entries are always all of them.
    pub period: Option<(Timestamp, Timestamp)>,
}

/// What sort of thing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// The file is not a pack, or not written as one.
    Malformed,
    /// Something was changed.
    Edited,
    /// Something that belongs into the pack is not there.
    Deleted,
    /// Something is there that does not belong.
    Added,
    /// Things stand in another order.
    Reordered,
    /// The end is missing.
    Truncated,
    /// The history is not the one that an earlier checkpoint was about.
    Forked,
    /// A signature is missing, wrong, or of another key.
    Signature,
}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What sort.
    pub kind: ProblemKind,
    /// The file, or the entry in it: `tile/0/000.p/3`, `entries.jsonl, entry 2`.
    pub place: String,
    /// What is wrong, and what it means.
    pub detail: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}`: {}", self.place, self.detail)
    }
}

/// An earlier checkpoint that was checked against the pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EarlierCheckpoint {
    /// How many entries the log had then.
    pub size: u64,
    /// Its root then, in base64.
    pub root: String,
    /// Whether the pack's first `size` entries have that root.
    pub consistent: bool,
}

/// The verifier's answer. See [`VerifyReport::holds`] for the verdict.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct VerifyReport {
    /// Everything that is wrong, in the order in which it was found.
    pub problems: Vec<Problem>,
    /// What is not wrong but should be known: a clock that went back, a key that nobody vouched for.
    pub notes: Vec<String>,
    /// The key that the pack was checked with, as text; `None` when there was none to check with.
    pub key: Option<String>,
    /// Whether that key was given by the person who verifies, not taken from the pack.
    pub key_expected: bool,
    /// What the pack is about, once its signature was good.
    pub about: Option<About>,
    /// How many entries the signed checkpoint covers.
    pub size: Option<u64>,
    /// The root that the signed checkpoint gives, in base64.
    pub root: Option<String>,
    /// What came of the earlier checkpoint, when one was given and could be read.
    pub earlier: Option<EarlierCheckpoint>,
    /// The entries that could be read, for whoever wants to look at them. Believe them when the verdict says so.
    #[serde(skip)]
    pub entries: Vec<Entry>,
    /// Names of the files under `attachments/`.
    pub attachments: Vec<String>,
}

impl VerifyReport {
    /// The verdict: no when anything is wrong; unknown when nothing is wrong but the key was taken from the pack itself,
    /// since a forger would have put their own there; yes otherwise.
    #[must_use]
    pub fn holds(&self) -> Tri {
        match (self.intact(), self.key_expected) {
            (false, _) => Tri::No,
            (true, false) => Tri::Unknown,
            (true, true) => Tri::Yes,
        }
    }

    /// Whether the pack is whole, unchanged and signed by the key in [`VerifyReport::key`], whosever that is.
    #[must_use]
    pub fn intact(&self) -> bool {
        self.problems.is_empty()
    }

    /// One line for people.
    #[must_use]
    pub fn headline(&self) -> String {
        let entries = match self.size {
            Some(1) => "1 entry".to_owned(),
            Some(size) => format!("{size} entries"),
            None => "entries".to_owned(),
        };
        match (self.holds(), self.problems.as_slice()) {
            (Tri::Yes, _) => {
                format!("the pack is whole and unchanged: {entries}, signed by the key that was expected")
            }
            (Tri::Unknown, _) => format!(
                "the pack is whole and unchanged since it was signed: {entries}; whose key signed it is for you to compare"
            ),
            (Tri::No, [only]) => format!("the pack does not hold: {only}"),
            (Tri::No, all) => format!("the pack does not hold: {} problems", all.len()),
        }
    }

    pub(super) fn problem(&mut self, kind: ProblemKind, place: impl Into<String>, detail: impl Into<String>) {
        self.problems.push(Problem { kind, place: place.into(), detail: detail.into() });
    }
}
