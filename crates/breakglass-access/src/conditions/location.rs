//! `conditions.locations` (CONDITIONAL_ACCESS C-4 to C-9).

use super::sides;
use breakglass_model::sign_in::{Country, Network};
use breakglass_model::view::{
    COMPLIANT_NETWORK, IpRange, LocationKind, LocationMember, Lookup, NamedLocation, Policy, TenantView,
};
use breakglass_model::{ObjectId, Tri};
use std::net::IpAddr;

/// The id under which older policies name the trusted addresses of legacy MFA.
const MFA_TRUSTED_IPS: &str = "00000000-0000-0000-0000-000000000000";

/// Whether the policy is for this network.
#[must_use]
pub fn location(view: &TenantView, policy: &Policy, network: &Network) -> Tri {
    let Some(locations) = &policy.conditions.locations else { return Tri::Yes };
    sides(locations, |member| match member {
        LocationMember::AllTrusted => is_trusted(view, network),
        LocationMember::Named(id) => in_location(view, id, network),
    })
}

/// Whether the network is a trusted location: marked so, or in the trusted addresses of legacy MFA (C-5).
#[must_use]
pub fn is_trusted(view: &TenantView, network: &Network) -> Tri {
    let marked = view.locations.iter().map(|location| location.trusted.and(is_in(location, network)));
    let missing = if view.locations.missing().is_some() { Tri::Unknown } else { Tri::No };
    Tri::any(marked).or(missing).or(in_mfa_trusted(view, network))
}

fn in_mfa_trusted(view: &TenantView, network: &Network) -> Tri {
    match (&view.settings.mfa_trusted_ips, network.ip) {
        (Some(ranges), _) => in_ranges(ranges, network),
        // Nobody told the list, but it holds IPv4 ranges only (C-5).
        (None, Some(IpAddr::V6(_))) => Tri::No,
        (None, _) => Tri::Unknown,
    }
}

/// Whether the network is in one named location. A location that is gone contains nothing (C-9).
#[must_use]
pub fn in_location(view: &TenantView, id: &ObjectId, network: &Network) -> Tri {
    if id.as_str() == COMPLIANT_NETWORK {
        return Tri::from(network.compliant);
    }
    match view.locations.get(id) {
        Lookup::Found(location) => is_in(location, network),
        Lookup::Gone if id.as_str() == MFA_TRUSTED_IPS => in_mfa_trusted(view, network),
        Lookup::Gone => Tri::No,
        Lookup::Unread(_) => Tri::Unknown,
    }
}

fn is_in(location: &NamedLocation, network: &Network) -> Tri {
    let known = match &location.kind {
        LocationKind::Ip(ranges) => in_ranges(ranges, network),
        // Where a phone is, nobody here can tell (C-7).
        LocationKind::Country { gps: true, .. } => Tri::Unknown,
        LocationKind::Country { codes, unmapped, gps: false } => match &network.country {
            Some(Country::Unmapped) => *unmapped,
            Some(Country::Code(code)) => Tri::from(codes.contains(code)),
            None if codes.is_empty() && unmapped.is_no() => Tri::No,
            None => Tri::Unknown,
        },
        LocationKind::CompliantNetwork => Tri::from(network.compliant),
        LocationKind::Unread => Tri::Unknown,
    };
    if location.unread.is_empty() { known } else { known.or(Tri::Unknown) }
}

fn in_ranges(ranges: &[IpRange], network: &Network) -> Tri {
    match network.ip {
        _ if ranges.is_empty() => Tri::No,
        Some(ip) => Tri::from(ranges.iter().any(|range| range.contains(ip))),
        None => Tri::Unknown,
    }
}
