//! Repository tasks: `cargo xtask test` is the whole test run and what CI calls.

mod real;
mod run;
mod tidy;

use run::Failed;
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask test     everything: tidy, format, lints, tests, dependency policy, real parts; installs what is missing
cargo xtask quick    tidy, format, lints and tests: Rust alone
cargo xtask tidy     direction of dependencies, core without I/O, length of files, docs that exist
cargo xtask deny     licences, banned crates, sources (and advisories where a database is at hand)
cargo xtask real     real parts alone: stock age, a SLIP-39 tool, headless Chromium
cargo xtask shots    screenshots of the demo's page into target/shots";

fn main() -> ExitCode {
    let task = std::env::args().nth(1).unwrap_or_default();
    let result = match task.as_str() {
        "test" => test(),
        "quick" => quick(),
        "tidy" => tidy::check(),
        "deny" => real::deny(),
        "real" => real::all(),
        "shots" => real::shots(),
        _ => Err(Failed(format!("there is no task `{task}`\n\n{HELP}"))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed(why)) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn test() -> Result<(), Failed> {
    quick()?;
    real::deny()?;
    real::all()
}

fn quick() -> Result<(), Failed> {
    tidy::check()?;
    run::cargo(&["fmt", "--all", "--check"])?;
    run::cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    run::cargo(&["test", "--workspace"])
}
