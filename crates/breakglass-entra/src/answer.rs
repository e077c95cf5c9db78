//! From a status and a body to an error in the port's words.

use crate::client::Answer;
use breakglass_ops::port::TenantError;
use serde_json::Value;

/// The longest text of the service that is repeated in an error.
const LONGEST: usize = 500;

/// The service's own words about an answer: code, message and request id, in one line.
pub(crate) fn words(answer: &Answer) -> String {
    let json: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let error = json.as_ref().and_then(|j| j.get("error"));
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    let (code, message) = match error {
        // The token endpoint: `error` is a word, `error_description` the text.
        Some(Value::String(code)) => {
            (code.clone(), text(json.as_ref().and_then(|j| j.get("error_description"))))
        }
        Some(error) => (text(error.get("code")), text(error.get("message"))),
        None => (String::new(), String::new()),
    };
    let mut line = match (code.is_empty(), message.is_empty()) {
        (false, false) => format!("{code}: {message}"),
        (false, true) => code,
        (true, false) => message,
        (true, true) => format!("HTTP {} without an error message", answer.status),
    };
    if let Some(id) = &answer.request_id {
        line.push_str(&format!(" (request {id})"));
    }
    one_line(&line)
}

/// A text of the service as one printable line of bounded length.
pub(crate) fn one_line(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether the service says that the object is there already. Graph says so with 400 for most objects, ARM with 409.
pub(crate) fn says_conflict(answer: &Answer) -> bool {
    if answer.status == 409 {
        return true;
    }
    let words = words(answer).to_ascii_lowercase();
    let known = ["already exist", "conflicting object", "roleassignmentexists", "objectconflict"];
    answer.status == 400 && known.iter().any(|k| words.contains(k))
}

/// The error for an answer that is not a success.
pub(crate) fn refusal(what: String, answer: &Answer) -> TenantError {
    let (status, detail) = (answer.status, words(answer));
    match status {
        404 => TenantError::NotFound { what, detail },
        401 | 403 => TenantError::Refused { what, status, detail },
        _ if says_conflict(answer) => TenantError::Conflict { what, detail },
        300..=399 => TenantError::Rejected {
            what,
            status,
            detail: "redirects are not followed; check the endpoint".into(),
        },
        _ => TenantError::Rejected { what, status, detail },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, body: body.into(), request_id: None, repeated: false }
    }

    #[test]
    fn statuses_become_errors() {
        let graph = r#"{"error":{"code":"Request_BadRequest","message":"Another object with the same value for property userPrincipalName already exists."}}"#;
        let member = r#"{"error":{"code":"Request_BadRequest","message":"One or more added object references already exist for the following modified properties: 'members'."}}"#;
        let arm = r#"{"error":{"code":"RoleAssignmentExists","message":"The role assignment exists."}}"#;
        for (status, body, kind) in [
            (400, graph, "Conflict"),
            (400, member, "Conflict"),
            (409, arm, "Conflict"),
            (400, "{}", "Rejected"),
            (401, "", "Refused"),
            (403, "<html>", "Refused"),
            (404, "null", "NotFound"),
            (302, "", "Rejected"),
            (501, r#"{"error":null}"#, "Rejected"),
        ] {
            let error = format!("{:?}", refusal("GET /x".into(), &answer(status, body)));
            assert!(error.starts_with(kind), "{status} {body}: {error}");
        }
    }

    #[test]
    fn words_are_one_bounded_line() {
        let long = format!(r#"{{"error":{{"code":"A","message":"b\n\u001b[31m{}"}}}}"#, "c".repeat(5000));
        let words = words(&answer(400, &long));
        assert!(words.starts_with("A: b [31mc") && words.len() <= LONGEST, "{words}");
    }
}
