//! The rule language of device filters and application filters (CONDITIONAL_ACCESS 1.6, T-8).
//!
//! A [`Rule`] is parsed whole or not at all: a rule that is not understood is an error with its place, and whoever asks
//! treats it as "unknown", never as true or false.

mod lex;
mod match_app;
mod match_device;
mod parse;
mod vocabulary;

#[cfg(test)]
mod tests;

use breakglass_model::Tri;
use breakglass_model::sign_in::Machine;

/// Longest rule that Entra takes, in characters.
pub const MAX_LENGTH: usize = 3072;

/// A rule that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    root: Expr,
}

/// Why a rule was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at character {at}: expected {expected}, found {found}")]
pub struct RuleProblem {
    /// Character in the rule, from 1.
    pub at: usize,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub found: String,
}

/// A part of a rule. `-not` binds tighter than `-and`, `-and` tighter than `-or`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Expr {
    Or(Vec<Expr>),
    And(Vec<Expr>),
    Not(Box<Expr>),
    Is(Comparison),
}

/// `property operator value`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Comparison {
    /// Everything after `device.` or `CustomSecurityAttribute.`, as written.
    property: String,
    operator: Operator,
    value: Literal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Test {
    Equals,
    StartsWith,
    EndsWith,
    Contains,
    In,
}

/// A test, or its opposite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Operator {
    test: Test,
    negative: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Literal {
    Text(String),
    List(Vec<String>),
    Flag(bool),
    Null,
}

impl Rule {
    /// Reads a rule about devices; only properties and operators that Microsoft documents are taken.
    ///
    /// # Errors
    /// The first place that is not understood.
    pub fn for_devices(text: &str) -> Result<Self, RuleProblem> {
        parse::parse(text, "device", vocabulary::check_device)
    }

    /// Reads a rule about applications' custom security attributes.
    ///
    /// # Errors
    /// The first place that is not understood.
    pub fn for_applications(text: &str) -> Result<Self, RuleProblem> {
        parse::parse(text, "CustomSecurityAttribute", vocabulary::check_application)
    }

    /// Whether the rule is true of a machine (F-1 to F-4, F-7, F-10).
    #[must_use]
    pub fn matches_device(&self, machine: &Machine) -> Tri {
        self.root.value(&|comparison| match_device::holds(comparison, machine))
    }

    /// Whether the rule is true of an application with these attributes (`{set: {name: value}}`); `None` when they
    /// could not be read.
    #[must_use]
    pub fn matches_application(&self, attributes: Option<&serde_json::Value>) -> Tri {
        self.root.value(&|comparison| match_app::holds(comparison, attributes))
    }
}

impl Expr {
    fn value(&self, holds: &impl Fn(&Comparison) -> Tri) -> Tri {
        match self {
            Self::Or(parts) => Tri::any(parts.iter().map(|p| p.value(holds))),
            Self::And(parts) => Tri::all(parts.iter().map(|p| p.value(holds))),
            Self::Not(part) => !part.value(holds),
            Self::Is(comparison) => holds(comparison),
        }
    }
}

impl Comparison {
    /// The positive form of the test on one text, without regard to case. `None`: the value does not fit the test.
    fn on_text(&self, text: &str) -> Option<bool> {
        let text = text.to_lowercase();
        let with = |test: fn(&str, &str) -> bool| match &self.value {
            Literal::Text(value) => Some(test(&text, &value.to_lowercase())),
            Literal::Flag(flag) => Some(test(&text, if *flag { "true" } else { "false" })),
            Literal::Null | Literal::List(_) => None,
        };
        match self.operator.test {
            Test::Equals if self.value == Literal::Null => Some(false),
            Test::Equals => with(|text, value| text == value),
            Test::StartsWith => with(|text, value| text.starts_with(value)),
            Test::EndsWith => with(|text, value| text.ends_with(value)),
            Test::Contains => with(|text, value| text.contains(value)),
            Test::In => match &self.value {
                Literal::List(values) => Some(values.iter().any(|v| v.to_lowercase() == text)),
                Literal::Text(value) => Some(value.to_lowercase() == text),
                Literal::Flag(_) | Literal::Null => None,
            },
        }
    }

    /// `contains` on a collection is equality with one of its elements (F-4).
    fn on_list(&self, items: &[String]) -> Option<bool> {
        match (&self.value, self.operator.test) {
            (Literal::Text(value), Test::Contains) => {
                Some(items.iter().any(|i| i.to_lowercase() == value.to_lowercase()))
            }
            (Literal::Null, Test::Equals) => Some(items.is_empty()),
            _ => None,
        }
    }

    /// On a property that is null: positive tests are false, negative ones true; `null` itself is equal (F-1).
    fn on_null(&self) -> Tri {
        let equal = self.operator.test == Test::Equals && self.value == Literal::Null;
        Tri::from(equal != self.operator.negative)
    }

    fn signed(&self, positive: Option<bool>) -> Tri {
        Tri::from(positive.map(|p| p != self.operator.negative))
    }
}
