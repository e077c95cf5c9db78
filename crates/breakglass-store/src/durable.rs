//! Writing files so that they are whole and there after a power cut: write beside, flush, rename, flush the directory.
//!
//! Callers hold a [`Lock`] over what they write, so names of unfinished files are fixed: an interrupted write leaves one
//! file behind, and the next write replaces it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Holds other processes, and other handles of this one, off until it is dropped or the process dies.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the lock file and takes it.
    pub(crate) fn take(path: &Path) -> io::Result<Self> {
        let file = private(OpenOptions::new().create(true).truncate(false).write(true)).open(path)?;
        file.lock()?;
        Ok(Self { _file: file })
    }
}

/// Makes files for their owner alone.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
}

/// Puts the whole content at a path, or leaves what was there.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = beside(path);
    let mut file = private(OpenOptions::new().create(true).truncate(true).write(true)).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    sync_dir(parent(path))
}

/// Where [`replace`] writes before it renames; begins with a dot, as no name of ours does.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    path.with_file_name(format!(".{name}.unfinished"))
}

/// Makes a directory and those above it, for their owner alone, and flushes each into the one above.
pub(crate) fn make_dir(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    make_dir(parent(path))?;
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    match builder.create(path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        made => made?,
    }
    sync_dir(parent(path))
}

/// Makes a directory, or closes one that is there, to all but its owner.
pub(crate) fn make_private_dir(path: &Path) -> io::Result<()> {
    make_dir(path)?;
    set_mode(path, 0o700)
}

/// Sets the permissions; where there are none of this kind, nothing.
pub(crate) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    }
    let _ = (path, mode);
    Ok(())
}

/// Whether anybody but the owner can read or write it.
pub(crate) fn open_to_others(path: &Path) -> io::Result<bool> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        Ok(fs::metadata(path)?.permissions().mode() & 0o077 != 0)
    }
    #[cfg(not(unix))]
    {
        fs::metadata(path).map(|_| false)
    }
}

/// Flushes a directory: what was made, renamed or removed in it stays so.
pub(crate) fn sync_dir(path: &Path) -> io::Result<()> {
    // Elsewhere a directory cannot be opened; its file system flushes names with the files.
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}

pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
