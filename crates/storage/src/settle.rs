//! Settling: the results of attempts in batches. The attempt row, the delivery's new state and the job's
//! end or next due time commit together; a result whose lease was lost is logged and changes nothing.

mod postgres;
mod sqlite;

use std::collections::HashSet;
use std::sync::Arc;

use domain::attempt::{Attempt, Outcome, Trigger};
use domain::clock::Micros;
use domain::delivery::Next;
use domain::id::{DeliveryId, EndpointId, MerchantId};
use futures::FutureExt as _;

use crate::{Error, Hot, Storage};

/// The end of one claim.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// The delivery.
    pub delivery_id: DeliveryId,
    /// Whose it is.
    pub merchant_id: MerchantId,
    /// Where it goes.
    pub endpoint_id: EndpointId,
    /// The number that was claimed.
    pub number: i32,
    /// The end that the claim wrote: with the number, the proof that the lease is still ours.
    pub lease_until: Micros,
    /// POSTs made so far, this one included.
    pub attempt_count: i32,
    /// Why the attempt was made.
    pub trigger: Trigger,
    /// The POST, unless none was made.
    pub attempt: Option<Arc<Attempt>>,
    /// How it ended.
    pub outcome: Outcome,
    /// The answer's status.
    pub http_status: Option<u16>,
    /// When it ended.
    pub ended_at: Micros,
    /// What follows.
    pub next: Next,
}

impl Settlement {
    const fn due(&self) -> Option<i64> {
        match self.next {
            Next::Retry(at) => Some(at.0),
            Next::Succeeded | Next::Failed => None,
        }
    }
}

impl Storage {
    /// Settles a batch and answers the deliveries whose lease was still ours. The others' attempts are
    /// logged as late.
    ///
    /// Errors: the database cannot be reached or refuses; then nothing is settled.
    pub async fn settle(&self, batch: Arc<Vec<Settlement>>) -> Result<HashSet<DeliveryId>, Error> {
        match &self.hot {
            Hot::Postgres(pool) => self.in_time(postgres::settle(pool, &batch)).await,
            Hot::Sqlite(writer) => {
                writer
                    .run(move |connection| {
                        async move { sqlite::settle(connection, &batch).await }.boxed()
                    })
                    .await
            }
        }
    }
}

/// Headers as they are stored: a JSON array of pairs.
pub(crate) fn headers_json(headers: &[(String, String)]) -> Result<String, Error> {
    serde_json::to_string(headers).map_err(|_| Error::Corrupt {
        what: "attempts.headers",
    })
}

/// Microseconds, as stored.
pub(crate) fn span(span: std::time::Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

fn status(code: Option<u16>) -> Option<i16> {
    code.and_then(|code| i16::try_from(code).ok())
}
