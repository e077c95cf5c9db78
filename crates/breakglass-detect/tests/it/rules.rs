//! `tests/rules/*.json`: records and what must be said of them, one file for each rule.

use crate::shapes;
use breakglass_detect::{Context, Detection, Event, Watched, detect, parse_record, rules};
use breakglass_model::Severity;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

#[derive(Deserialize)]
struct File {
    cases: Vec<Case>,
}

/// A record and what must be said of it.
#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) record: Value,
    pub(crate) expect: Vec<Expect>,
}

#[derive(Debug, Deserialize, PartialEq)]
pub(crate) struct Expect {
    pub(crate) rule: String,
    severity: Severity,
    accounts: Vec<String>,
    context: Context,
}

impl Expect {
    pub(crate) fn of(detection: &Detection) -> Self {
        Self {
            rule: detection.rule.clone(),
            severity: detection.severity,
            accounts: detection.accounts.clone(),
            context: detection.context,
        }
    }
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/rules"))
}

pub(crate) fn watched() -> Watched {
    serde_json::from_str(&fs::read_to_string(folder().join("watched.json")).unwrap()).unwrap()
}

/// Every case, with the rule whose file it is in.
pub(crate) fn cases() -> Vec<(String, Case)> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder()).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let mut found = Vec::new();
    for path in files.iter().filter(|p| !p.ends_with("watched.json")) {
        let rule = path.file_stem().unwrap().to_string_lossy().into_owned();
        let file: File = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        found.extend(file.cases.into_iter().map(|case| (rule.clone(), case)));
    }
    found
}

fn event(case: &Case) -> Event {
    parse_record(&case.record).unwrap_or_else(|e| panic!("{}: {e}", case.name))
}

#[test]
fn every_case_is_judged_as_written() {
    let watched = watched();
    let mut wrong = Vec::new();
    for (rule, case) in cases() {
        let found: Vec<Expect> = detect(&event(&case), &watched).iter().map(Expect::of).collect();
        if found != case.expect {
            wrong.push(format!("{rule}: {}\n  expected {:?}\n  found    {found:?}", case.name, case.expect));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_cases_on_both_sides() {
    let cases = cases();
    for rule in rules::all() {
        let of_rule = || cases.iter().filter(|(file, _)| file == rule.id).map(|(_, case)| case);
        assert!(of_rule().any(|c| c.expect.iter().any(|e| e.rule == rule.id)), "{} never fires", rule.id);
        assert!(of_rule().any(|c| c.expect.iter().all(|e| e.rule != rule.id)), "{} always fires", rule.id);
    }
    let known: BTreeSet<&str> = rules::all().map(|r| r.id).collect();
    assert_eq!(known.len(), rules::all().count(), "ids are unique");
    assert!(
        cases.iter().all(|(file, _)| known.contains(file.as_str())),
        "a file for a rule that is not there"
    );
}

/// Rule rot: a record about somebody else must not fire a rule about the accounts.
#[test]
fn somebody_elses_records_are_silent() {
    let watched = watched();
    for (rule, case) in cases().iter().filter(|(rule, _)| rule.starts_with("account-")) {
        let mut text = case.record.to_string();
        for (id, account) in &watched.accounts {
            text = text.replace(id.as_str(), "12345678-0000-4000-8000-000000000000");
            for upn in [account.upn.clone(), account.upn.to_uppercase()] {
                text = text.replace(&upn, "nobody@contoso.com");
            }
        }
        let event = parse_record(&serde_json::from_str(&text).unwrap()).unwrap();
        let found = detect(&event, &watched);
        assert!(found.iter().all(|d| !d.rule.starts_with("account-")), "{rule}: {}: {found:?}", case.name);
    }
}

#[test]
fn the_shape_of_a_record_changes_nothing() {
    let watched = watched();
    for (rule, case) in cases() {
        let plain = event(&case);
        let said = detect(&plain, &watched);
        for (shape, record) in shapes::all(&case.record) {
            let other =
                parse_record(&record).unwrap_or_else(|e| panic!("{rule}: {}: {shape}: {e}", case.name));
            assert_eq!(other, plain, "{rule}: {}: {shape}", case.name);
            assert_eq!(detect(&other, &watched), said, "{rule}: {}: {shape}", case.name);
        }
    }
}

#[test]
fn ids_are_stable_and_belong_to_one_rule_event_and_account() {
    let watched = watched();
    let mut seen = BTreeSet::new();
    for (_, case) in cases() {
        let event = event(&case);
        let first = detect(&event, &watched);
        let kept: Event = serde_json::from_str(&serde_json::to_string(&event).unwrap()).unwrap();
        // Windows that are closed meanwhile change the words, never the id.
        let later = detect(&kept, &Watched { windows: Vec::new(), ..watched.clone() });
        let ids = |found: &[Detection]| found.iter().map(|d| d.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&first), ids(&later), "{}", case.name);
        for detection in first {
            assert!(seen.insert(detection.id.clone()), "{}: {} twice", case.name, detection.id);
        }
    }
}

/// What people read, as they read it.
#[test]
fn words() {
    let watched = watched();
    let mut text = String::new();
    for (rule, case) in cases() {
        for detection in detect(&event(&case), &watched) {
            text += &format!("{rule}: {}\n  [{}] {}\n", case.name, detection.severity, detection.title);
        }
    }
    insta::assert_snapshot!("titles", text);
    let (_, case) =
        cases().into_iter().find(|(_, c)| c.name == "failure inside the drill is still told").unwrap();
    let found = detect(&event(&case), &watched);
    insta::assert_snapshot!("sign_in_details", serde_json::to_string_pretty(&found[0].details()).unwrap());
    let (_, case) = cases().into_iter().find(|(_, c)| c.name == "exclusion group taken out").unwrap();
    let found = detect(&event(&case), &watched);
    insta::assert_snapshot!("policy_details", serde_json::to_string_pretty(&found[0].details()).unwrap());
}

#[test]
fn the_list_of_rules() {
    let text: String =
        rules::all().map(|r| format!("{}: {}\n  {}\n  {}\n", r.id, r.about, r.next_step, r.source)).collect();
    insta::assert_snapshot!("rules", text);
}
