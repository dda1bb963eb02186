//! How the queue treats its Redis. The defaults suit a Redis in the same network.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Settings of the queue over Redis. Unknown keys are refused.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RedisSettings {
    /// Leads every key and channel. Change it when two installations share one Redis: channels know
    /// no database numbers. Default `hy`.
    pub key_prefix: String,
    /// Time for connecting, TLS and login together. Default 1 s.
    #[serde(with = "humantime_serde")]
    pub connect_timeout: Duration,
    /// Time for the answer to one call; a later answer is never read, the connection is dropped.
    /// Default 250 ms: beyond that the safety poll is the faster way.
    #[serde(with = "humantime_serde")]
    pub response_timeout: Duration,
    /// Least time between two messages to Redis: what is told meanwhile goes together. Adds nothing
    /// when little is told. Default 1 ms.
    #[serde(with = "humantime_serde")]
    pub flush_pace: Duration,
    /// Stubs that wait to be sent; more are dropped. Default 100,000, 6 MB.
    pub outbox_capacity: usize,
}

impl Default for RedisSettings {
    fn default() -> Self {
        Self {
            key_prefix: "hy".to_owned(),
            connect_timeout: Duration::from_secs(1),
            response_timeout: Duration::from_millis(250),
            flush_pace: Duration::from_millis(1),
            outbox_capacity: 100_000,
        }
    }
}
