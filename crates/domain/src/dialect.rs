//! Wire formats: what is sent, what counts as acknowledged, when it is tried again.
//!
//! To add a dialect: a file beside `flexype.rs` with a [`Format`], a line in [`Dialect::ALL`],
//! [`Dialect::format`] and [`DialectSettings`], its event types in the catalogue, its keys in the server's
//! settings, its vectors in testkit.

pub mod carthook;
mod flashy;
mod flexype;
mod rules;
#[cfg(test)]
mod samples;
mod standard;

use std::time::Duration;

use bytes::Bytes;

use crate::attempt::{Exchange, Outcome, mask};
use crate::clock::Micros;
use crate::endpoint::{Destination, Endpoint};
use crate::error::FieldError;
use crate::event::Event;
use crate::id::{EventId, EventKind, Kind as _};
use crate::secret::Secrets;
use crate::signing::signature_header;

pub use rules::{DialectRules, DialectSettings};

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
    /// Flashy.
    Flashy = 2,
    /// CartHook.
    Carthook = 3,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Standard, Self::Flexype, Self::Flashy, Self::Carthook];

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
            Self::Flashy => "flashy",
            Self::Carthook => "carthook",
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
            Self::Flashy => &flashy::Flashy,
            Self::Carthook => &carthook::Carthook,
        }
    }

    /// Whether one request may carry several events.
    pub fn has_batches(self) -> bool {
        self.format().batch_body(&[]).is_some()
    }

    /// What the wire ids of its events begin with. Source: contract 14 and 129.
    const fn event_prefix(self) -> &'static str {
        match self {
            Self::Standard | Self::Flexype | Self::Flashy => "evt_",
            Self::Carthook => "cev_",
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

/// The wire id of an event for which the client chose none: our id, spelled as the dialect of its type wants.
pub fn wire_id(dialect: Dialect, id: EventId) -> String {
    format!("{}{}", dialect.event_prefix(), id.suffix())
}

/// The event that a wire id of our own making names, whatever its dialect.
pub fn own_id(wire_id: &str) -> Option<EventId> {
    let ours = |dialect: Dialect| {
        let suffix = wire_id.strip_prefix(dialect.event_prefix())?;
        format!("{}_{suffix}", EventKind::PREFIX).parse().ok()
    };
    Dialect::ALL.into_iter().find_map(ours)
}

/// The wire id of the event of a test send.
pub fn test_wire_id(dialect: Dialect, id: EventId) -> String {
    format!("{}test_{}", dialect.event_prefix(), id.suffix())
}

/// Checks that a wire id which the client chose suits the dialect of its event's type: CartHook's begin with
/// `cev_`, the others' are opaque.
///
/// Errors: the field, with the rule it breaks.
pub fn check_wire_id(dialect: Dialect, pointer: &str, event_id: &str) -> Result<(), FieldError> {
    if dialect == Dialect::Carthook && !event_id.starts_with(dialect.event_prefix()) {
        return Err(FieldError::new(
            pointer,
            "event_id",
            "must begin with `cev_` for a carthook event type",
        ));
    }
    Ok(())
}

/// The rules of one wire format.
pub trait Format: Sync {
    /// The versions an endpoint may be fixed to; the first is the default.
    fn versions(&self) -> &'static [&'static str];
    /// The request body: a pure function of the event's row and of ids that never change.
    fn body(&self, event: &Event, endpoint: &Endpoint) -> Bytes;
    /// The body of one request that carries these events in this order; `None` where the format has no batches.
    fn batch_body(&self, _events: &[&Event]) -> Option<Bytes> {
        None
    }
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
    let own = format.headers(event, endpoint, secrets);
    let body = format.body(event, endpoint);
    outgoing(body, own, &event.event_id, destination, now)
}

/// Renders several events as one request, signed at `now` under the batch's id; `None` where the endpoint's
/// dialect has no batches. A format that has them has no headers of its own: they speak of one event.
pub fn render_batch(
    events: &[&Event],
    batch_id: &str,
    destination: &Destination,
    now: Micros,
) -> Option<Outgoing> {
    let body = destination.endpoint.dialect.format().batch_body(events)?;
    Some(outgoing(body, Vec::new(), batch_id, destination, now))
}

fn outgoing(
    body: Bytes,
    own: Vec<Header>,
    webhook_id: &str,
    destination: &Destination,
    now: Micros,
) -> Outgoing {
    let Destination { endpoint, secrets } = destination;
    let mut headers = Vec::with_capacity(9 + endpoint.headers.len());
    headers.push(Header::open("content-type", "application/json"));
    headers.push(Header::open("user-agent", USER_AGENT));
    headers.extend(own);
    if endpoint.signed {
        let timestamp = now.seconds();
        headers.push(Header::open("webhook-id", webhook_id));
        headers.push(Header::open("webhook-timestamp", timestamp.to_string()));
        headers.push(Header::open(
            "webhook-signature",
            signature_header(secrets.signing_keys(now), webhook_id, timestamp, &body),
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

#[cfg(test)]
mod tests {
    use super::samples::{destination, event};
    use super::*;

    #[test]
    fn every_dialect_is_found_by_its_name_and_by_its_number() {
        for dialect in Dialect::ALL {
            assert_eq!(Dialect::from_name(dialect.as_str()), Some(dialect));
            assert_eq!(Dialect::from_code(dialect.code()), Some(dialect));
        }
    }

    #[test]
    fn contract_014_129_wire_ids_are_ours_in_the_spelling_of_the_dialect() {
        let id = EventId::from_uuid(uuid::Uuid::from_u128(5));
        let spelled = Dialect::ALL.map(|dialect| wire_id(dialect, id));
        let suffix = "00000000000000000000000005";
        let (evt, cev) = (format!("evt_{suffix}"), format!("cev_{suffix}"));
        assert_eq!(spelled, [evt.clone(), evt.clone(), evt, cev]);
        assert_eq!(
            test_wire_id(Dialect::Carthook, id),
            format!("cev_test_{suffix}")
        );
        assert_eq!(wire_id(Dialect::Standard, id), id.to_string());
    }

    #[test]
    fn contract_129_a_chosen_id_of_a_carthook_event_begins_with_cev() {
        for (dialect, event_id, fits) in [
            (Dialect::Carthook, "cev_P12jn3Qzexr", true),
            (Dialect::Carthook, "evt_1", false),
            (Dialect::Carthook, "cev", false),
            (Dialect::Flexype, "abc-123", true),
            (Dialect::Standard, "cev_1", true),
        ] {
            let checked = check_wire_id(dialect, "/event_id", event_id);
            assert_eq!(checked.is_ok(), fits, "{dialect:?} {event_id}");
        }
    }

    #[test]
    fn contract_099_158_only_flashy_wraps_in_an_array_and_knows_batches() {
        for dialect in Dialect::ALL {
            let to = destination(dialect);
            let one = event("page_view", "{}");
            let array = render(&one, &to, Micros(0)).body.starts_with(b"[");
            let batch = render_batch(&[&one, &one], "bat_1", &to, Micros(0));
            let found = [array, batch.is_some(), dialect.has_batches()];
            assert_eq!(found, [dialect == Dialect::Flashy; 3], "{dialect:?}");
        }
    }
}
