//! Exports of real tenants, without a design: never exit 0, never a panic, and only true statements.

use crate::room::{Ran, Room, shared};
use serde_json::{Value, json};

fn look(command: &str, folder: &str) -> Ran {
    Room::new().run(&["--config", "none.toml", command, "--snapshot", &shared(folder)]).exits(3)
}

/// `check` and `prove` say the same about an export; `prove` also says why nothing is proved.
fn says(folder: &str, facts: &[&str]) {
    let (check, prove) = (look("check", folder), look("prove", folder));
    for fact in facts {
        assert!(check.out.lines().any(|l| l == *fact), "{fact}\nis not in\n{}", check.out);
    }
    assert_eq!(check.out, prove.out);
    assert!(
        prove.err.contains("cannot tell: emergency accounts are declared in `none.toml`, which is not there")
    );
    assert!(check.out.contains("no design was given, so no account is known to be an emergency account"));
}

#[test]
fn a_published_baseline_with_groups_but_no_members() {
    says(
        "ca-j0eyv",
        &[
            "36 policies: 31 enforced, 5 report-only, 0 off",
            "policy `CA000-Global-IdentityProtection-AnyApp-AnyPlatform-MFA` (mfa) reaches a Global Administrator and excludes 7 groups with unread members, 1 role",
            "policy `CA002-Global-IdentityProtection-AnyApp-AnyPlatform-Block-LegacyAuthentication` (block) reaches a Global Administrator and excludes 2 groups with unread members",
        ],
    );
    // Two files hold one object in two versions: both are named, and the rest is read all the same.
    let err = look("check", "ca-j0eyv").err;
    assert_eq!(err.matches("expected each object once").count(), 2, "{err}");
}

#[test]
fn a_tenant_whose_users_and_groups_are_not_in_the_export() {
    says(
        "ca-caoptics",
        &[
            "25 policies: 25 enforced, 0 report-only, 0 off",
            "policy `Handle Office 365` (compliantDevice) reaches a Global Administrator and excludes nobody",
            "policy `CA004: Require multifactor authentication for all users` (mfa) reaches a Global Administrator and excludes nobody",
            "`directoryRoleAssignments` was not read, so it cannot be told who is Global Administrator",
        ],
    );
}

#[test]
fn a_scubagear_output() {
    says(
        "tenant-scubagear",
        &[
            "7 policies: 7 enforced, 0 report-only, 0 off",
            "policy `MS.AAD.1.1v1 Legacy authentication SHALL be blocked` (block) reaches a Global Administrator and excludes nobody",
            "policy `MS.AAD.3.9v1 Device code authentication SHOULD be blocked` (block) reaches a Global Administrator and excludes 1 user unread",
            "`authenticationMethods` was not read, so it cannot be told whether anybody can do what the policies demand",
        ],
    );
}

#[test]
fn the_observations_for_programs() {
    let room = Room::new();
    let ran = room
        .run(&["--config", "none.toml", "--format", "json", "check", "--snapshot", &shared("ca-caoptics")])
        .exits(3);
    let document = ran.json();
    assert_eq!(document["complete"], false);
    assert!(document["observations"].as_array().is_some_and(|o| o.len() > 25), "{document}");
    assert!(
        document["unread"].is_array()
            && document["snapshot_digest"].as_str().is_some_and(|d| d.starts_with("sha256:"))
    );
}

fn sign_in(user: &str, client: &str) -> Value {
    json!({
        "signInIdentity": { "@odata.type": "#microsoft.graph.userSignIn", "userId": user },
        "signInContext": {
            "@odata.type": "#microsoft.graph.applicationContext",
            "includeApplications": ["797f4846-ba00-4fd7-ba43-dac1f8f63013"],
        },
        "signInConditions": {
            "clientAppType": client, "devicePlatform": "windows", "country": "BE", "ipAddress": "203.0.113.7",
            "signInRiskLevel": "none", "userRiskLevel": "none", "authenticationFlow": { "transferMethod": "none" },
        },
    })
}

#[test]
fn a_sign_in_against_a_real_export() {
    // Nobody is excluded from the block of legacy clients in this tenant: whoever it is, it blocks.
    let room = Room::new();
    room.write("legacy.json", sign_in("11111111-1111-4111-8111-111111111111", "other").to_string());
    let folder = shared("tenant-scubagear");
    let ran = room
        .run(&["--format", "json", "evaluate", "--snapshot", &folder, "--sign-in", "legacy.json"])
        .exits(1);
    assert_eq!(ran.json()["decision"], "block");
    let text = room.run(&["evaluate", "--snapshot", &folder, "--sign-in", "legacy.json"]).exits(1);
    assert!(text.out.starts_with("decision block\n"), "{}", text.out);
    assert!(
        text.out.contains("yes      MS.AAD.1.1v1 Legacy authentication SHALL be blocked"),
        "{}",
        text.out
    );
    // A browser is not blocked, but somebody must do MFA, and nobody has said whether this user can: not exit 0.
    room.write("browser.json", sign_in("11111111-1111-4111-8111-111111111111", "browser").to_string());
    let ran = room
        .run(&["--format", "json", "evaluate", "--snapshot", &folder, "--sign-in", "browser.json"])
        .exits(3);
    assert!(ran.json()["decision"] != "none" && ran.json()["decision"] != "block", "{}", ran.out);
    // The same in UTF-16, as Windows PowerShell writes it.
    let text = sign_in("11111111-1111-4111-8111-111111111111", "other").to_string();
    let utf16: Vec<u8> =
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    room.write("utf16.json", utf16);
    room.run(&["evaluate", "--snapshot", &folder, "--sign-in", "utf16.json"]).exits(1);
}
