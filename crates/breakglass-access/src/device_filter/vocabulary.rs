//! Which properties there are, and which operators each of them takes.

use super::{Comparison, Literal, RuleProblem, Test};

/// What kind of value a property has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// Ids: equal, in.
    Id,
    /// Texts: everything.
    Text,
    /// One of a few words: equal.
    Word,
    /// A truth value: equal.
    Flag,
    /// A collection: contains.
    Collection,
}

/// The sort of a device property.
pub(super) fn sort(property: &str) -> Option<Sort> {
    let property = property.to_ascii_lowercase();
    Some(match property.as_str() {
        "deviceid" | "mdmappid" => Sort::Id,
        "displayname"
        | "enrollmentprofilename"
        | "manufacturer"
        | "model"
        | "operatingsystem"
        | "operatingsystemversion" => Sort::Text,
        "deviceownership" | "profiletype" | "trusttype" => Sort::Word,
        "iscompliant" => Sort::Flag,
        "physicalids" | "systemlabels" => Sort::Collection,
        _ if is_extension(&property) => Sort::Text,
        _ => return None,
    })
}

/// `extensionAttribute1` to `extensionAttribute15`.
pub(super) fn is_extension(property: &str) -> bool {
    let number = property.to_ascii_lowercase();
    let number = number.strip_prefix("extensionattribute").and_then(|n| n.parse::<u8>().ok());
    number.is_some_and(|n| (1..=15).contains(&n))
}

pub(super) fn check_device(comparison: &Comparison, at: usize) -> Result<(), RuleProblem> {
    let wrong = |expected: &str| {
        Err(RuleProblem { at, expected: expected.into(), found: format!("`{}`", comparison.property) })
    };
    let Some(sort) = sort(&comparison.property) else {
        return wrong("a property that device filters know");
    };
    let test = comparison.operator.test;
    match sort {
        Sort::Id if !matches!(test, Test::Equals | Test::In) => wrong("a property that has this operator"),
        Sort::Word | Sort::Flag if test != Test::Equals => {
            wrong("a property that takes more than `-eq` and `-ne`")
        }
        Sort::Collection if test != Test::Contains && comparison.value != Literal::Null => {
            wrong("a property that takes more than `-contains` and `-notContains`")
        }
        Sort::Flag if !is_flag(&comparison.value) => wrong("a property that is compared with a text"),
        _ => fits(comparison, at),
    }
}

pub(super) fn check_application(comparison: &Comparison, at: usize) -> Result<(), RuleProblem> {
    if !comparison.property.contains('_') {
        let expected = "`CustomSecurityAttribute.<set>_<name>`".to_owned();
        return Err(RuleProblem { at, expected, found: format!("`{}`", comparison.property) });
    }
    fits(comparison, at)
}

/// A list belongs to `-in`, and nothing else to it but a single text.
fn fits(comparison: &Comparison, at: usize) -> Result<(), RuleProblem> {
    let good = match comparison.operator.test {
        Test::In => matches!(comparison.value, Literal::List(_) | Literal::Text(_)),
        Test::Equals => !matches!(comparison.value, Literal::List(_)),
        Test::StartsWith | Test::EndsWith | Test::Contains => matches!(comparison.value, Literal::Text(_)),
    };
    if good {
        return Ok(());
    }
    let expected = "an operator that takes this kind of value".to_owned();
    Err(RuleProblem { at, expected, found: format!("`{}` compared otherwise", comparison.property) })
}

fn is_flag(value: &Literal) -> bool {
    match value {
        Literal::Flag(_) | Literal::Null => true,
        Literal::Text(text) => text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false"),
        Literal::List(_) => false,
    }
}
