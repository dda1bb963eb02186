//! What operators may set about the use cases.

use std::time::Duration;

use domain::address_policy::AddressPolicy;
use domain::dialect::DialectSettings;
use domain::trigger::TriggerSettings;

/// Settings of the use cases. The server fills them from its configuration.
#[derive(Debug, Clone)]
pub struct GatewaySettings {
    /// Which URLs endpoints may have.
    pub address_policy: AddressPolicy,
    /// Timeouts and schedules of the dialects.
    pub dialects: DialectSettings,
    /// How long the timers of triggers run.
    pub triggers: TriggerSettings,
    /// Endpoints a merchant may have, and an app.
    pub endpoints_per_merchant: u64,
    /// Bulk retry jobs that a merchant may have unfinished, and the platform across merchants.
    pub retry_jobs: u64,
    /// Attempts that a bulk retry job queues in a second when it does not say.
    pub retry_rate: u32,
    /// The most it may ask for.
    pub retry_rate_max: u32,
    /// Test sends to one endpoint in a minute.
    pub tests_per_minute: u32,
    /// How long an old signing secret signs on when a rotation does not say.
    pub rotation_overlap: Duration,
    /// Publish calls that may wait for their commit; beyond, callers are told to come back.
    pub ingest_waiting: usize,
    /// Bytes that their events may have together; beyond, the same. Waiting activities may have half as many.
    pub ingest_bytes: usize,
    /// Least time between the beginnings of two ingest commits.
    pub ingest_pace: Duration,
    /// Whether the queries of URLs are left out of the payloads that people are shown.
    pub redact_queries: bool,
    /// How long deliveries of a disabled endpoint wait before they are skipped.
    pub disabled_wait: Duration,
}

impl Default for GatewaySettings {
    fn default() -> Self {
        Self {
            address_policy: AddressPolicy {
                allow_http: false,
                allowed_networks: Vec::new(),
                self_hosts: Vec::new(),
            },
            dialects: DialectSettings::default(),
            triggers: TriggerSettings::default(),
            endpoints_per_merchant: 50,
            retry_jobs: 5,
            retry_rate: 100,
            retry_rate_max: 500,
            tests_per_minute: 10,
            rotation_overlap: Duration::from_hours(24),
            ingest_waiting: 4_096,
            ingest_bytes: 64 << 20,
            ingest_pace: Duration::from_millis(3),
            redact_queries: false,
            disabled_wait: Duration::from_hours(72),
        }
    }
}
