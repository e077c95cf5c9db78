//! Writing object ids back into the file, leaving everything else, comments included, as the person wrote it.

use super::parse::parse;
use super::problem::ConfigProblem;
use crate::ids::ObjectId;
use std::collections::BTreeMap;
use toml::de::DeTable;

/// Ids that have become known by `apply` or `adopt`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectIds {
    /// By account name.
    pub accounts: BTreeMap<String, ObjectId>,
    /// Of the exclusion group.
    pub exclusion_group: Option<ObjectId>,
}

impl ObjectIds {
    /// The ids that a design knows.
    #[must_use]
    pub fn of(design: &super::Design) -> Self {
        let known = |a: &super::AccountDesign| Some((a.name.clone(), a.object_id.clone()?));
        Self {
            accounts: design.accounts.iter().filter_map(known).collect(),
            exclusion_group: design.exclusion_group.object_id.clone(),
        }
    }
}

/// Puts object ids into the text of a configuration file and answers the new text. An id that stands there is replaced;
/// one that does not is added on the line below `upn` (of an account) or `name` (of the group).
///
/// # Errors
/// The mistakes of the file when it does not parse; a place-less problem when an account is not declared in it, or when
/// its table is written in a way that leaves no place for another key.
pub fn set_object_ids(text: &str, file_name: &str, ids: &ObjectIds) -> Result<String, Vec<ConfigProblem>> {
    let design = parse(text, file_name)?;
    let mut current = text.to_owned();
    for (name, id) in &ids.accounts {
        if design.account(name).is_none() {
            return Err(vec![no_place(file_name, format!("account `{name}` is not declared in the file"))]);
        }
        current = put(&current, file_name, &Target::Account(name), id)?;
    }
    if let Some(id) = &ids.exclusion_group {
        current = put(&current, file_name, &Target::Group, id)?;
    }
    Ok(current)
}

enum Target<'a> {
    Account(&'a str),
    Group,
}

/// Byte ranges of the value that an id replaces, or of the value below which it is added.
fn places(
    text: &str,
    target: &Target<'_>,
) -> Option<(Option<std::ops::Range<usize>>, std::ops::Range<usize>)> {
    let document = DeTable::parse(text).ok()?;
    let (table, beside) = match target {
        Target::Account(name) => {
            let accounts = document.get_ref().get("account")?.get_ref().as_array()?;
            let table = accounts.iter().find_map(|a| {
                let table = a.get_ref().as_table()?;
                (table.get("name")?.get_ref().as_str()?.trim() == *name).then_some(table)
            })?;
            (table, "upn")
        }
        Target::Group => (document.get_ref().get("exclusion_group")?.get_ref().as_table()?, "name"),
    };
    Some((table.get("object_id").map(|v| v.span()), table.get(beside)?.span()))
}

fn put(text: &str, file: &str, target: &Target<'_>, id: &ObjectId) -> Result<String, Vec<ConfigProblem>> {
    // Offsets are those of the text without a byte order mark; the mark is put back.
    let (mark, body) = text.strip_prefix('\u{feff}').map_or(("", text), |rest| ("\u{feff}", rest));
    let refuse = || vec![no_place(file, format!("there is no place for `object_id = \"{id}\"`"))];
    let (old, beside) = places(body, target).ok_or_else(refuse)?;
    let candidates = match old {
        Some(old) => vec![splice(body, old.start, old.end, &format!("\"{id}\""))],
        None => {
            let line_end = body
                .get(beside.end..)
                .and_then(|rest| rest.find('\n'))
                .map_or(body.len(), |at| beside.end + at);
            let windows = body.get(..line_end).is_some_and(|before| before.ends_with('\r'));
            let (at, end) = if windows { (line_end - 1, "\r\n") } else { (line_end, "\n") };
            let line_start = body.get(..beside.start).and_then(|b| b.rfind('\n')).map_or(0, |at| at + 1);
            let indent: String = body
                .get(line_start..)
                .unwrap_or_default()
                .chars()
                .take_while(|c| *c == ' ' || *c == '\t')
                .collect();
            vec![
                splice(body, at, at, &format!("{end}{indent}object_id = \"{id}\"")),
                // The table is written in one line: `{ name = "...", upn = "..." }`.
                splice(body, beside.end, beside.end, &format!(", object_id = \"{id}\"")),
            ]
        }
    };
    let before = parse(body, file)?;
    candidates
        .into_iter()
        .flatten()
        .find(|candidate| {
            parse(candidate, file).is_ok_and(|after| only_this_changed(&before, after, target, id))
        })
        .map(|body| format!("{mark}{body}"))
        .ok_or_else(refuse)
}

/// The edit did what it was meant to do and nothing else.
fn only_this_changed(
    before: &super::Design,
    mut after: super::Design,
    target: &Target<'_>,
    id: &ObjectId,
) -> bool {
    let slot = |design: &mut super::Design| -> Option<Option<ObjectId>> {
        match target {
            Target::Account(name) => {
                design.accounts.iter_mut().find(|a| a.name == *name).map(|a| a.object_id.take())
            }
            Target::Group => Some(design.exclusion_group.object_id.take()),
        }
    };
    let mut before = before.clone();
    slot(&mut after) == Some(Some(id.clone())) && slot(&mut before).is_some() && before == after
}

fn splice(text: &str, start: usize, end: usize, new: &str) -> Option<String> {
    Some(format!("{}{new}{}", text.get(..start)?, text.get(end..)?))
}

fn no_place(file: &str, message: String) -> ConfigProblem {
    ConfigProblem {
        file: file.into(),
        line: 1,
        column: 1,
        message,
        next: "add the line by hand to its table, then run the command again".into(),
    }
}
