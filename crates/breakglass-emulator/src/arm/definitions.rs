//! Azure role definitions.

use super::Request;
use super::access::{self, name_of, property};
use super::answer::{Answer, Failure};
use crate::graph::odata::filter::{Expr, Literal, Operator, parse};
use crate::state::{State, text};
use axum::http::StatusCode;
use serde_json::Value;

/// The id of a role as it is written at a scope: clients compare ids letter by letter, so assignments and definitions that
/// are read at one scope agree.
pub(super) fn id_at(scope: &str, role: &str) -> String {
    let subscription = scope.strip_prefix("/subscriptions/").and_then(|rest| rest.split('/').next());
    let prefix = subscription.map(|s| format!("/subscriptions/{s}")).unwrap_or_default();
    format!("{prefix}/providers/Microsoft.Authorization/roleDefinitions/{}", name_of(role))
}

/// `GET .../roleDefinitions` and `.../roleDefinitions/{name}`.
pub(super) fn read(request: &Request, state: &State) -> Result<Answer, Failure> {
    access::require(request, state, "Microsoft.Authorization/roleDefinitions/read")?;
    let shown = |definition: &Value| {
        let mut definition = definition.clone();
        let id = id_at(&request.scope, text(&definition, "name").unwrap_or_default());
        if let Some(map) = definition.as_object_mut() {
            map.insert("id".into(), id.into());
        }
        definition
    };
    let all = &state.azure.role_definitions;
    let name = request.part(2);
    if !name.is_empty() {
        let found = all.find("name", name).ok_or_else(|| {
            Failure::new(
                StatusCode::NOT_FOUND,
                "RoleDefinitionDoesNotExist",
                format!("The specified role definition with ID '{}' does not exist.", name.replace('-', "")),
            )
        })?;
        return Ok(Answer::ok(shown(found)));
    }
    let (role_name, kind) = wanted(request)?;
    let fits = |d: &&Value| {
        role_name.as_deref().is_none_or(|n| property(d, "roleName").eq_ignore_ascii_case(n))
            && kind.as_deref().is_none_or(|k| property(d, "type").eq_ignore_ascii_case(k))
    };
    Ok(Answer::list(all.iter().filter(fits).map(shown).collect()))
}

/// `roleName eq 'x'`, `type eq 'BuiltInRole'`, both, or `atScopeAndBelow()`, which changes nothing here.
fn wanted(request: &Request) -> Result<(Option<String>, Option<String>), Failure> {
    let Some(filter) = &request.options.filter else { return Ok((None, None)) };
    if filter.eq_ignore_ascii_case("atScopeAndBelow()") || filter.eq_ignore_ascii_case("atScope()") {
        return Ok((None, None));
    }
    let unsupported = || {
        Failure::new(
            StatusCode::BAD_REQUEST,
            "UnsupportedQuery",
            format!(
                "The filter '{filter}' is not supported. Supported filters are atScopeAndBelow(), roleName eq '{{value}}' and type eq '{{value}}'."
            ),
        )
    };
    let mut waiting = vec![parse(filter).map_err(|_| unsupported())?];
    let mut found = (None, None);
    while let Some(expr) = waiting.pop() {
        match expr {
            Expr::And(a, b) => waiting.extend([*a, *b]),
            Expr::Compare(path, Operator::Eq, Literal::Text(value)) => {
                match path.to_string().to_ascii_lowercase().as_str() {
                    "rolename" => found.0 = Some(value),
                    "type" => found.1 = Some(value),
                    _ => return Err(unsupported()),
                }
            }
            _ => return Err(unsupported()),
        }
    }
    Ok(found)
}
