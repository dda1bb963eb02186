//! Settings of everything that listens.

use std::time::Duration;

use domain::rate::Rate;
use ipnet::IpNet;

/// How the HTTP side behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Requests of one credential, a person's or an API key's. Default none.
    pub requests_per_key: Option<Rate>,
    /// Requests about one merchant, whoever makes them. Default none.
    pub requests_per_merchant: Option<Rate>,
    /// Failed logins of one account within `login_window`. Default 100: a person never gets there, a
    /// guesser soon does.
    pub logins: u32,
    /// Failed logins from one address within `login_window`. Default 1000: an office never gets there, who tries
    /// one password on many accounts does.
    pub logins_per_address: u32,
    /// The window of both. Default 10m.
    pub login_window: Duration,
    /// Wrong API keys and tokens from one address in a minute, after which they get 429. Default 300.
    pub refused_credentials: u32,
    /// Proxies whose `X-Forwarded-For` is believed. Default none.
    pub trusted_proxies: Vec<IpNet>,
    /// Life of an access token. Default 15m: a stolen one is soon worthless.
    pub access_token: Duration,
    /// Life of a refresh token. Default 30d: who comes back within a month stays logged in.
    pub refresh_token: Duration,
    /// Connections held at once; more wait unaccepted. Default 10000.
    pub connections: usize,
    /// Connections of one address that is no trusted proxy's; more are closed. Default 8000: nobody takes all.
    pub connections_per_address: usize,
    /// Time for the first byte of a connection and for each request head. Default 10s.
    pub header_timeout: Duration,
    /// Time for a whole request body. Default 30s.
    pub body_timeout: Duration,
    /// How long a client may take nothing of an answer that waits for it. Default 30s.
    pub write_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            requests_per_key: None,
            requests_per_merchant: None,
            logins: 100,
            logins_per_address: 1_000,
            login_window: Duration::from_mins(10),
            refused_credentials: 300,
            trusted_proxies: Vec::new(),
            access_token: Duration::from_mins(15),
            refresh_token: Duration::from_hours(30 * 24),
            connections: 10_000,
            connections_per_address: 8_000,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
        }
    }
}
