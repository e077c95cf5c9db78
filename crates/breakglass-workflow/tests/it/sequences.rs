//! Whatever happens in whatever order: nothing opens without enough people, and nothing ends without everything done.

use crate::people::{APPROVERS, at, key, request, rules};
use breakglass_model::canonical;
use breakglass_workflow::activation::{Activation, Classification, Done, Event, Phase, Review, Settled};
use breakglass_workflow::approval::{Approval, Decision, Purpose, Statement};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeSet;

const PEOPLE: [&str; 5] = ["Ines Moreau", "Amara Okafor", "Jonas Lind", "Mei Tanaka", "Pavel Dvorak"];

/// What is tried; turned into an event when the state is known.
#[derive(Clone, Debug)]
enum Try {
    /// Someone signs what waits, with someone's key, for some minutes, from a clock that may be off.
    Say {
        who: usize,
        with: usize,
        deny: bool,
        life: i64,
        skew: i64,
    },
    /// A statement about something else.
    SayOther {
        who: usize,
        purpose: Purpose,
    },
    Withdraw(usize),
    Open(usize),
    Force(usize),
    Extend(usize, u32),
    Note(u8),
    Settle(u8),
    Close(usize),
    Did(Done),
    Review(usize),
    Tick,
}

fn tries() -> impl Strategy<Value = Try> {
    let who = 0..PEOPLE.len();
    let purpose =
        prop_oneof![Just(Purpose::Open), Just(Purpose::Ratify), (0usize..3).prop_map(Purpose::Extend)];
    prop_oneof![
        8 => (who.clone(), who.clone(), prop::bool::weighted(0.15), 1i64..2000, -20i64..20)
            .prop_map(|(who, other, deny, life, skew)| Try::Say { who, with: if other == 0 { other } else { who }, deny, life, skew }),
        1 => (who.clone(), purpose).prop_map(|(who, purpose)| Try::SayOther { who, purpose }),
        1 => who.clone().prop_map(Try::Withdraw),
        4 => who.clone().prop_map(Try::Open),
        1 => who.clone().prop_map(Try::Force),
        2 => (who.clone(), 0u32..70).prop_map(|(w, m)| Try::Extend(w, m)),
        1 => (0u8..2).prop_map(Try::Note),
        2 => (0u8..2).prop_map(Try::Settle),
        3 => who.clone().prop_map(Try::Close),
        4 => (0u64..9).prop_map(|n| Try::Did(Done::Rotated(n))),
        4 => Just(Try::Did(Done::Revoked)),
        4 => Just(Try::Did(Done::RemovalConfirmed)),
        4 => who.prop_map(Try::Review),
        2 => Just(Try::Tick),
    ]
}

fn event(activation: &Activation, wish: &Try, now: Timestamp) -> Event {
    let person = |i: &usize| PEOPLE[*i].to_owned();
    let statement = |who: &str, signed: Timestamp, life: i64| Statement {
        format: breakglass_workflow::approval::FORMAT.into(),
        activation: "act-1".into(),
        subject: activation.waiting().map(|w| w.1).unwrap_or_default(),
        purpose: activation.waiting().map_or(Purpose::Open, |w| w.0),
        decision: Decision::Approve,
        approver: who.into(),
        signed_at: signed,
        expires_at: signed + SignedDuration::from_mins(life),
    };
    match wish {
        Try::Say { who, with, deny, life, skew } => {
            let mut said = statement(PEOPLE[*who], now + SignedDuration::from_mins(*skew), *life);
            said.decision = if *deny { Decision::Deny } else { Decision::Approve };
            Event::Said(key(PEOPLE[*with]).sign(said))
        }
        Try::SayOther { who, purpose } => {
            let mut said = statement(PEOPLE[*who], now, 60);
            said.subject = activation.request().digest();
            said.purpose = *purpose;
            Event::Said(key(PEOPLE[*who]).sign(said))
        }
        Try::Withdraw(w) => Event::Withdraw { by: person(w), reason: "not needed".into() },
        Try::Open(w) => Event::Open { by: person(w) },
        Try::Force(w) => Event::DangerForce { by: person(w), reason: "nobody answers".into() },
        Try::Extend(w, minutes) => {
            Event::AskExtension { by: person(w), minutes: *minutes, reason: "longer".into() }
        }
        Try::Note(n) => Event::NoteChange { name: n.to_string(), what: "policy off".into(), by: "x".into() },
        Try::Settle(n) => Event::SettleChange { name: n.to_string(), by: "x".into(), how: Settled::Reverted },
        Try::Close(w) => Event::Close { by: person(w), did: "this and that".into() },
        Try::Did(done) => Event::Did(done.clone()),
        Try::Review(w) => Event::Review(Review {
            reviewer: person(w),
            classification: Classification::Drill,
            cause: "c".into(),
            actions: "a".into(),
            gaps: Vec::new(),
        }),
        Try::Tick => Event::Tick,
    }
}

/// An independent reading of an approval: the key in the design verifies the bytes, and it is about this.
fn really_approves(
    approval: &Approval,
    purpose: Purpose,
    subject: Option<&str>,
    now: Timestamp,
) -> Option<String> {
    use base64::Engine as _;
    use ed25519_dalek::Verifier as _;
    let base64 = base64::engine::general_purpose::STANDARD;
    let said = &approval.statement;
    let public = rules(1).approvers.into_iter().find(|a| a.name == said.approver)?.public_key;
    let public: [u8; 32] = base64.decode(public).unwrap().try_into().unwrap();
    let signature: [u8; 64] = base64.decode(&approval.signature).ok()?.try_into().ok()?;
    let key = ed25519_dalek::VerifyingKey::from_bytes(&public).unwrap();
    let bytes = canonical::to_string(said).unwrap();
    key.verify(bytes.as_bytes(), &ed25519_dalek::Signature::from_bytes(&signature)).ok()?;
    let counts = said.purpose == purpose
        && said.activation == "act-1"
        && subject.is_none_or(|s| s == said.subject)
        && said.decision == Decision::Approve
        && said.expires_at > now
        && said.expires_at <= said.signed_at + SignedDuration::from_hours(24);
    counts.then(|| said.approver.clone())
}

/// Distinct people, never one of `except`, whose approvals stand among the events and hold at `now`.
fn people_for(
    activation: &Activation,
    purpose: Purpose,
    subject: Option<&str>,
    now: Timestamp,
    except: &[&str],
) -> usize {
    let said = activation.entries().iter().filter_map(|e| match &e.event {
        Event::Said(approval) if e.at <= now => really_approves(approval, purpose, subject, now),
        _ => None,
    });
    let people: BTreeSet<String> = said.filter(|p| !except.contains(&p.as_str())).collect();
    people.len()
}

fn check(activation: &Activation) -> Result<(), TestCaseError> {
    let needed = activation.rules().approvals;
    let requester = activation.request().requester.clone();
    let digest = activation.request().digest();
    let position =
        |wanted: &dyn Fn(&Event) -> bool| activation.entries().iter().position(|e| wanted(&e.event));
    if let Some(opened) = activation.opened() {
        if opened.forced.is_none() {
            let have = people_for(activation, Purpose::Open, Some(&digest), opened.at, &[&requester]);
            prop_assert!(have >= needed, "opened with {have} of {needed}");
        }
        let granted = activation
            .extensions()
            .iter()
            .filter_map(|e| e.settled.filter(|s| s.1 == Decision::Approve).map(|s| (e, s.0)));
        let mut until = opened.at + SignedDuration::from_mins(i64::from(activation.request().minutes));
        for (extension, when) in granted {
            let have = people_for(
                activation,
                Purpose::Extend(extension.number),
                None,
                when,
                &[&requester, &extension.by],
            );
            prop_assert!(have >= needed, "extended with {have} of {needed}");
            prop_assert!(when < until, "extended after the timer");
            until += SignedDuration::from_mins(i64::from(extension.minutes));
        }
        prop_assert_eq!(opened.until, until);
    }
    if matches!(activation.phase(), Phase::Review | Phase::Ended) {
        let rotated = position(&|e| matches!(e, Event::Did(Done::Rotated(_))));
        let revoked = position(&|e| *e == Event::Did(Done::Revoked));
        let confirmed = position(&|e| *e == Event::Did(Done::RemovalConfirmed));
        prop_assert!(
            rotated.is_some() && rotated < revoked && revoked < confirmed,
            "{rotated:?} {revoked:?} {confirmed:?}"
        );
        prop_assert!(activation.changes().iter().all(|c| c.settled.is_some()));
        prop_assert!(activation.opened().is_some());
    }
    if activation.phase() == Phase::Ended {
        let review = activation.review().expect("an ended activation has its review");
        let opened = activation.opened().expect("an ended activation was open");
        prop_assert!(review.reviewer != requester && review.reviewer != opened.by);
        if opened.forced.is_some() {
            let given = activation.entries().iter().filter_map(|e| match &e.event {
                Event::Said(a) => really_approves(a, Purpose::Ratify, Some(&digest), a.statement.signed_at),
                _ => None,
            });
            let people: BTreeSet<String> = given.filter(|p| *p != requester && *p != opened.by).collect();
            prop_assert!(people.len() >= needed, "ratified by {people:?}");
        }
        prop_assert_eq!(activation.owed(), []);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_events_cheats(
        approvals in 1usize..=3,
        requester in 0..PEOPLE.len(),
        steps in prop::collection::vec((tries(), -3i64..40), 1..60),
    ) {
        let Ok((mut activation, _)) = Activation::request_checked(request(PEOPLE[requester]), rules(approvals), at(0)) else {
            // Three approvals with an approver as requester: refused, as it must be.
            prop_assert!(approvals == 3 && APPROVERS.contains(&PEOPLE[requester]));
            return Ok(());
        };
        let mut minute = 0;
        for (wish, passed) in steps {
            minute = (minute + passed).max(0);
            let before = activation.clone();
            let event = event(&activation, &wish, at(minute));
            match activation.take(event, at(minute)) {
                Ok(taken) => {
                    prop_assert!(before.phase() <= activation.phase() || before.phase() == Phase::Approved);
                    prop_assert!(!before.phase().is_final() || taken.action.is_none());
                }
                Err(_) => prop_assert_eq!(&before, &activation, "a refused event changed something"),
            }
            check(&activation)?;
        }
        let stored = serde_json::to_string(&activation).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Activation>(&stored).unwrap(), &activation);
        prop_assert_eq!(activation.history().len(), activation.entries().len() + 1);
    }
}

/// The same generator does reach the end: the property above is not true of nothing.
#[test]
fn sequences_reach_the_end() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::{Config, TestRng, TestRunner};
    let rng = TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut reached = BTreeSet::new();
    for _ in 0..300 {
        let steps =
            prop::collection::vec((tries(), 0i64..5), 60..61).new_tree(&mut runner).unwrap().current();
        let (mut activation, _) =
            Activation::request_checked(request("Ines Moreau"), rules(1), at(0)).unwrap();
        let mut minute = 0;
        for (wish, passed) in steps {
            minute += passed;
            let event = event(&activation, &wish, at(minute));
            let _ = activation.take(event, at(minute));
            reached.insert(activation.phase());
        }
    }
    for phase in [Phase::Approved, Phase::Open, Phase::Closing, Phase::Review, Phase::Ended, Phase::Withdrawn]
    {
        assert!(reached.contains(&phase), "{phase} was never reached");
    }
}
