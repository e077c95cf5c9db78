//! `breakglass drill`: a real sign-in and a real recovery action, undone, and proved from the logs.

use crate::channels;
use crate::connect::state_and_ask;
use crate::context::Context;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{self, BAD, BOLD, DIM, Format, GOOD, UNKNOWN, paint};
use breakglass_authenticator::{ScriptedBrowser, SoftwareKeyRing};
use breakglass_entra::{AuthorizationCodeFlow, PersonBrowser};
use breakglass_model::Tri;
use breakglass_model::design::{Cloud, CredentialDesign, Design};
use breakglass_ops::World;
use breakglass_ops::drill::{DrillRecord, Drilling, run as run_drill, stored};
use breakglass_ops::port::{Browser, Credential, KeyRing as _};
use breakglass_ops::provision::plan::Impact;
use breakglass_workflow::drill::{Drill, DrillReport, Past, Standing, turns};
use std::path::PathBuf;
use std::time::Duration;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Whose turn it is, and with which key
    Schedule,
    /// Drill an account: sign in, write, elevate, list subscriptions, undo all of it
    Run(RunArgs),
    /// What the logs say of the drills so far
    Report(ReportArgs),
}

#[derive(clap::Args)]
pub struct RunArgs {
    /// Account name from the design
    pub account: String,
    /// Which of the account's keys, from 1
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub key: usize,
    /// Who drills
    #[arg(long, default_value = "", value_name = "NAME")]
    pub by: String,
    /// Rehearsals only: sign in with the software keys in this directory instead of a person at a browser
    #[arg(long, value_name = "DIR")]
    pub danger_software_keys: Option<PathBuf>,
    /// How many seconds to wait for the traces in the logs
    #[arg(long, default_value_t = 900, value_name = "SECONDS")]
    pub wait_for_logs: u64,
}

#[derive(clap::Args)]
pub struct ReportArgs {
    /// Only this drill
    pub id: Option<String>,
}

pub async fn run(context: &Context, command: Command) -> Outcome {
    match command {
        Command::Schedule => schedule(context).await,
        Command::Run(args) => drill(context, &args).await,
        Command::Report(args) => report(context, args.id.as_deref()).await,
    }
}

async fn records(world: &World) -> Result<Vec<(String, DrillRecord)>, Failure> {
    let mut good = Vec::new();
    for (id, record) in stored(world).await? {
        match record {
            Ok(record) => good.push((id, record)),
            Err(error) => output::talk(format!("{} drill {id}: {error}", paint(UNKNOWN, "not read"))),
        }
    }
    Ok(good)
}

fn key_names(design: &Design, account: &str) -> Vec<String> {
    let credentials = design.account(account).map(|a| a.credentials.as_slice()).unwrap_or_default();
    let keys = credentials.iter().filter(|c| matches!(c, CredentialDesign::Fido2 { .. }));
    (1..).zip(keys).map(|(n, _)| format!("{account} key {n}")).collect()
}

async fn schedule(context: &Context) -> Outcome {
    let design = context.design()?;
    let world = context.world().await?;
    let past: Vec<Past> = records(&world)
        .await?
        .into_iter()
        .filter_map(|(_, r)| {
            let complete = r.report.as_ref().is_some_and(DrillReport::is_complete);
            Some(Past {
                account: r.drill.account,
                key: r.drill.key,
                by: r.drill.by,
                at: r.ended_at?,
                complete,
            })
        })
        .collect();
    let accounts: Vec<_> =
        design.accounts.iter().map(|a| (a.name.clone(), key_names(&design, &a.name))).collect();
    let turns = turns(&accounts, &past, design.drill.every_days, world.now());
    if context.format == Format::Json {
        output::json(&turns);
    } else {
        let date = |t: jiff::Timestamp| t.strftime("%Y-%m-%d").to_string();
        let rows = turns.iter().map(|t| {
            let due = if t.overdue { paint(BAD, "now") } else { date(t.due) };
            vec![
                t.account.clone(),
                t.last.map_or_else(|| "never".into(), date),
                due,
                t.key.clone().unwrap_or_default(),
            ]
        });
        output::data(output::table(&["account", "last", "due", "with"], rows.collect()));
    }
    Ok(if turns.iter().any(|t| t.overdue) { Exit::DoesNotHold } else { Exit::Holds })
}

async fn drill(context: &Context, args: &RunArgs) -> Outcome {
    let design = context.design()?;
    let names: Vec<_> = design.accounts.iter().map(|a| format!("`{}`", a.name)).collect();
    let account = design.account(&args.account).ok_or_else(|| {
        Failure::new(
            format!("the design declares no account `{}`", args.account),
            format!("choose one of {}", names.join(", ")),
        )
    })?;
    let id = account.object_id.clone().ok_or_else(|| {
        Failure::new(
            format!("account `{}` has no `object_id` in the design", account.name),
            "run `breakglass apply` first",
        )
    })?;
    let world = context.world().await?;
    let reader = context.tenant()?;
    let what = format!(
        "sign in as `{}`, create and delete a group, elevate access to Azure and remove it",
        account.name
    );
    state_and_ask(context, &reader.describe(), Impact::SecurityImpacting, &what)?;
    let browser = browser(context, &design, args)?;
    let now = world.now();
    let mut drill = Drill::new(
        format!("drill-{}-{}", now.strftime("%Y%m%d-%H%M%S"), account.name),
        &account.name,
        id,
        now,
    );
    drill.key = key_names(&design, &account.name).get(args.key.saturating_sub(1)).cloned();
    drill.by.clone_from(&args.by);
    let flow = AuthorizationCodeFlow::new(context.client()?);
    let outbox = channels::outbox(context, &design, &world)?;
    let drilling = Drilling {
        world: &world,
        reader: &*reader,
        flow: &flow,
        browser: &*browser,
        patience: Duration::from_secs(args.wait_for_logs),
        progress: &|act| output::talk(format!("  {act}")),
    };
    // Somebody must be watching while the drill runs: its alert is part of its proof.
    let report = tokio::select! {
        report = run_drill(&drilling, &drill, &account.upn) => report?,
        failure = super::watch::follow(&world, &*reader, &design, &outbox) => return Err(failure),
    };
    print(context, &report);
    Ok(exit(&report))
}

fn browser(context: &Context, design: &Design, args: &RunArgs) -> Result<Box<dyn Browser>, Failure> {
    let Some(directory) = &args.danger_software_keys else {
        return Ok(Box::new(PersonBrowser::new(context.clock.clone())));
    };
    let ring = SoftwareKeyRing::danger_open(directory.clone(), design)?;
    let keys = ring.keys(&args.account);
    let key = keys.get(args.key.saturating_sub(1)).cloned().ok_or_else(|| {
        Failure::new(
            format!("`{}` has {} keys, and key {} was asked for", args.account, keys.len(), args.key),
            "give another `--key`",
        )
    })?;
    let bundle = match &design.tenant.cloud {
        Cloud::Custom { ca_bundle, .. } => ca_bundle.as_ref().map(PathBuf::from),
        _ => None,
    };
    Ok(Box::new(ScriptedBrowser::new(bundle.as_deref(), Credential::Passkey(key))?))
}

fn exit(report: &DrillReport) -> Exit {
    match report.verdict() {
        Tri::Yes => Exit::Holds,
        Tri::No => Exit::DoesNotHold,
        Tri::Unknown => Exit::CannotTell,
    }
}

fn print(context: &Context, report: &DrillReport) {
    if context.format == Format::Json {
        output::json(report);
        return;
    }
    let (style, word) = match report.verdict() {
        Tri::Yes => (GOOD, "the logs prove it"),
        Tri::No => (BAD, "something is missing"),
        Tri::Unknown => (UNKNOWN, "cannot tell"),
    };
    output::data(format!(
        "{} {} with {}",
        paint(BOLD, &report.drill.id),
        paint(style, word),
        report.drill.key.as_deref().unwrap_or("a key")
    ));
    for item in &report.items {
        let style = match item.standing {
            Standing::Seen => GOOD,
            Standing::Missing => BAD,
            Standing::Unknown => UNKNOWN,
        };
        let record = item.records.first().map(|r| paint(DIM, format!(" record {r}"))).unwrap_or_default();
        output::data(format!(
            "  {} {}: {}{record}",
            paint(style, format!("{:<8}", item.standing.to_string())),
            item.what,
            item.detail
        ));
    }
    let m = &report.measured;
    let seconds = |s: Option<i64>| s.map_or_else(|| "unknown".into(), |s| format!("{s} s"));
    output::data(format!(
        "  signed in after {}, recovery action after {}, alert raised after {}",
        seconds(m.signed_in),
        seconds(m.first_action),
        seconds(m.alert_raised)
    ));
}

async fn report(context: &Context, id: Option<&str>) -> Outcome {
    let world = context.world().await?;
    let mut end = Exit::Holds;
    let mut any = false;
    for (drill, record) in
        records(&world).await?.into_iter().filter(|(d, _)| id.is_none_or(|wanted| wanted == d))
    {
        any = true;
        match &record.report {
            Some(report) => {
                print(context, report);
                end = end.and(exit(report));
            }
            None => {
                let why = record.error.as_deref().unwrap_or("it was not carried to its end");
                output::data(format!("{} {} {why}", paint(BOLD, &drill), paint(BAD, "failed:")));
                end = Exit::DoesNotHold;
            }
        }
    }
    if any {
        return Ok(end);
    }
    Err(Failure::new(
        "there is no such drill",
        "run `breakglass drill run ACCOUNT`, or `breakglass drill report` without an id",
    ))
}
