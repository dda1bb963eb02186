//! Timeouts and schedules: each dialect's defaults, and what an endpoint makes of them.

use std::time::Duration;

use super::Dialect;
use crate::endpoint::Endpoint;
use crate::retry::RetryPolicy;

/// How long after the first failure CartHook's last retry may come.
const CARTHOOK_SPAN: Duration = Duration::from_hours(24);

/// Timeout and schedule of a dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialectRules {
    /// From the start of an attempt to its complete response head.
    pub timeout: Duration,
    /// Delay before each retry.
    pub schedule: Vec<Duration>,
}

/// The platform's defaults for every dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialectSettings {
    /// CartHook's.
    pub carthook: DialectRules,
    /// Flashy's.
    pub flashy: DialectRules,
    /// FlexyPe's.
    pub flexype: DialectRules,
    /// Standard Webhooks'.
    pub standard: DialectRules,
}

impl Default for DialectSettings {
    /// Source: FlexyPe, "Retry logic"; Standard Webhooks, "Deliverability and reliability"; contract 125 and 156.
    fn default() -> Self {
        let mut standard = minutes(&[5, 30, 120, 300, 600, 840, 1_200, 1_440]);
        standard.insert(0, Duration::from_secs(5));
        let rules = |seconds, schedule| DialectRules {
            timeout: Duration::from_secs(seconds),
            schedule,
        };
        Self {
            carthook: rules(10, hourly(minutes(&[1, 5, 15]))),
            flashy: rules(5, minutes(&[1, 5, 15])),
            flexype: rules(10, minutes(&[1, 5, 15])),
            standard: rules(20, standard),
        }
    }
}

fn minutes(list: &[u64]) -> Vec<Duration> {
    list.iter().map(|n| Duration::from_mins(*n)).collect()
}

/// The schedule with hourly retries after it, as many as fit: the sum of all delays stays within
/// [`CARTHOOK_SPAN`]. What the attempts themselves take is not counted.
fn hourly(mut schedule: Vec<Duration>) -> Vec<Duration> {
    const HOUR: Duration = Duration::from_hours(1);
    let mut sum: Duration = schedule.iter().sum();
    while sum + HOUR <= CARTHOOK_SPAN {
        schedule.push(HOUR);
        sum += HOUR;
    }
    schedule
}

impl DialectSettings {
    /// The defaults of one dialect.
    pub const fn rules(&self, dialect: Dialect) -> &DialectRules {
        match dialect {
            Dialect::Standard => &self.standard,
            Dialect::Flexype => &self.flexype,
            Dialect::Flashy => &self.flashy,
            Dialect::Carthook => &self.carthook,
        }
    }

    /// How long an attempt to this endpoint may take.
    pub fn timeout(&self, endpoint: &Endpoint) -> Duration {
        endpoint
            .timeout
            .unwrap_or(self.rules(endpoint.dialect).timeout)
    }

    /// When attempts to this endpoint are repeated.
    pub fn retry_policy(&self, endpoint: &Endpoint) -> RetryPolicy {
        let adaptive = endpoint.dialect.format().adaptive();
        RetryPolicy {
            schedule: endpoint
                .schedule
                .clone()
                .unwrap_or_else(|| self.rules(endpoint.dialect).schedule.clone()),
            jitter: adaptive,
            hears_retry_after: adaptive,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::destination;
    use super::*;

    #[test]
    fn contract_125_flashy_has_5_seconds_and_retries_after_1_5_and_15_minutes() {
        let flashy = DialectSettings::default().flashy;
        assert_eq!(flashy.timeout, Duration::from_secs(5));
        assert_eq!(flashy.schedule, minutes(&[1, 5, 15]));
    }

    #[test]
    fn contract_156_carthook_retries_after_1_5_15_minutes_then_hourly_to_24_hours() {
        let carthook = DialectSettings::default().carthook;
        assert_eq!(carthook.timeout, Duration::from_secs(10));
        let (first, hourly) = carthook.schedule.split_at(3);
        assert_eq!(first, minutes(&[1, 5, 15]));
        assert!(hourly.iter().all(|delay| *delay == Duration::from_hours(1)));
        // The last comes 23 h 21 min after the first failure; one more would come after 24 h.
        let all: Duration = carthook.schedule.iter().sum();
        assert_eq!((hourly.len(), all), (23, Duration::from_mins(23 * 60 + 21)));
    }

    #[test]
    fn only_standard_webhooks_have_jitter_and_hear_retry_after_and_410() {
        for dialect in Dialect::ALL {
            let policy = DialectSettings::default().retry_policy(&destination(dialect).endpoint);
            let heard = [
                policy.jitter,
                policy.hears_retry_after,
                dialect.format().hears_gone(),
            ];
            assert_eq!(heard, [dialect == Dialect::Standard; 3], "{dialect:?}");
        }
    }
}
