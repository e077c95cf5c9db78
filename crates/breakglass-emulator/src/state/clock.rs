//! The tenant's clock: the machine's, moved or stopped from outside.

use jiff::{SignedDuration, Timestamp};

/// A clock that can be set, advanced and stopped.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct EmulatedClock {
    offset: SignedDuration,
    stopped: Option<Timestamp>,
}

impl EmulatedClock {
    pub(crate) fn now(&self) -> Timestamp {
        self.stopped.unwrap_or_else(|| add(Timestamp::now(), self.offset))
    }

    /// That much later than now.
    pub(crate) fn after(&self, duration: SignedDuration) -> Timestamp {
        add(self.now(), duration)
    }

    pub(crate) fn set(&mut self, to: Timestamp) {
        match &mut self.stopped {
            Some(at) => *at = to,
            None => self.offset = to.duration_since(Timestamp::now()),
        }
    }

    pub(crate) fn advance(&mut self, by: SignedDuration) {
        self.set(add(self.now(), by));
    }

    /// Stops the clock, or lets it run on from where it stands.
    pub(crate) fn stop(&mut self, stopped: bool) {
        let now = self.now();
        self.stopped = stopped.then_some(now);
        self.set(now);
    }
}

/// A sum that stays within what can be written.
pub(crate) fn add(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_stop_advance() {
        let mut clock = EmulatedClock::default();
        let then: Timestamp = "2030-01-01T00:00:00Z".parse().unwrap();
        clock.set(then);
        assert!(clock.now().duration_since(then) < SignedDuration::from_mins(1));
        clock.stop(true);
        clock.set(then);
        clock.advance(SignedDuration::from_secs(5));
        assert_eq!(clock.now().to_string(), "2030-01-01T00:00:05Z");
        clock.stop(false);
        assert!(clock.now() >= then && clock.now() < add(then, SignedDuration::from_hours(1)));
        assert_eq!(add(Timestamp::MAX, SignedDuration::from_secs(1)), Timestamp::MAX);
    }
}
