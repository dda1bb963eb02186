//! What survives when servers are wiped, frozen, killed and restarted under load: real processes, paced publishing,
//! and after every scenario the same checks (`checker.rs`).
//!
//! The normal suite runs each scenario small and asks what happens, not how fast. `HOOKYARD_RESILIENCE=full` runs 5,000
//! events and outages of 30 s, holds them to their times too, and wants the machine for itself; with `--nocapture` each
//! prints its row of the table in `docs/resilience.md`.

mod bulk_retry;
mod checker;
mod embedded;
mod postgres;
mod processes;
mod publisher;
mod redis;
mod scene;
mod tally;

use std::time::Duration;

use testkit::size::is_full;

/// Events published in a second.
const RATE: u32 = 250;

/// How large the scenarios are.
#[derive(Debug, Clone, Copy)]
struct Size {
    /// Events of one scenario; the fault begins when half of them are published.
    events: usize,
    /// How long a server is away or frozen.
    outage: Duration,
}

impl Size {
    /// The same with so many more events that they go on after an outage as long as before it.
    fn with_outage(self) -> Self {
        let meanwhile = self.outage.as_secs() * u64::from(RATE);
        Self {
            events: self.events + usize::try_from(meanwhile).unwrap(),
            ..self
        }
    }

    /// As the environment asks.
    fn of_environment() -> Self {
        let (events, seconds) = if is_full() { (5_000, 30) } else { (500, 3) };
        Self {
            events,
            outage: Duration::from_secs(seconds),
        }
    }
}
