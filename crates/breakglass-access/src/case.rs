//! Questions with known answers: `breakglass-ca-case/1`. The expectation in a case is never read.

use crate::evaluate::{Evaluation, evaluate};
use breakglass_model::Snapshot;
use breakglass_model::import::tenant_of_case;
use breakglass_model::sign_in::{SignIn, SignInProblem};
use breakglass_model::view::TenantView;
use jiff::Timestamp;
use serde_json::{Value, json};

/// The schema tag of a case.
pub const SCHEMA: &str = "breakglass-ca-case/1";

/// The date of a case that names none: when the format was written.
const AS_OF: &str = "2026-11-21T00:00:00Z";

/// Why a case cannot be judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaseProblem {
    /// Not JSON.
    #[error("line {line}, column {column}: not JSON: {detail}")]
    Json {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What the parser says.
        detail: String,
    },
    /// Another kind of file.
    #[error("`schema` is {found}, expected \"{SCHEMA}\"")]
    Schema {
        /// What is there.
        found: String,
    },
    /// Another kind of question.
    #[error("`kind` is {found}, expected \"{expected}\"")]
    Kind {
        /// What is asked for.
        expected: String,
        /// What is there.
        found: String,
    },
    /// The tenant is not as the format has it.
    #[error("at `{path}`: {found}")]
    Tenant {
        /// Where.
        path: String,
        /// What is there.
        found: String,
    },
    /// The sign-in is not as the format has it.
    #[error("in `signIn`: {0}")]
    SignIn(#[from] SignInProblem),
}

/// Reads a case of one kind: the whole file, and its tenant.
///
/// # Errors
/// When it is no such case.
pub fn read(text: &str, kind: &str) -> Result<(Value, Snapshot), CaseProblem> {
    let case: Value = serde_json::from_str(text).map_err(|e| CaseProblem::Json {
        line: e.line(),
        column: e.column(),
        detail: e.to_string().split(" at line ").next().unwrap_or_default().to_owned(),
    })?;
    let found = |key: &str| case.get(key).map_or_else(|| "absent".to_owned(), Value::to_string);
    if case.get("schema").and_then(Value::as_str) != Some(SCHEMA) {
        return Err(CaseProblem::Schema { found: found("schema") });
    }
    if case.get("kind").and_then(Value::as_str) != Some(kind) {
        return Err(CaseProblem::Kind { expected: kind.into(), found: found("kind") });
    }
    let now = AS_OF.parse().unwrap_or(Timestamp::UNIX_EPOCH);
    match tenant_of_case(&case, now) {
        Ok(snapshot) => Ok((case, snapshot)),
        Err((path, found)) => Err(CaseProblem::Tenant { path, found }),
    }
}

/// Answers a case of kind `evaluate`, with the fields that the format names under `expect`.
///
/// # Errors
/// When it is no such case, or its sign-in cannot be read.
pub fn answer_evaluate(text: &str) -> Result<Value, CaseProblem> {
    let (case, snapshot) = read(text, "evaluate")?;
    let sign_in = SignIn::read(case.get("signIn").unwrap_or(&Value::Null))?;
    Ok(answer(&evaluate(&TenantView::new(&snapshot), &sign_in), sign_in.capabilities.is_some()))
}

fn answer(evaluation: &Evaluation, can: bool) -> Value {
    let policies = evaluation.policies.iter().map(|(id, policy)| {
        let answer = match &policy.reason {
            Some(reason) => json!({ "applies": policy.applies, "reason": reason }),
            None => json!({ "applies": policy.applies }),
        };
        (id.as_str().to_owned(), answer)
    });
    let policies: serde_json::Map<String, Value> = policies.collect();
    let mut answer = json!({
        "decision": evaluation.decision,
        "policies": policies,
        "requirements": evaluation.requirements,
    });
    if let (Some(satisfiable), Some(map), true) = (evaluation.satisfiable, answer.as_object_mut(), can) {
        map.insert("satisfiable".into(), json!(satisfiable));
    }
    answer
}
