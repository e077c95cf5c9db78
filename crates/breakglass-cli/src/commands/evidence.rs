//! `breakglass evidence`: packs that anybody verifies offline, checkpoints to keep elsewhere, and the ledger itself.

use crate::context::Context;
use crate::failure::{Exit, Failure, Outcome};
use crate::files;
use crate::output::{self, BAD, BOLD, DIM, Format, GOOD, UNKNOWN, paint};
use breakglass_ledger::VerifierKey;
use breakglass_ledger::pack::{VerifyReport, verify};
use breakglass_model::Tri;
use breakglass_ops::port::Evidence as _;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Write everything recorded so far, signed, into one file for an auditor
    Pack(PackArgs),
    /// Verify a pack: offline, without store or tenant
    Verify(VerifyArgs),
    /// Print the signed checkpoint, to be kept elsewhere (on paper, at another tenant, with the auditor)
    Anchor(AnchorArgs),
    /// What was recorded, oldest first
    Log(LogArgs),
}

#[derive(clap::Args)]
pub struct PackArgs {
    /// The file to write
    #[arg(long, short, value_name = "FILE")]
    pub out: PathBuf,
    /// One line for people
    #[arg(long, default_value = "emergency access evidence", value_name = "TEXT")]
    pub title: String,
}

#[derive(clap::Args)]
pub struct VerifyArgs {
    /// The pack
    #[arg(value_name = "PACK")]
    pub pack: PathBuf,
    /// The verifier key that you were given on another way (a file, as `ledger/verifier.key`); without it nobody vouches
    /// for the key in the pack, and the answer is at best "cannot tell"
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// A checkpoint that you kept earlier: the pack must continue it
    #[arg(long, value_name = "FILE")]
    pub earlier: Option<PathBuf>,
}

#[derive(clap::Args)]
pub struct AnchorArgs {
    /// Write it to a file instead
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

#[derive(clap::Args)]
pub struct LogArgs {
    /// Only the last so many entries
    #[arg(long, value_name = "N")]
    pub last: Option<usize>,
    /// Only entries whose kind begins with this, e.g. `apply.`
    #[arg(long, value_name = "PREFIX")]
    pub kind: Option<String>,
}

pub async fn run(context: &Context, command: Command) -> Outcome {
    match command {
        Command::Pack(args) => pack(context, &args).await,
        Command::Verify(args) => verify_pack(context, &args),
        Command::Anchor(args) => anchor(context, args.out.as_deref()),
        Command::Log(args) => log(context, &args).await,
    }
}

async fn pack(context: &Context, args: &PackArgs) -> Outcome {
    let world = context.world().await?;
    let ledger = context.ledger()?;
    let mut attachments = BTreeMap::new();
    if context.config.exists() {
        attachments.insert("breakglass.toml".to_owned(), files::read(&context.config)?);
    }
    if let Some(snapshot) = crate::snapshots::last(&world).await? {
        attachments.insert("snapshot.json".to_owned(), serde_json::to_vec_pretty(&snapshot)?);
    }
    world
        .record(
            "evidence.packed",
            &args.title,
            json!({ "attachments": attachments.keys().collect::<Vec<_>>() }),
        )
        .await?;
    let bytes = ledger.pack(&args.title, None, &attachments)?;
    files::write(&args.out, &bytes)?;
    let entries = ledger.entries()?.len();
    match context.format {
        Format::Json => output::json(
            &json!({ "pack": args.out, "entries": entries, "bytes": bytes.len(), "key": ledger.verifier_key().to_string() }),
        ),
        _ => {
            output::data(format!(
                "{} {entries} entries, {} kB, in {}",
                paint(BOLD, "packed:"),
                bytes.len() / 1000,
                args.out.display()
            ));
            output::talk(format!(
                "give the auditor this key on another way than the pack: {}",
                paint(BOLD, ledger.verifier_key())
            ));
        }
    }
    Ok(Exit::Holds)
}

fn verify_pack(context: &Context, args: &VerifyArgs) -> Outcome {
    let bytes = files::read(&args.pack)?;
    let key = args.key.as_deref().map(read_key).transpose()?;
    let earlier = args.earlier.as_deref().map(files::read_text).transpose()?;
    let report = verify(&bytes, key.as_ref(), earlier.as_deref());
    match context.format {
        Format::Json => output::json(
            &json!({ "verdict": report.holds(), "headline": report.headline(), "report": report }),
        ),
        _ => show(&report),
    }
    Ok(match report.holds() {
        Tri::Yes => Exit::Holds,
        Tri::No => Exit::DoesNotHold,
        Tri::Unknown => Exit::CannotTell,
    })
}

fn read_key(path: &Path) -> Result<VerifierKey, Failure> {
    let text = files::read_text(path)?;
    VerifierKey::parse(text.trim()).map_err(|e| {
        Failure::new(
            format!("in `{}`: {e}", path.display()),
            "give `ledger/verifier.key` of the data directory, as it was handed to you",
        )
    })
}

fn show(report: &VerifyReport) {
    let style = match report.holds() {
        Tri::Yes => GOOD,
        Tri::No => BAD,
        Tri::Unknown => UNKNOWN,
    };
    output::data(paint(style, report.headline()));
    if let Some(about) = &report.about {
        output::data(format!(
            "about    {} (made {})",
            about.title,
            about.made_at.strftime("%Y-%m-%d %H:%M:%S UTC")
        ));
    }
    if let Some(key) = &report.key {
        output::data(format!("key      {key}"));
    }
    if let Some(root) = &report.root {
        output::data(format!("root     {root}"));
    }
    for problem in &report.problems {
        output::data(format!("{} {problem}", paint(BAD, "problem")));
    }
    for note in &report.notes {
        output::data(format!("{} {note}", paint(DIM, "note")));
    }
}

fn anchor(context: &Context, out: Option<&Path>) -> Outcome {
    let checkpoint = context.ledger()?.checkpoint()?;
    match out {
        Some(path) => files::write(path, checkpoint.as_bytes())?,
        None => output::raw(&checkpoint),
    }
    Ok(Exit::Holds)
}

async fn log(context: &Context, args: &LogArgs) -> Outcome {
    let mut history = context.ledger()?.history().await?;
    if let Some(prefix) = &args.kind {
        history.retain(|line| line.kind.starts_with(prefix));
    }
    let skip = args.last.map_or(0, |n| history.len().saturating_sub(n));
    for line in history.iter().skip(skip) {
        match context.format {
            Format::Json => output::json_line(line),
            _ => output::data(format!(
                "{:>5} {} {} {}",
                line.index,
                paint(DIM, line.at.strftime("%Y-%m-%d %H:%M:%S")),
                paint(BOLD, &line.kind),
                line.subject
            )),
        }
    }
    Ok(Exit::Holds)
}
