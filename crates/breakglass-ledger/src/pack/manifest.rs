//! `SHA256SUMS` in the form of coreutils, and `pack.note` that signs it.

use super::report::About;
use crate::key::LogKey;
use crate::note;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

/// The first line of `pack.note`. A checkpoint's second line is a number, this one's is not: no signature over one can
/// be shown as a signature over the other.
const FORMAT: &str = "breakglass-pack/1";

pub(super) fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// `digest  name` a line, in the order of the files.
pub(super) fn sums<'a>(files: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    files.map(|(name, bytes)| format!("{}  {name}\n", digest(bytes))).collect()
}

/// Names and digests; the number of the first line that is neither on failure.
pub(super) fn parse_sums(text: &str) -> Result<Vec<(&str, &str)>, usize> {
    let lines = text.strip_suffix('\n').ok_or(text.lines().count())?;
    let line = |(n, line): (usize, &'_ str)| match line.split_once("  ") {
        Some((digest, _)) if digest.len() != 64 => Err(n + 1),
        Some(_) => Ok(()),
        None => Err(n + 1),
    };
    lines.split('\n').enumerate().try_for_each(line)?;
    Ok(lines.split('\n').filter_map(|l| l.split_once("  ")).map(|(digest, name)| (name, digest)).collect())
}

/// What `pack.note` says.
pub(super) struct Manifest {
    pub(super) log: String,
    pub(super) about: About,
    pub(super) entries: u64,
    pub(super) sums: String,
}

impl Manifest {
    pub(super) fn sign(&self, key: &LogKey) -> String {
        note::sign(&self.text(), key)
    }

    fn text(&self) -> String {
        let period = match self.about.period {
            Some((from, until)) => format!("period {from} {until}\n"),
            None => String::new(),
        };
        format!(
            "{FORMAT}\nlog {}\ntitle {}\nmade {}\n{period}entries {}\nsha256 {}\n",
            self.log, self.about.title, self.about.made_at, self.entries, self.sums
        )
    }

    /// Reads the text of a note, and only what [`Manifest::sign`] would have written.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines().peekable();
        lines.next().filter(|l| *l == FORMAT)?;
        let log = lines.next()?.strip_prefix("log ")?.to_owned();
        let title = lines.next()?.strip_prefix("title ")?.to_owned();
        let made_at = lines.next()?.strip_prefix("made ")?.parse().ok()?;
        let mut period = None;
        if let Some(line) = lines.next_if(|l| l.starts_with("period ")) {
            let (from, until) = line.strip_prefix("period ")?.split_once(' ')?;
            period = Some((from.parse::<Timestamp>().ok()?, until.parse::<Timestamp>().ok()?));
        }
        let entries = lines.next()?.strip_prefix("entries ")?.parse().ok()?;
        let sums = lines.next()?.strip_prefix("sha256 ")?.to_owned();
        let manifest = Self { log, about: About { title, made_at, period }, entries, sums };
        (manifest.text() == text).then_some(manifest)
    }
}
