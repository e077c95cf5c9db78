//! `breakglass plan`: the ordered steps from the tenant to the design, with the proof about the result.

use crate::context::Context;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{self, BAD, BOLD, DIM, Format, GOOD, UNKNOWN, paint};
use crate::{files, snapshots};
use breakglass_access::prove::Proof;
use breakglass_model::Tri;
use breakglass_model::design::Design;
use breakglass_model::snapshot::Snapshot;
use breakglass_ops::assess;
use breakglass_ops::provision::{Plan, plan, project};
use serde_json::json;
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Args {
    /// Plan from this snapshot instead of the last one collected
    #[arg(long, value_name = "FILE")]
    pub snapshot: Vec<PathBuf>,
    /// Where the plan is written, to be looked at, diffed and applied
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// A plan, the snapshot it was made from and the proof about the tenant after it.
pub struct Planned {
    pub design: Design,
    pub base: Snapshot,
    pub plan: Plan,
    pub proof: Proof,
}

/// Plans and proves; pure but for reading the files.
pub async fn make(context: &Context, snapshot: &[PathBuf]) -> Result<Planned, Failure> {
    let design = context.design()?;
    let base = snapshots::given_or_last(context, snapshot).await?;
    snapshots::of_the_tenant(&design, &base)?;
    if base.tenant.id.is_empty() {
        return Err(Failure::new(
            "the snapshot does not say which tenant it is of, so nothing can be planned from it",
            "plan from what `breakglass collect` read; `check` and `prove` take other exports",
        ));
    }
    let now = context.clock.now();
    let blocking = assess::blocking(&design, &base, now);
    let plan = plan(&design, &base, &blocking, now)?;
    let proof = assess::prove(&design, &project(&base, &design, &plan), now);
    Ok(Planned { design, base, plan, proof })
}

pub async fn run(context: &Context, args: Args) -> Outcome {
    let planned = make(context, &args.snapshot).await?;
    if let Some(out) = &args.out {
        files::write(out, (serde_json::to_string_pretty(&planned.plan)? + "\n").as_bytes())?;
        output::talk(format!("plan written to `{}`", out.display()));
    }
    match context.format {
        Format::Json => output::json(&json!({ "plan": planned.plan, "proof": planned.proof })),
        _ => show(&planned),
    }
    Ok(verdict_exit(&planned.proof))
}

/// Prints the steps and the verdict.
pub fn show(planned: &Planned) {
    if planned.plan.steps.is_empty() {
        output::data("nothing to do: the tenant is as the design says");
    }
    for step in &planned.plan.steps {
        output::data(format!(
            "{} {}",
            paint(BOLD, step.id.split('-').next().unwrap_or_default()),
            step.title
        ));
        if let breakglass_ops::provision::Action::ExcludeFromPolicy { because, .. } = &step.action {
            output::data(paint(DIM, format!("   because {because}")));
        }
    }
    output::data(format!("after it: {}", verdict_line(&planned.proof)));
}

/// The verdict in colour and words.
pub fn verdict_line(proof: &Proof) -> String {
    let style = match proof.holds() {
        Tri::Yes => GOOD,
        Tri::No => BAD,
        Tri::Unknown => UNKNOWN,
    };
    paint(style, assess::headline(proof))
}

/// Exit code of a proof.
pub fn verdict_exit(proof: &Proof) -> Exit {
    match proof.holds() {
        Tri::Yes => Exit::Holds,
        Tri::No => Exit::DoesNotHold,
        Tri::Unknown => Exit::CannotTell,
    }
}
