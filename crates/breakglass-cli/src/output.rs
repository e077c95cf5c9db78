//! The one place that writes to stdout: data there, talk on stderr, all of it legible without colour.

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use std::io::Write as _;

/// How the answer is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON document, alone on stdout.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit XML, for CI.
    Junit,
}

/// When colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// When stdout is a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Makes this the choice for both streams.
    pub fn choose(self) {
        let choice = match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
    }
}

/// Bold.
pub const BOLD: Style = Style::new().bold();
/// For what holds.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// For what does not hold.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// For what cannot be told.
pub const UNKNOWN: Style = AnsiColor::Yellow.on_default();
/// For what matters less.
pub const DIM: Style = Style::new().dimmed();

/// A text in a style.
pub fn paint(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// Prints a line of data on stdout. A closed pipe is not an error.
pub fn data(line: impl std::fmt::Display) {
    let _ = writeln!(anstream::stdout().lock(), "{line}");
}

/// Prints raw data without a line end.
pub fn raw(text: &str) {
    let mut out = anstream::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

/// Prints JSON on stdout, indented, with a line end.
pub fn json(value: &impl Serialize) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => data(text),
        Err(error) => talk(format!("the answer cannot be written as JSON: {error}")),
    }
}

/// Prints one line of JSON on stdout.
pub fn json_line(value: &impl Serialize) {
    match serde_json::to_string(value) {
        Ok(text) => data(text),
        Err(error) => talk(format!("the answer cannot be written as JSON: {error}")),
    }
}

/// Says something to the person, on stderr.
pub fn talk(line: impl std::fmt::Display) {
    let _ = writeln!(anstream::stderr().lock(), "{line}");
}

/// A table for people: no borders but a line under the head, so that it can be read aloud and pasted anywhere.
pub fn table(head: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_content_arrangement(comfy_table::ContentArrangement::Disabled);
    table.set_header(head.iter().map(|h| (*h).to_owned()).collect::<Vec<_>>());
    for row in rows {
        table.add_row(row);
    }
    table.trim_fmt()
}
