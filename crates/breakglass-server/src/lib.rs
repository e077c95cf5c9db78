//! Web pages over the same state that the commands read.
//!
//! Server-rendered, without script, light and dark, readable at 400 pixels and on paper. The pages show an
//! [`Overview`] and decide nothing; whoever serves them hands in where it comes from.

mod overview;
mod page;
mod serve;

pub use overview::overview;
pub use page::{Cell, FindingRow, Mark, Matrix, MatrixRow, Overview, RoadRow, TimelineRow, render};
pub use serve::{Source, serve};
