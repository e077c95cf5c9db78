//! Whose turn it is: each account often enough, and each of its keys in turn.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A drill that took place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// Account name.
    pub account: String,
    /// Which key.
    pub key: Option<String>,
    /// Who drilled.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Whether everything was seen in the logs. Only such drills count.
    pub complete: bool,
}

/// When and how an account is drilled next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Account name.
    pub account: String,
    /// The last drill that counts.
    pub last: Option<Timestamp>,
    /// When the next is due: now when there never was one.
    pub due: Timestamp,
    /// Whether that is over.
    pub overdue: bool,
    /// The key that was longest not drilled; none when no keys are known.
    pub key: Option<String>,
    /// Keys that no drill has used yet.
    pub never_drilled: Vec<String>,
}

/// The next turn of every account, the most urgent first. `accounts` are names with the names of their keys.
#[must_use]
pub fn turns(
    accounts: &[(String, Vec<String>)],
    past: &[Past],
    every_days: u16,
    now: Timestamp,
) -> Vec<Turn> {
    let period = SignedDuration::from_hours(24 * i64::from(every_days));
    let mut turns: Vec<Turn> = accounts
        .iter()
        .map(|(account, keys)| {
            let own = || past.iter().filter(|p| p.account == *account && p.complete);
            let last = own().map(|p| p.at).max();
            let last_with = |key: &String| own().filter(|p| p.key.as_ref() == Some(key)).map(|p| p.at).max();
            let due = last.map_or(now, |l| l.saturating_add(period).unwrap_or(Timestamp::MAX));
            Turn {
                account: account.clone(),
                last,
                due,
                overdue: due <= now,
                // Never drilled sorts before any time; the design's order settles the rest.
                key: keys.iter().min_by_key(|k| last_with(k)).cloned(),
                never_drilled: keys.iter().filter(|k| last_with(k).is_none()).cloned().collect(),
            }
        })
        .collect();
    turns.sort_by(|a, b| (a.last, &a.account).cmp(&(b.last, &b.account)));
    turns
}
