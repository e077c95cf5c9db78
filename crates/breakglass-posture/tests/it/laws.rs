//! Laws that hold for every tenant: unknown is never pass, and another tenant's snapshot says nothing.

use crate::support::{World, all_cases, healthy};
use breakglass_model::snapshot::collections as c;
use breakglass_model::{Finding, Status, TenantId};
use breakglass_posture::checks::ALL;
use breakglass_posture::{Answer, Check};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// What can be taken out: collections, and the facts from elsewhere.
const PARTS: [&str; 26] = [
    c::ORGANIZATION,
    c::DOMAINS,
    c::USERS,
    c::GROUPS,
    c::ROLE_ASSIGNMENTS,
    c::POLICIES,
    c::NAMED_LOCATIONS,
    c::STRENGTHS,
    c::METHODS_POLICY,
    c::SECURITY_DEFAULTS,
    c::AUTHENTICATION_METHODS,
    c::SUBSCRIBED_SKUS,
    c::DELETED_USERS,
    c::DELETED_GROUPS,
    c::AZURE_ROOT_ASSIGNMENTS,
    c::SUBSCRIPTIONS,
    c::SETTINGS,
    c::ROLE_MANAGEMENT_POLICIES,
    c::PROTECTED_ACTIONS,
    c::CAPABILITIES,
    c::DELETED_POLICIES,
    c::SERVICE_PRINCIPALS,
    "proof",
    "blocking",
    "drills",
    "custody",
];

fn without(world: &World, part: &str) -> World {
    let mut less = world.clone();
    match part {
        "proof" => less.proof = None,
        "blocking" => less.blocking = None,
        "drills" => less.drills = None,
        "custody" => less.custody = None,
        collection => {
            less.snapshot.collections.remove(collection);
        }
    }
    less
}

fn answers(check: &Check, world: &World) -> Vec<Answer> {
    (check.run)(&world.facts())
}

/// Whoever passes with less known passed before, and a failure does not vanish behind "not applicable".
fn holds(check: &Check, before: &[Answer], after: &[Answer]) -> Result<(), String> {
    let passed: BTreeSet<&str> =
        before.iter().filter(|a| a.status == Status::Pass).map(|a| a.subject.name.as_str()).collect();
    for answer in after.iter().filter(|a| a.status == Status::Pass) {
        if !passed.contains(answer.subject.name.as_str()) {
            return Err(format!(
                "{}: {} passes only when less is known: {}",
                check.id, answer.subject, answer.message
            ));
        }
    }
    let bad =
        |answers: &[Answer]| answers.iter().any(|a| matches!(a.status, Status::Fail | Status::Undetermined));
    if bad(before) && !bad(after) {
        return Err(format!("{}: a failure vanished when less is known: {after:?}", check.id));
    }
    Ok(())
}

/// The healthy tenant, and every case, each with the check that it is about.
static WORLDS: LazyLock<Vec<(String, World)>> = LazyLock::new(|| {
    let mut worlds: Vec<_> = ALL.iter().map(|check| (check.id.to_owned(), healthy())).collect();
    for (id, cases) in all_cases() {
        worlds.extend(cases.iter().map(|case| (id.clone(), case.world())));
    }
    worlds
});

/// Whether there is anything to take out.
fn has(world: &World, part: &str) -> bool {
    match part {
        "proof" => world.proof.is_some(),
        "blocking" => world.blocking.is_some(),
        "drills" => world.drills.is_some(),
        "custody" => world.custody.is_some(),
        collection => world.snapshot.collections.contains_key(collection),
    }
}

#[test]
fn less_known_is_never_better() {
    let mut wrong = BTreeSet::new();
    for (id, world) in WORLDS.iter() {
        let check = ALL.iter().find(|check| check.id == id).unwrap();
        let before = answers(check, world);
        for part in PARTS.into_iter().filter(|part| has(world, part)) {
            if let Err(why) = holds(check, &before, &answers(check, &without(world, part))) {
                wrong.insert(format!("without {part}: {why}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.into_iter().collect::<Vec<_>>().join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// The same for any set of parts, of any of the tenants, for every check.
    #[test]
    fn less_known_is_never_better_for_any_parts(
        which in 0_usize..10_000,
        parts in proptest::collection::btree_set(0_usize..PARTS.len(), 0..PARTS.len()),
    ) {
        let (_, world) = &WORLDS[which % WORLDS.len()];
        let less = parts.iter().fold(world.clone(), |world, part| without(&world, PARTS[*part]));
        for check in ALL {
            if let Err(why) = holds(check, &answers(check, world), &answers(check, &less)) {
                let names: Vec<_> = parts.iter().map(|p| PARTS[*p]).collect();
                prop_assert!(false, "without {names:?}: {why}");
            }
        }
    }
}

#[test]
fn an_empty_snapshot_passes_nothing_about_the_tenant() {
    let mut world = healthy();
    world.snapshot.collections.clear();
    for (drop, kept) in [(false, &["BG-F11", "BG-F48", "BG-F49", "BG-F63"][..]), (true, &["BG-F63"])] {
        if drop {
            (world.proof, world.blocking, world.drills, world.custody) = (None, None, None, None);
        }
        let passed: BTreeSet<String> =
            world.assess().findings.into_iter().filter(|f| f.status == Status::Pass).map(|f| f.id).collect();
        assert!(passed.iter().all(|id| kept.contains(&id.as_str())), "{passed:?}");
    }
}

#[test]
fn a_snapshot_of_another_tenant_is_undetermined_everywhere() {
    let mut world = healthy();
    world.design.tenant.id = TenantId::new("99999999-2222-4333-8444-555555555555");
    let report = world.assess();
    let undetermined = |f: &&Finding| f.status == Status::Undetermined && f.message.contains("`99999999-");
    assert_eq!(report.findings.iter().filter(undetermined).count(), ALL.len());
    assert_eq!(report.findings.len(), ALL.len());
    assert!(!report.complete);
}

#[test]
fn what_could_not_be_read_makes_the_report_incomplete() {
    let mut world = healthy();
    world.snapshot.note_unread("organization/branding", "403");
    assert!(!world.assess().complete);
}
