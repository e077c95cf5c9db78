//! The state directory: files that only its owner can read.

use std::io::Write as _;
use std::path::Path;

/// Makes the directory, for its owner alone.
pub(crate) fn make_directory(path: &Path) -> Result<(), String> {
    std::fs::create_dir_all(path).map_err(|e| format!("cannot make {}: {e}", path.display()))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
            .map_err(|e| format!("cannot keep {} to its owner: {e}", path.display()))?;
    }
    Ok(())
}

/// The content of a file; made and written when there is none.
pub(crate) fn read_or_make(
    path: &Path,
    make: impl FnOnce() -> Result<Vec<u8>, String>,
) -> Result<Vec<u8>, String> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(bytes),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            let bytes = make()?;
            write(path, &bytes)?;
            Ok(bytes)
        }
        Err(e) => Err(format!("cannot read {}: {e}", path.display())),
    }
}

/// Writes a file for its owner alone, whole or not at all.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let wrong = |e: std::io::Error| format!("cannot write {}: {e}", path.display());
    let beside = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(&beside).map_err(wrong)?;
    file.write_all(bytes).map_err(wrong)?;
    std::fs::rename(&beside, path).map_err(wrong)
}
