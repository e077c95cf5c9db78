//! `breakglass custody`: kits, sealing, attestations, opening with a quorum, rotation, losses.

use crate::connect::{ask, state_and_ask};
use crate::context::Context;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{self, BAD, BOLD, Format, GOOD, UNKNOWN, paint};
use crate::{files, secrets};
use breakglass_custody::{Loss, design_risks, kit, recovery_instructions, simulate_loss};
use breakglass_model::design::{AccountDesign, Design};
use breakglass_ops::World;
use breakglass_ops::custody::{self, EnvelopeState};
use breakglass_ops::provision::plan::Impact;
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Make a new generation of shares and write one kit for each custodian (print, hand out, destroy the files)
    Kit(KitArgs),
    /// Seal a password that was set elsewhere (read from standard input or a file) to the custodians
    Seal(SealArgs),
    /// Write copies of the sealed files and the instructions, for the sticks in the kits; holds no share
    Copies(CopiesArgs),
    /// A custodian shows that a share is intact, by its words or by its verification code
    Attest(AttestArgs),
    /// Open an account's envelope with a quorum of shares; the password is printed on standard output
    Open(OpenArgs),
    /// Seal a new password and set it in the tenant
    Rotate(RotateArgs),
    /// Who could still open after losing these people and places
    SimulateLoss(LossArgs),
    /// Which share is whose, where, and when it was last seen
    Register,
}

#[derive(clap::Args)]
pub struct KitArgs {
    /// A new directory for the kits, readable by you alone
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

#[derive(clap::Args)]
pub struct SealArgs {
    /// Account name from the design
    pub account: String,
    /// File that holds the password; standard input when not given
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
}

#[derive(clap::Args)]
pub struct CopiesArgs {
    /// Directory for the copies
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

#[derive(clap::Args)]
pub struct AttestArgs {
    /// File with the words of one share (or a whole kit); standard input when not given
    #[arg(long, value_name = "FILE")]
    pub share: Option<PathBuf>,
}

#[derive(clap::Args)]
pub struct OpenArgs {
    /// Account name from the design
    pub account: String,
    /// Files with shares or kits; standard input, one share a line, when not given
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub share: Vec<PathBuf>,
}

#[derive(clap::Args)]
pub struct RotateArgs {
    /// Account name from the design
    pub account: String,
}

#[derive(clap::Args)]
pub struct LossArgs {
    /// A custodian who cannot come
    #[arg(long, value_name = "NAME")]
    pub custodian: Vec<String>,
    /// A site that cannot be entered
    #[arg(long, value_name = "NAME")]
    pub site: Vec<String>,
}

pub async fn run(context: &Context, command: Command) -> Outcome {
    match command {
        Command::Kit(args) => make_kits(context, &args.out).await,
        Command::Seal(args) => seal(context, &args).await,
        Command::Copies(args) => copies(context, &args.out).await,
        Command::Attest(args) => attest(context, args.share.as_deref()).await,
        Command::Open(args) => danger_open(context, &args).await,
        Command::Rotate(args) => rotate(context, &args.account).await,
        Command::SimulateLoss(args) => losses(context, args),
        Command::Register => register(context).await,
    }
}

fn account<'a>(design: &'a Design, name: &str) -> Result<&'a AccountDesign, Failure> {
    let names: Vec<_> = design.accounts.iter().map(|a| format!("`{}`", a.name)).collect();
    design.account(name).ok_or_else(|| {
        Failure::new(
            format!("the design declares no account `{name}`"),
            format!("choose one of {}", names.join(", ")),
        )
    })
}

async fn make_kits(context: &Context, out: &Path) -> Outcome {
    let design = context.design()?;
    let world = context.world().await?;
    if out.exists() && out.read_dir().is_ok_and(|mut d| d.next().is_some()) {
        return Err(Failure::new(
            format!("`{}` is not empty; nothing was made", out.display()),
            "give a new directory",
        ));
    }
    if custody::current(&world).await.is_ok() && !context.yes {
        output::talk(
            "custody is established already; new kits make the old shares useless for passwords sealed from now on",
        );
        ask("make a new generation of shares?")?;
    }
    let written = danger_write_kits(&world, &design, out).await?;
    match context.format {
        Format::Json => output::json(&json!({ "kits": written })),
        _ => {
            for path in &written {
                output::data(path.display());
            }
            output::talk(format!(
                "{} print each kit, hand it to its custodian, then destroy these files: whoever has them all can open every envelope",
                paint(BOLD, "next:")
            ));
        }
    }
    Ok(Exit::Holds)
}

/// Establishes custody and writes the kits. The files hold the shares in clear: they are for the printer alone.
pub async fn danger_write_kits(world: &World, design: &Design, out: &Path) -> Result<Vec<PathBuf>, Failure> {
    crate::context::make_private_dir(out)?;
    let made = custody::establish(world, &design.custody).await?;
    let envelopes = custody::sealed_files(world).await?;
    let mut written = Vec::new();
    for share in &made.shares {
        let label = &share.label;
        let name: String =
            label.custodian.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let path = out.join(format!("{}-{}-{name}.txt", label.group_number, label.member_number));
        let sheet = kit(&made.register, share, &made.sealed_identity, &envelopes);
        files::write_private(&path, sheet.danger_reveal().as_bytes())?;
        written.push(path);
    }
    Ok(written)
}

async fn seal(context: &Context, args: &SealArgs) -> Outcome {
    let design = context.design()?;
    let account = account(&design, &args.account)?;
    let world = context.world().await?;
    let password = secrets::read_line(args.password_file.as_deref(), "the password")?;
    let generation =
        custody::seal_given(&world, &account.name, &account.upn, design.tenant.id.as_str(), password).await?;
    output::talk(format!(
        "sealed as generation {generation} of `{}`; the old envelopes are dead",
        account.name
    ));
    Ok(Exit::Holds)
}

async fn copies(context: &Context, out: &Path) -> Outcome {
    let world = context.world().await?;
    for path in write_copies(&world, out).await? {
        output::data(path.display());
    }
    Ok(Exit::Holds)
}

/// Copies of everything sealed, with the instructions: what the stick in each kit carries.
pub async fn write_copies(world: &World, out: &Path) -> Result<Vec<PathBuf>, Failure> {
    let register = custody::current(world).await?;
    let envelopes = custody::sealed_files(world).await?;
    let identity = custody::sealed_identity(world, register.generation).await?;
    let mut contents = vec![
        ("identity.age".to_owned(), identity),
        ("RECOVERY.txt".to_owned(), recovery_instructions(&register, &envelopes)),
    ];
    contents.extend(envelopes.iter().map(|e| (format!("{}.age", e.account), e.armored.clone())));
    let mut written = Vec::new();
    for (name, text) in contents {
        let path = out.join(name);
        files::write(&path, text.as_bytes())?;
        written.push(path);
    }
    Ok(written)
}

async fn attest(context: &Context, share: Option<&Path>) -> Outcome {
    let world = context.world().await?;
    let words = secrets::shares(share.map(Path::to_path_buf).as_slice())?;
    let Some(words) = words.first() else {
        return Err(Failure::new(
            "no share was given",
            "type the words of one share, or give `--share FILE`",
        ));
    };
    let custodian = custody::attested(&world, words).await?;
    output::data(format!("{} the share of {custodian} is intact", paint(GOOD, "attested:")));
    Ok(Exit::Holds)
}

async fn danger_open(context: &Context, args: &OpenArgs) -> Outcome {
    let world = context.world().await?;
    let shares = secrets::shares(&args.share)?;
    let record = custody::danger_open(&world, &args.account, &shares).await?;
    output::talk(format!(
        "opened: account `{}` ({}), password generation {}; it has been seen now, so rotate it after use",
        record.account, record.upn, record.generation
    ));
    output::raw(record.password.danger_reveal());
    output::raw("\n");
    Ok(Exit::Holds)
}

async fn rotate(context: &Context, name: &str) -> Outcome {
    let design = context.design()?;
    let account = account(&design, name)?;
    let world = context.world().await?;
    let tenant = context.tenant()?;
    let what = format!("set a new password for `{name}` and seal it");
    state_and_ask(context, &tenant.describe(), Impact::SecurityImpacting, &what)?;
    let generation = custody::rotate(&world, &*tenant, account, design.tenant.id.as_str()).await?;
    output::data(format!("`{name}` has a new password, sealed as generation {generation}"));
    Ok(Exit::Holds)
}

fn losses(context: &Context, args: LossArgs) -> Outcome {
    let design = context.design()?;
    let report = simulate_loss(&design.custody, &Loss { custodians: args.custodian, sites: args.site });
    let risks = design_risks(&design.custody);
    if context.format == Format::Json {
        output::json(&json!({ "loss": report, "risks": risks }));
    } else {
        let rows = report.groups.iter().map(|g| {
            vec![
                g.name.clone(),
                format!("{} of {}", g.left.len(), g.needed),
                if g.complete { "yes" } else { "no" }.into(),
                g.left.join(", "),
            ]
        });
        output::data(output::table(&["group", "left of needed", "complete", "who"], rows.collect()));
        let word =
            if report.can_open { paint(GOOD, "the rest can open") } else { paint(BAD, "nobody can open") };
        output::data(format!("{word}: {} of {} groups", report.groups_complete, report.groups_needed));
        for (what, names) in [
            ("opens alone", &risks.quorum_in_one_hand),
            ("holds a quorum at one site", &risks.quorum_at_one_site),
            ("cannot be missed", &risks.indispensable_custodians),
            ("is a site that cannot be missed", &risks.indispensable_sites),
        ] {
            for name in names {
                output::data(format!("{} {name} {what}", paint(UNKNOWN, "risk:")));
            }
        }
    }
    for name in &report.unknown {
        output::talk(format!("`{name}` is in no custody group of the design, so losing it was not counted"));
    }
    Ok(match (report.can_open, report.unknown.is_empty()) {
        (false, _) => Exit::DoesNotHold,
        (true, true) => Exit::Holds,
        (true, false) => Exit::CannotTell,
    })
}

async fn register(context: &Context) -> Outcome {
    let world = context.world().await?;
    let register = custody::current(&world).await?;
    let envelopes = custody::all_envelopes(&world).await?;
    if context.format == Format::Json {
        output::json(
            &json!({ "register": register, "envelopes": envelopes, "unsettled": custody::unsettled_rotations(&world).await? }),
        );
        return Ok(Exit::Holds);
    }
    let rows = register.shares.iter().map(|s| {
        vec![
            s.custodian.clone(),
            s.group.clone(),
            s.site.clone(),
            s.verification_code.clone(),
            s.last_sighted.strftime("%Y-%m-%d").to_string(),
        ]
    });
    output::data(output::table(
        &["custodian", "group", "site", "verification code", "last sighted"],
        rows.collect(),
    ));
    let rows = envelopes.iter().map(|e| {
        let state = match e.state {
            EnvelopeState::Current => "current",
            EnvelopeState::Sealed => "sealed, not confirmed",
            EnvelopeState::Dead => "dead",
        };
        vec![
            e.account.clone(),
            e.generation.to_string(),
            e.sealed_at.strftime("%Y-%m-%d %H:%M").to_string(),
            state.into(),
        ]
    });
    output::data(format!(
        "\n{}",
        output::table(&["envelope", "generation", "sealed", "state"], rows.collect())
    ));
    for account in custody::unsettled_rotations(&world).await? {
        output::talk(format!(
            "{} the last rotation of `{account}` did not end: run `breakglass custody rotate {account}` again",
            paint(UNKNOWN, "unsettled:")
        ));
    }
    Ok(Exit::Holds)
}
