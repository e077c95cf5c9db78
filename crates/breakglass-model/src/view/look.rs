//! Reading JSON without losing sight of what was not understood.

use serde_json::{Map, Value};
use std::fmt;

/// Something in a snapshot that was not understood. What needs it is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The object, for people.
    pub subject: String,
    /// Where in the object.
    pub path: String,
    /// What is there.
    pub found: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} is not understood: {}", self.subject, self.path, self.found)
    }
}

/// One member of a list that a policy is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Member<T> {
    /// Everything (`All`, `all`).
    All,
    /// This.
    Is(T),
    /// Something that was not understood: nobody can tell whether it matches.
    Unread(String),
}

/// What is included and what is excluded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sides<T> {
    /// Included.
    pub include: Vec<Member<T>>,
    /// Excluded.
    pub exclude: Vec<Member<T>>,
}

impl<T> Default for Sides<T> {
    fn default() -> Self {
        Self { include: Vec::new(), exclude: Vec::new() }
    }
}

impl<T> Sides<T> {
    /// Nobody can tell what is on either side.
    pub(super) fn unread(&mut self, what: &str) {
        self.include.push(Member::Unread(what.into()));
        self.exclude.push(Member::Unread(what.into()));
    }
}

/// Looks into one object and notes what it does not understand.
pub(super) struct Look<'a> {
    pub(super) subject: String,
    pub(super) problems: &'a mut Vec<Problem>,
}

impl<'a> Look<'a> {
    pub(super) fn new(subject: String, problems: &'a mut Vec<Problem>) -> Self {
        Self { subject, problems }
    }

    pub(super) fn note(&mut self, path: &str, found: &Value) {
        let mut found = found.to_string();
        if found.chars().count() > 80 {
            found = found.chars().take(77).chain("...".chars()).collect();
        }
        self.problems.push(Problem { subject: self.subject.clone(), path: path.into(), found });
    }

    /// An object, or nothing; an empty list is nothing too, as some exporters write it. What is something else is noted
    /// and gives `Err`.
    pub(super) fn object<'v>(&mut self, of: &'v Value, at: &str, key: &str) -> Result<Option<&'v Value>, ()> {
        match of.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(object @ Value::Object(_)) => Ok(Some(object)),
            Some(Value::Array(items)) if items.is_empty() => Ok(None),
            Some(other) => {
                self.note(&join(at, key), other);
                Err(())
            }
        }
    }

    /// A list of texts. What is no text is noted and becomes [`Member::Unread`].
    pub(super) fn texts(&mut self, of: &Value, at: &str, key: &str) -> Vec<Member<String>> {
        let path = join(at, key);
        match of.get(key) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| match item {
                    Value::String(text) => Member::Is(text.trim().to_owned()),
                    other => {
                        self.note(&path, other);
                        Member::Unread(path.clone())
                    }
                })
                .collect(),
            Some(other) => {
                self.note(&path, other);
                vec![Member::Unread(path)]
            }
        }
    }

    /// Flags that are written as one text with commas, or as a list.
    pub(super) fn flags(&mut self, of: &Value, at: &str, key: &str) -> Vec<Member<String>> {
        match of.get(key) {
            Some(Value::String(text)) => text
                .split(',')
                .map(str::trim)
                .filter(|t| !t.is_empty())
                .map(|t| Member::Is(t.to_owned()))
                .collect(),
            _ => self.texts(of, at, key),
        }
    }

    /// Members of a vocabulary, with a word that stands for all of them.
    pub(super) fn words<T>(
        &mut self,
        texts: Vec<Member<String>>,
        path: &str,
        all: Option<&str>,
        read: impl Fn(&str) -> Option<T>,
    ) -> Vec<Member<T>> {
        texts
            .into_iter()
            .map(|text| match text {
                Member::Is(text) if all.is_some_and(|a| a.eq_ignore_ascii_case(&text)) => Member::All,
                Member::Is(text) => match read(&text) {
                    Some(word) => Member::Is(word),
                    None => {
                        self.note(path, &Value::from(text.as_str()));
                        Member::Unread(format!("{path}: `{text}`"))
                    }
                },
                Member::All => Member::All,
                Member::Unread(what) => Member::Unread(what),
            })
            .collect()
    }

    /// A truth value, or `None` when it is not there; what is something else is noted.
    pub(super) fn flag(&mut self, of: &Value, at: &str, key: &str) -> Option<bool> {
        match of.get(key) {
            None | Some(Value::Null) => None,
            Some(Value::Bool(flag)) => Some(*flag),
            Some(other) => {
                self.note(&join(at, key), other);
                None
            }
        }
    }

    /// Names of members that say something and are not in `known`.
    pub(super) fn unknown_keys(&mut self, of: &Value, at: &str, known: &[&str]) -> Vec<String> {
        let members = of.as_object().into_iter().flat_map(Map::iter);
        let mut unknown = Vec::new();
        for (key, value) in members.filter(|(k, v)| !k.contains('@') && says_something(v)) {
            if !known.contains(&key.as_str()) {
                let path = join(at, key);
                self.note(&path, value);
                unknown.push(path);
            }
        }
        unknown
    }
}

/// `at.key`, or `key` at the top.
pub(super) fn join(at: &str, key: &str) -> String {
    if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") }
}

/// A text member.
pub(super) fn text<'v>(of: &'v Value, key: &str) -> Option<&'v str> {
    of.get(key).and_then(Value::as_str)
}

/// Whether a value is configured at all: not null, not empty, and not an object of annotations and nulls only.
pub(super) fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => map.iter().any(|(k, v)| !k.contains('@') && says_something(v)),
        Value::String(text) => !text.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}
