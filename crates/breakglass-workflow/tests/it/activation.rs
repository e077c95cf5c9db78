//! The way of an activation from request to end, and everything that is not a way.

use crate::people::{APPROVERS, approve, at, opened, request, requested, rules};
use breakglass_workflow::activation::{
    Activation, Classification, Done, Duty, Event, Gap, Phase, Refusal, Review, Settled, Taken,
};
use breakglass_workflow::approval::Purpose;
use std::fmt::Write as _;

fn review(reviewer: &str) -> Review {
    Review {
        reviewer: reviewer.into(),
        classification: Classification::Emergency,
        cause: "policy `Require compliant device` without an exclusion".into(),
        actions: "excluded the administrators, as planned".into(),
        gaps: vec![Gap {
            what: "promotion check".into(),
            owner: "Identity Operations".into(),
            due: "2026-04-01".into(),
        }],
    }
}

fn told(text: &mut String, activation: &Activation, taken: &Taken) {
    let action = taken.action.as_ref();
    let kind = action.map_or("nothing happened", |a| a.kind.as_str());
    let who = action.map_or("", |a| a.who.as_str());
    let _ = writeln!(text, "{kind} {who} -> {}", activation.phase());
    for duty in &taken.duties {
        let _ = writeln!(text, "    {}", serde_json::to_string(duty).unwrap());
    }
}

fn walk(mut activation: Activation, events: Vec<(i64, Event)>) -> (Activation, String) {
    let mut text = String::new();
    for (minute, event) in events {
        match activation.take(event, at(minute)) {
            Ok(taken) => told(&mut text, &activation, &taken),
            Err(refusal) => {
                let _ = writeln!(text, "refused: {refusal}");
            }
        }
    }
    (activation, text)
}

#[test]
fn from_request_to_end() {
    let (mut activation, first) =
        Activation::request_checked(request("Ines Moreau"), rules(2), at(0)).unwrap();
    let mut text = String::new();
    told(&mut text, &activation, &first);
    for (minute, approver) in [(1, "Amara Okafor"), (2, "Mei Tanaka")] {
        let taken = approve(&mut activation, approver, at(minute)).unwrap();
        told(&mut text, &activation, &taken);
    }
    let ines = || "Ines Moreau".to_owned();
    let close = Event::Close { by: ines(), did: "excluded the administrators".into() };
    let events = vec![
        (3, Event::Open { by: ines() }),
        (
            10,
            Event::NoteChange {
                name: "policy off".into(),
                what: "policy `P` is disabled".into(),
                by: ines(),
            },
        ),
        (20, close.clone()),
        (21, Event::Review(review("Pavel Dvorak"))),
        (21, Event::Did(Done::Revoked)),
        (22, Event::Did(Done::Rotated(4))),
        (23, Event::Did(Done::RemovalConfirmed)),
        (23, Event::Did(Done::Revoked)),
        (23, Event::Did(Done::Revoked)),
        (24, Event::Did(Done::RemovalConfirmed)),
        (25, Event::Review(review("Pavel Dvorak"))),
        (26, Event::SettleChange { name: "policy".into(), by: ines(), how: Settled::Reverted }),
        (26, Event::SettleChange { name: "policy off".into(), by: ines(), how: Settled::Reverted }),
        (30, Event::Review(review(" ines moreau"))),
        (31, Event::Review(review("Pavel Dvorak"))),
        (32, close),
    ];
    let (activation, rest) = walk(activation, events);
    insta::assert_snapshot!(text + &rest);
    assert_eq!(activation.phase(), Phase::Ended);
    assert_eq!(activation.window(), Some((at(3), at(20))));
}

#[test]
fn timers_speak_once_each() {
    let tick = |minute| (minute, Event::Tick);
    let mut forced = requested(2);
    let reason = "no approver answers: the phone network is down".to_owned();
    forced.take(Event::DangerForce { by: "Pavel Dvorak".into(), reason }, at(1)).unwrap();
    let day = 24 * 60;
    let (_, text) = walk(
        forced,
        vec![
            tick(2),
            tick(50),
            tick(51),
            tick(52),
            tick(60),
            tick(61),
            tick(62),
            tick(90),
            tick(91),
            tick(92),
            (93, Event::Did(Done::Rotated(2))),
            (93, Event::Did(Done::Revoked)),
            (93, Event::Did(Done::RemovalConfirmed)),
            tick(day),
            tick(day + 1),
            tick(day + 2),
            tick(4 * day),
            tick(5 * day),
            (5 * day, Event::Review(review("Mei Tanaka"))),
        ],
    );
    insta::assert_snapshot!(text);
    let (expired, text) = walk(requested(1), vec![tick(day - 1), tick(day), tick(day + 1)]);
    insta::assert_snapshot!(text, @r#"
    nothing happened  -> requested
    activate.timer  -> expired
        {"alert":{"severity":"info","title":"the request `act-1` for `ea-01` has expired"}}
    nothing happened  -> expired
    "#);
    assert_eq!(expired.entries().len(), 1, "ticks without effect leave no trace");
}

#[test]
fn what_was_forced_is_ratified_by_people_who_had_no_part_in_it() {
    let mut activation = requested(2);
    let by = |name: &str| Event::DangerForce { by: name.into(), reason: "nobody answers".into() };
    // Only two could ratify what an approver forced; with three needed it could never end.
    let mut strict = requested(3);
    assert_eq!(
        strict.take(by("Amara Okafor"), at(1)).unwrap_err(),
        Refusal::TooFewApprovers { needed: 3, have: 2 }
    );
    activation.take(by("Amara Okafor"), at(1)).unwrap();
    assert_eq!(activation.waiting().map(|w| w.0), Some(Purpose::Ratify));
    assert_eq!(
        approve(&mut activation, "Amara Okafor", at(2)).unwrap_err(),
        Refusal::OwnRequest("Amara Okafor".into())
    );
    activation.take(Event::Close { by: "Amara Okafor".into(), did: "all".into() }, at(10)).unwrap();
    for done in [Done::Rotated(2), Done::Revoked, Done::RemovalConfirmed] {
        activation.take(Event::Did(done), at(11)).unwrap();
    }
    approve(&mut activation, "Jonas Lind", at(12)).unwrap();
    let refusal = activation.take(Event::Review(review("Pavel Dvorak")), at(13)).unwrap_err();
    assert!(matches!(refusal, Refusal::NotRatified { have: 1, needed: 2, .. }), "{refusal}");
    approve(&mut activation, "Mei Tanaka", at(14)).unwrap();
    assert_eq!(activation.owed(), [Duty::Review]);
    // A ratification does not run out.
    activation.take(Event::Review(review("Pavel Dvorak")), at(3 * 24 * 60)).unwrap();
    assert_eq!(activation.phase(), Phase::Ended);
}

#[test]
fn requests_that_could_never_be_approved_or_reviewed_are_refused() {
    let broken = |change: &dyn Fn(&mut breakglass_workflow::activation::Request)| {
        let mut request = request("Ines Moreau");
        change(&mut request);
        Activation::request_checked(request, rules(2), at(0)).unwrap_err().to_string()
    };
    let mut unusable = rules(2);
    unusable.approvers[0].public_key = "AAAA".into();
    unusable.approvers[1].public_key = unusable.approvers[2].public_key.clone();
    let report = [
        broken(&|r| r.requester = " ".into()),
        broken(&|r| r.reason = String::new()),
        broken(&|r| r.ticket = String::new()),
        broken(&|r| r.minutes = 0),
        broken(&|r| r.minutes = 61),
        Activation::request_checked(request("Ines Moreau"), rules(4), at(0)).unwrap_err().to_string(),
        Activation::request_checked(request("Amara Okafor"), rules(3), at(0)).unwrap_err().to_string(),
        Activation::request_checked(request("Ines Moreau"), unusable, at(0)).unwrap_err().to_string(),
    ]
    .join("\n");
    insta::assert_snapshot!(report);
}

#[test]
fn setting_the_clock_back_lengthens_nothing() {
    let mut activation = opened();
    activation
        .take(Event::NoteChange { name: "a".into(), what: "b".into(), by: "c".into() }, at(61))
        .unwrap();
    let back = Event::NoteChange { name: "d".into(), what: "b".into(), by: "c".into() };
    activation.take(back, at(-500)).unwrap();
    assert_eq!(activation.entries().last().map(|e| e.at), Some(at(61)));
    activation.take(Event::Tick, at(62)).unwrap();
    assert_eq!(activation.phase(), Phase::Closing);
}

#[test]
fn a_stored_activation_is_read_by_taking_every_event_again() {
    let activation = opened();
    let stored = serde_json::to_value(&activation).unwrap();
    assert_eq!(serde_json::from_value::<Activation>(stored.clone()).unwrap(), activation);
    assert_eq!(activation.history().len(), activation.entries().len() + 1);
    let edited = |path: &str, new: serde_json::Value| {
        let mut copy = stored.clone();
        *copy.pointer_mut(path).unwrap() = new;
        serde_json::from_value::<Activation>(copy).unwrap_err().to_string()
    };
    let mut without_one = stored.clone();
    without_one["entries"].as_array_mut().unwrap().remove(1);
    let report = [
        edited("/format", "breakglass-activation/2".into()),
        edited("/request/reason", "another reason".into()),
        edited("/request/requester", APPROVERS[0].into()),
        edited("/rules/approvals", 3.into()),
        edited("/rules/approvers/0/public_key", rules(1).approvers[1].public_key.clone().into()),
        edited("/entries/1/data/statement/approver", APPROVERS[2].into()),
        serde_json::from_value::<Activation>(without_one).unwrap_err().to_string(),
    ]
    .join("\n");
    insta::assert_snapshot!(report);
}
