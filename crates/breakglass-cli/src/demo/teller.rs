//! Telling: each act has a number, a time and its proof; each command is shown as it is run.

use crate::commands;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::output::{self, BAD, BOLD, DIM, GOOD, paint};
use serde::Serialize;
use std::time::{Duration, Instant};

/// One act of the story as it went.
#[derive(Debug, Serialize)]
pub struct Row {
    step: usize,
    name: &'static str,
    done: bool,
    seconds: f64,
    proof: Vec<String>,
}

/// Keeps the acts.
#[derive(Default)]
pub struct Teller {
    rows: Vec<Row>,
}

impl Teller {
    /// Nothing told yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells one act. What it proves goes into the list it is given; an act that fails ends the story.
    pub async fn act<T>(
        &mut self,
        name: &'static str,
        title: &str,
        act: impl AsyncFnOnce(&mut Vec<String>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let step = self.rows.len() + 1;
        output::talk(format!("\n{} {}", paint(BOLD, format!("{step}. {name}:")), paint(BOLD, title)));
        let (began, mut proof) = (Instant::now(), Vec::new());
        let result = act(&mut proof).await;
        if let Err(failure) = &result {
            proof.push(failure.what.clone());
        }
        self.rows.push(Row {
            step,
            name,
            done: result.is_ok(),
            seconds: began.elapsed().as_secs_f64(),
            proof,
        });
        result
    }

    /// The acts so far.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The acts as a table, one line for each thing proved.
    pub fn table(&self, total: Duration) -> String {
        let mut rows = Vec::new();
        for row in &self.rows {
            let mut proof = row.proof.iter();
            let done = if row.done { paint(GOOD, "done") } else { paint(BAD, "failed") };
            let first = proof.next().cloned().unwrap_or_default();
            rows.push(vec![
                row.step.to_string(),
                row.name.into(),
                done,
                format!("{:.1} s", row.seconds),
                first,
            ]);
            rows.extend(
                proof.map(|p| vec![String::new(), String::new(), String::new(), String::new(), p.clone()]),
            );
        }
        rows.push(vec![
            String::new(),
            "all".into(),
            String::new(),
            format!("{:.1} s", total.as_secs_f64()),
            String::new(),
        ]);
        output::table(&["", "step", "", "time", "proof"], rows)
    }
}

/// Runs a command as a person would type it, and stops the story when it ends in another way than told.
pub async fn run(context: &Context, line: &[&str], expect: Exit) -> Result<(), Failure> {
    output::talk(format!("{} breakglass {}", paint(DIM, "$"), shown(line)));
    let exit = commands::run_told(context, line).await?;
    if exit == expect {
        return Ok(());
    }
    Err(Failure::new(
        format!("`breakglass {}` ended with {exit:?}, and the story says {expect:?}", shown(line)),
        "run the command again with the design and data directory of the story, and look at what it says",
    ))
}

/// Runs a command that must fail, and answers with what.
pub async fn run_refused(context: &Context, line: &[&str]) -> Result<String, Failure> {
    output::talk(format!("{} breakglass {}", paint(DIM, "$"), shown(line)));
    match commands::run_told(context, line).await {
        Err(failure) => {
            output::talk(format!("{}: {}", paint(BAD, "error"), failure.what));
            Ok(failure.what)
        }
        Ok(exit) => Err(Failure::new(
            format!("`breakglass {}` ended with {exit:?}, and it must be refused", shown(line)),
            "this is a mistake of the program: report it",
        )),
    }
}

/// A command line for people: words with blanks in quotes, long paths cut to their last part.
fn shown(line: &[&str]) -> String {
    let word = |w: &&str| {
        let short = match w.rsplit_once('/') {
            Some((_, name)) if w.len() > 40 => format!("…/{name}"),
            _ => (*w).to_owned(),
        };
        if short.contains(' ') { format!("{short:?}") } else { short }
    };
    line.iter().map(word).collect::<Vec<_>>().join(" ")
}
