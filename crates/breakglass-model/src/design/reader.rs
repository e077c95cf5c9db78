//! Reading one table of the file: values by type, with every mistake noted at its place and no key overlooked.

use super::problem::{ConfigProblem, near, place};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Where mistakes go.
pub(super) struct Problems<'t> {
    text: &'t str,
    file: &'t str,
    /// The text itself is broken: then a missing key may only be hidden behind the broken place and is not reported.
    broken: bool,
    found: RefCell<Vec<ConfigProblem>>,
}

impl<'t> Problems<'t> {
    pub(super) fn new(text: &'t str, file: &'t str, broken: bool) -> Self {
        Self { text, file, broken, found: RefCell::default() }
    }

    pub(super) fn add(&self, span: &Range<usize>, message: impl Into<String>, next: impl Into<String>) {
        let (line, column) = place(self.text, span.start);
        let problem = ConfigProblem {
            file: self.file.into(),
            line,
            column,
            message: message.into(),
            next: next.into(),
        };
        let mut found = self.found.borrow_mut();
        if !found.contains(&problem) {
            found.push(problem);
        }
    }

    pub(super) fn missing(&self, span: &Range<usize>, message: impl Into<String>, next: impl Into<String>) {
        if !self.broken {
            self.add(span, message, next);
        }
    }

    pub(super) fn into_sorted(self) -> Vec<ConfigProblem> {
        let mut found = self.found.into_inner();
        found.sort_by_key(|p| (p.line, p.column));
        found
    }
}

/// A value with its place.
#[derive(Clone, Debug)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) span: Range<usize>,
}

/// One table, with the keys it may have.
pub(super) struct Reader<'p, 't, 'd> {
    problems: &'p Problems<'t>,
    table: &'d DeTable<'d>,
    /// How messages name the table: `account 2`, `tenant`.
    name: String,
    span: Range<usize>,
    known: RefCell<BTreeSet<&'static str>>,
}

impl<'p, 't, 'd> Reader<'p, 't, 'd> {
    pub(super) fn new(
        problems: &'p Problems<'t>,
        table: &'d DeTable<'d>,
        name: impl Into<String>,
        span: Range<usize>,
    ) -> Self {
        Self { problems, table, name: name.into(), span, known: RefCell::default() }
    }

    pub(super) fn problems(&self) -> &'p Problems<'t> {
        self.problems
    }

    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    fn get(&self, key: &'static str) -> Option<&'d Spanned<DeValue<'d>>> {
        self.known.borrow_mut().insert(key);
        self.table.get(key)
    }

    /// The place of a key's value, or of the table where the key is not given.
    pub(super) fn place(&self, key: &str) -> Range<usize> {
        self.table.get(key).map_or_else(|| self.span(), Spanned::span)
    }

    fn wrong_type(&self, key: &str, value: &Spanned<DeValue<'d>>, expected: &str) {
        let found = value.get_ref().type_str();
        self.problems.add(
            &value.span(),
            format!("`{key}` of {} is of type {found}", self.name),
            format!("make it {expected}"),
        );
    }

    pub(super) fn text(&self, key: &'static str) -> Option<At<String>> {
        let value = self.get(key)?;
        match value.get_ref().as_str() {
            Some(text) if text.trim().is_empty() => {
                self.problems.add(
                    &value.span(),
                    format!("`{key}` of {} is empty", self.name),
                    "fill it in, or remove the line if the key is optional",
                );
                None
            }
            Some(text) => Some(At { value: text.trim().to_owned(), span: value.span() }),
            None => {
                self.wrong_type(key, value, "a text in double quotes");
                None
            }
        }
    }

    /// A text that must be there; `hint` says what to write.
    pub(super) fn required(&self, key: &'static str, hint: &str) -> Option<At<String>> {
        if self.get(key).is_none() {
            self.problems.missing(
                &self.span,
                format!("{} has no `{key}`", self.name),
                format!("add `{key} = {hint}`"),
            );
        }
        self.text(key)
    }

    /// A whole number within limits.
    pub(super) fn number(&self, key: &'static str, allowed: Range<i64>) -> Option<At<i64>> {
        let value = self.get(key)?;
        let Some(integer) = value.get_ref().as_integer() else {
            self.wrong_type(key, value, "a whole number");
            return None;
        };
        match i64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(number) if allowed.contains(&number) => Some(At { value: number, span: value.span() }),
            _ => {
                self.problems.add(
                    &value.span(),
                    format!("`{key}` of {} is {integer}", self.name),
                    format!("choose a number from {} to {}", allowed.start, allowed.end - 1),
                );
                None
            }
        }
    }

    /// One word out of a list.
    pub(super) fn word(&self, key: &'static str, words: &[&'static str]) -> Option<At<&'static str>> {
        let text = self.text(key)?;
        if let Some(word) = words.iter().find(|w| **w == text.value) {
            return Some(At { value: word, span: text.span });
        }
        let next = match near(&text.value, words) {
            Some(word) => format!("write `{word}`"),
            None => format!("write {}", list(words)),
        };
        self.problems.add(
            &text.span,
            format!("`{key}` of {} is `{}`, which is not known", self.name, text.value),
            next,
        );
        None
    }

    /// A list of texts.
    pub(super) fn texts(&self, key: &'static str) -> Option<Vec<At<String>>> {
        let value = self.get(key)?;
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(key, value, "a list of texts: `[\"...\"]`");
            return None;
        };
        let mut texts = Vec::new();
        for item in array.iter() {
            match item.get_ref().as_str() {
                Some(text) => texts.push(At { value: text.trim().to_owned(), span: item.span() }),
                None => self.wrong_type(key, item, "a text in double quotes"),
            }
        }
        Some(texts)
    }

    /// A point in time: a TOML date-time with an offset, a TOML date (its midnight, UTC), or either as text.
    pub(super) fn time(&self, key: &'static str) -> Option<At<jiff::Timestamp>> {
        let value = self.get(key)?;
        let written = match value.get_ref() {
            DeValue::Datetime(time) => time.to_string(),
            DeValue::String(text) => text.trim().to_owned(),
            _ => {
                self.wrong_type(key, value, "a date such as `2027-03-31` or `2027-03-31T12:00:00Z`");
                return None;
            }
        };
        let midnight = || format!("{written}T00:00:00Z").parse::<jiff::Timestamp>().ok();
        let time = written
            .parse::<jiff::Timestamp>()
            .ok()
            .or_else(|| if written.len() == 10 { midnight() } else { None });
        match time {
            Some(time) => Some(At { value: time, span: value.span() }),
            None => {
                self.problems.add(
                    &value.span(),
                    format!("`{key}` of {} is `{written}`, which is not a point in time", self.name),
                    "write a date such as `2027-03-31`, or a time with an offset such as `2027-03-31T12:00:00Z`",
                );
                None
            }
        }
    }

    /// `[key]`.
    pub(super) fn table(&self, key: &'static str) -> Option<Reader<'p, 't, 'd>> {
        let value = self.get(key)?;
        let Some(table) = value.get_ref().as_table() else {
            let shape = if value.get_ref().is_array() {
                format!("a single table `[{key}]`")
            } else {
                format!("a table `[{key}]`")
            };
            self.wrong_type(key, value, &shape);
            return None;
        };
        Some(Reader::new(self.problems, table, format!("[{key}]"), value.span()))
    }

    /// `[[key]]`, each named by its number.
    pub(super) fn tables(&self, key: &'static str) -> Vec<Reader<'p, 't, 'd>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(key, value, &format!("a list of tables: write `[[{key}]]` with two brackets"));
            return Vec::new();
        };
        let mut readers = Vec::new();
        for (index, item) in array.iter().enumerate() {
            match item.get_ref().as_table() {
                Some(table) => {
                    readers.push(Reader::new(
                        self.problems,
                        table,
                        format!("{key} {}", index + 1),
                        item.span(),
                    ));
                }
                None => self.wrong_type(key, item, &format!("a table: write `[[{key}]]`")),
            }
        }
        readers
    }

    /// Whether a key is given, in whatever form.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// How many tables `[[key]]` there are, right or wrong.
    pub(super) fn count(&self, key: &str) -> usize {
        self.table.get(key).and_then(|v| v.get_ref().as_array()).map_or(0, |a| a.iter().count())
    }

    /// Calls the table by its own name from here on.
    pub(super) fn named(mut self, kind: &str) -> Self {
        if let Some(name) = self.table.get("name").and_then(|v| v.get_ref().as_str()) {
            self.name = format!("{kind} `{}`", name.trim());
        }
        self
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Reports every key that nobody asked for. Call it last.
    pub(super) fn finish(self) {
        let known = self.known.into_inner();
        let words: Vec<&str> = known.iter().copied().collect();
        for key in self.table.keys() {
            let word = key.get_ref().as_ref();
            if known.contains(word) {
                continue;
            }
            let next = match near(word, &words) {
                Some(word) => format!("write `{word}`"),
                None => format!("remove it; known keys are {}", listed(&words, "and")),
            };
            self.problems.add(&key.span(), format!("{} has an unknown key `{word}`", self.name), next);
        }
    }
}

/// Alternatives for people: "`a`", "one of `a` or `b`".
pub(super) fn list(words: &[&str]) -> String {
    format!("{}{}", if words.len() > 1 { "one of " } else { "" }, listed(words, "or"))
}

fn listed(words: &[&str], joint: &str) -> String {
    let quoted: Vec<String> = words.iter().map(|w| format!("`{w}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} {joint} {last}", rest.join(", ")),
        Some((only, _)) => only.clone(),
        None => String::new(),
    }
}

/// A count with its noun: "1 custodian", "3 custodians".
pub(super) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
