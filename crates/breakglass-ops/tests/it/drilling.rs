//! Drills against the twin: complete ones, broken ones, and ones that were killed.

use crate::twin::{self, Blow, Flow, Habits, Moment, NoBrowser, Twin};
use breakglass_model::design::Design;
use breakglass_ops::drill::{DrillError, DrillRecord, DrillState, Drilling, run, stored};
use breakglass_ops::watch::poll;
use breakglass_workflow::drill::{Drill, DrillReport, Standing, What};
use std::fmt::Write as _;
use std::time::Duration;

const HABITS: Habits = Habits { lag: 2, log_lag: 60, repeats: true, no_activity: false };

fn stage(seed: u64, habits: Habits) -> (Twin, Design) {
    let twin = Twin::new(seed, habits);
    let mut design = twin::design();
    twin.settle(&mut design);
    twin.pass(60);
    (twin.revive(), design)
}

fn drill(twin: &Twin, design: &Design, id: &str) -> Drill {
    let account = &design.accounts[0];
    let mut drill = Drill::new(id, &account.name, account.object_id.clone().unwrap(), twin.now());
    drill.key = Some("ea-01 key 1".into());
    drill.by = "Ines Moreau".into();
    drill
}

/// Runs a drill with nobody watching beside it.
async fn alone(
    twin: &Twin,
    design: &Design,
    id: &str,
    method: &'static str,
    patience: u64,
) -> Result<DrillReport, DrillError> {
    let (world, reader) = (twin.world(), twin.app());
    let flow = Flow { twin: twin.clone(), method };
    let drilling = Drilling {
        world: &world,
        reader: &reader,
        flow: &flow,
        browser: &NoBrowser,
        patience: Duration::from_secs(patience),
        progress: &|_| {},
    };
    run(&drilling, &drill(twin, design, id), &design.accounts[0].upn).await
}

/// Runs a drill with the watch beside it, as `breakglass serve` does.
async fn watched(
    twin: &Twin,
    design: &Design,
    id: &str,
    method: &'static str,
) -> Result<DrillReport, DrillError> {
    let (world, reader, sink) = (twin.world(), twin.app(), twin.outbox());
    poll(&world, &reader, design, &sink).await.unwrap();
    let watch = async {
        loop {
            world.clock.sleep(Duration::from_secs(5)).await;
            poll(&world, &reader, design, &sink).await.unwrap();
        }
    };
    tokio::select! {
        report = alone(twin, design, id, method, 300) => report,
        () = watch => unreachable!("the watch does not end"),
    }
}

async fn record(twin: &Twin, id: &str) -> DrillRecord {
    let all = stored(&twin.world()).await.unwrap();
    all.into_iter().find(|(key, _)| key == id).unwrap().1.unwrap()
}

fn leaves_nothing(twin: &Twin, when: &str) {
    let truth = twin.truth();
    assert!(truth.root.is_empty(), "{when}: a root assignment is left (F50)");
    assert!(truth.groups.is_empty(), "{when}: a group is left: {:?}", truth.groups);
}

fn told(report: &DrillReport) -> String {
    let mut text = String::new();
    for item in &report.items {
        let _ = writeln!(text, "{:<34} {}", item.what, item.standing);
    }
    text
}

#[tokio::test]
async fn a_watched_drill_is_complete_and_leaves_nothing() {
    for seed in 1..=5 {
        println!("seed {seed}");
        let (twin, design) = stage(seed, HABITS);
        let report = watched(&twin, &design, "drill-1", "Passkey (device-bound)").await.unwrap();
        assert!(report.is_complete(), "seed {seed}:\n{}", told(&report));
        leaves_nothing(&twin, "after the drill");
        let record = record(&twin, "drill-1").await;
        assert_eq!((record.state, record.left.len()), (DrillState::Judged, 0));
        // What the drill did was expected: nothing of it is more than a notice.
        for (id, entry) in twin.documents("outbox") {
            assert_eq!(entry["alert"]["details"]["window"], "drill-1", "{id}: {entry}");
            assert_ne!(entry["alert"]["severity"], "critical", "{id}: {entry}");
        }
        let kinds: Vec<_> = twin.ledger_kinds().into_iter().filter(|k| k.starts_with("drill.")).collect();
        assert_eq!(kinds.first().map(String::as_str), Some("drill.begin"));
        assert_eq!(kinds.last().map(String::as_str), Some("drill.done"));
    }
}

#[tokio::test]
async fn what_the_logs_do_not_show_is_not_claimed() {
    let (twin, design) = stage(1, HABITS);
    let unwatched = alone(&twin, &design, "drill-1", "Passkey (device-bound)", 300).await.unwrap();
    assert_eq!(unwatched.open().iter().map(|i| i.what).collect::<Vec<_>>(), [What::AlertRaised]);
    let (twin, design) = stage(2, HABITS);
    let weak = watched(&twin, &design, "drill-1", "Password").await.unwrap();
    assert_eq!(weak.open().iter().map(|i| i.what).collect::<Vec<_>>(), [What::StrongMethod]);
    let (twin, design) = stage(3, Habits { no_activity: true, ..HABITS });
    let blind = watched(&twin, &design, "drill-1", "Passkey (device-bound)").await.unwrap();
    let open: Vec<_> = blind.open().iter().map(|i| (i.what, i.standing)).collect();
    assert_eq!(open, [(What::Elevated, Standing::Unknown), (What::ElevationRemoved, Standing::Unknown)]);
}

#[tokio::test]
async fn any_lost_answer_leaves_nothing() {
    let seed = 4;
    println!("seed {seed}");
    let (twin, design) = stage(seed, HABITS);
    let whole = twin.fork();
    alone(&whole, &design, "drill-1", "FIDO2", 5).await.unwrap();
    for (at, _) in (1..).zip(whole.fate().asked()) {
        for moment in [Moment::Before, Moment::After] {
            let when = format!("seed {seed}, the answer of call {at} was lost {moment:?} its effect");
            let one = twin.fork();
            one.fate().strike(Blow::Lose(at, moment));
            let result = alone(&one, &design, "drill-1", "FIDO2", 5).await;
            leaves_nothing(&one, &when);
            let record = record(&one, "drill-1").await;
            assert_eq!(record.left, Vec::<String>::new(), "{when}");
            assert_eq!(record.state == DrillState::Failed, result.is_err(), "{when}");
            assert!(record.ended_at.is_some(), "{when}: its window would stay open");
        }
    }
}

#[tokio::test]
async fn the_next_drill_cleans_up_after_one_that_was_killed() {
    let seed = 5;
    println!("seed {seed}");
    let (twin, design) = stage(seed, HABITS);
    let whole = twin.fork();
    alone(&whole, &design, "drill-1", "FIDO2", 5).await.unwrap();
    for at in 0..whole.fate().effects() {
        let when = format!("seed {seed}, killed after {at} of {} effects", whole.fate().effects());
        let killed = twin.fork();
        killed.fate().strike(Blow::Kill(at));
        assert!(alone(&killed, &design, "drill-1", "FIDO2", 5).await.is_err(), "{when}: it did not notice");
        let again = killed.revive();
        again.pass(3600);
        alone(&again, &design, "drill-2", "FIDO2", 5).await.unwrap_or_else(|e| panic!("{when}: {e}"));
        leaves_nothing(&again, &when);
        if at > 0 {
            assert_ne!(record(&again, "drill-1").await.state, DrillState::Running, "{when}");
        }
    }
}

#[tokio::test]
async fn a_drill_that_does_not_begin_ends_its_window() {
    let (twin, mut design) = stage(6, HABITS);
    let expected = design.accounts[0].object_id.clone().unwrap();
    design.accounts[0].upn = design.accounts[1].upn.clone();
    let error = alone(&twin, &design, "drill-1", "FIDO2", 5).await.unwrap_err();
    assert!(matches!(&error, DrillError::OtherUser { expected: e, .. } if *e == expected), "{error}");
    design.accounts[0].upn = "nobody@contoso.onmicrosoft.com".into();
    let error = alone(&twin, &design, "drill-2", "FIDO2", 5).await.unwrap_err();
    insta::assert_snapshot!(error.to_string(), @"`ea-01` could not sign in: the login refused: no such user");
    for id in ["drill-1", "drill-2"] {
        let record = record(&twin, id).await;
        assert_eq!(record.state, DrillState::Failed);
        assert!(record.ended_at.is_some() && record.error.is_some());
    }
    leaves_nothing(&twin, "nothing was begun");
}
