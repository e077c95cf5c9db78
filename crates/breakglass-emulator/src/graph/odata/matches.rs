//! Whether an object meets a `$filter`. The filter was checked before: here nothing fails.

use super::filter::{Expr, Literal, Operator, Path};
use jiff::Timestamp;
use jiff::civil;
use serde_json::Value;
use std::cmp::Ordering;

/// The variables of the lambdas around, with their values.
type Bound<'a> = Vec<(&'a str, &'a Value)>;

/// Whether `object` meets the condition.
pub(crate) fn meets<'a>(object: &'a Value, expr: &'a Expr, bound: &mut Bound<'a>) -> bool {
    match expr {
        Expr::And(a, b) => meets(object, a, bound) && meets(object, b, bound),
        Expr::Or(a, b) => meets(object, a, bound) || meets(object, b, bound),
        Expr::Not(inner) => !meets(object, inner, bound),
        Expr::Compare(path, operator, literal) => compare(find(object, path, bound), *operator, literal),
        Expr::In(path, literals) => {
            let value = find(object, path, bound);
            literals.iter().any(|l| compare(value, Operator::Eq, l))
        }
        Expr::Function(function, path, wanted) => {
            let text = find(object, path, bound).and_then(Value::as_str).map(str::to_lowercase);
            let wanted = wanted.to_lowercase();
            text.is_some_and(|text| match function {
                Operator::StartsWith => text.starts_with(&wanted),
                Operator::EndsWith => text.ends_with(&wanted),
                _ => text.contains(&wanted),
            })
        }
        Expr::Any(path, body) => {
            let items = find(object, path, bound).and_then(Value::as_array);
            items.into_iter().flatten().any(|item| match body {
                None => true,
                Some((variable, body)) => {
                    bound.push((variable, item));
                    let met = meets(object, body, bound);
                    bound.pop();
                    met
                }
            })
        }
        Expr::IsOf(kind) => {
            let declared = object.get("@odata.type").and_then(Value::as_str).unwrap_or_default();
            declared.rsplit('.').next().is_some_and(|last| last.eq_ignore_ascii_case(kind))
        }
    }
}

fn find<'a>(object: &'a Value, path: &Path, bound: &Bound<'a>) -> Option<&'a Value> {
    let (first, rest) = path.0.split_first()?;
    let variable = bound.iter().rev().find(|(name, _)| *name == first).map(|(_, value)| *value);
    let start = variable.or_else(|| member(object, first))?;
    rest.iter().try_fold(start, |value, name| member(value, name))
}

/// A property by name without regard to case.
fn member<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    let map = object.as_object()?;
    map.get(name).or_else(|| map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, v)| v))
}

fn compare(value: Option<&Value>, operator: Operator, literal: &Literal) -> bool {
    let value = value.unwrap_or(&Value::Null);
    let order = match (value, literal) {
        (Value::Null, Literal::Null) => Some(Ordering::Equal),
        // Three-valued logic as the directory has it: nothing is unequal to something.
        (Value::Null, _) | (_, Literal::Null) => return operator == Operator::Ne,
        (Value::Bool(a), Literal::Bool(b)) => Some(a.cmp(b)),
        (Value::Number(a), Literal::Bare(b)) => {
            a.as_f64().zip(b.parse::<f64>().ok()).and_then(|(a, b)| a.partial_cmp(&b))
        }
        (Value::String(a), Literal::Text(b) | Literal::Bare(b)) => Some(match (time(a), time(b)) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => a.to_lowercase().cmp(&b.to_lowercase()),
        }),
        _ => None,
    };
    order.is_some_and(|order| match operator {
        Operator::Eq => order.is_eq(),
        Operator::Ne => order.is_ne(),
        Operator::Gt => order.is_gt(),
        Operator::Ge => order.is_ge(),
        Operator::Lt => order.is_lt(),
        Operator::Le => order.is_le(),
        _ => false,
    })
}

/// A time with or without a zone (then UTC), or a date.
pub(crate) fn time(text: &str) -> Option<Timestamp> {
    if !text.starts_with(|c: char| c.is_ascii_digit()) || text.len() < 10 {
        return None;
    }
    let civil = || text.parse::<civil::DateTime>().ok();
    let zoned = |at: civil::DateTime| jiff::tz::TimeZone::UTC.to_timestamp(at).ok();
    text.parse::<Timestamp>().ok().or_else(|| zoned(civil()?))
}

#[cfg(test)]
mod tests {
    use super::super::filter::parse;
    use super::*;
    use serde_json::json;

    #[test]
    fn filters_choose() {
        let object = json!({
            "id": "1", "displayName": "Break Glass", "accountEnabled": true, "mail": null,
            "createdDateTime": "2026-11-21T12:00:00Z", "status": {"errorCode": 50126},
            "signInEventTypes": ["nonInteractiveUser"], "groupTypes": [],
            "targetResources": [{"id": "a"}, {"id": "B", "displayName": "x"}],
        });
        for (filter, met) in [
            ("displayName eq 'break glass'", true),
            ("startswith(displayName,'BREAK')", true),
            ("endswith(displayName,'glas')", false),
            ("createdDateTime ge 2026-11-21T12:00:00Z", true),
            ("createdDateTime gt 2026-11-21T13:00:00+01:00", false),
            ("createdDateTime lt 2026-11-22", true),
            ("status/errorCode eq 50126 and accountEnabled eq true", true),
            ("signInEventTypes/any(t: t eq 'nonInteractiveUser' or t eq 'x')", true),
            ("groupTypes/any(t: t eq 'Unified')", false),
            ("groupTypes/any()", false),
            ("targetResources/any(t: t/id eq 'b' and t/displayName eq 'x')", true),
            ("targetResources/any(t: t/id eq 'a' and t/displayName eq 'x')", false),
            ("mail eq null", true),
            ("mail ne 'x'", true),
            ("not(id eq '1')", false),
            ("id in ('2', '1')", true),
        ] {
            let expr = parse(filter).unwrap();
            assert_eq!(meets(&object, &expr, &mut Vec::new()), met, "{filter}");
        }
    }

    #[test]
    fn times_without_a_zone_are_utc() {
        assert_eq!(time("2026-11-21T12:51:22.870318"), "2026-11-21T12:51:22.870318Z".parse().ok());
        assert_eq!(time("2026-11-21"), "2026-11-21T00:00:00Z".parse().ok());
        assert_eq!(time("2026-11-21T00:00:00+00:00"), "2026-11-21T00:00:00Z".parse().ok());
        assert_eq!(time("0b5fe924-9a61-425c-96af-cfe6e287ca2d"), None);
    }
}
