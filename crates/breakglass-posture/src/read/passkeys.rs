//! What the authentication methods policy lets an account do with passkeys (CONDITIONAL_ACCESS L-6).
//!
//! Two shapes: one `keyRestrictions` for everybody, or, since the migration of 2026, passkey profiles of which each
//! target names the ones it may use.

use super::{Method, membership, same, single, text, unread_of_group};
use breakglass_model::snapshot::{Snapshot, collections as c};
use breakglass_model::{ObjectId, Tri};
use serde_json::Value;

/// The FIDO2 configuration of the tenant's authentication methods policy, or why it was not read.
pub(crate) fn fido2_configuration(snapshot: &Snapshot) -> Result<&Value, String> {
    let policy = single(snapshot, c::METHODS_POLICY)?;
    let configurations = policy.get("authenticationMethodConfigurations").and_then(Value::as_array);
    let configurations =
        configurations.ok_or("`authenticationMethodsPolicy` has no method configurations")?;
    let fido2 = |m: &&Value| {
        text(m, "id").is_some_and(|i| same(i, "fido2"))
            || text(m, "@odata.type").is_some_and(|t| t.ends_with("fido2AuthenticationMethodConfiguration"))
    };
    configurations
        .iter()
        .find(fido2)
        .ok_or_else(|| "`authenticationMethodsPolicy` has no FIDO2 configuration".into())
}

/// Whether one of the targets (`includeTargets`, `excludeTargets`) is the account or a group it is in.
pub(crate) fn targets(snapshot: &Snapshot, configuration: &Value, list: &str, id: &ObjectId) -> Tri {
    match configuration.get(list) {
        None | Some(Value::Null) => {
            if list == "excludeTargets" {
                Tri::No
            } else {
                Tri::Unknown
            }
        }
        Some(Value::Array(targets)) => Tri::any(targets.iter().map(|target| match text(target, "id") {
            Some("all_users") => Tri::Yes,
            Some(found) if same(found, id.as_str()) => Tri::Yes,
            Some(found) => membership(snapshot, found, id.as_str()),
            None => Tri::Unknown,
        })),
        Some(_) => Tri::Unknown,
    }
}

/// What of the groups in a target list was not read.
pub(crate) fn unread_targets(snapshot: &Snapshot, configuration: &Value, list: &str) -> Option<String> {
    let Some(Value::Array(targets)) = configuration.get(list) else {
        return Some(format!("`{list}` of the FIDO2 configuration in `{}` was not read", c::METHODS_POLICY));
    };
    let groups = targets.iter().filter_map(|t| text(t, "id")).filter(|id| *id != "all_users");
    groups.into_iter().find_map(|id| unread_of_group(snapshot, id))
}

/// A passkey profile that an account may use.
#[derive(Clone, Debug)]
pub(crate) struct Profile<'a> {
    /// Name for people.
    pub(crate) name: &'a str,
    profile: &'a Value,
}

impl Profile<'_> {
    /// Whether keys that do not leave their device are allowed.
    pub(crate) fn device_bound(&self) -> Tri {
        match self.profile.get("passkeyTypes") {
            Some(Value::String(flags)) => flags.split(',').any(|f| f.trim() == "deviceBound").into(),
            Some(Value::Array(list)) => list.iter().any(|f| f.as_str() == Some("deviceBound")).into(),
            _ => Tri::Unknown,
        }
    }

    /// Whether a model is allowed.
    pub(crate) fn allows(&self, aaguid: &str) -> Tri {
        restriction(self.profile.get("keyRestrictions"), aaguid)
    }
}

/// Whether the tenant has passkey profiles at all.
pub(crate) fn has_profiles(configuration: &Value) -> bool {
    text(configuration, "defaultPasskeyProfile").is_some()
        || configuration.get("passkeyProfiles").and_then(Value::as_array).is_some_and(|p| !p.is_empty())
}

/// The profiles that an account may use; an error says what was not read.
pub(crate) fn profiles<'a>(
    snapshot: &Snapshot,
    configuration: &'a Value,
    id: &ObjectId,
) -> Result<Vec<Profile<'a>>, String> {
    let unread =
        |what: &str| format!("`{what}` of the FIDO2 configuration in `{}` was not read", c::METHODS_POLICY);
    let all = configuration.get("passkeyProfiles").and_then(Value::as_array);
    let all = all.ok_or_else(|| unread("passkeyProfiles"))?;
    let targets = configuration.get("includeTargets").and_then(Value::as_array);
    let targets = targets.ok_or_else(|| unread("includeTargets"))?;
    let mut allowed: Vec<&str> = Vec::new();
    for target in targets {
        let who = text(target, "id").ok_or_else(|| unread("includeTargets"))?;
        let hit = if who == "all_users" || same(who, id.as_str()) {
            Tri::Yes
        } else {
            membership(snapshot, who, id.as_str())
        };
        match hit {
            Tri::No => continue,
            Tri::Unknown => {
                return Err(
                    unread_of_group(snapshot, who).unwrap_or_else(|| format!("`groups/{who}` was not read"))
                );
            }
            Tri::Yes => {}
        }
        let own = target.get("allowedPasskeyProfiles").and_then(Value::as_array);
        let own: Vec<&str> = own.into_iter().flatten().filter_map(Value::as_str).collect();
        // A target without profiles of its own has the default one.
        allowed.extend(if own.is_empty() {
            text(configuration, "defaultPasskeyProfile").into_iter().collect()
        } else {
            own
        });
    }
    let mut found = Vec::new();
    for wanted in allowed {
        let profile = all.iter().find(|p| text(p, "id").is_some_and(|i| same(i, wanted)));
        let profile = profile.ok_or_else(|| unread(&format!("passkeyProfiles/{wanted}")))?;
        found.push(Profile { name: text(profile, "name").unwrap_or(wanted), profile });
    }
    Ok(found)
}

/// Whether the tenant lets an account sign in with a key of this model (F07). An error says what was not read.
pub(crate) fn allows_model(
    snapshot: &Snapshot,
    configuration: &Value,
    id: &ObjectId,
    aaguid: &str,
) -> Result<bool, String> {
    let unknown = || format!("the key restrictions in `{}` were not understood", c::METHODS_POLICY);
    let answer = if has_profiles(configuration) {
        Tri::any(profiles(snapshot, configuration, id)?.iter().map(|p| p.allows(aaguid)))
    } else {
        restriction(configuration.get("keyRestrictions"), aaguid)
    };
    match answer {
        Tri::Unknown => Err(unknown()),
        settled => Ok(settled.is_yes()),
    }
}

fn restriction(restrictions: Option<&Value>, aaguid: &str) -> Tri {
    let Some(restrictions) = restrictions.filter(|r| !r.is_null()) else { return Tri::Yes };
    match restrictions.get("isEnforced").and_then(Value::as_bool) {
        Some(false) => return Tri::Yes,
        Some(true) => {}
        None => return Tri::Unknown,
    }
    let Some(models) = restrictions.get("aaGuids").and_then(Value::as_array) else { return Tri::Unknown };
    let listed = models.iter().filter_map(Value::as_str).any(|m| same(m, aaguid));
    match text(restrictions, "enforcementType") {
        Some("allow") => listed.into(),
        Some("block") => (!listed).into(),
        _ => Tri::Unknown,
    }
}

/// The passkeys among methods: name and model.
pub(crate) fn keys(methods: &[Method]) -> Vec<(&str, Option<&str>)> {
    let mut keys = Vec::new();
    for method in methods {
        if let Method::Fido2 { name, aaguid, .. } = method {
            keys.push((name.as_str(), aaguid.as_deref()));
        }
    }
    keys
}
