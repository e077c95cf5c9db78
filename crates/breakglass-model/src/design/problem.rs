//! A mistake in the configuration file, at its place.

use std::fmt;

/// One mistake in `breakglass.toml`: where, what, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConfigProblem {
    /// The file as the caller named it.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong, lower case, no full stop.
    pub message: String,
    /// What to do about it.
    pub next: String,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: error: {}", self.file, self.line, self.column, self.message)?;
        write!(f, "\n  try: {}", self.next)
    }
}

impl std::error::Error for ConfigProblem {}

/// All mistakes as one text, in the order of the file, with a count at the end.
#[must_use]
pub fn report(problems: &[ConfigProblem]) -> String {
    let mut text = problems.iter().map(|p| format!("{p}\n")).collect::<Vec<_>>().join("\n");
    let noun = if problems.len() == 1 { "mistake" } else { "mistakes" };
    text.push_str(&format!("\n{} {noun}; nothing was done\n", problems.len()));
    text
}

/// Line and column (both from 1) of a byte offset.
pub(super) fn place(text: &str, offset: usize) -> (usize, usize) {
    let before: String = text.char_indices().take_while(|(at, _)| *at < offset).map(|(_, c)| c).collect();
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    (line, column)
}

/// The candidate that a misspelt word probably means: at most a third of its letters are wrong.
pub(super) fn near<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let lower = word.to_lowercase().replace('-', "_");
    candidates
        .iter()
        .map(|c| (distance(&lower, &c.to_lowercase().replace('-', "_")), *c))
        .filter(|(d, c)| *d <= c.chars().count().max(3) / 3)
        .min()
        .map(|(_, c)| c)
}

/// Edits (insert, delete, replace, swap of neighbours) between two words.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let (mut before_last, mut last) = (Vec::new(), (0..=b.len()).collect::<Vec<usize>>());
    let mut previous: Option<char> = None;
    for (i, x) in a.chars().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], k: usize| row.get(k).copied().unwrap_or(usize::MAX - 1);
            let mut best =
                (at(&last, j) + usize::from(x != *y)).min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = j > 0 && previous == Some(*y) && b.get(j - 1) == Some(&x);
            if swapped {
                best = best.min(at(&before_last, j - 1) + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
        previous = Some(x);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_and_near_misses() {
        for (a, b, d) in [
            ("upn", "upn", 0),
            ("unp", "upn", 1),
            ("ownr", "owner", 1),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(a, b), d, "{a} {b}");
        }
        assert_eq!(near("accounts", &["account", "approver"]), Some("account"));
        assert_eq!(near("exclusion-profile", &["exclusion_profile"]), Some("exclusion_profile"));
        assert_eq!(near("colour", &["account", "approver"]), None);
    }

    #[test]
    fn places_count_characters() {
        assert_eq!(place("a\nbé x", 6), (2, 4));
        assert_eq!(place("", 0), (1, 1));
        assert_eq!(place("abc", 99), (1, 4));
    }
}
