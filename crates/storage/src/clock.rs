//! The database's clock, read through this process: every due time comes from it, whatever this
//! machine's own clock says. Anchored to a monotonic clock, so a step of the machine's time moves nothing.

use std::sync::RwLock;
use std::time::Instant;

use domain::clock::{Clock, Micros};

/// Follows the database's clock between readings.
#[derive(Debug)]
pub struct DbClock {
    anchor: RwLock<(Instant, Micros)>,
}

impl DbClock {
    /// Starts from `now`, usually the machine's clock, until the first reading.
    pub fn new(now: Micros) -> Self {
        Self {
            anchor: RwLock::new((Instant::now(), now)),
        }
    }

    /// Takes over a reading of the database's clock that was asked for at `asked` and has just arrived:
    /// it was true about half way.
    pub fn read(&self, asked: Instant, reading: Micros) {
        let arrived = Instant::now();
        let at = reading + arrived.duration_since(asked) / 2;
        if let Ok(mut anchor) = self.anchor.write() {
            *anchor = (arrived, at);
        }
    }
}

impl Clock for DbClock {
    fn now(&self) -> Micros {
        let (anchored, at) = match self.anchor.read() {
            Ok(anchor) => *anchor,
            Err(poisoned) => *poisoned.into_inner(),
        };
        at + anchored.elapsed()
    }
}
