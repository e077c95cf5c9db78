//! Where snapshots come from: a file or folder given by the person, or the last one in the data directory.

use crate::context::Context;
use crate::failure::Failure;
use crate::files;
use crate::output::{self, UNKNOWN, paint};
use breakglass_model::design::Design;
use breakglass_model::import;
use breakglass_model::snapshot::Snapshot;
use breakglass_ops::World;
use serde_json::json;
use std::path::PathBuf;

/// Keeps a snapshot as the last one, and notes it in the ledger.
pub async fn keep(world: &World, snapshot: &Snapshot) -> Result<(), Failure> {
    world.documents.put("state", "snapshot", &json!(snapshot), None).await?;
    let unread: Vec<_> = snapshot.unread.iter().map(|u| &u.what).collect();
    world
        .record(
            "collect.done",
            &snapshot.tenant.id,
            json!({ "digest": snapshot.digest, "taken_at": snapshot.taken_at, "unread": unread }),
        )
        .await?;
    Ok(())
}

/// The snapshot that `collect` kept last.
pub async fn last(world: &World) -> Result<Option<Snapshot>, Failure> {
    let Some((_, value)) = world.documents.get("state", "snapshot").await? else { return Ok(None) };
    Ok(Some(serde_json::from_value(value)?))
}

/// A snapshot from files and folders of any shape that `import` knows. Problems are said on stderr, one by one; other
/// files are still read.
pub fn import(context: &Context, paths: &[PathBuf]) -> Result<Snapshot, Failure> {
    let (contents, unreadable) = files::read_all(paths);
    for problem in &unreadable {
        output::talk(format!("{}: {problem}", paint(UNKNOWN, "not read")));
    }
    if contents.is_empty() {
        let names: Vec<_> = paths.iter().map(|p| format!("`{}`", p.display())).collect();
        return Err(Failure::new(
            format!("there is no file to read in {}", names.join(", ")),
            "give a snapshot, a Graph export, a ScubaGear output, or a folder of them",
        ));
    }
    let imported = import::files(&contents, context.clock.now());
    for problem in &imported.problems {
        output::talk(format!("{}: {problem}", paint(UNKNOWN, "not read")));
    }
    let mut snapshot = imported.snapshot;
    for problem in unreadable {
        snapshot.note_unread("files", problem);
    }
    Ok(snapshot.seal())
}

/// The snapshot to judge: from `--snapshot` paths, else the last one collected.
pub async fn given_or_last(context: &Context, paths: &[PathBuf]) -> Result<Snapshot, Failure> {
    if !paths.is_empty() {
        return import(context, paths);
    }
    let world = context.world().await?;
    last(&world).await?.ok_or_else(|| {
        Failure::new(
            "no snapshot has been collected yet",
            "run `breakglass collect`, or give `--snapshot FILE`",
        )
    })
}

/// Refuses a snapshot of another tenant than the design's: what is proved about one says nothing about the other. A
/// snapshot that does not say whose it is (an export of policies alone) is let through, and leaves its facts unknown.
pub fn of_the_tenant(design: &Design, snapshot: &Snapshot) -> Result<(), Failure> {
    let (wanted, found) = (design.tenant.id.as_str(), snapshot.tenant.id.as_str());
    if found.is_empty() || found.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    Err(Failure::new(
        format!("the snapshot is of tenant `{found}`, the design is for tenant `{wanted}`"),
        "give the snapshot and the design of one and the same tenant",
    ))
}
