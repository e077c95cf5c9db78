//! What the page shows, and the page.

use askama::Template;
use breakglass_model::Tri;
use serde::Serialize;

/// Everything on the page.
#[derive(Clone, Debug, Serialize)]
pub struct Overview {
    /// Tenant name and id.
    pub tenant: String,
    /// When this was put together, as text.
    pub as_of: String,
    /// Can we get in right now?
    pub verdict: Tri,
    /// The verdict in words.
    pub headline: String,
    /// Account by road.
    pub roads: Vec<RoadRow>,
    /// Scenarios and their verdicts.
    pub scenarios: Vec<(String, Tri)>,
    /// Account by policy.
    pub matrix: Matrix,
    /// Findings that need a person, worst first.
    pub findings: Vec<FindingRow>,
    /// How many checks passed.
    pub passed: usize,
    /// What happened, newest last.
    pub timeline: Vec<TimelineRow>,
}

/// One account on one road.
#[derive(Clone, Debug, Serialize)]
pub struct RoadRow {
    /// Account name.
    pub account: String,
    /// Road name.
    pub road: String,
    /// In every context?
    pub verdict: Tri,
}

/// Account by policy.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Matrix {
    /// Account names, the columns.
    pub accounts: Vec<String>,
    /// Policies, the rows.
    pub rows: Vec<MatrixRow>,
}

/// One policy.
#[derive(Clone, Debug, Serialize)]
pub struct MatrixRow {
    /// Display name.
    pub policy: String,
    /// `enabled`, `report-only`, `disabled`.
    pub state: String,
    /// One cell an account.
    pub cells: Vec<Cell>,
}

/// One account under one policy.
#[derive(Clone, Debug, Serialize)]
pub struct Cell {
    /// The answer.
    pub mark: Mark,
    /// Why, in words.
    pub why: String,
}

/// What a policy does to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// The account is excluded.
    Excluded,
    /// The policy does not reach the account.
    OutOfScope,
    /// It reaches the account, and the account can always satisfy it.
    Satisfied,
    /// It can block the account in some context.
    Blocks,
    /// It cannot be told.
    Unknown,
    /// It is not enforced.
    NotEnforced,
}

impl Mark {
    /// The word on the page.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Excluded => "excluded",
            Self::OutOfScope => "not reached",
            Self::Satisfied => "can be met",
            Self::Blocks => "blocks",
            Self::Unknown => "unknown",
            Self::NotEnforced => "not enforced",
        }
    }

    /// Class for colour; the word says it all without colour.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Excluded | Self::OutOfScope | Self::Satisfied => "good",
            Self::Blocks => "bad",
            Self::Unknown => "unknown",
            Self::NotEnforced => "quiet",
        }
    }
}

/// One finding.
#[derive(Clone, Debug, Serialize)]
pub struct FindingRow {
    /// `BG-F05`.
    pub id: String,
    /// `fail`, `undetermined`.
    pub status: String,
    /// `critical` ...
    pub severity: String,
    /// What it is about.
    pub subject: String,
    /// What was found.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

/// One line of the timeline.
#[derive(Clone, Debug, Serialize)]
pub struct TimelineRow {
    /// When, as text.
    pub at: String,
    /// What happened, e.g. `apply.step.done`.
    pub kind: String,
    /// About what.
    pub subject: String,
    /// Position in the ledger.
    pub index: u64,
}

#[derive(Template)]
#[template(path = "overview.html")]
struct Page<'a> {
    overview: &'a Overview,
}

impl Page<'_> {
    fn class(tri: &Tri) -> &'static str {
        match tri {
            Tri::Yes => "good",
            Tri::No => "bad",
            Tri::Unknown => "unknown",
        }
    }

    fn answer(&self) -> &'static str {
        match self.overview.verdict {
            Tri::Yes => "Yes",
            Tri::No => "No",
            Tri::Unknown => "Cannot tell",
        }
    }
}

/// The page as HTML, self-contained: it can be saved, mailed and printed.
///
/// # Errors
/// When the template cannot be rendered, which only running out of memory can bring about.
pub fn render(overview: &Overview) -> Result<String, askama::Error> {
    Page { overview }.render()
}
