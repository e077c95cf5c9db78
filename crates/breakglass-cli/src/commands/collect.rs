//! `breakglass collect`: read the tenant into a snapshot.

use crate::connect::state_and_ask;
use crate::context::Context;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{self, Format, UNKNOWN, paint};
use crate::{files, snapshots};
use breakglass_model::snapshot::Snapshot;
use breakglass_ops::collect::{Progress, Scope, collect};
use breakglass_ops::port::Tenant;
use breakglass_ops::provision::plan::Impact;
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Args {
    /// Where the snapshot is written; it is kept in the data directory as well
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Says on stderr what has been read.
pub struct Told;

impl Progress for Told {
    fn part(&self, what: &str, done: usize, total: usize) {
        output::talk(format!("  [{done:>2}/{total}] {what}"));
    }
}

pub async fn run(context: &Context, args: Args) -> Outcome {
    let tenant = context.tenant()?;
    state_and_ask(context, &tenant.describe(), Impact::ReadOnly, "read the tenant into a snapshot")?;
    let snapshot = fresh(context, &*tenant).await?;
    if let Some(out) = &args.out {
        files::write_private(out, serde_json::to_string_pretty(&snapshot)?.as_bytes())?;
        output::talk(format!("snapshot written to `{}`", out.display()));
    }
    match context.format {
        Format::Json => output::json(&snapshot),
        _ => {
            let rows = snapshot
                .collections
                .iter()
                .map(|(name, items)| vec![name.clone(), items.len().to_string()])
                .collect();
            output::data(output::table(&["collection", "objects"], rows));
            for unread in &snapshot.unread {
                output::data(format!("{} {}: {}", paint(UNKNOWN, "not read"), unread.what, unread.why));
            }
            output::data(format!("digest {}", snapshot.digest));
        }
    }
    Ok(if snapshot.unread.is_empty() { Exit::Holds } else { Exit::CannotTell })
}

/// Reads the tenant of the design, refuses any other, and keeps the snapshot as the last one.
pub async fn fresh(context: &Context, tenant: &dyn Tenant) -> Result<Snapshot, Failure> {
    let design = context.design()?;
    let scope = Scope {
        accounts: design
            .accounts
            .iter()
            .map(|a| a.object_id.as_ref().map_or_else(|| a.upn.clone(), ToString::to_string))
            .collect(),
        groups: design.exclusion_group.object_id.iter().cloned().collect(),
        cloud: design.tenant.cloud.name().into(),
        name: design.tenant.name.clone(),
    };
    let snapshot = collect(tenant, &scope, context.clock.now(), &Told).await?;
    if snapshot.tenant.id != design.tenant.id.as_str() {
        return Err(Failure::new(
            format!(
                "this is tenant `{}`, the design is for `{}`; nothing was kept",
                snapshot.tenant.id, design.tenant.id
            ),
            "give the credential and the design of one and the same tenant",
        ));
    }
    snapshots::keep(&context.world().await?, &snapshot).await?;
    Ok(snapshot)
}
