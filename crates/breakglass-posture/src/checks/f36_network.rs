//! BG-F36: a policy asks for Microsoft's own network client, which may be down, and is not on a rescue machine.

use super::{f27_location, policies, words};
use crate::read::{self, Found};
use crate::{Answer, Check, Facts};
use breakglass_model::snapshot::{Snapshot, collections as c};
use breakglass_model::{Severity, Tri};
use serde_json::Value;

pub(super) const CHECK: Check = Check {
    id: "BG-F36",
    severity: Severity::Critical,
    question: "Can every emergency account recover without the Global Secure Access client?",
    controls: &["CIS M365 v7.0 1.1.2", "NIST 800-53 r5 CP-13"],
    run,
};

/// The location that stands for the compliant network (C-8).
const COMPLIANT: &str = "3d46dbda-8382-466a-856d-eb00cbc6b910";

/// Whether a policy's location condition is about the compliant network.
pub(super) fn by_compliant_network(snapshot: &Snapshot, policy: &Value) -> Tri {
    let lists = ["includeLocations", "excludeLocations"].into_iter();
    Tri::any(lists.flat_map(|list| f27_location::locations(policy, list)).map(|id| {
        if read::same(id, COMPLIANT) {
            return Tri::Yes;
        }
        match read::by_id(snapshot, c::NAMED_LOCATIONS, id) {
            Found::Here(found) => match read::text(found, "@odata.type") {
                Some(kind) => kind.ends_with("compliantNetworkNamedLocation").into(),
                // Only locations of networks and countries have these.
                None => (found.get("ipRanges").is_none() && found.get("countriesAndRegions").is_none()).into(),
            },
            Found::Nowhere => Tri::No,
            Found::Unread(_) => Tri::Unknown,
        }
    }))
}

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    let asked = policies::Asked {
        state: read::is_enforced,
        kind: &|policy| by_compliant_network(facts.snapshot, policy),
        kind_gap: "which of its locations stands for the compliant network was not read (`namedLocations`)",
        in_the_way: policies::in_the_way,
        hurts: &|policy, account| match &account.id {
            Some(id) => read::can_meet(facts.snapshot, policy, id).map(|can| !can),
            None => Err(format!("the object id of `{}` was not read", account.design.name)),
        },
    };
    let words = policies::Words {
        pass: &|n| match n {
            0 => "no enforced policy asks for the compliant network".into(),
            n => format!("no account is held on a road to recovery by any of {} on the compliant network", read::count(n, "enforced policy")),
        },
        fail: &|hit| format!("policy `{}` holds {} unless the sign-in comes through the Global Secure Access client", hit.name(), hit.accounts()),
        may: &|hit| format!("policy `{}` holds {} to the Global Secure Access client", hit.name(), hit.accounts()),
        remedy: &|hit| words::exclude(facts, hit.name()),
        evidence: &["conditions.locations", "grantControls.builtInControls"],
    };
    policies::answers(facts, &asked, &words)
}
