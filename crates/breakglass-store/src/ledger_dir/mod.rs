//! The ledger as a directory of plain files.
//!
//! | file | what |
//! | --- | --- |
//! | `entries.jsonl` | one canonical entry a line; only ever appended to |
//! | `checkpoint` | size and root of the log, signed: everything that has been acknowledged, and nothing else |
//! | `tile/` | the same log for `tlog-tiles` clients: bundles and hashes of the size that the checkpoint says |
//! | `verifier.key` | what checks the signatures; give it to the auditor, on paper |
//! | `key` | signs checkpoints and packs (0600) |
//! | `lock` | empty; held while a process reads or writes |
//!
//! **Danger.** Whoever reads `key` can sign a checkpoint over any history, and this directory alone will not show it.
//! What shows it is a checkpoint that somebody else holds: `docs/threat-model.md`, rows "ledger" and "ledger key".
//!
//! **Order of a write.** Entry, then tiles, then checkpoint; each flushed to the disk before the next, the checkpoint by
//! rename. So a kill at any point leaves the old checkpoint and at most one whole or broken line behind its entries. That
//! line was never acknowledged: it is cut off, and the next entry is preceded by one that says so (`ledger.recovered`).
//! Anything else that does not fit the checkpoint is not an accident, and the directory is refused.

mod append;
mod error;
mod load;

pub use error::LedgerError;

use crate::documents::blocking;
use crate::durable::{self, Lock};
use async_trait::async_trait;
use breakglass_ledger::pack::{About, Contents};
use breakglass_ledger::{Entry, LogKey, Tree, VerifierKey};
use breakglass_ops::port::{Clock, Entropy, Evidence, EvidenceError, LedgerLine};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// [`Evidence`] in a directory. Cheap to clone. Two processes, and two of these in one process, may use one directory.
#[derive(Clone)]
pub struct LedgerDir {
    inner: Arc<Inner>,
}

struct Inner {
    files: Files,
    clock: Arc<dyn Clock>,
    key: LogKey,
    /// What is on the disk, as far as this process knows. Taken out while it is being changed, so that a write that
    /// failed half-way leaves nothing here and the next one reads the disk again.
    state: Mutex<Option<State>>,
}

/// The log that a checkpoint covers.
struct State {
    /// The checkpoint file, to see whether another process has written since.
    checkpoint: String,
    tree: Tree,
    /// The entries after the last full bundle: those of the next one.
    tail: Vec<Vec<u8>>,
    /// How many bytes of `entries.jsonl` the checkpoint covers.
    length: u64,
    /// What an interrupted write left behind them: how many bytes, and their digest. The next write cuts it off.
    cut: Option<(usize, String)>,
}

impl LedgerDir {
    /// Opens the directory and checks all of it, making it (0700) with a key of its own if it is not there.
    ///
    /// # Errors
    /// [`LedgerError`]: when files cannot be read, or do not fit the signed checkpoint. A directory that was tampered
    /// with is refused and not changed.
    pub fn open(dir: PathBuf, clock: Arc<dyn Clock>, entropy: &dyn Entropy) -> Result<Self, LedgerError> {
        durable::make_private_dir(&dir).map_err(|e| LedgerError::io("making", &dir, e))?;
        let files = Files { dir };
        let lock = files.lock()?;
        let key = load::key(&files, entropy)?;
        let state = load::state(&files, &key)?;
        drop(lock);
        Ok(Self { inner: Arc::new(Inner { files, clock, key, state: Mutex::new(Some(state)) }) })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.files.dir
    }

    /// The key that checks this ledger's signatures.
    #[must_use]
    pub fn verifier_key(&self) -> &VerifierKey {
        self.inner.key.verifier()
    }

    /// The latest checkpoint, a signed note: to be kept elsewhere, and to be held against a later pack.
    ///
    /// # Errors
    /// As [`LedgerDir::open`].
    pub fn checkpoint(&self) -> Result<String, LedgerError> {
        self.inner.with_state(|_, state| Ok(state.checkpoint.clone()))
    }

    /// Every acknowledged entry, in order.
    ///
    /// # Errors
    /// As [`LedgerDir::open`].
    pub fn entries(&self) -> Result<Vec<Entry>, LedgerError> {
        self.inner.with_state(|inner, state| load::entries(&inner.files, state))
    }

    /// An evidence pack over the whole log: see `breakglass_ledger::pack`. The time is the clock's.
    ///
    /// # Errors
    /// As [`LedgerDir::open`], or when a title or a name cannot stand in a pack.
    pub fn pack(
        &self,
        title: &str,
        period: Option<(Timestamp, Timestamp)>,
        attachments: &BTreeMap<String, Vec<u8>>,
    ) -> Result<Vec<u8>, LedgerError> {
        let entries = self.entries()?;
        let about = About { title: title.into(), made_at: self.inner.clock.now(), period };
        let contents = Contents { key: &self.inner.key, entries: &entries, about, attachments };
        Ok(breakglass_ledger::pack::build(&contents)?)
    }
}

impl std::fmt::Debug for LedgerDir {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LedgerDir({})", self.inner.files.dir.display())
    }
}

#[async_trait]
impl Evidence for LedgerDir {
    async fn record(&self, kind: &str, subject: &str, data: Value) -> Result<u64, EvidenceError> {
        let (inner, kind, subject) = (self.inner.clone(), kind.to_owned(), subject.to_owned());
        let at = inner.clock.now();
        let write =
            move || inner.with_state(|inner, state| append::record(inner, state, at, &kind, &subject, &data));
        settled(blocking(write).await)
    }

    async fn history(&self) -> Result<Vec<LedgerLine>, EvidenceError> {
        let ledger = self.clone();
        let entries = settled(blocking(move || ledger.entries()).await)?;
        let line = |e: Entry| LedgerLine {
            index: e.index,
            at: e.at,
            kind: e.kind,
            subject: e.subject,
            data: e.data,
        };
        Ok(entries.into_iter().map(line).collect())
    }
}

fn settled<T, E: std::fmt::Display>(result: Result<Result<T, LedgerError>, E>) -> Result<T, EvidenceError> {
    result.map_err(|e| EvidenceError(e.to_string()))?.map_err(|e| EvidenceError(e.to_string()))
}

impl Inner {
    /// Runs with the log as it is on the disk, other processes held off.
    fn with_state<T>(
        &self,
        act: impl FnOnce(&Self, &mut State) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let mut known: MutexGuard<'_, Option<State>> =
            self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let _lock = self.files.lock()?;
        let mut state = match known.take() {
            Some(state) if self.files.unchanged(&state)? => state,
            _ => load::state(&self.files, &self.key)?,
        };
        let answer = act(self, &mut state)?;
        *known = Some(state);
        Ok(answer)
    }
}

/// Where things are.
struct Files {
    dir: PathBuf,
}

impl Files {
    fn entries(&self) -> PathBuf {
        self.dir.join("entries.jsonl")
    }

    fn checkpoint(&self) -> PathBuf {
        self.dir.join("checkpoint")
    }

    fn key(&self) -> PathBuf {
        self.dir.join("key")
    }

    fn verifier(&self) -> PathBuf {
        self.dir.join("verifier.key")
    }

    fn tile(&self, path: &str) -> PathBuf {
        path.split('/').fold(self.dir.clone(), |dir, part| dir.join(part))
    }

    fn lock(&self) -> Result<Lock, LedgerError> {
        let path = self.dir.join("lock");
        Lock::take(&path).map_err(|e| LedgerError::io("locking", &path, e))
    }

    /// Whether the disk still holds what this process knows.
    fn unchanged(&self, state: &State) -> Result<bool, LedgerError> {
        let path = self.entries();
        let length = fs::metadata(&path).map_err(|e| LedgerError::io("looking at", &path, e))?.len();
        let known = state.length + state.cut.as_ref().map_or(0, |(bytes, _)| *bytes as u64);
        Ok(length == known && self.read_text(&self.checkpoint())?.as_ref() == Some(&state.checkpoint))
    }

    /// A file, or `None` when it is not there.
    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, LedgerError> {
        match fs::read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(LedgerError::io("reading", path, e)),
        }
    }

    fn read_text(&self, path: &Path) -> Result<Option<String>, LedgerError> {
        let Some(bytes) = self.read(path)? else { return Ok(None) };
        let text = String::from_utf8(bytes);
        text.map(Some).map_err(|_| LedgerError::tampered(path, "it is no text"))
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> Result<(), LedgerError> {
        durable::make_dir(durable::parent(path))
            .map_err(|e| LedgerError::io("making the folder of", path, e))?;
        durable::replace(path, bytes).map_err(|e| LedgerError::io("writing", path, e))
    }
}
