//! Time as the product keeps it: microseconds since 1970, UTC, from the database's clock.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(transparent)]
pub struct Micros(pub i64);

impl Micros {
    /// The same moment in whole milliseconds.
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// The same moment in whole seconds.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Time since `earlier`, zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// RFC 3339 in UTC with milliseconds: how the API writes times.
    pub fn rfc3339(self) -> String {
        let t = self.date_time();
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            t.year(),
            u8::from(t.month()),
            t.day(),
            t.hour(),
            t.minute(),
            t.second(),
            t.millisecond()
        )
    }

    /// RFC 3339 in UTC with whole seconds: how envelopes write times.
    pub fn rfc3339_seconds(self) -> String {
        let mut text = self.rfc3339();
        text.replace_range(19..23, "");
        text
    }

    /// Reads an RFC 3339 time with any offset.
    ///
    /// Errors: the text is not RFC 3339.
    pub fn parse_rfc3339(text: &str) -> Result<Self, time::error::Parse> {
        let at = OffsetDateTime::parse(text, &Rfc3339)?;
        Ok(Self(
            i64::try_from(at.unix_timestamp_nanos() / 1_000).unwrap_or(i64::MAX),
        ))
    }

    /// The calendar view; clamped to the years that RFC 3339 can spell.
    pub fn date_time(self) -> OffsetDateTime {
        const YEAR_9999: i64 = 253_402_300_799;
        OffsetDateTime::from_unix_timestamp_nanos(
            i128::from(self.0.clamp(0, YEAR_9999 * 1_000_000)) * 1_000,
        )
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

impl Add<Duration> for Micros {
    type Output = Self;
    fn add(self, span: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)),
        )
    }
}

impl Sub<Duration> for Micros {
    type Output = Self;
    fn sub(self, span: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)),
        )
    }
}

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

/// Where "now" comes from. The running product's clock follows the database; tests move theirs by hand.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Micros;
}

/// This machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clock"
    )]
    fn now(&self) -> Micros {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        Micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contract_012_times_are_spelled_in_utc() {
        let at = Micros(1_778_148_000_123_456);
        assert_eq!(at.rfc3339(), "2026-05-07T10:00:00.123Z");
        assert_eq!(at.rfc3339_seconds(), "2026-05-07T10:00:00Z");
        assert_eq!(
            Micros::parse_rfc3339("2026-05-07T12:00:00.123456+02:00"),
            Ok(at),
            "an offset is folded into UTC"
        );
    }
}
