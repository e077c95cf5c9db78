//! The activity log, of the tenant and of each subscription: newest first, ninety days.

use super::Request;
use super::access;
use super::answer::{Answer, Failure};
use crate::graph::odata::filter::{Expr, Literal, Operator, parse};
use crate::state::{State, clock, text};
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

const PAGE: usize = 200;
const RETENTION: SignedDuration = SignedDuration::from_hours(90 * 24);

/// What is asked for.
#[derive(Default)]
struct Wanted {
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    /// Property and value, without regard to case.
    same: Vec<(String, String)>,
}

fn bad(message: impl Into<String>) -> Failure {
    Failure::new(StatusCode::BAD_REQUEST, "BadRequest", message)
}

impl Wanted {
    /// Conditions joined by `and`: times quoted or bare, with a zone or without (then UTC).
    fn read(filter: &str) -> Result<Self, Failure> {
        let mut wanted = Self::default();
        let mut waiting = vec![parse(filter).map_err(|r| bad(r.message))?];
        let unsupported = || bad(format!("The filter '{filter}' is not supported."));
        while let Some(expr) = waiting.pop() {
            let (path, operator, value) = match expr {
                Expr::And(a, b) => {
                    waiting.extend([*a, *b]);
                    continue;
                }
                Expr::Compare(path, operator, Literal::Text(value) | Literal::Bare(value)) => {
                    (path.to_string().to_ascii_lowercase(), operator, value)
                }
                _ => return Err(unsupported()),
            };
            match (path.as_str(), operator) {
                ("eventtimestamp", Operator::Ge | Operator::Gt | Operator::Le | Operator::Lt) => {
                    let time = crate::graph::odata::time(&value);
                    let time = time.ok_or_else(|| bad(format!("'{value}' is not a valid time.")))?;
                    let slot = if matches!(operator, Operator::Ge | Operator::Gt) {
                        &mut wanted.from
                    } else {
                        &mut wanted.until
                    };
                    *slot = Some(time);
                }
                (
                    "caller" | "correlationid" | "resourcegroupname" | "resourceid" | "resourceuri"
                    | "resourceprovider" | "status" | "operations" | "levels" | "eventchannels",
                    Operator::Eq,
                ) => wanted.same.push((path, value)),
                _ => return Err(unsupported()),
            }
        }
        Ok(wanted)
    }

    fn shows(&self, event: &Value) -> bool {
        let at: Option<Timestamp> = text(event, "eventTimestamp").and_then(|t| t.parse().ok());
        let within = self.from.is_none_or(|from| at.is_some_and(|at| at >= from))
            && self.until.is_none_or(|until| at.is_some_and(|at| at <= until));
        let named = |name: &str| event.get(name).and_then(|v| text(v, "value"));
        within
            && self.same.iter().all(|(name, wanted)| {
                let found = match name.as_str() {
                    "caller" => text(event, "caller"),
                    "correlationid" => text(event, "correlationId"),
                    "resourcegroupname" => text(event, "resourceGroupName"),
                    "resourceid" | "resourceuri" => text(event, "resourceId"),
                    "resourceprovider" => named("resourceProviderName"),
                    "status" => named("status"),
                    "operations" => named("operationName"),
                    "levels" => text(event, "level"),
                    // Everything here went through the operation channel.
                    _ => return true,
                };
                found.is_some_and(|found| found.eq_ignore_ascii_case(wanted))
            })
    }
}

pub(super) fn read(request: &Request, state: &State) -> Result<Answer, Failure> {
    let path = (request.part(2).to_ascii_lowercase(), request.part(3).to_ascii_lowercase());
    if path != ("management".into(), "values".into()) {
        return Err(Failure::new(StatusCode::NOT_FOUND, "ResourceNotFound", "The resource was not found."));
    }
    access::require(request, state, "Microsoft.Insights/eventtypes/values/Read")?;
    let filter = request.options.filter.as_deref();
    let wanted = Wanted::read(filter.ok_or_else(|| bad("Query start time is not specified."))?)?;
    let from = wanted.from.ok_or_else(|| bad("Query start time is not specified."))?;
    if from < clock::add(state.now(), -RETENTION) {
        return Err(bad("The start time cannot be more than 90 days in the past."));
    }
    let subscription = request.scope.split('/').nth(2);
    let here = |event: &&Value| match subscription {
        Some(id) => text(event, "subscriptionId").is_some_and(|s| s.eq_ignore_ascii_case(id)),
        None => text(event, "subscriptionId").is_none(),
    };
    let shown = state.logs.activities.visible(state.now()).filter(here).filter(|e| wanted.shows(e));
    let oldest_first: Vec<&Value> = shown.collect();
    // Counted from the oldest, so that events which arrive between two pages move nothing.
    let left = request.options.skip_token.unwrap_or(oldest_first.len()).min(oldest_first.len());
    let page = oldest_first.iter().take(left).rev().take(PAGE);
    let mut body =
        json!({ "value": page.map(|e| select(e, request.options.select.as_deref())).collect::<Vec<_>>() });
    if left > PAGE
        && let Some(map) = body.as_object_mut()
    {
        let next = format!("{}{}?{}", request.origins.arm, request.path, request.options.next(left - PAGE));
        map.insert("nextLink".into(), next.into());
    }
    Ok(Answer::ok(body))
}

/// The event, or the properties of it that `$select` names.
fn select(event: &Value, select: Option<&str>) -> Value {
    let (Some(select), Some(map)) = (select.filter(|s| !s.trim().is_empty()), event.as_object()) else {
        return event.clone();
    };
    let names: Vec<&str> = select.split(',').map(str::trim).collect();
    let kept = map.iter().filter(|(key, _)| names.iter().any(|n| n.eq_ignore_ascii_case(key)));
    Value::Object(kept.map(|(k, v)| (k.clone(), v.clone())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_as_clients_write_them() {
        let event = json!({ "eventTimestamp": "2026-11-21T12:51:23.000000Z", "caller": "A@b",
            "status": { "value": "Succeeded" } });
        for (filter, shown) in [
            (
                "eventTimestamp ge 2026-11-21T12:51:22.870318 and eventTimestamp le 2026-11-21T18:51:22.870318 and caller eq 'a@B'",
                true,
            ),
            ("eventTimestamp ge '2026-11-21T12:51:22Z'", true),
            ("eventTimestamp ge 2026-11-21T00:00:00+00:00 and status eq 'Failed'", false),
            ("eventTimestamp ge '2026-11-21T12:51:24Z'", false),
            ("eventTimestamp le '2026-11-21T12:51:22Z'", false),
        ] {
            assert_eq!(Wanted::read(filter).unwrap().shows(&event), shown, "{filter}");
        }
        for filter in [
            "eventTimestamp eq 'x'",
            "a eq 'b'",
            "eventTimestamp ge 'soon'",
            "caller eq 'a' or caller eq 'b'",
        ] {
            assert!(Wanted::read(filter).is_err(), "{filter}");
        }
    }
}
