//! Risks that a person has accepted, for a time.

use crate::support::{Case, World, healthy, now, shown};
use breakglass_model::Status;
use breakglass_model::design::AcceptedRisk;
use jiff::SignedDuration;

fn one_key_each() -> World {
    let case = serde_json::json!({
        "name": "one key each", "expect": "fail",
        "remove": ["authenticationMethods/0/methods/2", "authenticationMethods/1/methods/2"],
    });
    serde_json::from_value::<Case>(case).unwrap().world()
}

fn accept(world: &mut World, subject: Option<&str>, days: i64) {
    world.design.accepted_risks.push(AcceptedRisk {
        id: "BG-F12".into(),
        subject: subject.map(Into::into),
        reason: "second key ordered".into(),
        accepted_by: "Jonas Lind".into(),
        expires: now() + SignedDuration::from_hours(24 * days),
    });
}

fn statuses(world: &World) -> Vec<Status> {
    world.findings("BG-F12").iter().map(|f| f.status).collect()
}

#[test]
fn a_risk_is_accepted_for_its_subject_until_it_expires() {
    assert_eq!(statuses(&one_key_each()), [Status::Fail, Status::Fail]);
    for (subject, days, expected) in [
        (None, 30, [Status::Accepted, Status::Accepted]),
        (Some("ea-01"), 30, [Status::Fail, Status::Accepted]),
        (Some("AAAAAAAA-0000-4000-8000-000000000002"), 30, [Status::Fail, Status::Accepted]),
        (Some("ea-03"), 30, [Status::Fail, Status::Fail]),
        (None, -1, [Status::Fail, Status::Fail]),
        (None, 0, [Status::Fail, Status::Fail]),
    ] {
        let mut world = one_key_each();
        accept(&mut world, subject, days);
        assert_eq!(statuses(&world), expected, "{subject:?} for {days} days");
    }
}

#[test]
fn the_acceptance_that_lasts_longest_counts() {
    let mut world = one_key_each();
    accept(&mut world, None, -30);
    accept(&mut world, None, 30);
    assert_eq!(statuses(&world), [Status::Accepted, Status::Accepted]);
}

#[test]
fn only_failures_are_accepted() {
    let mut world = healthy();
    accept(&mut world, None, 30);
    assert_eq!(statuses(&world), [Status::Pass, Status::Pass]);
    world.snapshot.collections.remove("authenticationMethods");
    assert_eq!(statuses(&world), [Status::Undetermined, Status::Undetermined]);
}

#[test]
fn the_finding_says_who_accepted_it_and_until_when() {
    let mut world = one_key_each();
    accept(&mut world, Some("ea-01"), 30);
    accept(&mut world, Some("ea-02"), -30);
    insta::assert_snapshot!(shown(&world.findings("BG-F12")).trim_end());
}
