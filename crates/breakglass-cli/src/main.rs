//! The `breakglass` command: one file per subcommand under [`commands`], everything else in the libraries.

#![expect(unreachable_pub, reason = "a program has no outside: `pub` says what its other rooms use")]

mod cases;
mod channels;
mod commands;
mod connect;
mod context;
mod demo;
mod failure;
mod files;
mod output;
mod report;
mod secrets;
mod snapshots;

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = commands::Cli::parse();
    cli.color.choose();
    // The process's one TLS provider; a second call is harmless.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::talk(format!("error: the asynchronous runtime could not start: {error}"));
            return ExitCode::from(2);
        }
    };
    match runtime.block_on(commands::run(cli)) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            output::talk(format!("{}: {}", output::paint(output::BAD, "error"), failure.what));
            if let Some(next) = failure.next {
                output::talk(format!("  {}: {next}", output::paint(output::BOLD, "try")));
            }
            ExitCode::from(2)
        }
    }
}
