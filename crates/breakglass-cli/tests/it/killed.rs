//! `apply` killed anywhere and run again: nothing twice, nothing missing, and `undo` takes exactly its own effects back.

use crate::room::{Killed, Room, Tenant};
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Where the kills fall. Change it to try others; a failure prints it.
const SEED: u64 = 0x5eed_0b5e_55ed;
const KILLS: u64 = 6;

/// splitmix64, so that the same seed kills at the same points.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

const APPLY: [&str; 6] = ["apply", "plan.json", "--danger-software-keys", "keys", "--wait-for-logs", "60"];

fn policies(snapshot: &Value) -> Vec<Value> {
    let mut all = snapshot["collections"]["conditionalAccessPolicies"].as_array().unwrap().clone();
    // When it was last changed is not what it says.
    for policy in &mut all {
        policy.as_object_mut().unwrap().remove("modifiedDateTime");
    }
    all.sort_by_key(|p| p["id"].as_str().map(str::to_owned));
    all
}

fn named<'a>(snapshot: &'a Value, collection: &str, field: &str, names: &[&str]) -> Vec<&'a Value> {
    let all = snapshot["collections"][collection].as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().filter(|o| o[field].as_str().is_some_and(|n| names.iter().any(|w| n.contains(w)))).collect()
}

const UPNS: [&str; 2] = ["q7m2-kestrel@contoso", "t4x9-heron@contoso"];

#[test]
fn apply_goes_on_after_being_killed_and_undo_takes_it_back() {
    println!("seed {SEED:#x}");
    let room = Room::new();
    let tenant = Tenant::start(&room, "demo");
    let run = |words: &[&str]| room.run(&tenant.line(words));
    run(&["collect", "--out", "before.json"]).exits(0);
    run(&["custody", "kit", "--out", "kits"]).exits(0);
    run(&["plan", "--out", "plan.json"]).exits(0);
    let steps = room.read_json("plan.json")["steps"].as_array().unwrap().len() as u64;
    a_plan_that_was_touched_is_refused(&room, &tenant);

    let killed = kill_at_random(&room, &tenant, steps);
    assert!(killed >= 2, "seed {SEED:#x}: only {killed} runs were killed before they ended");
    let ended = run(&APPLY).exits(0);
    assert!(ended.out.contains("proved safe") || ended.out.contains("nothing to do"), "{}", ended.out);

    let again = run(&APPLY).exits(0);
    assert!(again.out.starts_with("nothing to do"), "applying twice does no harm:\n{}", again.out);
    run(&["collect", "--out", "applied.json"]).exits(0);
    let planned = run(&["plan"]).exits(0);
    assert!(planned.out.starts_with("nothing to do"), "{}", planned.out);
    run(&["prove"]).exits(0);
    let applied = room.read_json("applied.json");
    for collection in ["users", "deletedUsers"] {
        let expected = if collection == "users" { 2 } else { 0 };
        assert_eq!(
            named(&applied, collection, "userPrincipalName", &UPNS).len(),
            expected,
            "{collection}: nothing was made twice"
        );
    }
    assert_eq!(named(&applied, "groups", "displayName", &["Emergency access"]).len(), 1);
    assert_eq!(named(&applied, "deletedGroups", "displayName", &["Emergency access"]).len(), 0);
    assert_eq!(count_all(&room, &tenant), (2, 1), "two accounts and one group in the whole tenant");

    run(&["undo"]).exits(0);
    run(&["collect", "--out", "after.json"]).exits(0);
    let (before, after) = (room.read_json("before.json"), room.read_json("after.json"));
    assert_eq!(policies(&before), policies(&after), "the policies are as they were");
    assert_eq!(named(&after, "users", "userPrincipalName", &UPNS).len(), 0);
    assert_eq!(
        named(&after, "deletedUsers", "userPrincipalName", &UPNS).len(),
        2,
        "soft-deleted, so that a person can take them back"
    );
    assert_eq!(
        after["collections"]["directoryRoleAssignments"],
        before["collections"]["directoryRoleAssignments"]
    );
    assert_eq!(count_all(&room, &tenant), (0, 0));
    let refused = run(&APPLY).exits(2);
    assert!(refused.err.contains("was applied and taken back; nothing was done"), "{}", refused.err);
}

/// Kills each run after a random number of steps and a random moment more; how many were killed before they ended.
fn kill_at_random(room: &Room, tenant: &Tenant, steps: u64) -> u64 {
    let (mut state, mut killed) = (SEED, 0);
    for n in 0..KILLS {
        // Steps that are done are not announced again, so that later kills fall on later steps.
        let lines = next(&mut state) % (steps / 4).max(1);
        let moment = Duration::from_millis(next(&mut state) % 400);
        let mut child = Killed(room.command(&tenant.line(&APPLY)).stdout(Stdio::null()).spawn().unwrap());
        let mut said = BufReader::new(child.0.stderr.take().unwrap()).lines().map_while(Result::ok);
        let begun = said.by_ref().filter(|l| l.starts_with("  [")).take(lines as usize + 1).count();
        let until = Instant::now() + moment;
        while Instant::now() < until && child.0.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(5));
        }
        let ended = child.0.try_wait().unwrap();
        println!("run {n}: {begun} steps begun, then {} ms, ended by itself: {ended:?}", moment.as_millis());
        if let Some(status) = ended {
            assert!(
                status.success(),
                "seed {SEED:#x}, run {n}: {status}\n{}",
                said.collect::<Vec<_>>().join("\n")
            );
            break;
        }
        child.0.kill().unwrap();
        child.0.wait().unwrap();
        killed += 1;
    }
    killed
}

/// A plan is immutable: one that was edited is not the one that was looked at.
fn a_plan_that_was_touched_is_refused(room: &Room, tenant: &Tenant) {
    let mut plan = room.read_json("plan.json");
    plan["steps"].as_array_mut().unwrap().pop();
    room.write("touched.json", plan.to_string());
    let ran = room.run(&tenant.line(&["apply", "touched.json", "--danger-software-keys", "keys"])).exits(2);
    assert!(ran.err.contains("error: "), "{}", ran.err);
    assert_eq!(count_all(room, tenant), (0, 0), "nothing was made");
}

/// Accounts with our names and groups with ours, in the whole tenant, asked over Graph and not of the program's snapshot.
fn count_all(room: &Room, tenant: &Tenant) -> (usize, usize) {
    use breakglass_entra::{ClientSecret, EntraClient, EntraTenant, SystemClock, SystemEntropy};
    use breakglass_ops::port::{Query, Tenant as _};
    use std::sync::Arc;
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let text = room.read("breakglass.toml");
    let design = breakglass_model::design::parse(&text, "breakglass.toml").unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let client =
            EntraClient::new(&design.tenant, Arc::new(SystemClock), Arc::new(SystemEntropy)).unwrap();
        let secret = breakglass_model::Secret::new(tenant.says("client_secret"));
        let source = Arc::new(ClientSecret::new(client.clone(), tenant.says("client_id"), &secret));
        let reader = EntraTenant::new(client, source);
        let mut users = 0;
        for account in &design.accounts {
            users += reader.read(&Query::User(account.upn.clone())).await.unwrap().len();
        }
        let groups = reader.read(&Query::GroupsNamed("Emergency access".into())).await.unwrap().len();
        (users, groups)
    })
}
