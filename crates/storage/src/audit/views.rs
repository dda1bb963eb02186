//! What the audit log shows of things: every field that people change, times and secrets left out, header values
//! masked.

use std::time::Duration;

use domain::app::App;
use domain::catalog::EventType;
use domain::clock::Micros;
use domain::endpoint::Endpoint;
use domain::merchant::Merchant;
use domain::pause::{Held, Pause};
use domain::redaction::without_query;
use domain::retry_job::RetryJob;
use serde_json::{Value, json};

use crate::acknowledgements::Acknowledgement;
use crate::api_keys::ApiKey;
use crate::users::User;

/// Stands for what is secret.
const MASK: &str = "****";

/// A thing that the audit log shows.
pub(crate) trait View {
    /// Its state: a JSON object.
    fn view(&self) -> Value;
}

impl View for Merchant {
    fn view(&self) -> Value {
        json!({
            "name": self.name,
            "store": {
                "id": self.store.id,
                "name": self.store.name,
                "shopify_domain": self.store.shopify_domain,
                "main_domain": self.store.main_domain,
                "currency": self.store.currency,
                "time_zone": self.store.time_zone,
            },
            "flashy_account_id": self.flashy_account_id,
            "settings": serde_json::to_value(self.settings).unwrap_or_default(),
            "suspended": self.suspended,
        })
    }
}

impl View for Pause {
    fn view(&self) -> Value {
        let (mut merchant_id, mut host, mut endpoint_id) = (None, None, None);
        match &self.held {
            Held::All => {}
            Held::Merchant(id) => merchant_id = Some(id.to_string()),
            Held::Host(name) => host = Some(name),
            Held::Endpoint(id) => endpoint_id = Some(id.to_string()),
        }
        json!({
            "scope": self.held.kind().as_str(),
            "merchant_id": merchant_id,
            "host": host,
            "endpoint_id": endpoint_id,
            "reason": self.reason,
        })
    }
}

impl View for Endpoint {
    fn view(&self) -> Value {
        let headers: serde_json::Map<String, Value> = self
            .headers
            .iter()
            .map(|(name, _)| (name.clone(), json!(MASK)))
            .collect();
        json!({
            "url": without_query(&self.url),
            "dialect": self.dialect.as_str(),
            "description": self.description,
            "version": self.version,
            "headers": headers,
            "rate_limit": self.rate_limit,
            "timeout_ms": self.timeout.map(|timeout| timeout.as_millis()),
            "schedule_s": self.schedule.as_deref().map(seconds),
            "batch": self.batch.map(|batch| json!({ "max_events": batch.max_events, "max_wait_s": batch.max_wait.as_secs_f64() })),
            "signed": self.signed,
            "disabled": self.disabled.map(|(reason, _)| reason.as_str()),
            "event_types": self.event_types,
        })
    }
}

fn seconds(delays: &[Duration]) -> Vec<f64> {
    delays.iter().map(Duration::as_secs_f64).collect()
}

impl View for App {
    fn view(&self) -> Value {
        json!({ "name": self.name, "description": self.description })
    }
}

impl View for EventType {
    fn view(&self) -> Value {
        json!({
            "name": self.name,
            "dialect": self.dialect.as_str(),
            "description": self.description,
        })
    }
}

impl View for Acknowledgement {
    fn view(&self) -> Value {
        json!({
            "failing_since": self.since.rfc3339(),
            "note": self.note,
        })
    }
}

impl View for ApiKey {
    fn view(&self) -> Value {
        json!({
            "name": self.name,
            "environment": self.environment.as_str(),
            "scopes": self.scopes,
            "expires_at": self.expires_at.map(Micros::rfc3339),
        })
    }
}

impl View for User {
    fn view(&self) -> Value {
        let merchants: serde_json::Map<String, Value> = self
            .memberships
            .iter()
            .map(|(id, role)| (id.to_string(), json!(role.as_str())))
            .collect();
        json!({
            "email": self.email,
            "platform_role": self.platform_role.map(crate::users::PlatformRole::as_str),
            "memberships": merchants,
            "apps": self.apps.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    }
}

impl View for RetryJob {
    fn view(&self) -> Value {
        json!({
            "estimate": self.progress.estimate,
            "rate": self.rate,
            "include_succeeded": self.include_succeeded,
        })
    }
}
