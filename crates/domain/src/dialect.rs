//! Wire formats: what is sent, what counts as acknowledged, when it is tried again.
//!
//! To add a dialect: a file beside `flexype.rs` with a [`Format`], a line in [`Dialect::ALL`],
//! [`Dialect::format`] and [`DialectSettings`], its event types in `catalog.rs`, its vectors in testkit.

mod flexype;
mod standard;

use std::time::Duration;

use bytes::Bytes;

use crate::attempt::{Exchange, Outcome, mask};
use crate::clock::Micros;
use crate::endpoint::{Destination, Endpoint};
use crate::event::Event;
use crate::retry::RetryPolicy;
use crate::secret::Secrets;
use crate::signing::signature_header;

/// What our requests call themselves.
pub const USER_AGENT: &str = concat!("Hookyard/", env!("CARGO_PKG_VERSION"));

/// A wire format that endpoints speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i16)]
pub enum Dialect {
    /// Standard Webhooks.
    Standard = 0,
    /// FlexyPe, version 2026-05.
    Flexype = 1,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Standard, Self::Flexype];

    /// The number storage keeps.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The dialect of a stored number, if it is one.
    pub fn from_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.code() == code)
    }

    /// How the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Flexype => "flexype",
        }
    }

    /// The dialect of this name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|dialect| dialect.as_str() == name)
    }

    /// Its rules.
    pub fn format(self) -> &'static dyn Format {
        match self {
            Self::Standard => &standard::Standard,
            Self::Flexype => &flexype::Flexype,
        }
    }
}

/// A header of a request, and whether its value is a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Lower case.
    pub name: String,
    /// Visible ASCII.
    pub value: String,
    /// Whether logs mask it.
    pub secret: bool,
}

impl Header {
    /// A header whose value may be logged.
    pub fn open(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            secret: false,
        }
    }

    /// A header whose value is masked in logs.
    pub fn secret(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            secret: true,
        }
    }
}

/// The rules of one wire format.
pub trait Format: Sync {
    /// The versions an endpoint may be fixed to; the first is the default.
    fn versions(&self) -> &'static [&'static str];
    /// The request body: a pure function of the event's row.
    fn body(&self, event: &Event) -> Bytes;
    /// The format's own headers.
    fn headers(&self, event: &Event, endpoint: &Endpoint, secrets: &Secrets) -> Vec<Header>;
    /// Whether a response with this status is an acknowledgement.
    fn acknowledges(&self, status: u16) -> bool;
    /// Whether the secret is itself the signing secret, never sent.
    fn secret_signs(&self) -> bool;
    /// Whether 410 disables the endpoint.
    fn hears_gone(&self) -> bool;
    /// Whether delays get jitter and Retry-After is heard.
    fn adaptive(&self) -> bool;
}

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
    /// FlexyPe's.
    pub flexype: DialectRules,
    /// Standard Webhooks'.
    pub standard: DialectRules,
}

impl Default for DialectSettings {
    /// Source: FlexyPe, "Retry logic"; Standard Webhooks, "Deliverability and reliability".
    fn default() -> Self {
        let minutes = |list: &[u64]| {
            list.iter()
                .map(|n| Duration::from_mins(*n))
                .collect::<Vec<_>>()
        };
        let mut standard = minutes(&[5, 30, 120, 300, 600, 840, 1_200, 1_440]);
        standard.insert(0, Duration::from_secs(5));
        Self {
            flexype: DialectRules {
                timeout: Duration::from_secs(10),
                schedule: minutes(&[1, 5, 15]),
            },
            standard: DialectRules {
                timeout: Duration::from_secs(20),
                schedule: standard,
            },
        }
    }
}

impl DialectSettings {
    /// The defaults of one dialect.
    pub const fn rules(&self, dialect: Dialect) -> &DialectRules {
        match dialect {
            Dialect::Standard => &self.standard,
            Dialect::Flexype => &self.flexype,
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

/// One request as it will be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Headers in order; names in lower case.
    pub headers: Vec<Header>,
    /// The bytes that are signed and sent.
    pub body: Bytes,
}

impl Outgoing {
    /// The headers as logs show them.
    pub fn masked_headers(&self) -> Vec<(String, String)> {
        self.headers
            .iter()
            .map(|header| {
                let value = if header.secret {
                    mask(&header.value)
                } else {
                    header.value.clone()
                };
                (header.name.clone(), value)
            })
            .collect()
    }
}

/// Renders an event for an endpoint, signed at `now`.
pub fn render(event: &Event, destination: &Destination, now: Micros) -> Outgoing {
    let Destination { endpoint, secrets } = destination;
    let format = endpoint.dialect.format();
    let body = format.body(event);
    let mut headers = Vec::with_capacity(9 + endpoint.headers.len());
    headers.push(Header::open("content-type", "application/json"));
    headers.push(Header::open("user-agent", USER_AGENT));
    headers.extend(format.headers(event, endpoint, secrets));
    if endpoint.signed {
        let timestamp = now.seconds();
        headers.push(Header::open("webhook-id", &*event.event_id));
        headers.push(Header::open("webhook-timestamp", timestamp.to_string()));
        headers.push(Header::open(
            "webhook-signature",
            signature_header(secrets.signing_keys(now), &event.event_id, timestamp, &body),
        ));
    }
    headers.extend(
        endpoint
            .headers
            .iter()
            .map(|(name, value)| Header::secret(name.to_ascii_lowercase(), value)),
    );
    Outgoing { headers, body }
}

/// Lets the dialect judge an exchange: a response head is a success only where the dialect takes its
/// status for an acknowledgement.
pub fn judge(dialect: Dialect, mut exchange: Exchange) -> Exchange {
    if exchange.outcome == Outcome::HttpStatus
        && let Some(response) = &exchange.response
    {
        if dialect.format().acknowledges(response.status) {
            exchange.outcome = Outcome::Success;
            exchange.error.clear();
        } else {
            exchange.error = format!(
                "The receiver answered {}; {} is expected.",
                response.status,
                if dialect == Dialect::Flexype {
                    "exactly 200"
                } else {
                    "a status from 200 to 299"
                }
            );
        }
    }
    exchange
}

/// The receiver's Retry-After, given in seconds, where its status makes it meaningful (429, 503).
pub fn retry_after(exchange: &Exchange) -> Option<Duration> {
    let response = exchange
        .response
        .as_ref()
        .filter(|r| matches!(r.status, 429 | 503))?;
    let (_, value) = response
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?;
    value.trim().parse().ok().map(Duration::from_secs)
}
