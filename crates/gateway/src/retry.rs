//! Manual retries and cancelling of single deliveries.

use domain::delivery::Delivery;
use domain::id::DeliveryId;
use domain::tenancy::TenantScope;
use queue::Stub;
use storage::jobs::RetryResult;

use crate::config_cache::MerchantConfig;
use crate::{Error, Gateway};

impl Gateway {
    /// Makes one more attempt of a finished delivery, or brings a waiting one forward to now.
    ///
    /// Errors: no such delivery; it is a test; an attempt is in flight; its endpoint is disabled or gone, or of an
    /// app that the merchant has removed; storage fails.
    pub async fn retry_delivery(
        &self,
        scope: TenantScope,
        id: DeliveryId,
        actor: &str,
    ) -> Result<Delivery, Error> {
        let delivery = self
            .storage
            .delivery(scope, id)
            .await?
            .ok_or(Error::NotFound)?;
        if delivery.is_test {
            return Err(conflict("It is a test, which is sent once; send another."));
        }
        self.check_endpoint_of(scope, &delivery).await?;
        match self.storage.retry_now(scope, id, actor).await? {
            RetryResult::NotFound => Err(Error::NotFound),
            RetryResult::Busy => Err(conflict("An attempt is in flight or due already.")),
            RetryResult::Queued(job) => {
                let stub = Stub {
                    delivery_id: job.delivery_id,
                    endpoint_id: job.endpoint_id,
                    merchant_id: job.merchant_id,
                    due: job.due,
                };
                self.queue.tell(&[stub], self.now());
                self.storage
                    .delivery(scope, id)
                    .await?
                    .ok_or(Error::NotFound)
            }
        }
    }

    async fn check_endpoint_of(
        &self,
        scope: TenantScope,
        delivery: &Delivery,
    ) -> Result<(), Error> {
        self.config.catch_up().await?;
        let config = self.config.merchant(scope.merchant_id()).await?;
        let config = config.ok_or(Error::NotFound)?;
        match obstacle(&config, delivery) {
            Some(detail) => Err(conflict(detail)),
            None => Ok(()),
        }
    }

    /// Stops a delivery that waits.
    ///
    /// Errors: no such delivery; it is in flight or finished; storage fails.
    pub async fn cancel_delivery(
        &self,
        scope: TenantScope,
        id: DeliveryId,
    ) -> Result<Delivery, Error> {
        match self.storage.cancel(scope, id).await? {
            None => Err(Error::NotFound),
            Some(false) => Err(conflict(
                "It is in flight or finished; only a waiting delivery can be cancelled.",
            )),
            Some(true) => self
                .storage
                .delivery(scope, id)
                .await?
                .ok_or(Error::NotFound),
        }
    }
}

/// Why a delivery cannot be sent to its endpoint now.
pub(crate) fn obstacle(config: &MerchantConfig, delivery: &Delivery) -> Option<&'static str> {
    let id = delivery.endpoint_id;
    let Some(destination) = config.destination(id) else {
        return Some("Its endpoint has been deleted.");
    };
    if config.has_removed(id, &delivery.event_type) {
        return Some("Its endpoint belongs to an app that has been uninstalled.");
    }
    if !destination.endpoint.enabled() {
        return Some("Its endpoint is disabled; enable it first.");
    }
    None
}

fn conflict(detail: &str) -> Error {
    Error::Conflict {
        detail: detail.to_owned(),
    }
}
