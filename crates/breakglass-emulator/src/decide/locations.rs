//! Networks and countries (rules C-4 to C-9).

use super::{Attempt, Holds, Settings, list, same, says_something};
use crate::state::{Directory, text};
use serde_json::Value;
use std::net::IpAddr;

/// All Compliant Network locations.
const COMPLIANT_NETWORK: &str = "3d46dbda-8382-466a-856d-eb00cbc6b910";
/// The legacy list of multifactor authentication, as the portal writes it.
const MFA_TRUSTED: &str = "00000000-0000-0000-0000-000000000000";

/// Whether the location condition holds.
pub(super) fn holds(
    directory: &Directory,
    settings: &Settings,
    attempt: &Attempt,
    conditions: &Value,
) -> Holds {
    let Some(locations) = conditions.get("locations").filter(|l| says_something(l)) else {
        return Holds::Yes;
    };
    let side = |name: &str| {
        Holds::any(list(locations, name).iter().map(|token| at(directory, settings, attempt, token)))
    };
    side("includeLocations").and(side("excludeLocations").not())
}

fn at(directory: &Directory, settings: &Settings, attempt: &Attempt, token: &str) -> Holds {
    if same(token, "All") {
        return Holds::Yes;
    }
    let legacy = || match &settings.mfa_trusted_ips {
        Some(ranges) => Holds::any(ranges.iter().map(|r| in_range(attempt, r))),
        None => Holds::Unknown,
    };
    if same(token, "AllTrusted") {
        let trusted =
            directory.named_locations.iter().filter(|l| l.get("isTrusted") == Some(&Value::Bool(true)));
        return Holds::any(trusted.map(|l| inside(attempt, l)).chain([legacy()]));
    }
    if same(token, COMPLIANT_NETWORK) {
        return attempt.compliant_network.map_or(Holds::Unknown, Holds::from);
    }
    if same(token, MFA_TRUSTED) {
        return legacy();
    }
    // C-9: what cannot be found matches nothing.
    directory.named_locations.get(token).map_or(Holds::No, |location| inside(attempt, location))
}

fn inside(attempt: &Attempt, location: &Value) -> Holds {
    match text(location, "@odata.type") {
        Some("#microsoft.graph.ipNamedLocation") => {
            let ranges = location.get("ipRanges").and_then(Value::as_array).into_iter().flatten();
            Holds::any(
                ranges.map(|r| text(r, "cidrAddress").map_or(Holds::Unknown, |cidr| in_range(attempt, cidr))),
            )
        }
        // C-7: nobody signs in with a position here.
        Some("#microsoft.graph.countryNamedLocation")
            if text(location, "countryLookupMethod") == Some("authenticatorAppGps") =>
        {
            Holds::Unknown
        }
        Some("#microsoft.graph.countryNamedLocation") => match attempt.country.as_deref() {
            None => Holds::Unknown,
            Some("") => {
                (location.get("includeUnknownCountriesAndRegions") == Some(&Value::Bool(true))).into()
            }
            Some(mine) => list(location, "countriesAndRegions").iter().any(|c| same(c, mine)).into(),
        },
        _ => Holds::Unknown,
    }
}

fn in_range(attempt: &Attempt, cidr: &str) -> Holds {
    let Some(ip) = attempt.ip.as_deref().and_then(|ip| ip.parse::<IpAddr>().ok()) else {
        return Holds::Unknown;
    };
    contains(cidr, ip).map_or(Holds::Unknown, Holds::from)
}

/// Whether an address lies in a range; `None` when the range cannot be read.
fn contains(cidr: &str, ip: IpAddr) -> Option<bool> {
    let (base, length) = match cidr.split_once('/') {
        Some((base, length)) => (base.parse().ok()?, Some(length.parse::<u32>().ok()?)),
        None => (cidr.parse().ok()?, None),
    };
    match (base, ip) {
        (IpAddr::V4(base), IpAddr::V4(ip)) => {
            let keep = length.unwrap_or(32);
            let mask = u32::MAX.checked_shl(32_u32.checked_sub(keep)?).unwrap_or(0);
            Some(base.to_bits() & mask == ip.to_bits() & mask)
        }
        (IpAddr::V6(base), IpAddr::V6(ip)) => {
            let keep = length.unwrap_or(128);
            let mask = u128::MAX.checked_shl(128_u32.checked_sub(keep)?).unwrap_or(0);
            Some(base.to_bits() & mask == ip.to_bits() & mask)
        }
        _ => Some(false),
    }
}

#[cfg(test)]
mod tests {
    use super::contains;

    #[test]
    fn ranges() {
        for (cidr, ip, expect) in [
            ("203.0.113.0/24", "203.0.113.255", Some(true)),
            ("203.0.113.0/25", "203.0.113.128", Some(false)),
            ("0.0.0.0/0", "198.51.100.1", Some(true)),
            ("198.51.100.1", "198.51.100.1", Some(true)),
            ("2001:db8::/32", "2001:db8:1::1", Some(true)),
            ("2001:db8::/64", "2001:db8:1::1", Some(false)),
            ("2001:db8::/32", "198.51.100.1", Some(false)),
            ("198.51.100.0/33", "198.51.100.1", None),
            ("nonsense", "198.51.100.1", None),
        ] {
            assert_eq!(contains(cidr, ip.parse().unwrap()), expect, "{cidr} {ip}");
        }
    }
}
