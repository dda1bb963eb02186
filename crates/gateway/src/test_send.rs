//! Test sends: a sample of a subscribed event type, real headers and secret, the result in place, logged as
//! a test, never retried; possible while the endpoint is disabled.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use domain::attempt::{Attempt, Exchange, Outcome, Trigger};
use domain::delivery::Status;
use domain::dialect::{Outgoing, judge, render};
use domain::endpoint::Destination;
use domain::event::Event;
use domain::id::{AttemptId, DeliveryId, EndpointId, EventId};
use domain::tenancy::TenantScope;
use governor::{DefaultKeyedRateLimiter, Quota};

use crate::{Error, Gateway};

/// Sends one request to a merchant's endpoint. Implemented by the worker's outbound HTTP, the only code that
/// dials a merchant's URL.
#[async_trait]
pub trait Sender: Send + Sync + 'static {
    /// One POST and what came of it. Never fails: failures are outcomes.
    async fn send(&self, url: &str, outgoing: &Outgoing, timeout: Duration) -> Exchange;
}

/// What to send.
#[derive(Debug, Clone, Default)]
pub struct TestSend {
    /// The type; the first subscribed one when absent.
    pub event_type: Option<String>,
    /// The payload; the type's example when absent.
    pub payload: Option<Bytes>,
}

/// Counts test sends by endpoint.
pub(crate) struct TestLimiter(DefaultKeyedRateLimiter<EndpointId>);

impl TestLimiter {
    pub(crate) fn new(per_minute: u32) -> Self {
        Self(DefaultKeyedRateLimiter::keyed(Quota::per_minute(
            NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN),
        )))
    }
}

impl Gateway {
    /// Sends a test and answers its attempt, which is in the log by then.
    ///
    /// Errors: no such endpoint; the merchant is suspended; it is not subscribed to the type; too many
    /// tests; storage fails.
    pub async fn test_send(
        &self,
        scope: TenantScope,
        id: EndpointId,
        test: TestSend,
        actor: &str,
    ) -> Result<Attempt, Error> {
        self.config.catch_up().await?;
        let config = self
            .config
            .merchant(scope.merchant_id())
            .await?
            .ok_or(Error::NotFound)?;
        if config.merchant.suspended {
            return Err(Error::Suspended);
        }
        let destination = Arc::clone(config.destination(id).ok_or(Error::NotFound)?);
        let event = self
            .sample(scope, &destination, test, Arc::clone(&config.store))
            .await?;
        self.tests
            .0
            .check_key(&id)
            .map_err(|_| Error::TooMany { retry_after: 6 })?;
        let started_at = self.now();
        let outgoing = render(&event, &destination, started_at);
        let timeout = self.settings.dialects.timeout(&destination.endpoint);
        let exchange = self
            .sender
            .send(&destination.endpoint.url, &outgoing, timeout)
            .await;
        let exchange = judge(destination.endpoint.dialect, exchange);
        let attempt = Attempt {
            id: self.draw(|rng| AttemptId::new(started_at, rng)),
            delivery_id: self.draw(|rng| DeliveryId::new(event.created_at, rng)),
            merchant_id: scope.merchant_id(),
            endpoint_id: id,
            number: 1,
            trigger: Trigger::Test,
            actor: Some(actor.to_owned()),
            started_at,
            url: destination.endpoint.url.clone(),
            request_headers: outgoing.masked_headers(),
            exchange,
        };
        let status = match attempt.exchange.outcome {
            Outcome::Success => Status::Succeeded,
            _ => Status::Failed,
        };
        self.storage
            .log_test(&event, &attempt, status, self.now())
            .await?;
        Ok(attempt)
    }

    async fn sample(
        &self,
        scope: TenantScope,
        destination: &Destination,
        test: TestSend,
        store: Arc<str>,
    ) -> Result<Event, Error> {
        let subscribed = &destination.endpoint.event_types;
        let event_type = test
            .event_type
            .or_else(|| subscribed.first().cloned())
            .unwrap_or_default();
        if !subscribed.contains(&event_type) {
            return Err(Error::field(
                "/event_type",
                "not_subscribed",
                format!(
                    "must be one that the endpoint is subscribed to: {}",
                    subscribed.join(", ")
                ),
            ));
        }
        let types = self.config.event_types().await?;
        let example = types
            .get(&event_type)
            .map(|entry| Bytes::from(entry.example.clone()));
        let now = self.now();
        let id = self.draw(|rng| EventId::new(now, rng));
        Ok(Event {
            id,
            merchant_id: scope.merchant_id(),
            event_id: id.to_string().replacen("evt_", "evt_test_", 1).into(),
            event_type: event_type.into(),
            payload: test
                .payload
                .or(example)
                .unwrap_or_else(|| Bytes::from_static(b"{}")),
            store,
            occurred_at: now,
            created_at: now,
            is_test: true,
        })
    }
}
