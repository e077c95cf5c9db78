//! From records to a report.

use super::{AlertTime, Drill, DrillReport, Item, Log, Measured, Standing, What};
use breakglass_detect::{Event, EventKind};
use breakglass_model::Tri;
use jiff::{SignedDuration, Timestamp};

/// Entra's clock and ours may differ by this much: a record this much before the beginning may still be the drill's.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(60);

const ELEVATE: &str = "MICROSOFT.AUTHORIZATION/ELEVATEACCESS/ACTION";
const REMOVE_ASSIGNMENT: &str = "MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/DELETE";

/// Judges a drill by the records of the tenant and the times of the alerts. Records of others and from before are passed
/// over, so the lists may hold more than the drill's own.
#[must_use]
pub fn judge(drill: &Drill, events: &[Event], alerts: &[AlertTime]) -> DrillReport {
    let from = drill.began.saturating_sub(CLOCK_SKEW).unwrap_or(drill.began);
    let mut own: Vec<&Event> =
        events.iter().filter(|e| e.actor.as_ref() == Some(&drill.object_id) && e.at >= from).collect();
    own.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    own.dedup_by(|a, b| a.id == b.id && a.kind == b.kind);
    let court = Court { drill, own };
    let sign_in = court.sign_in();
    let write = court.audit(What::Write, "add group", drill.began);
    let elevated = court.elevated();
    let since = elevated.at.unwrap_or(drill.began);
    let removed = court.removed(since);
    let raised = court.alert(What::AlertRaised, &sign_in, alerts, |a| Some(a.seen_at));
    let delivered = court.alert(What::AlertDelivered, &sign_in, alerts, |a| a.sent_at);
    let acknowledged = court.alert(What::AlertDelivered, &sign_in, alerts, |a| a.acknowledged_at);
    let after = |from: Option<Timestamp>, item: &Item| {
        from.zip(item.at).map(|(from, at)| at.duration_since(from).as_secs())
    };
    let began = Some(drill.began);
    let first =
        [&write, &elevated].into_iter().filter(|i| i.standing == Standing::Seen).filter_map(|i| i.at).min();
    let measured = Measured {
        signed_in: after(began, &sign_in),
        first_action: first.map(|at| at.duration_since(drill.began).as_secs()),
        finished: after(began, &removed),
        alert_raised: after(sign_in.at, &raised),
        alert_delivered: after(sign_in.at, &delivered),
        alert_acknowledged: after(sign_in.at, &acknowledged),
    };
    let items = vec![
        court.strong(&sign_in),
        court.conditional_access(&sign_in),
        write,
        court.audit(What::WriteUndone, "delete group", drill.began),
        elevated,
        court.subscriptions(),
        removed,
        raised,
        delivered,
    ];
    let items = std::iter::once(sign_in).chain(items).collect();
    DrillReport { drill: drill.clone(), items, measured }
}

struct Court<'a> {
    drill: &'a Drill,
    own: Vec<&'a Event>,
}

impl Court<'_> {
    fn find(&self, item: &Item) -> Option<&Event> {
        let id = item.records.first().filter(|_| item.standing == Standing::Seen)?;
        self.own.iter().find(|e| e.id == *id).copied()
    }

    /// What it means that nothing was found: missing when the log was read, else unknown.
    fn absent(&self, what: What, logs: &[Log], words: &str) -> Item {
        let unread: Vec<_> = logs.iter().filter_map(|l| self.drill.told.unread.get(l)).cloned().collect();
        // One log that could not be read is enough: the record may stand in it.
        let (standing, detail) = if unread.is_empty() {
            (Standing::Missing, words.to_owned())
        } else {
            (Standing::Unknown, format!("{words}; not read: {}", unread.join("; ")))
        };
        item(what, standing, &[], detail)
    }

    /// The best of several records for one item: one that succeeded, else one that may have, else the last that failed.
    fn best(&self, what: What, logs: &[Log], found: &[&Event], words: &str) -> Item {
        let with = |state: Tri| found.iter().find(|e| e.succeeded == state);
        if let Some(event) = with(Tri::Yes) {
            return item(what, Standing::Seen, &[event], event.operation.clone());
        }
        if let Some(event) = with(Tri::Unknown) {
            return item(
                what,
                Standing::Unknown,
                &[event],
                format!("`{}` does not say whether it succeeded", event.operation),
            );
        }
        if let Some(event) = found.last() {
            let code = event.error_code.map_or_else(String::new, |c| format!(" (AADSTS{c})"));
            return item(what, Standing::Missing, &[event], format!("`{}` failed{code}", event.operation));
        }
        self.absent(what, logs, words)
    }

    /// The interactive sign-in of the drill: by its correlation id when the log has it, else the first that succeeded.
    fn sign_in(&self) -> Item {
        let sign_ins: Vec<&Event> =
            self.own.iter().copied().filter(|e| e.kind == EventKind::SignIn).collect();
        let told = self.drill.told.correlation_id.as_deref();
        let same = |e: &&Event| told.is_some() && e.correlation_id.as_deref() == told && e.succeeded.is_yes();
        if let Some(event) = sign_ins.iter().copied().find(same) {
            return item(What::SignedIn, Standing::Seen, &[event], "correlation id of the run".into());
        }
        self.best(
            What::SignedIn,
            &[Log::SignIns],
            &sign_ins,
            "no interactive sign-in of the account in the log",
        )
    }

    fn strong(&self, sign_in: &Item) -> Item {
        let what = What::StrongMethod;
        let Some(event) = self.find(sign_in) else {
            return item(what, Standing::Unknown, &[], "the sign-in itself is not seen".into());
        };
        let named = event.methods.join(", ");
        if let Some(strong) = event.methods.iter().find(|m| is_phishing_resistant(m)) {
            let key =
                self.drill.key.as_ref().map_or_else(String::new, |k| format!(", key {k} by the run's word"));
            return item(what, Standing::Seen, &[event], format!("{strong}{key}"));
        }
        let several =
            event.detail("requirement").is_some_and(|r| r.eq_ignore_ascii_case("multiFactorAuthentication"));
        match (event.methods.len(), several) {
            (0, _) => item(what, Standing::Unknown, &[event], "the record names no method".into()),
            (2.., true) => item(what, Standing::Seen, &[event], format!("several factors: {named}")),
            _ => item(what, Standing::Missing, &[event], format!("only {named}")),
        }
    }

    fn conditional_access(&self, sign_in: &Item) -> Item {
        let what = What::ConditionalAccess;
        let Some(event) = self.find(sign_in) else {
            return item(what, Standing::Unknown, &[], "the sign-in itself is not seen".into());
        };
        let result = event.detail("conditional_access");
        let standing = match result.map(str::to_ascii_lowercase).as_deref() {
            Some("success" | "notapplied") => Standing::Seen,
            Some("failure") => Standing::Missing,
            _ => Standing::Unknown,
        };
        let words = result.map_or("the record does not say", |r| r);
        item(what, standing, &[event], words.to_owned())
    }

    /// A change of the drill's own group in the directory.
    fn audit(&self, what: What, operation: &str, since: Timestamp) -> Item {
        let from = since.saturating_sub(CLOCK_SKEW).unwrap_or(since);
        let named = |e: &&Event| {
            e.kind == EventKind::Audit && e.at >= from && e.operation.eq_ignore_ascii_case(operation)
        };
        let group = self.drill.told.group.as_ref();
        let found: Vec<&Event> = self.own.iter().copied().filter(named).collect();
        let ours: Vec<&Event> =
            found.iter().copied().filter(|e| group.is_none_or(|g| e.targets.contains(g))).collect();
        if let (true, Some(nameless)) = (ours.is_empty(), found.iter().find(|e| e.targets.is_empty())) {
            return item(
                what,
                Standing::Unknown,
                &[nameless],
                format!("`{}` names no object", nameless.operation),
            );
        }
        self.best(what, &[Log::Audits], &ours, &format!("no `{operation}` by the account in the audit log"))
    }

    fn elevated(&self) -> Item {
        let is = |e: &&Event| match e.kind {
            EventKind::Activity => e.operation == ELEVATE,
            EventKind::Audit => says(e, &["elevated", "user access administrator"]),
            _ => false,
        };
        let found: Vec<&Event> = self.own.iter().copied().filter(is).collect();
        let logs = [Log::Activity, Log::Audits];
        self.best(What::Elevated, &logs, &found, "no elevation by the account in the activity log")
    }

    fn removed(&self, since: Timestamp) -> Item {
        let what = What::ElevationRemoved;
        let is = |e: &&Event| match e.kind {
            EventKind::Activity => e.operation == REMOVE_ASSIGNMENT && at_root(e).may(),
            EventKind::Audit => says(e, &["removed", "user access administrator"]),
            _ => false,
        };
        let found: Vec<&Event> = self.own.iter().copied().filter(|e| e.at >= since).filter(is).collect();
        let certain: Vec<&Event> =
            found.iter().copied().filter(|e| e.kind != EventKind::Activity || at_root(e).is_yes()).collect();
        if let (true, Some(event)) = (certain.is_empty(), found.first()) {
            return item(what, Standing::Unknown, &[event], "the record does not say at which scope".into());
        }
        let logs = [Log::Activity, Log::Audits];
        self.best(what, &logs, &certain, "no removal of the elevation in the activity log")
    }

    fn subscriptions(&self) -> Item {
        let what = What::Subscriptions;
        match self.drill.told.subscriptions.as_deref() {
            None => item(what, Standing::Missing, &[], "the run did not list any".into()),
            Some([]) => item(
                what,
                Standing::Unknown,
                &[],
                "none was visible: there is none, or the elevation did not reach it".into(),
            ),
            Some(list) => item(
                what,
                Standing::Seen,
                &[],
                format!("{} by the run's word: {}", list.len(), list.join(", ")),
            ),
        }
    }

    fn alert(
        &self,
        what: What,
        sign_in: &Item,
        alerts: &[AlertTime],
        stage: impl Fn(&AlertTime) -> Option<Timestamp>,
    ) -> Item {
        let Some(event) = self.find(sign_in) else {
            return item(what, Standing::Unknown, &[], "the sign-in itself is not seen".into());
        };
        let about: Vec<&AlertTime> = alerts.iter().filter(|a| a.records.contains(&event.id)).collect();
        let reached = about.iter().filter_map(|a| Some((*a, stage(a)?))).min_by_key(|(_, at)| *at);
        let Some((alert, at)) = reached else {
            let words = if about.is_empty() {
                "no alert names the record of the sign-in"
            } else {
                "no alert has come so far"
            };
            return item(what, Standing::Missing, &[], words.into());
        };
        let seconds = at.duration_since(event.at).as_secs();
        let limit = i64::from(self.drill.alert_limit_seconds);
        let standing = if seconds <= limit { Standing::Seen } else { Standing::Missing };
        // Which stage took the time: the log until it was seen, or we afterwards.
        let in_log = alert.seen_at.duration_since(event.at).as_secs();
        let detail = format!("{seconds} s after the sign-in, {in_log} s of it in the log; limit {limit} s");
        Item { what, standing, records: vec![alert.id.clone()], at: Some(at), detail }
    }
}

fn item(what: What, standing: Standing, events: &[&Event], detail: String) -> Item {
    let records = events.iter().map(|e| e.id.clone()).collect();
    Item { what, standing, records, at: events.first().map(|e| e.at), detail }
}

/// Whether a role assignment that was deleted was one at root scope.
fn at_root(event: &Event) -> Tri {
    let scope = event.detail("scope");
    let resource = event.detail("resource").map(str::to_ascii_lowercase);
    match (scope, resource) {
        (Some("/"), _) => Tri::Yes,
        (_, Some(r)) if r.starts_with("/providers/microsoft.authorization/roleassignments") => Tri::Yes,
        (None, None) => Tri::Unknown,
        _ => Tri::No,
    }
}

fn says(event: &Event, words: &[&str]) -> bool {
    let text = event.operation.to_ascii_lowercase();
    words.iter().all(|w| text.contains(w))
}

/// Passkeys, certificates and Windows Hello, by the names that sign-in logs use.
fn is_phishing_resistant(method: &str) -> bool {
    let method = method.to_ascii_lowercase();
    ["fido", "passkey", "x.509", "x509", "certificate", "windows hello"]
        .iter()
        .any(|name| method.contains(name))
}
