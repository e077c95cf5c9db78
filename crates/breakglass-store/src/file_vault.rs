//! Sealed files in a directory: written once, whole, never replaced.

use crate::documents::blocking;
use crate::durable::{self, Lock};
use async_trait::async_trait;
use breakglass_ops::port::{StoreError, Vault};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// [`Vault`] in a directory. Names are paths in it, so that a person finds the files without us; what begins with a dot
/// is not part of it. Who can change the directory can destroy a sealed credential but not read one.
#[derive(Clone, Debug)]
pub struct FileVault {
    root: PathBuf,
}

impl FileVault {
    /// Opens the directory, making it (0700) if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(root: PathBuf) -> Result<Self, StoreError> {
        durable::make_private_dir(&root)
            .map_err(|e| StoreError::Failed(format!("`{}` cannot be made: {e}", root.display())))?;
        Ok(Self { root })
    }

    /// The file of a name that is safe on every file system.
    fn path(&self, name: &str) -> Result<PathBuf, StoreError> {
        let plain = |part: &str| {
            !part.is_empty()
                && !part.starts_with('.')
                && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        };
        if name.len() <= 200 && name.split('/').all(plain) {
            return Ok(name.split('/').fold(self.root.clone(), |path, part| path.join(part)));
        }
        Err(StoreError::Failed(format!(
            "`{}` cannot be the name of a sealed file; use letters, digits, `-`, `_` and `.`, in folders apart by `/`, none beginning with `.`",
            name.escape_debug()
        )))
    }
}

#[async_trait]
impl Vault for FileVault {
    async fn put(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.path(name)?;
        let (root, bytes) = (self.root.clone(), bytes.to_vec());
        let failed = failed("writing", name);
        blocking(move || write_new(&root, &path, &bytes)).await?.map_err(failed)
    }

    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.path(name)?;
        let failed = failed("reading", name);
        blocking(move || read(&path)).await?.map_err(failed)
    }

    async fn list(&self) -> Result<Vec<String>, StoreError> {
        let root = self.root.clone();
        let failed = failed("listing", "");
        let mut names = blocking(move || {
            let mut names = Vec::new();
            list(&root, "", &mut names).map(|()| names)
        })
        .await?
        .map_err(failed)?;
        names.sort();
        Ok(names)
    }
}

fn failed(doing: &'static str, name: &str) -> impl FnOnce(io::Error) -> StoreError + use<> {
    let name = name.to_owned();
    move |e| StoreError::Failed(format!("{doing} sealed file `{name}`: {e}"))
}

fn write_new(root: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    durable::make_dir(durable::parent(path))?;
    let _lock = Lock::take(&root.join(".lock"))?;
    if fs::symlink_metadata(path).is_ok() {
        let why = "it is there already, and a sealed file is never replaced: it may be the only copy of a credential";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
    }
    durable::replace(path, bytes)
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => fs::read(path).map(Some),
        Ok(_) => Err(io::Error::other("it is no plain file; somebody put a link or a folder in its place")),
        // A part of the path may be a file: then there is nothing of this name either.
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(e),
    }
}

fn list(folder: &Path, prefix: &str, names: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type()?;
        if name.starts_with('.') {
            continue;
        }
        if kind.is_dir() {
            list(&entry.path(), &format!("{prefix}{name}/"), names)?;
        } else if kind.is_file() {
            names.push(format!("{prefix}{name}"));
        }
    }
    Ok(())
}
