//! Who can still open, after a loss; and whether anybody could open alone (R-29, F48, F63).

use breakglass_model::design::CustodyDesign;
use serde::Serialize;
use std::collections::BTreeSet;

/// What is gone: people who cannot come, places that cannot be entered. Names as in the design, in any case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loss {
    /// Custodians by name.
    pub custodians: Vec<String>,
    /// Sites by name.
    pub sites: Vec<String>,
}

/// What is left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LossReport {
    /// Whether the rest reaches a quorum.
    pub can_open: bool,
    /// Groups that can still complete.
    pub groups_complete: usize,
    /// Groups that must.
    pub groups_needed: u8,
    /// Every group.
    pub groups: Vec<GroupLeft>,
    /// Names in the loss that the design does not know; the answer would otherwise be too good.
    pub unknown: Vec<String>,
}

/// What is left of one group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GroupLeft {
    /// Name.
    pub name: String,
    /// Members that must come together.
    pub needed: u8,
    /// Who still can.
    pub left: Vec<String>,
    /// Whether that is enough.
    pub complete: bool,
}

/// What is wrong with a custody design; all empty is good.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DesignRisks {
    /// People who reach a quorum alone.
    pub quorum_in_one_hand: Vec<String>,
    /// Sites where a quorum lies.
    pub quorum_at_one_site: Vec<String>,
    /// People without whom nobody can open.
    pub indispensable_custodians: Vec<String>,
    /// Sites without which nobody can open.
    pub indispensable_sites: Vec<String>,
}

impl DesignRisks {
    /// No person or site suffices, and none is indispensable.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        *self == Self::default()
    }
}

fn same(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

/// Takes people and sites away and says who can still open.
#[must_use]
pub fn simulate_loss(design: &CustodyDesign, loss: &Loss) -> LossReport {
    let gone = |name: &str, site: &str| {
        loss.custodians.iter().any(|c| same(c, name)) || loss.sites.iter().any(|s| same(s, site))
    };
    let mut report = left(design, |name, site| !gone(name, site));
    let people = || design.groups.iter().flat_map(|g| &g.custodians);
    let unknown_people = loss.custodians.iter().filter(|c| !people().any(|p| same(&p.name, c)));
    let unknown_sites = loss.sites.iter().filter(|s| !people().any(|p| same(&p.site, s)));
    report.unknown = unknown_people.chain(unknown_sites).cloned().collect();
    report
}

/// Looks at every person and every site: could they open alone, and could the others without them?
#[must_use]
pub fn design_risks(design: &CustodyDesign) -> DesignRisks {
    let people = || design.groups.iter().flat_map(|g| &g.custodians);
    let names: BTreeSet<String> = people().map(|p| p.name.clone()).collect();
    let sites: BTreeSet<String> = people().map(|p| p.site.clone()).collect();
    let mut risks = DesignRisks::default();
    for name in names {
        if left(design, |n, _| same(n, &name)).can_open {
            risks.quorum_in_one_hand.push(name.clone());
        }
        if !left(design, |n, _| !same(n, &name)).can_open {
            risks.indispensable_custodians.push(name);
        }
    }
    for site in sites {
        if left(design, |_, s| same(s, &site)).can_open {
            risks.quorum_at_one_site.push(site.clone());
        }
        if !left(design, |_, s| !same(s, &site)).can_open {
            risks.indispensable_sites.push(site);
        }
    }
    risks
}

/// Which groups complete with those shares alone whose holder and site pass.
fn left(design: &CustodyDesign, there: impl Fn(&str, &str) -> bool) -> LossReport {
    let groups: Vec<GroupLeft> = design
        .groups
        .iter()
        .map(|group| {
            let left: Vec<String> =
                group.custodians.iter().filter(|c| there(&c.name, &c.site)).map(|c| c.name.clone()).collect();
            let complete = group.threshold > 0 && left.len() >= usize::from(group.threshold);
            GroupLeft { name: group.name.clone(), needed: group.threshold, left, complete }
        })
        .collect();
    let groups_complete = groups.iter().filter(|g| g.complete).count();
    LossReport {
        can_open: design.group_threshold > 0 && groups_complete >= usize::from(design.group_threshold),
        groups_complete,
        groups_needed: design.group_threshold,
        groups,
        unknown: Vec::new(),
    }
}
