//! What is watched, and the windows in which the use of an account is expected.

use breakglass_model::ObjectId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How long after the end of a window its id is still named in an alert: whoever reads it then knows at once that a timer
/// ran out.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// Emergency access accounts and what protects them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// The emergency access accounts by object id.
    pub accounts: BTreeMap<ObjectId, WatchedAccount>,
    /// The group that carries the Conditional Access exclusions.
    pub exclusion_group: Option<ObjectId>,
    /// Drills and activations, open ones and those that ended lately.
    pub windows: Vec<Window>,
}

/// An emergency access account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchedAccount {
    /// Name in the design, e.g. `ea-01`.
    pub name: String,
    /// User principal name.
    pub upn: String,
}

/// A time in which the use of an account is expected. Both ends belong to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Why.
    pub kind: WindowKind,
    /// Id of the drill or the activation.
    pub id: String,
    /// Which account.
    pub account: ObjectId,
    /// First moment.
    pub from: Timestamp,
    /// Last moment: where the timer ends.
    pub until: Timestamp,
}

/// Why the use of an account is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WindowKind {
    /// A drill.
    Drill,
    /// An approved emergency.
    Activation,
}

impl std::fmt::Display for WindowKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Drill => "drill",
            Self::Activation => "activation",
        })
    }
}

impl Watched {
    /// The account with this id or, when the log has no id that we know, with this user principal name. An attempt on a
    /// wrong password or a deleted user may carry a name and no id.
    #[must_use]
    pub fn find(&self, id: Option<&ObjectId>, upn: Option<&str>) -> Option<(&ObjectId, &WatchedAccount)> {
        if let Some(found) = id.and_then(|id| self.accounts.get_key_value(id)) {
            return Some(found);
        }
        let upn = upn?.trim();
        self.accounts.iter().find(|(_, account)| account.upn.eq_ignore_ascii_case(upn))
    }

    /// The window of the account that is open at that time; the one that began last when there are several.
    #[must_use]
    pub fn open_window(&self, account: &ObjectId, at: Timestamp) -> Option<&Window> {
        self.windows
            .iter()
            .filter(|w| w.account == *account && w.from <= at && at <= w.until)
            .max_by_key(|w| (w.from, w.kind))
    }

    /// The window of the account that ended last before that time, when that was within a day.
    #[must_use]
    pub fn ended_window(&self, account: &ObjectId, at: Timestamp) -> Option<&Window> {
        self.windows
            .iter()
            .filter(|w| w.account == *account && w.until < at && at.duration_since(w.until) <= REMEMBERED)
            .max_by_key(|w| (w.until, w.kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-03-01T{text}Z").parse().unwrap()
    }

    fn watched() -> Watched {
        let window = |kind, id: &str, from: &str, until: &str| Window {
            kind,
            id: id.into(),
            account: "a".into(),
            from: at(from),
            until: at(until),
        };
        Watched {
            accounts: BTreeMap::from([(
                "a".into(),
                WatchedAccount { name: "ea-01".into(), upn: "q7@contoso.onmicrosoft.com".into() },
            )]),
            exclusion_group: None,
            windows: vec![
                window(WindowKind::Activation, "A-1", "10:00:00", "11:00:00"),
                window(WindowKind::Drill, "D-1", "10:30:00", "10:45:00"),
            ],
        }
    }

    #[test]
    fn both_ends_belong_to_a_window_and_the_latest_wins() {
        let watched = watched();
        let open = |time| watched.open_window(&"a".into(), at(time)).map(|w| w.id.as_str());
        assert_eq!(open("09:59:59"), None);
        assert_eq!(open("10:00:00"), Some("A-1"));
        assert_eq!(open("10:40:00"), Some("D-1"));
        assert_eq!(open("11:00:00"), Some("A-1"));
        assert_eq!(open("11:00:01"), None);
        assert_eq!(watched.open_window(&"b".into(), at("10:40:00")), None, "a window is of one account");
    }

    #[test]
    fn an_ended_window_is_named_for_a_day() {
        let watched = watched();
        let ended = |time: Timestamp| watched.ended_window(&"a".into(), time).map(|w| w.id.as_str());
        assert_eq!(ended(at("10:50:00")), Some("D-1"));
        assert_eq!(ended(at("11:00:01")), Some("A-1"));
        assert_eq!(ended(at("11:00:01") + SignedDuration::from_hours(24)), None);
    }

    #[test]
    fn an_account_is_found_by_id_or_by_name() {
        let watched = watched();
        assert!(watched.find(Some(&"A".into()), None).is_some());
        assert!(watched.find(None, Some("Q7@Contoso.onmicrosoft.com")).is_some());
        assert!(watched.find(Some(&"x".into()), Some("somebody@contoso.com")).is_none());
    }
}
