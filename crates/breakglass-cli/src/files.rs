//! Reading and writing files for a person: whole, or not at all.

use crate::failure::Failure;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Reads a text file: UTF-8, or UTF-16 with its mark, as `Out-File` of Windows PowerShell writes it.
pub fn read_text(path: &Path) -> Result<String, Failure> {
    let bytes = read(path)?;
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Ok(breakglass_model::import::decode(&bytes));
    }
    let text = std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes)).map_err(|e| {
        Failure::new(
            format!(
                "`{}` is not text: its bytes are no UTF-8 after byte {}",
                path.display(),
                e.valid_up_to()
            ),
            "check that this is the file you meant; if it is, save it again as UTF-8",
        )
    })?;
    Ok(text.to_owned())
}

/// Reads a JSON value out of a text; the error says where it stops being JSON and in which way.
pub fn json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| json_fault(&error))
}

/// Line, column and what is wrong there, once each.
pub fn json_fault(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    let said = error.to_string();
    let said = said.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&said);
    let what = match error.classify() {
        serde_json::error::Category::Eof if column == 0 => return "there is nothing in it".into(),
        serde_json::error::Category::Eof => "it ends in the middle, so it was cut off",
        serde_json::error::Category::Syntax if said == "expected ident" => {
            "expected JSON, found some other text"
        }
        _ => said,
    };
    // What a value is called in our code says nothing to the person.
    let what = match what.split_once("expected struct ") {
        Some((found, _)) => format!("{found}expected an object"),
        None => what.to_owned(),
    };
    if line == 0 { what } else { format!("line {line}, column {column}: {what}") }
}

/// Reads a file.
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|e| cannot_read(path, &e))
}

fn cannot_read(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        format!("`{}` cannot be read: {error}", path.display()),
        "check the path and its permissions",
    )
}

/// Every file below the given paths (files as they are, folders walked, names sorted), with its contents. What cannot
/// be read is reported beside, never dropped.
pub fn read_all(paths: &[PathBuf]) -> (Vec<(String, Vec<u8>)>, Vec<String>) {
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    for path in paths {
        walk(path, 0, &mut files, &mut problems);
    }
    (files, problems)
}

fn walk(path: &Path, depth: usize, files: &mut Vec<(String, Vec<u8>)>, problems: &mut Vec<String>) {
    if depth > 16 {
        problems.push(format!("`{}`: folders nested more than 16 deep are not read", path.display()));
        return;
    }
    let listing =
        fs::metadata(path).and_then(|m| if m.is_dir() { fs::read_dir(path).map(Some) } else { Ok(None) });
    match listing {
        Ok(Some(entries)) => {
            let mut children: Vec<_> = entries.flatten().map(|e| e.path()).collect();
            children.sort();
            for child in children {
                walk(&child, depth + 1, files, problems);
            }
        }
        Ok(None) => match fs::read(path) {
            Ok(bytes) => files.push((path.display().to_string(), bytes)),
            Err(error) => problems.push(format!("`{}` cannot be read: {error}", path.display())),
        },
        Err(error) => problems.push(format!("`{}` cannot be read: {error}", path.display())),
    }
}

/// Writes a file so that it is there whole or not at all: beside it, synced, then renamed.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_with_mode(path, bytes, 0o644)
}

/// As [`write`], readable by its owner alone.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_with_mode(path, bytes, 0o600)
}

fn write_with_mode(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    let fail = |e: std::io::Error| {
        Failure::new(
            format!("`{}` cannot be written: {e}", path.display()),
            "check the folder, its permissions and the free space",
        )
    };
    if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        fs::create_dir_all(parent).map_err(fail)?;
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(mode);
    }
    let written = options
        .open(&part)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&part, path));
    written.map_err(|e| {
        // Half a file helps nobody, and may hold a secret.
        let _ = fs::remove_file(&part);
        fail(e)
    })
}
