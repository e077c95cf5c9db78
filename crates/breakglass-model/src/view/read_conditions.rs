//! From Graph's `conditionalAccessConditionSet` to [`Conditions`].

use super::look::{Look, Member, Sides, join, says_something, text};
use super::policy::{
    AppMember, Conditions, ExternalUsers, Filter, FilterMode, LocationMember, Target, UserMember,
    WorkloadMember,
};
use crate::ids::ObjectId;
use crate::sign_in::{ClientApp, ExternalKind, InsiderRisk, Platform, RiskLevel, Transfer, UserAction};
use serde_json::Value;

const AT: &str = "conditions";

/// Every condition that this program understands.
const KNOWN: &[&str] = &[
    "users",
    "clientApplications",
    "applications",
    "clientAppTypes",
    "platforms",
    "locations",
    "signInRiskLevels",
    "userRiskLevels",
    "insiderRiskLevels",
    "servicePrincipalRiskLevels",
    "authenticationFlows",
    "devices",
    "id",
];

pub(super) fn read(look: &mut Look<'_>, raw: &Value) -> Conditions {
    let mut unread = look.unknown_keys(raw, AT, KNOWN);
    let users = users(look, raw);
    let workload = workload(look, raw);
    let target = target(look, raw);
    let client_apps = words(look, raw, "clientAppTypes", Some("all"), ClientApp::read);
    let platforms =
        sides(look, raw, "platforms", ["includePlatforms", "excludePlatforms"], |look, texts, path| {
            look.words(texts, path, Some("all"), |t| {
                Platform::read(t).filter(|p| *p != Platform::Unrecognised)
            })
        });
    let locations =
        sides(look, raw, "locations", ["includeLocations", "excludeLocations"], |look, texts, path| {
            look.words(texts, path, Some("All"), |t| {
                Some(match t {
                    t if t.eq_ignore_ascii_case("AllTrusted") => LocationMember::AllTrusted,
                    t => LocationMember::Named(ObjectId::new(t)),
                })
            })
        });
    Conditions {
        users,
        workload,
        target,
        client_apps,
        platforms,
        locations,
        sign_in_risk: words(look, raw, "signInRiskLevels", None, RiskLevel::read),
        user_risk: words(look, raw, "userRiskLevels", None, RiskLevel::read),
        insider_risk: words(look, raw, "insiderRiskLevels", None, InsiderRisk::read),
        service_principal_risk: words(look, raw, "servicePrincipalRiskLevels", None, RiskLevel::read),
        flows: flows(look, raw),
        device_filter: devices(look, raw, &mut unread),
        unread,
    }
}

fn words<T>(
    look: &mut Look<'_>,
    raw: &Value,
    key: &str,
    all: Option<&str>,
    read: impl Fn(&str) -> Option<T>,
) -> Vec<Member<T>> {
    let texts = look.flags(raw, AT, key);
    look.words(texts, &join(AT, key), all, read)
}

/// A condition with two sides; not configured when both are empty.
fn sides<T>(
    look: &mut Look<'_>,
    raw: &Value,
    key: &str,
    [include, exclude]: [&str; 2],
    read: impl Fn(&mut Look<'_>, Vec<Member<String>>, &str) -> Vec<Member<T>>,
) -> Option<Sides<T>> {
    let at = join(AT, key);
    let mut both = Sides::default();
    match look.object(raw, AT, key) {
        Ok(Some(object)) => {
            let mut side = |name: &str| {
                let texts = look.texts(object, &at, name);
                read(look, texts, &join(&at, name))
            };
            both.include = side(include);
            both.exclude = side(exclude);
            for unknown in look.unknown_keys(object, &at, &[include, exclude, "id"]) {
                both.unread(&unknown);
            }
            if both.include.is_empty() && !both.exclude.is_empty() {
                // Nothing included and something excluded: nobody says what that means.
                look.note(&join(&at, include), &Value::Null);
                both.include.push(Member::Unread(join(&at, include)));
            }
        }
        Ok(None) => {}
        Err(()) => both.unread(&at),
    }
    (!both.include.is_empty() || !both.exclude.is_empty()).then_some(both)
}

fn users(look: &mut Look<'_>, raw: &Value) -> Sides<UserMember> {
    let at = join(AT, "users");
    let mut users = Sides::default();
    let object = match look.object(raw, AT, "users") {
        Ok(Some(object)) => object,
        Ok(None) | Err(()) => {
            users.unread(&at);
            return users;
        }
    };
    let mut known = vec!["id".to_owned()];
    for (prefix, side) in [("include", &mut users.include), ("exclude", &mut users.exclude)] {
        for (name, make) in [
            ("Users", user as fn(String) -> UserMember),
            ("Groups", |id| UserMember::Group(ObjectId::new(id))),
            ("Roles", |id| UserMember::Role(ObjectId::new(id))),
        ] {
            let key = format!("{prefix}{name}");
            side.extend(look.texts(object, &at, &key).into_iter().map(|text| match text {
                Member::Is(text) if name == "Users" && text.eq_ignore_ascii_case("All") => Member::All,
                Member::Is(text) => Member::Is(make(text)),
                Member::All => Member::All,
                Member::Unread(what) => Member::Unread(what),
            }));
            known.push(key);
        }
        let key = format!("{prefix}GuestsOrExternalUsers");
        match look.object(object, &at, &key) {
            Ok(Some(external)) if says_something(external) => {
                side.push(Member::Is(UserMember::External(self::external(look, external, &join(&at, &key)))));
            }
            Ok(_) => {}
            Err(()) => side.push(Member::Unread(join(&at, &key))),
        }
        known.push(key);
    }
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    for unknown in look.unknown_keys(object, &at, &known) {
        users.unread(&unknown);
    }
    users
}

fn user(text: String) -> UserMember {
    match text.as_str() {
        t if t.eq_ignore_ascii_case("None") => UserMember::Nobody,
        t if t.eq_ignore_ascii_case("GuestsOrExternalUsers") => UserMember::AnyExternal,
        id => UserMember::User(ObjectId::new(id)),
    }
}

fn external(look: &mut Look<'_>, raw: &Value, at: &str) -> ExternalUsers {
    const TYPES: &str = "guestOrExternalUserTypes";
    let texts = look.flags(raw, at, TYPES);
    let mut kinds = look.words(texts, &join(at, TYPES), None, ExternalKind::read);
    let tenants = match look.object(raw, at, "externalTenants") {
        Ok(Some(tenants)) => external_tenants(look, tenants, &join(at, "externalTenants")),
        Ok(None) => vec![Member::All],
        Err(()) => vec![Member::Unread(join(at, "externalTenants"))],
    };
    kinds.extend(look.unknown_keys(raw, at, &[TYPES, "externalTenants"]).into_iter().map(Member::Unread));
    ExternalUsers { kinds, tenants }
}

fn external_tenants(look: &mut Look<'_>, raw: &Value, at: &str) -> Vec<Member<String>> {
    let kind = text(raw, "membershipKind").or_else(|| text(raw, "@odata.type")).unwrap_or_default();
    let kind = kind.to_ascii_lowercase();
    if kind == "all" || kind.ends_with("conditionalaccessallexternaltenants") {
        return vec![Member::All];
    }
    if kind == "enumerated" || kind.ends_with("conditionalaccessenumeratedexternaltenants") {
        let texts = look.texts(raw, at, "members");
        return look.words(texts, &join(at, "members"), None, |t| Some(t.to_ascii_lowercase()));
    }
    look.note(at, raw);
    vec![Member::Unread(at.into())]
}

fn workload(look: &mut Look<'_>, raw: &Value) -> Option<Sides<WorkloadMember>> {
    let at = join(AT, "clientApplications");
    let mut sides = Sides::default();
    let object = match look.object(raw, AT, "clientApplications") {
        Ok(Some(object)) if says_something(object) => object,
        Ok(_) => return None,
        Err(()) => {
            sides.unread(&at);
            return Some(sides);
        }
    };
    let member = |t: &str| {
        Some(match t {
            t if t.eq_ignore_ascii_case("ServicePrincipalsInMyTenant") => WorkloadMember::OwnedByTenant,
            t => WorkloadMember::ServicePrincipal(ObjectId::new(t)),
        })
    };
    for (key, side) in
        [("includeServicePrincipals", &mut sides.include), ("excludeServicePrincipals", &mut sides.exclude)]
    {
        let texts = look.texts(object, &at, key);
        *side = look.words(texts, &join(&at, key), None, member);
    }
    let known = ["includeServicePrincipals", "excludeServicePrincipals"];
    for unknown in look.unknown_keys(object, &at, &known) {
        sides.unread(&unknown);
    }
    Some(sides)
}

fn target(look: &mut Look<'_>, raw: &Value) -> Target {
    let at = join(AT, "applications");
    let mut target = Target::default();
    let object = match look.object(raw, AT, "applications") {
        Ok(Some(object)) => object,
        Ok(None) | Err(()) => {
            target.apps.unread(&at);
            return target;
        }
    };
    for (key, side) in
        [("includeApplications", &mut target.apps.include), ("excludeApplications", &mut target.apps.exclude)]
    {
        let texts = look.texts(object, &at, key);
        *side = look.words(texts, &join(&at, key), Some("All"), |t| Some(app(t)));
    }
    let actions = look.texts(object, &at, "includeUserActions");
    target.user_actions = look.words(actions, &join(&at, "includeUserActions"), None, UserAction::read);
    const CONTEXTS: &str = "includeAuthenticationContextClassReferences";
    let contexts = look.texts(object, &at, CONTEXTS);
    target.contexts = look.words(contexts, &join(&at, CONTEXTS), None, |t| Some(t.to_ascii_lowercase()));
    match look.object(object, &at, "applicationFilter") {
        Ok(Some(raw)) if says_something(raw) => {
            target.filter = Some(filter(look, raw, &join(&at, "applicationFilter")));
        }
        Ok(_) => {}
        Err(()) => target.apps.unread(&join(&at, "applicationFilter")),
    }
    let known = [
        "includeApplications",
        "excludeApplications",
        "includeUserActions",
        CONTEXTS,
        "applicationFilter",
        "id",
    ];
    for unknown in look.unknown_keys(object, &at, &known) {
        target.apps.unread(&unknown);
    }
    target
}

fn app(text: &str) -> AppMember {
    match text {
        t if t.eq_ignore_ascii_case("None") => AppMember::Nothing,
        t if t.eq_ignore_ascii_case("Office365") => AppMember::Office365,
        t if t.eq_ignore_ascii_case("MicrosoftAdminPortals") => AppMember::AdminPortals,
        id => AppMember::App(ObjectId::new(id)),
    }
}

fn filter(look: &mut Look<'_>, raw: &Value, at: &str) -> Filter {
    let mode = text(raw, "mode").unwrap_or_default();
    let mode = match mode.to_ascii_lowercase().as_str() {
        "include" => FilterMode::Include,
        "exclude" => FilterMode::Exclude,
        _ => {
            look.note(&join(at, "mode"), raw.get("mode").unwrap_or(&Value::Null));
            FilterMode::Unread(mode.into())
        }
    };
    if text(raw, "rule").is_none() {
        look.note(&join(at, "rule"), raw.get("rule").unwrap_or(&Value::Null));
    }
    Filter { mode, rule: text(raw, "rule").unwrap_or_default().to_owned() }
}

fn flows(look: &mut Look<'_>, raw: &Value) -> Vec<Member<Transfer>> {
    let at = join(AT, "authenticationFlows");
    match look.object(raw, AT, "authenticationFlows") {
        Ok(Some(object)) => {
            let texts = look.flags(object, &at, "transferMethods");
            // `none` is no method that a policy can be for.
            let mut flows = look.words(texts, &join(&at, "transferMethods"), None, |t| {
                Transfer::read(t).filter(|t| *t != Transfer::None)
            });
            let unknown = look.unknown_keys(object, &at, &["transferMethods"]);
            flows.extend(unknown.into_iter().map(Member::Unread));
            flows
        }
        Ok(None) => Vec::new(),
        Err(()) => vec![Member::Unread(at)],
    }
}

fn devices(look: &mut Look<'_>, raw: &Value, unread: &mut Vec<String>) -> Option<Filter> {
    let at = join(AT, "devices");
    match look.object(raw, AT, "devices") {
        Ok(Some(devices)) => {
            unread.extend(look.unknown_keys(devices, &at, &["deviceFilter", "id"]));
            match look.object(devices, &at, "deviceFilter") {
                Ok(Some(raw)) if says_something(raw) => Some(filter(look, raw, &join(&at, "deviceFilter"))),
                Ok(_) => None,
                Err(()) => {
                    unread.push(join(&at, "deviceFilter"));
                    None
                }
            }
        }
        Ok(None) => None,
        Err(()) => {
            unread.push(at);
            None
        }
    }
}
