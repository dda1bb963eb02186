//! What operators may set about a worker.

use std::time::Duration;

use domain::dialect::DialectSettings;

/// Settings of one worker process.
#[derive(Debug, Clone)]
pub struct WorkerSettings {
    /// Timeouts and schedules of the dialects.
    pub dialects: DialectSettings,
    /// Attempts in flight at once.
    pub slots: usize,
    /// Attempts in flight at once to one endpoint.
    pub per_endpoint: usize,
    /// Attempts in flight at once to one host.
    pub per_host: usize,
    /// Attempts in flight at once to all slow endpoints together.
    pub slow_slots: usize,
    /// Least time between the beginnings of two claims.
    pub claim_pace: Duration,
    /// Least time between the beginnings of two settling commits.
    pub settle_pace: Duration,
    /// How long an endpoint may do nothing but fail before it is disabled.
    pub disable_after: Duration,
    /// How long deliveries of a disabled endpoint wait before they are skipped.
    pub disabled_wait: Duration,
    /// How long events, deliveries and attempts are kept.
    pub log_kept: Duration,
}

impl Default for WorkerSettings {
    fn default() -> Self {
        Self {
            dialects: DialectSettings::default(),
            slots: 512,
            per_endpoint: 10,
            per_host: 64,
            slow_slots: 32,
            claim_pace: Duration::from_millis(3),
            settle_pace: Duration::from_millis(10),
            disable_after: Duration::from_hours(24 * 5),
            disabled_wait: Duration::from_hours(72),
            log_kept: Duration::from_hours(24 * 30),
        }
    }
}
