//! The activation of an emergency access account: asked for, approved, open on a timer, closed, reviewed (R-57 .. R-65).
//!
//! An [`Activation`] is the sum of its events. It is stored as these events and read by taking every one of them again,
//! signatures included: an edited file either is refused or is an activation that could have happened. What a transition
//! demands from the world comes out as [`Duty`]; what was done comes in as [`Event::Did`].
//!
//! Time never runs backwards here: an event that claims to be earlier than the one before it happens at the time of that
//! one, so setting a clock back lengthens nothing.

mod closing;
mod parts;
mod record;
mod refusal;
mod steps;
mod values;
mod votes;

pub use parts::{Closing, Extension, Forced, Opened, TemporaryChange};
pub use record::{DamagedActivation, Entry};
pub use refusal::Refusal;
pub use values::{
    Action, Classification, Done, Duty, Event, Gap, Phase, Request, Review, Rules, Settled, Taken,
};

use crate::approval::{Approval, Decision, Purpose, Statement};
use breakglass_model::canonical;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A request that was not opened by then has expired.
pub const REQUEST_LIFE: SignedDuration = SignedDuration::from_hours(24);
/// What was opened by force must be ratified within this time.
pub const RATIFY_WITHIN: SignedDuration = SignedDuration::from_hours(24);
/// The duties of closing must be done within this time, or it alerts again.
pub const CLOSE_WITHIN: SignedDuration = SignedDuration::from_mins(30);
/// A review must be given within this time after closing, or it alerts.
pub const REVIEW_WITHIN: SignedDuration = SignedDuration::from_hours(72);

/// One activation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "record::Record", into = "record::Record")]
pub struct Activation {
    rules: Rules,
    request: Request,
    entries: Vec<Entry>,
    phase: Phase,
    votes: Vec<Approval>,
    opened: Option<Opened>,
    extensions: Vec<Extension>,
    changes: Vec<TemporaryChange>,
    closing: Option<Closing>,
    review: Option<Review>,
    told: BTreeSet<Told>,
}

/// Timers that have spoken; each speaks once (the warning once for each end).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    Warning(Timestamp),
    CloseOverdue,
    RatificationOverdue,
    ReviewOverdue,
}

impl Activation {
    /// Who asked for what.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The rules it is under.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Where it is.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// How it was opened, if it was.
    #[must_use]
    pub fn opened(&self) -> Option<&Opened> {
        self.opened.as_ref()
    }

    /// Extensions that were asked for.
    #[must_use]
    pub fn extensions(&self) -> &[Extension] {
        &self.extensions
    }

    /// Changes that must not stay.
    #[must_use]
    pub fn changes(&self) -> &[TemporaryChange] {
        &self.changes
    }

    /// How far closing has come.
    #[must_use]
    pub fn closing(&self) -> Option<&Closing> {
        self.closing.as_ref()
    }

    /// The review.
    #[must_use]
    pub fn review(&self) -> Option<&Review> {
        self.review.as_ref()
    }

    /// Everything that happened, the request first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The approvals and denials of the opening, in the order in which they came; the last of each approver counts.
    #[must_use]
    pub fn votes(&self) -> &[Approval] {
        &self.votes
    }

    /// How many approvals hold for what waits for approval now, and how many are needed.
    #[must_use]
    pub fn approvals(&self, now: Timestamp) -> (usize, usize) {
        (votes::approving(self.waiting_votes(), now), self.rules.approvals)
    }

    /// The time in which uses of the account belong to this activation; none before it is opened.
    #[must_use]
    pub fn window(&self) -> Option<(Timestamp, Timestamp)> {
        let opened = self.opened.as_ref()?;
        let until = self.closing.as_ref().map_or(opened.until, |c| c.at.min(opened.until));
        Some((opened.at, until))
    }

    /// What is still owed before it can end, in the order in which it should be done.
    #[must_use]
    pub fn owed(&self) -> Vec<Duty> {
        let mut owed = Vec::new();
        if let Some(closing) = self.closing.as_ref().filter(|_| self.phase == Phase::Closing) {
            let parts = [
                (closing.rotated.is_none(), Duty::RotatePassword),
                (closing.revoked.is_none(), Duty::RevokeSessions),
                (closing.removal_confirmed.is_none(), Duty::ConfirmRemoval),
            ];
            owed.extend(parts.into_iter().filter_map(|(open, duty)| open.then_some(duty)));
            let open = self.changes.iter().filter(|c| c.settled.is_none());
            owed.extend(open.map(|c| Duty::SettleChange(c.name.clone())));
        }
        if let Some(forced) = self.opened.as_ref().and_then(|o| o.forced.as_ref())
            && !self.is_ratified()
            && !self.phase.is_final()
        {
            owed.push(Duty::Ratify(forced.ratify_by));
        }
        if self.phase == Phase::Review {
            owed.push(Duty::Review);
        }
        owed
    }

    /// Whether what was opened by force has been ratified; true when nothing was forced.
    #[must_use]
    pub fn is_ratified(&self) -> bool {
        let forced = self.opened.as_ref().and_then(|o| o.forced.as_ref());
        // A ratification is about the past: once given it does not run out.
        forced.is_none_or(|f| votes::ever_approving(&f.ratifications) >= self.rules.approvals)
    }

    /// What waits for an approval now: its purpose and the digest to sign.
    #[must_use]
    pub fn waiting(&self) -> Option<(Purpose, String)> {
        match self.phase {
            Phase::Requested | Phase::Approved => Some((Purpose::Open, self.request.digest())),
            Phase::Open if self.open_extension().is_some() => {
                self.open_extension().map(|e| (Purpose::Extend(e.number), self.extension_digest(e)))
            }
            Phase::Open | Phase::Closing | Phase::Review if !self.is_ratified() => {
                Some((Purpose::Ratify, self.request.digest()))
            }
            _ => None,
        }
    }

    /// The statement that `approver` would sign now; none when nothing waits.
    #[must_use]
    pub fn statement(
        &self,
        approver: &str,
        decision: Decision,
        now: Timestamp,
        life: SignedDuration,
    ) -> Option<Statement> {
        let (purpose, subject) = self.waiting()?;
        Some(Statement {
            format: crate::approval::FORMAT.into(),
            activation: self.request.id.clone(),
            subject,
            purpose,
            decision,
            approver: approver.trim().into(),
            signed_at: now,
            expires_at: now.saturating_add(life).unwrap_or(now),
        })
    }

    fn open_extension(&self) -> Option<&Extension> {
        self.extensions.last().filter(|e| e.settled.is_none())
    }

    fn extension_digest(&self, extension: &Extension) -> String {
        let Extension { number, by, minutes, reason, asked_at, .. } = extension;
        let view = (
            "breakglass-activation-extension/1",
            self.request.digest(),
            number,
            by,
            minutes,
            reason,
            asked_at,
        );
        canonical::digest(&view).unwrap_or_default()
    }

    fn waiting_votes(&self) -> &[Approval] {
        match self.waiting() {
            Some((Purpose::Extend(_), _)) => self.open_extension().map_or(&[], |e| &e.votes),
            Some((Purpose::Ratify, _)) => {
                let forced = self.opened.as_ref().and_then(|o| o.forced.as_ref());
                forced.map_or(&[], |f| &f.ratifications)
            }
            _ => &self.votes,
        }
    }
}
