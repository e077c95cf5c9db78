//! `breakglass check`: can we get in right now, then every finding, worst first.

use super::plan::verdict_line;
use crate::connect::state_and_ask;
use crate::context::Context;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{self, BAD, BOLD, DIM, Format, GOOD, UNKNOWN, paint};
use crate::snapshots;
use breakglass_model::design::Design;
use breakglass_model::snapshot::Snapshot;
use breakglass_model::view::TenantView;
use breakglass_model::{Finding, Severity, Status};
use breakglass_ops::provision::plan::Impact;
use breakglass_ops::{assess, facts};
use breakglass_posture::Report;
use serde_json::json;
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Args {
    /// Check this snapshot, Graph export or folder instead of reading the tenant
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub snapshot: Vec<PathBuf>,
    /// Failures below this severity do not change the exit code
    #[arg(long, value_enum, default_value_t = FailOn::Info)]
    pub fail_on: FailOn,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum FailOn {
    Info,
    Medium,
    High,
    Critical,
}

impl From<FailOn> for Severity {
    fn from(value: FailOn) -> Self {
        match value {
            FailOn::Info => Self::Info,
            FailOn::Medium => Self::Medium,
            FailOn::High => Self::High,
            FailOn::Critical => Self::Critical,
        }
    }
}

pub async fn run(context: &Context, args: Args) -> Outcome {
    let snapshot = if args.snapshot.is_empty() && context.connect.client_id.is_some() {
        let tenant = context.tenant()?;
        state_and_ask(context, &tenant.describe(), Impact::ReadOnly, "read the tenant and check it")?;
        super::collect::fresh(context, &*tenant).await?
    } else {
        snapshots::given_or_last(context, &args.snapshot).await?
    };
    if !context.config.exists() {
        return observe(context, &snapshot);
    }
    let design = context.design()?;
    snapshots::of_the_tenant(&design, &snapshot)?;
    let world = context.world().await?;
    let report = facts::assess(&world, &design, &snapshot).await?;
    print(context, &design, &snapshot, &report)?;
    Ok(exit(&report, args.fail_on.into()))
}

fn exit(report: &Report, fail_on: Severity) -> Exit {
    let failed = report.findings.iter().any(|f| f.status == Status::Fail && f.severity >= fail_on);
    if failed {
        Exit::DoesNotHold
    } else if !report.complete || report.findings.iter().any(|f| f.status == Status::Undetermined) {
        Exit::CannotTell
    } else {
        Exit::Holds
    }
}

fn print(context: &Context, design: &Design, snapshot: &Snapshot, report: &Report) -> Result<(), Failure> {
    match context.format {
        Format::Json => output::json(report),
        Format::Sarif => output::json(&crate::report::findings_sarif(&report.findings, &context.config)),
        Format::Junit => output::raw(&crate::report::findings_junit(&report.findings)),
        Format::Text => {
            let proof = assess::prove(design, snapshot, context.clock.now());
            output::data(format!("{} {}", paint(BOLD, "can we get in right now?"), verdict_line(&proof)));
            show_findings(&report.findings);
        }
    }
    Ok(())
}

/// Findings for people: failures and undetermined ones with their remedy, passes counted.
pub fn show_findings(findings: &[Finding]) {
    let mut shown: Vec<_> =
        findings.iter().filter(|f| matches!(f.status, Status::Fail | Status::Undetermined)).collect();
    shown.sort_by(|a, b| (b.severity, a.status, &a.id).cmp(&(a.severity, b.status, &b.id)));
    for finding in &shown {
        let style = if finding.status == Status::Fail { BAD } else { UNKNOWN };
        output::data(format!(
            "\n{} {} {}: {}",
            paint(style, finding.status),
            finding.id,
            finding.severity,
            finding.message
        ));
        output::data(format!("  about {}", finding.subject));
        if !finding.remedy.is_empty() {
            output::data(format!("  {} {}", paint(BOLD, "try:"), finding.remedy));
        }
    }
    let count = |status: Status| findings.iter().filter(|f| f.status == status).count();
    output::data(format!(
        "\n{} pass, {} fail, {} undetermined, {} accepted, {} not applicable",
        paint(GOOD, count(Status::Pass)),
        paint(BAD, count(Status::Fail)),
        paint(UNKNOWN, count(Status::Undetermined)),
        count(Status::Accepted),
        count(Status::NotApplicable),
    ));
}

/// What can truly be said of an export without a design: which policies reach an administrator, whom they exclude, what
/// could not be read. Never exit 0: the emergency accounts are not declared, so something was not looked at.
pub fn observe(context: &Context, snapshot: &Snapshot) -> Outcome {
    let view = TenantView::new(snapshot);
    let observations = breakglass_posture::observations(snapshot, &view);
    match context.format {
        Format::Json => output::json(&json!({
            "observations": observations, "unread": snapshot.unread, "complete": false, "snapshot_digest": snapshot.digest,
        })),
        _ => {
            for observation in &observations {
                output::data(observation);
            }
            for unread in &snapshot.unread {
                output::data(format!("{} {}: {}", paint(UNKNOWN, "not read"), unread.what, unread.why));
            }
            output::data(paint(
                DIM,
                "no design was given, so no account is known to be an emergency account: declare them in breakglass.toml",
            ));
        }
    }
    Ok(Exit::CannotTell)
}
