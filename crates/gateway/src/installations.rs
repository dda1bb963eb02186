//! Installations: merchants install apps and remove them. A removed app is told so, last of all.

use bytes::Bytes;
use domain::app::{Installation, UNINSTALLED};
use domain::clock::Micros;
use domain::dialect::{Dialect, wire_id};
use domain::endpoint::Endpoint;
use domain::event::Event;
use domain::fanout::fan_out;
use domain::id::{AppId, DeliveryId, EventId, InstallationId};
use domain::merchant::Merchant;
use domain::tenancy::TenantScope;
use queue::Stub;
use rand::rngs::StdRng;
use storage::events::NewDelivery;
use storage::installations::Installed;

use crate::{Error, Gateway};

/// Apps a merchant may have: each may have endpoints of its own that every event goes to.
const APPS_MAX: u64 = 100;

impl Gateway {
    /// Installs an app for a merchant; true when it was not installed before. From the very next event on its
    /// endpoints receive what they subscribe to.
    ///
    /// Errors: no such merchant or app; it has as many as it may; storage fails.
    pub async fn install_app(
        &self,
        scope: TenantScope,
        app_id: AppId,
    ) -> Result<(Installation, bool), Error> {
        let now = self.now();
        let new = Installation {
            id: self.draw(|rng| InstallationId::new(now, rng)),
            merchant_id: scope.merchant_id(),
            app_id,
            installed_at: now,
        };
        match self.storage.install(new, APPS_MAX).await? {
            Installed::New(installation) => Ok((installation, true)),
            Installed::Already(installation) => Ok((installation, false)),
            Installed::NotFound => Err(Error::NotFound),
            Installed::Full => Err(Error::LimitReached {
                detail: format!("A merchant may have {APPS_MAX} apps; uninstall one first."),
            }),
        }
    }

    /// Removes an app from a merchant. What waits for it is cancelled, nothing new goes to it, and those of its
    /// endpoints that subscribe to [`UNINSTALLED`] are told, with all the retries of their schedule.
    ///
    /// Errors: it is not installed; storage fails.
    pub async fn uninstall_app(&self, scope: TenantScope, app_id: AppId) -> Result<(), Error> {
        let now = self.now();
        let mut rng = self.draw(rand::SeedableRng::from_rng);
        let last = move |merchant: &Merchant, endpoints: &[Endpoint]| {
            last_event(merchant, endpoints, now, &mut rng)
        };
        let removed = self.storage.uninstall(scope, app_id, last).await?;
        let (event, deliveries) = removed.ok_or(Error::NotFound)?;
        let stubs: Vec<Stub> = deliveries
            .iter()
            .filter(|delivery| delivery.skip.is_none())
            .map(|delivery| Stub {
                delivery_id: delivery.id,
                endpoint_id: delivery.endpoint_id,
                merchant_id: event.merchant_id,
                due: now,
            })
            .collect();
        self.queue.tell(&stubs, now);
        Ok(())
    }
}

/// The event that tells an app of its removal, for its own endpoints and nobody else's.
fn last_event(
    merchant: &Merchant,
    endpoints: &[Endpoint],
    now: Micros,
    rng: &mut StdRng,
) -> (Event, Vec<NewDelivery>) {
    let id = EventId::new(now, rng);
    let event = Event {
        id,
        merchant_id: merchant.id,
        event_id: wire_id(Dialect::Carthook, id).into(),
        event_type: UNINSTALLED.into(),
        payload: Bytes::from_static(b"{}"),
        store: merchant.store.envelope_json().into(),
        occurred_at: now,
        created_at: now,
        is_test: false,
    };
    let deliveries = fan_out(UNINSTALLED, endpoints)
        .into_iter()
        .map(|target| NewDelivery {
            id: DeliveryId::new(now, rng),
            endpoint_id: target.endpoint_id,
            skip: target.skip,
        });
    (event, deliveries.collect())
}
