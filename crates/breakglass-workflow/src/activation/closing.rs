//! The second half: temporary changes, closing and its duties, the review, and what the passing of time does.

use super::steps::{Outcome, alert, said};
use super::*;
use crate::approval::same_person;
use breakglass_model::Severity;
use serde_json::{Value, json};

/// The most minutes before the end at which the warning comes; of a short timer, a quarter of it.
const WARN_BEFORE: i64 = 10;

impl Activation {
    pub(super) fn note_change(&mut self, name: String, what: String, by: String, at: Timestamp) -> Outcome {
        if !matches!(self.phase, Phase::Open | Phase::Closing) {
            return Err(self.refused("note-change"));
        }
        said(&name, "name", "it is settled by this name")?;
        said(&what, "what", "whoever reverts it must know what to revert")?;
        said(&by, "by", "who changed it is recorded")?;
        if self.changes.iter().any(|c| c.name == name) {
            return Err(Refusal::ChangeKnown(name));
        }
        let action = self.acted("change-noted", &by, at, &what, json!({ "name": name }));
        self.changes.push(TemporaryChange { name: name.clone(), what, by, settled: None });
        Ok(Taken { duties: vec![Duty::SettleChange(name)], action })
    }

    pub(super) fn settle_change(&mut self, name: &str, by: &str, how: Settled, at: Timestamp) -> Outcome {
        if !matches!(self.phase, Phase::Open | Phase::Closing) {
            return Err(self.refused("settle-change"));
        }
        said(by, "by", "who settles it is recorded")?;
        let why = match &how {
            Settled::Reverted => "reverted",
            Settled::Accepted(reason) => {
                said(reason, "reason", "a temporary change that stays needs a reason (R-63)")?;
                reason
            }
        };
        let change = self.changes.iter_mut().find(|c| c.name == name);
        let change = change.ok_or_else(|| Refusal::NoSuchChange(name.into()))?;
        if change.settled.is_some() {
            return Err(Refusal::AlreadyDone("settle-change"));
        }
        change.settled = Some(how.clone());
        let action = self.acted("change-settled", by, at, why, json!({ "name": name, "how": how }));
        Ok(Taken { duties: self.finish_closing(at), action })
    }

    pub(super) fn close(&mut self, by: &str, did: &str, at: Timestamp) -> Outcome {
        if self.phase != Phase::Open {
            return Err(self.refused("close"));
        }
        said(by, "by", "who closes is recorded")?;
        let duties = self.begin_closing(Some(by), at);
        Ok(Taken { duties, action: self.acted("closing", by, at, did, json!({ "window": self.window() })) })
    }

    pub(super) fn begin_closing(&mut self, by: Option<&str>, at: Timestamp) -> Vec<Duty> {
        self.phase = Phase::Closing;
        self.closing = Some(Closing {
            at,
            by: by.map(|b| b.trim().to_owned()),
            rotated: None,
            revoked: None,
            removal_confirmed: None,
            done: None,
        });
        let window = self.window().map(|(from, until)| Duty::Window { from, until });
        window.into_iter().chain([Duty::PreserveLogs]).chain(self.owed()).collect()
    }

    pub(super) fn did(&mut self, done: &Done, at: Timestamp) -> Outcome {
        if self.phase != Phase::Closing {
            return Err(self.refused("did"));
        }
        let Some(closing) = self.closing.as_mut() else { return Err(self.refused("did")) };
        let (kind, why) = match done {
            Done::Rotated(_) if closing.rotated.is_some() => return Err(Refusal::AlreadyDone("rotated")),
            Done::Revoked if closing.revoked.is_some() => return Err(Refusal::AlreadyDone("revoked")),
            Done::RemovalConfirmed if closing.removal_confirmed.is_some() => {
                return Err(Refusal::AlreadyDone("removal-confirmed"));
            }
            Done::Revoked if closing.rotated.is_none() => {
                return Err(Refusal::Order { done: "revoked", first: "rotated" });
            }
            Done::RemovalConfirmed if closing.revoked.is_none() => {
                return Err(Refusal::Order { done: "removal-confirmed", first: "revoked" });
            }
            Done::Rotated(generation) => {
                closing.rotated = Some(*generation);
                ("rotated", "a new password was sealed and set")
            }
            Done::Revoked => {
                closing.revoked = Some(at);
                ("revoked", "sessions were revoked")
            }
            Done::RemovalConfirmed => {
                closing.removal_confirmed = Some(at);
                ("removal-confirmed", "the tenant was read and holds no elevation of the account")
            }
        };
        let duties = self.finish_closing(at);
        Ok(Taken { duties, action: self.acted(kind, "", at, why, json!(done)) })
    }

    /// From closing to review, once everything is done.
    fn finish_closing(&mut self, at: Timestamp) -> Vec<Duty> {
        let settled = self.changes.iter().all(|c| c.settled.is_some());
        let Some(closing) = self.closing.as_mut().filter(|_| self.phase == Phase::Closing) else {
            return Vec::new();
        };
        let done =
            closing.rotated.is_some() && closing.revoked.is_some() && closing.removal_confirmed.is_some();
        if !done || !settled {
            return Vec::new();
        }
        closing.done = Some(at);
        self.phase = Phase::Review;
        let title = format!(
            "activation `{}` of `{}` is closed; its review is due",
            self.request.id, self.request.account
        );
        vec![alert(Severity::Medium, title), Duty::Review]
    }

    pub(super) fn reviewed(&mut self, review: Review, at: Timestamp) -> Outcome {
        if self.phase != Phase::Review {
            return Err(self.refused("review"));
        }
        said(&review.reviewer, "reviewer", "a person answers for the review")?;
        said(&review.cause, "cause", "why ordinary access failed is what must be mended (R-64)")?;
        said(&review.actions, "actions", "what was done is compared with what was planned (R-64)")?;
        for gap in &review.gaps {
            said(&gap.what, "gap", "say what must be mended")?;
            said(&gap.owner, "gap owner", "somebody must mend it")?;
            said(&gap.due, "gap due date", "it must be mended by a date")?;
        }
        let opener = self.opened.as_ref().map_or("", |o| o.by.as_str());
        for (person, role) in [(self.request.requester.as_str(), "requested"), (opener, "opened")] {
            if same_person(person, &review.reviewer) {
                return Err(Refusal::ReviewerTookPart { reviewer: review.reviewer, role });
            }
        }
        if let Some(forced) = self.opened.as_ref().and_then(|o| o.forced.as_ref())
            && !self.is_ratified()
        {
            let have = votes::ever_approving(&forced.ratifications);
            return Err(Refusal::NotRatified { have, needed: self.rules.approvals, due: forced.ratify_by });
        }
        let duties = match review.classification {
            Classification::Misuse => {
                vec![alert(
                    Severity::Critical,
                    format!("the review of activation `{}` calls it misuse", self.request.id),
                )]
            }
            Classification::Drill | Classification::Emergency => Vec::new(),
        };
        self.phase = Phase::Ended;
        let action = self.acted("ended", &review.reviewer, at, &review.cause, json!({ "review": review }));
        self.review = Some(review);
        Ok(Taken { duties, action })
    }

    pub(super) fn tick(&mut self, at: Timestamp) -> Taken {
        let mut duties = Vec::new();
        let (id, account) = (self.request.id.clone(), self.request.account.clone());
        let reached = |from: Timestamp, after: SignedDuration| {
            at >= from.saturating_add(after).unwrap_or(Timestamp::MAX)
        };
        let mut why = Vec::new();
        match self.phase {
            Phase::Requested | Phase::Approved if reached(self.request.requested_at, REQUEST_LIFE) => {
                self.phase = Phase::Expired;
                why.push("the request was not opened in time");
                duties.push(alert(Severity::Info, format!("the request `{id}` for `{account}` has expired")));
            }
            Phase::Open => {
                let timer = self.opened.as_ref().map(|o| (o.until, warning_time(o, self.request.minutes)));
                if let Some((until, warn_at)) = timer {
                    if at >= until {
                        why.push("the timer ran out");
                        let title = format!(
                            "the timer of activation `{id}` ran out at {until} and `{account}` is not closed"
                        );
                        duties.push(alert(Severity::Critical, title));
                        duties.extend(self.begin_closing(None, at));
                    } else if at >= warn_at && self.told.insert(Told::Warning(until)) {
                        why.push("the timer ends soon");
                        duties.push(alert(
                            Severity::Medium,
                            format!("activation `{id}` of `{account}` ends at {until}"),
                        ));
                    }
                }
            }
            Phase::Closing => {
                let late = self.closing.as_ref().is_some_and(|c| reached(c.at, CLOSE_WITHIN));
                if late && self.told.insert(Told::CloseOverdue) {
                    why.push("closing is overdue");
                    let title =
                        format!("activation `{id}` of `{account}` is not closed: rotate, revoke and confirm");
                    duties.push(alert(Severity::Critical, title));
                }
            }
            Phase::Review => {
                let done = self.closing.as_ref().and_then(|c| c.done);
                if done.is_some_and(|d| reached(d, REVIEW_WITHIN)) && self.told.insert(Told::ReviewOverdue) {
                    why.push("the review is overdue");
                    duties.push(alert(
                        Severity::High,
                        format!("the review of activation `{id}` of `{account}` is overdue"),
                    ));
                }
            }
            _ => {}
        }
        let ratify_by = self.opened.as_ref().and_then(|o| o.forced.as_ref()).map(|f| f.ratify_by);
        let overdue = ratify_by.is_some_and(|by| at >= by) && !self.is_ratified() && !self.phase.is_final();
        if overdue && self.told.insert(Told::RatificationOverdue) {
            why.push("the ratification is overdue");
            let title = format!(
                "activation `{id}` of `{account}` was opened by force and nobody has ratified it in time"
            );
            duties.push(alert(Severity::Critical, title));
        }
        let action =
            if why.is_empty() { None } else { self.acted("timer", "", at, &why.join("; "), Value::Null) };
        Taken { duties, action }
    }
}

fn warning_time(opened: &Opened, minutes: u32) -> Timestamp {
    let before = (i64::from(minutes) / 4).min(WARN_BEFORE);
    opened.until.saturating_sub(SignedDuration::from_mins(before)).unwrap_or(opened.until)
}
