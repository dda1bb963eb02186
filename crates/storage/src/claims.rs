//! Claims: the lease on due jobs, taken in batches. What is not answered is done, or another's.

mod postgres;
mod sqlite;

use std::sync::Arc;

use domain::attempt::Trigger;
use domain::clock::Micros;
use domain::id::{AttemptId, DeliveryId, EndpointId, EventId, MerchantId};
use futures::FutureExt as _;

use crate::{ConfigVersion, Error, Hot, Storage};

/// What the log says of an attempt whose worker was lost.
const LOST: &str = "The worker was lost during this attempt; the receiver may have seen it.";

/// A job that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Want {
    /// The job.
    pub delivery_id: DeliveryId,
    /// Until when nobody else may claim it.
    pub lease_until: Micros,
    /// The id of the attempt that is logged as unknown, should the last one turn out to be lost.
    pub lost_attempt_id: AttemptId,
}

/// A job under our lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The delivery.
    pub delivery_id: DeliveryId,
    /// Its event.
    pub event_id: EventId,
    /// Where it goes.
    pub endpoint_id: EndpointId,
    /// Whose it is.
    pub merchant_id: MerchantId,
    /// The number of the attempt to make now.
    pub number: i32,
    /// Whether the attempt before was lost with its worker (it is in the log as unknown).
    pub was_lost: bool,
    /// Why the attempt is made.
    pub trigger: Trigger,
    /// Who asked for it.
    pub actor: Option<String>,
}

/// What became of a batch of claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimResult {
    /// The configuration has changed since the version given: nothing was done.
    Stale,
    /// These are ours.
    Done(Vec<Claimed>),
}

impl Storage {
    /// Claims those of the wanted jobs that are due and nobody's, if the configuration is still at
    /// `version`. A lost attempt is logged in the same transaction. Jobs whose last attempt has no result
    /// yet are left alone unless `take_open`: after an outage their worker may still settle them.
    ///
    /// Errors: the database cannot be reached or refuses; then nothing is claimed.
    pub async fn claim(
        &self,
        version: ConfigVersion,
        mut wants: Vec<Want>,
        take_open: bool,
        now: Micros,
    ) -> Result<ClaimResult, Error> {
        wants.sort_unstable_by_key(|want| want.delivery_id);
        let claimed = match &self.hot {
            Hot::Postgres(pool) => {
                let pool = self.leases.as_ref().unwrap_or(pool);
                postgres::claim(pool, version, &wants, take_open, now).await?
            }
            Hot::Sqlite(writer) => {
                let wants = Arc::new(wants);
                writer
                    .run(move |connection| {
                        async move { sqlite::claim(connection, version, &wants, take_open, now).await }
                            .boxed()
                    })
                    .await?
            }
        };
        if claimed.is_empty() && self.config_version().await? != version {
            return Ok(ClaimResult::Stale);
        }
        Ok(ClaimResult::Done(claimed))
    }
}
