//! Why a transition was refused. A refused event changes nothing.

use super::Phase;
use crate::approval::ApprovalError;
use jiff::Timestamp;

/// Why an event was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not in this phase.
    #[error("`{event}` is not possible: activation `{id}` is {phase}{}", next_word(*.phase))]
    Phase {
        /// Activation.
        id: String,
        /// What was tried.
        event: &'static str,
        /// Where it is.
        phase: Phase,
    },
    /// Something that a person must say was left out.
    #[error("`{what}` is empty; {why}")]
    Empty {
        /// Which field.
        what: &'static str,
        /// Why it is asked for.
        why: &'static str,
    },
    /// A length that is not allowed.
    #[error(
        "{asked} minutes are not possible: the design allows 1 to {most}; ask for less, and extend when it is needed"
    )]
    Minutes {
        /// What was asked.
        asked: u32,
        /// The design's limit.
        most: u32,
    },
    /// The rules can never be met.
    #[error(
        "{needed} approvals are needed, and only {have} approver(s) with usable keys have no part in it; add `[[approver]]` to the design"
    )]
    TooFewApprovers {
        /// How many are needed.
        needed: usize,
        /// How many there are.
        have: usize,
    },
    /// An approval that does not count.
    #[error(transparent)]
    Approval(#[from] ApprovalError),
    /// The requester's own approval.
    #[error("`{0}` asked for this or opened it and cannot approve it (R-58); ask another approver")]
    OwnRequest(String),
    /// The same person again.
    #[error("`{0}` has said so already and counts once; ask another approver")]
    AlreadySaid(String),
    /// An older statement after a newer one.
    #[error("`{0}` has said something newer; an older statement does not take its place")]
    Older(String),
    /// Its time was over already.
    #[error("`{event}` comes too late: the time ended at {ended}; {next}")]
    TooLate {
        /// What was tried.
        event: &'static str,
        /// When the time ended.
        ended: Timestamp,
        /// What to do.
        next: &'static str,
    },
    /// Duties of closing out of order.
    #[error(
        "`{done}` cannot be noted before `{first}`: sessions opened with the old password in between would stay"
    )]
    Order {
        /// What was noted.
        done: &'static str,
        /// What comes first.
        first: &'static str,
    },
    /// A duty that was done already.
    #[error("`{0}` is noted already")]
    AlreadyDone(&'static str),
    /// Not enough valid approvals at this moment.
    #[error(
        "{have} of {needed} approvals hold at this moment; get the missing ones with `breakglass activate approve`"
    )]
    TooFewApprovals {
        /// How many hold.
        have: usize,
        /// How many are needed.
        needed: usize,
    },
    /// Nothing waits for an approval.
    #[error("nothing of activation `{0}` waits for an approval")]
    NothingToApprove(String),
    /// Another extension is still open.
    #[error("extension {0} still waits for approvals; approve it first")]
    ExtensionOpen(usize),
    /// No such temporary change.
    #[error("there is no temporary change `{0}`; `breakglass activate show` lists them")]
    NoSuchChange(String),
    /// A temporary change of that name was noted before.
    #[error("a temporary change `{0}` is noted already; give it another name")]
    ChangeKnown(String),
    /// The reviewer took part.
    #[error("`{reviewer}` {role} this activation and cannot review it; ask somebody else")]
    ReviewerTookPart {
        /// Who.
        reviewer: String,
        /// What they did: `requested`, `opened` ...
        role: &'static str,
    },
    /// Opened by force and not ratified.
    #[error(
        "it was opened by force and is not ratified ({have} of {needed}); it was due at {due}: get the ratifications, then review"
    )]
    NotRatified {
        /// How many ratified.
        have: usize,
        /// How many are needed.
        needed: usize,
        /// Until when.
        due: Timestamp,
    },
}

fn next_word(phase: Phase) -> &'static str {
    match phase {
        Phase::Requested => "; it needs approvals first",
        Phase::Approved => "; open it or withdraw it",
        Phase::Open => "; close it first",
        Phase::Closing => "; its duties come first: `breakglass activate close` carries them out",
        Phase::Review => "; it needs its review",
        Phase::Ended | Phase::Denied | Phase::Expired | Phase::Withdrawn => "; request a new one",
    }
}
