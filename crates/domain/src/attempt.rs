//! One HTTP POST of a delivery: what happened, in a closed set of outcomes and in words a merchant
//! understands; what of it is kept, and how much.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Micros;
use crate::id::{AttemptId, BatchId, DeliveryId, EndpointId, MerchantId};

/// Bytes of response body read before the connection is given up: enough to reuse most connections.
pub const RESPONSE_READ_CAP: usize = 64 * 1024;
/// Bytes of response body kept. 16 KiB shows an HTML error page and caps a log row.
pub const RESPONSE_KEEP_CAP: usize = 16 * 1024;
/// Bytes of response header names and values kept.
pub const RESPONSE_HEADERS_KEEP_CAP: usize = 8 * 1024;

/// How an attempt ended. The set is closed; its spelling is part of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(i16)]
pub enum Outcome {
    /// The receiver acknowledged by the dialect's rule.
    Success = 0,
    /// A complete response head whose status is no acknowledgement.
    HttpStatus = 1,
    /// A 3xx: redirects are never followed.
    Redirect = 2,
    /// The address or port may not be called.
    BlockedAddress = 3,
    /// The name did not resolve.
    DnsError = 4,
    /// Nobody listens there.
    ConnectRefused = 5,
    /// No TCP connection in time.
    ConnectTimeout = 6,
    /// The certificate's issuer is not trusted.
    TlsUntrusted = 7,
    /// The certificate is for another name.
    TlsNameMismatch = 8,
    /// The certificate is out of its dates.
    TlsExpired = 9,
    /// No common TLS version or cipher.
    TlsProtocol = 10,
    /// Any other failure of the handshake.
    TlsHandshake = 11,
    /// No complete response head within the dialect's timeout.
    Timeout = 12,
    /// The connection ended after the request began and before a response head.
    Reset = 13,
    /// What came back is not HTTP, or breaks its limits.
    InvalidResponse = 14,
    /// The worker was lost during the attempt; the receiver may have seen it.
    Unknown = 15,
    /// Stopped by a person before it began.
    Cancelled = 16,
}

impl Outcome {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 17] = [
        Self::Success,
        Self::HttpStatus,
        Self::Redirect,
        Self::BlockedAddress,
        Self::DnsError,
        Self::ConnectRefused,
        Self::ConnectTimeout,
        Self::TlsUntrusted,
        Self::TlsNameMismatch,
        Self::TlsExpired,
        Self::TlsProtocol,
        Self::TlsHandshake,
        Self::Timeout,
        Self::Reset,
        Self::InvalidResponse,
        Self::Unknown,
        Self::Cancelled,
    ];

    /// The number storage keeps.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The outcome of a stored number, if it is one.
    pub fn from_code(code: i16) -> Option<Self> {
        usize::try_from(code)
            .ok()
            .and_then(|index| Self::ALL.get(index).copied())
    }

    /// How the API and the metrics spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::HttpStatus => "http_status",
            Self::Redirect => "redirect",
            Self::BlockedAddress => "blocked_address",
            Self::DnsError => "dns_error",
            Self::ConnectRefused => "connect_refused",
            Self::ConnectTimeout => "connect_timeout",
            Self::TlsUntrusted => "tls_untrusted",
            Self::TlsNameMismatch => "tls_name_mismatch",
            Self::TlsExpired => "tls_expired",
            Self::TlsProtocol => "tls_protocol",
            Self::TlsHandshake => "tls_handshake",
            Self::Timeout => "timeout",
            Self::Reset => "reset",
            Self::InvalidResponse => "invalid_response",
            Self::Unknown => "unknown",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Why an attempt was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(i16)]
pub enum Trigger {
    /// The first attempt, or a retry of the schedule.
    Schedule = 0,
    /// A person or program asked for it.
    Manual = 1,
    /// A test send.
    Test = 2,
}

impl Trigger {
    /// The number storage keeps.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The trigger of a stored number; an unknown number reads as the schedule.
    pub const fn from_code(code: i16) -> Self {
        match code {
            1 => Self::Manual,
            2 => Self::Test,
            _ => Self::Schedule,
        }
    }

    /// How the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Manual => "manual",
            Self::Test => "test",
        }
    }
}

/// What became of the response body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
#[repr(i16)]
pub enum BodyState {
    /// There was no response.
    #[default]
    None = 0,
    /// All of it is kept.
    Complete = 1,
    /// It was longer than what is kept.
    Truncated = 2,
    /// It broke off, or the deadline came first.
    Incomplete = 3,
}

impl BodyState {
    /// The number storage keeps.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The state of a stored number; an unknown number reads as none.
    pub const fn from_code(code: i16) -> Self {
        match code {
            1 => Self::Complete,
            2 => Self::Truncated,
            3 => Self::Incomplete,
            _ => Self::None,
        }
    }

    /// How the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Complete => "complete",
            Self::Truncated => "truncated",
            Self::Incomplete => "incomplete",
        }
    }
}

/// How long each step took. A step that did not happen (a reused connection, say) is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timings {
    /// Looking up the name.
    pub dns: Option<Duration>,
    /// Opening the TCP connection.
    pub connect: Option<Duration>,
    /// The TLS handshake.
    pub tls: Option<Duration>,
    /// From sending the request to the response head.
    pub first_byte: Option<Duration>,
}

/// The answer of a receiver, as far as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Response {
    /// The status of the response head.
    pub status: u16,
    /// Names and values in the order they came, cut at [`RESPONSE_HEADERS_KEEP_CAP`].
    pub headers: Vec<(String, String)>,
    /// The first [`RESPONSE_KEEP_CAP`] bytes, never inflated.
    pub body: Vec<u8>,
    /// Whether `body` is all of it.
    pub body_state: BodyState,
}

/// What one POST came to, as the sender saw it. Pure data: settling decides what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// How it ended. `Success` and `HttpStatus` are decided by the dialect from `response.status`.
    pub outcome: Outcome,
    /// What went wrong, in words for the merchant; empty on success.
    pub error: String,
    /// The answer, if a head arrived.
    pub response: Option<Response>,
    /// The address that was dialled, if one was.
    pub remote_ip: Option<std::net::IpAddr>,
    /// How long each step took.
    pub timings: Timings,
    /// From the start of the attempt to its end.
    pub duration: Duration,
}

/// An attempt as it is logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Its own id.
    pub id: AttemptId,
    /// The delivery it belongs to.
    pub delivery_id: DeliveryId,
    /// The merchant that owns the delivery.
    pub merchant_id: MerchantId,
    /// The endpoint that was called.
    pub endpoint_id: EndpointId,
    /// 1 for the first attempt of the delivery.
    pub number: i32,
    /// The POST it shares with other deliveries' attempts, if it does.
    pub batch_id: Option<BatchId>,
    /// Why it was made.
    pub trigger: Trigger,
    /// Who asked for it, when somebody did.
    pub actor: Option<String>,
    /// When it began.
    pub started_at: Micros,
    /// The URL that was called: the endpoint's at that time.
    pub url: String,
    /// The request's headers, secrets masked.
    pub request_headers: Vec<(String, String)>,
    /// What came of it.
    pub exchange: Exchange,
}

/// A secret as logs show it: its last four characters when it is long enough to spare them.
pub fn mask(secret: &str) -> String {
    let tail: String = secret
        .chars()
        .rev()
        .take(4)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect();
    if secret.chars().count() >= 16 {
        format!("…{tail}")
    } else {
        "…".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_survives_storage() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::from_code(outcome.code()), Some(outcome));
        }
        assert_eq!(Outcome::from_code(17), None);
        assert_eq!(Outcome::from_code(-1), None);
    }

    #[test]
    fn a_short_secret_is_masked_whole() {
        assert_eq!(mask("short"), "…");
        assert_eq!(mask("0123456789abcdef"), "…cdef");
    }
}
