//! The rule language: what is read, where it breaks, and what it says of machines.

use super::*;
use breakglass_model::Tri::{self, No, Unknown, Yes};
use proptest::prelude::*;
use serde_json::{Value, json};

fn machine(device: Value) -> Machine {
    Machine::read(Some(&device)).unwrap()
}

fn on(rule: &str, machine: &Machine) -> Tri {
    Rule::for_devices(rule).unwrap_or_else(|e| panic!("{rule}: {e}")).matches_device(machine)
}

#[test]
fn broken_rules_are_named_with_their_place() {
    let broken = [
        "",
        "device.isCompliant",
        "device.isCompliant -eq",
        "device.isCompliant -eq Perhaps",
        "device.isCompliant -like True",
        "device.displayName -match \"x\"",
        "user.displayName -eq \"x\"",
        "device.colour -eq \"red\"",
        "device.extensionAttribute16 -eq \"x\"",
        "device.trustType -contains \"AD\"",
        "device.systemLabels -eq \"MultiUser\"",
        "device.displayName -eq \"open",
        "device.displayName -eq [\"a\", \"b\"]",
        "device.displayName -in [\"a\" \"b\"]",
        "device.displayName -in []",
        "device.displayName -startsWith null",
        "(device.isCompliant -eq True",
        "device.isCompliant -eq True)",
        "device.isCompliant -eq True device.isCompliant -eq True",
        "device.isCompliant -eq True -or",
        "-not",
        "device.model -eq \"é\" -and ü -eq \"x\" ; drop",
    ];
    let lines: Vec<String> =
        broken.iter().map(|rule| format!("{rule}\n  {}", Rule::for_devices(rule).unwrap_err())).collect();
    insta::assert_snapshot!(lines.join("\n"));
    assert!(Rule::for_devices(&format!("device.model -eq \"{}\"", "x".repeat(MAX_LENGTH))).is_err());
    assert!(Rule::for_devices(&format!("{}device.isCompliant -eq True", "(".repeat(3000))).is_err());
    assert!(Rule::for_devices(&"-not ".repeat(600)).is_err());
}

#[test]
fn spellings_of_one_rule() {
    let paw = machine(json!({"isCompliant": true, "trustType": "AzureAD"}));
    for rule in [
        "device.isCompliant -eq True -and device.trustType -eq \"AzureAD\"",
        "DEVICE.ISCOMPLIANT -EQ TRUE -AND DEVICE.TRUSTTYPE -EQ \"azuread\"",
        "device.isCompliant eq true and device.trustType equals \"AzureAD\"",
        "(device.isCompliant -eq \"True\")-and(device.trustType -eq \"EntraID\")",
        "\n-not (device.isCompliant -ne True\t-or device.trustType Notequals \"AzureAD\")",
        "-not -not device.isCompliant -eq True",
    ] {
        assert_eq!(on(rule, &paw), Yes, "{rule}");
    }
    let quoted = machine(json!({"displayName": "the \"red\" one"}));
    assert_eq!(on(r#"device.displayName -eq "The \"RED\" one""#, &quoted), Yes);
    assert_eq!(on(r#"device.displayName -eq "C:\temp""#, &machine(json!({"displayName": "C:\\temp"}))), Yes);
}

#[test]
fn precedence_is_not_then_and_then_or() {
    let device = machine(json!({"operatingSystem": "Windows", "isCompliant": false, "model": "x"}));
    let windows = "device.operatingSystem -eq \"Windows\"";
    let compliant = "device.isCompliant -eq True";
    for (rule, expected) in [
        (format!("{windows} -or {windows} -and {compliant}"), Yes),
        (format!("({windows} -or {windows}) -and {compliant}"), No),
        (format!("-not {windows} -or {windows}"), Yes),
        (format!("-not ({windows} -or {windows})"), No),
        (format!("-not {compliant} -and {windows}"), Yes),
    ] {
        assert_eq!(on(&rule, &device), expected, "{rule}");
    }
}

/// Every operator against a machine that nobody registered, one that says nothing, one of which nothing is known, and one
/// that has the property (F-1, F-2, F-7).
#[test]
fn null_and_not_known() {
    let has = machine(json!({"displayName": "CORP-PAW-01"}));
    for (rule, present) in [
        ("-eq \"corp-paw-01\"", Yes),
        ("-startsWith \"corp\"", Yes),
        ("-endsWith \"02\"", No),
        ("-contains \"PAW\"", Yes),
        ("-in [\"x\", \"CORP-PAW-01\"]", Yes),
        ("-in [\"x\"]", No),
    ] {
        let positive = format!("device.displayName {rule}");
        let operator = rule.strip_prefix('-').unwrap();
        let negative = match operator.strip_prefix("eq ") {
            Some(rest) => format!("device.displayName -ne {rest}"),
            None => format!("device.displayName -not{operator}"),
        };
        for (rule, on_null, on_has) in [
            (positive.clone(), No, present),
            (negative, Yes, !present),
            (format!("-not ({positive})"), Yes, !present),
        ] {
            assert_eq!(on(&rule, &Machine::Unregistered), on_null, "{rule} unregistered");
            assert_eq!(on(&rule, &machine(json!({}))), on_null, "{rule} absent");
            assert_eq!(on(&rule, &machine(json!({"displayName": null}))), on_null, "{rule} null");
            assert_eq!(on(&rule, &Machine::NotTold), Unknown, "{rule} not told");
            assert_eq!(on(&rule, &has), on_has, "{rule} present");
        }
    }
    assert_eq!(on("device.displayName -eq null", &Machine::Unregistered), Yes);
    assert_eq!(on("device.displayName -ne null", &Machine::Unregistered), No);
    assert_eq!(on("device.displayName -ne null", &has), Yes);
}

#[test]
fn collections_take_whole_elements() {
    let labelled = machine(json!({"systemLabels": ["MultiUser"], "physicalIds": ["[OrderID]:7"]}));
    for (rule, expected) in [
        ("device.systemLabels -contains \"multiuser\"", Yes),
        ("device.systemLabels -contains \"MultiU\"", No),
        ("device.systemLabels -notContains \"MultiU\"", Yes),
        ("device.physicalIds -contains \"[OrderID]:7\"", Yes),
        ("device.physicalIds -notContains \"[OrderID]:7\"", No),
    ] {
        assert_eq!(on(rule, &labelled), expected, "{rule}");
    }
    let strange = machine(json!({"systemLabels": "MultiUser"}));
    assert_eq!(on("device.systemLabels -contains \"MultiUser\"", &strange), Unknown);
}

/// F-3: managed, compliant or hybrid joined, else a positive test is false and a negative one unknown.
#[test]
fn extension_attributes_vanish_without_management() {
    let saw = |extra: Value| {
        let mut device = json!({"extensionAttribute1": "SAW"});
        device.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        machine(device)
    };
    for (extra, positive, negative) in [
        (json!({"trustType": "Workplace", "isCompliant": false}), No, Unknown),
        (json!({"trustType": "AzureAD", "isCompliant": true}), Yes, No),
        (json!({"trustType": "ServerAD", "isCompliant": false}), Yes, No),
        (json!({"trustType": "AzureAD", "isCompliant": false, "mdmAppId": "intune"}), Yes, No),
        (json!({}), Unknown, Unknown),
    ] {
        assert_eq!(on("device.extensionAttribute1 -eq \"SAW\"", &saw(extra.clone())), positive, "{extra}");
        assert_eq!(on("device.extensionAttribute1 -ne \"SAW\"", &saw(extra.clone())), negative, "{extra}");
        assert_eq!(on("device.extensionAttribute1 -eq \"PAW\"", &saw(extra.clone())), No, "{extra}");
    }
    assert_eq!(on("device.extensionAttribute1 -ne \"SAW\"", &Machine::Unregistered), Yes);
}

#[test]
fn trust_is_mapped_and_not_compared_raw() {
    for (found, wanted, expected) in [
        ("EntraID", "AzureAD", Yes),
        ("AzureAD", "ServerAD", No),
        ("Hybrid Azure AD joined", "ServerAD", Yes),
        ("AzureAD", "Nonsense", No),
        ("SomethingNew", "AzureAD", Unknown),
    ] {
        let rule = format!("device.trustType -eq \"{wanted}\"");
        assert_eq!(on(&rule, &machine(json!({"trustType": found}))), expected, "{found} as {wanted}");
    }
    assert_eq!(
        on("device.deviceOwnership -eq \"Personal\"", &machine(json!({"ownership": "personal"}))),
        Yes
    );
}

#[test]
fn applications_by_their_attributes() {
    let attributes = json!({"Recovery": {"@odata.type": "#x", "tier": "zero", "labels": ["a", "b"], "labels@odata.type": "#Collection(String)", "count": 3, "empty": null}});
    for (rule, expected) in [
        ("CustomSecurityAttribute.Recovery_tier -eq \"ZERO\"", Yes),
        ("CustomSecurityAttribute.Recovery_tier -ne \"zero\"", No),
        ("CustomSecurityAttribute.recovery_labels -contains \"a\"", Yes),
        ("CustomSecurityAttribute.Recovery_labels -notContains \"c\"", Yes),
        ("CustomSecurityAttribute.Recovery_absent -eq \"x\"", No),
        ("CustomSecurityAttribute.Recovery_absent -ne \"x\"", Unknown),
        ("CustomSecurityAttribute.Recovery_empty -eq \"x\"", No),
        ("CustomSecurityAttribute.Recovery_count -eq \"3\"", Unknown),
    ] {
        let rule = Rule::for_applications(rule).unwrap_or_else(|e| panic!("{rule}: {e}"));
        assert_eq!(rule.matches_application(Some(&attributes)), expected, "{rule:?}");
        assert_eq!(rule.matches_application(None), Unknown, "{rule:?}");
    }
    assert!(Rule::for_applications("device.displayName -eq \"x\"").is_err());
    assert!(Rule::for_applications("CustomSecurityAttribute.loose -eq \"x\"").is_err());
}

fn token() -> impl Strategy<Value = String> {
    let words = [
        "device.isCompliant",
        "device.displayName",
        "device.systemLabels",
        "device.trustType",
        "-eq",
        "-ne",
        "-in",
        "-or",
        "-and",
        "-not",
        "-contains",
        "(",
        ")",
        "[",
        "]",
        ",",
        "\"x\"",
        "True",
        "null",
        "\"",
        "\\",
        "é",
    ];
    prop::sample::select(words.to_vec()).prop_map(str::to_owned)
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_with_a_place_inside(tokens in prop::collection::vec(token(), 0..12), blank in " ?") {
        let rule = tokens.join(&blank);
        if let Err(problem) = Rule::for_devices(&rule) {
            prop_assert!((1..=rule.chars().count() + 1).contains(&problem.at), "{rule}: {problem}");
        }
    }

    /// What is not known of the machine never contradicts what a known one gives.
    #[test]
    fn not_told_contradicts_nothing(tokens in prop::collection::vec(token(), 3..12), compliant: bool) {
        if let Ok(rule) = Rule::for_devices(&tokens.join(" ")) {
            let unknown = rule.matches_device(&Machine::NotTold);
            for machine in [Machine::Unregistered, machine(json!({"isCompliant": compliant, "displayName": "x"}))] {
                prop_assert!(unknown.is_unknown() || unknown == rule.matches_device(&machine));
            }
        }
    }
}
