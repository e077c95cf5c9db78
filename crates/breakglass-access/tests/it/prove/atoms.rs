//! Classes of the world: each class of addresses and countries gives what the condition itself gives.

use super::tenants::*;
use breakglass_access::conditions;
use breakglass_access::prove::atoms::{Atoms, Envelope};
use breakglass_access::prove::intervals;
use breakglass_model::Tri;
use breakglass_model::sign_in::{Country, Network};
use breakglass_model::snapshot::collections as c;
use breakglass_model::view::{COMPLIANT_NETWORK, IpRange, TenantView};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::net::IpAddr;

fn location_id(n: usize) -> String {
    format!("d0000000-0000-4000-8000-{n:012}")
}

/// Named locations of every kind over a handful of ranges and countries.
fn location() -> impl Strategy<Value = Value> {
    let range = prop_oneof![
        (0u8..4, 24u8..=28).prop_map(|(n, bits)| format!("203.0.113.{}/{bits}", 16 * n)),
        (0u8..4).prop_map(|n| format!("2001:db8:{n}::/48")),
        Just("0.0.0.0/1".to_owned()),
    ];
    let ip = (proptest::collection::vec(range, 0..4), any::<bool>()).prop_map(|(ranges, trusted)| {
        let ranges: Vec<Value> = ranges.iter().map(|r| json!({"cidrAddress": r})).collect();
        json!({"@odata.type": "#microsoft.graph.ipNamedLocation", "isTrusted": trusted, "ipRanges": ranges})
    });
    let codes = proptest::sample::subsequence(vec!["BE", "NL", "NZ"], 0..=3);
    let country =
        (codes, any::<bool>(), prop_oneof![4 => Just("clientIpAddress"), 1 => Just("authenticatorAppGps")])
            .prop_map(|(codes, unmapped, method)| {
                json!({"@odata.type": "#microsoft.graph.countryNamedLocation", "countriesAndRegions": codes,
                "includeUnknownCountriesAndRegions": unmapped, "countryLookupMethod": method})
            });
    prop_oneof![3 => ip, 2 => country]
}

fn members() -> impl Strategy<Value = Vec<String>> {
    let names = ["All", "AllTrusted", COMPLIANT_NETWORK].map(str::to_owned).to_vec();
    // One that does not exist is among them.
    let all = [names, (0..5).map(location_id).collect()].concat();
    proptest::sample::subsequence(all, 0..4)
}

fn countries() -> impl Strategy<Value = Option<Country>> {
    let code = proptest::sample::select(vec!["BE", "NL", "NZ", "US", "ZZ"]);
    prop_oneof![4 => code.prop_map(|c| Some(Country::Code(c.into()))), 1 => Just(Some(Country::Unmapped))]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn classes_say_what_the_condition_says(
        locations in proptest::collection::vec(location(), 0..4),
        policies in proptest::collection::vec((members(), members()), 1..4),
        told in any::<bool>(),
        last in any::<u8>(), v6 in 0u16..6, country in countries(), compliant in any::<bool>(), family in any::<bool>(),
    ) {
        let snapshot = with(healthy(), |s| {
            let numbered = locations.iter().enumerate().map(|(n, l)| {
                let mut location = l.clone();
                location["id"] = location_id(n).into();
                location
            });
            s.set(c::NAMED_LOCATIONS, numbered.collect());
            if told {
                s.set(c::SETTINGS, vec![json!({"cloud": "global", "mfaTrustedIps": ["203.0.113.128/25"]})]);
            }
            s.set(c::POLICIES, policies.iter().enumerate().map(|(n, (include, exclude))| {
                let mut policy = policy(n, "p", controls(&["block"]));
                policy["conditions"]["locations"] = json!({"includeLocations": include, "excludeLocations": exclude});
                policy
            }).collect());
        });
        let view = TenantView::new(&snapshot);
        let atoms = Atoms::new(&view, &Envelope::Everywhere, &[]);
        let everywhere = atoms.everywhere(None);
        let places: Vec<usize> = everywhere.dimension(0).unwrap().iter().collect();
        let answer = |region: &(_, _), place: usize| -> Tri {
            let (sure, may): &(breakglass_access::prove::bits::Region, breakglass_access::prove::bits::Region) = region;
            match (sure.dimension(0).unwrap().contains(place), may.dimension(0).unwrap().contains(place)) {
                (true, _) => Tri::Yes,
                (false, true) => Tri::Unknown,
                (false, false) => Tri::No,
            }
        };
        let boxes: Vec<_> = view.policies.iter().map(|p| atoms.boxes(p)).collect();
        // Each class: its sample gives what the class says.
        for place in &places {
            let environment = atoms.at(&[*place, 0, 0, 0]);
            for (policy, region) in view.policies.iter().zip(&boxes) {
                let expected = conditions::location(&view, policy, &environment.network);
                prop_assert_eq!(answer(region, *place), expected, "{:?} at {:?}", policy.conditions.locations, environment);
            }
        }
        // Each concrete network: some class gives what it gives, for all policies together.
        let ip: IpAddr = if family { [203, 0, 113, last].into() } else { format!("2001:db8:{v6}::7").parse().unwrap() };
        let network = Network { ip: Some(ip), country, compliant: Some(compliant) };
        let concrete: Vec<Tri> = view.policies.iter().map(|p| conditions::location(&view, p, &network)).collect();
        let known = places.iter().any(|place| boxes.iter().zip(&concrete).all(|(b, c)| answer(b, *place) == *c));
        prop_assert!(known, "{:?} gives {:?}, and no class does", network, concrete);
    }

    #[test]
    fn intervals_are_right_everywhere(
        ranges in proptest::collection::vec(proptest::collection::vec((any::<u32>(), 0u8..=32), 0..4), 0..5),
        probe in any::<u32>(),
    ) {
        let sets: Vec<Vec<IpRange>> = ranges
            .iter()
            .map(|set| set.iter().filter_map(|(a, b)| IpRange::read(&format!("{}/{b}", std::net::Ipv4Addr::from(*a)))).collect())
            .collect();
        let classes = intervals::classes(&sets);
        let within = |ip: IpAddr| (0..sets.len()).filter(|n| intervals::contains(&sets[*n], ip)).collect::<Vec<_>>();
        let probes = [probe, 0, u32::MAX].into_iter().chain(ranges.iter().flatten().map(|(a, _)| *a));
        for ip in probes.map(|p| IpAddr::V4(std::net::Ipv4Addr::from(p))) {
            let found = classes.iter().filter(|c| !c.v6 && c.within.iter().collect::<Vec<_>>() == within(ip)).count();
            prop_assert_eq!(found, 1, "{}", ip);
        }
        for class in &classes {
            prop_assert_eq!(class.within.iter().collect::<Vec<_>>(), within(class.sample));
            prop_assert_eq!(class.sample.is_ipv6(), class.v6);
        }
    }
}
