//! Reading the directory: what an interrupted write left is mended, everything else must fit the signed checkpoint.

use super::{Files, LedgerError, State};
use crate::durable;
use breakglass_ledger::merkle::leaf_hash;
use breakglass_ledger::tile::{self, WIDTH};
use breakglass_ledger::{Checkpoint, Entry, Hash, LONGEST_ENTRY, LogKey, Tree};
use breakglass_model::canonical;
use breakglass_ops::port::Entropy;
use std::fs;
use zeroize::Zeroizing;

const README: &str = "\
The ledger of breakglass: what happened, in an order that cannot be changed without it showing.

entries.jsonl   one entry a line
checkpoint      how many entries there are and the root over them, signed; keep a copy elsewhere now and then
tile/           the same log for C2SP tlog-tiles clients
verifier.key    checks the signatures; give it to your auditor on paper
key             SECRET: signs. Whoever has it can sign a false history

Do not edit anything here: the program refuses a directory that does not fit its checkpoint.
`breakglass evidence pack` makes one file of it for an auditor.
";

/// The signing key; made, with everything else of a new ledger, when nothing is there yet.
pub(super) fn key(files: &Files, entropy: &dyn Entropy) -> Result<LogKey, LedgerError> {
    let path = files.key();
    let begun = files.checkpoint().exists();
    let text = files.read_text(&path)?.map(Zeroizing::new);
    if !begun {
        for leftover in [files.entries(), files.tile("tile")] {
            let empty = fs::metadata(&leftover).map_or(true, |m| m.is_file() && m.len() == 0);
            if !empty {
                return Err(LedgerError::tampered(
                    &files.checkpoint(),
                    "it is missing, and there are entries",
                ));
            }
        }
    }
    let key = match text {
        Some(text) => {
            if durable::open_to_others(&path).map_err(|e| LedgerError::io("looking at", &path, e))? {
                return Err(LedgerError::KeyExposed(path.display().to_string()));
            }
            LogKey::parse(text.trim_end()).map_err(|e| LedgerError::tampered(&path, e.to_string()))?
        }
        None if begun => return Err(LedgerError::tampered(&path, "the signing key is missing")),
        None => new_key(files, entropy)?,
    };
    let verifier = format!("{}\n", key.verifier());
    match files.read_text(&files.verifier())? {
        Some(found) if found != verifier => {
            return Err(LedgerError::tampered(&files.verifier(), "it does not belong to the signing key"));
        }
        Some(_) => {}
        None => files.replace(&files.verifier(), verifier.as_bytes())?,
    }
    if !begun {
        files.replace(&files.dir.join("README.txt"), README.as_bytes())?;
        files.replace(&files.entries(), b"")?;
        // The last file: from here on there is a ledger.
        files.replace(&files.checkpoint(), Checkpoint::sign(0, Hash::EMPTY, &key).as_bytes())?;
    }
    Ok(key)
}

/// A key under a name that no other ledger has.
fn new_key(files: &Files, entropy: &dyn Entropy) -> Result<LogKey, LedgerError> {
    let mut seed = Zeroizing::new([0; 32]);
    let mut id = [0; 8];
    entropy.fill(&mut *seed);
    entropy.fill(&mut id);
    let name = format!("breakglass-ledger/{:016x}", u64::from_be_bytes(id));
    let key = LogKey::new(&name, &seed).map_err(|e| LedgerError::tampered(&files.key(), e.to_string()))?;
    let text = Zeroizing::new(format!("{}\n", *key.danger_reveal()));
    files.replace(&files.key(), text.as_bytes())?;
    Ok(key)
}

/// The log as its checkpoint covers it. What an interrupted write left stays until the next entry replaces it; missing
/// tiles are made again.
pub(super) fn state(files: &Files, key: &LogKey) -> Result<State, LedgerError> {
    let at = files.checkpoint();
    let text = files.read_text(&at)?.ok_or_else(|| LedgerError::tampered(&at, "it is missing"))?;
    let checkpoint =
        Checkpoint::open(&text, key.verifier()).map_err(|e| LedgerError::tampered(&at, e.to_string()))?;
    let bytes = files.read(&files.entries())?;
    let bytes = bytes.ok_or_else(|| LedgerError::tampered(&files.entries(), "it is missing"))?;
    let (lines, rest) = covered(&bytes, checkpoint.size);
    let tampered = |detail: String| LedgerError::tampered(&files.entries(), detail);
    for (index, line) in (0..).zip(&lines) {
        let entry = Entry::parse(line).map_err(|e| tampered(format!("entry {index}: {e}")))?;
        if entry.index != index {
            return Err(tampered(format!("entry {} stands where entry {index} belongs", entry.index)));
        }
    }
    if (lines.len() as u64) < checkpoint.size {
        return Err(tampered(format!(
            "it has {} whole entries, the signed checkpoint covers {}: the end was cut off",
            lines.len(),
            checkpoint.size
        )));
    }
    let tree: Tree = lines.iter().map(|line| leaf_hash(line)).collect();
    if tree.root() != checkpoint.root {
        return Err(tampered(match edited(files, &tree) {
            Some(index) => format!("entry {index} is not the one that was signed"),
            None => "the entries are not those that the checkpoint signs".into(),
        }));
    }
    // One interrupted write leaves one line at most.
    let unfinished = rest.len() <= LONGEST_ENTRY + 1 && rest.iter().rev().skip(1).all(|b| *b != b'\n');
    if !unfinished {
        return Err(tampered(format!(
            "there are {} bytes behind the {} entries of the checkpoint, more than an interrupted write leaves",
            rest.len(),
            checkpoint.size
        )));
    }
    check_tiles(files, &tree, &lines)?;
    let length = (bytes.len() - rest.len()) as u64;
    let cut = (!rest.is_empty()).then(|| (rest.len(), canonical::digest_bytes(rest)));
    let full = lines.len() - lines.len() % usize::try_from(WIDTH).unwrap_or(1);
    let tail = lines.iter().skip(full).map(|line| line.to_vec()).collect();
    Ok(State { checkpoint: text, tree, tail, length, cut })
}

/// The entries of a log that has just been loaded or written.
pub(super) fn entries(files: &Files, state: &State) -> Result<Vec<Entry>, LedgerError> {
    let path = files.entries();
    let bytes = files.read(&path)?.unwrap_or_default();
    let (lines, _) = covered(&bytes, state.tree.size());
    let parse = |line: &&[u8]| Entry::parse(line).map_err(|e| LedgerError::tampered(&path, e.to_string()));
    lines.iter().map(parse).collect()
}

/// The first `size` lines, each without its end, and what comes behind them.
fn covered(bytes: &[u8], size: u64) -> (Vec<&[u8]>, &[u8]) {
    let (mut lines, mut rest) = (Vec::new(), bytes);
    while (lines.len() as u64) < size {
        let Some(end) = rest.iter().position(|b| *b == b'\n') else { break };
        let (line, behind) = rest.split_at(end);
        lines.push(line);
        rest = behind.strip_prefix(b"\n").unwrap_or_default();
    }
    (lines, rest)
}

/// The first entry whose hash is not the one in the tiles, when they can tell.
fn edited(files: &Files, tree: &Tree) -> Option<u64> {
    for tile in tile::tiles(tree.size()).iter().filter(|tile| tile.level == Some(0)) {
        let bytes = fs::read(files.tile(&tile.path())).ok()?;
        for (index, hash) in (tile.first_entry()..).zip(bytes.chunks(32)) {
            if tree.leaf(index).is_some_and(|leaf| leaf.as_bytes() != hash) {
                return Some(index);
            }
        }
    }
    None
}

/// Entries and root were good; a tile that differs from them was edited. One that is missing is made again.
fn check_tiles(files: &Files, tree: &Tree, lines: &[&[u8]]) -> Result<(), LedgerError> {
    for tile in tile::tiles(tree.size()) {
        let path = files.tile(&tile.path());
        let expected = tile::content(&tile, tree, lines).unwrap_or_default();
        match files.read(&path)? {
            Some(found) if found == expected => {}
            Some(_) => return Err(LedgerError::tampered(&path, "it is not what the entries give")),
            None => files.replace(&path, &expected)?,
        }
    }
    Ok(())
}
