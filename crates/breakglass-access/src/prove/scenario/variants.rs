//! The ways in which a built-in scenario can happen in one tenant.

use super::{Effects, NONE, Scenario, ScenarioError, Variant, What};
use breakglass_model::design::SCENARIO_EFFECTS;
use breakglass_model::sign_in::RiskLevel;
use breakglass_model::view::{LocationMember, Member, PolicyState, TenantView};
use breakglass_model::{ObjectId, Tri};
use std::collections::BTreeSet;

/// Methods that go with Microsoft's MFA service and its providers; keys, passes and certificates do not.
const MFA_SERVICE: &[&str] =
    &["microsoftAuthenticatorPush", "deviceBasedPush", "softwareOath", "hardwareOath", "sms", "voice"];

impl Scenario {
    /// Every way in which it can happen, for accounts given by name and id.
    ///
    /// # Errors
    /// When it names a built-in scenario that does not exist.
    pub fn variants(
        &self,
        view: &TenantView,
        accounts: &[(String, ObjectId)],
    ) -> Result<Vec<Variant>, ScenarioError> {
        let names = match &self.what {
            What::Exactly(effects) => {
                return Ok(vec![Variant { words: String::new(), effects: (**effects).clone() }]);
            }
            What::BuiltIn(names) => names,
        };
        let mut all = vec![Variant { words: String::new(), effects: Effects::default() }];
        for name in names {
            let ways = ways(name, view, accounts).ok_or_else(|| ScenarioError::Unknown {
                name: name.clone(),
                known: SCENARIO_EFFECTS.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", "),
            })?;
            // Where there is no way at all (no key, no location) nothing happens.
            if !ways.is_empty() {
                all = all.iter().flat_map(|so_far| ways.iter().map(|way| both(so_far, way))).collect();
            }
        }
        Ok(all)
    }
}

fn both(one: &Variant, other: &Variant) -> Variant {
    let words: Vec<&str> = [one, other].iter().map(|v| v.words.as_str()).filter(|w| !w.is_empty()).collect();
    Variant { words: words.join(", "), effects: one.effects.clone().and(&other.effects) }
}

/// The ways of one built-in scenario; `None` when there is none of that name.
fn ways(name: &str, view: &TenantView, accounts: &[(String, ObjectId)]) -> Option<Vec<Variant>> {
    let one = |effects: Effects| Some(vec![Variant { words: String::new(), effects }]);
    let none = Effects::default();
    match name {
        NONE => one(none),
        "account-lost" => Some(each_account(accounts)),
        "crl-unreachable" => one(Effects { crl_unreachable: true, ..none }),
        "exclusion-group-deleted" => Some(each_group(view, accounts)),
        "federation-down" => one(Effects { federation_down: true, ..none }),
        "intune-down" => one(Effects { compliance_unavailable: true, ..none }),
        "key-lost" => Some(each_key(view, accounts)),
        "licences-expired" => one(Effects { licences_expired: true, ..none }),
        "mfa-provider-down" => one(Effects {
            methods_unavailable: MFA_SERVICE.iter().map(|m| (*m).to_owned()).collect(),
            external_mfa_down: true,
            ..none
        }),
        "named-location-lost" => Some(each_location(view)),
        "pim-approvers-absent" => one(Effects { approvers_absent: true, ..none }),
        "portal-down" => one(Effects { portals_down: true, ..none }),
        "report-only-enabled" => one(Effects { report_only_enabled: true, ..none }),
        "user-risk-high" => {
            let user_risk = accounts.iter().map(|(_, id)| (id.clone(), RiskLevel::High)).collect();
            one(Effects { user_risk, ..none })
        }
        _ => None,
    }
}

fn each_account(accounts: &[(String, ObjectId)]) -> Vec<Variant> {
    let lost = |(name, id): &(String, ObjectId)| Variant {
        words: format!("`{name}` is lost"),
        effects: Effects { accounts_deleted: BTreeSet::from([id.clone()]), ..Effects::default() },
    };
    accounts.iter().map(lost).collect()
}

fn each_key(view: &TenantView, accounts: &[(String, ObjectId)]) -> Vec<Variant> {
    let mut variants = Vec::new();
    for (name, id) in accounts {
        let Some(capabilities) = view.capabilities(id) else { continue };
        let keys = match &capabilities.keys {
            Some(keys) => keys.iter().map(|k| k.name.clone()).collect(),
            // A passkey of which nobody said anything else.
            None if capabilities.has("fido2").may() => vec!["its passkey".to_owned()],
            None => Vec::new(),
        };
        for (n, key) in keys.iter().enumerate() {
            variants.push(Variant {
                words: format!("`{name}` has lost the key `{key}`"),
                effects: Effects {
                    lost_keys: [(id.clone(), BTreeSet::from([n]))].into(),
                    ..Effects::default()
                },
            });
        }
    }
    variants
}

/// Every group through which an account may be excluded, nested ones too. Which of them carries roles comes out by itself.
fn each_group(view: &TenantView, accounts: &[(String, ObjectId)]) -> Vec<Variant> {
    let holds_account =
        |group: &ObjectId| Tri::any(accounts.iter().map(|(_, id)| view.groups.member(id, group))).may();
    let groups = view.groups.iter().filter(|(id, _)| holds_account(id));
    let deleted = |(id, group): (&ObjectId, &breakglass_model::view::Group)| Variant {
        words: format!(
            "group `{}` is deleted",
            if group.name.is_empty() { id.as_str() } else { &group.name }
        ),
        effects: Effects { groups_deleted: BTreeSet::from([id.clone()]), ..Effects::default() },
    };
    groups.map(deleted).collect()
}

/// Every location whose loss can make a policy match more: one that a policy excludes, by name or as trusted. Losing one
/// that is only included makes policies match less (CONDITIONAL_ACCESS 3.5).
fn each_location(view: &TenantView) -> Vec<Variant> {
    let (mut lost, mut trusted) = (BTreeSet::new(), false);
    // Report-only ones count too: another scenario that happens at the same time may enforce them.
    for policy in view.policies.iter().filter(|p| p.state != PolicyState::Disabled) {
        for member in policy.conditions.locations.iter().flat_map(|sides| &sides.exclude) {
            match member {
                Member::Is(LocationMember::Named(id)) => {
                    lost.insert(id.clone());
                }
                Member::Is(LocationMember::AllTrusted) => trusted = true,
                Member::All | Member::Unread(_) => {}
            }
        }
    }
    if trusted {
        lost.extend(view.locations.iter().filter(|l| l.trusted.may()).map(|l| l.id.clone()));
    }
    let known = lost.into_iter().filter_map(|id| view.locations.get(&id).found());
    let variant = |location: &breakglass_model::view::NamedLocation| Variant {
        words: format!("named location `{}` is lost", location.name),
        effects: Effects { locations_lost: BTreeSet::from([location.id.clone()]), ..Effects::default() },
    };
    known.map(variant).collect()
}
