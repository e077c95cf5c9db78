//! One look after another at logs that are late, come twice and cannot be read, by a program that is killed.

use crate::twin::{self, Blow, Dice, Habits, Log, Moment, Twin, sign_in_record};
use breakglass_model::design::Design;
use breakglass_model::{ObjectId, Severity};
use breakglass_ops::port::Alert;
use breakglass_ops::watch::{self, Polled, alert_times, heartbeat, poll};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

fn stage(seed: u64, habits: Habits) -> (Twin, Design) {
    let twin = Twin::new(seed, habits);
    let mut design = twin::design();
    twin.settle(&mut design);
    (twin, design)
}

async fn look(twin: &Twin, design: &Design) -> Polled {
    poll(&twin.world(), &twin.app(), design, &twin.outbox()).await.unwrap()
}

/// A sign-in of an account, now.
fn sign_in(twin: &Twin, design: &Design, account: usize, name: &str) -> String {
    let account = &design.accounts[account];
    let record =
        sign_in_record(account.object_id.as_ref().unwrap(), &account.upn, name, "Password", twin.now());
    twin.log(Log::SignIns, record);
    format!("sign-in-{name}")
}

/// Alerts in the outbox by the record that they are about.
fn told(twin: &Twin) -> BTreeMap<String, Vec<Alert>> {
    let mut told: BTreeMap<String, Vec<Alert>> = BTreeMap::new();
    for (_, entry) in twin.documents("outbox") {
        let alert: Alert = serde_json::from_value(entry["alert"].clone()).unwrap();
        told.entry(alert.details["event"].as_str().unwrap_or(&alert.id).to_owned()).or_default().push(alert);
    }
    told
}

fn titles(alerts: &[Alert]) -> Vec<String> {
    alerts.iter().map(|a| format!("{}: {}", a.severity, a.title)).collect()
}

/// Records up to 25 minutes late (the look-back is 30), some of them twice, an outage of the program, and kills.
#[tokio::test]
async fn every_use_is_told_exactly_once() {
    for seed in 1..=12 {
        println!("seed {seed}");
        let mut dice = Dice::new(seed);
        let habits = Habits { log_lag: 25 * 60, repeats: true, ..Habits::default() };
        let (mut twin, design) = stage(seed, habits);
        look(&twin, &design).await;
        let mut expected = BTreeSet::new();
        for minute in 0..90 {
            for n in 0..dice.roll(2) {
                let account = usize::try_from(dice.roll(2)).unwrap();
                expected.insert(sign_in(&twin, &design, account, &format!("{minute}-{n}")));
            }
            twin.pass(60);
            let down = (30..45).contains(&minute);
            if down || dice.roll(4) == 0 {
                continue;
            }
            if dice.roll(3) == 0 {
                twin.fate().strike(Blow::Kill(dice.roll(12)));
            }
            let seen = poll(&twin.world(), &twin.app(), &design, &twin.outbox()).await;
            assert!(seen.is_ok() || twin.fate().is_dead(), "seed {seed}: {seen:?}");
            twin = twin.revive();
        }
        twin.pass(25 * 60);
        look(&twin, &design).await;
        let told = told(&twin);
        assert_eq!(told.keys().cloned().collect::<BTreeSet<_>>(), expected, "seed {seed}");
        assert!(told.values().all(|alerts| alerts.len() == 1), "seed {seed}: told twice");
        let recorded = twin.ledger_kinds().into_iter().filter(|k| k == "watch.alert").count();
        assert!(recorded >= expected.len(), "seed {seed}: {recorded} of {} in the ledger", expected.len());
    }
}

#[tokio::test]
async fn killed_between_any_two_effects_of_a_look() {
    let (twin, design) = stage(1, Habits { repeats: true, ..Habits::default() });
    look(&twin, &design).await;
    twin.pass(60);
    let expected: BTreeSet<_> = (0..3).map(|n| sign_in(&twin, &design, n % 2, &n.to_string())).collect();
    twin.log(Log::Audits, json!({"id": "odd", "what": "is this"}));
    let twin = twin.revive();
    let whole = twin.fork();
    look(&whole, &design).await;
    let count = told(&whole).len();
    for at in 0..whole.fate().effects() {
        let killed = twin.fork();
        killed.fate().strike(Blow::Kill(at));
        assert!(poll(&killed.world(), &killed.app(), &design, &killed.outbox()).await.is_err());
        let again = killed.revive();
        again.pass(30);
        look(&again, &design).await;
        look(&again, &design).await;
        let told = told(&again);
        assert!(
            expected.iter().all(|e| told.contains_key(e)),
            "killed after {at} effects: lost {expected:?}"
        );
        assert!(
            told.len() == count && told.values().all(|a| a.len() == 1),
            "killed after {at} effects: told twice"
        );
    }
}

#[tokio::test]
async fn watching_begins_when_an_account_is_added_and_not_with_the_first_look() {
    let (twin, mut design) = stage(2, Habits::default());
    let id = design.accounts[0].object_id.take().unwrap();
    let upn = design.accounts[0].upn.clone();
    watch::add(&twin.world(), "ea-01", &id, &upn).await.unwrap();
    watch::add(&twin.world(), "ea-01", &id, &upn).await.unwrap();
    assert_eq!(twin.ledger_kinds(), ["watch.added"], "adding twice is adding once");
    twin.pass(5);
    let event = "sign-in-early";
    twin.log(Log::SignIns, sign_in_record(&id, &upn, "early", "Password", twin.now()));
    twin.pass(3 * 60 * 60);
    look(&twin, &design).await;
    assert!(told(&twin).contains_key(event));
    watch::remove(&twin.world(), "ea-01").await.unwrap();
    assert_eq!(watch::list(&twin.world()).await.unwrap(), []);
    let other = &design.accounts[1];
    let (watched, _) = watch::watched(&twin.world(), &design).await.unwrap();
    assert_eq!(watched.accounts.keys().collect::<Vec<_>>(), [other.object_id.as_ref().unwrap()]);
}

#[tokio::test]
async fn what_cannot_be_read_is_blindness_and_is_read_later() {
    let habits = Habits { no_activity: true, ..Habits::default() };
    let (twin, design) = stage(3, habits);
    let first = look(&twin, &design).await;
    assert!(!first.sees_everything());
    insta::assert_snapshot!(titles(&first.alerts).join("\n"), @"medium: `activity` cannot be read since 2026-03-02T08:00:00Z: emergency access could be used there without being seen");
    // The sign-ins of the first account cannot be read four times in a row: call 1 of each look.
    let mut alerts = Vec::new();
    let mut blind = twin.clone();
    sign_in(&blind, &design, 0, "unseen");
    for _ in 0..4 {
        blind.pass(30);
        blind = blind.revive();
        blind.fate().strike(Blow::Lose(1, Moment::Before));
        let polled = look(&blind, &design).await;
        assert_eq!(polled.blind.len(), 2, "{:?}", polled.blind);
        alerts.extend(titles(&polled.alerts));
    }
    // Much later than the look-back: what happened in between is still found.
    blind.pass(2 * 60 * 60);
    let polled = look(&blind.revive(), &design).await;
    alerts.extend(titles(&polled.alerts));
    insta::assert_snapshot!(alerts.join("\n"));
    let pulse = heartbeat(&blind.world()).await.unwrap().unwrap();
    assert_eq!(pulse.at, blind.now() - jiff::SignedDuration::from_hours(2), "the last look of this world");
}

#[tokio::test]
async fn gaps_and_records_that_nobody_understands_are_told_once() {
    let (twin, design) = stage(4, Habits::default());
    let reader = twin.app().with_gap("signIns/nonInteractive", "the beta endpoint refused with 403");
    twin.log(
        Log::Audits,
        json!({"id": "odd", "activityDateTime": twin.now().to_string(), "result": "success"}),
    );
    let mut all = Vec::new();
    for _ in 0..3 {
        let polled = poll(&twin.world(), &reader, &design, &twin.outbox()).await.unwrap();
        assert!(!polled.sees_everything());
        all.extend(titles(&polled.alerts));
        twin.pass(30);
    }
    let polled = look(&twin, &design).await;
    all.extend(titles(&polled.alerts));
    insta::assert_snapshot!(all.join("\n"));
}

#[tokio::test]
async fn a_damaged_activation_explains_nothing() {
    let (twin, design) = stage(5, Habits::default());
    look(&twin, &design).await;
    twin.world()
        .documents
        .put("activation", "act-1", &json!({"activation": {"format": "edited"}, "settled": 1}), None)
        .await
        .unwrap();
    sign_in(&twin, &design, 0, "a");
    twin.pass(30);
    let polled = look(&twin, &design).await;
    assert_eq!(polled.blind.len(), 1);
    assert_eq!(polled.blind[0].what, "activation/act-1");
    assert_eq!(polled.alerts.iter().map(|a| a.severity).collect::<Vec<_>>(), [Severity::Critical]);
}

#[tokio::test]
async fn the_stages_of_an_alert_are_read_from_the_outbox() {
    let (twin, design) = stage(6, Habits::default());
    look(&twin, &design).await;
    let before = twin.now();
    let event = sign_in(&twin, &design, 0, "a");
    twin.pass(20);
    look(&twin, &design).await;
    let world = twin.world();
    let (id, mut entry) = twin.documents("outbox").pop().unwrap();
    let at = |seconds| before + jiff::SignedDuration::from_secs(seconds);
    entry["channels"] = json!({
        "slow": {"tries": 1, "sent_at": at(40).to_string()},
        "soc": {"tries": 2, "next_at": at(90).to_string(), "sent_at": at(22).to_string(), "acknowledged_at": at(31).to_string()},
    });
    world.documents.put("outbox", &id, &entry, None).await.unwrap();
    let times = alert_times(&world, before).await.unwrap();
    let [time] = times.as_slice() else { panic!("{times:?}") };
    assert_eq!(time.records, [event]);
    assert_eq!((time.event_at, time.seen_at), (before, at(20)));
    assert_eq!((time.sent_at, time.acknowledged_at), (Some(at(22)), Some(at(31))));
    assert_eq!(alert_times(&world, at(1)).await.unwrap(), [], "events from before are left out");
}

#[test]
fn an_audit_is_about_its_targets() {
    let id = ObjectId::new("0b000000-0000-4000-8000-000000000001");
    let audit = |target: Value| {
        json!({
            "id": "a", "activityDateTime": "2026-03-02T08:00:00Z", "activityDisplayName": "Add user", "result": "success",
            "loggedByService": "Core Directory", "category": "UserManagement", "targetResources": [target],
        })
    };
    assert!(watch::targets(&audit(json!({"id": "0B000000-0000-4000-8000-000000000001"})), &id));
    assert!(!watch::targets(&audit(json!({"id": "0b000000-0000-4000-8000-000000000002"})), &id));
    assert!(!watch::targets(&json!({}), &id));
}
