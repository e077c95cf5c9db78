//! What people do with an activation, one function each.

use super::{ActivateError, begin, fetch, step, stored};
use crate::World;
use crate::port::AlertSink;
use breakglass_model::design::{AccountDesign, Design};
use breakglass_workflow::activation::{Activation, Event, Phase, Request, Review, Rules, Settled};
use breakglass_workflow::approval::Approval;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Account name in the design.
    pub account: String,
    /// Who asks.
    pub requester: String,
    /// Why.
    pub reason: String,
    /// Incident or change.
    pub ticket: String,
    /// For how long; the design's length when not given.
    pub minutes: Option<u32>,
    /// What is going to be done.
    pub planned: Vec<String>,
}

/// Where activations are handled: nothing here needs the tenant, and so nothing here needs Entra, until something is closed.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// Time, store, ledger.
    pub world: &'a World,
    /// Where alerts go.
    pub sink: &'a dyn AlertSink,
    /// The approved design.
    pub design: &'a Design,
}

impl Desk<'_> {
    /// Asks for an activation.
    ///
    /// # Errors
    /// [`ActivateError::Refused`] when it could not be approved or reviewed; store and ledger errors.
    pub async fn request(&self, wish: Wish) -> Result<Activation, ActivateError> {
        let account = self.account(&wish.account)?;
        let object_id =
            account.object_id.clone().ok_or_else(|| ActivateError::NoObjectId(wish.account.clone()))?;
        let now = self.world.now();
        let mut random = [0u8; 4];
        self.world.entropy.fill(&mut random);
        let request = Request {
            id: format!("act-{}-{:08x}", now.strftime("%Y%m%d-%H%M%S"), u32::from_be_bytes(random)),
            tenant: self.design.tenant.id.to_string(),
            account: wish.account,
            object_id,
            requester: wish.requester,
            reason: wish.reason,
            ticket: wish.ticket,
            minutes: wish.minutes.unwrap_or(self.design.activation.minutes),
            planned: wish.planned,
            requested_at: now,
        };
        let (activation, _) = Activation::request_checked(request, Rules::of(self.design), now)?;
        begin(self.world, self.sink, activation).await
    }

    /// An approver's signed word: on the opening, the open extension, or the ratification.
    ///
    /// # Errors
    /// [`ActivateError::OtherRules`] when the design does not name that approver with that key any more;
    /// [`ActivateError::Refused`] when the word does not count.
    pub async fn say(&self, id: &str, approval: Approval) -> Result<Activation, ActivateError> {
        let activation = self.load(id).await?;
        let same = |name: &str| {
            let of = |rules: &Rules| rules.approvers.iter().find(|a| a.name == name).cloned();
            of(activation.rules()) == of(&Rules::of(self.design))
        };
        if !same(&approval.statement.approver) {
            return Err(ActivateError::OtherRules(id.into()));
        }
        self.step(id, Event::Said(approval)).await
    }

    /// Opens it: from now on the quorum may open the envelope.
    ///
    /// # Errors
    /// As the state machine says; [`ActivateError::AnotherOpen`]; [`ActivateError::OtherRules`] when the design has changed
    /// since the request, or the record has.
    pub async fn open(&self, id: &str, by: &str) -> Result<Activation, ActivateError> {
        self.may_open(id).await?;
        self.step(id, Event::Open { by: by.into() }).await
    }

    /// Opens it without the approvals: loud, and to be ratified.
    ///
    /// # Errors
    /// As [`Desk::open`].
    pub async fn danger_force(&self, id: &str, by: &str, reason: &str) -> Result<Activation, ActivateError> {
        self.may_open(id).await?;
        self.step(id, Event::DangerForce { by: by.into(), reason: reason.into() }).await
    }

    /// Takes the request back before it is opened.
    ///
    /// # Errors
    /// As the state machine says.
    pub async fn withdraw(&self, id: &str, by: &str, reason: &str) -> Result<Activation, ActivateError> {
        self.step(id, Event::Withdraw { by: by.into(), reason: reason.into() }).await
    }

    /// Asks for more time; it counts when it is approved while the timer runs.
    ///
    /// # Errors
    /// As the state machine says.
    pub async fn ask_extension(
        &self,
        id: &str,
        by: &str,
        minutes: u32,
        reason: &str,
    ) -> Result<Activation, ActivateError> {
        self.step(id, Event::AskExtension { by: by.into(), minutes, reason: reason.into() }).await
    }

    /// Notes a change that must not stay.
    ///
    /// # Errors
    /// As the state machine says.
    pub async fn note_change(
        &self,
        id: &str,
        name: &str,
        what: &str,
        by: &str,
    ) -> Result<Activation, ActivateError> {
        self.step(id, Event::NoteChange { name: name.into(), what: what.into(), by: by.into() }).await
    }

    /// Settles a temporary change.
    ///
    /// # Errors
    /// As the state machine says.
    pub async fn settle_change(
        &self,
        id: &str,
        name: &str,
        by: &str,
        how: Settled,
    ) -> Result<Activation, ActivateError> {
        self.step(id, Event::SettleChange { name: name.into(), by: by.into(), how }).await
    }

    /// The after-action review, which ends it.
    ///
    /// # Errors
    /// As the state machine says.
    pub async fn review(&self, id: &str, review: Review) -> Result<Activation, ActivateError> {
        self.step(id, Event::Review(review)).await
    }

    pub(super) async fn step(&self, id: &str, event: Event) -> Result<Activation, ActivateError> {
        self.load(id).await?;
        Ok(step(self.world, self.sink, id, event).await?.0)
    }

    /// Loads it, and refuses one of another tenant.
    pub(super) async fn load(&self, id: &str) -> Result<Activation, ActivateError> {
        let activation = fetch(self.world, id).await?.1.activation;
        let (other, design) = (&activation.request().tenant, self.design.tenant.id.as_str());
        if other != design {
            let (other, design) = (other.clone(), design.to_owned());
            return Err(ActivateError::OtherTenant { id: id.into(), other, design });
        }
        Ok(activation)
    }

    pub(super) fn account(&self, name: &str) -> Result<&AccountDesign, ActivateError> {
        self.design.account(name).ok_or_else(|| ActivateError::NoAccount(name.into()))
    }

    async fn may_open(&self, id: &str) -> Result<(), ActivateError> {
        let activation = self.load(id).await?;
        if *activation.rules() != Rules::of(self.design) {
            return Err(ActivateError::OtherRules(id.into()));
        }
        let account = &activation.request().account;
        for (other, found) in stored(self.world).await? {
            let open = found.ok().filter(|a| a.request().account == *account && other != id);
            if let Some(phase) = open.map(|a| a.phase()).filter(|p| matches!(p, Phase::Open | Phase::Closing))
            {
                return Err(ActivateError::AnotherOpen { account: account.clone(), other, phase });
            }
        }
        Ok(())
    }
}
