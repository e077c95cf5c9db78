//! Tenants as data: a healthy one, and changes to it.

use breakglass_model::design::{self, Design};
use breakglass_model::{Finding, PolicyId, Snapshot};
use breakglass_posture::{
    BlockingFact, CounterexampleFact, CustodyFact, DrillFact, Facts, ProofFact, Proven, Report, assess,
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

const HEALTHY: &str = include_str!("healthy.json");
const DESIGN: &str = include_str!("healthy.toml");

/// The time of every question.
pub(crate) fn now() -> Timestamp {
    "2026-11-24T10:00:00Z".parse().unwrap()
}

/// Everything a check looks at, owned.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) snapshot: Snapshot,
    pub(crate) design: Design,
    pub(crate) proof: Option<ProofFact>,
    pub(crate) blocking: Option<Vec<BlockingFact>>,
    pub(crate) drills: Option<BTreeMap<String, DrillFact>>,
    pub(crate) custody: Option<BTreeMap<String, CustodyFact>>,
}

impl World {
    pub(crate) fn facts(&self) -> Facts<'_> {
        Facts {
            snapshot: &self.snapshot,
            design: &self.design,
            proof: self.proof.as_ref(),
            blocking: self.blocking.as_deref(),
            drills: self.drills.as_ref(),
            custody: self.custody.as_ref(),
            now: now(),
        }
    }

    pub(crate) fn assess(&self) -> Report {
        assess(&self.facts())
    }

    /// The findings of one check.
    pub(crate) fn findings(&self, check: &str) -> Vec<Finding> {
        self.assess().findings.into_iter().filter(|f| f.id == check).collect()
    }

    fn read(document: &Value) -> Self {
        let at = |key: &str| document.get(key).filter(|v| !v.is_null());
        Self {
            snapshot: Snapshot::deserialize(&document["snapshot"]).expect("a snapshot"),
            design: Design::deserialize(&document["design"]).expect("a design"),
            proof: at("proof").map(proof),
            blocking: at("blocking").map(|list| list.as_array().unwrap().iter().map(blocking).collect()),
            drills: at("drills").map(|map| each(map, drill)),
            custody: at("custody").map(|map| each(map, custody)),
        }
    }
}

fn each<T>(map: &Value, read: fn(&Value) -> T) -> BTreeMap<String, T> {
    map.as_object().unwrap().iter().map(|(k, v)| (k.clone(), read(v))).collect()
}

fn word(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_else(|| panic!("`{key}` in {value}")).to_owned()
}

fn proof(value: &Value) -> ProofFact {
    let verdict = |v: &Value| match v.as_str().unwrap() {
        "safe" => Proven::Safe,
        "locked" => Proven::Locked,
        "unknown" => Proven::Unknown,
        other => panic!("verdict `{other}`"),
    };
    let counterexample = |v: &Value| CounterexampleFact {
        account: word(v, "account"),
        scenario: word(v, "scenario"),
        policies: v["policies"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| (PolicyId::new(word(p, "id")), word(p, "name")))
            .collect(),
        context: word(v, "context"),
    };
    ProofFact {
        accounts: each(&value["accounts"], verdict),
        counterexamples: value["counterexamples"].as_array().unwrap().iter().map(counterexample).collect(),
        facts_needed: value["facts_needed"]
            .as_array()
            .unwrap()
            .iter()
            .map(|f| f.as_str().unwrap().into())
            .collect(),
    }
}

fn blocking(value: &Value) -> BlockingFact {
    BlockingFact {
        policy: PolicyId::new(word(value, "policy")),
        name: word(value, "name"),
        because: word(value, "because"),
    }
}

fn drill(value: &Value) -> DrillFact {
    DrillFact {
        at: word(value, "at").parse().unwrap(),
        passed: value["passed"].as_bool().unwrap(),
        key: value["key"].as_str().map(str::to_owned),
        wrote: value["wrote"].as_bool().unwrap(),
        elevated: value["elevated"].as_bool().unwrap(),
    }
}

fn custody(value: &Value) -> CustodyFact {
    CustodyFact {
        sealed_at: word(value, "sealed_at").parse().unwrap(),
        attested: each(&value["attested"], |v| v.as_str().unwrap().parse().unwrap()),
    }
}

/// The healthy tenant as one document: `snapshot`, `design`, `proof`, `blocking`, `drills`, `custody`.
fn document() -> Value {
    let mut document: Value = serde_json::from_str(HEALTHY).expect("healthy.json");
    let design = design::parse(DESIGN, "healthy.toml").expect("healthy.toml");
    document["design"] = json!(design);
    document
}

pub(crate) fn healthy() -> World {
    World::read(&document())
}

/// A change of the healthy tenant. Paths begin with a collection, or with `design`, `proof`, `blocking`, `drills` or
/// `custody`; their parts are keys or indexes, joined by `/`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// What is different, for people.
    pub(crate) name: String,
    /// Values that replace what is there.
    #[serde(default)]
    set: BTreeMap<String, Value>,
    /// Values that are added to a list.
    #[serde(default)]
    push: BTreeMap<String, Value>,
    /// What is taken out.
    #[serde(default)]
    remove: Vec<String>,
    /// What could not be read, and why. A whole collection is taken out too.
    #[serde(default)]
    unread: BTreeMap<String, String>,
    /// The worst status that the check must answer.
    pub(crate) expect: String,
}

impl Case {
    /// The healthy tenant with this change.
    pub(crate) fn world(&self) -> World {
        let mut document = document();
        for (path, value) in &self.set {
            let (parent, key) = parent(&mut document, path);
            match parent {
                Value::Array(list) => list[key.parse::<usize>().unwrap()] = value.clone(),
                Value::Object(map) => {
                    map.insert(key, value.clone());
                }
                other => panic!("{path}: nothing can be set in {other}"),
            }
        }
        for (path, value) in &self.push {
            let (parent, key) = parent(&mut document, path);
            let list = match parent {
                Value::Array(list) => &mut list[key.parse::<usize>().unwrap()],
                other => &mut other[key],
            };
            list.as_array_mut().unwrap_or_else(|| panic!("{path} is no list")).push(value.clone());
        }
        for path in &self.remove {
            let (parent, key) = parent(&mut document, path);
            match parent {
                Value::Array(list) => {
                    list.remove(key.parse().unwrap());
                }
                other => {
                    assert!(other.as_object_mut().unwrap().remove(&key).is_some(), "{path} is not there")
                }
            }
        }
        for (what, why) in &self.unread {
            document["snapshot"]["collections"].as_object_mut().unwrap().remove(what);
            document["snapshot"]["unread"].as_array_mut().unwrap().push(json!({ "what": what, "why": why }));
        }
        World::read(&document)
    }
}

/// The value that holds the last part of a path, and that part.
fn parent<'a>(document: &'a mut Value, path: &str) -> (&'a mut Value, String) {
    let mut parts: Vec<&str> = path.split('/').collect();
    let last = parts.pop().unwrap().to_owned();
    let elsewhere = ["design", "proof", "blocking", "drills", "custody"];
    let is_elsewhere =
        parts.first().map_or(elsewhere.contains(&last.as_str()), |first| elsewhere.contains(first));
    let mut at = if is_elsewhere { document } else { &mut document["snapshot"]["collections"] };
    for part in parts {
        at = match at {
            Value::Array(list) => &mut list[part.parse::<usize>().unwrap()],
            other => other.get_mut(part).unwrap_or_else(|| panic!("{path}: `{part}` is not there")),
        };
    }
    (at, last)
}

/// Findings as the person sees them who gets them.
pub(crate) fn shown(findings: &[Finding]) -> String {
    let mut out = String::new();
    for finding in findings {
        writeln!(out, "{} {} {}: {}", finding.status, finding.id, finding.severity, finding.message).unwrap();
        writeln!(out, "  about {}", finding.subject).unwrap();
        if !finding.remedy.is_empty() {
            writeln!(out, "  try: {}", finding.remedy).unwrap();
        }
        for fact in &finding.evidence {
            writeln!(out, "  fact: {fact}").unwrap();
        }
    }
    out
}

/// Every case of every check, by the id of the check.
pub(crate) fn all_cases() -> BTreeMap<String, Vec<Case>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/cases");
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let id = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let cases: Vec<Case> =
            serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        all.insert(id, cases);
    }
    all
}
