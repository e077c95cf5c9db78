//! From the text of `breakglass.toml` to a [`Design`], or to every mistake in it.

use super::accounts::{Unique, accounts, exclusion_group};
use super::problem::ConfigProblem;
use super::reader::{At, Problems, Reader, count, list};
use super::*;
use crate::ids::TenantId;
use toml::de::DeTable;

/// Names that `effects` of a scenario may use: what can break at once (CONDITIONAL_ACCESS 3.8).
pub const SCENARIO_EFFECTS: &[&str] = &[
    "account-lost",
    "crl-unreachable",
    "exclusion-group-deleted",
    "federation-down",
    "intune-down",
    "key-lost",
    "licences-expired",
    "mfa-provider-down",
    "named-location-lost",
    "pim-approvers-absent",
    "portal-down",
    "report-only-enabled",
    "user-risk-high",
];

/// Reads `breakglass.toml`. `file_name` is only used in messages.
///
/// # Errors
/// Every mistake in the file, in its order: broken TOML, unknown keys, wrong types and forms, and values that cannot
/// hold together (thresholds, duplicates). An accepted risk that has expired is not a mistake of the file, because a
/// design must stay readable on the day it is needed; [`Design::expired_risks`] names those.
pub fn parse(text: &str, file_name: &str) -> Result<Design, Vec<ConfigProblem>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (document, errors) = DeTable::parse_recoverable(text);
    let problems = Problems::new(text, file_name, !errors.is_empty());
    for error in &errors {
        problems.add(
            &error.span().unwrap_or(0..0),
            error.message().trim().to_lowercase(),
            "mend the TOML here: `key = value` under `[table]` or `[[table]]`",
        );
    }
    let root = Reader::new(&problems, document.get_ref(), "the file", 0..0);
    let design = read(&root);
    root.finish();
    match (design, problems.into_sorted()) {
        (Some(design), problems) if problems.is_empty() => Ok(design),
        (_, mut problems) => {
            if problems.is_empty() {
                problems.push(ConfigProblem {
                    file: file_name.into(),
                    line: 1,
                    column: 1,
                    message: "the file is not complete".into(),
                    next: "compare it with the template that `breakglass init` writes".into(),
                });
            }
            Err(problems)
        }
    }
}

fn read(root: &Reader<'_, '_, '_>) -> Option<Design> {
    let version = version(root);
    let tenant = tenant(root);
    let declared = root.count("account");
    let accounts = accounts(root);
    let exclusion_group = exclusion_group(root);
    let scenarios = scenarios(root);
    let custody = super::custody::read(root);
    let approvers = approvers(root);
    let channels = channels(root);
    let accepted_risks = accepted_risks(root);
    let required_accounts = root.number("required_accounts", 1..100).map_or(1, |n| small(n.value));
    if required_accounts > declared && declared > 0 {
        root.problems().add(
            &root.place("required_accounts"),
            format!(
                "`required_accounts` is {required_accounts}, but the file declares {}",
                count(declared, "account")
            ),
            "lower it, or declare more accounts",
        );
    }
    let drill = section(root, "drill", |r| DrillDesign { every_days: number(r, "every_days", 1..91, 90) });
    let watch = section(root, "watch", |r| WatchDesign {
        poll_seconds: number(r, "poll_seconds", 5..121, 30),
        look_back_minutes: number(r, "look_back_minutes", 1..1441, 30),
    });
    let activation = activation(root);
    Some(Design {
        version: version?,
        tenant: tenant?,
        accounts,
        exclusion_group: exclusion_group?,
        scenarios,
        required_accounts,
        custody,
        approvers,
        channels,
        accepted_risks,
        drill,
        activation,
        watch,
    })
}

fn version(root: &Reader<'_, '_, '_>) -> Option<u32> {
    let place = root.place("version");
    match root.number("version", i64::MIN..i64::MAX) {
        Some(At { value: 1, .. }) => Some(1),
        Some(At { value, .. }) => {
            root.problems().add(
                &place,
                format!("the file has format version {value}, and this program reads version 1"),
                "set `version = 1`, or use the program that wrote the file",
            );
            None
        }
        None => {
            if place == (0..0) {
                root.problems().missing(
                    &place,
                    "the file does not state its format version",
                    "begin it with `version = 1`",
                );
            }
            None
        }
    }
}

/// A table that may be absent; then every key has its default.
fn section<T>(root: &Reader<'_, '_, '_>, key: &'static str, read: impl Fn(&Reader<'_, '_, '_>) -> T) -> T {
    match root.table(key) {
        Some(reader) => {
            let value = read(&reader);
            reader.finish();
            value
        }
        None => {
            let (empty, unheard) = (DeTable::new(), Problems::new("", "", true));
            read(&Reader::new(&unheard, &empty, key, 0..0))
        }
    }
}

fn number<T: TryFrom<i64>>(
    reader: &Reader<'_, '_, '_>,
    key: &'static str,
    allowed: std::ops::Range<i64>,
    default: T,
) -> T {
    reader.number(key, allowed).and_then(|n| T::try_from(n.value).ok()).unwrap_or(default)
}

fn small<T: TryFrom<i64> + Default>(number: i64) -> T {
    T::try_from(number).unwrap_or_default()
}

fn tenant(root: &Reader<'_, '_, '_>) -> Option<TenantDesign> {
    let Some(reader) = root.table("tenant") else {
        if root.place("tenant") == (0..0) {
            root.problems().missing(
                &(0..0),
                "the file does not say which tenant it is for",
                "add `[tenant]` with `id` and `name`",
            );
        }
        return None;
    };
    let id = reader
        .required("id", "\"<tenant GUID>\"")
        .and_then(|id| super::forms::guid(reader.problems(), "`id` of [tenant]", &id));
    let name = reader.required("name", "\"production\"");
    let word = reader.word("cloud", &["global", "usgov", "usgovdod", "china", "custom"]);
    let endpoints = reader.table("endpoints");
    let cloud = match (word.as_ref().map(|w| w.value), endpoints) {
        (Some("custom"), Some(endpoints)) => custom_cloud(endpoints),
        (Some("custom"), None) => {
            reader.problems().missing(
                &reader.place("cloud"),
                "`cloud` is `custom`, but no endpoints are given",
                "add `[tenant.endpoints]` with `login`, `graph` and `arm`",
            );
            None
        }
        (_, Some(endpoints)) => {
            reader.problems().add(
                &endpoints.span(),
                "[tenant.endpoints] is only for `cloud = \"custom\"`",
                "set `cloud = \"custom\"`, or remove the table",
            );
            None
        }
        (Some("usgov"), None) => Some(Cloud::UsGov),
        (Some("usgovdod"), None) => Some(Cloud::UsGovDod),
        (Some("china"), None) => Some(Cloud::China),
        (_, None) => Some(Cloud::Global),
    };
    reader.finish();
    Some(TenantDesign { id: TenantId::new(id?.as_str()), name: name?.value, cloud: cloud? })
}

fn custom_cloud(reader: Reader<'_, '_, '_>) -> Option<Cloud> {
    let address = |key: &'static str, hint: &str| {
        reader
            .required(key, hint)
            .and_then(|u| super::forms::url(reader.problems(), &format!("`{key}` of [endpoints]"), &u))
    };
    let (login, graph, arm) = (
        address("login", "\"https://login.example\""),
        address("graph", "\"https://graph.example\""),
        address("arm", "\"https://management.example\""),
    );
    let ca_bundle = reader.text("ca_bundle").map(|t| t.value);
    reader.finish();
    Some(Cloud::Custom { login: login?, graph: graph?, arm: arm?, ca_bundle })
}

fn scenarios(root: &Reader<'_, '_, '_>) -> Vec<ScenarioDesign> {
    let mut names = Unique::default();
    let mut scenarios = Vec::new();
    for reader in root.tables("scenario") {
        let reader = reader.named("scenario");
        let problems = reader.problems();
        let name = reader.required("name", "\"intune and MFA down\"");
        name.iter().for_each(|n| names.check(problems, "scenario name", n));
        let effects = reader.texts("effects").unwrap_or_default();
        if effects.is_empty() {
            problems.missing(
                &reader.place("effects"),
                format!("{} has no `effects`", reader.name()),
                format!("add `effects = [...]` with {}", list(SCENARIO_EFFECTS)),
            );
        }
        for effect in effects.iter().filter(|e| !SCENARIO_EFFECTS.contains(&e.value.as_str())) {
            let next = match super::problem::near(&effect.value, SCENARIO_EFFECTS) {
                Some(word) => format!("write `{word}`"),
                None => format!("write {}", list(SCENARIO_EFFECTS)),
            };
            problems.add(
                &effect.span,
                format!("{} has an unknown effect `{}`", reader.name(), effect.value),
                next,
            );
        }
        reader.finish();
        if let Some(name) = name {
            scenarios.push(ScenarioDesign {
                name: name.value,
                effects: effects.into_iter().map(|e| e.value).collect(),
            });
        }
    }
    scenarios
}

fn approvers(root: &Reader<'_, '_, '_>) -> Vec<ApproverDesign> {
    let (mut names, mut keys) = (Unique::default(), Unique::default());
    let mut approvers = Vec::new();
    for reader in root.tables("approver") {
        let reader = reader.named("approver");
        let problems = reader.problems();
        let name = reader.required("name", "\"<person>\"");
        name.iter().for_each(|n| names.check(problems, "approver name", n));
        let key = reader.required("public_key", "\"<44 characters of base64>\"");
        let public_key = key.as_ref().and_then(|k| {
            super::forms::public_key(problems, &format!("`public_key` of {}", reader.name()), k)
        });
        if let (Some(key), Some(public_key)) = (key, &public_key) {
            keys.check(problems, "public key", &At { value: public_key.clone(), span: key.span });
        }
        reader.finish();
        if let (Some(name), Some(public_key)) = (name, public_key) {
            approvers.push(ApproverDesign { name: name.value, public_key });
        }
    }
    approvers
}

fn channels(root: &Reader<'_, '_, '_>) -> Vec<ChannelDesign> {
    let mut names = Unique::default();
    let mut channels = Vec::new();
    for reader in root.tables("channel") {
        let reader = reader.named("channel");
        let problems = reader.problems();
        let name = reader.required("name", "\"soc\"");
        name.iter().for_each(|n| names.check(problems, "channel name", n));
        reader.required("kind", "\"webhook\"");
        let kind = reader.word("kind", &["webhook"]);
        let url = reader
            .required("url", "\"https://...\"")
            .and_then(|u| super::forms::url(problems, &format!("`url` of {}", reader.name()), &u));
        let key_file = reader.text("key_file").map(|t| t.value);
        reader.finish();
        if let (Some(name), Some(_), Some(url)) = (name, kind, url) {
            channels.push(ChannelDesign { name: name.value, kind: ChannelKind::Webhook { url, key_file } });
        }
    }
    channels
}

fn accepted_risks(root: &Reader<'_, '_, '_>) -> Vec<AcceptedRisk> {
    let mut ids = Unique::default();
    let mut risks = Vec::new();
    for reader in root.tables("accepted_risk") {
        let problems = reader.problems();
        let id = reader.required("id", "\"BG-F12\"");
        let subject = reader.text("subject").map(|t| t.value);
        if let Some(id) = &id {
            let key = format!("{} {}", id.value, subject.clone().unwrap_or_default());
            ids.check(problems, "accepted risk", &At { value: key.trim().into(), span: id.span.clone() });
            let digits = id
                .value
                .strip_prefix("BG-F")
                .is_some_and(|n| n.len() == 2 && n.chars().all(|c| c.is_ascii_digit()));
            if !digits {
                problems.add(
                    &id.span,
                    format!("`{}` is not the id of a check", id.value),
                    "write it as in the finding, for example `BG-F12`",
                );
            }
        }
        let reason = reader.required("reason", "\"...\"");
        let accepted_by = reader.required("accepted_by", "\"<person>\"");
        if reader.place("expires") == reader.span() {
            problems.missing(
                &reader.span(),
                format!("{} has no `expires`", reader.name()),
                "add `expires = 2027-03-31`: nothing is accepted for ever",
            );
        }
        let expires = reader.time("expires");
        reader.finish();
        if let (Some(id), Some(reason), Some(accepted_by), Some(expires)) = (id, reason, accepted_by, expires)
        {
            risks.push(AcceptedRisk {
                id: id.value,
                subject,
                reason: reason.value,
                accepted_by: accepted_by.value,
                expires: expires.value,
            });
        }
    }
    risks
}

fn activation(root: &Reader<'_, '_, '_>) -> ActivationDesign {
    let stated = root.table("activation").is_some();
    let approvers = root.count("approver");
    // A limit that is wrong in itself has been reported already.
    let mut approvals = Some(2);
    let activation = section(root, "activation", |r| ActivationDesign {
        approvals: number(r, "approvals", 1..17, 2),
        minutes: number(r, "minutes", 5..1441, 60),
    });
    if let Some(table) = root.table("activation")
        && table.has("approvals")
    {
        approvals = table.number("approvals", 1..17).and_then(|n| usize::try_from(n.value).ok());
    }
    if let Some(approvals) = approvals.filter(|a| (stated || approvers > 0) && *a > approvers) {
        root.problems().missing(
            &root.place("activation"),
            format!(
                "an activation needs {}, but there are {}",
                count(approvals, "approval"),
                count(approvers, "approver")
            ),
            "declare more `[[approver]]`, or lower `approvals`",
        );
    }
    activation
}
