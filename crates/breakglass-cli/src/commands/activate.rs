//! `breakglass activate`: request, approvals that do not need Entra, timer, close, review.

use crate::channels;
use crate::connect::state_and_ask;
use crate::context::Context;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{self, BAD, BOLD, DIM, Format, paint};
use crate::{files, secrets};
use breakglass_alert::Outbox;
use breakglass_model::Secret;
use breakglass_model::design::Design;
use breakglass_ops::World;
use breakglass_ops::activate::{self, Desk, Wish};
use breakglass_ops::port::Entropy as _;
use breakglass_ops::provision::plan::Impact;
use breakglass_workflow::activation::{Activation, Classification, Duty, Phase, Review};
use breakglass_workflow::approval::{Approval, ApproverKey, Decision};
use jiff::SignedDuration;
use std::path::PathBuf;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Make an approver's key: the private half into a file, the public half for the design
    Key(KeyArgs),
    /// Ask for an activation
    Request(RequestArgs),
    /// Approve (or deny) what waits: sign it with a key, or bring a statement that was signed elsewhere
    Approve(ApproveArgs),
    /// Open it: from now on the quorum may open the envelope, and the timer runs
    Open(ById),
    /// Ask for more time
    Extend(ExtendArgs),
    /// Close it: new password, no sessions, no elevation
    Close(CloseArgs),
    /// Review it; without a review it is not ended
    Review(ReviewArgs),
    /// Where one or all activations stand
    Show(ShowArgs),
}

#[derive(clap::Args)]
pub struct KeyArgs {
    /// File for the private key; it is made, never replaced
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

#[derive(clap::Args)]
pub struct RequestArgs {
    /// Account name from the design
    pub account: String,
    /// Who asks
    #[arg(long, value_name = "NAME")]
    pub by: String,
    /// Why ordinary access does not do
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Incident or change number
    #[arg(long, value_name = "ID")]
    pub ticket: String,
    /// Minutes; the design's length when not given
    #[arg(long, value_name = "MINUTES")]
    pub minutes: Option<u32>,
    /// What is going to be done; may be repeated
    #[arg(long, value_name = "TEXT")]
    pub plan: Vec<String>,
}

#[derive(clap::Args)]
pub struct ApproveArgs {
    /// The activation
    pub id: String,
    /// Who approves, as in the design
    #[arg(long, value_name = "NAME", required_unless_present = "statement")]
    pub approver: Option<String>,
    /// File with the approver's private key
    #[arg(long, value_name = "FILE", required_unless_present = "statement")]
    pub key: Option<PathBuf>,
    /// Deny instead
    #[arg(long)]
    pub deny: bool,
    /// A statement that was signed elsewhere
    #[arg(long, value_name = "FILE", conflicts_with_all = ["approver", "key"])]
    pub statement: Option<PathBuf>,
    /// Only write the signed statement here, to be carried to the machine that holds the activation
    #[arg(long, value_name = "FILE", conflicts_with = "statement")]
    pub out: Option<PathBuf>,
}

#[derive(clap::Args)]
pub struct ById {
    /// The activation
    pub id: String,
    /// Who
    #[arg(long, value_name = "NAME")]
    pub by: String,
}

#[derive(clap::Args)]
pub struct ExtendArgs {
    #[command(flatten)]
    pub who: ById,
    /// How many more minutes
    #[arg(long, value_name = "MINUTES")]
    pub minutes: u32,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

#[derive(clap::Args)]
pub struct CloseArgs {
    #[command(flatten)]
    pub who: ById,
    /// What was done with the account
    #[arg(long, value_name = "TEXT")]
    pub did: String,
}

#[derive(clap::Args)]
pub struct ReviewArgs {
    #[command(flatten)]
    pub who: ById,
    /// What it was
    #[arg(long, value_enum)]
    pub classification: Kind,
    /// Why ordinary access did not do
    #[arg(long, value_name = "TEXT")]
    pub cause: String,
    /// What was done, against what was planned
    #[arg(long, value_name = "TEXT")]
    pub actions: String,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum Kind {
    Drill,
    Emergency,
    Misuse,
}

#[derive(clap::Args)]
pub struct ShowArgs {
    /// Only this one
    pub id: Option<String>,
}

/// How long an approval counts.
const LIFE: SignedDuration = SignedDuration::from_hours(12);

pub async fn run(context: &Context, command: Command) -> Outcome {
    if let Command::Key(args) = command {
        return key(&args);
    }
    let design = context.design()?;
    let world = context.world().await?;
    let outbox = channels::outbox(context, &design, &world)?;
    let desk = Desk { world: &world, sink: &outbox, design: &design };
    let activation = act(context, &desk, &design, &world, &outbox, command).await;
    // Alerts that the step made leave even when the step itself was refused.
    outbox.deliver_due(world.now()).await?;
    let Some(activation) = activation? else { return Ok(Exit::Holds) };
    print(context, &activation, &world);
    Ok(Exit::Holds)
}

async fn act(
    context: &Context,
    desk: &Desk<'_>,
    design: &Design,
    world: &World,
    outbox: &Outbox,
    command: Command,
) -> Result<Option<Activation>, Failure> {
    let activation = match command {
        Command::Key(_) => return Ok(None),
        Command::Request(a) => {
            let wish = Wish {
                account: a.account,
                requester: a.by,
                reason: a.reason,
                ticket: a.ticket,
                minutes: a.minutes,
                planned: a.plan,
            };
            desk.request(wish).await?
        }
        Command::Approve(args) => return approve(desk, world, &args).await,
        Command::Open(ById { id, by }) => desk.open(&id, &by).await?,
        Command::Extend(a) => desk.ask_extension(&a.who.id, &a.who.by, a.minutes, &a.reason).await?,
        Command::Close(a) => {
            let tenant = context.tenant()?;
            let what = format!("close `{}`: set a new password, revoke sessions, remove elevation", a.who.id);
            state_and_ask(context, &tenant.describe(), Impact::SecurityImpacting, &what)?;
            desk.close(&*tenant, &a.who.id, &a.who.by, &a.did).await?
        }
        Command::Review(a) => {
            let classification = match a.classification {
                Kind::Drill => Classification::Drill,
                Kind::Emergency => Classification::Emergency,
                Kind::Misuse => Classification::Misuse,
            };
            let review = Review {
                reviewer: a.who.by,
                classification,
                cause: a.cause,
                actions: a.actions,
                gaps: Vec::new(),
            };
            desk.review(&a.who.id, review).await?
        }
        Command::Show(args) => {
            activate::tick_all(world, outbox).await?;
            return show(context, world, design, args.id).await;
        }
    };
    Ok(Some(activation))
}

async fn approve(desk: &Desk<'_>, world: &World, args: &ApproveArgs) -> Result<Option<Activation>, Failure> {
    let approval = match (&args.statement, &args.approver, &args.key) {
        (Some(file), ..) => {
            let text = files::read_text(file)?;
            serde_json::from_str::<Approval>(&text).map_err(|e| {
                Failure::new(
                    format!("`{}` is no signed statement: {e}", file.display()),
                    "write one with `breakglass activate approve --out FILE`",
                )
            })?
        }
        (None, Some(approver), Some(file)) => {
            let key = ApproverKey::parse(&secrets::read_line(Some(file), "the approver's key")?)?;
            let activation = activate::load(world, &args.id).await?;
            let decision = if args.deny { Decision::Deny } else { Decision::Approve };
            let nothing = || {
                Failure::new(
                    format!("nothing of `{}` waits for an approval: it is {}", args.id, activation.phase()),
                    "look at `breakglass activate show`",
                )
            };
            let statement =
                activation.statement(approver, decision, world.now(), LIFE).ok_or_else(nothing)?;
            key.sign(statement)
        }
        _ => {
            return Err(Failure::new(
                "nobody was named to approve",
                "give `--approver NAME --key FILE`, or `--statement FILE`",
            ));
        }
    };
    if let Some(out) = &args.out {
        files::write(out, (serde_json::to_string_pretty(&approval)? + "\n").as_bytes())?;
        output::talk(format!("signed; carry `{}` to the machine that holds the activation", out.display()));
        return Ok(None);
    }
    Ok(Some(desk.say(&args.id, approval).await?))
}

fn key(args: &KeyArgs) -> Outcome {
    if args.out.exists() {
        return Err(Failure::new(
            format!("`{}` is there already; nothing was made", args.out.display()),
            "give another file",
        ));
    }
    let mut seed = [0u8; 32];
    breakglass_entra::SystemEntropy.fill(&mut seed);
    let key = ApproverKey::from_seed(seed);
    let text: Secret = key.danger_to_text();
    files::write_private(&args.out, text.danger_reveal().as_bytes())?;
    output::data(key.public_key());
    output::talk(format!(
        "put this public key into the design as `[[approver]]`; keep `{}` with its owner alone",
        args.out.display()
    ));
    Ok(Exit::Holds)
}

async fn show(
    context: &Context,
    world: &World,
    design: &Design,
    id: Option<String>,
) -> Result<Option<Activation>, Failure> {
    if let Some(id) = id {
        return Ok(Some(activate::load(world, &id).await?));
    }
    let mut none = true;
    for (id, found) in activate::stored(world).await? {
        none = false;
        match found {
            Ok(activation) => print(context, &activation, world),
            Err(error) => output::data(format!("{} {id}: {error}", paint(BAD, "damaged"))),
        }
    }
    if none {
        output::talk(format!("no activation of any of the {} accounts so far", design.accounts.len()));
    }
    Ok(None)
}

fn print(context: &Context, activation: &Activation, world: &World) {
    if context.format == Format::Json {
        output::json(activation);
        return;
    }
    let request = activation.request();
    let (have, need) = activation.approvals(world.now());
    output::data(format!(
        "{} of `{}` is {}",
        paint(BOLD, &request.id),
        request.account,
        paint(BOLD, activation.phase())
    ));
    output::data(format!("  asked by {} ({}): {}", request.requester, request.ticket, request.reason));
    output::data(format!("  approvals {have} of {need}"));
    if let (Some((_, until)), Phase::Open) = (activation.window(), activation.phase()) {
        output::data(format!("  open until {}", until.strftime("%Y-%m-%d %H:%M:%S UTC")));
    }
    for duty in activation.owed() {
        let words = match duty {
            Duty::RotatePassword => "rotate the password (`activate close`)",
            Duty::RevokeSessions => "revoke the sessions (`activate close`)",
            Duty::ConfirmRemoval => "see that no elevation is left (`activate close`)",
            Duty::Review => "review it (`activate review`)",
            Duty::OpenCustody => "the quorum may open the envelope now (`custody open`)",
            Duty::PreserveLogs => "keep a copy of the logs (`activate close` does)",
            Duty::SettleChange(_) => "settle a temporary change",
            Duty::Ratify(_) => "ratify it (`activate approve`)",
            Duty::Alert { .. } | Duty::Window { .. } => continue,
        };
        output::data(paint(DIM, format!("  owed: {words}")));
    }
}
