//! Named locations (CONDITIONAL_ACCESS C-4 to C-9).

use super::Lookup;
use super::groups::is_placeholder;
use super::ip::IpRange;
use super::look::{Look, Member, Problem, text};
use crate::ids::ObjectId;
use crate::snapshot::{Snapshot, collections as c};
use crate::tri::Tri;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The location that stands for all compliant networks (C-8).
pub const COMPLIANT_NETWORK: &str = "3d46dbda-8382-466a-856d-eb00cbc6b910";

/// All named locations that were read.
#[derive(Clone, Debug, Default)]
pub struct Locations {
    by_id: BTreeMap<ObjectId, NamedLocation>,
    unread: BTreeMap<ObjectId, String>,
    /// Why the list is not whole, when it is not.
    missing: Option<String>,
}

/// One named location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedLocation {
    /// Its id.
    pub id: ObjectId,
    /// Its display name.
    pub name: String,
    /// Whether it is among all trusted locations.
    pub trusted: Tri,
    /// What it is.
    pub kind: LocationKind,
    /// Parts of it that were not understood: nobody can tell what else is in it.
    pub unread: Vec<String>,
}

/// What a named location is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocationKind {
    /// Ranges of addresses.
    Ip(Vec<IpRange>),
    /// Countries.
    Country {
        /// Two letters, upper case.
        codes: BTreeSet<String>,
        /// Whether addresses that map to no country are in it.
        unmapped: Tri,
        /// Whether the place of a phone decides instead of the address (C-7).
        gps: bool,
    },
    /// A compliant network.
    CompliantNetwork,
    /// Not understood.
    Unread,
}

impl Locations {
    pub(super) fn read(snapshot: &Snapshot, problems: &mut Vec<Problem>) -> Self {
        let raw = snapshot.get(c::NAMED_LOCATIONS);
        let noted = snapshot.why_unread(c::NAMED_LOCATIONS).map(str::to_owned);
        let absent = || format!("`{}` was not read", c::NAMED_LOCATIONS);
        let mut locations = Self { missing: noted.or_else(|| raw.is_none().then(absent)), ..Self::default() };
        let prefix = format!("{}/", c::NAMED_LOCATIONS);
        for unread in &snapshot.unread {
            let Some(id) = unread.what.strip_prefix(&prefix) else { continue };
            if !ObjectId::new(id).is_guid() {
                locations.missing.get_or_insert_with(|| unread.why.clone());
            }
            locations.unread.insert(ObjectId::new(id), unread.why.clone());
        }
        for raw in raw.unwrap_or_default() {
            match text(raw, "id") {
                Some(id) => {
                    let location = location(ObjectId::new(id), raw, problems);
                    locations.by_id.insert(location.id.clone(), location);
                }
                None => locations.missing = Some("a named location has no id".into()),
            }
        }
        locations
    }

    /// A location by id. One that is gone matches nothing (C-9).
    #[must_use]
    pub fn get(&self, id: &ObjectId) -> Lookup<&NamedLocation> {
        match (self.unread.get(id), self.by_id.get(id), &self.missing) {
            (Some(why), _, _) => Lookup::Unread(why.clone()),
            (None, Some(location), _) => Lookup::Found(location),
            (None, None, Some(why)) => Lookup::Unread(why.clone()),
            (None, None, None) if is_placeholder(id.as_str()) => {
                Lookup::Unread(format!("`{id}` is no id of a location"))
            }
            (None, None, None) => Lookup::Gone,
        }
    }

    /// Every location that was read.
    pub fn iter(&self) -> impl Iterator<Item = &NamedLocation> {
        self.by_id.values()
    }

    /// Why there may be locations that are not here.
    #[must_use]
    pub fn missing(&self) -> Option<&str> {
        self.missing.as_deref().or_else(|| self.unread.values().next().map(String::as_str))
    }
}

fn location(id: ObjectId, raw: &Value, problems: &mut Vec<Problem>) -> NamedLocation {
    let name = text(raw, "displayName").unwrap_or_default().to_owned();
    let mut look = Look::new(format!("named location `{name}` ({id})"), problems);
    let kind = text(raw, "@odata.type").unwrap_or_default().to_ascii_lowercase();
    let is = |end: &str| kind.ends_with(end);
    let mut unread = Vec::new();
    let trusted = look.flag(raw, "", "isTrusted");
    let (kind, trusted) = if is("compliantnetworknamedlocation") || id.as_str() == COMPLIANT_NETWORK {
        (LocationKind::CompliantNetwork, Tri::No)
    } else if is("countrynamedlocation") || (kind.is_empty() && raw.get("countriesAndRegions").is_some()) {
        (country(&mut look, raw, &mut unread), Tri::No)
    } else if is("ipnamedlocation") || (kind.is_empty() && raw.get("ipRanges").is_some()) {
        (LocationKind::Ip(ranges(&mut look, raw, &mut unread)), Tri::from(trusted))
    } else {
        look.note("@odata.type", &Value::from(kind));
        (LocationKind::Unread, Tri::from(trusted))
    };
    NamedLocation { id, name, trusted, kind, unread }
}

fn country(look: &mut Look<'_>, raw: &Value, unread: &mut Vec<String>) -> LocationKind {
    let mut codes = BTreeSet::new();
    if !raw.get("countriesAndRegions").is_some_and(Value::is_array) {
        look.note("countriesAndRegions", raw.get("countriesAndRegions").unwrap_or(&Value::Null));
        unread.push("countriesAndRegions".into());
    }
    for code in look.texts(raw, "", "countriesAndRegions") {
        match code {
            Member::Is(code) => {
                codes.insert(code.to_ascii_uppercase());
            }
            Member::All => {}
            Member::Unread(what) => unread.push(what),
        }
    }
    let method = text(raw, "countryLookupMethod").unwrap_or("clientIpAddress");
    let gps = method.eq_ignore_ascii_case("authenticatorAppGps");
    if !gps && !method.eq_ignore_ascii_case("clientIpAddress") {
        look.note("countryLookupMethod", &Value::from(method));
        unread.push("countryLookupMethod".into());
    }
    let unmapped = Tri::from(look.flag(raw, "", "includeUnknownCountriesAndRegions"));
    LocationKind::Country { codes, unmapped, gps }
}

fn ranges(look: &mut Look<'_>, raw: &Value, unread: &mut Vec<String>) -> Vec<IpRange> {
    let Some(list) = raw.get("ipRanges").and_then(Value::as_array) else {
        look.note("ipRanges", raw.get("ipRanges").unwrap_or(&Value::Null));
        unread.push("ipRanges".into());
        return Vec::new();
    };
    let mut ranges = Vec::new();
    for range in list {
        let ends = (text(range, "lowerAddress"), text(range, "upperAddress"));
        let read = match (text(range, "cidrAddress"), ends) {
            (Some(cidr), _) => IpRange::read(cidr),
            (None, (Some(lower), Some(upper))) => {
                lower.parse().ok().zip(upper.parse().ok()).and_then(|(l, u)| IpRange::new(l, u))
            }
            (None, _) => None,
        };
        match read {
            Some(range) => ranges.push(range),
            None => {
                look.note("ipRanges", range);
                unread.push("ipRanges".into());
            }
        }
    }
    ranges
}
