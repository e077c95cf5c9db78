//! `--case`: questions with known answers, one JSON line each (DESIGN section 5). The program never reads `expect`.

use crate::failure::{Exit, Failure, Outcome};
use crate::files;
use crate::output;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Answers every case of one kind under the given paths; cases of another kind are passed over.
///
/// A case that cannot be judged has `error` in place of `answer`, and the whole cannot tell.
pub fn answer<E: std::fmt::Display>(
    paths: &[PathBuf],
    kind: &str,
    judge: impl Fn(&str) -> Result<Value, E>,
) -> Outcome {
    let (contents, problems) = files::read_all(paths);
    let mut exit = Exit::Holds;
    let mut answered = 0;
    let nothing = contents.is_empty();
    for problem in problems {
        output::talk(format!("error: {problem}"));
        exit = Exit::CannotTell;
    }
    for (name, bytes) in contents {
        if Path::new(&name).extension().is_none_or(|e| !e.eq_ignore_ascii_case("json")) {
            continue;
        }
        let stem = Path::new(&name).file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let text = breakglass_model::import::decode(&bytes);
        let head: Value = match serde_json::from_str(&text) {
            Ok(value) => value,
            Err(error) => {
                let detail =
                    format!("{name}: not JSON: {}; export or copy the case again", files::json_fault(&error));
                output::json_line(&json!({ "case": stem, "error": detail }));
                exit = Exit::CannotTell;
                continue;
            }
        };
        let id = head.get("id").and_then(Value::as_str).unwrap_or(&stem).to_owned();
        match head.get("kind").and_then(Value::as_str) {
            Some(k) if k == kind => {}
            Some("evaluate" | "reach") => continue,
            other => {
                let found = other.map_or_else(|| "nothing".to_owned(), |k| format!("`{k}`"));
                let detail = format!(
                    "{name}: at `kind`: expected `evaluate` or `reach`, found {found}; this is no `breakglass-ca-case/1`"
                );
                output::json_line(&json!({ "case": id, "error": detail }));
                exit = Exit::CannotTell;
                continue;
            }
        }
        answered += 1;
        match judge(&text) {
            Ok(answer) => output::json_line(&json!({ "case": id, "answer": answer })),
            Err(error) => {
                output::json_line(&json!({ "case": id, "error": format!("{name}: {error}") }));
                exit = Exit::CannotTell;
            }
        }
    }
    if nothing || (answered == 0 && exit == Exit::Holds) {
        return Err(Failure::new(
            format!("there is no case of kind `{kind}` under the given paths"),
            "give `breakglass-ca-case/1` files or a folder of them",
        ));
    }
    Ok(exit)
}
