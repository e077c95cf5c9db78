//! Three-valued answers (strong Kleene logic): yes, no, and "I cannot tell".

use serde::{Deserialize, Serialize};
use std::ops::Not;

/// An answer that is allowed to be unknown. Unknown is never counted as safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tri {
    /// It holds.
    Yes,
    /// It does not hold.
    No,
    /// What was read does not settle it.
    Unknown,
}

impl Tri {
    /// Conjunction: one `no` settles it, otherwise an `unknown` spreads.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, Self::Yes) => Self::Yes,
            _ => Self::Unknown,
        }
    }

    /// Disjunction: one `yes` settles it, otherwise an `unknown` spreads.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::No, Self::No) => Self::No,
            _ => Self::Unknown,
        }
    }

    /// Conjunction of all; yes for none.
    pub fn all(values: impl IntoIterator<Item = Self>) -> Self {
        values.into_iter().fold(Self::Yes, Self::and)
    }

    /// Disjunction of all; no for none.
    pub fn any(values: impl IntoIterator<Item = Self>) -> Self {
        values.into_iter().fold(Self::No, Self::or)
    }

    /// True only for a settled yes.
    #[must_use]
    pub fn is_yes(self) -> bool {
        self == Self::Yes
    }

    /// True only for a settled no.
    #[must_use]
    pub fn is_no(self) -> bool {
        self == Self::No
    }

    /// True when nothing settles it.
    #[must_use]
    pub fn is_unknown(self) -> bool {
        self == Self::Unknown
    }

    /// True unless it is a settled no: the pessimistic reading of "may hold".
    #[must_use]
    pub fn may(self) -> bool {
        self != Self::No
    }
}

impl Not for Tri {
    type Output = Self;
    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
        }
    }
}

impl From<bool> for Tri {
    fn from(value: bool) -> Self {
        if value { Self::Yes } else { Self::No }
    }
}

impl From<Option<bool>> for Tri {
    fn from(value: Option<bool>) -> Self {
        value.map_or(Self::Unknown, Self::from)
    }
}

impl std::fmt::Display for Tri {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Tri::{self, No, Unknown, Yes};

    #[test]
    fn kleene_tables() {
        for (a, b, and, or) in [
            (Yes, Yes, Yes, Yes),
            (Yes, No, No, Yes),
            (Yes, Unknown, Unknown, Yes),
            (No, No, No, No),
            (No, Unknown, No, Unknown),
            (Unknown, Unknown, Unknown, Unknown),
        ] {
            assert_eq!((a.and(b), b.and(a), a.or(b), b.or(a)), (and, and, or, or), "{a:?} {b:?}");
            assert_eq!(!(a.and(b)), (!a).or(!b), "De Morgan for {a:?} {b:?}");
        }
        assert_eq!((Tri::all([]), Tri::any([])), (Yes, No));
    }
}
