//! A comparison against a machine.

use super::vocabulary::{Sort, is_extension, sort};
use super::{Comparison, Literal};
use breakglass_model::Tri;
use breakglass_model::sign_in::{Device, Machine, Property, Trust};

pub(super) fn holds(comparison: &Comparison, machine: &Machine) -> Tri {
    match machine {
        Machine::NotTold => Tri::Unknown,
        Machine::Unregistered => comparison.on_null(),
        Machine::Registered(device) => {
            let plain = on_device(comparison, device);
            if is_extension(&comparison.property) { extension(comparison, device, plain) } else { plain }
        }
    }
}

fn on_device(comparison: &Comparison, device: &Device) -> Tri {
    let Some(property) = device.get(&comparison.property) else { return comparison.on_null() };
    let name = comparison.property.to_ascii_lowercase();
    let positive = match (property, sort(&name)) {
        // The same trust has other names in requests (F-10).
        (Property::Text(text), Some(Sort::Word)) if name == "trusttype" => match &comparison.value {
            Literal::Text(wanted) => match (Trust::read(wanted), Trust::read(text)) {
                (Some(wanted), Some(found)) => Some(wanted == found),
                (None, Some(_)) => Some(false),
                (_, None) => None,
            },
            Literal::Null => Some(false),
            Literal::Flag(_) | Literal::List(_) => None,
        },
        (Property::Text(text), Some(Sort::Id | Sort::Text | Sort::Word)) => comparison.on_text(text),
        (Property::Text(text), Some(Sort::Flag)) => comparison.on_text(text),
        (Property::Flag(flag), Some(Sort::Flag)) => comparison.on_text(if *flag { "true" } else { "false" }),
        (Property::List(items), Some(Sort::Collection)) => comparison.on_list(items),
        _ => None,
    };
    comparison.signed(positive)
}

/// Extension attributes have a value only on a device that is managed, compliant or hybrid joined. Otherwise a positive
/// test is false, and what a negative one gives is not documented (F-3).
fn extension(comparison: &Comparison, device: &Device, plain: Tri) -> Tri {
    let hybrid = device.trust() == Some(Trust::Hybrid);
    if device.managed() || device.compliant() == Some(true) || hybrid {
        return plain;
    }
    if comparison.operator.negative {
        return Tri::Unknown;
    }
    // Not known whether it is available: the value counts only where it makes no difference.
    let surely_not = device.compliant() == Some(false) && device.trust().is_some();
    if surely_not {
        Tri::from(comparison.value == Literal::Null).or(Tri::No)
    } else {
        plain.and(Tri::Unknown)
    }
}
