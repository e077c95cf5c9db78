//! `breakglass evaluate`: one sign-in against a snapshot.

use crate::cases;
use crate::context::Context;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{self, BAD, DIM, Format, GOOD, UNKNOWN, paint};
use crate::{files, snapshots};
use breakglass_access::evaluate::{Decision, Evaluation, evaluate};
use breakglass_model::Tri;
use breakglass_model::sign_in::SignIn;
use breakglass_model::view::TenantView;
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Args {
    /// Snapshot, Graph export or folder
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub snapshot: Vec<PathBuf>,
    /// The sign-in, in the shape of Graph's `identity/conditionalAccess/evaluate`
    #[arg(long, value_name = "FILE", requires = "snapshot")]
    pub sign_in: Option<PathBuf>,
    /// Answer `breakglass-ca-case/1` files of kind `evaluate`, one JSON line each
    #[arg(long, value_name = "PATH", num_args = 1.., conflicts_with_all = ["snapshot", "sign_in"])]
    pub case: Vec<PathBuf>,
}

pub fn run(context: &Context, args: Args) -> Outcome {
    if !args.case.is_empty() {
        return cases::answer(&args.case, "evaluate", breakglass_access::case::answer_evaluate);
    }
    if args.snapshot.is_empty() {
        return Err(Failure::new(
            "there is nothing to evaluate",
            "give `--snapshot PATH --sign-in FILE`, or `--case PATH`",
        ));
    }
    let snapshot = snapshots::import(context, &args.snapshot)?;
    let Some(file) = &args.sign_in else {
        return super::check::observe(context, &snapshot);
    };
    let text = files::read_text(file)?;
    let bad = |detail: String| {
        Failure::new(
            format!("`{}` is not a sign-in: {detail}", file.display()),
            "give `signInIdentity`, `signInContext` and `signInConditions` as for Graph's `evaluate`",
        )
    };
    let value = files::json(&text).map_err(bad)?;
    let sign_in = SignIn::read(&value).map_err(|e| bad(e.to_string()))?;
    let view = TenantView::new(&snapshot);
    let evaluation = evaluate(&view, &sign_in);
    match context.format {
        Format::Json => output::json(&evaluation),
        _ => show(&view, &evaluation),
    }
    Ok(exit(&evaluation))
}

fn exit(evaluation: &Evaluation) -> Exit {
    match (evaluation.decision, evaluation.satisfiable) {
        (Decision::Block, _) | (_, Some(Tri::No)) => Exit::DoesNotHold,
        (Decision::Unknown, _) | (_, Some(Tri::Unknown)) => Exit::CannotTell,
        (Decision::None, _) | (Decision::Controls, Some(Tri::Yes)) => Exit::Holds,
        // Controls are asked for and nobody said what the account can do.
        (Decision::Controls, None) => Exit::CannotTell,
    }
}

fn show(view: &TenantView, evaluation: &Evaluation) {
    let style = match exit(evaluation) {
        Exit::Holds => GOOD,
        Exit::DoesNotHold => BAD,
        Exit::CannotTell => UNKNOWN,
    };
    output::data(format!("decision {}", paint(style, evaluation.decision)));
    if let Some(satisfiable) = evaluation.satisfiable {
        output::data(format!("can be met {satisfiable}"));
    }
    for (id, policy) in &evaluation.policies {
        let name = view.policy_name(id).unwrap_or_default();
        let reason = policy.reason.as_deref().unwrap_or_default();
        output::data(format!("  {:<8} {name} {} {reason}", policy.applies, paint(DIM, id)));
    }
    for problem in &view.problems {
        output::data(format!("{} {problem}", paint(UNKNOWN, "not read")));
    }
}
