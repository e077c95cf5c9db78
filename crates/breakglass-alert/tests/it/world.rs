//! A world without a disk and without a clock on the wall: documents in memory that can lose power, channels by script.

use async_trait::async_trait;
use breakglass_alert::Outbox;
use breakglass_model::Severity;
use breakglass_ops::port::{Alert, Channel, ChannelError, Clock, Delivery, Documents, Entropy, StoreError};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_770_000_000 + second).unwrap()
}

pub(crate) fn alert(id: &str, severity: Severity) -> Alert {
    Alert {
        id: id.into(),
        severity,
        title: format!("`ea-01` signed in ({id})"),
        details: json!({ "rule": "account-sign-in", "ip": "203.0.113.7" }),
        event_at: at(-20),
        seen_at: at(0),
    }
}

/// A clock that stands where it is put.
#[derive(Default)]
pub(crate) struct StandingClock(AtomicI64);

impl StandingClock {
    pub(crate) fn set(&self, second: i64) {
        self.0.store(second, Ordering::SeqCst);
    }
}

#[async_trait]
impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        at(self.0.load(Ordering::SeqCst))
    }

    async fn sleep(&self, duration: Duration) {
        self.0.fetch_add(i64::try_from(duration.as_secs()).unwrap(), Ordering::SeqCst);
    }
}

/// Different bytes each time, the same in every run.
#[derive(Default)]
pub(crate) struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        let n = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst).to_le_bytes();
        buffer.iter_mut().zip(n.iter().cycle()).for_each(|(b, n)| *b = *n);
    }
}

/// When the power goes: at which write (0, 1, 2 ...), and whether that write still reaches the disk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    pub(crate) write: u32,
    pub(crate) reaches: bool,
}

#[derive(Default)]
struct Power {
    cut: Option<Cut>,
    writes: u32,
    off: bool,
}

type Rows = BTreeMap<(String, String), (u64, Value)>;

/// Documents in memory. After a cut everything fails until the machine is started again.
#[derive(Default)]
pub(crate) struct Memory {
    rows: Mutex<Rows>,
    power: Mutex<Power>,
}

impl Memory {
    pub(crate) fn cut(&self, cut: Cut) {
        *self.power.lock().unwrap() = Power { cut: Some(cut), ..Power::default() };
    }

    pub(crate) fn restart(&self) {
        *self.power.lock().unwrap() = Power::default();
    }

    /// How many writes there were since the last cut was planned.
    pub(crate) fn writes(&self) -> u32 {
        self.power.lock().unwrap().writes
    }

    pub(crate) fn keys(&self, kind: &str) -> Vec<String> {
        self.rows.lock().unwrap().keys().filter(|(k, _)| k == kind).map(|(_, key)| key.clone()).collect()
    }

    fn check(&self) -> Result<(), StoreError> {
        if self.power.lock().unwrap().off { Err(StoreError::Failed("no power".into())) } else { Ok(()) }
    }

    /// Does a write, or not, and answers, or not.
    fn write<T>(&self, write: impl FnOnce(&mut Rows) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.check()?;
        let mut power = self.power.lock().unwrap();
        let now = power.writes;
        power.writes += 1;
        match power.cut {
            Some(cut) if cut.write == now => {
                power.off = true;
                if cut.reaches {
                    drop(write(&mut self.rows.lock().unwrap()));
                }
                Err(StoreError::Failed("the power went".into()))
            }
            _ => write(&mut self.rows.lock().unwrap()),
        }
    }
}

#[async_trait]
impl Documents for Memory {
    async fn get(&self, kind: &str, key: &str) -> Result<Option<(u64, Value)>, StoreError> {
        self.check()?;
        Ok(self.rows.lock().unwrap().get(&(kind.into(), key.into())).cloned())
    }

    async fn put(
        &self,
        kind: &str,
        key: &str,
        value: &Value,
        expected: Option<u64>,
    ) -> Result<u64, StoreError> {
        // Others get their turn between reading and writing.
        tokio::task::yield_now().await;
        self.write(|rows| {
            let row = rows.entry((kind.into(), key.into())).or_insert((0, Value::Null));
            match expected {
                Some(expected) if expected != row.0 => {
                    let (kind, key, found) = (kind.to_owned(), key.to_owned(), row.0);
                    if found == 0 {
                        rows.remove(&(kind.clone(), key.clone()));
                    }
                    Err(StoreError::Stale { kind, key, expected, found })
                }
                _ => {
                    *row = (row.0 + 1, value.clone());
                    Ok(row.0)
                }
            }
        })
    }

    async fn list(&self, kind: &str) -> Result<Vec<(String, Value)>, StoreError> {
        self.check()?;
        let rows = self.rows.lock().unwrap();
        Ok(rows
            .iter()
            .filter(|((k, _), _)| k == kind)
            .map(|((_, key), (_, v))| (key.clone(), v.clone()))
            .collect())
    }

    async fn delete(&self, kind: &str, key: &str) -> Result<(), StoreError> {
        self.write(|rows| {
            rows.remove(&(kind.into(), key.into()));
            Ok(())
        })
    }
}

/// What a scripted channel does with the next alert.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    Fail,
    Hang,
}

/// A channel that takes everything, but for what the script says first.
pub(crate) struct Scripted {
    name: String,
    script: Mutex<VecDeque<Act>>,
    taken: Mutex<Vec<String>>,
    clock: Arc<StandingClock>,
}

impl Scripted {
    pub(crate) fn new(name: &str, clock: &Arc<StandingClock>, script: &[Act]) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            script: Mutex::new(script.iter().copied().collect()),
            taken: Mutex::default(),
            clock: clock.clone(),
        })
    }

    /// Ids in the order in which they were taken, repeats included.
    pub(crate) fn taken(&self) -> Vec<String> {
        self.taken.lock().unwrap().clone()
    }
}

#[async_trait]
impl Channel for Scripted {
    fn name(&self) -> &str {
        &self.name
    }

    async fn send(&self, alert: &Alert) -> Result<Delivery, ChannelError> {
        let act = self.script.lock().unwrap().pop_front();
        tokio::task::yield_now().await;
        match act {
            Some(Act::Fail) => {
                Err(ChannelError { channel: self.name.clone(), detail: "scripted failure".into() })
            }
            Some(Act::Hang) => std::future::pending().await,
            None => {
                self.taken.lock().unwrap().push(alert.id.clone());
                let sent_at = self.clock.now();
                Ok(Delivery { channel: self.name.clone(), sent_at, acknowledged_at: Some(sent_at) })
            }
        }
    }
}

pub(crate) fn outbox(memory: &Arc<Memory>, channels: &[Arc<Scripted>]) -> Outbox {
    let channels = channels.iter().map(|c| c.clone() as Arc<dyn Channel>).collect();
    Outbox::new(memory.clone(), channels, Arc::new(Counting::default()))
}
