//! Checking a pack: bytes in, report out. No file, no network, no store, no clock.

use super::manifest::{self, Manifest};
use super::report::{EarlierCheckpoint, ProblemKind as Kind, VerifyReport};
use super::tar::{self, Damage, Member};
use super::{ATTACHMENTS, CHECKPOINT, ENTRIES, KEY, NOTE, README, SUMS, entries};
use crate::checkpoint::Checkpoint;
use crate::key::VerifierKey;
use crate::merkle::Tree;
use crate::note;
use std::collections::{BTreeMap, BTreeSet};

/// Verifies a pack.
///
/// `expected` is the key that the verifying person was given by another way; without it the key in the pack is used and
/// the verdict is at most unknown. `earlier` is a checkpoint that was kept from an earlier day: the pack's history must
/// begin with it. Anything can be handed in as bytes; what is not a pack gives a report that says so.
#[must_use]
pub fn verify(bytes: &[u8], expected: Option<&VerifierKey>, earlier: Option<&str>) -> VerifyReport {
    let mut report = VerifyReport::default();
    let (members, damage) = tar::read(bytes);
    // The first of a name counts; a second one is a problem of its own.
    let files: BTreeMap<&str, &[u8]> = members.iter().rev().map(|m| (m.name, m.bytes)).collect();
    let get = |name: &str| files.get(name).copied();
    if let Some(damage) = &damage {
        container(damage, &members, &mut report);
    }
    let key = key(get(KEY), expected, &mut report);
    let manifest = key.as_ref().and_then(|key| pack_note(get(NOTE), key, &mut report));
    sums(&members, manifest.as_ref(), damage.is_none(), &mut report);
    let checkpoint = key.as_ref().and_then(|key| checkpoint(get(CHECKPOINT), key, &mut report));
    if let (Some(manifest), Some(checkpoint)) = (&manifest, &checkpoint)
        && manifest.entries != checkpoint.size
    {
        let detail = format!("it is about {} entries, `{NOTE}` about {}", checkpoint.size, manifest.entries);
        report.problem(Kind::Edited, CHECKPOINT, detail);
    }
    let tree = entries::check(&get, checkpoint.as_ref(), &mut report);
    if let (Some(note), Some(key)) = (earlier, &key) {
        compare(note, key, checkpoint.as_ref(), &tree, &mut report);
    }
    report.about = manifest.map(|m| m.about);
    report.size = checkpoint.as_ref().map(|c| c.size);
    report.root = checkpoint.map(|c| c.root.to_string());
    report.attachments =
        members.iter().filter_map(|m| m.name.strip_prefix(ATTACHMENTS)).map(str::to_owned).collect();
    if key.is_some() && expected.is_none() {
        report.notes.push(
            "the key was taken from the pack itself: compare it with the one that reached you by another way"
                .into(),
        );
    }
    if earlier.is_none() {
        report.notes.push(
            "no earlier checkpoint was given: a history that its owner rewrote and signed again would not show".into(),
        );
    }
    report
}

/// Says which file the container broke at: the one that stands there by the list of digests.
fn container(damage: &Damage, members: &[Member<'_>], report: &mut VerifyReport) {
    let kind = match damage.cut {
        true => Kind::Truncated,
        false if members.is_empty() => Kind::Malformed,
        false => Kind::Edited,
    };
    let sums = members.get(1).filter(|m| m.name == SUMS).and_then(|m| std::str::from_utf8(m.bytes).ok());
    let listed = sums.and_then(|text| manifest::parse_sums(text).ok());
    let name = match damage.position {
        0 => Some(NOTE),
        1 => Some(SUMS),
        n => listed.as_ref().and_then(|names| names.get(n - 2)).map(|(name, _)| *name),
    };
    let place = match (name, listed) {
        (Some(name), _) => name.to_owned(),
        (None, Some(_)) => "end of the pack".to_owned(),
        (None, None) => format!("file {} of the pack", damage.position + 1),
    };
    report.problem(kind, place, format!("{}; nothing from here on could be read", damage.what));
}

fn key(
    file: Option<&[u8]>,
    expected: Option<&VerifierKey>,
    report: &mut VerifyReport,
) -> Option<VerifierKey> {
    let text = file.and_then(|bytes| std::str::from_utf8(bytes).ok());
    let found = text.and_then(|t| t.strip_suffix('\n')).map(VerifierKey::parse);
    let found = match (found, file) {
        (Some(Ok(found)), _) => Some(found),
        (Some(Err(error)), _) => {
            report.problem(Kind::Edited, KEY, error.to_string());
            None
        }
        (None, Some(_)) => {
            report.problem(Kind::Edited, KEY, "it is not one line of text");
            None
        }
        // A missing file is named with the other missing ones.
        (None, None) => None,
    };
    if let (Some(found), Some(expected)) = (&found, expected)
        && found != expected
    {
        let detail =
            format!("it is `{found}`, expected was `{expected}`: the pack is of another log, or forged");
        report.problem(Kind::Signature, KEY, detail);
    }
    report.key_expected = expected.is_some();
    let key = expected.cloned().or(found);
    report.key = key.as_ref().map(ToString::to_string);
    key
}

fn pack_note(file: Option<&[u8]>, key: &VerifierKey, report: &mut VerifyReport) -> Option<Manifest> {
    let Ok(text) = std::str::from_utf8(file?) else {
        report.problem(Kind::Edited, NOTE, "it is no text");
        return None;
    };
    let signed = match note::open_sole(text, key) {
        Ok(signed) => signed,
        Err(error) => {
            report.problem(Kind::Signature, NOTE, error.to_string());
            return None;
        }
    };
    let manifest = Manifest::parse(signed);
    match &manifest {
        None => report.problem(Kind::Malformed, NOTE, "it is signed, but it is not the note of a pack"),
        Some(m) if m.log != key.name() => {
            report.problem(
                Kind::Signature,
                NOTE,
                format!("it is about log `{}`, not about `{}`", m.log, key.name()),
            );
        }
        Some(_) => {}
    }
    manifest
}

/// Every file against its digest, and the list of files against the files. `whole`: the container was read to its end,
/// so that a file that was not found is missing.
fn sums(members: &[Member<'_>], manifest: Option<&Manifest>, whole: bool, report: &mut VerifyReport) {
    let names: Vec<&str> = members.iter().map(|m| m.name).collect();
    for (position, name) in [NOTE, SUMS].into_iter().enumerate() {
        match names.iter().position(|n| *n == name) {
            Some(found) if found == position => {}
            Some(_) => {
                report.problem(Kind::Reordered, name, format!("it is not file {} of the pack", position + 1))
            }
            None if whole || position < names.len() => {
                report.problem(Kind::Deleted, name, "the file is missing")
            }
            None => {}
        }
    }
    let Some(file) = members.iter().find(|m| m.name == SUMS) else { return };
    if manifest.is_some_and(|m| m.sums != manifest::digest(file.bytes)) {
        report.problem(
            Kind::Edited,
            SUMS,
            format!(
                "its digest is not the one that `{NOTE}` signs: any file may have been exchanged with it"
            ),
        );
    }
    let listed = match std::str::from_utf8(file.bytes).map_err(|_| 1).and_then(manifest::parse_sums) {
        Ok(listed) => listed,
        Err(line) => {
            report.problem(Kind::Edited, SUMS, format!("line {line} is not a digest and a name"));
            return;
        }
    };
    let present: Vec<&Member<'_>> = members.iter().filter(|m| m.name != NOTE && m.name != SUMS).collect();
    let places: BTreeMap<&str, (usize, &str)> =
        listed.iter().enumerate().map(|(place, (name, digest))| (*name, (place, *digest))).collect();
    for member in &present {
        match places.get(member.name) {
            None => report.problem(Kind::Added, member.name, format!("the file is not listed in `{SUMS}`")),
            Some((_, digest)) if *digest != manifest::digest(member.bytes) => {
                report.problem(Kind::Edited, member.name, format!("its digest is not the one in `{SUMS}`"));
            }
            Some(_) => {}
        }
    }
    if whole {
        let names: BTreeSet<&str> = names.into_iter().collect();
        for (name, _) in listed.iter().filter(|(name, _)| !names.contains(name)) {
            report.problem(Kind::Deleted, *name, "the file is missing");
        }
        for name in [README, KEY, CHECKPOINT, ENTRIES] {
            if !names.contains(name) && !places.contains_key(name) {
                report.problem(
                    Kind::Deleted,
                    name,
                    format!("the file is missing, and is not in `{SUMS}` either"),
                );
            }
        }
    }
    // Files that stand in another order than their list, or twice.
    let mut last = None;
    for member in present {
        let place = places.get(member.name).map(|(place, _)| *place);
        if place.is_some() && place == last {
            report.problem(Kind::Added, member.name, "the file stands there twice");
        } else if place.is_some() && place < last {
            report.problem(
                Kind::Reordered,
                member.name,
                format!("the file does not stand where `{SUMS}` lists it"),
            );
        }
        last = last.max(place);
    }
}

fn checkpoint(file: Option<&[u8]>, key: &VerifierKey, report: &mut VerifyReport) -> Option<Checkpoint> {
    let Ok(text) = std::str::from_utf8(file?) else {
        report.problem(Kind::Edited, CHECKPOINT, "it is no text");
        return None;
    };
    match Checkpoint::open(text, key) {
        Ok(checkpoint) => Some(checkpoint),
        Err(error) => {
            report.problem(Kind::Signature, CHECKPOINT, error.to_string());
            None
        }
    }
}

/// The pack's history against a checkpoint from an earlier day.
fn compare(
    note: &str,
    key: &VerifierKey,
    checkpoint: Option<&Checkpoint>,
    tree: &Tree,
    report: &mut VerifyReport,
) {
    const PLACE: &str = "earlier checkpoint";
    let earlier = match Checkpoint::open(note, key) {
        Ok(earlier) => earlier,
        Err(error) => {
            report.problem(
                Kind::Signature,
                PLACE,
                format!("{error}; give the one that you kept of this log"),
            );
            return;
        }
    };
    let size = earlier.size;
    let signed = checkpoint.map_or(tree.size(), |c| c.size);
    let found = tree.root_at(size);
    let consistent = size <= signed && found == Some(earlier.root);
    if size > signed {
        let detail = format!(
            "it covers {size} entries, the pack only {signed}: entries from {signed} on were cut off"
        );
        report.problem(Kind::Truncated, PLACE, detail);
    } else if !consistent {
        let root = found.map_or_else(|| "no root".to_owned(), |r| format!("root {r}"));
        let detail = format!(
            "the log's first {size} entries had root {}, here they have {root}: the history was forked, something before entry {size} was rewritten",
            earlier.root
        );
        report.problem(Kind::Forked, PLACE, detail);
    }
    report.earlier = Some(EarlierCheckpoint { size, root: earlier.root.to_string(), consistent });
}
