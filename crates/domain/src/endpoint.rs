//! An endpoint: a URL that receives events in one dialect, with its limits and its subscriptions.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::clock::Micros;
use crate::dialect::Dialect;
use crate::error::FieldError;
use crate::id::{AppId, EndpointId, MerchantId};
use crate::secret::Secrets;

/// Longest description, in characters.
pub const DESCRIPTION_MAX: usize = 500;
/// Most custom headers of an endpoint.
pub const HEADERS_MAX: usize = 20;
/// Bytes of an endpoint's custom headers, names and values together.
pub const HEADER_BYTES_MAX: usize = 8 * 1024;
/// Most retries a schedule of an endpoint's own may have.
pub const SCHEDULE_MAX: usize = 20;

/// How many events a batch may be told to hold.
pub const BATCH_EVENTS: RangeInclusive<u32> = 2..=100;
/// How long the first event of a batch may be told to wait for others.
pub const BATCH_WAIT: RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_mins(1);

/// Several events in one request, where the dialect has that. Source: contract 99.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    /// Most events in one request.
    pub max_events: u32,
    /// How long the first event waits for others.
    pub max_wait: Duration,
}

/// Why an endpoint receives nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub enum DisabledReason {
    /// A person switched it off.
    Manual = 1,
    /// Nothing but failures for too long.
    Failing = 2,
    /// The receiver answered 410 in a dialect that hears it.
    Gone = 3,
}

impl DisabledReason {
    /// The number storage keeps.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The reason of a stored number, if it is one.
    pub const fn from_code(code: i16) -> Option<Self> {
        match code {
            1 => Some(Self::Manual),
            2 => Some(Self::Failing),
            3 => Some(Self::Gone),
            _ => None,
        }
    }

    /// How the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Failing => "failing",
            Self::Gone => "gone",
        }
    }
}

/// Whose endpoint it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// It receives what happens to this merchant.
    Merchant(MerchantId),
    /// It receives what happens to every merchant that has this app installed.
    App(AppId),
}

impl Owner {
    /// The merchant, if it is one.
    pub const fn merchant_id(self) -> Option<MerchantId> {
        match self {
            Self::Merchant(id) => Some(id),
            Self::App(_) => None,
        }
    }

    /// The app, if it is one.
    pub const fn app_id(self) -> Option<AppId> {
        match self {
            Self::Merchant(_) => None,
            Self::App(id) => Some(id),
        }
    }
}

/// A URL that receives events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// The merchant or the app it belongs to.
    pub owner: Owner,
    /// The normalised URL.
    pub url: String,
    /// The wire format it speaks.
    pub dialect: Dialect,
    /// What its owner says it is for.
    pub description: String,
    /// The payload version its headers name, fixed for the endpoint.
    pub version: String,
    /// Custom headers sent with every request.
    pub headers: Vec<(String, String)>,
    /// Most requests a second.
    pub rate_limit: Option<u32>,
    /// Its own timeout instead of the dialect's.
    pub timeout: Option<Duration>,
    /// Its own delays between attempts instead of the dialect's.
    pub schedule: Option<Vec<Duration>>,
    /// Whether and how events are collected; each is sent alone where it is `None`.
    pub batch: Option<Batch>,
    /// Whether the Standard Webhooks signature headers are sent.
    pub signed: bool,
    /// Why and since when it is disabled; `None` while it is enabled.
    pub disabled: Option<(DisabledReason, Micros)>,
    /// The event types it receives, in order of name.
    pub event_types: Vec<String>,
    /// Since when it has only failed.
    pub failing_since: Option<Micros>,
    /// When it was made.
    pub created_at: Micros,
    /// When it was last changed.
    pub updated_at: Micros,
}

impl Endpoint {
    /// Whether it receives deliveries.
    pub const fn enabled(&self) -> bool {
        self.disabled.is_none()
    }

    /// The host of its URL without the port, an IPv6 address in its brackets: for the per-host limit.
    pub fn host(&self) -> &str {
        host_of(&self.url)
    }
}

/// The host of a URL that was checked, as it stands there.
pub fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    match authority.split_once(']') {
        Some((address, _)) => &authority[..=address.len()],
        None => authority.split(':').next().unwrap_or(authority),
    }
}

/// Checks that an endpoint collects events only where its dialect has batches, and within bounds.
pub fn check_batch(pointer: &str, dialect: Dialect, batch: Option<Batch>) -> Vec<FieldError> {
    let Some(batch) = batch else {
        return Vec::new();
    };
    if !dialect.has_batches() {
        let detail = format!("{} sends each event alone; must be null", dialect.as_str());
        return vec![FieldError::new(pointer, "no_batches", detail)];
    }
    let mut errors = Vec::new();
    let mut refuse = |good: bool, field: &str, detail: &str| {
        if !good {
            let at = format!("{pointer}/{field}");
            errors.push(FieldError::new(at, "range", detail));
        }
    };
    refuse(
        BATCH_EVENTS.contains(&batch.max_events),
        "max_events",
        "must be 2 to 100",
    );
    refuse(
        BATCH_WAIT.contains(&batch.max_wait),
        "max_wait",
        "must be 100ms to 1m",
    );
    errors
}

/// An endpoint with everything that sending to it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Its secrets.
    pub secrets: Secrets,
}

/// Headers that carry the protocol or our own promises.
const RESERVED: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "x-event-id",
    "x-flexype-authorization",
    "x-webhook-version",
    "x-carthook-topic",
];

/// Checks the custom headers of an endpoint: names are tokens and not reserved, values visible ASCII.
pub fn check_headers(pointer: &str, headers: &[(String, String)]) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if headers.len() > HEADERS_MAX {
        errors.push(FieldError::new(
            pointer,
            "too_many",
            format!("at most {HEADERS_MAX} headers"),
        ));
    }
    let bytes = headers.iter().map(|(name, value)| name.len() + value.len());
    if bytes.sum::<usize>() > HEADER_BYTES_MAX {
        errors.push(FieldError::new(
            pointer,
            "too_long",
            format!("names and values together may have {HEADER_BYTES_MAX} bytes"),
        ));
    }
    // Beyond, they are only counted.
    for (name, value) in headers.iter().take(HEADERS_MAX) {
        let at = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
        if name.is_empty() || name.len() > 100 || !name.bytes().all(is_token) {
            errors.push(FieldError::new(
                at,
                "invalid_header",
                "a header name has 1 to 100 letters, digits and - _ . ! # $ & ' * + ^ ` | ~ %",
            ));
        } else if RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
            errors.push(FieldError::new(
                at,
                "reserved_header",
                "this header is set by Hookyard and may not be overridden",
            ));
        } else if value.len() > 1_000
            || value.trim() != value
            || !value.bytes().all(|b| (0x20..=0x7e).contains(&b))
        {
            errors.push(FieldError::new(at, "invalid_header", "a header value has at most 1,000 printable ASCII characters with no space at either end"));
        }
    }
    errors.extend(repeated(pointer, headers));
    errors
}

/// The first name that stands twice, whatever its case: receivers differ in which of the two they take.
fn repeated(pointer: &str, headers: &[(String, String)]) -> Option<FieldError> {
    let mut names: Vec<String> = headers
        .iter()
        .map(|(name, _)| name.to_lowercase())
        .collect();
    names.sort_unstable();
    let pair = names.windows(2).find(|pair| pair[0] == pair[1])?;
    let at = format!(
        "{pointer}/{}",
        pair[0].replace('~', "~0").replace('/', "~1")
    );
    let detail = "this name stands twice; names that differ in their case only are the same";
    Some(FieldError::new(at, "repeated_header", detail))
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_no_port() {
        for (url, host) in [
            ("https://shop.example/hooks", "shop.example"),
            ("https://shop.example:8443/a:b", "shop.example"),
            ("http://127.0.0.1:9000?x", "127.0.0.1"),
            ("http://[::1]/", "[::1]"),
            ("http://[fd00::1]:9000/", "[fd00::1]"),
        ] {
            assert_eq!(host_of(url), host, "{url}");
        }
    }

    #[test]
    fn contract_010_custom_headers_may_not_override_ours() {
        for name in [
            "X-Flexype-Authorization",
            "x-event-id",
            "X-WEBHOOK-VERSION",
            "Host",
            "bad name",
            "",
        ] {
            let errors = check_headers("/headers", &[(name.to_owned(), "v".to_owned())]);
            assert_eq!(errors.len(), 1, "{name}");
        }
        assert!(check_headers("/headers", &[("X-Team".to_owned(), "shop".to_owned())]).is_empty());
    }

    #[test]
    fn contract_099_only_flashy_endpoints_collect_events_and_within_bounds() {
        let batch = |max_events, millis| Batch {
            max_events,
            max_wait: Duration::from_millis(millis),
        };
        for (dialect, batch, wrong) in [
            (Dialect::Flashy, batch(2, 100), &[][..]),
            (Dialect::Flashy, batch(100, 60_000), &[]),
            (Dialect::Flashy, batch(1, 1_000), &["/batch/max_events"]),
            (
                Dialect::Flashy,
                batch(101, 60_001),
                &["/batch/max_events", "/batch/max_wait"],
            ),
            (Dialect::Flashy, batch(10, 99), &["/batch/max_wait"]),
            (Dialect::Flexype, batch(10, 1_000), &["/batch"]),
            (Dialect::Carthook, batch(10, 1_000), &["/batch"]),
            (Dialect::Standard, batch(10, 1_000), &["/batch"]),
        ] {
            let errors = check_batch("/batch", dialect, Some(batch));
            let found: Vec<&str> = errors.iter().map(|error| &*error.pointer).collect();
            assert_eq!(found, wrong, "{dialect:?} {batch:?}");
            assert!(check_batch("/batch", dialect, None).is_empty());
        }
    }

    #[test]
    fn two_names_that_differ_in_case_only_are_one_too_many() {
        let headers = |names: [&str; 2]| names.map(|name| (name.to_owned(), "v".to_owned()));
        assert_eq!(
            check_headers("/headers", &headers(["X-Team", "x-team"])).len(),
            1
        );
        assert!(check_headers("/headers", &headers(["X-Team", "X-Teams"])).is_empty());
    }

    #[test]
    fn a_header_value_with_a_line_break_is_refused() {
        assert_eq!(
            check_headers("/headers", &[("X-A".to_owned(), "a\r\nb: c".to_owned())]).len(),
            1
        );
    }
}
