//! `breakglass apply`: carry out a plan, or go on with one that was interrupted.

use super::plan::{self, Planned};
use crate::connect::state_and_ask;
use crate::context::Context;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{self, BOLD, Format, GOOD, paint};
use crate::{files, snapshots};
use breakglass_authenticator::SoftwareKeyRing;
use breakglass_model::design::{ObjectIds, set_object_ids};
use breakglass_ops::provision::apply::{Hands, Patience};
use breakglass_ops::provision::journal::Journal;
use breakglass_ops::provision::plan::Impact;
use breakglass_ops::provision::{Applied, Plan, ProvenPlan, Step, apply, project};
use breakglass_ops::{World, assess};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[derive(clap::Args)]
pub struct Args {
    /// The plan file to apply; without it the plan is made now from the last snapshot
    #[arg(value_name = "PLAN")]
    pub plan: Option<PathBuf>,
    /// Rehearsals only: software keys in this directory stand for hardware keys (their private keys are on disk)
    #[arg(long, value_name = "DIR")]
    pub danger_software_keys: Option<PathBuf>,
    /// How many seconds to wait for the accounts' traces to appear in the audit log
    #[arg(long, default_value_t = 900, value_name = "SECONDS")]
    pub wait_for_logs: u64,
}

pub async fn run(context: &Context, args: Args) -> Outcome {
    let world = context.world().await?;
    let planned = choose(context, &world, args.plan.as_ref()).await?;
    plan::show(&planned);
    if planned.plan.steps.is_empty() {
        return Ok(plan::verdict_exit(&planned.proof));
    }
    let tenant = context.tenant()?;
    let what = format!("apply {} steps", planned.plan.steps.len());
    state_and_ask(context, &tenant.describe(), Impact::SecurityImpacting, &what)?;
    let applied = carry_out(context, &world, planned, &args).await?;
    match context.format {
        Format::Json => output::json(&json!({
            "plan": applied.journal.plan.digest, "carried_out": applied.carried_out, "ids": applied.journal.ids,
            "snapshot_digest": applied.snapshot.digest, "verdict": "proved-safe",
        })),
        _ => output::data(format!(
            "{} {} steps carried out; the tenant, read again, is {}",
            paint(BOLD, "applied:"),
            applied.carried_out,
            paint(GOOD, "proved safe")
        )),
    }
    Ok(Exit::Holds)
}

/// The plan in the file, or one made now; with its base snapshot, from the store, and a fresh proof.
async fn choose(context: &Context, world: &World, file: Option<&PathBuf>) -> Result<Planned, Failure> {
    if let Some(unfinished) =
        unfinished(world).await?.filter(|u| file.is_none() || file.is_some_and(|f| is_plan(f, u)))
    {
        output::talk(format!("going on with plan {} that was interrupted", unfinished.digest));
        return bind(context, world, unfinished).await;
    }
    match file {
        None => {
            let planned = plan::make(context, &[]).await?;
            keep_base(world, &planned).await?;
            Ok(planned)
        }
        Some(file) => {
            let text = files::read_text(file)?;
            let plan: Plan = files::json(&text).map_err(|fault| {
                Failure::new(
                    format!("`{}` is not a plan: {fault}", file.display()),
                    "write one with `breakglass plan --out FILE`",
                )
            })?;
            if let Some(nothing) = carried_out_before(context, world, &plan).await? {
                return Ok(nothing);
            }
            if let Some(last) = snapshots::last(world).await?.filter(|s| s.digest == plan.snapshot_digest) {
                let planned = prove(context, plan, last)?;
                keep_base(world, &planned).await?;
                return Ok(planned);
            }
            bind(context, world, plan).await
        }
    }
}

/// A plan that was carried out to its end has nothing left to do, and one that was taken back is not begun again: both
/// were made for the tenant as it was before, and a proof about that tenant would say nothing about this one.
async fn carried_out_before(
    context: &Context,
    world: &World,
    plan: &Plan,
) -> Result<Option<Planned>, Failure> {
    let journals = Journal::all(&*world.documents).await?;
    let Some(journal) = journals.into_iter().find(|j| j.plan.digest == plan.digest) else { return Ok(None) };
    if journal.undone {
        return Err(Failure::new(
            format!("plan {} was applied and taken back; nothing was done", plan.digest),
            "run `breakglass collect` and `breakglass plan --out FILE`, and apply the new plan",
        ));
    }
    let design = context.design()?;
    let written =
        design.exclusion_group.object_id.is_some() && design.accounts.iter().all(|a| a.object_id.is_some());
    if !written || !journal.plan.steps.iter().all(|s| journal.is_done(s)) {
        return Ok(None);
    }
    output::talk(format!("plan {} was carried out already", plan.digest));
    let planned = plan::make(context, &[]).await?;
    if planned.plan.steps.is_empty() {
        return Ok(Some(planned));
    }
    Err(Failure::new(
        "the tenant is no longer as that plan left it; nothing was done",
        "run `breakglass collect` and `breakglass plan --out FILE`, and apply the new plan",
    ))
}

fn is_plan(file: &Path, plan: &Plan) -> bool {
    let text = files::read_text(file).unwrap_or_default();
    serde_json::from_str::<Plan>(&text).is_ok_and(|p| p.digest == plan.digest)
}

async fn unfinished(world: &World) -> Result<Option<Plan>, Failure> {
    let journals = Journal::all(&*world.documents).await?;
    let open = |j: &Journal| !j.undone && j.plan.steps.iter().any(|s| !j.is_done(s));
    Ok(journals.into_iter().find(open).map(|j| j.plan))
}

/// The snapshot a plan was made from is kept beside it: going on after a kill needs it.
async fn keep_base(world: &World, planned: &Planned) -> Result<(), Failure> {
    world.documents.put("plan-base", &planned.plan.digest, &json!(planned.base), None).await?;
    Ok(())
}

async fn bind(context: &Context, world: &World, plan: Plan) -> Result<Planned, Failure> {
    let stored = world.documents.get("plan-base", &plan.digest).await?;
    let Some((_, base)) = stored else {
        return Err(Failure::new(
            "the snapshot that this plan was made from is not in the data directory",
            "collect and plan again",
        ));
    };
    prove(context, plan, serde_json::from_value(base)?)
}

fn prove(context: &Context, plan: Plan, base: breakglass_model::Snapshot) -> Result<Planned, Failure> {
    let design = context.design()?;
    let proof = assess::prove(&design, &project(&base, &design, &plan), context.clock.now());
    Ok(Planned { design, base, plan, proof })
}

/// Applies with software or hardware keys and keeps the result.
pub async fn carry_out(
    context: &Context,
    world: &World,
    planned: Planned,
    args: &Args,
) -> Result<Applied, Failure> {
    let Planned { design, base, plan, proof } = planned;
    let no_lockout = proof.no_lockout().ok_or_else(|| {
        Failure::new(
            format!("not applied: {}", assess::headline(&proof)),
            "look at `breakglass plan` and `breakglass prove`; nothing was changed",
        )
    })?;
    let proven = ProvenPlan::new(plan, base, &design, no_lockout)?;
    let keys = match &args.danger_software_keys {
        Some(dir) => SoftwareKeyRing::danger_open(dir.clone(), &design)?,
        None => {
            return Err(Failure::new(
                "no security keys are at hand: hardware keys over USB are not supported yet",
                "in a rehearsal give `--danger-software-keys DIR`; in production register the keys in the portal and adopt the accounts by `object_id`",
            ));
        }
    };
    let tenant = context.tenant()?;
    let progress = |step: &Step, n: usize, of: usize| output::talk(format!("  [{n:>2}/{of}] {}", step.title));
    let patience = Patience { logs: Duration::from_secs(args.wait_for_logs), ..Patience::default() };
    let hands = Hands { world, tenant: &*tenant, keys: &keys, patience, progress: &progress };
    let applied = apply(&hands, &design, proven).await?;
    snapshots::keep(world, &applied.snapshot).await?;
    let text = files::read_text(&context.config)?;
    let name = context.config.display().to_string();
    let text = set_object_ids(&text, &name, &ObjectIds::of(&applied.design)).map_err(|problems| {
        let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
        Failure::new(
            format!(
                "everything was applied, but the object ids could not be written into the design\n{}",
                lines.join("\n")
            ),
            format!("write these yourself: {:?}", applied.journal.ids),
        )
    })?;
    files::write(&context.config, text.as_bytes())?;
    Ok(applied)
}
