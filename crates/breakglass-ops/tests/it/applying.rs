//! Plans that are carried out, interrupted anywhere, taken up again, and taken back.

use crate::twin::{self, Blow, Call, DEVICE_POLICY, Habits, KeyBox, MFA_POLICY, Moment, Twin};
use breakglass_access::prove::NoLockout;
use breakglass_model::design::Design;
use breakglass_model::{Secret, Snapshot};
use breakglass_ops::custody;
use breakglass_ops::provision::apply::{Applied, ApplyError, Hands, Patience, apply, with_ids};
use breakglass_ops::provision::journal::Journal;
use breakglass_ops::provision::{Action, Plan, ProvenPlan, undo};
use serde_json::json;
use std::time::Duration;

const HABITS: Habits = Habits { lag: 1, log_lag: 20, repeats: false, no_activity: false };

/// A twin with custody and a plan that was made, before anything was carried out.
struct Stage {
    design: Design,
    twin: Twin,
    plan: Plan,
    base: Snapshot,
    proof: NoLockout,
    shares: Vec<Secret>,
}

impl Stage {
    /// With the first so many accounts of the design.
    async fn set(seed: u64, habits: Habits, accounts: usize) -> Self {
        let mut design = twin::design();
        design.accounts.truncate(accounts);
        let twin = Twin::new(seed, habits);
        let made = custody::establish_with(&twin.world(), &design.custody, 2).await.unwrap();
        let shares = made.shares.iter().map(|s| s.words.clone()).collect();
        let (plan, base) = twin.plan(&design).await;
        let proof = twin.prove(&plan, &base, &design);
        Self { design, twin: twin.revive(), plan, base, proof, shares }
    }

    async fn apply(&self, twin: &Twin) -> Result<Applied, ApplyError> {
        let proven =
            ProvenPlan::new(self.plan.clone(), self.base.clone(), &self.design, self.proof.clone()).unwrap();
        let (world, tenant) = (twin.world(), twin.app());
        let patience = Patience { replication: Duration::from_secs(60), logs: Duration::from_secs(120) };
        let hands =
            Hands { world: &world, tenant: &tenant, keys: &KeyBox, patience, progress: &|_, _, _| {} };
        apply(&hands, &self.design, proven).await
    }

    async fn undo(&self, twin: &Twin) -> Result<Vec<String>, String> {
        let world = twin.world();
        let journal = Journal::load(&*world.documents, &self.plan.digest).await.map_err(|e| e.to_string())?;
        let Some(mut journal) = journal else { return Ok(Vec::new()) };
        Ok(undo(&world, &twin.app(), &mut journal).await.map_err(|e| e.to_string())?.steps)
    }

    /// at no stop is there an emergency account that is Global Administrator and not excluded, or not watched.
    fn invariant(&self, twin: &Twin, when: &str) {
        let truth = twin.truth();
        let watched: Vec<String> = twin.documents("watch").into_iter().map(|(account, _)| account).collect();
        for account in &self.design.accounts {
            let Some(user) = truth.user_by_upn(&account.upn) else { continue };
            let id = breakglass_model::ObjectId::new(user["id"].as_str().unwrap());
            if truth.is_global_administrator(&id) {
                assert!(
                    truth.is_excluded(&id),
                    "{when}: `{}` is administrator and not excluded",
                    account.name
                );
                assert!(
                    watched.contains(&account.name),
                    "{when}: `{}` is administrator and not watched",
                    account.name
                );
            }
        }
    }

    /// The envelope that custody calls current holds the password that the tenant has.
    async fn passwords_are_kept(&self, twin: &Twin) {
        let truth = twin.truth();
        for account in &self.design.accounts {
            let record = custody::danger_open(&twin.world(), &account.name, &self.shares).await.unwrap();
            let set = &truth.passwords[&truth.id_of(&account.upn)];
            assert_eq!(
                record.password.danger_reveal(),
                set,
                "the envelope of `{}` opens to another password",
                account.name
            );
        }
    }
}

#[tokio::test]
async fn from_nothing_to_two_accounts_and_back() {
    let stage = Stage::set(1, HABITS, 2).await;
    let before = stage.twin.truth().essence();
    insta::assert_snapshot!(
        stage
            .plan
            .steps
            .iter()
            .map(|s| format!("{} [{:?}] {}", s.id, s.impact, s.title))
            .collect::<Vec<_>>()
            .join("\n")
    );
    let applied = stage.apply(&stage.twin).await.unwrap();
    assert_eq!(applied.carried_out, stage.plan.steps.len());
    insta::assert_snapshot!(serde_json::to_string_pretty(&stage.twin.truth().essence()).unwrap());
    stage.invariant(&stage.twin, "after apply");
    stage.passwords_are_kept(&stage.twin).await;

    // The same plan again does nothing; a plan made now has no steps.
    let calls = stage.twin.truth().made;
    assert_eq!(stage.apply(&stage.twin).await.unwrap().carried_out, 0);
    assert_eq!(stage.twin.truth().made, calls, "nothing was changed");
    let (again, _) = stage.twin.plan(&applied.design).await;
    assert_eq!(again.steps, vec![]);

    let undone = stage.undo(&stage.twin).await.unwrap();
    insta::assert_snapshot!(undone.join("\n"));
    assert_eq!(stage.twin.truth().essence(), before);
    assert_eq!(stage.undo(&stage.twin).await.unwrap(), Vec::<String>::new());
    assert!(matches!(stage.apply(&stage.twin).await, Err(ApplyError::Undone)));
}

/// Replicas that are far behind, and logs that are minutes late: it takes longer and ends the same.
#[tokio::test]
async fn lag_changes_nothing() {
    let end = {
        let stage = Stage::set(20, Habits::default(), 2).await;
        stage.apply(&stage.twin).await.unwrap();
        stage.twin.truth().essence()
    };
    for seed in 21..=26 {
        println!("seed {seed}");
        let stage = Stage::set(seed, Habits { lag: 8, log_lag: 100, ..Habits::default() }, 2).await;
        stage.apply(&stage.twin).await.unwrap();
        assert_eq!(stage.twin.truth().essence(), end, "seed {seed}");
        stage.invariant(&stage.twin, "after apply");
    }
}

/// Killed between any two effects, then run again.
#[tokio::test]
async fn killed_at_any_call_it_goes_on_to_the_same_end() {
    let seed = 2;
    println!("seed {seed}");
    let stage = Stage::set(seed, HABITS, 2).await;
    let whole = stage.twin.fork();
    stage.apply(&whole).await.unwrap();
    let (end, effects) = (whole.truth().essence(), whole.fate().effects());
    for at in 0..effects {
        let when = format!("seed {seed}, killed after {at} of {effects} effects");
        let twin = stage.twin.fork();
        twin.fate().strike(Blow::Kill(at));
        assert!(stage.apply(&twin).await.is_err() && twin.fate().is_dead(), "{when}: it did not notice");
        stage.invariant(&twin, &when);
        let again = twin.revive();
        stage.apply(&again).await.unwrap_or_else(|e| panic!("{when}: {e}"));
        assert_eq!(again.truth().essence(), end, "{when}");
        stage.invariant(&again, &when);
        stage.passwords_are_kept(&again).await;
    }
}

/// Any answer of the tenant may be lost: the run stops or not, and the next one ends it.
#[tokio::test]
async fn any_lost_answer_is_no_harm() {
    let seed = 3;
    println!("seed {seed}");
    let stage = Stage::set(seed, HABITS, 2).await;
    let whole = stage.twin.fork();
    stage.apply(&whole).await.unwrap();
    let (end, asked) = (whole.truth().essence(), whole.fate().asked());
    for (at, call) in (1..).zip(&asked) {
        // The lost answer of a question has no effect that could come before or after; collecting asks the same questions
        // several times, so one in four will do.
        if *call == Call::Ask && at % 4 != seed % 4 {
            continue;
        }
        let moments: &[Moment] =
            if *call == Call::Ask { &[Moment::Before] } else { &[Moment::Before, Moment::After] };
        for &moment in moments {
            let when = format!(
                "seed {seed}, the answer of call {at} of {} was lost {moment:?} its effect",
                asked.len()
            );
            let twin = stage.twin.fork();
            twin.fate().strike(Blow::Lose(at, moment));
            if stage.apply(&twin).await.is_err() {
                stage.invariant(&twin, &when);
                stage.apply(&twin).await.unwrap_or_else(|e| panic!("{when}: {e}"));
            }
            assert_eq!(twin.truth().essence(), end, "{when}");
            stage.passwords_are_kept(&twin).await;
        }
    }
}

/// Undo after a kill anywhere in apply, and killed itself, takes back exactly what apply did.
#[tokio::test]
async fn undo_takes_back_exactly_its_own() {
    let seed = 4;
    println!("seed {seed}");
    let stage = Stage::set(seed, HABITS, 2).await;
    let whole = stage.twin.fork();
    stage.apply(&whole).await.unwrap();
    // Somebody else works in the tenant in the meantime.
    whole.meddle(|d| {
        let policy = d.policies.get_mut(DEVICE_POLICY).unwrap();
        policy["conditions"]["users"]["excludeUsers"].as_array_mut().unwrap().push(json!("somebody"));
        d.policies.get_mut(MFA_POLICY).unwrap()["displayName"] = json!("renamed");
    });
    let clean = whole.fork();
    clean.pass(60);
    stage.undo(&clean).await.unwrap();
    let end = clean.truth().essence();
    let device = clean.truth().policies[DEVICE_POLICY]["conditions"]["users"].clone();
    assert_eq!(device["excludeUsers"].as_array().unwrap().len(), 2, "{device}");
    assert_eq!(device["excludeGroups"], json!([]));
    let effects = clean.fate().effects();
    for at in 0..effects {
        let when = format!("seed {seed}, undo killed after {at} of {effects} effects");
        let twin = whole.fork();
        twin.pass(60);
        twin.fate().strike(Blow::Kill(at));
        assert!(stage.undo(&twin).await.is_err() && twin.fate().is_dead(), "{when}: it did not notice");
        stage.invariant(&twin, &when);
        let again = twin.revive();
        again.pass(10);
        stage.undo(&again).await.unwrap_or_else(|e| panic!("{when}: {e}"));
        assert_eq!(again.truth().essence(), end, "{when}");
    }
}

#[tokio::test]
async fn undo_of_a_killed_apply_leaves_nothing() {
    let seed = 5;
    println!("seed {seed}");
    let stage = Stage::set(seed, HABITS, 2).await;
    let before = stage.twin.truth().essence();
    let whole = stage.twin.fork();
    stage.apply(&whole).await.unwrap();
    let effects = whole.fate().effects();
    for at in 0..effects {
        let when = format!("seed {seed}, apply killed after {at} of {effects} effects, then undone");
        let twin = stage.twin.fork();
        twin.fate().strike(Blow::Kill(at));
        let _ = stage.apply(&twin).await;
        let again = twin.revive();
        again.pass(30);
        stage.undo(&again).await.unwrap_or_else(|e| panic!("{when}: {e}"));
        stage.invariant(&again, &when);
        assert_eq!(again.truth().essence(), before, "{when}");
    }
}

#[tokio::test]
async fn a_tenant_that_moved_is_refused() {
    let stage = Stage::set(6, Habits::default(), 2).await;
    let moved = stage.twin.fork();
    moved.meddle(|d| d.policies.get_mut(MFA_POLICY).unwrap()["state"] = json!("disabled"));
    let Err(ApplyError::Moved(moves)) = stage.apply(&moved).await else { panic!("it was applied") };
    assert_eq!(
        moves,
        ["conditionalAccessPolicies `Require MFA (9b000000-0000-4000-8000-000000000002)` was changed"]
    );
    assert_eq!(moved.truth().made, stage.twin.truth().made, "nothing was done");

    // A user of that name that we did not make is nobody's business of ours.
    let taken = stage.twin.fork();
    taken.meddle(|d| {
        let other = twin::id(0xb0b, 1);
        let user = json!({"id": other, "userPrincipalName": "q7m2-kestrel@contoso.onmicrosoft.com", "accountEnabled": true});
        d.users.insert(other, user);
    });
    assert!(matches!(stage.apply(&taken).await, Err(ApplyError::NotOurs { .. })));
    let group = stage.twin.fork();
    group.meddle(|d| {
        let other = twin::id(0xb0b, 2);
        d.groups.insert(other.clone(), json!({"id": other, "displayName": "Emergency access"}));
        d.members.insert(other, Default::default());
    });
    assert!(matches!(stage.apply(&group).await, Err(ApplyError::NotOurs { .. })));
    stage.invariant(&group, "another group of that name");

    // And in the middle: a policy is changed between two runs.
    let middle = stage.twin.fork();
    middle.fate().strike(Blow::Kill(20));
    assert!(stage.apply(&middle).await.is_err());
    let middle = middle.revive();
    middle.meddle(|d| {
        d.policies.remove(MFA_POLICY);
    });
    assert!(matches!(stage.apply(&middle).await, Err(ApplyError::Moved(_))));
}

#[tokio::test]
async fn ids_of_the_journal_complete_the_design() {
    let stage = Stage::set(7, Habits::default(), 2).await;
    let applied = stage.apply(&stage.twin).await.unwrap();
    let design = with_ids(&stage.design, &applied.journal);
    assert_eq!(design, applied.design);
    assert!(
        design.accounts.iter().all(|a| a.object_id.is_some()) && design.exclusion_group.object_id.is_some()
    );
    let roles = stage.plan.steps.iter().filter(|s| matches!(s.action, Action::AssignRole { .. })).count();
    assert_eq!(roles, 2);
}
