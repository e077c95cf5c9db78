//! The file as a person writes it, and as a tired person writes it.

use super::*;

fn parse_ok(text: &str) -> Design {
    parse(text, "breakglass.toml").unwrap_or_else(|problems| panic!("{}", report(&problems)))
}

fn mistakes(text: &str) -> String {
    match parse(text, "breakglass.toml") {
        Ok(_) => panic!("this was accepted:\n{text}"),
        Err(problems) => report(&problems),
    }
}

const SMALL: &str = r#"version = 1
[tenant]
id = "AAAAAAAA-0000-4000-8000-000000000001"
name = "test"
[[account]]
name = "ea-01"
upn = "x1@contoso.onmicrosoft.com"   # first
owner = "Identity"
credentials = ["password", "fido2"]
[[account]]
name = "ea-02"
upn = "x2@contoso.onmicrosoft.com"
object_id = "bbbbbbbb-0000-4000-8000-000000000002" # known
owner = "Identity"
credentials = ["fido2:2fc0579f-8113-47ea-b116-bb5a8db9202a:7@safe"]
[exclusion_group]
name = "Emergency access"
"#;

#[test]
fn the_template_is_a_good_file() {
    let design = parse_ok(TEMPLATE);
    assert_eq!(design.accounts.len(), 2);
    assert_eq!((design.custody.group_threshold, design.custody.groups.len()), (2, 2));
    assert_eq!(design.custody.groups[1].custodians.len(), 3);
    // What is commented out in the template is right as well.
    let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let whole = TEMPLATE
        .lines()
        .map(|l| match l.strip_prefix("# ") {
            Some(rest)
                if rest.starts_with('[') || rest.split_once(" = ").is_some_and(|(k, _)| !k.contains(' ')) =>
            {
                rest
            }
            _ => l,
        })
        .map(|l| l.replace("public_key = \"...\"", &format!("public_key = \"{key}\"")))
        .map(|l| l.replace("object_id = \"...\"", "object_id = \"aaaaaaaa-0000-4000-8000-000000000001\""))
        .collect::<Vec<_>>()
        .join("\n")
        .replace("approvals = 2", "approvals = 1");
    let design = parse_ok(&whole);
    assert_eq!((design.approvers.len(), design.channels.len(), design.accepted_risks.len()), (1, 1, 1));
    assert_eq!(design.accepted_risks[0].expires.to_string(), "2027-03-31T00:00:00Z");
    assert_eq!(design.expired_risks("2027-03-31T00:00:00Z".parse().unwrap()).len(), 1);
    assert_eq!(design.expired_risks("2027-03-30T23:59:59Z".parse().unwrap()).len(), 0);
}

#[test]
fn defaults() {
    let design = parse_ok(SMALL);
    assert_eq!(design.tenant.id.as_str(), "aaaaaaaa-0000-4000-8000-000000000001");
    assert_eq!(design.tenant.cloud, Cloud::Global);
    assert_eq!((design.required_accounts, design.drill.every_days), (1, 90));
    assert_eq!(design.activation, ActivationDesign { approvals: 2, minutes: 60 });
    assert_eq!(design.watch, WatchDesign { poll_seconds: 30, look_back_minutes: 30 });
    assert_eq!(design.custody, CustodyDesign::default());
    assert_eq!(
        design.account("ea-02").and_then(|a| a.object_id.as_ref()).map(ObjectId::as_str),
        Some("bbbbbbbb-0000-4000-8000-000000000002")
    );
}

#[test]
fn a_custom_cloud_needs_its_endpoints() {
    let custom = SMALL.replace(
        "name = \"test\"",
        "name = \"test\"\ncloud = \"custom\"\n[tenant.endpoints]\nlogin = \"https://localhost:1\"\ngraph = \"https://localhost:2/\"\narm = \"https://localhost:3\"\nca_bundle = \"ca.pem\"",
    );
    let Cloud::Custom { graph, ca_bundle, .. } = parse_ok(&custom).tenant.cloud else { panic!("not custom") };
    assert_eq!((graph.as_str(), ca_bundle.as_deref()), ("https://localhost:2", Some("ca.pem")));
}

#[test]
fn many_mistakes_at_once() {
    insta::assert_snapshot!(mistakes(include_str!("many_mistakes.toml")));
}

#[test]
fn broken_files() {
    let cases = [
        ("empty", String::new()),
        ("another version", SMALL.replace("version = 1", "version = 2")),
        ("truncated in a string", SMALL[..SMALL.find("# first").unwrap() - 8].to_owned()),
        ("one bracket", SMALL.replace("[[account]]", "[account]")),
        ("a key twice", SMALL.replace("owner = \"Identity\"\n", "owner = \"Identity\"\nowner = \"Other\"\n")),
        ("not TOML at all", "{\"version\": 1}".to_owned()),
        (
            "sections of the wrong shape",
            format!("{SMALL}\n[[tenant.more]]\n[custody]\ngroup = 3\n[[drill]]\n"),
        ),
    ];
    let text: Vec<String> =
        cases.iter().map(|(name, text)| format!("--- {name}\n{}", mistakes(text))).collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn object_ids_are_written_back_and_comments_stay() {
    let id = |n: u32| ObjectId::new(format!("cccccccc-0000-4000-8000-00000000000{n}"));
    let ids = ObjectIds {
        accounts: [("ea-01".to_owned(), id(1)), ("ea-02".to_owned(), id(2))].into(),
        exclusion_group: Some(id(3)),
    };
    let written = set_object_ids(SMALL, "f", &ids).unwrap();
    insta::assert_snapshot!(written);
    assert_eq!(set_object_ids(&written, "f", &ids).unwrap(), written, "writing twice changes nothing");

    let windows = SMALL.replace('\n', "\r\n");
    assert_eq!(set_object_ids(&windows, "f", &ids).unwrap(), written.replace('\n', "\r\n"));
    assert!(set_object_ids(&format!("\u{feff}{SMALL}"), "f", &ids).unwrap().starts_with('\u{feff}'));

    let inline = SMALL
        .replace("[exclusion_group]\nname = \"Emergency access\"", "")
        .replace("version = 1", "version = 1\nexclusion_group = { name = \"Emergency access\" } # one line");
    let written = set_object_ids(&inline, "f", &ids).unwrap();
    assert!(
        written.contains(
            "{ name = \"Emergency access\", object_id = \"cccccccc-0000-4000-8000-000000000003\" } # one line"
        ),
        "{written}"
    );

    let stranger = ObjectIds { accounts: [("ea-03".to_owned(), id(4))].into(), exclusion_group: None };
    assert!(
        set_object_ids(SMALL, "f", &stranger).unwrap_err()[0].message.contains("`ea-03` is not declared")
    );
}

proptest::proptest! {
    /// Whatever is in the file, the answer is a design or a list of mistakes with places inside it.
    #[test]
    fn no_text_panics(cut in 0usize..2000, noise in "\\PC{0,12}", at in 0usize..2000) {
        let mut text: String = TEMPLATE.chars().take(cut).collect();
        let index = text.char_indices().map(|(i, _)| i).nth(at).unwrap_or(text.len());
        text.insert_str(index, &noise);
        if let Err(problems) = parse(&text, "f") {
            proptest::prop_assert!(!problems.is_empty());
            for p in &problems {
                proptest::prop_assert!(p.line >= 1 && p.line <= text.lines().count() + 1, "{p}");
            }
        }
    }
}
