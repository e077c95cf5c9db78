//! What the world imposes, cut into finitely many classes (CONDITIONAL_ACCESS 3.3), and the box of a policy in them.
//!
//! Four dimensions: where the sign-in comes from (address x country x compliant network, which one condition may join),
//! sign-in risk, user risk, insider risk. A class of which something is not known (a case may say so) is a class too: what
//! depends on it is unknown there.

mod places;

use super::bits::{Bits, Region};
use crate::conditions;
use breakglass_model::sign_in::{Country, InsiderRisk, Network, RiskLevel};
use breakglass_model::view::{LocationMember, Member, Policy, PolicyState, Sides, TenantView};
use breakglass_model::{ObjectId, Tri};
use places::Map;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// The environments that the answer must hold in.
#[derive(Clone, Debug, Default)]
pub enum Envelope {
    /// All there are.
    #[default]
    Everywhere,
    /// Every combination of these.
    Listed {
        /// Networks.
        networks: Vec<Network>,
        /// Sign-in risk levels; `None` is a level that nobody knows.
        sign_in_risk: Vec<Option<RiskLevel>>,
        /// User risk levels.
        user_risk: Vec<Option<RiskLevel>>,
        /// Insider risk levels.
        insider_risk: Vec<Option<InsiderRisk>>,
    },
}

/// A set that holds for sure, and one that may hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Within {
    sure: Bits,
    may: Bits,
}

impl Within {
    fn put(&mut self, n: usize, answer: Tri) {
        if answer.is_yes() {
            self.sure.insert(n);
        }
        if answer.may() {
            self.may.insert(n);
        }
    }
}

/// The classes, with what is needed to ask each policy about each.
#[derive(Clone, Debug)]
pub struct Atoms {
    /// Position of each location that policies name; trusted ones together are the one after the last.
    named: BTreeMap<ObjectId, usize>,
    trusted: usize,
    ips: Vec<(Option<IpAddr>, Within)>,
    countries: Vec<(Option<Country>, Within)>,
    compliant: Vec<(Option<bool>, Within)>,
    /// Places: which address class, country class and compliant flag.
    places: Vec<[usize; 3]>,
    sign_in_risk: Vec<Option<RiskLevel>>,
    user_risk: Vec<Option<RiskLevel>>,
    /// How many of the user risk levels the world imposes; the others only a scenario does.
    imposed: usize,
    insider_risk: Vec<Option<InsiderRisk>>,
}

impl Atoms {
    /// The classes for a tenant. Policies that are off do not matter. `fixed` are user risk levels that a scenario gives to
    /// accounts.
    #[must_use]
    pub fn new(view: &TenantView, envelope: &Envelope, fixed: &[RiskLevel]) -> Self {
        let mut named = BTreeMap::new();
        let mut uses_trusted = false;
        for policy in view.policies.iter().filter(|p| p.state != PolicyState::Disabled) {
            let Some(sides) = &policy.conditions.locations else { continue };
            for member in sides.include.iter().chain(&sides.exclude) {
                match member {
                    Member::Is(LocationMember::Named(id)) => {
                        let next = named.len();
                        named.entry(id.clone()).or_insert(next);
                    }
                    Member::Is(LocationMember::AllTrusted) => uses_trusted = true,
                    Member::All | Member::Unread(_) => {}
                }
            }
        }
        let map = Map { view, named: &named, trusted: named.len(), uses_trusted };
        let (ips, countries, compliant, places);
        match envelope {
            Envelope::Everywhere => {
                ips = map.ip_classes();
                countries = map.country_classes();
                compliant = map.compliant_classes();
                places = product(ips.len(), countries.len(), compliant.len());
            }
            Envelope::Listed { networks, .. } => {
                ips = networks.iter().map(|n| (n.ip, map.by_ip(n.ip))).collect();
                countries = networks
                    .iter()
                    .map(|n| (n.country.clone(), map.by_country(n.country.as_ref())))
                    .collect();
                compliant = networks.iter().map(|n| (n.compliant, map.by_compliance(n.compliant))).collect();
                places = (0..networks.len()).map(|i| [i, i, i]).collect();
            }
        }
        let all_levels = || {
            [RiskLevel::None, RiskLevel::Low, RiskLevel::Medium, RiskLevel::High, RiskLevel::Hidden]
                .map(Some)
                .to_vec()
        };
        let (sign_in_risk, mut user_risk, insider_risk) = match envelope {
            Envelope::Everywhere => {
                (all_levels(), all_levels(), InsiderRisk::ALL.iter().copied().map(Some).collect())
            }
            Envelope::Listed { sign_in_risk, user_risk, insider_risk, .. } => {
                (sign_in_risk.clone(), user_risk.clone(), insider_risk.clone())
            }
        };
        let (trusted, imposed) = (named.len(), user_risk.len());
        for level in fixed.iter().map(|l| Some(*l)) {
            if !user_risk.contains(&level) {
                user_risk.push(level);
            }
        }
        Self {
            imposed,
            named,
            trusted,
            ips,
            countries,
            compliant,
            places,
            sign_in_risk,
            user_risk,
            insider_risk,
        }
    }

    /// All environments that an account must be reachable in: whatever the world imposes, or with its user risk fixed.
    #[must_use]
    pub fn everywhere(&self, user_risk: Option<RiskLevel>) -> Region {
        let users = match user_risk {
            None => Bits::below(self.imposed),
            Some(level) => self.user_risk.iter().position(|l| *l == Some(level)).into_iter().collect(),
        };
        let others = |n: usize| Bits::below(n);
        Region::new(vec![
            others(self.places.len()),
            others(self.sign_in_risk.len()),
            users,
            others(self.insider_risk.len()),
        ])
    }

    /// Every class of every dimension.
    #[must_use]
    pub fn all(&self) -> Region {
        Region::whole(&[
            self.places.len(),
            self.sign_in_risk.len(),
            self.user_risk.len(),
            self.insider_risk.len(),
        ])
    }

    /// The boxes of a policy: where it matches for sure, and where it may.
    #[must_use]
    pub fn boxes(&self, policy: &Policy) -> (Region, Region) {
        let location = self.location(policy.conditions.locations.as_ref());
        let sign_in = levels(&self.sign_in_risk, |level| conditions::sign_in_risk(policy, level));
        let user = levels(&self.user_risk, |level| conditions::user_risk(policy, level));
        let insider = levels(&self.insider_risk, |level| conditions::insider_risk(policy, level));
        let (mut sure, mut may) = (Vec::new(), Vec::new());
        for within in [location, sign_in, user, insider] {
            sure.push(within.sure);
            may.push(within.may);
        }
        (Region::new(sure), Region::new(may))
    }

    fn location(&self, sides: Option<&Sides<LocationMember>>) -> Within {
        let Some(sides) = sides else {
            let all = Bits::below(self.places.len());
            return Within { sure: all.clone(), may: all };
        };
        let (include, exclude) = (self.side(&sides.include), self.side(&sides.exclude));
        let mut within = Within::default();
        for (n, place) in self.places.iter().enumerate() {
            within.put(n, self.touches(place, &include).and(!self.touches(place, &exclude)));
        }
        within
    }

    /// One side of the condition: whether it is everything, whether something in it is not understood, and the locations.
    fn side(&self, members: &[Member<LocationMember>]) -> (bool, bool, Bits) {
        let (mut all, mut unread, mut locations) = (false, false, Bits::new());
        for member in members {
            match member {
                Member::All => all = true,
                Member::Unread(_) => unread = true,
                Member::Is(LocationMember::AllTrusted) => locations.insert(self.trusted),
                Member::Is(LocationMember::Named(id)) => match self.named.get(id) {
                    Some(n) => locations.insert(*n),
                    None => unread = true,
                },
            }
        }
        (all, unread, locations)
    }

    fn touches(
        &self,
        [ip, country, compliant]: &[usize; 3],
        (all, unread, locations): &(bool, bool, Bits),
    ) -> Tri {
        let parts = [
            self.ips.get(*ip).map(|p| &p.1),
            self.countries.get(*country).map(|p| &p.1),
            self.compliant.get(*compliant).map(|p| &p.1),
        ];
        if *all || parts.iter().flatten().any(|p| p.sure.meets(locations)) {
            Tri::Yes
        } else if *unread || parts.iter().flatten().any(|p| p.may.meets(locations)) {
            Tri::Unknown
        } else {
            Tri::No
        }
    }

    /// An environment as concrete facts, from a point (one class for each dimension).
    #[must_use]
    pub fn at(&self, point: &[usize]) -> Environment {
        let place = point.first().and_then(|p| self.places.get(*p));
        let network = place.map_or_else(Network::default, |[ip, country, compliant]| Network {
            ip: self.ips.get(*ip).and_then(|p| p.0),
            country: self.countries.get(*country).and_then(|p| p.0.clone()),
            compliant: self.compliant.get(*compliant).and_then(|p| p.0),
        });
        let level = |levels: &[Option<RiskLevel>], n: usize| {
            point.get(n).and_then(|p| levels.get(*p)).copied().flatten()
        };
        Environment {
            network,
            sign_in_risk: level(&self.sign_in_risk, 1),
            user_risk: level(&self.user_risk, 2),
            insider_risk: point.get(3).and_then(|p| self.insider_risk.get(*p)).copied().flatten(),
        }
    }

    /// The most ordinary point of a region: no risk where that is in it, else the first class.
    #[must_use]
    pub fn ordinary_point(&self, region: &Region) -> Vec<usize> {
        let dimension = |n: usize| region.dimension(n).cloned().unwrap_or_default();
        let calm = |n: usize, levels: &[Option<RiskLevel>]| {
            let set = dimension(n);
            set.iter().find(|i| levels.get(*i) == Some(&Some(RiskLevel::None))).or(set.first()).unwrap_or(0)
        };
        let insider = dimension(3);
        let quiet = insider.iter().find(|i| self.insider_risk.get(*i) == Some(&Some(InsiderRisk::None)));
        vec![
            self.ordinary_place(&dimension(0)),
            calm(1, &self.sign_in_risk),
            calm(2, &self.user_risk),
            quiet.or(insider.first()).unwrap_or(0),
        ]
    }

    /// A place outside every location, on no compliant network, where there is one.
    fn ordinary_place(&self, places: &Bits) -> usize {
        let strangeness = |n: &usize| {
            self.places.get(*n).map_or(usize::MAX, |[ip, country, compliant]| {
                let in_some = |w: Option<&Within>| w.map_or(0, |w| w.sure.len());
                let (ip, country) = (self.ips.get(*ip), self.countries.get(*country));
                let v6 = ip.is_some_and(|p| p.0.is_some_and(|a| a.is_ipv6()));
                let unmapped = country.is_some_and(|p| p.0 == Some(Country::Unmapped));
                let tunnel = self.compliant.get(*compliant).is_some_and(|p| p.0 == Some(true));
                4 * (in_some(ip.map(|p| &p.1)) + in_some(country.map(|p| &p.1)))
                    + 2 * usize::from(tunnel)
                    + usize::from(v6)
                    + 2 * usize::from(unmapped)
            })
        };
        places.iter().min_by_key(strangeness).unwrap_or(0)
    }

    /// A region in words: what must be so for the lock to close, out of everywhere.
    #[must_use]
    pub fn describe(&self, region: &Region, everywhere: &Region) -> String {
        let mut words = Vec::new();
        let full = |n: usize| region.dimension(n) == everywhere.dimension(n);
        words.push(if full(0) {
            "any network".to_owned()
        } else {
            let at = self.at(&self.ordinary_point(region));
            let share = region.dimension(0).map_or(0, Bits::len);
            format!("networks such as {} ({share} of {} kinds)", at.network_in_words(), self.places.len())
        });
        for (n, name, levels) in [(1, "sign-in risk", &self.sign_in_risk), (2, "user risk", &self.user_risk)]
        {
            let set = region.dimension(n).cloned().unwrap_or_default();
            let words_of =
                set.iter().filter_map(|i| levels.get(i)).map(|l| l.map_or("not known", RiskLevel::as_str));
            words.push(level_words(name, full(n) && set.len() > 1, words_of.collect()));
        }
        let set = region.dimension(3).cloned().unwrap_or_default();
        let insider = set
            .iter()
            .filter_map(|i| self.insider_risk.get(i))
            .map(|l| l.map_or("not known", InsiderRisk::as_str));
        words.push(level_words("insider risk", full(3) && set.len() > 1, insider.collect()));
        words.retain(|w| !w.is_empty());
        words.join(", ")
    }
}

fn level_words(name: &str, all: bool, levels: Vec<&str>) -> String {
    match levels.as_slice() {
        _ if all => String::new(),
        [] => String::new(),
        ["none"] => String::new(),
        levels => format!("{name} {}", levels.join(" or ")),
    }
}

fn product(a: usize, b: usize, c: usize) -> Vec<[usize; 3]> {
    let mut all = Vec::with_capacity(a * b * c);
    for i in 0..a {
        for j in 0..b {
            all.extend((0..c).map(|k| [i, j, k]));
        }
    }
    all
}

fn levels<T: Copy>(classes: &[Option<T>], holds: impl Fn(Option<T>) -> Tri) -> Within {
    let mut within = Within::default();
    for (n, class) in classes.iter().enumerate() {
        within.put(n, holds(*class));
    }
    within
}

/// One environment as facts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Environment {
    /// Where from.
    pub network: Network,
    /// Sign-in risk.
    pub sign_in_risk: Option<RiskLevel>,
    /// User risk.
    pub user_risk: Option<RiskLevel>,
    /// Insider risk.
    pub insider_risk: Option<InsiderRisk>,
}

impl Environment {
    /// The network for people. The mapping of addresses to countries is not public, so the pair is only supposed.
    #[must_use]
    pub fn network_in_words(&self) -> String {
        let ip = self.network.ip.map_or_else(|| "an unknown address".to_owned(), |ip| ip.to_string());
        let country = match &self.network.country {
            None => String::new(),
            Some(Country::Unmapped) => " seen as no country".into(),
            Some(Country::Code(code)) => format!(" seen as {code}"),
        };
        let tunnel = if self.network.compliant == Some(true) { " through a compliant network" } else { "" };
        format!("{ip}{country}{tunnel}")
    }
}
