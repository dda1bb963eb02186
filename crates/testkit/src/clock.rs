//! A clock that stands still until a test moves it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::clock::{Clock, Micros};

/// A clock moved by hand. Clones share one time.
#[derive(Debug, Clone)]
pub struct TestClock {
    now: Arc<AtomicI64>,
}

impl TestClock {
    /// Stands at `at`.
    pub fn new(at: Micros) -> Self {
        Self {
            now: Arc::new(AtomicI64::new(at.0)),
        }
    }

    /// Stands at an RFC 3339 time, such as `2026-05-07T10:00:00Z`.
    pub fn at(rfc3339: &str) -> Self {
        Self::new(Micros::parse_rfc3339(rfc3339).expect("an RFC 3339 time"))
    }

    /// Moves to `at`, back in time too.
    pub fn set(&self, at: Micros) {
        self.now.store(at.0, Ordering::SeqCst);
    }

    /// Moves on by `span` and returns the new time.
    pub fn advance(&self, span: Duration) -> Micros {
        let span = i64::try_from(span.as_micros()).expect("a span of less than 292,000 years");
        Micros(self.now.fetch_add(span, Ordering::SeqCst) + span)
    }
}

impl Clock for TestClock {
    fn now(&self) -> Micros {
        Micros(self.now.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_of_a_clock_move_together() {
        let clock = TestClock::at("2026-05-07T10:00:00Z");
        let other = clock.clone();
        clock.advance(Duration::from_mins(15));
        assert_eq!(other.now().rfc3339(), "2026-05-07T10:15:00.000Z");
        other.set(Micros(0));
        assert_eq!(clock.now(), Micros(0));
    }
}
