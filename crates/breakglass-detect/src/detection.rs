//! What a rule found, with all that an alert must say.

use crate::event::Event;
use crate::watched::{Watched, Window, WindowKind};
use breakglass_model::{ObjectId, Severity, canonical};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What explains an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Context {
    /// A drill of the account is open.
    Drill,
    /// An activation of the account is open.
    Activation,
    /// Nothing that we know of: an emergency that nobody declared, or misuse.
    Unknown,
}

impl std::fmt::Display for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Drill => "drill",
            Self::Activation => "activation",
            Self::Unknown => "unknown",
        })
    }
}

/// Something that a person must hear.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    /// Stable: the same event and rule give the same id on every road and after every restart, so that nothing is told
    /// twice.
    pub id: String,
    /// Id of the rule, e.g. `account-sign-in`.
    pub rule: String,
    /// How bad it is, the context taken into account.
    pub severity: Severity,
    /// One line for a telephone.
    pub title: String,
    /// Names of the emergency accounts it is about; empty when it is about what protects them all.
    pub accounts: Vec<String>,
    /// What explains it.
    pub context: Context,
    /// The drill or activation that is open, or the one that ended within the last day.
    pub window: Option<String>,
    /// True when `window` had ended: use after the timer is critical.
    pub after_window: bool,
    /// Id of the event.
    pub event: String,
    /// When it happened.
    pub at: Timestamp,
    /// The facts that the rule found; no secrets.
    pub facts: Map<String, Value>,
    /// What to do now.
    pub next_step: String,
}

impl Detection {
    /// Everything but id, severity and title, as the details of an alert.
    #[must_use]
    pub fn details(&self) -> Value {
        let mut map = self.facts.clone();
        map.insert("rule".into(), json!(self.rule));
        map.insert("accounts".into(), json!(self.accounts));
        map.insert("context".into(), json!(self.context));
        map.insert("event".into(), json!(self.event));
        map.insert("next_step".into(), json!(self.next_step));
        if let Some(window) = &self.window {
            map.insert("window".into(), json!(window));
            map.insert("after_window".into(), json!(self.after_window));
        }
        Value::Object(map)
    }
}

/// Whether a rule is about what an account does or about what is done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    /// The account is used. That is what a drill and an activation are for: expected in a window.
    Use,
    /// The account, or what protects it, is changed. A window explains that somebody works; it does not explain every
    /// change, so the severity only falls by one step.
    Change,
}

/// What a rule says before the context is known.
pub(crate) struct Hit<'a> {
    /// The accounts it is about.
    pub(crate) accounts: Vec<(&'a ObjectId, &'a str)>,
    /// Outside of any window.
    pub(crate) severity: Severity,
    /// One line without its context.
    pub(crate) title: String,
    /// Facts on top of those that every detection has.
    pub(crate) facts: Map<String, Value>,
    /// Another next step than the rule's.
    pub(crate) next_step: Option<String>,
}

impl<'a> Hit<'a> {
    pub(crate) fn new(severity: Severity, title: impl Into<String>) -> Self {
        Self { accounts: Vec::new(), severity, title: title.into(), facts: Map::new(), next_step: None }
    }

    pub(crate) fn about(mut self, id: &'a ObjectId, name: &'a str) -> Self {
        self.accounts.push((id, name));
        self
    }

    pub(crate) fn fact(mut self, key: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        if !value.is_null() {
            self.facts.insert(key.into(), value);
        }
        self
    }

    pub(crate) fn next(mut self, step: impl Into<String>) -> Self {
        self.next_step = Some(step.into());
        self
    }

    /// The detection: context, severity and facts put together.
    pub(crate) fn detection(
        self,
        rule: &str,
        nature: Nature,
        next_step: &str,
        event: &Event,
        watched: &Watched,
    ) -> Detection {
        let actor = watched.find(event.actor.as_ref(), event.actor_name.as_deref());
        let actor_id = actor.map(|(id, _)| id);
        let open = self.window(actor_id, |id| watched.open_window(id, event.at));
        let ended = if open.is_none() {
            self.window(actor_id, |id| watched.ended_window(id, event.at))
        } else {
            None
        };
        let by_account = actor_id
            .is_some_and(|a| self.accounts.is_empty() || self.accounts.iter().any(|(id, _)| *id == a));
        let severity = match (open.is_some(), nature) {
            (false, _) => self.severity,
            (true, Nature::Use) if by_account => Severity::Info,
            (true, _) => lower(self.severity),
        };
        let next_step = match open {
            Some(window) => format!(
                "check that this belongs to {} `{}`: who acts, from where, and what was planned; if not, {}",
                window.kind,
                window.id,
                self.next_step.as_deref().unwrap_or(next_step),
            ),
            None => self.next_step.unwrap_or_else(|| next_step.to_owned()),
        };
        let title = match (open, ended) {
            (Some(window), _) => format!("{} ({} `{}`)", self.title, window.kind, window.id),
            (None, Some(window)) => {
                format!("{}, after the end of {} `{}`", self.title, window.kind, window.id)
            }
            (None, None) => self.title,
        };
        let accounts: Vec<String> = self.accounts.iter().map(|(_, name)| (*name).to_owned()).collect();
        let key = format!("{rule}\n{}\n{}", event.id, accounts.join("\n"));
        let digest = canonical::digest_bytes(key.as_bytes());
        let digest = digest.trim_start_matches("sha256:").get(..32).unwrap_or_default().to_owned();
        let mut facts = common(event);
        facts.extend(self.facts);
        if let Some(window) = ended {
            facts.insert("window_ended".into(), json!(window.until));
        }
        Detection {
            id: format!("{rule}-{digest}"),
            rule: rule.to_owned(),
            severity,
            title,
            accounts,
            context: match open.map(|w| w.kind) {
                Some(WindowKind::Drill) => Context::Drill,
                Some(WindowKind::Activation) => Context::Activation,
                None => Context::Unknown,
            },
            window: open.or(ended).map(|w| w.id.clone()),
            after_window: ended.is_some(),
            event: event.id.clone(),
            at: event.at,
            facts,
            next_step,
        }
    }

    /// The window that explains this: of the account that acts, when one of ours acts; else one that each account has that
    /// this is about. When only some of them have one there is none, since it would excuse the others.
    fn window<'w>(
        &self,
        actor: Option<&ObjectId>,
        find: impl Fn(&ObjectId) -> Option<&'w Window>,
    ) -> Option<&'w Window> {
        if let Some(actor) = actor {
            return find(actor);
        }
        let mut accounts = self.accounts.iter().map(|(id, _)| *id);
        let window = find(accounts.next()?)?;
        accounts.all(|id| find(id).is_some()).then_some(window)
    }
}

fn lower(severity: Severity) -> Severity {
    match severity {
        Severity::Critical => Severity::High,
        Severity::High => Severity::Medium,
        Severity::Medium | Severity::Info => Severity::Info,
    }
}

/// Facts that every alert has when the record has them.
fn common(event: &Event) -> Map<String, Value> {
    let mut facts = Map::new();
    let mut put = |key: &str, value: Value| {
        if !value.is_null() {
            facts.insert(key.into(), value);
        }
    };
    put("log", json!(event.kind));
    put("operation", json!(event.operation));
    put("actor", json!(event.actor_name));
    put("actor_id", json!(event.actor));
    put("ip", json!(event.ip));
    put("app_id", json!(event.app_id));
    put("correlation_id", json!(event.correlation_id));
    put("succeeded", json!(event.succeeded));
    if !event.methods.is_empty() {
        put("methods", json!(event.methods));
    }
    if let Some(reason) = event.detail("reason") {
        put("reason", json!(reason));
    }
    facts
}
