//! Memberships of addresses, countries and networks in the locations that policies name.

use super::super::intervals::{self, IpClass};
use super::Within;
use crate::conditions;
use breakglass_model::sign_in::{Country, Network};
use breakglass_model::view::{COMPLIANT_NETWORK, IpRange, LocationKind, NamedLocation, TenantView};
use breakglass_model::{ObjectId, Tri};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Countries to pick an example from that no location names.
const ELSEWHERE: &[&str] = &["US", "DE", "JP", "BR", "ZA", "NZ", "FR", "GB", "IN", "CH", "ZZ"];

/// Locations of a tenant, as memberships.
pub(super) struct Map<'a> {
    pub(super) view: &'a TenantView,
    pub(super) named: &'a BTreeMap<ObjectId, usize>,
    pub(super) trusted: usize,
    pub(super) uses_trusted: bool,
}

impl Map<'_> {
    /// Locations that policies name and that are no compliant network, with their positions.
    fn addressed(&self) -> impl Iterator<Item = (&ObjectId, usize)> {
        self.named.iter().filter(|(id, _)| id.as_str() != COMPLIANT_NETWORK).map(|(id, n)| (id, *n))
    }

    /// Those of them that were read.
    fn found(&self) -> impl Iterator<Item = (&NamedLocation, usize)> {
        self.addressed().filter_map(|(id, n)| Some((self.view.locations.get(id).found()?, n)))
    }

    /// Positions of locations that are compliant networks. The one that stands for all of them need not be listed (C-8).
    fn compliant_networks(&self) -> impl Iterator<Item = usize> {
        let is = |id: &ObjectId| {
            let kind = self.view.locations.get(id).found().map(|l| &l.kind);
            id.as_str() == COMPLIANT_NETWORK || kind == Some(&LocationKind::CompliantNetwork)
        };
        self.named.iter().filter(move |(id, _)| is(id)).map(|(_, n)| *n)
    }

    /// Locations that may be trusted, with their ranges.
    fn trusted_locations(&self) -> impl Iterator<Item = &NamedLocation> {
        self.view.locations.iter().filter(|l| l.trusted.may())
    }

    pub(super) fn ip_classes(&self) -> Vec<(Option<IpAddr>, Within)> {
        let ranges = |location: &NamedLocation| match &location.kind {
            LocationKind::Ip(ranges) => ranges.clone(),
            _ => Vec::new(),
        };
        let mut sets: Vec<Vec<IpRange>> = self.found().map(|(location, _)| ranges(location)).collect();
        if self.uses_trusted {
            sets.extend(self.trusted_locations().map(ranges));
        }
        sets.push(self.view.settings.mfa_trusted_ips.clone().unwrap_or_default());
        // Addresses of one interval are in the same locations; intervals with equal memberships are one class.
        let (mut classes, mut seen) = (Vec::new(), BTreeSet::new());
        for IpClass { sample, .. } in intervals::classes(&sets) {
            let within = self.by_ip(Some(sample));
            if seen.insert(within.clone()) {
                classes.push((Some(sample), within));
            }
        }
        classes
    }

    pub(super) fn by_ip(&self, ip: Option<IpAddr>) -> Within {
        let mut within = Within::default();
        for (id, n) in self.addressed() {
            within.put(n, self.ip_in(ip, id));
        }
        if self.uses_trusted {
            within
                .put(self.trusted, conditions::is_trusted(self.view, &Network { ip, ..Network::default() }));
        }
        within
    }

    /// Whether an address is in a location; of a location that is made of something else, no.
    fn ip_in(&self, ip: Option<IpAddr>, id: &ObjectId) -> Tri {
        match self.view.locations.get(id).found().map(|l| &l.kind) {
            Some(LocationKind::Country { .. } | LocationKind::CompliantNetwork) => Tri::No,
            Some(LocationKind::Ip(_) | LocationKind::Unread) | None => {
                conditions::in_location(self.view, id, &Network { ip, ..Network::default() })
            }
        }
    }

    pub(super) fn country_classes(&self) -> Vec<(Option<Country>, Within)> {
        let mut codes = BTreeSet::new();
        for (location, _) in self.found() {
            if let LocationKind::Country { codes: some, .. } = &location.kind {
                codes.extend(some.iter().cloned());
            }
        }
        let elsewhere = ELSEWHERE.iter().find(|c| !codes.contains(**c)).copied().unwrap_or("ZZ");
        let candidates = [Country::Code(elsewhere.to_owned()), Country::Unmapped];
        let (mut classes, mut seen) = (Vec::new(), BTreeSet::new());
        for country in candidates.into_iter().chain(codes.into_iter().map(Country::Code)) {
            let within = self.by_country(Some(&country));
            if seen.insert(within.clone()) {
                classes.push((Some(country), within));
            }
        }
        classes
    }

    pub(super) fn by_country(&self, country: Option<&Country>) -> Within {
        let network = Network { country: country.cloned(), ..Network::default() };
        let mut within = Within::default();
        for (location, n) in self.found() {
            if let LocationKind::Country { .. } = location.kind {
                within.put(n, conditions::in_location(self.view, &location.id, &network));
            }
        }
        within
    }

    pub(super) fn compliant_classes(&self) -> Vec<(Option<bool>, Within)> {
        let plain = self.by_compliance(Some(false));
        let through = self.by_compliance(Some(true));
        if plain == through {
            return vec![(Some(false), plain)];
        }
        vec![(Some(false), plain), (Some(true), through)]
    }

    pub(super) fn by_compliance(&self, compliant: Option<bool>) -> Within {
        let mut within = Within::default();
        for n in self.compliant_networks() {
            within.put(n, Tri::from(compliant));
        }
        within
    }
}
