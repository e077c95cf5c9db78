//! One entry more.

use super::{Inner, LedgerError, State};
use crate::durable;
use breakglass_ledger::merkle::leaf_hash;
use breakglass_ledger::tile::{self, WIDTH};
use breakglass_ledger::{Checkpoint, Entry};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::fs::{self, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};

/// Appends an entry, after one about what had to be cut off, if anything. Durable when it returns.
pub(super) fn record(
    inner: &Inner,
    state: &mut State,
    at: Timestamp,
    kind: &str,
    subject: &str,
    data: &Value,
) -> Result<u64, LedgerError> {
    let line = |index: u64| Entry::new(index, at, kind, subject, data.clone()).to_bytes();
    // What cannot be kept is refused before anything is written.
    line(state.tree.size())?;
    if let Some((bytes, sha256)) = state.cut.clone() {
        let data = json!({ "cut_bytes": bytes, "sha256": sha256 });
        let entry = Entry::new(state.tree.size(), at, "ledger.recovered", "ledger", data);
        append(inner, state, &entry.to_bytes()?)?;
        state.cut = None;
    }
    let index = state.tree.size();
    append(inner, state, &line(index)?)?;
    Ok(index)
}

fn append(inner: &Inner, state: &mut State, line: &[u8]) -> Result<(), LedgerError> {
    let files = &inner.files;
    let path = files.entries();
    let mut bytes = line.to_vec();
    bytes.push(b'\n');
    let write = || {
        let mut file = OpenOptions::new().write(true).open(&path)?;
        // What an interrupted write left behind the acknowledged entries goes.
        file.set_len(state.length)?;
        file.seek(SeekFrom::Start(state.length))?;
        file.write_all(&bytes)?;
        file.sync_all()
    };
    write().map_err(|e| LedgerError::io("appending to", &path, e))?;
    let before = state.tree.size();
    state.length += bytes.len() as u64;
    state.tree.push(leaf_hash(line));
    state.tail.push(line.to_vec());
    let now = state.tree.size();
    for tile in tile::new_tiles(before, now) {
        let content = if tile.level.is_some() { tile.hashes(&state.tree) } else { tile::bundle(&state.tail) };
        let path = files.tile(&tile.path());
        let content =
            content.ok_or_else(|| LedgerError::tampered(&path, "the tree does not reach so far"))?;
        files.replace(&path, &content)?;
    }
    // From here on the entry is acknowledged, whether the caller hears of it or not.
    let checkpoint = Checkpoint::sign(now, state.tree.root(), &inner.key);
    files.replace(&files.checkpoint(), checkpoint.as_bytes())?;
    state.checkpoint = checkpoint;
    if now.is_multiple_of(WIDTH) {
        state.tail.clear();
    }
    for tile in tile::replaced_tiles(before, now) {
        // A partial tile that stays behind takes room and does no harm.
        let path = files.tile(&tile.path());
        let _ = fs::remove_file(&path);
        let _ = fs::remove_dir(durable::parent(&path));
    }
    Ok(())
}
