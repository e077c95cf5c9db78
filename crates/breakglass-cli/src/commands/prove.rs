//! `breakglass prove`: the lockout proof over all contexts and scenarios; judges a proposed change before it is applied.

use super::plan::{verdict_exit, verdict_line};
use crate::context::Context;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{self, BAD, BOLD, DIM, Format, paint};
use crate::{cases, files, snapshots};
use breakglass_access::prove::Proof;
use breakglass_ops::assess;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub struct Args {
    /// Prove about this snapshot, Graph export or folder instead of the last snapshot collected
    #[arg(long, value_name = "PATH")]
    pub snapshot: Vec<PathBuf>,
    /// Judge this proposed change: a policy body, a list of them, a fragment with an id, or a folder
    #[arg(long, value_name = "PATH")]
    pub change: Option<PathBuf>,
    /// Answer `breakglass-ca-case/1` files of kind `reach`, one JSON line each
    #[arg(long, value_name = "PATH", num_args = 1.., conflicts_with_all = ["snapshot", "change"])]
    pub case: Vec<PathBuf>,
}

pub async fn run(context: &Context, args: Args) -> Outcome {
    if !args.case.is_empty() {
        return cases::answer(&args.case, "reach", breakglass_access::prove::answer_reach);
    }
    let snapshot = snapshots::given_or_last(context, &args.snapshot).await?;
    if !context.config.exists() {
        return without_design(context, &snapshot);
    }
    let design = context.design()?;
    snapshots::of_the_tenant(&design, &snapshot)?;
    let now = context.clock.now();
    let Some(file) = &args.change else {
        let proof = assess::prove(&design, &snapshot, now);
        print_proof(context, &proof)?;
        return Ok(verdict_exit(&proof));
    };
    let proposed = read_change(file)?;
    let judged = assess::judge_change(&design, &snapshot, &proposed, now).map_err(|e| {
        Failure::new(
            format!("the change in `{}` cannot be judged: {e}", file.display()),
            "give a policy body as Graph takes it, or a fragment with `id`",
        )
    })?;
    match context.format {
        Format::Text => {
            output::data(format!("{} {}", paint(BOLD, "before the change:"), verdict_line(&judged.before)));
            output::data(format!("{} {}", paint(BOLD, "after the change: "), verdict_line(&judged.after)));
            show_counterexamples(&judged.after);
        }
        Format::Json => {
            let mut value = serde_json::to_value(&judged.after)?;
            if let Some(map) = value.as_object_mut() {
                map.insert("before".into(), json!(judged.before));
            }
            output::json(&value);
        }
        _ => print_proof(context, &judged.after)?,
    }
    Ok(verdict_exit(&judged.after))
}

/// Without a design there are no declared accounts, so nothing can be proved: say what can be said and exit 3.
fn without_design(context: &Context, snapshot: &breakglass_model::Snapshot) -> Outcome {
    super::check::observe(context, snapshot)?;
    output::talk(format!(
        "{}: emergency accounts are declared in `{}`, which is not there, so no lockout proof can be made",
        paint(output::UNKNOWN, "cannot tell"),
        context.config.display()
    ));
    Ok(Exit::CannotTell)
}

/// One JSON file, or every JSON file of a folder as a list of changes.
fn read_change(path: &Path) -> Result<Value, Failure> {
    let (contents, problems) = files::read_all(&[path.to_path_buf()]);
    if let Some(problem) = problems.first() {
        return Err(Failure::new(problem, "check the path and its permissions"));
    }
    let mut changes = Vec::new();
    for (name, bytes) in contents {
        let text = breakglass_model::import::decode(&bytes);
        let value: Value = files::json(&text).map_err(|fault| {
            Failure::new(format!("`{name}` is not JSON: {fault}"), "give one JSON document a file")
        })?;
        match value {
            Value::Array(many) => changes.extend(many),
            one => changes.push(one),
        }
    }
    Ok(Value::Array(changes))
}

fn print_proof(context: &Context, proof: &Proof) -> Result<(), Failure> {
    match context.format {
        Format::Json => output::json(proof),
        Format::Sarif => output::json(&crate::report::proof_sarif(proof, &context.config)),
        Format::Junit => output::raw(&crate::report::proof_junit(proof)),
        Format::Text => show_proof(proof),
    }
    Ok(())
}

/// The proof for people: verdict, account by road, scenarios, counterexamples, repairs, open facts.
pub fn show_proof(proof: &Proof) {
    output::data(verdict_line(proof));
    let mut rows = Vec::new();
    for (name, account) in &proof.accounts {
        for (road, verdict) in &account.roads {
            rows.push(vec![name.clone(), road.clone(), verdict.to_string()]);
        }
    }
    output::data(format!("\n{}", output::table(&["account", "road", "in every context"], rows)));
    let rows = proof.scenarios.iter().map(|s| vec![s.name.clone(), s.verdict.to_string()]).collect();
    output::data(format!("\n{}", output::table(&["scenario", "verdict"], rows)));
    show_counterexamples(proof);
    for fact in &proof.facts_needed {
        output::data(format!("{} {fact}", paint(BOLD, "to be asked:")));
    }
    for assumption in &proof.assumptions {
        output::data(paint(DIM, format!("assumed: {assumption}")));
    }
}

fn show_counterexamples(proof: &Proof) {
    const SHOWN: usize = 5;
    for counterexample in proof.counterexamples.iter().take(SHOWN) {
        output::data(format!("\n{} {}", paint(BAD, "locked:"), counterexample));
    }
    if proof.counterexamples.len() > SHOWN {
        output::data(format!(
            "… and {} more counterexamples (`--format json` has them all)",
            proof.counterexamples.len() - SHOWN
        ));
    }
    for line in proof.repairs() {
        output::data(format!("{} {line}", paint(BOLD, "repair:")));
    }
}
