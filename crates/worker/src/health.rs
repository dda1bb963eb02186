//! The health of endpoints: since when one has only failed, and when that has lasted too long.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use domain::attempt::{Outcome, Trigger};
use domain::clock::Micros;
use domain::endpoint::{DisabledReason, Endpoint};
use domain::id::EndpointId;
use domain::tenancy::TenantScope;
use gateway::ingest::{Publish, PublishEvent};
use storage::settle::Settlement;

use crate::Parts;

/// Failures are noted in the database once they have lasted this long: a stumble costs no write.
const NOTED_AFTER: Duration = Duration::from_mins(1);
/// The operational event that tells of a disabled endpoint.
const DISABLED_EVENT: &str = "endpoint.disabled";

/// Watches results endpoint by endpoint.
pub(crate) struct Health {
    parts: Parts,
    disable_after: Duration,
    /// First failure since the last success, for endpoints that fail now, and whether it is noted.
    failing: HashMap<EndpointId, (Micros, bool)>,
}

impl Health {
    pub(crate) fn new(parts: &Parts, disable_after: Duration) -> Self {
        Self {
            parts: parts.clone(),
            disable_after,
            failing: HashMap::new(),
        }
    }

    /// Learns from one result.
    pub(crate) async fn learn(&mut self, settlement: &Settlement) {
        if settlement.attempt.is_none() || settlement.trigger == Trigger::Test {
            return;
        }
        let id = settlement.endpoint_id;
        if settlement.outcome == Outcome::Success {
            if self.failing.is_empty() && !self.is_noted(settlement) {
                return;
            }
            let noted = self.failing.remove(&id).is_some_and(|(_, noted)| noted);
            if noted || self.is_noted(settlement) {
                self.note(settlement, None).await;
            }
            return;
        }
        if settlement.http_status == Some(410) && self.hears_gone(settlement) {
            self.disable(settlement, DisabledReason::Gone).await;
            return;
        }
        let known = self.noted_since(settlement);
        let ended_at = settlement.ended_at;
        let (since, noted) = *self
            .failing
            .entry(id)
            .or_insert((known.unwrap_or(ended_at), known.is_some()));
        let lasted = ended_at.since(since);
        if lasted >= self.disable_after {
            self.disable(settlement, DisabledReason::Failing).await;
        } else if !noted && lasted >= NOTED_AFTER {
            self.failing.insert(id, (since, true));
            self.note(settlement, Some(since)).await;
        }
    }

    fn endpoint<T>(&self, settlement: &Settlement, read: impl FnOnce(&Endpoint) -> T) -> Option<T> {
        let config = self
            .parts
            .config
            .known_merchant(settlement.merchant_id)
            .flatten()?;
        config
            .destination(settlement.endpoint_id)
            .map(|destination| read(&destination.endpoint))
    }

    fn noted_since(&self, settlement: &Settlement) -> Option<Micros> {
        self.endpoint(settlement, |endpoint| endpoint.failing_since)
            .flatten()
    }

    fn is_noted(&self, settlement: &Settlement) -> bool {
        self.noted_since(settlement).is_some()
    }

    fn hears_gone(&self, settlement: &Settlement) -> bool {
        self.endpoint(settlement, |endpoint| {
            endpoint.dialect.format().hears_gone()
        })
        .unwrap_or(false)
    }

    async fn note(&self, settlement: &Settlement, since: Option<Micros>) {
        let scope = TenantScope::of(settlement.merchant_id);
        let noting = self
            .parts
            .storage
            .set_failing_since(scope, settlement.endpoint_id, since);
        if let Err(error) = noting.await {
            tracing::warn!(%error, endpoint.id = %settlement.endpoint_id, "the endpoint's health could not be noted");
        }
    }

    async fn disable(&mut self, settlement: &Settlement, reason: DisabledReason) {
        self.failing.remove(&settlement.endpoint_id);
        let scope = TenantScope::of(settlement.merchant_id);
        let id = settlement.endpoint_id;
        match self.parts.gateway.disable_endpoint(scope, id, reason).await {
            Ok(endpoint) => {
                tracing::warn!(merchant.id = %endpoint.merchant_id, endpoint.id = %id, reason = reason.as_str(), "endpoint.disabled");
                self.announce(scope, &endpoint, reason).await;
            }
            Err(error) => {
                tracing::warn!(%error, endpoint.id = %id, "a failing endpoint could not be disabled");
            }
        }
    }

    /// Tells the merchant's other endpoints that subscribe to it.
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
