//! The authentication methods policy: which registered methods may be used (CONDITIONAL_ACCESS L-6).

use super::groups::Groups;
use super::look::{Problem, text};
use crate::ids::ObjectId;
use crate::snapshot::{Snapshot, collections as c};
use crate::tri::Tri;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What may be used.
#[derive(Clone, Debug, Default)]
pub struct MethodsPolicy {
    /// Read; otherwise nobody can tell.
    read: bool,
    /// Not there, and nobody noted that it could not be read.
    absent: bool,
    /// Method configurations by their id in lower case; `None` when the policy lists none and restricts by the two
    /// members below only (the form of `breakglass-ca-case/1`).
    configurations: Option<BTreeMap<String, Value>>,
    /// Legacy policies no longer count.
    migrated: bool,
    disabled_modes: BTreeSet<String>,
    key_restrictions: Option<Value>,
}

impl MethodsPolicy {
    pub(super) fn read(snapshot: &Snapshot, problems: &mut Vec<Problem>) -> Self {
        let list = snapshot.get(c::METHODS_POLICY);
        let noted = snapshot.why_unread(c::METHODS_POLICY).is_some();
        let Some(raw) = list.and_then(<[Value]>::first).filter(|_| !noted) else {
            // An empty list: read, and nothing restricts.
            let (read, absent) = (list.is_some() && !noted, list.is_none() && !noted);
            return Self { read, absent, migrated: true, ..Self::default() };
        };
        let configurations = raw.get("authenticationMethodConfigurations");
        if configurations.is_none() && raw.get("id").is_none() && raw.get("policyMigrationState").is_none() {
            let disabled = raw.get("disabledModes").and_then(Value::as_array).into_iter().flatten();
            return Self {
                read: true,
                absent: false,
                configurations: None,
                migrated: true,
                disabled_modes: disabled.filter_map(Value::as_str).map(super::canonical_mode).collect(),
                key_restrictions: raw.pointer("/fido2/keyRestrictions").cloned(),
            };
        }
        let Some(list) = configurations.and_then(Value::as_array) else {
            problems.push(Problem {
                subject: c::METHODS_POLICY.into(),
                path: "authenticationMethodConfigurations".into(),
                found: configurations.map_or_else(|| "nothing".into(), Value::to_string),
            });
            return Self::default();
        };
        let by_id = list.iter().filter_map(|m| Some((text(m, "id")?.to_ascii_lowercase(), m.clone())));
        Self {
            read: true,
            absent: false,
            configurations: Some(by_id.collect()),
            migrated: text(raw, "policyMigrationState")
                .is_some_and(|s| s.eq_ignore_ascii_case("migrationComplete")),
            disabled_modes: BTreeSet::new(),
            key_restrictions: None,
        }
    }

    /// Whether the policy was read.
    #[must_use]
    pub fn was_read(&self) -> bool {
        self.read
    }

    /// Whether the policy is not in the snapshot, without a word on why.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        self.absent
    }

    /// Whether an account may use a mode (`authenticationMethodModes`), apart from restrictions on single keys.
    #[must_use]
    pub fn allows(&self, groups: &Groups, account: &ObjectId, mode: &str) -> Tri {
        if !self.read {
            return Tri::Unknown;
        }
        if self.disabled_modes.contains(mode) {
            return Tri::No;
        }
        let Some((id, legacy)) = governed_by(mode) else {
            // Passwords, Windows Hello and what a federated provider does are not the policy's business.
            return Tri::from(super::is_known_mode(mode)).or(Tri::Unknown);
        };
        let Some(configurations) = &self.configurations else { return Tri::Yes };
        let allowed =
            configurations.get(id).map_or(Tri::Unknown, |one| enabled_for(one, groups, account, mode));
        // Until the migration is complete, a method that any policy allows is usable, and the legacy ones cannot be read.
        if legacy && !self.migrated { allowed.or(Tri::Unknown) } else { allowed }
    }

    /// Whether an account may use external MFA.
    #[must_use]
    pub fn allows_external(&self, groups: &Groups, account: &ObjectId) -> Tri {
        let Some(configurations) = &self.configurations else { return Tri::from(self.read).or(Tri::Unknown) };
        let external = configurations.values().filter(|c| {
            text(c, "@odata.type").is_some_and(|t| t.ends_with("externalAuthenticationMethodConfiguration"))
        });
        Tri::any(external.map(|one| enabled_for(one, groups, account, "external")))
    }

    /// Whether an account may use one passkey. `None` for a model that is not known; `synced` for a passkey that is not
    /// bound to a device.
    #[must_use]
    pub fn allows_key(
        &self,
        groups: &Groups,
        account: &ObjectId,
        aaguid: Option<&ObjectId>,
        synced: bool,
    ) -> Tri {
        let method = self.allows(groups, account, "fido2");
        let Some(configurations) = &self.configurations else {
            return method.and(restricted(self.key_restrictions.as_ref(), aaguid));
        };
        let Some(fido2) = configurations.get("fido2") else { return method };
        let profiles = fido2.get("passkeyProfiles").and_then(Value::as_array).filter(|p| !p.is_empty());
        let key = match profiles {
            None => restricted(fido2.get("keyRestrictions"), aaguid),
            // Which profile a target uses differs by group; settled only when all profiles say the same.
            Some(profiles) => {
                let each: Vec<Tri> = profiles.iter().map(|p| profile_allows(p, aaguid, synced)).collect();
                let (all, any) = (Tri::all(each.iter().copied()), Tri::any(each.iter().copied()));
                if all == any { all } else { Tri::Unknown }
            }
        };
        method.and(key)
    }
}

/// The configuration that governs a mode, and whether a legacy policy may govern it too.
fn governed_by(mode: &str) -> Option<(&'static str, bool)> {
    Some(match mode {
        "fido2" => ("fido2", false),
        "microsoftAuthenticatorPush" => ("microsoftauthenticator", true),
        "deviceBasedPush" => ("microsoftauthenticator", false),
        "sms" => ("sms", true),
        "voice" => ("voice", true),
        "softwareOath" => ("softwareoath", true),
        "hardwareOath" => ("hardwareoath", true),
        "temporaryAccessPassOneTime" | "temporaryAccessPassMultiUse" => ("temporaryaccesspass", false),
        "x509CertificateSingleFactor" | "x509CertificateMultiFactor" => ("x509certificate", false),
        "email" => ("email", false),
        "qrCodePin" => ("qrcodepin", false),
        _ => return None,
    })
}

fn enabled_for(configuration: &Value, groups: &Groups, account: &ObjectId, mode: &str) -> Tri {
    let state = match text(configuration, "state").map(str::to_ascii_lowercase).as_deref() {
        Some("enabled") => Tri::Yes,
        Some("disabled") => Tri::No,
        _ => Tri::Unknown,
    };
    let included = match configuration.get("includeTargets") {
        Some(Value::Array(list)) => {
            Tri::any(list.iter().map(|t| is_target(t, groups, account).and(target_mode(t, mode))))
        }
        // Graph gives the targets only when the configuration is read by itself; everybody is the default.
        _ => Tri::Unknown,
    };
    let excluded = match configuration.get("excludeTargets") {
        None | Some(Value::Null) => Tri::No,
        Some(Value::Array(list)) => Tri::any(list.iter().map(|t| is_target(t, groups, account))),
        Some(_) => Tri::Unknown,
    };
    state.and(included).and(!excluded)
}

fn is_target(target: &Value, groups: &Groups, account: &ObjectId) -> Tri {
    match text(target, "id") {
        Some(id) if id.eq_ignore_ascii_case("all_users") => Tri::Yes,
        Some(id) if ObjectId::new(id) == *account => Tri::Yes,
        Some(id) => groups.member(account, &ObjectId::new(id)),
        None => Tri::Unknown,
    }
}

/// Microsoft Authenticator may be limited to one of its two modes.
fn target_mode(target: &Value, mode: &str) -> Tri {
    match (text(target, "authenticationMode").unwrap_or("any"), mode) {
        ("push", "deviceBasedPush") | ("deviceBasedPush", "microsoftAuthenticatorPush") => Tri::No,
        _ => Tri::Yes,
    }
}

fn restricted(restrictions: Option<&Value>, aaguid: Option<&ObjectId>) -> Tri {
    let Some(restrictions) = restrictions.filter(|r| !r.is_null()) else { return Tri::Yes };
    match restrictions.get("isEnforced").and_then(Value::as_bool) {
        Some(false) => return Tri::Yes,
        Some(true) => {}
        None => return Tri::Unknown,
    }
    let Some(list) = restrictions.get("aaGuids").and_then(Value::as_array) else { return Tri::Unknown };
    let listed = match aaguid {
        Some(aaguid) => {
            Tri::from(list.iter().any(|a| a.as_str().is_some_and(|a| ObjectId::new(a) == *aaguid)))
        }
        None if list.is_empty() => Tri::No,
        None => Tri::Unknown,
    };
    match text(restrictions, "enforcementType").map(str::to_ascii_lowercase).as_deref() {
        Some("allow") => listed,
        Some("block") => !listed,
        _ => Tri::Unknown,
    }
}

fn profile_allows(profile: &Value, aaguid: Option<&ObjectId>, synced: bool) -> Tri {
    let wanted = if synced { "synced" } else { "deviceBound" };
    let types = match profile.get("passkeyTypes") {
        Some(Value::String(types)) => {
            Tri::from(types.split(',').any(|t| t.trim().eq_ignore_ascii_case(wanted)))
        }
        None | Some(Value::Null) => Tri::Yes,
        Some(_) => Tri::Unknown,
    };
    types.and(restricted(profile.get("keyRestrictions"), aaguid))
}
