//! The evaluator: the open cases, the laws, the surprises, the exports.

mod cases;
