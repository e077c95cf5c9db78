//! The transitions. Each checks everything before it changes anything.

use super::*;
use crate::approval::About;
use breakglass_model::Severity;
use serde_json::{Value, json};

pub(super) type Outcome = Result<Taken, Refusal>;

impl Event {
    /// The word for messages and the ledger.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Said(_) => "said",
            Self::Withdraw { .. } => "withdraw",
            Self::Open { .. } => "open",
            Self::DangerForce { .. } => "danger-force",
            Self::AskExtension { .. } => "ask-extension",
            Self::NoteChange { .. } => "note-change",
            Self::SettleChange { .. } => "settle-change",
            Self::Close { .. } => "close",
            Self::Did(_) => "did",
            Self::Review(_) => "review",
            Self::Tick => "tick",
        }
    }
}

impl Activation {
    /// Asks for an activation.
    ///
    /// # Errors
    /// [`Refusal`] when something a person must say is missing, when the length is not allowed, or when the approvals that
    /// are needed could never come together.
    pub fn request_checked(request: Request, rules: Rules, at: Timestamp) -> Result<(Self, Taken), Refusal> {
        said(
            &request.requester,
            "requester",
            "a person is recorded before any credential is released (R-58)",
        )?;
        said(&request.reason, "reason", "the review compares it with what was done")?;
        said(&request.ticket, "ticket", "it connects the activation with the incident")?;
        minutes_allowed(request.minutes, &rules)?;
        enough_approvers(&rules, &[&request.requester])?;
        let action = Action {
            kind: "activate.requested".into(),
            who: request.requester.clone(),
            at,
            why: request.reason.clone(),
            data: json!({ "activation": request.id, "request": request, "digest": request.digest(), "approvals": rules.approvals }),
        };
        let title =
            format!("`{}` asks to activate `{}`: {}", request.requester, request.account, request.reason);
        let taken = Taken { duties: vec![alert(Severity::Medium, title)], action: Some(action) };
        let activation = Self {
            rules,
            request,
            entries: Vec::new(),
            phase: Phase::Requested,
            votes: Vec::new(),
            opened: None,
            extensions: Vec::new(),
            changes: Vec::new(),
            closing: None,
            review: None,
            told: BTreeSet::new(),
        };
        Ok((activation, taken))
    }

    /// Takes an event: checks it, changes the state, and answers what must be done. Events that claim to be earlier than
    /// the last one happen at its time. A tick that finds no timer at its end leaves no trace.
    ///
    /// # Errors
    /// [`Refusal`]; nothing has changed then.
    pub fn take(&mut self, event: Event, at: Timestamp) -> Outcome {
        let at = at.max(self.last_time());
        let kept = event.clone();
        let taken = match event {
            Event::Said(approval) => self.said(approval, at),
            Event::Withdraw { by, reason } => self.withdraw(&by, &reason, at),
            Event::Open { by } => self.open(&by, at),
            Event::DangerForce { by, reason } => self.danger_force(&by, &reason, at),
            Event::AskExtension { by, minutes, reason } => self.ask_extension(by, minutes, reason, at),
            Event::NoteChange { name, what, by } => self.note_change(name, what, by, at),
            Event::SettleChange { name, by, how } => self.settle_change(&name, &by, how, at),
            Event::Close { by, did } => self.close(&by, &did, at),
            Event::Did(done) => self.did(&done, at),
            Event::Review(review) => self.reviewed(review, at),
            Event::Tick => Ok(self.tick(at)),
        }?;
        if taken.action.is_some() {
            self.entries.push(Entry { at, event: kept });
        }
        Ok(taken)
    }

    fn last_time(&self) -> Timestamp {
        self.entries.last().map_or(self.request.requested_at, |e| e.at)
    }

    pub(super) fn refused(&self, event: &'static str) -> Refusal {
        Refusal::Phase { id: self.request.id.clone(), event, phase: self.phase }
    }

    fn before_opening(&self, event: &'static str, at: Timestamp) -> Result<(), Refusal> {
        if !matches!(self.phase, Phase::Requested | Phase::Approved) {
            return Err(self.refused(event));
        }
        let ended = self.request.requested_at.saturating_add(REQUEST_LIFE).unwrap_or(Timestamp::MAX);
        if at >= ended {
            return Err(Refusal::TooLate { event, ended, next: "request a new activation" });
        }
        Ok(())
    }

    pub(super) fn acted(
        &self,
        kind: &str,
        who: &str,
        at: Timestamp,
        why: &str,
        data: Value,
    ) -> Option<Action> {
        let data = json!({ "activation": self.request.id, "account": self.request.account, "phase": self.phase, "data": data });
        Some(Action { kind: format!("activate.{kind}"), who: who.trim().into(), at, why: why.into(), data })
    }

    fn said(&mut self, approval: Approval, at: Timestamp) -> Outcome {
        let id = self.request.id.clone();
        let (purpose, subject) = self.waiting().ok_or_else(|| Refusal::NothingToApprove(id.clone()))?;
        let extension_by = self.open_extension().map(|e| e.by.clone());
        let opener = self.opened.as_ref().map(|o| o.by.clone());
        let mut excluded = vec![self.request.requester.as_str()];
        match purpose {
            Purpose::Open => self.before_opening("said", at)?,
            Purpose::Extend(_) => {
                self.timer_runs("said", at)?;
                excluded.extend(extension_by.as_deref());
            }
            Purpose::Ratify => excluded.extend(opener.as_deref()),
        }
        let about = About { activation: &id, subject: &subject, purpose };
        votes::admit(&approval, &self.rules, &excluded, about, self.waiting_votes(), at)?;
        let possible = votes::eligible(&self.rules, &excluded);
        let (decision, who) = (approval.statement.decision, approval.statement.approver.clone());
        let needed = self.rules.approvals;
        let data = json!({ "approval": approval, "needed": needed });
        let mut duties = match decision {
            Decision::Deny => {
                vec![alert(Severity::High, format!("`{who}` denies the {purpose} of activation `{id}`"))]
            }
            Decision::Approve => Vec::new(),
        };
        match purpose {
            Purpose::Open => {
                self.votes.push(approval);
                self.phase = if votes::denying(&self.votes) > possible.saturating_sub(needed) {
                    Phase::Denied
                } else if votes::approving(&self.votes, at) >= needed {
                    Phase::Approved
                } else {
                    Phase::Requested
                };
            }
            Purpose::Extend(_) => duties.extend(self.vote_on_extension(approval, possible, at)),
            Purpose::Ratify => {
                if let Some(forced) = self.opened.as_mut().and_then(|o| o.forced.as_mut()) {
                    forced.ratifications.push(approval);
                }
            }
        }
        let kind = if decision == Decision::Approve { "approved" } else { "denied" };
        let action = self.acted(kind, &who, at, &purpose.to_string(), data);
        Ok(Taken { duties, action })
    }

    fn vote_on_extension(&mut self, approval: Approval, possible: usize, at: Timestamp) -> Vec<Duty> {
        let needed = self.rules.approvals;
        let (Some(extension), Some(opened)) = (self.extensions.last_mut(), self.opened.as_mut()) else {
            return Vec::new();
        };
        extension.votes.push(approval);
        if votes::denying(&extension.votes) > possible.saturating_sub(needed) {
            extension.settled = Some((at, Decision::Deny));
            return Vec::new();
        }
        if votes::approving(&extension.votes, at) < needed {
            return Vec::new();
        }
        extension.settled = Some((at, Decision::Approve));
        opened.until = later(opened.until, extension.minutes);
        let title = format!(
            "activation `{}` is extended by {} minutes to {}",
            self.request.id, extension.minutes, opened.until
        );
        vec![alert(Severity::High, title), Duty::Window { from: opened.at, until: opened.until }]
    }

    fn withdraw(&mut self, by: &str, reason: &str, at: Timestamp) -> Outcome {
        if !matches!(self.phase, Phase::Requested | Phase::Approved) {
            return Err(self.refused("withdraw"));
        }
        said(by, "by", "who withdraws is recorded")?;
        self.phase = Phase::Withdrawn;
        Ok(Taken { duties: Vec::new(), action: self.acted("withdrawn", by, at, reason, Value::Null) })
    }

    fn open(&mut self, by: &str, at: Timestamp) -> Outcome {
        self.before_opening("open", at)?;
        said(by, "by", "who opens is recorded before any credential is released (R-58)")?;
        let (have, needed) = (votes::approving(&self.votes, at), self.rules.approvals);
        if have < needed {
            return Err(Refusal::TooFewApprovals { have, needed });
        }
        Ok(self.opening(by, None, at))
    }

    fn danger_force(&mut self, by: &str, reason: &str, at: Timestamp) -> Outcome {
        self.before_opening("danger-force", at)?;
        said(by, "by", "who forces it is recorded before any credential is released (R-58)")?;
        said(reason, "reason", "whoever ratifies it must know why approvals could not be had (R-59)")?;
        enough_approvers(&self.rules, &[&self.request.requester, by])?;
        let ratify_by = at.saturating_add(RATIFY_WITHIN).unwrap_or(Timestamp::MAX);
        Ok(self.opening(by, Some(Forced { reason: reason.into(), ratify_by, ratifications: Vec::new() }), at))
    }

    fn opening(&mut self, by: &str, forced: Option<Forced>, at: Timestamp) -> Taken {
        let until = later(at, self.request.minutes);
        let (id, account) = (&self.request.id, &self.request.account);
        let title = match &forced {
            None => {
                format!("activation `{id}` of `{account}` is open until {until}: {}", self.request.reason)
            }
            Some(f) => format!(
                "activation `{id}` of `{account}` was opened WITHOUT approvals by `{by}`: {}",
                f.reason
            ),
        };
        let mut duties = vec![
            alert(if forced.is_some() { Severity::Critical } else { Severity::High }, title),
            Duty::Window { from: at, until },
            Duty::PreserveLogs,
            Duty::OpenCustody,
        ];
        duties.extend(forced.as_ref().map(|f| Duty::Ratify(f.ratify_by)));
        let (kind, why) =
            forced.as_ref().map_or(("opened", self.request.reason.clone()), |f| ("forced", f.reason.clone()));
        let valid: Vec<_> = self.votes.iter().filter(|v| v.statement.expires_at > at).collect();
        let data = json!({ "until": until, "approvals": valid });
        self.opened = Some(Opened { by: by.trim().into(), at, until, forced });
        self.phase = Phase::Open;
        Taken { duties, action: self.acted(kind, by, at, &why, data) }
    }

    fn timer_runs(&self, event: &'static str, at: Timestamp) -> Result<Timestamp, Refusal> {
        let until = self.opened.as_ref().filter(|_| self.phase == Phase::Open).map(|o| o.until);
        let until = until.ok_or_else(|| self.refused(event))?;
        if at >= until {
            return Err(Refusal::TooLate {
                event,
                ended: until,
                next: "close it, and request a new activation",
            });
        }
        Ok(until)
    }

    fn ask_extension(&mut self, by: String, minutes: u32, reason: String, at: Timestamp) -> Outcome {
        self.timer_runs("ask-extension", at)?;
        said(&by, "by", "who asks is recorded")?;
        said(&reason, "reason", "approvers must know why more time is needed")?;
        minutes_allowed(minutes, &self.rules)?;
        if let Some(open) = self.open_extension() {
            return Err(Refusal::ExtensionOpen(open.number));
        }
        enough_approvers(&self.rules, &[&self.request.requester, &by])?;
        let number = self.extensions.len() + 1;
        let data = json!({ "number": number, "minutes": minutes });
        let action = self.acted("extension-asked", &by, at, &reason, data);
        let title =
            format!("`{by}` asks for {minutes} more minutes of activation `{}`: {reason}", self.request.id);
        self.extensions.push(Extension {
            number,
            by,
            minutes,
            reason,
            asked_at: at,
            votes: Vec::new(),
            settled: None,
        });
        Ok(Taken { duties: vec![alert(Severity::Medium, title)], action })
    }
}

pub(super) fn later(from: Timestamp, minutes: u32) -> Timestamp {
    from.saturating_add(SignedDuration::from_mins(i64::from(minutes))).unwrap_or(Timestamp::MAX)
}

pub(super) fn alert(severity: Severity, title: String) -> Duty {
    Duty::Alert { severity, title }
}

pub(super) fn said(text: &str, what: &'static str, why: &'static str) -> Result<(), Refusal> {
    if text.trim().is_empty() { Err(Refusal::Empty { what, why }) } else { Ok(()) }
}

pub(super) fn minutes_allowed(asked: u32, rules: &Rules) -> Result<(), Refusal> {
    if (1..=rules.minutes).contains(&asked) {
        Ok(())
    } else {
        Err(Refusal::Minutes { asked, most: rules.minutes })
    }
}

pub(super) fn enough_approvers(rules: &Rules, excluded: &[&str]) -> Result<(), Refusal> {
    let (needed, have) = (rules.approvals, votes::eligible(rules, excluded));
    if needed == 0 || have < needed {
        return Err(Refusal::TooFewApprovers { needed, have });
    }
    Ok(())
}
