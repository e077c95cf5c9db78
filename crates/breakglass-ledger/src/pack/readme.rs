//! The page for the auditor: what is in the pack, and how to check it without our program.

use super::Contents;
use crate::merkle::Tree;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Writing to a text does not fail, so what `write!` answers is not looked at.
pub(super) fn text(contents: &Contents<'_>, tree: &Tree) -> String {
    let mut out = String::new();
    let about = &contents.about;
    let _ = write!(out, "Evidence pack: {}\n\nMade {}", about.title, about.made_at);
    if let Some((from, until)) = about.period {
        let _ = write!(out, ", for the period from {from} until {until}");
    }
    let _ = writeln!(
        out,
        ".\nThe log has {} entries and root {}.\nIt is signed with the key\n\n    {}\n",
        tree.size(),
        tree.root(),
        contents.key.verifier()
    );
    out.push_str(
        "Anybody can make a pack and sign it with a key of their own. Compare this key with the one that reached\n\
         you by another way, on paper or by telephone, before you believe anything here.\n\n",
    );
    kinds(contents, &mut out);
    out.push_str(FILES);
    out
}

/// How often what happened.
fn kinds(contents: &Contents<'_>, out: &mut String) {
    let within = |at| contents.about.period.is_none_or(|(from, until)| from <= at && at < until);
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for entry in contents.entries.iter().filter(|e| within(e.at)) {
        *counts.entry(&entry.kind).or_default() += 1;
    }
    if counts.is_empty() {
        return;
    }
    out.push_str(if contents.about.period.is_some() { "Entries of the period:\n\n" } else { "Entries:\n\n" });
    for (kind, count) in counts {
        // A kind is a word of ours; should one hold a line end, it must not write lines of its own here.
        let _ = writeln!(out, "    {count:>6}  {}", kind.escape_debug());
    }
    out.push('\n');
}

const FILES: &str = "\
Files:

    pack.note       what this pack is, signed; holds the digest of SHA256SUMS
    SHA256SUMS      the digest of every other file
    verifier.key    the key to check signatures with: name, short hash, Ed25519 key
    checkpoint      how many entries the log has and the root of its Merkle tree, signed
    entries.jsonl   the entries, one a line: what happened, about what, when, with what data
    tile/           the same log in the form of C2SP tlog-tiles: entry bundles and the hashes of the tree
    attachments/    reports and other files that were put in, if any

To look inside and check it with tools that you have:

    tar xf PACK && cd breakglass-pack
    sha256sum -c SHA256SUMS                 every file is as it was when the pack was signed
    sha256sum SHA256SUMS; cat pack.note     the digest is the one that was signed
    less entries.jsonl

`pack.note` and `checkpoint` are C2SP signed notes; golang.org/x/mod/sumdb/note opens them with verifier.key. The root is
the RFC 6962 Merkle tree hash over the lines of entries.jsonl, each without its line end.

With our program, offline:

    breakglass evidence verify PACK

It says which file or entry was edited, deleted, moved or cut off. Give it the key that you were given, and a checkpoint
that you kept from an earlier pack: that shows a history that its owner rewrote and signed again. Without an earlier
checkpoint nothing shows that.
";
