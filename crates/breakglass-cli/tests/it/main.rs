//! The built command, as a person or a pipeline runs it.

#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod real_exports;
#[cfg(test)]
mod room;
