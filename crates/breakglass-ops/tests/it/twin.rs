//! A tenant, a store, a ledger and a clock in memory, that fail when and as they are told.
//!
//! Everything that the code under test calls counts: [`Fate`] can stop the program at any call, before it takes effect or
//! after, and from then on nothing answers, as after `kill -9`. What was durable stays, and a [`Twin::revive`]d world goes
//! on from there.

mod changes;
mod directory;
mod ports;
mod questions;

pub(crate) use directory::{DEVICE_POLICY, Directory, Log, MFA_POLICY};
pub(crate) use ports::{Flow, KeyBox, NoBrowser, Outbox, Seat, sign_in_record};

use breakglass_access::prove::NoLockout;
use breakglass_model::design::Design;
use breakglass_model::{ObjectId, Snapshot};
use breakglass_ops::collect::{Silent, collect};
use breakglass_ops::provision::{Plan, plan, project};
use breakglass_ops::{World, assess};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

pub(crate) const TENANT: &str = "11111111-2222-4333-8444-555555555555";

/// When an answer is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Before the call took effect.
    Before,
    /// After it took effect: the caller does not hear of it.
    After,
}

/// What befalls a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blow {
    /// The program is killed after so many effects (changes of the tenant, writes to store, vault, ledger and outbox): no
    /// call answers any more. Being killed anywhere between two effects is the same, since nothing but effects outlives the
    /// program; so all the numbers together are a kill at every call, before it and after it.
    Kill(u64),
    /// The answer of this call to the tenant (by number) is lost.
    Lose(u64, Moment),
}

/// Counts calls and strikes at one of them.
#[derive(Default)]
pub(crate) struct Fate {
    effects: AtomicU64,
    asked: Mutex<Vec<Call>>,
    dead: AtomicBool,
    plan: Mutex<Option<Blow>>,
}

/// What kind of call it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// A question to the tenant.
    Ask,
    /// A change of the tenant.
    Change,
    /// Reading what is ours.
    Read,
    /// Writing what is ours.
    Write,
}

/// What a call is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Course {
    Go,
    /// Answer with an error, without effect.
    Fail,
    /// Take effect and answer with an error.
    GoAndFail,
}

impl Fate {
    /// Effects so far.
    pub(crate) fn effects(&self) -> u64 {
        self.effects.load(Ordering::SeqCst)
    }

    /// Calls to the tenant so far.
    pub(crate) fn asked(&self) -> Vec<Call> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn strike(&self, blow: Blow) {
        *self.plan.lock().unwrap() = Some(blow);
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    fn course(&self, call: Call) -> Course {
        if self.is_dead() {
            return Course::Fail;
        }
        let plan = *self.plan.lock().unwrap();
        if matches!(call, Call::Ask | Call::Change) {
            let mut asked = self.asked.lock().unwrap();
            asked.push(call);
            let n = asked.len() as u64;
            match plan {
                Some(Blow::Lose(at, Moment::Before)) if at == n => return Course::Fail,
                Some(Blow::Lose(at, Moment::After)) if at == n => return Course::GoAndFail,
                _ => {}
            }
        }
        if matches!(call, Call::Change | Call::Write) {
            let done = self.effects.fetch_add(1, Ordering::SeqCst);
            if plan == Some(Blow::Kill(done)) {
                self.dead.store(true, Ordering::SeqCst);
                return Course::Fail;
            }
        }
        Course::Go
    }
}

/// A small generator with a printed seed (xorshift): tests need no more.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % below.max(1)
    }
}

/// How the tenant behaves.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Habits {
    /// A read may come from a replica that is so many seconds behind.
    pub(crate) lag: u64,
    /// A record shows up to so many seconds after its event.
    pub(crate) log_lag: u64,
    /// Every record may come twice.
    pub(crate) repeats: bool,
    /// The reader has no role at the root of Azure.
    pub(crate) no_activity: bool,
}

/// The shared state of a twin.
pub(crate) struct Shared {
    pub(crate) fate: Arc<Fate>,
    pub(crate) now: Mutex<Timestamp>,
    pub(crate) dice: Mutex<Dice>,
    pub(crate) habits: Habits,
    /// The directory after each change, oldest first: a replica that is behind answers from an earlier one.
    pub(crate) past: Mutex<Vec<(Timestamp, Arc<Directory>)>>,
    pub(crate) documents: Mutex<BTreeMap<(String, String), (u64, Value)>>,
    pub(crate) vault: Mutex<BTreeMap<String, Vec<u8>>>,
    pub(crate) ledger: Mutex<Vec<breakglass_ops::port::LedgerLine>>,
}

/// Tenant and world.
#[derive(Clone)]
pub(crate) struct Twin {
    pub(crate) shared: Arc<Shared>,
}

impl Twin {
    /// A tenant with policies and no emergency access.
    pub(crate) fn new(seed: u64, habits: Habits) -> Self {
        let start: Timestamp = "2026-03-02T08:00:00Z".parse().unwrap();
        Self {
            shared: Arc::new(Shared {
                fate: Arc::default(),
                now: Mutex::new(start),
                dice: Mutex::new(Dice::new(seed)),
                habits,
                past: Mutex::new(vec![(Timestamp::UNIX_EPOCH, Arc::new(Directory::begin()))]),
                documents: Mutex::default(),
                vault: Mutex::default(),
                ledger: Mutex::default(),
            }),
        }
    }

    /// The same stores and the same tenant under a new fate: the program is started again.
    pub(crate) fn revive(&self) -> Self {
        self.copy(Arc::default())
    }

    /// Another world that begins exactly like this one.
    pub(crate) fn fork(&self) -> Self {
        self.copy(Arc::default())
    }

    fn copy(&self, fate: Arc<Fate>) -> Self {
        let s = &self.shared;
        let dice = s.dice.lock().unwrap().0;
        Self {
            shared: Arc::new(Shared {
                fate,
                now: Mutex::new(*s.now.lock().unwrap()),
                dice: Mutex::new(Dice(dice)),
                habits: s.habits,
                past: Mutex::new(s.past.lock().unwrap().clone()),
                documents: Mutex::new(s.documents.lock().unwrap().clone()),
                vault: Mutex::new(s.vault.lock().unwrap().clone()),
                ledger: Mutex::new(s.ledger.lock().unwrap().clone()),
            }),
        }
    }

    pub(crate) fn fate(&self) -> &Fate {
        &self.shared.fate
    }

    pub(crate) fn now(&self) -> Timestamp {
        *self.shared.now.lock().unwrap()
    }

    pub(crate) fn pass(&self, seconds: i64) {
        let mut now = self.shared.now.lock().unwrap();
        *now += SignedDuration::from_secs(seconds);
    }

    pub(crate) fn world(&self) -> World {
        World {
            clock: Arc::new(ports::FakeClock(self.shared.clone())),
            entropy: Arc::new(ports::Seeded(self.shared.clone())),
            documents: Arc::new(ports::Shelf(self.shared.clone())),
            vault: Arc::new(ports::Safe(self.shared.clone())),
            evidence: Arc::new(ports::Book(self.shared.clone())),
        }
    }

    /// The tenant as an application sees it.
    pub(crate) fn app(&self) -> Seat {
        Seat::new(self.shared.clone(), None)
    }

    /// The tenant as somebody who is signed in sees it.
    pub(crate) fn seat(&self, user: &ObjectId) -> Seat {
        Seat::new(self.shared.clone(), Some(user.clone()))
    }

    pub(crate) fn outbox(&self) -> Outbox {
        Outbox(self.shared.clone())
    }

    /// The directory as it really is.
    pub(crate) fn truth(&self) -> Arc<Directory> {
        self.shared.past.lock().unwrap().last().unwrap().1.clone()
    }

    /// Changes the directory as somebody else would.
    pub(crate) fn meddle(&self, change: impl FnOnce(&mut Directory)) {
        let now = self.now();
        let mut past = self.shared.past.lock().unwrap();
        let mut next = Directory::clone(&past.last().unwrap().1);
        change(&mut next);
        past.push((now, Arc::new(next)));
    }

    /// Puts a record into a log; it shows after the log's own lateness.
    pub(crate) fn log(&self, log: Log, record: Value) {
        let late = self.shared.dice.lock().unwrap().roll(self.shared.habits.log_lag + 1);
        let shows = self.now() + SignedDuration::from_secs(i64::try_from(late).unwrap());
        self.meddle(|d| d.logs.push((log, shows, record)));
    }

    /// The design's accounts as an earlier apply left them: administrators, excluded, with ids in the design.
    pub(crate) fn settle(&self, design: &mut Design) {
        self.meddle(|d| {
            for (n, account) in design.accounts.iter_mut().enumerate() {
                let id = id(0xea, n + 1);
                d.users.insert(id.clone(), directory::user(id.as_str(), &account.upn, &account.name));
                d.methods.insert(id.clone(), vec![directory::password()]);
                let role = format!("role-{}", account.name);
                d.roles.insert(role.clone(), directory::role(&role, id.as_str()));
                account.object_id = Some(id);
            }
        });
    }

    /// Documents of a kind, past every fate.
    pub(crate) fn documents(&self, kind: &str) -> Vec<(String, Value)> {
        let all = self.shared.documents.lock().unwrap();
        all.iter()
            .filter(|((k, _), _)| k == kind)
            .map(|((_, key), (_, value))| (key.clone(), value.clone()))
            .collect()
    }

    pub(crate) fn ledger_kinds(&self) -> Vec<String> {
        self.shared.ledger.lock().unwrap().iter().map(|l| l.kind.clone()).collect()
    }

    pub(crate) async fn snapshot(&self, design: &Design) -> Snapshot {
        let scope = breakglass_ops::collect::Scope {
            accounts: design
                .accounts
                .iter()
                .map(|a| a.object_id.as_ref().map_or(a.upn.clone(), ToString::to_string))
                .collect(),
            groups: design.exclusion_group.object_id.iter().cloned().collect(),
            cloud: "global".into(),
            name: "twin".into(),
        };
        collect(&self.app(), &scope, self.now(), &Silent).await.unwrap()
    }

    pub(crate) async fn plan(&self, design: &Design) -> (Plan, Snapshot) {
        let base = self.snapshot(design).await;
        let blocking = assess::blocking(design, &base, self.now());
        (plan(design, &base, &blocking, self.now()).unwrap(), base)
    }

    /// The proof that nobody is locked out once the plan is carried out.
    pub(crate) fn prove(&self, plan: &Plan, base: &Snapshot, design: &Design) -> NoLockout {
        let proof = assess::prove(design, &project(base, design, plan), self.now());
        let because =
            || format!("{}\n{:?}\n{:?}", proof.headline(), proof.facts_needed, proof.counterexamples);
        proof.no_lockout().unwrap_or_else(|| panic!("{}", because()))
    }
}

/// The design that the twin is brought to: two accounts, a key each.
pub(crate) fn design() -> Design {
    let text = r#"
version = 1
required_accounts = 1

[tenant]
id = "11111111-2222-4333-8444-555555555555"
name = "twin"
cloud = "global"

[[account]]
name = "ea-01"
upn = "q7m2-kestrel@contoso.onmicrosoft.com"
owner = "Identity Operations"
credentials = ["password", "fido2@safe-north"]

[[account]]
name = "ea-02"
upn = "t4x9-heron@contoso.onmicrosoft.com"
owner = "Identity Operations"
credentials = ["password", "fido2@safe-south"]

[exclusion_group]
name = "Emergency access"

[custody]
group_threshold = 1

[[custody.group]]
name = "executives"
threshold = 2

[[custodian]]
name = "Amara Okafor"
group = "executives"
site = "head office safe"

[[custodian]]
name = "Jonas Lind"
group = "executives"
site = "bank deposit box"

[[approver]]
name = "Amara Okafor"
public_key = "AMARA"

[[approver]]
name = "Jonas Lind"
public_key = "JONAS"

[[approver]]
name = "Mei Tanaka"
public_key = "MEI"

[activation]
approvals = 2
minutes = 60
"#;
    let key = |seed| approver(seed).public_key();
    let text = text.replace("AMARA", &key(1)).replace("JONAS", &key(2)).replace("MEI", &key(3));
    breakglass_model::design::parse(&text, "twin.toml").unwrap_or_else(|p| panic!("{p:?}"))
}

pub(crate) fn approver(seed: u8) -> breakglass_workflow::approval::ApproverKey {
    breakglass_workflow::approval::ApproverKey::from_seed([seed; 32])
}

/// An id that tells what it is.
pub(crate) fn id(kind: u32, number: usize) -> ObjectId {
    ObjectId::new(format!("{kind:08x}-0000-4000-8000-{number:012x}"))
}
