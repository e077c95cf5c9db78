//! The cursor's promise under random lateness, repeats, downtime and restarts.

use breakglass_detect::{Cursor, Event, EventKind};
use breakglass_model::Tri;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeMap;

const LOOK_BACK: i64 = 1800;

fn event(id: usize, at: Timestamp) -> Event {
    Event {
        id: format!("e{id}"),
        kind: EventKind::SignIn,
        at,
        operation: "signIn".into(),
        succeeded: Tri::Yes,
        actor: None,
        actor_name: None,
        targets: Vec::new(),
        app_id: None,
        ip: None,
        correlation_id: None,
        error_code: None,
        methods: Vec::new(),
        details: serde_json::Value::Null,
    }
}

fn second(of: i64) -> Timestamp {
    Timestamp::from_second(1_770_000_000 + of).unwrap()
}

/// An event of the log: when it happened, how late it shows (seconds), how often it is in the answer.
fn log() -> impl Strategy<Value = Vec<(i64, i64, usize)>> {
    prop::collection::vec((0i64..20_000, 0i64..=LOOK_BACK, 1usize..3), 0..40)
}

/// Pauses between looks; some are longer than the look-back: the program was down.
fn pauses() -> impl Strategy<Value = Vec<i64>> {
    prop::collection::vec(prop_oneof![4 => 1i64..120, 1 => LOOK_BACK..8_000], 1..60)
}

proptest! {
    #[test]
    fn every_event_within_the_look_back_is_seen_exactly_once(
        log in log(),
        pauses in pauses(),
        restarts in prop::collection::vec(any::<bool>(), 60),
        shuffle in any::<u64>(),
        coarse in any::<bool>(),
    ) {
        let mut cursor = Cursor::default();
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        // The first look is at 0, the last after everything has shown.
        let mut now = 0;
        let mut looks: Vec<i64> = vec![0];
        for pause in &pauses {
            now += pause;
            looks.push(now);
        }
        looks.push(now.max(20_000 + LOOK_BACK) + 1);
        for (index, look) in looks.iter().enumerate() {
            let since = cursor.since(second(*look), SignedDuration::from_secs(LOOK_BACK));
            // A service may round down to the minute what it is asked.
            let since = if coarse { second((since.as_second() - 1_770_000_000).div_euclid(60) * 60) } else { since };
            let mut answer: Vec<Event> = log
                .iter()
                .enumerate()
                .filter(|(_, (at, late, _))| second(*at) >= since && at + late <= *look)
                .flat_map(|(id, (at, _, copies))| std::iter::repeat_n(event(id, second(*at)), *copies))
                .collect();
            let turn = usize::try_from(shuffle % 7).unwrap();
            if !answer.is_empty() {
                let len = answer.len();
                answer.rotate_left(turn % len);
            }
            for fresh in cursor.take(answer, second(*look)) {
                *times.entry(fresh.id).or_default() += 1;
            }
            if restarts.get(index).copied().unwrap_or(false) {
                cursor = serde_json::from_str(&serde_json::to_string(&cursor).unwrap()).unwrap();
            }
        }
        for (id, entry) in log.iter().enumerate() {
            prop_assert_eq!(times.get(&format!("e{id}")).copied().unwrap_or(0), 1, "event {} of {:?}", id, entry);
        }
    }

    #[test]
    fn what_is_remembered_is_bounded(looks in 2usize..200) {
        let mut cursor = Cursor::default();
        let mut id = 0;
        for look in 0..looks {
            let now = second(i64::try_from(look).unwrap() * 30);
            cursor.since(now, SignedDuration::from_secs(600));
            let events = (0..10).map(|_| { id += 1; event(id, now) }).collect();
            prop_assert_eq!(cursor.take(events, now).len(), 10);
        }
        // Ten events each 30 seconds, kept for 600 + 60 seconds and one pause.
        prop_assert!(cursor.remembered() <= 10 * 24, "{}", cursor.remembered());
    }
}

#[test]
fn a_failed_look_moves_nothing() {
    let mut cursor = Cursor::default();
    let back = SignedDuration::from_secs(60);
    assert_eq!(cursor.since(second(100), back), second(40));
    cursor.take(Vec::new(), second(100));
    assert_eq!(cursor.looked(), Some(second(100)));
    // Two looks fail, the third reaches back over all of it.
    cursor.since(second(130), back);
    cursor.since(second(160), back);
    assert_eq!(cursor.since(second(9_000), back), second(40));
}

#[test]
fn a_clock_that_goes_back_does_not_lose_events() {
    let mut cursor = Cursor::default();
    let back = SignedDuration::from_secs(60);
    cursor.since(second(1_000), back);
    cursor.take(Vec::new(), second(1_000));
    assert_eq!(cursor.since(second(500), back), second(440));
}

#[test]
fn fresh_events_come_oldest_first() {
    let mut cursor = Cursor::default();
    let events = vec![event(3, second(30)), event(1, second(10)), event(2, second(20)), event(1, second(10))];
    let ids: Vec<String> = cursor.take(events, second(40)).into_iter().map(|e| e.id).collect();
    assert_eq!(ids, ["e1", "e2", "e3"]);
}
