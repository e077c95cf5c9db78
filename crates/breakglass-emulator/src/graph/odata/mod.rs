//! OData as Graph speaks it: `$select`, `$filter`, `$orderby`, `$top`, `$skiptoken`, `$count`, `$expand`.

pub(crate) mod filter;
mod lexer;
mod matches;
pub(crate) mod options;
pub(crate) mod order;
pub(crate) mod set;

pub(crate) use matches::time;
pub(crate) use options::Options;
pub(crate) use set::{Paging, Set};
