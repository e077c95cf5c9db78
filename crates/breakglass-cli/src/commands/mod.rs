//! The subcommands: DESIGN section 5 is the contract.

mod activate;
mod apply;
mod check;
mod collect;
pub mod custody;
mod demo;
mod drill;
mod emulator;
mod evaluate;
mod evidence;
mod init;
mod plan;
mod prove;
pub mod serve;
mod undo;
mod watch;

use crate::connect::Connect;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::{Color, Format};
use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// Emergency access to Microsoft Entra ID: provision it, prove it, keep it, drill it.
#[derive(Parser)]
#[command(name = "breakglass", version, about, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 holds, 1 does not hold, 2 could not run, 3 cannot tell.")]
pub struct Cli {
    /// The approved design
    #[arg(
        long,
        global = true,
        env = "BREAKGLASS_CONFIG",
        default_value = "breakglass.toml",
        value_name = "FILE"
    )]
    config: PathBuf,
    /// Where state, ledger and sealed files are kept [default: the user's data home]
    #[arg(long, global = true, env = "BREAKGLASS_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// How the answer is printed
    #[arg(long, global = true, value_enum, default_value_t)]
    format: Format,
    /// When colours are used
    #[arg(long, global = true, value_enum, default_value_t)]
    pub color: Color,
    /// Do not ask before a step that changes something
    #[arg(long, global = true)]
    yes: bool,
    #[command(flatten)]
    connect: Connect,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The whole story on an emulated tenant, in the terminal and on a local web page
    Demo(demo::Args),
    /// Write a first breakglass.toml
    Init(init::Args),
    /// Read the tenant into a snapshot
    Collect(collect::Args),
    /// Every check: pass, fail, undetermined, not applicable, accepted
    Check(check::Args),
    /// One sign-in: which policies apply, what they demand, can it be met
    Evaluate(evaluate::Args),
    /// The lockout proof over all contexts and scenarios; judges a proposed change
    Prove(prove::Args),
    /// The ordered steps from the tenant to the design
    Plan(plan::Args),
    /// Carry out a plan, or go on with one that was interrupted
    Apply(apply::Args),
    /// Take a plan back
    Undo(undo::Args),
    /// Split custody of the credentials
    #[command(subcommand)]
    Custody(custody::Command),
    /// Follow the logs and alert on any use
    Watch(watch::Args),
    /// Drills, proved from the logs
    #[command(subcommand)]
    Drill(drill::Command),
    /// Activation: request, approve, open, extend, close, review
    #[command(subcommand)]
    Activate(activate::Command),
    /// Evidence packs and the ledger
    #[command(subcommand)]
    Evidence(evidence::Command),
    /// Web pages over the state in the data directory
    Serve(serve::Args),
    /// An emulated Entra tenant on loopback (it is not Entra)
    Emulator(emulator::Args),
}

/// The snapshot that was collected last, for the story.
pub async fn snapshots_of(context: &Context) -> Result<breakglass_model::Snapshot, Failure> {
    crate::snapshots::given_or_last(context, &[]).await
}

/// Runs the command.
pub async fn run(cli: Cli) -> Outcome {
    let context = Context::new(cli.config, cli.data, cli.format, cli.yes, cli.connect)?;
    match cli.command {
        Command::Demo(args) => demo::run(&context, args).await,
        other => dispatch(&context, other).await,
    }
}

/// Runs a command line as the story tells it: everything but `demo`, with the context that is given.
pub async fn run_told(context: &Context, line: &[&str]) -> Outcome {
    let words = std::iter::once("breakglass").chain(line.iter().copied());
    let cli = Cli::try_parse_from(words).map_err(|e| Failure { what: e.to_string(), next: None })?;
    dispatch(context, cli.command).await
}

async fn dispatch(context: &Context, command: Command) -> Outcome {
    match command {
        Command::Demo(_) => {
            Err(Failure::new("the story is not told inside the story", "run another command"))
        }
        Command::Init(args) => init::run(context, args).await,
        Command::Collect(args) => collect::run(context, args).await,
        Command::Check(args) => check::run(context, args).await,
        Command::Evaluate(args) => evaluate::run(context, args),
        Command::Prove(args) => prove::run(context, args).await,
        Command::Plan(args) => plan::run(context, args).await,
        Command::Apply(args) => apply::run(context, args).await,
        Command::Undo(args) => undo::run(context, args).await,
        Command::Custody(command) => custody::run(context, command).await,
        Command::Watch(args) => watch::run(context, args).await,
        Command::Drill(command) => drill::run(context, command).await,
        Command::Activate(command) => activate::run(context, command).await,
        Command::Evidence(command) => evidence::run(context, command).await,
        Command::Serve(args) => serve::run(context, args).await,
        Command::Emulator(args) => emulator::run(context, args).await,
    }
}
