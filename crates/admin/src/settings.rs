//! Settings of everything that listens.

use std::time::Duration;

use serde::Deserialize;

/// How the HTTP side behaves.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Failed logins of one account within `login_window`. Default 100: a person never gets there, a
    /// guesser soon does.
    pub logins: u32,
    /// The window of `logins`. Default 10m.
    #[serde(with = "humantime_serde")]
    pub login_window: Duration,
    /// Life of an access token. Default 15m: a stolen one is soon worthless.
    #[serde(with = "humantime_serde")]
    pub access_token: Duration,
    /// Life of a refresh token. Default 30d: who comes back within a month stays logged in.
    #[serde(with = "humantime_serde")]
    pub refresh_token: Duration,
    /// Connections held at once; more wait unaccepted. Default 10000.
    pub connections: usize,
    /// Time for the first byte of a connection and for each request head. Default 10s.
    #[serde(with = "humantime_serde")]
    pub header_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            logins: 100,
            login_window: Duration::from_mins(10),
            access_token: Duration::from_mins(15),
            refresh_token: Duration::from_hours(30 * 24),
            connections: 10_000,
            header_timeout: Duration::from_secs(10),
        }
    }
}
