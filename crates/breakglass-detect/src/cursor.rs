//! Where the watch stands: what was seen, and how far back to look again.

use crate::event::Event;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A service may round the time that we ask from; ids are kept this much longer than they can come back.
const ROUNDING: SignedDuration = SignedDuration::from_secs(60);

/// How long ids are kept when nobody ever asks [`Cursor::since`]: a stream that pushes, e.g. Event Hubs.
const PUSHED: SignedDuration = SignedDuration::from_hours(48);

/// A watermark that loses and doubles nothing.
///
/// Logs are late and come twice: a record can show minutes after the event, between others that were seen long ago. So
/// each look reaches back from the last successful look (not from now: the program may have been down) by the look-back,
/// and the ids of what was seen are remembered for as long as they can come back.
///
/// **Promise**: an event that shows in the log no later than the look-back after it happened comes out of
/// [`Cursor::take`] exactly once, whatever the order, the repeats, and the time that the program was down. The cursor is a
/// value: keep it (serde) *after* what was made of the events is durable. A crash in between hands out the same events
/// again, and the stable ids of detections make one alert of them. A wall clock that jumps ahead and back can do the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// When the last look that succeeded was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    looked: Option<Timestamp>,
    /// From where the log was last asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked: Option<Timestamp>,
    /// Ids of events seen, with their times.
    #[serde(default)]
    seen: BTreeMap<String, Timestamp>,
}

impl Cursor {
    /// From where the log must be asked now. A negative look-back counts as none.
    pub fn since(&mut self, now: Timestamp, look_back: SignedDuration) -> Timestamp {
        let from = self.looked.map_or(now, |looked| looked.min(now));
        let since = from.checked_sub(look_back.max(SignedDuration::ZERO)).unwrap_or(Timestamp::MIN);
        self.asked = Some(since);
        since
    }

    /// The events that were not seen before, oldest first; from now on they are seen. Call it with everything that one
    /// successful look brought, also when that is nothing: it moves the watermark.
    pub fn take(&mut self, events: Vec<Event>, now: Timestamp) -> Vec<Event> {
        let mut fresh: Vec<Event> = Vec::new();
        for event in events {
            if !self.seen.contains_key(&event.id) {
                self.seen.insert(event.id.clone(), event.at);
                fresh.push(event);
            }
        }
        fresh.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        self.looked = Some(self.looked.map_or(now, |looked| looked.max(now)));
        let (from, slack) = self.asked.map_or((now, PUSHED), |asked| (asked, ROUNDING));
        let keep = from.checked_sub(slack).unwrap_or(Timestamp::MIN);
        self.seen.retain(|_, at| *at >= keep);
        fresh
    }

    /// When the last look succeeded; `None` before the first.
    #[must_use]
    pub fn looked(&self) -> Option<Timestamp> {
        self.looked
    }

    /// How many ids are remembered.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.seen.len()
    }
}
