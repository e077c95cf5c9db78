//! The power goes at every write there is, before it reaches the disk and after. Whatever was promised is kept.

use crate::world::{Cut, Memory, Scripted, StandingClock, alert, at, outbox};
use breakglass_model::Severity;
use breakglass_ops::port::{AlertSink, Documents};
use std::collections::BTreeSet;
use std::sync::Arc;

const ALERTS: [&str; 3] = ["a", "b", "c"];

/// What a run left behind.
struct Ended {
    writes: u32,
    soc: Vec<String>,
    phone: Vec<String>,
}

/// Keeps three alerts and delivers them on two channels. The caller does what the contract asks of callers: it keeps an
/// alert again when it was told nothing.
async fn run(cut: Option<Cut>) -> Ended {
    let memory = Arc::new(Memory::default());
    if let Some(cut) = cut {
        memory.cut(cut);
    }
    let clock = Arc::new(StandingClock::default());
    let channels = [Scripted::new("soc", &clock, &[]), Scripted::new("phone", &clock, &[])];
    let mut promised = BTreeSet::new();
    let mut writes = 0;
    for id in ALERTS {
        loop {
            match outbox(&memory, &channels).enqueue(&alert(id, Severity::Critical)).await {
                Ok(_) => break,
                Err(_) => {
                    writes += memory.writes();
                    memory.restart();
                }
            }
        }
        promised.insert(id.to_owned());
    }
    let mut second = 0;
    loop {
        clock.set(second);
        match outbox(&memory, &channels).deliver_due(at(second)).await {
            Ok(round) if round.waiting == 0 => break,
            Ok(_) => {}
            Err(_) => {
                writes += memory.writes();
                memory.restart();
            }
        }
        // Longer than a try may take: what was begun before the cut counts as lost.
        second += 40;
        assert!(second < 4_000, "{cut:?}: it never ends");
    }
    let left = outbox(&memory, &channels);
    for entry in left.entries().await.unwrap() {
        assert!(entry.is_settled(&["soc", "phone"]), "{cut:?}: {entry:?}");
        assert!(promised.remove(&entry.alert.id), "{cut:?}");
    }
    assert!(promised.is_empty(), "{cut:?}: lost {promised:?}");
    assert!(memory.keys("outbox-waiting").is_empty(), "{cut:?}: a mark was left");
    Ended { writes: writes + memory.writes(), soc: channels[0].taken(), phone: channels[1].taken() }
}

#[tokio::test]
async fn without_a_cut_everything_is_sent_once() {
    let ended = run(None).await;
    assert_eq!(ended.soc, ALERTS);
    assert_eq!(ended.phone, ALERTS);
}

#[tokio::test]
async fn a_cut_at_any_write_loses_nothing() {
    let whole = run(None).await.writes;
    assert!(whole > 15, "the run has {whole} writes");
    for write in 0..whole {
        for reaches in [false, true] {
            let cut = Cut { write, reaches };
            let ended = run(Some(cut)).await;
            for taken in [&ended.soc, &ended.phone] {
                let ids: BTreeSet<&str> = taken.iter().map(String::as_str).collect();
                assert_eq!(ids, BTreeSet::from(ALERTS), "{cut:?}: sent at least once");
                assert!(
                    taken.len() <= ALERTS.len() + 1,
                    "{cut:?}: {taken:?}: one cut repeats one alert at most"
                );
            }
        }
    }
}

/// A kill between the entry and its mark: the caller was told nothing and comes again.
#[tokio::test]
async fn an_alert_without_its_mark_is_found_when_it_is_kept_again() {
    let memory = Arc::new(Memory::default());
    let clock = Arc::new(StandingClock::default());
    let soc = Scripted::new("soc", &clock, &[]);
    let outbox = outbox(&memory, std::slice::from_ref(&soc));
    assert!(outbox.enqueue(&alert("a", Severity::High)).await.unwrap());
    memory.delete("outbox-waiting", "a").await.unwrap();
    assert_eq!(outbox.deliver_due(at(0)).await.unwrap().waiting, 0, "nobody looks for it");
    assert!(!outbox.enqueue(&alert("a", Severity::High)).await.unwrap(), "its id is known");
    assert_eq!(outbox.deliver_due(at(0)).await.unwrap().sent.len(), 1);
    // The same for a whole store that was restored.
    assert!(outbox.enqueue(&alert("b", Severity::High)).await.unwrap());
    memory.delete("outbox-waiting", "b").await.unwrap();
    assert_eq!(outbox.recover().await.unwrap(), 1);
    assert_eq!(outbox.deliver_due(at(0)).await.unwrap().sent.len(), 1);
    assert_eq!(soc.taken(), ["a", "b"]);
}
