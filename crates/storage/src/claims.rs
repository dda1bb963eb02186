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

/// A lease that is held: what it says names one claim of one job, and no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The job.
    pub delivery_id: DeliveryId,
    /// The number that was claimed.
    pub number: i32,
    /// The end that the claim wrote.
    pub until: Micros,
}

/// A job under our lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The delivery.
    pub delivery_id: DeliveryId,
    /// The end that the claim wrote: with the number, the proof that the lease is ours.
    pub lease_until: Micros,
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

impl Claimed {
    /// The proof that it is ours.
    pub const fn lease(&self) -> Lease {
        Lease {
            delivery_id: self.delivery_id,
            number: self.number,
            until: self.lease_until,
        }
    }
}

/// What became of a batch of claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimResult {
    /// The configuration has changed since the version given: nothing was done.
    Stale,
    /// These are ours.
    Done(Vec<Claimed>),
}

/// A claim to undo.
#[derive(Debug, Clone, Copy)]
struct Undo {
    delivery_id: DeliveryId,
    until: Micros,
    /// The number it was given, if that is known.
    number: Option<i32>,
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
                self.in_time(postgres::claim(pool, version, &wants, take_open, now))
                    .await?
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

    /// Gives back claims that were never started: due at `due`, the attempt not counted. A lease that is no
    /// longer held is left alone.
    ///
    /// Errors: the database cannot be reached or refuses.
    pub async fn release(&self, leases: Vec<Lease>, due: Micros) -> Result<(), Error> {
        let undo = |lease: Lease| Undo {
            delivery_id: lease.delivery_id,
            until: lease.until,
            number: Some(lease.number),
        };
        self.undo(leases.into_iter().map(undo).collect(), due).await
    }

    /// Gives back what a claim whose answer was lost may have taken: due at `due`, the attempt not counted.
    /// A job that was not claimed with these leases is left alone. The row of a lost attempt that the
    /// claim logged is true and stays.
    ///
    /// Errors: the database cannot be reached or refuses.
    pub async fn unclaim(&self, wants: Vec<Want>, due: Micros) -> Result<(), Error> {
        let undo = |want: Want| Undo {
            delivery_id: want.delivery_id,
            until: want.lease_until,
            number: None,
        };
        self.undo(wants.into_iter().map(undo).collect(), due).await
    }

    async fn undo(&self, mut claims: Vec<Undo>, due: Micros) -> Result<(), Error> {
        if claims.is_empty() {
            return Ok(());
        }
        // In the order in which every batch takes its locks.
        claims.sort_unstable_by_key(|claim| claim.delivery_id);
        match &self.hot {
            Hot::Postgres(pool) => self.in_time(postgres::undo(pool, &claims, due)).await,
            Hot::Sqlite(writer) => {
                let claims = Arc::new(claims);
                writer
                    .run(move |connection| {
                        async move { sqlite::undo(connection, &claims, due).await }.boxed()
                    })
                    .await
            }
        }
    }
}
