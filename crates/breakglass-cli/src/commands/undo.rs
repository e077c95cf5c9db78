//! `breakglass undo`: take a plan back, role first, watch last, and only what the plan made.

use crate::connect::state_and_ask;
use crate::context::Context;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{self, Format};
use breakglass_ops::provision::journal::Journal;
use breakglass_ops::provision::plan::Impact;
use breakglass_ops::provision::undo;
use serde_json::json;

#[derive(clap::Args)]
pub struct Args {
    /// Digest of the plan to take back; without it the last one applied
    #[arg(long, value_name = "DIGEST")]
    pub plan: Option<String>,
}

pub async fn run(context: &Context, args: Args) -> Outcome {
    let world = context.world().await?;
    let mut journals = Journal::all(&*world.documents).await?;
    journals.retain(|j| args.plan.as_ref().is_none_or(|d| *d == j.plan.digest) && has_open_steps(j));
    journals.sort_by_key(|j| j.steps.values().map(|e| e.began).max());
    let Some(mut journal) = journals.pop() else {
        return Err(Failure::new(
            "there is no applied plan to take back",
            "look at the ledger with `breakglass evidence log`",
        ));
    };
    let tenant = context.tenant()?;
    let what = format!("take back {} steps of plan {}", journal.steps.len(), journal.plan.digest);
    state_and_ask(context, &tenant.describe(), Impact::SecurityImpacting, &what)?;
    let undone = undo(&world, &*tenant, &mut journal).await?;
    match context.format {
        Format::Json => output::json(&json!({ "plan": journal.plan.digest, "undone": undone.steps })),
        _ => {
            for step in &undone.steps {
                output::data(format!("undone {step}"));
            }
        }
    }
    if !journal.ids.is_empty() && context.design()?.accounts.iter().any(|a| a.object_id.is_some()) {
        output::talk(format!(
            "`{}` still names the objects that were taken back: remove their `object_id` before you plan anew",
            context.config.display()
        ));
    }
    Ok(Exit::Holds)
}

fn has_open_steps(journal: &Journal) -> bool {
    journal.steps.values().any(|e| e.undone.is_none())
}
