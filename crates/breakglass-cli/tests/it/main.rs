//! The built command, as a person or a pipeline runs it.

mod bad_input;
mod cases;
mod documents;
mod killed;
mod real_exports;
mod room;
