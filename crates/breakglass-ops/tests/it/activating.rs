//! Activations from request to review, with people at several desks, kills, and lost answers.

use crate::twin::{self, Blow, Habits, Log, Moment, Twin, approver, sign_in_record};
use breakglass_model::design::Design;
use breakglass_model::{ObjectId, Secret, Severity};
use breakglass_ops::activate::{ActivateError, Desk, Wish, load, preserved, tick_all};
use breakglass_ops::custody;
use breakglass_ops::port::Change;
use breakglass_ops::port::Tenant as _;
use breakglass_ops::watch::poll;
use breakglass_workflow::activation::{Activation, Classification, Duty, Phase, Refusal, Review, Settled};
use breakglass_workflow::approval::{Approval, Decision};
use jiff::SignedDuration;
use serde_json::json;
use std::collections::BTreeMap;

struct Office {
    twin: Twin,
    design: Design,
    shares: Vec<Secret>,
}

impl Office {
    async fn set(seed: u64) -> Self {
        let twin = Twin::new(seed, Habits { log_lag: 20, ..Habits::default() });
        let mut design = twin::design();
        twin.settle(&mut design);
        let made = custody::establish_with(&twin.world(), &design.custody, 2).await.unwrap();
        let shares = made.shares.iter().map(|s| s.words.clone()).collect();
        Self { twin: twin.revive(), design, shares }
    }

    fn at(&self, twin: &Twin) -> Self {
        Self { twin: twin.clone(), design: self.design.clone(), shares: self.shares.clone() }
    }

    fn account(&self) -> ObjectId {
        self.design.accounts[0].object_id.clone().unwrap()
    }

    /// Does something at a desk of this office.
    async fn desk<T>(
        &self,
        act: impl AsyncFnOnce(Desk<'_>) -> Result<T, ActivateError>,
    ) -> Result<T, ActivateError> {
        let (world, sink) = (self.twin.world(), self.twin.outbox());
        act(Desk { world: &world, sink: &sink, design: &self.design }).await
    }

    async fn request(&self) -> Activation {
        let wish = Wish {
            account: "ea-01".into(),
            requester: "Ines Moreau".into(),
            reason: "a policy locks every administrator out".into(),
            ticket: "INC-4711".into(),
            minutes: None,
            planned: vec!["exclude the administrators".into()],
        };
        self.desk(async |d| d.request(wish).await).await.unwrap()
    }

    fn word(&self, activation: &Activation, seed: u8) -> Approval {
        let name = ["", "Amara Okafor", "Jonas Lind", "Mei Tanaka"][usize::from(seed)];
        let now = self.twin.now();
        let statement =
            activation.statement(name, Decision::Approve, now, SignedDuration::from_hours(8)).unwrap();
        approver(seed).sign(statement)
    }

    async fn approve(&self, id: &str, seed: u8) -> Result<Activation, ActivateError> {
        let activation = load(&self.twin.world(), id).await?;
        let word = self.word(&activation, seed);
        self.desk(async |d| d.say(id, word).await).await
    }

    async fn opened(&self) -> Activation {
        let id = self.request().await.request().id.clone();
        self.approve(&id, 1).await.unwrap();
        self.approve(&id, 2).await.unwrap();
        self.desk(async |d| d.open(&id, "Ines Moreau").await).await.unwrap()
    }

    async fn close(&self, id: &str) -> Result<Activation, ActivateError> {
        let tenant = self.twin.app();
        self.desk(async |d| d.close(&tenant, id, "Ines Moreau", "excluded the administrators").await).await
    }

    /// What a use leaves in the tenant: a sign-in, and an elevation that nobody removed.
    async fn use_it(&self) {
        let (id, upn) = (self.account(), self.design.accounts[0].upn.clone());
        self.twin.log(
            Log::SignIns,
            sign_in_record(&id, &upn, &self.twin.now().to_string(), "FIDO2", self.twin.now()),
        );
        self.twin.seat(&id).write(&Change::ElevateAccess).await.unwrap();
    }

    /// Closed as it must be: a password that only the envelope knows, no session, no elevation.
    async fn is_closed(&self, when: &str) {
        let truth = self.twin.truth();
        assert!(truth.root.is_empty(), "{when}: the elevation is still there");
        assert!(
            truth.revoked.get(&self.account()).is_some_and(|n| *n >= 1),
            "{when}: sessions were not revoked"
        );
        let record = custody::danger_open(&self.twin.world(), "ea-01", &self.shares).await.unwrap();
        assert_eq!(
            record.password.danger_reveal(),
            &truth.passwords[&self.account()],
            "{when}: another password"
        );
    }
}

fn review(reviewer: &str) -> Review {
    Review {
        reviewer: reviewer.into(),
        classification: Classification::Emergency,
        cause: "the policy had no exclusion".into(),
        actions: "as planned".into(),
        gaps: Vec::new(),
    }
}

#[tokio::test]
async fn from_request_to_review() {
    let office = Office::set(1).await;
    poll(&office.twin.world(), &office.twin.app(), &office.design, &office.twin.outbox()).await.unwrap();
    let activation = office.opened().await;
    let id = activation.request().id.clone();
    office.twin.pass(60);
    office.use_it().await;
    office.twin.pass(60);
    let seen =
        poll(&office.twin.world(), &office.twin.app(), &office.design, &office.twin.outbox()).await.unwrap();
    assert!(
        !seen.alerts.is_empty() && seen.alerts.iter().all(|a| a.severity <= Severity::Medium),
        "{:?}",
        seen.alerts
    );
    assert!(seen.alerts.iter().all(|a| a.details["window"] == id.as_str()));
    let by = "Ines Moreau";
    office
        .desk(async |d| d.note_change(&id, "policy", "`Require compliant device` is off", by).await)
        .await
        .unwrap();
    office.desk(async |d| d.ask_extension(&id, by, 30, "it takes longer").await).await.unwrap();
    office.approve(&id, 1).await.unwrap();
    let extended = office.approve(&id, 3).await.unwrap();
    assert_eq!(
        extended.window().unwrap().1.duration_since(extended.window().unwrap().0),
        SignedDuration::from_mins(90)
    );

    let closing = office.close(&id).await.unwrap();
    assert_eq!(closing.phase(), Phase::Closing, "a temporary change is open");
    let settled =
        office.desk(async |d| d.settle_change(&id, "policy", by, Settled::Reverted).await).await.unwrap();
    assert_eq!(settled.phase(), Phase::Review);
    office.is_closed("closed").await;
    let own = office.desk(async |d| d.review(&id, review(by)).await).await.unwrap_err();
    assert!(matches!(own, ActivateError::Refused(Refusal::ReviewerTookPart { .. })), "{own}");
    let ended = office.desk(async |d| d.review(&id, review("Pavel Dvorak")).await).await.unwrap();
    assert_eq!(ended.phase(), Phase::Ended);

    let kept = preserved(&office.twin.world(), &id).await.unwrap().unwrap();
    insta::assert_snapshot!(
        kept.events.iter().map(|e| format!("{} {}", e.kind, e.operation)).collect::<Vec<_>>().join("\n")
    );
    let kinds: Vec<_> =
        office.twin.ledger_kinds().into_iter().filter(|k| k.starts_with("activate.")).collect();
    insta::assert_snapshot!(kinds.join("\n"));

    // After its end, a use is an alarm again, and says which activation had ended.
    office.twin.pass(60);
    office.use_it().await;
    office.twin.pass(60);
    let seen =
        poll(&office.twin.world(), &office.twin.app(), &office.design, &office.twin.outbox()).await.unwrap();
    let worst = seen.alerts.iter().max_by_key(|a| a.severity).unwrap();
    assert_eq!((worst.severity, &worst.details["after_window"]), (Severity::Critical, &json!(true)));
}

#[tokio::test]
async fn closing_goes_on_wherever_it_was_killed() {
    let office = Office::set(2).await;
    let id = office.opened().await.request().id.clone();
    office.use_it().await;
    let office = office.at(&office.twin.revive());
    let whole = office.at(&office.twin.fork());
    whole.close(&id).await.unwrap();
    for at in 0..whole.twin.fate().effects() {
        let when = format!("killed after {at} of {} effects", whole.twin.fate().effects());
        let killed = office.at(&office.twin.fork());
        killed.twin.fate().strike(Blow::Kill(at));
        assert!(killed.close(&id).await.is_err(), "{when}: it did not notice");
        let again = office.at(&killed.twin.revive());
        match again.close(&id).await {
            Ok(activation) => assert_eq!(activation.phase(), Phase::Review, "{when}"),
            // Only the copy of the logs was not kept yet.
            Err(ActivateError::Refused(Refusal::Phase { phase: Phase::Review, .. })) => {}
            Err(error) => panic!("{when}: {error}"),
        }
        again.is_closed(&when).await;
        let done = load(&again.twin.world(), &id).await.unwrap();
        assert_eq!(done.phase(), Phase::Review, "{when}");
        every_transition_was_carried_out(&again.twin, &done, &when).await;
    }
}

/// Each alert of each transition is in the outbox once, and each transition in the ledger.
async fn every_transition_was_carried_out(twin: &Twin, activation: &Activation, when: &str) {
    tick_all(&twin.world(), &twin.outbox()).await.unwrap();
    let mut wanted: BTreeMap<String, usize> = BTreeMap::new();
    for taken in activation.history() {
        *wanted.entry(taken.action.unwrap().kind).or_default() += 1;
    }
    for (kind, count) in wanted {
        let found = twin.ledger_kinds().into_iter().filter(|k| *k == kind).count();
        assert!(found >= count, "{when}: {found} of {count} `{kind}` in the ledger");
    }
    let outbox: Vec<_> = twin.documents("outbox").into_iter().map(|(id, _)| id).collect();
    for (i, taken) in activation.history().iter().enumerate() {
        for (n, duty) in taken.duties.iter().enumerate() {
            let id = format!("activation-{}-{i}-{n}", activation.request().id);
            assert!(
                !matches!(duty, Duty::Alert { .. }) || outbox.contains(&id),
                "{when}: `{id}` is not in the outbox"
            );
        }
    }
}

#[tokio::test]
async fn lost_answers_while_closing_are_no_harm() {
    let office = Office::set(3).await;
    let id = office.opened().await.request().id.clone();
    office.use_it().await;
    let office = office.at(&office.twin.revive());
    let whole = office.at(&office.twin.fork());
    whole.close(&id).await.unwrap();
    for (at, _) in (1..).zip(whole.twin.fate().asked()) {
        for moment in [Moment::Before, Moment::After] {
            let when = format!("the answer of call {at} was lost {moment:?} its effect");
            let one = office.at(&office.twin.fork());
            one.twin.fate().strike(Blow::Lose(at, moment));
            if one.close(&id).await.is_err() {
                one.close(&id).await.unwrap_or_else(|e| panic!("{when}: {e}"));
            }
            one.is_closed(&when).await;
            assert!(custody::unsettled_rotations(&one.twin.world()).await.unwrap().is_empty(), "{when}");
        }
    }
}

#[tokio::test]
async fn a_kill_at_any_desk_loses_no_alert() {
    let office = Office::set(4).await;
    let activation = office.request().await;
    let id = activation.request().id.clone();
    office.approve(&id, 1).await.unwrap();
    office.approve(&id, 2).await.unwrap();
    let office = office.at(&office.twin.revive());
    for at in 0..6 {
        let killed = office.at(&office.twin.fork());
        killed.twin.fate().strike(Blow::Kill(at));
        let opened = killed.desk(async |d| d.open(&id, "Ines Moreau").await).await;
        let again = office.at(&killed.twin.revive());
        if opened.is_err() && load(&again.twin.world(), &id).await.unwrap().phase() == Phase::Approved {
            again.desk(async |d| d.open(&id, "Ines Moreau").await).await.unwrap();
        }
        tick_all(&again.twin.world(), &again.twin.outbox()).await.unwrap();
        let done = load(&again.twin.world(), &id).await.unwrap();
        assert_eq!(done.phase(), Phase::Open);
        every_transition_was_carried_out(&again.twin, &done, &format!("killed after {at} effects")).await;
    }
}

/// Two approvers at two machines at the same moment: both count.
#[tokio::test]
async fn two_desks_at_once() {
    let office = Office::set(5).await;
    let id = office.request().await.request().id.clone();
    let (one, two) = tokio::join!(office.approve(&id, 1), office.approve(&id, 2));
    assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
    assert_eq!(load(&office.twin.world(), &id).await.unwrap().phase(), Phase::Approved);
    // And two who open it: one of them is told that it is open.
    let open = async |by: &str| office.desk(async |d| d.open(&id, by).await).await;
    let (one, two) = tokio::join!(open("Ines Moreau"), open("Pavel Dvorak"));
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
}

#[tokio::test]
async fn a_timer_that_runs_out_alarms_and_closing_takes_it_up() {
    let office = Office::set(6).await;
    let id = office.opened().await.request().id.clone();
    office.use_it().await;
    office.twin.pass(61 * 60);
    let seen =
        poll(&office.twin.world(), &office.twin.app(), &office.design, &office.twin.outbox()).await.unwrap();
    let title = format!("the timer of activation `{id}` ran out");
    assert!(
        seen.alerts.iter().any(|a| a.severity == Severity::Critical && a.title.starts_with(&title)),
        "{:?}",
        seen.alerts
    );
    let again =
        poll(&office.twin.world(), &office.twin.app(), &office.design, &office.twin.outbox()).await.unwrap();
    assert!(!again.alerts.iter().any(|a| a.title.starts_with(&title)), "told twice");
    assert_eq!(office.close(&id).await.unwrap().phase(), Phase::Review);
    office.is_closed("after the timer").await;
}

#[tokio::test]
async fn what_the_desk_refuses() {
    let office = Office::set(7).await;
    let id = office.request().await.request().id.clone();
    let word = office.word(&load(&office.twin.world(), &id).await.unwrap(), 1);
    let mut report = Vec::new();
    let mut ids = vec![(id.clone(), "ID")];
    let mut note = |ids: &[(String, &str)], what: &str, result: Result<Activation, ActivateError>| {
        let words = result.map(|a| a.phase().to_string()).unwrap_or_else(|e| e.to_string());
        report.push(ids.iter().fold(format!("{what}: {words}"), |line, (id, short)| line.replace(id, short)));
    };
    note(&ids, "no such", office.desk(async |d| d.open("act-0", "x").await).await);
    note(&ids, "too few", office.desk(async |d| d.open(&id, "Ines Moreau").await).await);
    let mut other = office.at(&office.twin);
    other.design.approvers[0].public_key = approver(9).public_key();
    note(&ids, "another key in the design", other.desk(async |d| d.say(&id, word).await).await);
    office.approve(&id, 1).await.unwrap();
    office.approve(&id, 2).await.unwrap();
    note(&ids, "the design has changed", other.desk(async |d| d.open(&id, "Ines Moreau").await).await);
    other.design.tenant.id = "99999999-2222-4333-8444-555555555555".into();
    note(&ids, "another tenant", other.desk(async |d| d.open(&id, "Ines Moreau").await).await);
    let second = office.opened().await.request().id.clone();
    ids.push((second.clone(), "OTHER"));
    note(&ids, "another is open", office.desk(async |d| d.open(&id, "Ines Moreau").await).await);
    let mut undeclared = office.at(&office.twin);
    undeclared.design.accounts[0].object_id = None;
    let wish = |account: &str| Wish {
        account: account.into(),
        requester: "I".into(),
        reason: "r".into(),
        ticket: "t".into(),
        minutes: None,
        planned: vec![],
    };
    note(&ids, "no account", office.desk(async |d| d.request(wish("ea-09")).await).await);
    note(&ids, "no id", undeclared.desk(async |d| d.request(wish("ea-01")).await).await);
    // The elevation comes back whatever is done.
    office.twin.meddle(|d| {
        let properties = json!({"principalId": office.account(), "scope": "/", "roleDefinitionId": "x/18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"});
        d.root.insert("/stuck".into(), json!({"id": "/locked", "properties": properties}));
    });
    note(&ids, "elevated", office.close(&second).await);
    insta::assert_snapshot!(report.join("\n"));
}
