//! When a failed delivery is tried again: the schedule, its jitter, and what a receiver may ask for.

use std::time::Duration;

use crate::clock::Micros;

/// Longest wait that a receiver's Retry-After is granted.
pub const RETRY_AFTER_MAX: Duration = Duration::from_hours(1);

/// Delays between attempts and how they may move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Delay before each retry; its length is the number of retries.
    pub schedule: Vec<Duration>,
    /// Whether up to 20 % is added by chance.
    pub jitter: bool,
    /// Whether a receiver's Retry-After is heard.
    pub hears_retry_after: bool,
}

impl RetryPolicy {
    /// Attempts at most, the first one included.
    pub fn attempts(&self) -> i32 {
        i32::try_from(self.schedule.len())
            .unwrap_or(i32::MAX)
            .saturating_add(1)
    }

    /// When the attempt after number `number` (1-based) is due, counted from the end of that attempt;
    /// `None` when it was the last. `chance` in 0..1 moves the jitter. A Retry-After that is heard can
    /// only lengthen the delay, up to [`RETRY_AFTER_MAX`].
    pub fn next(
        &self,
        number: i32,
        ended_at: Micros,
        chance: f64,
        retry_after: Option<Duration>,
    ) -> Option<Micros> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        let mut delay = *self.schedule.get(index)?;
        if self.jitter {
            delay = delay.mul_f64(1.0 + 0.2 * chance.clamp(0.0, 1.0));
        }
        if self.hears_retry_after {
            delay = delay.max(retry_after.unwrap_or_default().min(RETRY_AFTER_MAX));
        }
        Some(ended_at + delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flexype() -> RetryPolicy {
        RetryPolicy {
            schedule: [60, 300, 900].map(Duration::from_secs).to_vec(),
            jitter: false,
            hears_retry_after: false,
        }
    }

    #[test]
    fn contract_022_delays_count_from_the_previous_failure() {
        let policy = flexype();
        let minute = 60_000_000;
        let mut at = Micros(0);
        let mut tries = vec![0];
        for number in 1..=3 {
            at = policy
                .next(number, at, 0.9, Some(Duration::from_secs(5_000)))
                .unwrap();
            tries.push(at.0 / minute);
        }
        assert_eq!(tries, [0, 1, 6, 21]);
    }

    #[test]
    fn contract_021_the_third_retry_is_the_last() {
        assert_eq!(flexype().next(4, Micros(0), 0.0, None), None);
        assert_eq!(flexype().attempts(), 4);
    }

    #[test]
    fn jitter_adds_at_most_a_fifth_and_never_shortens() {
        let policy = RetryPolicy {
            jitter: true,
            ..flexype()
        };
        assert_eq!(
            policy.next(1, Micros(0), 0.0, None),
            Some(Micros(60_000_000))
        );
        assert_eq!(
            policy.next(1, Micros(0), 1.0, None),
            Some(Micros(72_000_000))
        );
    }

    #[test]
    fn retry_after_lengthens_up_to_an_hour() {
        let policy = RetryPolicy {
            hears_retry_after: true,
            ..flexype()
        };
        let wait = |secs| {
            policy
                .next(1, Micros(0), 0.0, Some(Duration::from_secs(secs)))
                .unwrap()
                .0
        };
        assert_eq!(wait(5), 60_000_000);
        assert_eq!(wait(120), 120_000_000);
        assert_eq!(wait(86_400), 3_600_000_000);
    }
}
