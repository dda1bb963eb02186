//! The database's clock, read through this process: every due time comes from it, whatever this
//! machine's own clock says. Anchored to a monotonic clock, so a step of the machine's time moves nothing.

use std::sync::RwLock;
use std::time::{Duration, Instant};

use domain::clock::{Clock, Micros};

/// A difference above this is a step of the database's own clock, and is followed at once.
const STEP: Duration = Duration::from_secs(2);

/// An answer that took longer is no measure of a clock.
const SLOW: Duration = Duration::from_millis(20);

/// Follows the database's clock between readings. Never goes back for a small difference: a job that was
/// made due now must still be due a moment later.
#[derive(Debug)]
pub struct DbClock {
    anchor: RwLock<Anchor>,
}

#[derive(Debug, Clone, Copy)]
struct Anchor {
    taken: Instant,
    at: Micros,
    /// How far this clock was ahead when it was anchored; made up for at half speed.
    lead: Duration,
}

impl Anchor {
    fn now(&self) -> Micros {
        let elapsed = self.taken.elapsed();
        self.at + elapsed + self.lead.saturating_sub(elapsed / 2)
    }
}

impl DbClock {
    /// Starts from `now`, usually the machine's clock, until the first reading.
    pub fn new(now: Micros) -> Self {
        Self {
            anchor: RwLock::new(Anchor {
                taken: Instant::now(),
                at: now,
                lead: Duration::ZERO,
            }),
        }
    }

    /// Takes over a reading of the database's clock that was asked for at `asked` and has just arrived:
    /// it was true about half way. A slow answer says too little and is left aside, unless the clocks are far
    /// apart.
    pub fn read(&self, asked: Instant, reading: Micros) {
        let taken = Instant::now();
        let doubt = taken.duration_since(asked);
        let apart = self.now().since(reading).max(reading.since(self.now()));
        if doubt > SLOW && apart < STEP {
            return;
        }
        let at = reading + taken.duration_since(asked) / 2;
        if let Ok(mut anchor) = self.anchor.write() {
            let lead = anchor.now().since(at);
            let lead = if lead > STEP { Duration::ZERO } else { lead };
            *anchor = Anchor { taken, at, lead };
        }
    }
}

impl Clock for DbClock {
    fn now(&self) -> Micros {
        match self.anchor.read() {
            Ok(anchor) => anchor.now(),
            Err(poisoned) => poisoned.into_inner().now(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_a_little_behind_takes_nothing_back() {
        let clock = DbClock::new(Micros(10_000_000));
        let before = clock.now();
        clock.read(Instant::now(), Micros(9_500_000));
        let after = clock.now();
        assert!(after >= before && after < before + Duration::from_secs(4));
    }

    #[test]
    fn a_reading_ahead_or_far_behind_is_taken_over() {
        for reading in [20_000_000, 5_000_000] {
            let clock = DbClock::new(Micros(10_000_000));
            clock.read(Instant::now(), Micros(reading));
            assert!(clock.now().since(Micros(reading)) < Duration::from_secs(4));
            assert!(clock.now() >= Micros(reading));
        }
    }
}
