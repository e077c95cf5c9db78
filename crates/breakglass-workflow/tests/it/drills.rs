//! What logs prove of a drill, and what they leave open.

use crate::people::at;
use breakglass_detect::{Event, EventKind};
use breakglass_model::{ObjectId, Tri};
use breakglass_workflow::drill::{AlertTime, Drill, DrillReport, Log, Past, Standing, What, judge, turns};
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::fmt::Write as _;

const ACCOUNT: &str = "aaaaaaaa-0000-4000-8000-000000000001";
const GROUP: &str = "cccccccc-0000-4000-8000-000000000001";

fn drill() -> Drill {
    let mut drill = Drill::new("drill-1", "ea-01", ObjectId::new(ACCOUNT), at(0));
    drill.key = Some("ea-01 key 1".into());
    drill.told.correlation_id = Some("corr-1".into());
    drill.told.group = Some(ObjectId::new(GROUP));
    drill.told.subscriptions = Some(vec!["sub-1".into(), "sub-2".into()]);
    drill
}

fn event(id: &str, kind: EventKind, second: i64, operation: &str) -> Event {
    Event {
        id: id.into(),
        kind,
        at: at(0) + SignedDuration::from_secs(second),
        operation: operation.into(),
        succeeded: Tri::Yes,
        actor: Some(ObjectId::new(ACCOUNT)),
        actor_name: Some("ea-01@contoso.onmicrosoft.com".into()),
        targets: Vec::new(),
        app_id: None,
        ip: None,
        correlation_id: None,
        error_code: None,
        methods: Vec::new(),
        details: Value::Null,
    }
}

/// Everything that a good drill leaves in the logs.
fn records() -> Vec<Event> {
    let mut interrupted = event("s0", EventKind::SignIn, 5, "signIn");
    interrupted.succeeded = Tri::No;
    interrupted.error_code = Some(50074);
    let mut sign_in = event("s1", EventKind::SignIn, 12, "signIn");
    sign_in.error_code = Some(0);
    sign_in.correlation_id = Some("corr-1".into());
    sign_in.methods = vec!["Passkey (device-bound)".into()];
    sign_in.details =
        json!({ "conditional_access": "notApplied", "requirement": "multiFactorAuthentication" });
    let mut write = event("a1", EventKind::Audit, 20, "Add group");
    write.targets = vec![ObjectId::new(GROUP)];
    let mut undone = event("a2", EventKind::Audit, 50, "Delete group");
    undone.targets = vec![ObjectId::new(GROUP)];
    let elevate = event("z1", EventKind::Activity, 30, "MICROSOFT.AUTHORIZATION/ELEVATEACCESS/ACTION");
    let mut remove = event("z2", EventKind::Activity, 45, "MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/DELETE");
    remove.details =
        json!({ "scope": "/", "resource": "/providers/Microsoft.Authorization/roleAssignments/r" });
    let mut other = event("x1", EventKind::SignIn, 13, "signIn");
    other.actor = Some(ObjectId::new("bbbbbbbb-0000-4000-8000-000000000001"));
    vec![remove, undone, elevate, write, sign_in.clone(), interrupted, other, sign_in]
}

fn alerts() -> Vec<AlertTime> {
    let second = |s: i64| at(0) + SignedDuration::from_secs(s);
    let alert = |id: &str, record: &str, seen: i64| AlertTime {
        id: id.into(),
        records: vec![record.into()],
        event_at: second(12),
        seen_at: second(seen),
        sent_at: Some(second(seen + 1)),
        acknowledged_at: Some(second(seen + 2)),
    };
    vec![alert("al-x", "x1", 14), alert("al-1", "s1", 40)]
}

fn told(report: &DrillReport) -> String {
    let mut text = format!("{} complete: {}\n", report.verdict(), report.is_complete());
    for item in &report.items {
        let _ = writeln!(text, "{:<34} {:<8} {:?} {}", item.what, item.standing, item.records, item.detail);
    }
    text
}

/// The items that a change of the world turns from seen into something else.
fn what_changes(change: impl Fn(&mut Drill, &mut Vec<Event>, &mut Vec<AlertTime>)) -> String {
    let (mut drill, mut events, mut alerts) = (drill(), records(), alerts());
    change(&mut drill, &mut events, &mut alerts);
    let report = judge(&drill, &events, &alerts);
    let items = report.items.iter().filter(|i| i.standing != Standing::Seen);
    let lines: Vec<_> = items.map(|i| format!("    {} {}: {}", i.what, i.standing, i.detail)).collect();
    format!("{}\n{}", report.verdict(), lines.join("\n"))
}

fn edit(events: &mut [Event], id: &str, change: impl Fn(&mut Event)) {
    events.iter_mut().filter(|e| e.id == id).for_each(change);
}

fn drop_all(events: &mut Vec<Event>, id: &str) {
    events.retain(|e| e.id != id);
}

#[test]
fn a_complete_drill_names_the_record_of_each_item() {
    let report = judge(&drill(), &records(), &alerts());
    insta::assert_snapshot!(told(&report));
    insta::assert_snapshot!(serde_json::to_string_pretty(&report.measured).unwrap(), @r#"
    {
      "signed_in": 12,
      "first_action": 20,
      "finished": 45,
      "alert_raised": 28,
      "alert_delivered": 29,
      "alert_acknowledged": 30
    }
    "#);
    let stored = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<DrillReport>(&stored).unwrap(), report);
}

#[test]
fn what_is_missing_and_what_is_only_unknown() {
    type Change = Box<dyn Fn(&mut Drill, &mut Vec<Event>, &mut Vec<AlertTime>)>;
    let cases: Vec<(&str, Change)> = vec![
        ("nothing in the logs yet", Box::new(|_, e, _| e.clear())),
        (
            "a sign-in from before the drill",
            Box::new(|_, e, _| {
                drop_all(e, "s0");
                edit(e, "s1", |e| e.at = at(-2));
            }),
        ),
        ("only failed sign-ins", Box::new(|_, e, _| drop_all(e, "s1"))),
        ("another correlation id", Box::new(|d, _, _| d.told.correlation_id = Some("other".into()))),
        ("a password alone", Box::new(|_, e, _| edit(e, "s1", |e| e.methods = vec!["Password".into()]))),
        (
            "password and authenticator app",
            Box::new(|_, e, _| {
                edit(e, "s1", |e| e.methods = vec!["Password".into(), "Mobile app notification".into()]);
            }),
        ),
        ("no method in the record", Box::new(|_, e, _| edit(e, "s1", |e| e.methods.clear()))),
        (
            "Conditional Access failed",
            Box::new(|_, e, _| {
                edit(e, "s1", |e| e.details = json!({ "conditional_access": "failure" }));
            }),
        ),
        (
            "Conditional Access not in the record",
            Box::new(|_, e, _| edit(e, "s1", |e| e.details = Value::Null)),
        ),
        (
            "another group was made",
            Box::new(|_, e, _| edit(e, "a1", |e| e.targets = vec![ObjectId::new("other")])),
        ),
        ("the audit names no group", Box::new(|_, e, _| edit(e, "a1", |e| e.targets.clear()))),
        ("the group is still there", Box::new(|_, e, _| drop_all(e, "a2"))),
        ("the elevation only began", Box::new(|_, e, _| edit(e, "z1", |e| e.succeeded = Tri::Unknown))),
        ("the elevation stayed", Box::new(|_, e, _| drop_all(e, "z2"))),
        (
            "an assignment of one subscription was removed",
            Box::new(|_, e, _| {
                edit(e, "z2", |e| e.details = json!({ "scope": "/subscriptions/s" }));
            }),
        ),
        ("the removal names no scope", Box::new(|_, e, _| edit(e, "z2", |e| e.details = Value::Null))),
        ("an older removal", Box::new(|_, e, _| edit(e, "z2", |e| e.at = at(0)))),
        (
            "the activity log could not be read",
            Box::new(|d, e, _| {
                drop_all(e, "z1");
                drop_all(e, "z2");
                d.told.unread.insert(Log::Activity, "refused with 403".into());
            }),
        ),
        (
            "elevation seen in the audit log",
            Box::new(|d, e, _| {
                drop_all(e, "z1");
                drop_all(e, "z2");
                d.told.unread.insert(Log::Activity, "refused with 403".into());
                let words =
                    "User has elevated their access to User Access Administrator for their Azure Resources";
                e.push(event("a3", EventKind::Audit, 31, words));
                e.push(event(
                    "a4",
                    EventKind::Audit,
                    46,
                    "User Access Administrator role was removed from the user",
                ));
            }),
        ),
        ("no subscription", Box::new(|d, _, _| d.told.subscriptions = Some(Vec::new()))),
        ("no list", Box::new(|d, _, _| d.told.subscriptions = None)),
        ("no alert", Box::new(|_, _, a| a.retain(|a| a.id == "al-x"))),
        (
            "a late alert",
            Box::new(|_, _, a| {
                a.iter_mut().for_each(|a| {
                    a.seen_at = at(4);
                    a.sent_at = None;
                })
            }),
        ),
        (
            "an alert that no channel has taken yet",
            Box::new(|_, _, a| a.iter_mut().for_each(|a| a.sent_at = None)),
        ),
    ];
    let report = cases
        .into_iter()
        .map(|(name, change)| format!("{name}: {}", what_changes(change)))
        .collect::<Vec<_>>();
    insta::assert_snapshot!(report.join("\n"));
}

#[test]
fn every_item_has_a_line_and_a_proof() {
    let report = judge(&drill(), &records(), &alerts());
    assert_eq!(report.items.iter().map(|i| i.what).collect::<Vec<_>>(), What::ALL);
    assert!(report.open().is_empty());
    for item in &report.items {
        // No log shows the list of subscriptions.
        assert_eq!(item.records.is_empty(), item.what == What::Subscriptions, "{item:?}");
    }
}

#[test]
fn accounts_and_keys_take_turns() {
    let day = |n: i64| at(n * 24 * 60);
    let past = |account: &str, key: &str, n: i64, complete: bool| Past {
        account: account.into(),
        key: Some(key.into()),
        by: "Ines Moreau".into(),
        at: day(n),
        complete,
    };
    let accounts = [("ea-01", ["A", "B"]), ("ea-02", ["C", "D"]), ("ea-03", ["E", "F"])]
        .map(|(a, keys)| (a.to_owned(), keys.map(str::to_owned).to_vec()));
    let history = [
        past("ea-01", "A", 0, true),
        past("ea-01", "B", 80, true),
        past("ea-02", "C", 10, true),
        past("ea-02", "D", 99, false),
    ];
    let brief: Vec<_> = turns(&accounts, &history, 90, day(100))
        .into_iter()
        .map(|t| {
            format!(
                "{} due {} overdue {} key {:?} never {:?}",
                t.account, t.due, t.overdue, t.key, t.never_drilled
            )
        })
        .collect();
    insta::assert_snapshot!(brief.join("\n"));
}
