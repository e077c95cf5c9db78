//! Running other programs, saying what is run and how long it took.

use std::process::Command;
use std::time::Instant;

/// Why a task failed.
pub(crate) struct Failed(pub(crate) String);

/// Runs cargo.
pub(crate) fn cargo(args: &[&str]) -> Result<(), Failed> {
    command(Command::new(env!("CARGO")).args(args))
}

/// Runs a program; a missing program and a non-zero exit are failures.
pub(crate) fn command(command: &mut Command) -> Result<(), Failed> {
    let shown = shown(command);
    eprintln!("\n==> {shown}");
    let began = Instant::now();
    let status = command.status().map_err(|e| Failed(format!("`{shown}` could not start: {e}")))?;
    eprintln!("==> {:.1} s", began.elapsed().as_secs_f64());
    if status.success() { Ok(()) } else { Err(Failed(format!("`{shown}` failed: {status}"))) }
}

/// Whether a program can be started at all.
pub(crate) fn exists(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|a| a.to_string_lossy().into_owned()));
    if let Some(first) = words.first_mut()
        && let Some(name) = std::path::Path::new(first.as_str()).file_name()
    {
        *first = name.to_string_lossy().into_owned();
    }
    words.join(" ")
}
