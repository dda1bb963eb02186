//! How often something may happen: so many in a window, all at once or spread, refilled evenly. Source: the
//! generic cell rate algorithm, ITU-T I.371.
//!
//! What a subject has used is its debt: the time until it has its whole quota again.

use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

/// Longest window.
const WINDOW_MAX: Duration = Duration::from_hours(24);

/// Whose count it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subject {
    /// What is counted: tells subjects of one id apart.
    pub of: &'static str,
    /// Whose.
    pub id: u128,
}

/// A quota and the time in which it comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    count: NonZeroU32,
    window: Duration,
}

/// Whether one more may happen, and what is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// How long to wait; `None` when it may happen now.
    pub wait: Option<Duration>,
    /// How many more may happen at once.
    pub left: u32,
    /// Until the whole quota is there again.
    pub full_after: Duration,
}

impl Rate {
    /// So many in each window.
    pub const fn new(count: NonZeroU32, window: Duration) -> Self {
        Self { count, window }
    }

    /// How many may happen at once.
    pub const fn count(self) -> NonZeroU32 {
        self.count
    }

    /// The time in which that many come back.
    pub const fn window(self) -> Duration {
        self.window
    }

    /// The time in which one comes back, in whole microseconds, at least one.
    pub fn step_us(self) -> u64 {
        let window = u64::try_from(self.window.as_micros()).unwrap_or(u64::MAX);
        window.div_ceil(u64::from(self.count.get())).max(1)
    }

    /// What a debt in microseconds, after taking one or after being refused, means.
    pub fn taken(self, allowed: bool, debt_us: u64) -> Taken {
        let step = self.step_us();
        let burst = step * u64::from(self.count.get());
        let left = burst.saturating_sub(debt_us) / step;
        let wait = (debt_us + step).saturating_sub(burst);
        Taken {
            wait: (!allowed).then(|| Duration::from_micros(wait)),
            left: u32::try_from(left).unwrap_or(u32::MAX),
            full_after: Duration::from_micros(debt_us),
        }
    }
}

impl FromStr for Rate {
    type Err = String;

    /// Reads `100/s`, `6000/m`, `50/10s`; a number alone is one a second.
    ///
    /// Errors: what would be right.
    fn from_str(text: &str) -> Result<Self, String> {
        let right =
            || "a number a second, minute or hour, such as 100/s, 6000/m or 50/10s".to_owned();
        let (count, window) = text.split_once('/').unwrap_or((text, "s"));
        let count = count.trim().parse().map_err(|_| right())?;
        let units = [("s", 1), ("m", 60), ("h", 3_600)];
        let (number, seconds) = units
            .into_iter()
            .find_map(|(unit, seconds)| Some((window.trim().strip_suffix(unit)?, seconds)))
            .ok_or_else(right)?;
        let number = match number {
            "" => 1,
            digits => digits.parse::<u64>().map_err(|_| right())?,
        };
        let window = Duration::from_secs(number.saturating_mul(seconds));
        if window.is_zero() || window > WINDOW_MAX {
            return Err(right());
        }
        Ok(Self { count, window })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str) -> Rate {
        text.parse().unwrap()
    }

    #[test]
    fn a_rate_is_a_number_and_a_window() {
        for (text, count, seconds) in [
            ("100/s", 100, 1),
            ("100", 100, 1),
            ("6000/m", 6_000, 60),
            ("50/10s", 50, 10),
            (" 7 / 2h ", 7, 7_200),
        ] {
            let read = rate(text);
            assert_eq!(
                (read.count().get(), read.window().as_secs()),
                (count, seconds),
                "{text}"
            );
        }
        for wrong in [
            "", "0/s", "-1/s", "x/s", "5/", "5/0s", "5/d", "5/é", "5/25h", "5/10", "5/s/s",
        ] {
            assert!(wrong.parse::<Rate>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_debt_tells_what_is_left_and_how_long_to_wait() {
        let rate = rate("10/s");
        let told = |allowed, debt_ms: u64| {
            let taken = rate.taken(allowed, debt_ms * 1_000);
            (taken.wait.map(|wait| wait.as_millis()), taken.left)
        };
        assert_eq!(told(true, 100), (None, 9));
        assert_eq!(told(true, 1_000), (None, 0));
        assert_eq!(told(false, 1_000), (Some(100), 0));
        assert_eq!(told(false, 940), (Some(40), 0));
        assert_eq!(told(true, 150), (None, 8));
    }
}
