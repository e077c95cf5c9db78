//! `[custody]`, `[[custody.group]]` and `[[custodian]]`: SLIP-0039 groups, and what SLIP-0039 cannot express.

use super::problem::near;
use super::reader::{At, Reader, count, list};
use super::{Custodian, CustodyDesign, CustodyGroup};
use std::collections::BTreeSet;

struct Group {
    name: At<String>,
    threshold: At<i64>,
    members: Vec<Custodian>,
}

pub(super) fn read(root: &Reader<'_, '_, '_>) -> CustodyDesign {
    let problems = root.problems();
    let section = root.table("custody");
    let mut group_threshold = None;
    let mut groups: Vec<Group> = Vec::new();
    let place = root.place("custody");
    if let Some(section) = section {
        group_threshold = section.number("group_threshold", 1..17);
        let mut names = BTreeSet::new();
        for reader in section.tables("group") {
            let reader = reader.named("custody group");
            let name = reader.required("name", "\"security-leads\"");
            let threshold = reader.number("threshold", 1..17);
            if threshold.is_none() && reader.place("threshold") == reader.span() {
                problems.missing(
                    &reader.span(),
                    format!("{} has no `threshold`", reader.name()),
                    "add `threshold = 2`: how many members must come together",
                );
            }
            reader.finish();
            let Some(name) = name else { continue };
            if !names.insert(name.value.to_lowercase()) {
                problems.add(
                    &name.span,
                    format!("custody group `{}` is declared twice", name.value),
                    "give each its own name",
                );
            }
            let threshold = threshold.unwrap_or(At { value: 0, span: name.span.clone() });
            groups.push(Group { name, threshold, members: Vec::new() });
        }
        section.finish();
    }
    members(root, &mut groups);
    thresholds(root, &groups);
    let declared = groups.len();
    let needed = group_threshold.as_ref().map_or(declared, |t| usize::try_from(t.value).unwrap_or(0));
    if let Some(stated) = &group_threshold
        && needed > declared
    {
        problems.add(
            &stated.span,
            format!("{needed} custody groups must come together, but {declared} are declared"),
            "lower `group_threshold`, or declare more `[[custody.group]]`",
        );
    }
    if declared > 16 {
        problems.add(
            &place,
            format!("{declared} custody groups are declared"),
            "SLIP-0039 knows at most 16 groups",
        );
    }
    CustodyDesign {
        group_threshold: u8::try_from(needed).unwrap_or_default(),
        groups: groups
            .into_iter()
            .map(|g| CustodyGroup {
                name: g.name.value,
                threshold: u8::try_from(g.threshold.value).unwrap_or_default(),
                custodians: g.members,
            })
            .collect(),
    }
}

fn members(root: &Reader<'_, '_, '_>, groups: &mut [Group]) {
    let problems = root.problems();
    let mut seen = BTreeSet::new();
    for reader in root.tables("custodian") {
        let reader = reader.named("custodian");
        let name = reader.required("name", "\"<person>\"");
        let site = reader.required("site", "\"<where the share is kept>\"");
        let group = reader.required("group", "\"security-leads\"");
        let contact = reader.text("contact").map(|t| t.value);
        reader.finish();
        let Some(group) = group else { continue };
        let Some(home) = groups.iter().position(|g| g.name.value == group.value) else {
            let names: Vec<&str> = groups.iter().map(|g| g.name.value.as_str()).collect();
            let next = match (near(&group.value, &names), names.is_empty()) {
                (Some(name), _) => format!("write `{name}`"),
                (None, true) => format!(
                    "declare it: `[[custody.group]]` with `name = \"{}\"` and `threshold`",
                    group.value
                ),
                (None, false) => {
                    format!("write {}, or declare the group under `[[custody.group]]`", list(&names))
                }
            };
            problems.missing(
                &group.span,
                format!(
                    "{} belongs to custody group `{}`, which is not declared",
                    reader_name(&name),
                    group.value
                ),
                next,
            );
            continue;
        };
        let (Some(name), Some(site), Some(home)) = (name, site, groups.get_mut(home)) else { continue };
        if !seen.insert((group.value.to_lowercase(), name.value.to_lowercase())) {
            problems.add(
                &name.span,
                format!("custodian `{}` holds two shares of group `{}`", name.value, group.value),
                "name another person: two shares in one hand count as one",
            );
        }
        home.members.push(Custodian { name: name.value, site: site.value, contact });
    }
}

fn reader_name(name: &Option<At<String>>) -> String {
    name.as_ref().map_or_else(|| "a custodian".into(), |n| format!("custodian `{}`", n.value))
}

fn thresholds(root: &Reader<'_, '_, '_>, groups: &[Group]) {
    let problems = root.problems();
    for group in groups {
        let (name, members) = (&group.name.value, group.members.len());
        let threshold = usize::try_from(group.threshold.value).unwrap_or(0);
        if members < threshold {
            problems.missing(
                &group.threshold.span,
                format!(
                    "custody group `{name}` needs {}, but has {}",
                    count(threshold, "share"),
                    count(members, "custodian")
                ),
                format!("lower `threshold`, or add `[[custodian]]` with `group = \"{name}\"`"),
            );
        } else if members == 0 {
            problems.missing(
                &group.name.span,
                format!("custody group `{name}` has no custodian"),
                format!("add `[[custodian]]` with `group = \"{name}\"`"),
            );
        }
        if threshold == 1 && members > 1 {
            problems.add(
                &group.threshold.span,
                format!("custody group `{name}` has threshold 1 with {members} custodians, which SLIP-0039 does not allow"),
                "raise `threshold` to 2, or give each person a group of their own",
            );
        }
        if members > 16 {
            problems.add(
                &group.name.span,
                format!("custody group `{name}` has {members} custodians"),
                "SLIP-0039 knows at most 16 shares in a group",
            );
        }
    }
}
