//! Values of the field: tenants, designs, accounts, policies, sign-ins, events, findings.
//!
//! This crate decides nothing and touches nothing: it has no clock, no network and no files, and nothing in its
//! manifest could give it one. Everything else in the workspace speaks in these types.

pub mod canonical;
pub mod design;
pub mod finding;
pub mod ids;
pub mod import;
pub mod secret;
pub mod sign_in;
pub mod snapshot;
pub mod tri;
pub mod view;

pub use finding::{Finding, Severity, Status};
pub use ids::{ObjectId, PolicyId, TenantId};
pub use secret::Secret;
pub use snapshot::{Snapshot, Unread};
pub use tri::Tri;
