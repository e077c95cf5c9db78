//! From design, snapshot and ledger to what the page shows. Everything on the page was computed here and now, or is an entry of
//! the ledger.

use crate::page::{Cell, FindingRow, Mark, Matrix, MatrixRow, Overview, RoadRow, TimelineRow};
use breakglass_access::prove::{self, Proof};
use breakglass_model::design::Design;
use breakglass_model::snapshot::Snapshot;
use breakglass_model::view::{PolicyState, TenantView};
use breakglass_model::{Finding, Severity, Status, Tri};
use breakglass_ops::custody::CustodyError;
use breakglass_ops::port::LedgerLine;
use breakglass_ops::{World, assess, facts};
use jiff::Timestamp;
use serde_json::Value;

/// Puts the page's contents together. Without a snapshot nothing is known, and the page says so.
///
/// # Errors
/// When the store fails or holds something damaged.
pub async fn overview(
    world: &World,
    design: &Design,
    snapshot: Option<&Snapshot>,
) -> Result<Overview, CustodyError> {
    let now = world.now();
    let history = world.evidence.history().await.map_err(breakglass_ops::OpsError::from)?;
    let tenant = format!("{} ({})", design.tenant.name, design.tenant.id);
    let timeline = timeline(&history);
    let Some(snapshot) = snapshot else {
        return Ok(Overview {
            tenant,
            as_of: time(now),
            verdict: Tri::Unknown,
            headline: "the tenant has not been read yet: run `breakglass collect`".into(),
            roads: Vec::new(),
            scenarios: Vec::new(),
            matrix: Matrix::default(),
            findings: Vec::new(),
            passed: 0,
            timeline,
        });
    };
    let question = assess::question(design, snapshot);
    let proof = prove::prove(snapshot, &question, now);
    let report = facts::assess(world, design, snapshot).await?;
    Ok(Overview {
        tenant,
        as_of: format!("{}, of a snapshot taken {}", time(now), time(snapshot.taken_at)),
        verdict: proof.holds(),
        headline: proof.headline(),
        roads: roads(&proof),
        scenarios: proof.scenarios.iter().map(|s| (s.name.clone(), s.holds())).collect(),
        matrix: matrix(design, snapshot, now),
        findings: findings(&report.findings),
        passed: report.summary.pass,
        timeline,
    })
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn roads(proof: &Proof) -> Vec<RoadRow> {
    let row = |account: &String, road: &String, verdict: Tri| RoadRow {
        account: account.clone(),
        road: road.clone(),
        verdict,
    };
    proof
        .accounts
        .iter()
        .flat_map(|(name, a)| a.roads.iter().map(move |(road, v)| row(name, road, *v)))
        .collect()
}

fn matrix(design: &Design, snapshot: &Snapshot, now: Timestamp) -> Matrix {
    let judged = prove::matrix(snapshot, &assess::question(design, snapshot), now);
    let mark = |cell: prove::Cell| match cell {
        prove::Cell::Excluded => Mark::Excluded,
        prove::Cell::NotReached => Mark::OutOfScope,
        prove::Cell::CanBeMet => Mark::Satisfied,
        prove::Cell::Blocks => Mark::Blocks,
        prove::Cell::Unknown => Mark::Unknown,
        prove::Cell::NotEnforced => Mark::NotEnforced,
    };
    let accounts: Vec<String> = design.accounts.iter().map(|a| a.name.clone()).collect();
    let view = TenantView::new(snapshot);
    let rows = view.policies.iter().map(|policy| MatrixRow {
        policy: policy.name.clone(),
        state: match &policy.state {
            PolicyState::Enabled => "enabled".into(),
            PolicyState::Disabled => "disabled".into(),
            PolicyState::ReportOnly => "report-only".into(),
            PolicyState::Unread(word) => word.clone(),
        },
        cells: accounts
            .iter()
            .map(|account| match judged.get(account, &policy.id) {
                Some(row) => Cell { mark: mark(row.cell), why: row.why.clone() },
                None => Cell { mark: Mark::Unknown, why: "it was not judged".into() },
            })
            .collect(),
    });
    let mut rows: Vec<MatrixRow> = rows.collect();
    rows.sort_by(|a, b| a.policy.cmp(&b.policy));
    Matrix { accounts, rows }
}

/// What needs a person, worst first.
fn findings(all: &[Finding]) -> Vec<FindingRow> {
    let mut open: Vec<&Finding> =
        all.iter().filter(|f| matches!(f.status, Status::Fail | Status::Undetermined)).collect();
    let rank = |s: Severity| std::cmp::Reverse(s);
    open.sort_by_key(|f| (f.status == Status::Undetermined, rank(f.severity), f.id.clone()));
    open.into_iter()
        .map(|f| FindingRow {
            id: f.id.clone(),
            status: f.status.to_string(),
            severity: f.severity.to_string(),
            subject: f.subject.clone(),
            message: f.message.clone(),
            remedy: f.remedy.clone(),
        })
        .collect()
}

/// The ledger as a story: what was done, not each look before and after.
fn timeline(history: &[LedgerLine]) -> Vec<TimelineRow> {
    let quiet =
        |kind: &str| kind.ends_with(".begin") || kind == "watch.added" || kind == "custody.took-effect";
    history
        .iter()
        .filter(|line| !quiet(&line.kind))
        .map(|line| TimelineRow {
            at: line.at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            kind: line.kind.clone(),
            subject: subject(line),
            index: line.index,
        })
        .collect()
}

/// A step of a plan says what it did; everything else says what it is about.
fn subject(line: &LedgerLine) -> String {
    let title = line.data.get("title").or_else(|| line.data.pointer("/step/title")).and_then(Value::as_str);
    title.map_or_else(|| line.subject.clone(), |title| format!("{} {title}", line.subject))
}
