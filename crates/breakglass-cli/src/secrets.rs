//! Secrets come in by file or by standard input, never by argument or environment.

use crate::failure::Failure;
use breakglass_custody::slip39::Share;
use breakglass_model::Secret;
use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

/// The first line of a file, or of standard input.
pub fn read_line(file: Option<&Path>, what: &str) -> Result<Secret, Failure> {
    let text = read(file, what)?;
    let line = text.danger_reveal().lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(Failure::new(
            format!("{what} is empty"),
            "type it on one line, or give a file that holds it",
        ));
    }
    Ok(Secret::new(line))
}

/// The shares in files (one line of words each, or whole kits), or on standard input.
pub fn shares(paths: &[PathBuf]) -> Result<Vec<Secret>, Failure> {
    if paths.is_empty() {
        return Ok(shares_in(&read(None, "the shares, one a line")?));
    }
    let mut all = Vec::new();
    for path in paths {
        let found = shares_in(&read(Some(path), "a share")?);
        if found.is_empty() {
            return Err(Failure::new(
                format!("`{}` holds no share", path.display()),
                "give a kit as `breakglass custody kit` wrote it, or a file with the words on one line",
            ));
        }
        for words in &found {
            Share::parse(words.danger_reveal()).map_err(|fault| {
                Failure::new(
                    format!("`{}` holds no whole share: {fault}", path.display()),
                    "type the words again from the sheet, or leave this file out and bring another custodian's share",
                )
            })?;
        }
        all.extend(found);
    }
    Ok(all)
}

fn read(file: Option<&Path>, what: &str) -> Result<Secret, Failure> {
    if let Some(path) = file {
        return Ok(Secret::new(crate::files::read_text(path)?));
    }
    if std::io::stdin().is_terminal() {
        crate::output::talk(format!("type {what}, then Ctrl-D; it is shown as you type"));
    }
    let mut text = String::with_capacity(8192);
    std::io::stdin().read_to_string(&mut text)?;
    Ok(Secret::new(text))
}

/// In a kit the words are numbered and stand in rows of four; elsewhere each line is a share.
fn shares_in(text: &Secret) -> Vec<Secret> {
    let text = text.danger_reveal();
    if let Some(share) = share_of_kit(text) {
        return vec![share];
    }
    text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')).map(Secret::new).collect()
}

fn share_of_kit(text: &str) -> Option<Secret> {
    let sheet = text.split("THE SHARE.").nth(1)?;
    let rows = sheet.lines().skip(1).skip_while(|l| l.trim().is_empty()).take_while(|l| !l.trim().is_empty());
    let mut words = String::with_capacity(512);
    for cell in rows.flat_map(str::split_whitespace) {
        if !cell.bytes().all(|b| b.is_ascii_digit()) {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(cell);
        }
    }
    Some(Secret::new(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_shares_and_comments_are_not() {
        let found = shares_in(&Secret::new("# kit of Mei\nalpha beta\n\n gamma delta \n"));
        let words: Vec<_> = found.iter().map(Secret::danger_reveal).collect();
        assert_eq!(words, ["alpha beta", "gamma delta"]);
    }
}
