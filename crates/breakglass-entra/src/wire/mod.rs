//! The table: which request asks each question and makes each change.
//!
//! Paths and bodies are those of the Graph v1.0 and ARM references (REQUIREMENTS 5.1, 5.2). Nothing here sends.

#[cfg(test)]
mod published;
mod questions;
mod steps;

use crate::outgoing::percent;
pub(crate) use questions::{Ask, Missing, Shape, ask, beta_sign_ins};
pub(crate) use steps::{Done, Gives, Order, order};

use breakglass_ops::port::TenantError;

/// API version of ARM role assignments.
const ROLE_ASSIGNMENTS: &str = "2022-04-01";

/// One path segment. An empty one, or one of dots, would ask about something else than was meant.
fn segment(id: &str) -> Result<String, TenantError> {
    if id.is_empty() || id.bytes().all(|b| b == b'.') {
        let detail = "this names no single object, so nothing was sent".into();
        return Err(TenantError::NotFound { what: id.to_owned(), detail });
    }
    let mut out = String::new();
    percent(id, &mut out, "@");
    Ok(out)
}

/// A query value, with what OData filters use left readable.
fn value(text: &str) -> String {
    let mut out = String::new();
    percent(text, &mut out, "'():,/$@*");
    out
}

/// A text inside an OData filter: apostrophes doubled.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
