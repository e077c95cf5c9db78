//! What a policy demands, and whether an account can give it (CONDITIONAL_ACCESS G-1 to G-18), in three values.
//!
//! This is the plain reading that a single check needs: an emergency account signs in from any machine, so a managed
//! device is never at hand, and its means are the methods that are registered. The prover judges roads and scenarios.

use super::{Found, Method, by_id, methods_of, same, text};
use breakglass_model::snapshot::{Snapshot, collections as c};
use breakglass_model::{ObjectId, Tri};
use serde_json::Value;

/// Graph's built-in strengths and the least that serves each (G-4), for exports that name them and do not hold them.
const BUILT_IN: [(&str, &[&str]); 3] = [
    (
        "00000000-0000-0000-0000-000000000002",
        &[
            "windowsHelloForBusiness",
            "fido2",
            "x509CertificateMultiFactor",
            "deviceBasedPush",
            "temporaryAccessPassOneTime",
            "temporaryAccessPassMultiUse",
            "password,microsoftAuthenticatorPush",
            "password,softwareOath",
            "password,hardwareOath",
            "password,sms",
            "password,voice",
        ],
    ),
    (
        "00000000-0000-0000-0000-000000000003",
        &["windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor", "deviceBasedPush"],
    ),
    (
        "00000000-0000-0000-0000-000000000004",
        &["windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor"],
    ),
];

/// The built-in grant controls of a policy.
pub(crate) fn controls(policy: &Value) -> Vec<&str> {
    let list = policy.pointer("/grantControls/builtInControls").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Whether a policy has a built-in control; unknown when its grant controls are there and cannot be read.
pub(crate) fn has_control(policy: &Value, wanted: &[&str]) -> Tri {
    match policy.pointer("/grantControls/builtInControls") {
        Some(Value::Array(list)) => Tri::any(list.iter().map(|control| match control.as_str() {
            Some("unknownFutureValue") | None => Tri::Unknown,
            Some(control) => wanted.contains(&control).into(),
        })),
        Some(Value::Null) => Tri::No,
        None if policy.pointer("/grantControls").is_none_or(|g| g.is_null() || g.is_object()) => Tri::No,
        _ => Tri::Unknown,
    }
}

/// Whether a policy has a strength among its grant controls.
pub(crate) fn has_strength(policy: &Value) -> Tri {
    match policy.pointer("/grantControls/authenticationStrength") {
        None | Some(Value::Null) => Tri::No,
        Some(Value::Object(_)) => Tri::Yes,
        Some(_) => Tri::Unknown,
    }
}

/// Name of the strength that a policy demands.
pub(crate) fn strength_name(policy: &Value) -> &str {
    let strength = policy.pointer("/grantControls/authenticationStrength");
    strength
        .and_then(|s| text(s, "displayName").or_else(|| text(s, "id")))
        .unwrap_or("a strength without a name")
}

/// What a policy grants, in words: `block`, `mfa or compliantDevice`, `strength Phishing-resistant MFA`, `session only`.
pub(crate) fn grant_words(policy: &Value) -> String {
    let mut words: Vec<String> = controls(policy).into_iter().map(str::to_owned).collect();
    if has_strength(policy).may() {
        words.push(format!("strength `{}`", strength_name(policy)));
    }
    if has_list(policy, "termsOfUse").may() {
        words.push("terms of use".into());
    }
    if has_list(policy, "customAuthenticationFactors").may() {
        words.push("a custom control".into());
    }
    match words.len() {
        0 => "session controls only".into(),
        _ => words.join(if is_or(policy) { " or " } else { " and " }),
    }
}

/// Whether one of several controls is enough (G-18).
pub(crate) fn is_or(policy: &Value) -> bool {
    policy
        .pointer("/grantControls/operator")
        .and_then(Value::as_str)
        .is_some_and(|o| o.eq_ignore_ascii_case("or"))
}

/// Whether a list among the grant controls has anything in it.
pub(crate) fn has_list(policy: &Value, list: &str) -> Tri {
    match policy.pointer(&format!("/grantControls/{list}")) {
        None | Some(Value::Null) => Tri::No,
        Some(Value::Array(items)) => (!items.is_empty()).into(),
        Some(_) => Tri::Unknown,
    }
}

/// Controls that only a managed device or a managed app can meet.
pub(crate) const DEVICE: [&str; 4] =
    ["compliantDevice", "domainJoinedDevice", "compliantApplication", "approvedApplication"];

/// Whether an account can give what a policy demands, from any machine, with what is registered. An error says what was
/// not read.
pub(crate) fn can_meet(snapshot: &Snapshot, policy: &Value, id: &ObjectId) -> Result<bool, String> {
    let mut answers: Vec<Result<bool, String>> = Vec::new();
    for control in controls(policy) {
        answers.push(match control {
            "block" => return Ok(false),
            "mfa" => methods_of(snapshot, id).map(|methods| methods.iter().any(Method::is_mfa)),
            control if DEVICE.contains(&control) => Ok(false),
            other => Err(format!("whether `{id}` can meet `{other}` is not known")),
        });
    }
    if has_control(policy, &[]).is_unknown() {
        answers.push(Err(format!(
            "the grant controls of policy `{}` were not understood",
            super::policy_name(policy)
        )));
    }
    if has_strength(policy).may() {
        answers.push(meets_strength(snapshot, policy, id));
    }
    for (list, words) in
        [("termsOfUse", "terms of use"), ("customAuthenticationFactors", "the custom control")]
    {
        if has_list(policy, list).may() {
            answers.push(Err(format!("whether `{id}` can meet {words} is not known")));
        }
    }
    let as_tri = |a: &Result<bool, String>| a.as_ref().map_or(Tri::Unknown, |b| Tri::from(*b));
    let all = if is_or(policy) && !answers.is_empty() {
        Tri::any(answers.iter().map(as_tri))
    } else {
        Tri::all(answers.iter().map(as_tri))
    };
    match all {
        Tri::Yes => Ok(true),
        Tri::No => Ok(false),
        Tri::Unknown => Err(answers
            .into_iter()
            .find_map(Result::err)
            .unwrap_or_else(|| "its demands are not known".into())),
    }
}

/// Whether the registered methods of an account satisfy the strength of a policy (G-3, G-5). An error says what was not
/// read.
pub(crate) fn meets_strength(snapshot: &Snapshot, policy: &Value, id: &ObjectId) -> Result<bool, String> {
    let strength = policy.pointer("/grantControls/authenticationStrength").unwrap_or(&Value::Null);
    let strength_id = text(strength, "id").unwrap_or_default();
    let whole = match by_id(snapshot, c::STRENGTHS, strength_id) {
        Found::Here(found) => Some(found),
        _ => Some(strength).filter(|s| s.get("allowedCombinations").is_some_and(Value::is_array)),
    };
    let (combinations, restrictions) =
        match (whole, BUILT_IN.iter().find(|(built_in, _)| same(built_in, strength_id))) {
            (Some(whole), _) => (read_combinations(whole), whole.get("combinationConfigurations")),
            (None, Some((_, combinations))) => (Some(combinations.to_vec()), None),
            (None, None) => (None, None),
        };
    let unread = || match by_id(snapshot, c::STRENGTHS, strength_id) {
        Found::Unread(why) => why,
        _ => format!("`{}/{strength_id}` was not read", c::STRENGTHS),
    };
    let combinations = combinations.ok_or_else(unread)?;
    let methods = methods_of(snapshot, id)?;
    let mut unknown = None;
    for combination in combinations {
        match serves(&methods, combination, restrictions) {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(why) => unknown = Some(why),
        }
    }
    unknown.map_or(Ok(false), Err)
}

fn read_combinations(strength: &Value) -> Option<Vec<&str>> {
    strength.get("allowedCombinations").and_then(Value::as_array)?.iter().map(Value::as_str).collect()
}

/// Whether the methods give one combination, its restrictions included.
fn serves(methods: &[Method], combination: &str, restrictions: Option<&Value>) -> Result<bool, String> {
    let combination: String = combination.split_whitespace().collect();
    let serving: Vec<&Method> =
        methods.iter().filter(|m| m.modes().contains(&combination.as_str())).collect();
    if serving.is_empty() {
        return Ok(false);
    }
    let restrictions: Vec<&Value> = restrictions
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|r| {
            let applies = r.get("appliesToCombinations").and_then(Value::as_array);
            applies.is_none_or(|list| {
                list.iter().filter_map(Value::as_str).any(|c| c.replace(' ', "") == combination)
            })
        })
        .collect();
    let mut unknown = None;
    for method in serving {
        match meets_all(method, &restrictions) {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(why) => unknown = Some(why),
        }
    }
    unknown.map_or(Ok(false), Err)
}

fn meets_all(method: &Method, restrictions: &[&Value]) -> Result<bool, String> {
    for restriction in restrictions {
        let Some(allowed) = restriction.get("allowedAAGUIDs").and_then(Value::as_array) else {
            return Err(
                "a strength restricts certificates, and which certificate is registered was not read".into(),
            );
        };
        let Method::Fido2 { aaguid, .. } = method else { continue };
        let Some(aaguid) = aaguid else { return Err("the model of a registered key was not read".into()) };
        if !allowed.iter().filter_map(Value::as_str).any(|a| same(a, aaguid)) {
            return Ok(false);
        }
    }
    Ok(true)
}
