//! The evaluator: the open cases, the laws, the surprises, the exports.

mod cases;
mod exports;
mod laws;
mod published;
mod random;
mod surprises;
