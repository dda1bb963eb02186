//! Test sends: a sample of a subscribed event type, real headers and secret, the result in place, logged as
//! a test, never retried; possible while the endpoint is disabled.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use domain::attempt::{Attempt, Exchange, Outcome, Trigger};
use domain::catalog::EventType;
use domain::delivery::Status;
use domain::dialect::{Dialect, Outgoing, judge, render, test_wire_id};
use domain::endpoint::{Destination, Owner};
use domain::event::{Event, make_canonical};
use domain::id::{AppId, AttemptId, DeliveryId, EndpointId, EventId, MerchantId};
use domain::merchant::{SAMPLE_MERCHANT, SchemaMode, Store};
use domain::tenancy::{OwnerScope, TenantScope};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};

use crate::endpoint_checks::Probed;
use crate::{Error, Gateway};

/// What is counted before those that have their whole quota again are forgotten.
const WATCHED: usize = 10_000;

/// Sends one request to a merchant's endpoint. Implemented by the worker's outbound HTTP, the only code that
/// dials a merchant's URL.
#[async_trait]
pub trait Sender: Send + Sync + 'static {
    /// One POST and what came of it. Never fails: failures are outcomes.
    async fn send(&self, url: &str, outgoing: &Outgoing, timeout: Duration) -> Exchange;

    /// One POST of an empty JSON object over a connection of its own. Never fails: failures are outcomes.
    async fn probe(&self, url: &str, timeout: Duration) -> Probed;
}

/// What to send.
#[derive(Debug, Clone, Default)]
pub struct TestSend {
    /// The type; the first subscribed one when absent.
    pub event_type: Option<String>,
    /// The payload, which must match the type's schema as a published one must; the type's example when absent.
    pub payload: Option<Bytes>,
}

/// Counts requests that people make receivers get: tests by endpoint, checks by merchant.
pub(crate) struct PerMinute<K: Hash + Eq + Clone>(DefaultKeyedRateLimiter<K>);

impl<K: Hash + Eq + Clone> PerMinute<K> {
    pub(crate) fn new(per_minute: u32) -> Self {
        Self(DefaultKeyedRateLimiter::keyed(Quota::per_minute(
            NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN),
        )))
    }

    /// Counts one.
    ///
    /// Errors: there were too many within a minute.
    pub(crate) fn take(&self, id: &K) -> Result<(), Error> {
        if self.0.len() > WATCHED {
            self.0.retain_recent();
        }
        self.0.check_key(id).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            let retry_after = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            Error::TooMany { retry_after }
        })
    }
}

impl Gateway {
    /// Sends a test and answers its attempt, which is in the log by then.
    ///
    /// Errors: no such endpoint; the merchant is suspended; it is not subscribed to the type; the payload does
    /// not match the type's schema; too many tests; storage fails.
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
        let found = config.destination(id).ok_or(Error::NotFound)?;
        // The endpoints of apps are not the merchant's.
        if found.endpoint.owner != Owner::Merchant(scope.merchant_id()) {
            return Err(Error::NotFound);
        }
        let (destination, store) = (Arc::clone(found), Arc::clone(&config.store));
        self.send_sample(scope, &destination, store, test, actor)
            .await
    }

    /// The same for an app's endpoint, as if something had happened to this merchant, which must have the app
    /// installed, or to a sample merchant with a sample store. The attempt is in that merchant's log.
    ///
    /// Errors: no such endpoint; the merchant does not have the app, or is suspended; it is not subscribed to
    /// the type; too many tests; storage fails.
    pub async fn test_app_endpoint(
        &self,
        app_id: AppId,
        id: EndpointId,
        merchant_id: Option<MerchantId>,
        test: TestSend,
        actor: &str,
    ) -> Result<Attempt, Error> {
        let app = OwnerScope::of(Owner::App(app_id));
        let endpoint = self.storage.endpoint(app, id).await?;
        let secrets = self.storage.secrets(app, id).await?;
        let (endpoint, secrets) = endpoint.zip(secrets).ok_or(Error::NotFound)?;
        let destination = Destination { endpoint, secrets };
        let scope = TenantScope::of(merchant_id.unwrap_or(SAMPLE_MERCHANT));
        let store = match merchant_id {
            None => Store::sample(),
            Some(_) => self.store_with_app(scope, app_id).await?,
        };
        let store = store.envelope_json().into();
        self.send_sample(scope, &destination, store, test, actor)
            .await
    }

    /// The store of a merchant that has the app.
    async fn store_with_app(&self, scope: TenantScope, app_id: AppId) -> Result<Store, Error> {
        let installed = self.storage.installation(scope, app_id).await?;
        let merchant = self.storage.merchant(scope).await?;
        let Some((_, merchant)) = installed.zip(merchant) else {
            return Err(Error::field(
                "/merchant_id",
                "not_installed",
                "must be a merchant that has the app installed",
            ));
        };
        if merchant.suspended {
            return Err(Error::Suspended);
        }
        Ok(merchant.store)
    }

    async fn send_sample(
        &self,
        scope: TenantScope,
        destination: &Destination,
        store: Arc<str>,
        test: TestSend,
        actor: &str,
    ) -> Result<Attempt, Error> {
        let id = destination.endpoint.id;
        let event = self.sample(scope, destination, test, store).await?;
        self.tests.take(&id)?;
        let owner = Some(destination.endpoint.owner);
        self.storage.note_use("testEndpoint", id, owner).await?;
        let started_at = self.now();
        let outgoing = render(&event, destination, started_at);
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
            batch_id: None,
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

    /// A payload of the caller's own is refused where a published one would be; the sample merchant is strict.
    async fn check_sample(
        &self,
        scope: TenantScope,
        entry: &EventType,
        payload: &[u8],
    ) -> Result<(), Error> {
        let errors = self.schemas.mismatches(entry, "/payload", payload);
        if errors.is_empty() || self.schema_mode(scope).await? == Some(SchemaMode::Warn) {
            return Ok(());
        }
        Err(Error::Invalid(errors))
    }

    async fn sample(
        &self,
        scope: TenantScope,
        destination: &Destination,
        test: TestSend,
        store: Arc<str>,
    ) -> Result<Event, Error> {
        let subscribed = &destination.endpoint.event_types;
        let mut event_type = test
            .event_type
            .or_else(|| subscribed.first().cloned())
            .unwrap_or_default();
        make_canonical(&mut event_type);
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
        let entry = types.get(&event_type);
        if let (Some(entry), Some(payload)) = (entry, &test.payload) {
            self.check_sample(scope, entry, payload).await?;
        }
        let dialect = entry.map_or(Dialect::Standard, |entry| entry.dialect);
        let example = entry.map(|entry| Bytes::from(entry.example.clone()));
        let now = self.now();
        let id = self.draw(|rng| EventId::new(now, rng));
        Ok(Event {
            id,
            merchant_id: scope.merchant_id(),
            event_id: test_wire_id(dialect, id).into(),
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
