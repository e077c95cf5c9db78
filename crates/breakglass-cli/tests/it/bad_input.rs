//! Input that is broken, cut, empty or of somebody else: the exit code says that nothing was told, the text says which
//! file, where, what was expected and what to do, and nothing is half written.

use crate::room::{ACCOUNTS, CUSTODY, Room, design_of, shared};
use serde_json::{Value, json};
use std::fmt::Write as _;

const TENANT: &str = "11111111-2222-4333-8444-555555555555";

/// A room with one file in every bad shape, beside good ones.
fn room() -> Room {
    let room = Room::new();
    room.write("cut.json", r#"{"value": ["#);
    room.write("words.json", "not json");
    room.write("nothing.json", "");
    room.write("bytes.json", [0x80, 0xff, 0x00, 0x13, 0x9c]);
    room.write("null.json", "null");
    room.write("object.json", "{}");
    room.write("list.json", "[]");
    room.write("good/policies.json", policies().to_string());
    room.write("design.toml", design_of(TENANT));
    room
}

fn policies() -> Value {
    json!({ "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#identity/conditionalAccess/policies", "value": [{
        "id": "c0000000-0000-4000-8000-000000000001", "displayName": "Block everybody", "state": "enabled",
        "conditions": {
            "users": { "includeUsers": ["All"] }, "applications": { "includeApplications": ["All"] }, "clientAppTypes": ["all"],
        },
        "grantControls": { "operator": "OR", "builtInControls": ["block"] },
    }] })
}

/// What each command line says on standard error, one after the other.
fn transcript(room: &Room, code: i32, lines: &[&[&str]]) -> String {
    let mut text = String::new();
    for line in lines {
        let before = room.files();
        let ran = room.run(line).exits(code);
        assert_eq!(room.files(), before, "{line:?} left something behind");
        let _ = write!(text, "$ breakglass {}\n{}\n", line.join(" "), ran.err);
    }
    text.replace(&shared(""), "SHARED/")
}

#[test]
fn snapshots() {
    let room = room();
    room.write("half-null.json", json!({
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#identity/conditionalAccess/policies",
        "value": [policies()["value"][0], null, { "id": 5 }],
    }).to_string());
    let none = |file| ["--config", "none.toml", "check", "--snapshot", file];
    insta::assert_snapshot!(
        "snapshots_nothing_read",
        transcript(&room, 2, &[&none("absent.json"), &["check"], &["--config", "design.toml", "prove"]])
    );
    let files = [
        "cut.json",
        "words.json",
        "nothing.json",
        "bytes.json",
        "null.json",
        "object.json",
        "list.json",
        "half-null.json",
    ];
    let lines: Vec<_> = files.iter().map(|f| none(f)).collect();
    let lines: Vec<&[&str]> = lines.iter().map(|l| l.as_slice()).collect();
    insta::assert_snapshot!("snapshots", transcript(&room, 3, &lines));
}

#[test]
fn one_bad_file_does_not_hide_the_others() {
    let room = room();
    for bad in ["cut.json", "words.json", "nothing.json", "null.json"] {
        std::fs::copy(room.path(bad), room.path(&format!("good/{bad}"))).unwrap();
    }
    let ran = room.run(&["--config", "none.toml", "check", "--snapshot", "good"]).exits(3);
    assert!(
        ran.out
            .contains("policy `Block everybody` (block) reaches a Global Administrator and excludes nobody"),
        "{}",
        ran.out
    );
    for bad in ["cut.json", "words.json", "nothing.json", "null.json"] {
        assert!(ran.err.contains(&format!("good/{bad}")), "{bad} is not named:\n{}", ran.err);
    }
    // A file that is not there is said beside one that is.
    let ran = room
        .run(&["--config", "none.toml", "check", "--snapshot", "absent.json", "good/policies.json"])
        .exits(3);
    assert!(
        ran.err.contains("`absent.json` cannot be read") && ran.out.contains("Block everybody"),
        "{}{}",
        ran.out,
        ran.err
    );
}

#[test]
fn a_snapshot_of_another_tenant() {
    let room = room();
    let snapshot = shared("tenant-scubagear/provider-settings.aad.json");
    let with = |words: &[&'static str]| -> Vec<String> {
        let line = ["--config", "design.toml"].iter().chain(words).map(|w| (*w).to_owned());
        line.chain(["--snapshot".to_owned(), snapshot.clone()]).collect()
    };
    let lines = [with(&["check"]), with(&["prove"]), with(&["plan", "--out", "plan.json"])];
    let lines: Vec<Vec<&str>> = lines.iter().map(|l| l.iter().map(String::as_str).collect()).collect();
    let lines: Vec<&[&str]> = lines.iter().map(Vec::as_slice).collect();
    insta::assert_snapshot!("other_tenant", transcript(&room, 2, &lines));
    // An export that does not say whose it is: nothing can be planned from it, and nothing is proved by it.
    room.run(&["--config", "design.toml", "prove", "--snapshot", "good"]).exits(1);
    let plan = ["--config", "design.toml", "plan", "--snapshot", "good", "--out", "plan.json"];
    insta::assert_snapshot!("nobodys_tenant", transcript(&room, 2, &[&plan]));
}

#[test]
fn sign_ins() {
    let room = room();
    room.write("number.json", r#"{"signInIdentity": 5}"#);
    room.write("no-app.json", r##"{"signInIdentity": {"@odata.type": "#microsoft.graph.userSignIn", "userId": "11111111-1111-4111-8111-111111111111"}, "signInContext": {}}"##);
    let lines: Vec<_> = [
        "absent.json",
        "cut.json",
        "words.json",
        "nothing.json",
        "bytes.json",
        "null.json",
        "object.json",
        "number.json",
        "no-app.json",
    ]
    .map(|f| ["evaluate", "--snapshot", "good", "--sign-in", f])
    .to_vec();
    let mut lines: Vec<&[&str]> = lines.iter().map(|l| l.as_slice()).collect();
    lines.push(&["evaluate"]);
    insta::assert_snapshot!(transcript(&room, 2, &lines));
}

#[test]
fn designs() {
    let room = room();
    let good = design_of(TENANT);
    room.write(
        "typos.toml",
        good.replacen("owner", "ownr", 1).replace("\"test\"", "7").replace("threshold = 2", "threshold = 9"),
    );
    room.write("cut.toml", good.get(..70).unwrap());
    room.write("nothing.toml", "");
    room.write("bytes.toml", [0x80, 0xff, 0x00, 0x13]);
    room.write(
        "one-account.toml",
        format!(
            "version = 1\n[tenant]\nid = \"{TENANT}\"\nname = \"test\"\n{}{CUSTODY}",
            ACCOUNTS.replace("t4x9-heron", "q7m2-kestrel")
        ),
    );
    let lines: Vec<_> =
        ["absent.toml", "typos.toml", "cut.toml", "nothing.toml", "bytes.toml", "one-account.toml"]
            .map(|f| ["--config", f, "plan", "--snapshot", "good", "--out", "plan.json"])
            .to_vec();
    let lines: Vec<&[&str]> = lines.iter().map(|l| l.as_slice()).collect();
    insta::assert_snapshot!(transcript(&room, 2, &lines));
}

#[test]
fn plans_and_nothing_to_undo() {
    let room = room();
    let lines: Vec<_> = ["absent.json", "cut.json", "words.json", "nothing.json", "null.json", "object.json"]
        .map(|f| ["--config", "design.toml", "--yes", "apply", f])
        .to_vec();
    let mut lines: Vec<&[&str]> = lines.iter().map(|l| l.as_slice()).collect();
    lines.push(&["--config", "design.toml", "--yes", "apply"]);
    lines.push(&["--config", "design.toml", "--yes", "undo"]);
    insta::assert_snapshot!(transcript(&room, 2, &lines));
}

#[test]
fn changes() {
    let room = room();
    room.write("half.json", r#"[{"displayName": "half", "state": null, "conditions": null}]"#);
    let lines: Vec<_> =
        ["absent.json", "cut.json", "words.json", "nothing.json", "null.json", "object.json", "half.json"]
            .map(|f| ["--config", "design.toml", "prove", "--snapshot", "good", "--change", f])
            .to_vec();
    let lines: Vec<&[&str]> = lines.iter().map(|l| l.as_slice()).collect();
    insta::assert_snapshot!(transcript(&room, 2, &lines));
}

#[test]
fn cases() {
    let room = room();
    let good = std::fs::read_to_string(shared("ca-cases/S001.json")).unwrap();
    room.write("cases/S001.json", &good);
    room.write("cases/cut.json", good.get(..400).unwrap());
    room.write("cases/bare.json", r#"{"kind": "evaluate", "id": "bare"}"#);
    room.write("cases/kind.json", r#"{"kind": "other"}"#);
    room.write("cases/null.json", "null");
    room.write("cases/notes.txt", "not a case");
    let ran = room.run(&["evaluate", "--case", "cases"]).exits(3);
    let lines = ran.json_lines();
    assert_eq!(lines.len(), 5, "{}", ran.out);
    assert!(
        lines.iter().any(|l| l["case"] == "S001" && l.get("answer").is_some()),
        "the good one is answered:\n{}",
        ran.out
    );
    let errors: Vec<_> = lines.iter().filter_map(|l| l["error"].as_str()).collect();
    insta::assert_snapshot!("cases_errors", errors.join("\n"));
    insta::assert_snapshot!(
        "cases",
        transcript(&room, 2, &[&["evaluate", "--case", "absent"], &["prove", "--case", "cases/S001.json"],])
    );
}

#[test]
fn packs() {
    let room = room();
    room.run(&["evidence", "pack", "--out", "pack"]).exits(0);
    let pack = std::fs::read(room.path("pack")).unwrap();
    room.write("cut.pack", pack.get(..2000).unwrap());
    let mut flipped = pack;
    let middle = flipped.len() / 2;
    *flipped.get_mut(middle).unwrap() ^= 1;
    room.write("flipped.pack", flipped);
    // A pack that is damaged does not hold, whoever damaged it; one whose key nobody vouches for cannot be told.
    for (file, code) in [
        ("pack", 3),
        ("cut.pack", 1),
        ("flipped.pack", 1),
        ("nothing.json", 1),
        ("bytes.json", 1),
        ("cut.json", 1),
    ] {
        let ran = room.run(&["evidence", "verify", file]).exits(code);
        assert_eq!(ran.out.contains("problem"), code == 1, "{}", ran.out);
        let key = room.path("data/ledger/verifier.key").display().to_string();
        room.run(&["evidence", "verify", file, "--key", &key]).exits(if code == 3 { 0 } else { 1 });
    }
    insta::assert_snapshot!(transcript(
        &room,
        2,
        &[
            &["evidence", "verify", "absent"],
            &["evidence", "verify", "pack", "--key", "words.json"],
            &["evidence", "verify", "pack", "--key", "nothing.json"],
            &["evidence", "verify", "pack", "--key", "absent"],
            &["evidence", "verify", "pack", "--earlier", "absent"],
        ]
    ));
}

#[test]
fn shares() {
    let room = room();
    room.run(&["--config", "design.toml", "custody", "kit", "--out", "kits"]).exits(0);
    room.write("password", "correct horse battery staple 1 A");
    room.run(&["--config", "design.toml", "custody", "seal", "ea-01", "--password-file", "password"])
        .exits(0);
    let kit = room.read("kits/1-1-Amara-Okafor.txt");
    room.write(
        "cut-kit.txt",
        kit.split_inclusive('\n').take_while(|l| !l.contains(" 13 ")).collect::<String>(),
    );
    let lines: Vec<_> = ["absent", "nothing.json", "words.json", "bytes.json", "cut-kit.txt"]
        .map(|f| ["custody", "attest", "--share", f])
        .to_vec();
    let mut lines: Vec<&[&str]> = lines.iter().map(|l| l.as_slice()).collect();
    lines.push(&["custody", "open", "ea-01", "--share", "kits/1-1-Amara-Okafor.txt"]);
    lines.push(&[
        "custody",
        "open",
        "ea-01",
        "--share",
        "kits/1-1-Amara-Okafor.txt",
        "kits/1-1-Amara-Okafor.txt",
    ]);
    lines.push(&["custody", "open", "ea-01", "--share", "kits/1-1-Amara-Okafor.txt", "cut-kit.txt"]);
    lines.push(&[
        "custody",
        "open",
        "ea-09",
        "--share",
        "kits/1-1-Amara-Okafor.txt",
        "kits/1-2-Jonas-Lind.txt",
    ]);
    lines.push(&["--config", "design.toml", "custody", "kit", "--out", "kits"]);
    lines.push(&["--config", "design.toml", "custody", "seal", "ea-09", "--password-file", "password"]);
    lines.push(&["--config", "design.toml", "custody", "seal", "ea-01", "--password-file", "nothing.json"]);
    insta::assert_snapshot!(transcript(&room, 2, &lines));
    let opened = room
        .run(&[
            "custody",
            "open",
            "ea-01",
            "--share",
            "kits/1-1-Amara-Okafor.txt",
            "kits/1-3-Rosa-Ferreira.txt",
        ])
        .exits(0);
    assert_eq!(opened.out, "correct horse battery staple 1 A\n");
}

#[test]
fn a_file_that_cannot_be_written_is_left_as_it_was() {
    let room = room();
    room.write("folder/plan.json", "kept");
    // The target is a folder: the write fails and its half is not left beside it.
    let ran = room.run(&["evidence", "pack", "--out", "folder"]).exits(2);
    assert!(ran.err.contains("`folder` cannot be written"), "{}", ran.err);
    assert_eq!(room.read("folder/plan.json"), "kept");
    assert!(!room.files().iter().any(|f| f.ends_with(".part")), "{:?}", room.files());
}
