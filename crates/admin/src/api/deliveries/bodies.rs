//! What is shown about deliveries and attempts.

use std::time::Duration;

use domain::attempt::{Attempt, BodyState, Outcome, Timings, Trigger};
use domain::clock::Micros;
use domain::delivery::{Delivery, SkipReason, Status};
use domain::id::{AttemptId, BatchId, DeliveryId, EndpointId, MerchantId};
use poem_openapi::Object;
use serde::Serialize;

use crate::raw_json::Headers;
use crate::text::Text;

/// A delivery: one event on its way to one endpoint.
#[derive(Serialize, Object)]
#[oai(rename = "Delivery")]
pub(crate) struct DeliveryOut {
    /// Its id.
    id: Text<DeliveryId>,
    /// The event's id on the wire.
    event_id: String,
    /// Where it goes.
    endpoint_id: Text<EndpointId>,
    /// The merchant.
    merchant_id: Text<MerchantId>,
    /// The event's type.
    event_type: String,
    /// Where it stands.
    status: Text<Status>,
    /// Why it was never sent.
    skip_reason: Option<Text<SkipReason>>,
    /// Requests so far.
    attempt_count: i32,
    /// When the next attempt is due.
    next_attempt_at: Option<Text<Micros>>,
    /// How the last attempt ended.
    last_outcome: Option<Text<Outcome>>,
    /// The last attempt's HTTP status.
    last_http_status: Option<u16>,
    /// When the event was taken in.
    created_at: Text<Micros>,
    /// When it came to its present end.
    finished_at: Option<Text<Micros>>,
    /// Whether it is a test send.
    is_test: bool,
}

/// How long each step took, in milliseconds; null for a step that did not happen.
#[expect(
    clippy::struct_field_names,
    reason = "the unit is part of each name on the wire"
)]
#[derive(Serialize, Object)]
#[oai(rename = "Timings")]
struct TimingsOut {
    /// Looking up the name.
    dns_ms: Option<f64>,
    /// Opening the connection.
    connect_ms: Option<f64>,
    /// The TLS handshake.
    tls_ms: Option<f64>,
    /// From sending the request to the response head.
    first_byte_ms: Option<f64>,
}

/// One request of a delivery.
#[derive(Serialize, Object)]
#[oai(rename = "Attempt")]
pub(crate) struct AttemptOut {
    /// Its id.
    id: Text<AttemptId>,
    /// The delivery.
    delivery_id: Text<DeliveryId>,
    /// 1 for the first attempt of the delivery.
    number: i32,
    /// The request that it shares with attempts of other deliveries, where the endpoint collects events; null for a
    /// request of its own. It is that request's `webhook-id`.
    batch_id: Option<Text<BatchId>>,
    /// Why it was made.
    trigger: Text<Trigger>,
    /// Who asked for it; of an attempt of the schedule, who brought it forward. Null when nobody did.
    actor: Option<String>,
    /// When it began.
    started_at: Text<Micros>,
    /// How long it took, in milliseconds.
    duration_ms: f64,
    /// How long each step took.
    timings: TimingsOut,
    /// Where it went: the endpoint's URL at that time.
    pub(super) url: String,
    /// The address that was called.
    remote_ip: Option<String>,
    /// The headers that were sent, secrets masked.
    request_headers: Headers,
    /// The body that was sent; of a shared request this delivery's part, as an array of its own.
    request_body: Option<String>,
    /// How it ended.
    outcome: Text<Outcome>,
    /// What went wrong, in words; empty on success.
    error: String,
    /// The status of the response.
    http_status: Option<u16>,
    /// The response's headers.
    response_headers: Option<Headers>,
    /// The response's body, as far as it is kept.
    response_body: Option<String>,
    /// Whether that is all of it.
    response_body_state: Text<BodyState>,
    /// Whether its result came after its lease had ended, and so changed nothing.
    late: bool,
}

impl DeliveryOut {
    /// Its id.
    pub(super) const fn id(&self) -> DeliveryId {
        self.id.0
    }
}

impl From<Delivery> for DeliveryOut {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: Text(delivery.id),
            event_id: delivery.wire_event_id,
            endpoint_id: Text(delivery.endpoint_id),
            merchant_id: Text(delivery.merchant_id),
            event_type: delivery.event_type,
            status: Text(delivery.status),
            skip_reason: delivery.skip_reason.map(Text),
            attempt_count: delivery.attempt_count,
            next_attempt_at: delivery.next_attempt_at.map(Text),
            last_outcome: delivery.last_outcome.map(Text),
            last_http_status: delivery.last_http_status,
            created_at: Text(delivery.created_at),
            finished_at: delivery.finished_at.map(Text),
            is_test: delivery.is_test,
        }
    }
}

impl From<Timings> for TimingsOut {
    fn from(timings: Timings) -> Self {
        Self {
            dns_ms: timings.dns.map(ms),
            connect_ms: timings.connect.map(ms),
            tls_ms: timings.tls.map(ms),
            first_byte_ms: timings.first_byte.map(ms),
        }
    }
}

impl AttemptOut {
    /// What the log shows, with the body as it was rendered again.
    pub(super) fn new(attempt: Attempt, late: bool, request_body: Option<String>) -> Self {
        let exchange = attempt.exchange;
        let (http_status, response_headers, response_body, state) = match exchange.response {
            None => (None, None, None, BodyState::None),
            Some(response) => (
                Some(response.status),
                Some(Headers(response.headers)),
                Some(String::from_utf8_lossy(&response.body).into_owned()),
                response.body_state,
            ),
        };
        Self {
            id: Text(attempt.id),
            delivery_id: Text(attempt.delivery_id),
            number: attempt.number,
            batch_id: attempt.batch_id.map(Text),
            trigger: Text(attempt.trigger),
            actor: attempt.actor,
            started_at: Text(attempt.started_at),
            duration_ms: ms(exchange.duration),
            timings: exchange.timings.into(),
            url: attempt.url,
            remote_ip: exchange.remote_ip.map(|ip| ip.to_string()),
            request_headers: Headers(attempt.request_headers),
            request_body,
            outcome: Text(exchange.outcome),
            error: exchange.error,
            http_status,
            response_headers,
            response_body,
            response_body_state: Text(state),
            late,
        }
    }
}

/// Milliseconds with three decimals.
fn ms(duration: Duration) -> f64 {
    f64::from(u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)) / 1_000.0
}
