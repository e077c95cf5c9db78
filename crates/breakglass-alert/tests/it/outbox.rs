//! Rounds of delivery: order, retries, channels that do not wait for each other, several processes, closing.

use crate::world::{Act, Memory, Scripted, StandingClock, alert, at, outbox};
use breakglass_alert::stages::{Stage, summary};
use breakglass_alert::{Backoff, Outbox};
use breakglass_model::Severity;
use breakglass_ops::port::AlertSink;
use jiff::SignedDuration;
use std::sync::Arc;
use std::time::Duration;

struct World {
    memory: Arc<Memory>,
    clock: Arc<StandingClock>,
}

fn world() -> World {
    World { memory: Arc::default(), clock: Arc::default() }
}

impl World {
    fn channel(&self, name: &str, script: &[Act]) -> Arc<Scripted> {
        Scripted::new(name, &self.clock, script)
    }

    fn outbox(&self, channels: &[&Arc<Scripted>]) -> Outbox {
        outbox(&self.memory, &channels.iter().map(|c| (*c).clone()).collect::<Vec<_>>())
    }
}

#[tokio::test]
async fn the_same_id_twice_is_one_alert() {
    let world = world();
    let soc = world.channel("soc", &[]);
    let outbox = world.outbox(&[&soc]);
    assert!(outbox.enqueue(&alert("a", Severity::Critical)).await.unwrap());
    assert!(!outbox.enqueue(&alert("a", Severity::Critical)).await.unwrap());
    outbox.deliver_due(at(0)).await.unwrap();
    assert!(!outbox.enqueue(&alert("a", Severity::Critical)).await.unwrap(), "also after it was sent");
    let round = outbox.deliver_due(at(60)).await.unwrap();
    assert_eq!((round.sent.len(), round.waiting, round.next_due), (0, 0, None));
    assert_eq!(soc.taken(), ["a"]);
}

#[tokio::test]
async fn the_worst_first() {
    let world = world();
    let soc = world.channel("soc", &[]);
    let outbox = world.outbox(&[&soc]);
    for (id, severity) in
        [("a", Severity::Info), ("b", Severity::Critical), ("c", Severity::High), ("d", Severity::Critical)]
    {
        outbox.enqueue(&alert(id, severity)).await.unwrap();
    }
    outbox.deliver_due(at(0)).await.unwrap();
    assert_eq!(soc.taken(), ["b", "d", "c", "a"]);
}

#[tokio::test]
async fn a_channel_that_fails_is_tried_again_later_and_the_other_does_not_wait() {
    let world = world();
    let (soc, phone) = (world.channel("soc", &[Act::Fail, Act::Fail]), world.channel("phone", &[]));
    let outbox = world.outbox(&[&soc, &phone]);
    outbox.enqueue(&alert("a", Severity::Critical)).await.unwrap();
    let first = outbox.deliver_due(at(0)).await.unwrap();
    assert_eq!((first.sent.len(), first.failed.len(), first.waiting), (1, 1, 1));
    assert_eq!(first.failed[0].error, "scripted failure");
    assert_eq!(first.oldest_waiting, Some(at(0)));
    let due = first.next_due.unwrap();
    assert!(due > at(1) && due <= at(5), "{due}");
    // Not before it is due.
    let early = outbox.deliver_due(at(1)).await.unwrap();
    assert_eq!((early.sent.len(), early.failed.len()), (0, 0));
    let second = outbox.deliver_due(due).await.unwrap();
    let wait = second.next_due.unwrap().duration_since(due);
    assert!(
        wait >= SignedDuration::from_secs(5) && wait <= SignedDuration::from_secs(10),
        "{wait}: it doubles"
    );
    let state = |entry: &breakglass_alert::Entry| entry.channels["soc"].clone();
    let waiting = outbox.waiting().await.unwrap();
    assert_eq!(
        (state(&waiting[0]).tries, state(&waiting[0]).last_error.as_deref()),
        (2, Some("scripted failure"))
    );
    world.clock.set(100);
    let third = outbox.deliver_due(at(100)).await.unwrap();
    assert_eq!((third.sent.len(), third.waiting), (1, 0));
    assert_eq!(phone.taken(), ["a"], "the other channel took it once");
    let entry = outbox.entry("a").await.unwrap().unwrap();
    assert_eq!(
        (state(&entry).tries, state(&entry).last_error, state(&entry).sent_at),
        (3, None, Some(at(100)))
    );
    assert_eq!(entry.stage_clock().sent_at, Some(at(0)), "the first channel that took it counts");
    assert_eq!(entry.stage_clock_of("soc").took(Stage::Send), Some(SignedDuration::from_secs(100)));
    assert_eq!(summary(&[entry.stage_clock()]).total.unwrap().max, 20_000);
}

#[tokio::test]
async fn a_channel_that_is_down_is_left_alone_for_the_round() {
    let world = world();
    let soc = world.channel("soc", &[Act::Fail; 3]);
    let outbox = world
        .outbox(&[&soc])
        .with_backoff(Backoff { first: SignedDuration::from_secs(1), longest: SignedDuration::from_secs(1) });
    for id in ["a", "b", "c", "d", "e"] {
        outbox.enqueue(&alert(id, Severity::High)).await.unwrap();
    }
    let round = outbox.deliver_due(at(0)).await.unwrap();
    assert_eq!((round.failed.len(), round.sent.len(), round.waiting), (3, 0, 5));
    assert_eq!(round.next_due, Some(at(0)), "the rest is still due");
    let round = outbox.deliver_due(at(2)).await.unwrap();
    assert_eq!((round.sent.len(), round.waiting), (5, 0));
}

#[tokio::test]
async fn two_processes_send_each_alert_once() {
    let world = world();
    let (soc, phone) = (world.channel("soc", &[]), world.channel("phone", &[]));
    let (one, two) = (world.outbox(&[&soc, &phone]), world.outbox(&[&soc, &phone]));
    for id in 0..20 {
        one.enqueue(&alert(&format!("a{id:02}"), Severity::High)).await.unwrap();
    }
    let (first, second) = tokio::join!(one.deliver_due(at(0)), two.deliver_due(at(0)));
    assert_eq!(first.unwrap().sent.len() + second.unwrap().sent.len(), 40);
    assert_eq!((soc.taken().len(), phone.taken().len()), (20, 20));
}

#[tokio::test]
async fn a_process_that_dies_while_it_sends_is_taken_over() {
    let world = world();
    let soc = world.channel("soc", &[Act::Hang]);
    let outbox = world.outbox(&[&soc]);
    outbox.enqueue(&alert("a", Severity::Critical)).await.unwrap();
    let killed = tokio::time::timeout(Duration::from_millis(50), outbox.deliver_due(at(0))).await;
    assert!(killed.is_err());
    let other = world.outbox(&[&soc]);
    assert_eq!(other.deliver_due(at(10)).await.unwrap().sent.len(), 0, "the try may still be under way");
    assert_eq!(other.deliver_due(at(31)).await.unwrap().sent.len(), 1);
    assert_eq!(soc.taken(), ["a"]);
}

#[tokio::test]
async fn without_a_channel_alerts_wait_and_say_so() {
    let world = world();
    let outbox = world.outbox(&[]);
    outbox.enqueue(&alert("a", Severity::Critical)).await.unwrap();
    let round = outbox.deliver_due(at(500)).await.unwrap();
    assert_eq!((round.waiting, round.oldest_waiting, round.next_due), (1, Some(at(0)), None));
    // A channel is added to the design.
    let soc = world.channel("soc", &[]);
    assert_eq!(world.outbox(&[&soc]).deliver_due(at(600)).await.unwrap().sent.len(), 1);
}

#[tokio::test]
async fn a_channel_that_left_the_design_holds_nothing_back() {
    let world = world();
    let (soc, old) = (world.channel("soc", &[]), world.channel("old", &[Act::Fail; 9]));
    world.outbox(&[&soc]).enqueue(&alert("a", Severity::High)).await.unwrap();
    assert_eq!(world.outbox(&[&soc, &old]).deliver_due(at(0)).await.unwrap().waiting, 1);
    assert_eq!(world.outbox(&[&soc]).deliver_due(at(60)).await.unwrap().waiting, 0);
}

#[tokio::test]
async fn a_person_closes_an_alert_with_a_reason() {
    let world = world();
    let soc = world.channel("soc", &[Act::Fail]);
    let outbox = world.outbox(&[&soc]);
    outbox.enqueue(&alert("a", Severity::High)).await.unwrap();
    outbox.deliver_due(at(0)).await.unwrap();
    assert!(outbox.close("a", "Mei Tanaka", "told by telephone", at(60)).await.unwrap());
    assert!(!outbox.close("a", "somebody else", "again", at(70)).await.unwrap());
    assert!(!outbox.close("nothing", "x", "y", at(70)).await.unwrap());
    assert_eq!(outbox.deliver_due(at(900)).await.unwrap().waiting, 0);
    assert!(soc.taken().is_empty());
    let closed = outbox.entry("a").await.unwrap().unwrap().closed.unwrap();
    assert_eq!((closed.by.as_str(), closed.at), ("Mei Tanaka", at(60)));
    // Kept again, e.g. by a watch that was killed: it stays closed.
    assert!(!outbox.enqueue(&alert("a", Severity::High)).await.unwrap());
    assert_eq!(outbox.deliver_due(at(1_000)).await.unwrap().waiting, 0);
}

#[tokio::test]
async fn what_nobody_has_acknowledged_is_named() {
    let world = world();
    let soc = world.channel("soc", &[]);
    let outbox = world.outbox(&[&soc]);
    for (id, severity) in [("a", Severity::Critical), ("b", Severity::Info)] {
        outbox.enqueue(&alert(id, severity)).await.unwrap();
    }
    outbox.deliver_due(at(0)).await.unwrap();
    let limit = SignedDuration::from_mins(5);
    let open = async |now| outbox.unacknowledged(Severity::High, at(now), limit).await.unwrap().len();
    assert_eq!(open(900).await, 0, "the scripted channel acknowledges");
    // One that does not: taken, nothing more.
    let mut entry = outbox.entry("a").await.unwrap().unwrap();
    entry.channels.get_mut("soc").unwrap().acknowledged_at = None;
    breakglass_ops::port::Documents::put(&*world.memory, "outbox", "a", &serde_json::json!(entry), None)
        .await
        .unwrap();
    assert_eq!((open(299).await, open(301).await), (0, 1));
    assert!(outbox.acknowledge("a", "soc", at(400)).await.unwrap());
    assert!(!outbox.acknowledge("a", "soc", at(500)).await.unwrap(), "the first counts");
    assert_eq!(open(900).await, 0);
    assert_eq!(outbox.entry("a").await.unwrap().unwrap().stage_clock().acknowledged_at, Some(at(400)));
}
