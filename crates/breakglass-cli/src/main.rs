//! The breakglass command.
fn main() {}
