//! Faults on request.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What goes wrong, and where.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    /// Tried in order; the first that matches and is not used up acts.
    pub(crate) rules: Vec<Rule>,
    /// New objects are not shown before this has passed.
    pub(crate) replication_lag: SignedDuration,
    /// Log records are not shown before this has passed.
    pub(crate) log_delay: SignedDuration,
    /// Every nth log record is shown twice; 0 is never.
    pub(crate) duplicate_every: u32,
    /// What is out of order: see [`OUTAGES`].
    pub(crate) outages: BTreeSet<String>,
}

/// Outages that can be asked for: multifactor authentication after a password, the federated identity provider, the admin
/// portals.
pub(crate) const OUTAGES: &[&str] = &["mfa", "federation", "portal"];

/// One fault, as the control origin takes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    /// `login`, `graph`, `arm` or `monitor`; everything when left out.
    #[serde(default)]
    pub(crate) origin: Option<String>,
    /// Beginning of the path, without regard to case and doubled slashes.
    #[serde(default)]
    pub(crate) path: String,
    /// One method; every one when left out.
    #[serde(default)]
    pub(crate) method: Option<String>,
    /// Status to answer instead; when left out, the request goes on after `delay_ms`.
    #[serde(default)]
    pub(crate) status: Option<u16>,
    /// Value of `Retry-After`, in seconds; no header when left out.
    #[serde(default)]
    pub(crate) retry_after: Option<u64>,
    /// How long to wait first.
    #[serde(default)]
    pub(crate) delay_ms: u64,
    /// Answer the fault only after the request took effect, as a lost answer does.
    #[serde(default)]
    pub(crate) after_effect: bool,
    /// How many requests are still affected; for ever when left out.
    #[serde(default)]
    pub(crate) count: Option<u32>,
}

impl Faults {
    pub(crate) fn is_out(&self, what: &str) -> bool {
        self.outages.contains(what)
    }

    /// The fault for a request, counted.
    pub(crate) fn take(&mut self, origin: &str, method: &str, path: &str) -> Option<Rule> {
        let path = tidy(path);
        let rule = self.rules.iter_mut().find(|r| {
            r.count != Some(0)
                && r.origin.as_deref().is_none_or(|o| o.eq_ignore_ascii_case(origin))
                && r.method.as_deref().is_none_or(|m| m.eq_ignore_ascii_case(method))
                && path.starts_with(&tidy(&r.path))
        })?;
        if let Some(count) = &mut rule.count {
            *count -= 1;
        }
        let rule = rule.clone();
        self.rules.retain(|r| r.count != Some(0));
        Some(rule)
    }
}

fn tidy(path: &str) -> String {
    let mut out = String::new();
    for c in path.chars().map(|c| c.to_ascii_lowercase()) {
        if !(c == '/' && out.ends_with('/')) {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_counted_and_fit_their_place() {
        let rule = |text: &str| serde_json::from_str::<Rule>(text).unwrap();
        let mut faults = Faults {
            rules: vec![
                rule(r#"{"origin":"graph","path":"/v1.0/users","status":429,"retry_after":2,"count":1}"#),
                rule(r#"{"path":"/v1.0","method":"patch","status":503}"#),
            ],
            ..Faults::default()
        };
        assert!(faults.take("graph", "GET", "/v1.0/groups").is_none());
        assert!(faults.take("arm", "GET", "/v1.0/users").is_none());
        assert_eq!(faults.take("graph", "GET", "/V1.0//Users/x").unwrap().retry_after, Some(2));
        assert!(faults.take("graph", "GET", "/v1.0/users").is_none());
        assert_eq!(faults.take("graph", "PATCH", "/v1.0/users").unwrap().status, Some(503));
        assert!(serde_json::from_str::<Rule>(r#"{"stauts":1}"#).is_err());
    }
}
