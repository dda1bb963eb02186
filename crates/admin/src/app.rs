//! What every handler works with.

use std::sync::Arc;
use std::time::Duration;

use domain::id::MerchantId;
use domain::tenancy::TenantScope;
use futures::future::BoxFuture;
use gateway::Gateway;
use storage::Storage;
use tokio_util::sync::CancellationToken;

use crate::auth::{Auth, Bearer};
use crate::limits::Limits;
use crate::mail::Mail;
use crate::problem::{ApiError, Slug};

/// Everything the HTTP side needs, put together by the server.
pub struct App {
    /// The use cases.
    pub gateway: Arc<Gateway>,
    /// Plain reads.
    pub storage: Arc<Storage>,
    /// Who is calling.
    pub auth: Auth,
    /// How much they may ask for.
    pub limits: Arc<Limits>,
    /// Links to people.
    pub mail: Arc<Mail>,
    /// What the probes tell.
    pub probes: Probes,
    /// How long events, deliveries and attempts are kept.
    pub log_kept: Duration,
}

/// A part that must be up before requests are sent here.
pub struct ReadinessCheck {
    /// Its name in `/readyz?verbose`.
    pub name: &'static str,
    /// Whether it is up; the error says what is wrong, for operators.
    pub check: Box<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>,
}

/// A setting in force.
#[derive(Debug, Clone)]
pub struct ShownSetting {
    /// Its name in the file.
    pub key: &'static str,
    /// Its value; secrets are masked.
    pub value: String,
    /// Where it came from.
    pub source: String,
}

/// What `/readyz`, `/metrics` and the system page tell.
pub struct Probes {
    /// Parts besides the database.
    pub checks: Vec<ReadinessCheck>,
    /// Cancelled when the process is about to end: not ready from then on.
    pub draining: CancellationToken,
    /// The settings in force, for operators.
    pub settings: Vec<ShownSetting>,
    /// Renders the metrics in Prometheus' text format.
    pub metrics: Box<dyn Fn() -> String + Send + Sync>,
}

impl Default for Probes {
    fn default() -> Self {
        Self {
            checks: Vec::new(),
            draining: CancellationToken::new(),
            settings: Vec::new(),
            metrics: Box::new(String::new),
        }
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("App")
    }
}

impl App {
    /// A payload as people are shown it: without the queries of its URLs, if the settings say so.
    pub(crate) fn shown(&self, json: &[u8]) -> String {
        let text = String::from_utf8_lossy(json);
        if self.gateway.settings().redact_queries {
            domain::redaction::redact_queries(&text)
        } else {
            text.into_owned()
        }
    }

    /// The scope of a merchant that exists and that the caller may use for this operation.
    ///
    /// Errors: 404 for a merchant that is not the caller's or does not exist, 403 for a wrong role or scope.
    pub(crate) async fn scope(
        &self,
        caller: &Bearer,
        merchant_id: MerchantId,
    ) -> Result<TenantScope, ApiError> {
        let scope = caller.merchant(merchant_id)?;
        match self.storage.merchant(scope).await? {
            Some(_) => Ok(scope),
            None => Err(ApiError::of(Slug::NotFound)),
        }
    }
}
