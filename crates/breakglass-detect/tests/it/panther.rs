//! The shared collections of real records: everything parses, and where a rule of theirs asks what one of ours asks, both
//! say the same.

use crate::shared;
use breakglass_detect::{
    Event, EventKind, Watched, WatchedAccount, detect, parse_record, parse_records, parse_text,
};
use breakglass_model::Tri;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    rule: String,
    test: String,
    rule_matches: bool,
    log: Value,
}

fn lines(file: &str) -> Vec<Line> {
    let text = fs::read_to_string(shared("logs-panther").join(file)).unwrap();
    text.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

fn everything() -> Vec<Line> {
    let mut all = lines("azure-audit.ndjson");
    all.extend(lines("azure-activity.ndjson"));
    assert_eq!(all.len(), 116);
    all
}

#[test]
fn every_record_parses_and_says_when_what_and_which() {
    for line in everything() {
        let place = format!("{}: {}", line.rule, line.test);
        let event = parse_record(&line.log).unwrap_or_else(|e| panic!("{place}: {e}"));
        let category = line.log.get("category").and_then(Value::as_str).unwrap_or_default();
        let kind = match category {
            "SignInLogs" => EventKind::SignIn,
            "AuditLogs" => EventKind::Audit,
            c if c.ends_with("SignInLogs") => EventKind::NonInteractiveSignIn,
            _ => EventKind::Activity,
        };
        assert_eq!(event.kind, kind, "{place}");
        assert!(!event.id.is_empty() && !event.operation.is_empty(), "{place}");
        assert!(
            event.ip.as_ref().is_none_or(|ip| ip.parse::<std::net::IpAddr>().is_ok()),
            "{place}: {:?}",
            event.ip
        );
        if kind == EventKind::Activity {
            assert_eq!(event.operation, event.operation.to_uppercase(), "{place}");
        } else {
            assert!(event.actor.is_some() || event.actor_name.is_some(), "{place}: nobody did it");
        }
        // An event is what is kept: it must survive that.
        let kept: Event = serde_json::from_str(&serde_json::to_string(&event).unwrap()).unwrap();
        assert_eq!(kept, event, "{place}");
    }
}

#[test]
fn results_are_read_in_every_spelling() {
    let all = everything();
    let of = |test: &str, rule: &str| {
        let line = all.iter().find(|l| l.test == test && l.rule.ends_with(rule)).unwrap();
        parse_record(&line.log).unwrap()
    };
    let failed = of("Account Lockout Error 50053", "ExcessiveAccountLockouts");
    assert_eq!((failed.succeeded, failed.error_code), (Tri::No, Some(50053)));
    // `resultType` is the word `Success`, and there is no status.
    let word = of("Whitelisted Office 365", "GraphSessionMultipleIPs");
    assert_eq!((word.succeeded, word.error_code), (Tri::Yes, None));
    let legacy = of("Sign-In with legacy auth", "LegacyAuth");
    assert_eq!(legacy.methods, ["Password"]);
    assert_eq!(of("Failed Key Listing", "KeysListed").succeeded, Tri::No);
    assert_eq!(of("Unsuccessful invite", "InviteExternalUsers").succeeded, Tri::No);
    let storage = of("Failed SAS Token Access", "SASTokenExternalAccess");
    assert_eq!((storage.succeeded, storage.ip.as_deref()), (Tri::No, Some("4.4.4.4")));
}

/// Rules of theirs that ask what one of ours asks. All others are about other things: storage, backups, disks, key vaults,
/// virtual machines, guests, service principals, risk, legacy protocols.
const SAME: &[(&str, &str)] = &[
    ("Azure.Audit.ElevateUserAccessAdministrator", "elevate-access"),
    ("Azure.MonitorActivity.DiagnosticSettings.Deleted", "monitoring"),
];

#[test]
fn where_both_ask_the_same_both_say_the_same() {
    let watched = Watched::default();
    let mut compared = BTreeMap::<&str, usize>::new();
    for line in everything() {
        let event = parse_record(&line.log).unwrap();
        let found: BTreeSet<String> = detect(&event, &watched).into_iter().map(|d| d.rule).collect();
        if let Some((_, ours)) = SAME.iter().find(|(theirs, _)| *theirs == line.rule) {
            // Theirs is about deletion alone; a setting that is written is medium with us.
            let written = line.log["operationName"].as_str().is_some_and(|o| o.ends_with("/write"));
            assert_eq!(found.contains(*ours), line.rule_matches || written, "{}: {}", line.rule, line.test);
            *compared.entry(ours).or_default() += 1;
        } else if line.rule.ends_with("RoleAssignment.PrivilegedOrElevated") {
            // Of its four, ours knows the elevation; roles in subscriptions are ours only for emergency accounts.
            assert_eq!(
                found.contains("elevate-access"),
                line.test.starts_with("Elevate Access"),
                "{}",
                line.test
            );
            *compared.entry("elevate-access").or_default() += 1;
        } else {
            assert!(found.is_empty(), "{}: {}: {found:?}", line.rule, line.test);
        }
    }
    assert_eq!(compared, BTreeMap::from([("elevate-access", 6), ("monitoring", 3)]));
}

/// A Conditional Access policy whose second factor is taken away or put in: with an account that the policy reaches, both
/// touch it; the same change in Core Directory's own log is not told twice.
#[test]
fn policies_that_lose_their_second_factor() {
    let watched = Watched {
        accounts: BTreeMap::from([(
            "ea".into(),
            WatchedAccount { name: "ea-01".into(), upn: "ea@contoso.onmicrosoft.com".into() },
        )]),
        ..Watched::default()
    };
    for line in lines("azure-audit.ndjson").into_iter().filter(|l| l.rule == "Azure.Audit.MFADisabled") {
        let event = parse_record(&line.log).unwrap();
        let found = detect(&event, &watched);
        if line.test == "MFA Disabled from another log" {
            assert!(found.is_empty(), "{found:?}");
        } else {
            assert_eq!(found.len(), 1, "{}", line.test);
            assert!(found[0].title.contains("applies to and was changed for `ea-01`"), "{}", found[0].title);
        }
    }
}

/// Every user of the collection made an emergency account in turn: all of his sign-ins are told.
#[test]
fn every_sign_in_of_a_watched_user_is_told() {
    for line in lines("azure-audit.ndjson") {
        let event = parse_record(&line.log).unwrap();
        let (Some(id), true) = (event.actor.clone(), event.is_sign_in()) else { continue };
        let account = WatchedAccount { name: "ea-01".into(), upn: "other@contoso.com".into() };
        let watched = Watched { accounts: BTreeMap::from([(id, account)]), ..Watched::default() };
        let found = detect(&event, &watched);
        assert_eq!(found.len(), 1, "{}", line.test);
        assert_eq!(found[0].rule, "account-sign-in");
    }
}

#[test]
fn event_hub_messages() {
    for file in ["administrative-valid_1.json", "identity_as_string.json"] {
        let text = fs::read_to_string(shared("logs-otel").join(file)).unwrap();
        let found = parse_text(&text);
        assert_eq!(found.len(), 1, "{file}");
        let event = found[0].as_ref().unwrap();
        assert_eq!(event.kind, EventKind::Activity);
        match file {
            "identity_as_string.json" => assert_eq!(event.actor_name.as_deref(), Some("John Doe")),
            _ => {
                assert_eq!(event.operation, "MICROSOFT.INSIGHTS/DIAGNOSTICSETTINGS/WRITE");
                assert_eq!(event.succeeded, Tri::Unknown, "it only started");
                assert_eq!(event.actor.as_ref().unwrap().as_str(), "bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb");
                assert_eq!(event.actor_name.as_deref(), Some("user@example.com"));
                assert_eq!(event.methods, ["pwd", "mfa"]);
                assert_eq!(event.ip.as_deref(), Some("203.0.113.10"));
                assert!(detect(event, &Watched::default()).is_empty());
            }
        }
    }
}

/// Examples of Microsoft's reference, as the API answers.
#[test]
fn pages_of_the_reference() {
    for (file, kind) in [
        ("graph-docs-examples/2021-07/v1.0/signin-list.01.json", EventKind::SignIn),
        ("graph-docs-examples/2021-07/v1.0/signin-get.01.json", EventKind::SignIn),
        ("graph-docs-examples/2021-07/beta/signin-list.02.json", EventKind::SignIn),
        ("graph-docs-examples/2021-07/v1.0/directoryaudit-list.01.json", EventKind::Audit),
        ("graph-docs-examples/2021-07/v1.0/directoryaudit-get.01.json", EventKind::Audit),
    ] {
        let example: Value = serde_json::from_str(&fs::read_to_string(shared(file)).unwrap()).unwrap();
        let found = parse_records(&example["response"]["body"]);
        assert_eq!(found.len(), 1, "{file}");
        let event = found[0].as_ref().unwrap_or_else(|e| panic!("{file}: {e}"));
        assert_eq!(event.kind, kind, "{file}");
        if kind == EventKind::Audit {
            assert_eq!(event.targets.len(), 2, "{file}");
        }
    }
    let arm: Value = serde_json::from_str(
        &fs::read_to_string(shared("arm-examples/GetActivityLogsFiltered.json")).unwrap(),
    )
    .unwrap();
    let found = parse_records(&arm["responses"]["200"]["body"]);
    let event = found[0].as_ref().unwrap();
    assert_eq!(event.id, "44ade6b4-3813-45e6-ae27-7420a95fa2f8");
    assert_eq!(
        (event.operation.as_str(), event.succeeded),
        ("MICROSOFT.SUPPORT/SUPPORTTICKETS/WRITE", Tri::Yes)
    );
    assert_eq!(event.ip.as_deref(), Some("192.168.35.115"));
}

#[test]
fn what_cannot_be_read_says_where() {
    let problem = |text: &str| parse_record(&serde_json::from_str(text).unwrap()).unwrap_err().to_string();
    let cases = [
        "7",
        "{}",
        r#"{"createdDateTime": "now", "userId": "u"}"#,
        r#"{"category": "SignInLogs", "properties": {"userId": "u"}}"#,
        r#"{"category": "SignInLogs", "time": 5, "properties": {"userId": "u"}}"#,
        r#"{"category": "AuditLogs", "time": "2026-03-01T00:00:00Z", "properties": {"id": "1"}}"#,
        r#"{"eventTimestamp": "2026-03-01T00:00:00Z", "operationName": {"localizedValue": "words"}}"#,
    ];
    let text: String = cases.iter().map(|c| format!("{c}\n  {}\n", problem(c))).collect();
    insta::assert_snapshot!("problems", text);
}

/// What a log should not carry but sometimes does (R-81).
#[test]
fn secrets_are_cut_out() {
    const SECRET: &str = "hunter2-Zq8!";
    let audit = serde_json::json!({
        "id": "1", "activityDateTime": "2026-03-01T00:00:00Z", "activityDisplayName": "Reset user password",
        "targetResources": [{ "id": "u", "type": "User", "modifiedProperties": [
            { "displayName": "PasswordProfile", "oldValue": null, "newValue": SECRET },
            { "displayName": "Credential", "oldValue": null, "newValue": format!(r#"[{{"SecretText":"{SECRET}"}}]"#) },
            { "displayName": "PasswordPolicies", "oldValue": r#"["DisablePasswordExpiration"]"#, "newValue": "[]" },
        ]}],
        "additionalDetails": [{ "key": "temporaryPassword", "value": SECRET }],
    });
    let body = format!(r#"{{"properties":{{"clientSecret":"{SECRET}","keys":{{"sas":"{SECRET}"}}}}}}"#);
    let activity = serde_json::json!({
        "time": "2026-03-01T00:00:00Z", "operationName": "Microsoft.Web/sites/write", "category": "Administrative",
        "properties": { "requestbody": body },
    });
    for record in [audit, activity] {
        let kept = serde_json::to_string(&parse_record(&record).unwrap()).unwrap();
        assert!(!kept.contains(SECRET), "{kept}");
        assert!(kept.contains("(cut out)"), "{kept}");
        assert!(!kept.contains("PasswordPolicies") || kept.contains("DisablePasswordExpiration"), "{kept}");
    }
}
