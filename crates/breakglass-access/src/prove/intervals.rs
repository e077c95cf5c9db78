//! From ranges of addresses to finitely many classes of them (CONDITIONAL_ACCESS 3.3).
//!
//! All ends of all ranges cut each family into intervals; addresses of one interval lie in the same ranges. Intervals
//! with the same signature are one class, of which one address is kept as witness.

use super::bits::Bits;
use breakglass_model::view::IpRange;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Addresses that lie in the same ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IpClass {
    /// Which of the given sets of ranges contain them, by position.
    pub within: Bits,
    /// One of them.
    pub sample: IpAddr,
    /// All of them lie in an IPv6 interval.
    pub v6: bool,
}

/// Addresses that read better in a counterexample than the first of an interval: they are for documentation.
const PREFERRED: [IpAddr; 3] = [
    IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7)),
    IpAddr::V4(Ipv4Addr::new(203, 0, 113, 10)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
];

/// The classes of all addresses under the given sets of ranges, the families apart.
#[must_use]
pub fn classes(sets: &[Vec<IpRange>]) -> Vec<IpClass> {
    let mut classes = Vec::new();
    for v6 in [false, true] {
        let mut found: BTreeMap<Bits, IpAddr> = BTreeMap::new();
        for (start, within) in intervals(sets, v6) {
            found.entry(within).or_insert(start);
        }
        for preferred in PREFERRED.iter().filter(|p| p.is_ipv6() == v6) {
            let within: Bits =
                sets.iter().enumerate().filter(|(_, s)| contains(s, *preferred)).map(|(i, _)| i).collect();
            if let Some(sample) =
                found.get_mut(&within).filter(|s| !PREFERRED.contains(s) || within.is_empty())
            {
                *sample = *preferred;
            }
        }
        classes.extend(found.into_iter().map(|(within, sample)| IpClass { within, sample, v6 }));
    }
    classes
}

/// Whether some range contains the address.
#[must_use]
pub fn contains(ranges: &[IpRange], ip: IpAddr) -> bool {
    ranges.iter().any(|r| r.contains(ip))
}

/// Where each interval starts, with the sets that contain it.
fn intervals(sets: &[Vec<IpRange>], v6: bool) -> Vec<(IpAddr, Bits)> {
    // At each point where something changes: how many ranges of which set begin or end.
    let mut changes: BTreeMap<IpAddr, BTreeMap<usize, i64>> = BTreeMap::new();
    let lowest = if v6 { IpAddr::V6(Ipv6Addr::UNSPECIFIED) } else { IpAddr::V4(Ipv4Addr::UNSPECIFIED) };
    changes.entry(lowest).or_default();
    for (set, ranges) in sets.iter().enumerate() {
        for range in ranges.iter().filter(|r| r.first().is_ipv6() == v6) {
            *changes.entry(range.first()).or_default().entry(set).or_default() += 1;
            if let Some(after) = successor(range.last()) {
                *changes.entry(after).or_default().entry(set).or_default() -= 1;
            }
        }
    }
    let mut open: BTreeMap<usize, i64> = BTreeMap::new();
    let mut within = Bits::new();
    let mut intervals = Vec::with_capacity(changes.len());
    for (start, change) in changes {
        for (set, by) in change {
            let count = open.entry(set).or_default();
            *count += by;
            if *count > 0 { within.insert(set) } else { within.remove(set) }
        }
        intervals.push((start, within.clone()));
    }
    intervals
}

fn successor(ip: IpAddr) -> Option<IpAddr> {
    match ip {
        IpAddr::V4(v4) => v4.to_bits().checked_add(1).map(|n| Ipv4Addr::from_bits(n).into()),
        IpAddr::V6(v6) => v6.to_bits().checked_add(1).map(|n| Ipv6Addr::from_bits(n).into()),
    }
}
