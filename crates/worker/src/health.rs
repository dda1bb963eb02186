//! The health of endpoints: since when one has only failed, and when that has lasted too long.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use domain::attempt::{Outcome, Trigger};
use domain::clock::{Clock as _, Micros};
use domain::endpoint::{DisabledReason, Endpoint, Owner};
use domain::id::{EndpointId, MerchantId};
use domain::tenancy::{OwnerScope, TenantScope};
use gateway::ingest::{Publish, PublishEvent};
use storage::settle::Settlement;
use tokio::sync::mpsc;

use crate::Parts;

/// Failures are noted in the database once they have lasted this long: a stumble costs no write.
const NOTED_AFTER: Duration = Duration::from_mins(1);
/// The operational event that tells of a disabled endpoint.
const DISABLED_EVENT: &str = "endpoint.disabled";

/// Results that may wait to be looked at; more are left out.
const WAITING: usize = 4_096;

/// A result, as far as health depends on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Observed {
    merchant_id: MerchantId,
    endpoint_id: EndpointId,
    succeeded: bool,
    gone: bool,
    at: Micros,
}

impl Observed {
    /// What a settled result says of its endpoint; test sends and lost claims say nothing.
    pub(crate) fn of(settlement: &Settlement) -> Option<Self> {
        let counts = settlement.attempt.is_some() && settlement.trigger != Trigger::Test;
        counts.then(|| Self {
            merchant_id: settlement.merchant_id,
            endpoint_id: settlement.endpoint_id,
            succeeded: settlement.outcome == Outcome::Success,
            gone: settlement.http_status == Some(410),
            at: settlement.ended_at,
        })
    }
}

/// Watches results endpoint by endpoint, in a task of its own: settling must not wait for it.
pub(crate) struct Health {
    parts: Parts,
    disable_after: Duration,
    /// First failure since the last success, for endpoints that fail now.
    failing: HashMap<EndpointId, Micros>,
    /// What this worker has noted in the database, and when: newer than the configuration it knows.
    noted: HashMap<EndpointId, (Option<Micros>, Micros)>,
}

/// Starts to watch what is sent to the answered channel.
pub(crate) fn start(parts: &Parts, disable_after: Duration) -> mpsc::Sender<Observed> {
    let (results, mut waiting) = mpsc::channel(WAITING);
    let mut health = Health {
        parts: parts.clone(),
        disable_after,
        failing: HashMap::new(),
        noted: HashMap::new(),
    };
    tokio::spawn(async move {
        while let Some(observed) = waiting.recv().await {
            health.learn(observed).await;
        }
    });
    results
}

impl Health {
    async fn learn(&mut self, observed: Observed) {
        let Some(endpoint) = self.endpoint(observed) else {
            return;
        };
        let id = observed.endpoint_id;
        if self
            .noted
            .get(&id)
            .is_some_and(|(_, at)| *at < endpoint.updated_at)
        {
            // Somebody has changed it since, switched it on again perhaps: what was noted is history.
            self.noted.remove(&id);
            self.failing.remove(&id);
        }
        let known = self
            .noted
            .get(&id)
            .map_or(endpoint.failing_since, |(since, _)| *since);
        if observed.succeeded {
            self.failing.remove(&id);
            if known.is_some() {
                self.note(&endpoint, None).await;
            }
            return;
        }
        if observed.gone && endpoint.dialect.format().hears_gone() {
            self.disable(observed, &endpoint, DisabledReason::Gone)
                .await;
            return;
        }
        let since = *self
            .failing
            .entry(id)
            .or_insert(known.unwrap_or(observed.at));
        let lasted = observed.at.since(since);
        if lasted >= self.disable_after {
            self.disable(observed, &endpoint, DisabledReason::Failing)
                .await;
        } else if known.is_none() && lasted >= NOTED_AFTER {
            self.note(&endpoint, Some(since)).await;
        }
    }

    fn endpoint(&self, observed: Observed) -> Option<Endpoint> {
        let config = self
            .parts
            .config
            .known_merchant(observed.merchant_id)
            .flatten()?;
        config
            .destination(observed.endpoint_id)
            .map(|destination| destination.endpoint.clone())
    }

    async fn note(&mut self, endpoint: &Endpoint, since: Option<Micros>) {
        let (scope, id) = (OwnerScope::of(endpoint.owner), endpoint.id);
        match self.parts.storage.set_failing_since(scope, id, since).await {
            Ok(()) => {
                self.noted
                    .insert(id, (since, self.parts.storage.clock().now()));
            }
            Err(error) => {
                tracing::warn!(%error, endpoint.id = %id, "the endpoint's health could not be noted");
            }
        }
    }

    async fn disable(&mut self, observed: Observed, endpoint: &Endpoint, reason: DisabledReason) {
        let (scope, id) = (OwnerScope::of(endpoint.owner), endpoint.id);
        self.failing.remove(&id);
        match self.parts.gateway.disable_failing(scope, id, reason).await {
            // Another result of the same endpoint came first.
            Ok(None) => {}
            Ok(Some(endpoint)) => {
                let app_id = endpoint.owner.app_id();
                tracing::warn!(merchant.id = %observed.merchant_id, app.id = ?app_id, endpoint.id = %id, reason = reason.as_str(), "endpoint.disabled");
                if let Owner::Merchant(merchant_id) = endpoint.owner {
                    let scope = TenantScope::of(merchant_id);
                    self.announce(scope, &endpoint, reason).await;
                }
            }
            Err(error) => {
                tracing::warn!(%error, endpoint.id = %id, "a failing endpoint could not be disabled");
            }
        }
    }

    /// Tells the merchant's other endpoints that subscribe to it. An app's endpoint concerns none of them.
    async fn announce(&self, scope: TenantScope, endpoint: &Endpoint, reason: DisabledReason) {
        let payload = serde_json::json!({
            "endpoint_id": endpoint.id,
            "url": endpoint.url,
            "reason": reason.as_str(),
            "failing_since": endpoint.failing_since.map(Micros::rfc3339),
        });
        let event = PublishEvent {
            event_type: DISABLED_EVENT.to_owned(),
            payload: Bytes::from(payload.to_string()),
            event_id: None,
            occurred_at: None,
        };
        let call = Publish {
            events: vec![event],
            idempotency: None,
        };
        if let Err(error) = self.parts.gateway.publish(scope, call).await {
            tracing::warn!(%error, endpoint.id = %endpoint.id, "the operational event could not be published");
        }
    }
}
