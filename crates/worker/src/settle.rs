//! Results in batches: committed, then the queue is told of retries, lanes are freed, endpoints judged.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use domain::attempt::Outcome;
use domain::clock::Clock as _;
use domain::delivery::Next;
use domain::id::DeliveryId;
use gateway::batcher::Collector;
use queue::Stub;
use storage::Error;
use storage::settle::Settlement;
use tokio::sync::mpsc;

use crate::Parts;
use crate::health::Observed;
use crate::run::Report;

/// First and longest wait before a failed commit is tried again.
const WAIT: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// How long a result is worth settling: after that every lease has expired long ago.
const GIVE_UP: Duration = Duration::from_mins(10);

/// Settles what attempts came to.
pub(crate) struct Settler {
    parts: Parts,
    reports: mpsc::UnboundedSender<Report>,
    health: mpsc::Sender<Observed>,
}

impl Settler {
    pub(crate) fn new(
        parts: &Parts,
        reports: mpsc::UnboundedSender<Report>,
        health: mpsc::Sender<Observed>,
    ) -> Self {
        Self {
            parts: parts.clone(),
            reports,
            health,
        }
    }

    /// Settles until every sender is gone.
    pub(crate) async fn run(self, waiting: mpsc::Receiver<Settlement>, pace: Duration) {
        let mut collector = Collector::new(waiting, "settle", pace);
        let mut batch = Vec::new();
        while collector.next(&mut batch).await {
            self.settle(std::mem::take(&mut batch)).await;
        }
    }

    async fn settle(&self, batch: Vec<Settlement>) {
        let batch = Arc::new(batch);
        match self.commit(&batch).await {
            Ok(done) => self.after_commit(&batch, &done),
            // One row may be at fault: each alone.
            Err(error) if batch.len() > 1 => {
                tracing::warn!(%error, "a batch of results was refused; each is tried alone");
                for settlement in batch.iter() {
                    let alone = Arc::new(vec![settlement.clone()]);
                    match self.commit(&alone).await {
                        Ok(done) => self.after_commit(&alone, &done),
                        Err(error) => self.lost(settlement, &error),
                    }
                }
            }
            Err(error) => self.lost(&batch[0], &error),
        }
    }

    fn lost(&self, settlement: &Settlement, error: &Error) {
        tracing::error!(%error, delivery.id = %settlement.delivery_id, "a result could not be settled; its lease will expire");
        drop(
            self.reports
                .send(Report::Settled(vec![settlement.delivery_id])),
        );
    }

    /// Commits, waiting for the database as long as it takes.
    async fn commit(&self, batch: &Arc<Vec<Settlement>>) -> Result<HashSet<DeliveryId>, Error> {
        let began = tokio::time::Instant::now();
        let mut wait = WAIT.0;
        loop {
            match self.parts.storage.settle(Arc::clone(batch)).await {
                Err(error) if may_pass(&error) && began.elapsed() < GIVE_UP => {
                    if wait == WAIT.0 {
                        tracing::warn!(%error, "results wait for the database");
                    }
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(WAIT.1);
                }
                result => return result,
            }
        }
    }

    fn after_commit(&self, batch: &[Settlement], done: &HashSet<DeliveryId>) {
        // Retries are told after the commit: a worker woken earlier would find no due row.
        let retries: Vec<Stub> = batch
            .iter()
            .filter(|settlement| done.contains(&settlement.delivery_id))
            .filter_map(|settlement| match settlement.next {
                Next::Retry(due) => Some(Stub {
                    delivery_id: settlement.delivery_id,
                    endpoint_id: settlement.endpoint_id,
                    merchant_id: settlement.merchant_id,
                    due,
                }),
                Next::Succeeded | Next::Failed => None,
            })
            .collect();
        let ids = batch
            .iter()
            .map(|settlement| settlement.delivery_id)
            .collect();
        drop(self.reports.send(Report::Settled(ids)));
        if !retries.is_empty() {
            self.parts
                .queue
                .tell(&retries, self.parts.storage.clock().now());
        }
        for settlement in batch {
            log(settlement, done.contains(&settlement.delivery_id));
            if let Some(observed) = Observed::of(settlement) {
                // Left out when the watcher is behind: the next result says the same.
                if self.health.try_send(observed).is_err() {
                    metrics::counter!("hookyard_health_left_out_total").increment(1);
                }
            }
        }
    }
}

/// A full disk may be cleared, a database may come back.
const fn may_pass(error: &Error) -> bool {
    error.is_passing() || matches!(error, Error::Full)
}

/// One wide line and the counters of one attempt.
fn log(settlement: &Settlement, counts: bool) {
    let Some(attempt) = &settlement.attempt else {
        return;
    };
    let outcome = settlement.outcome.as_str();
    metrics::counter!("hookyard_attempts_total", "outcome" => outcome).increment(1);
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                merchant.id = %settlement.merchant_id,
                endpoint.id = %settlement.endpoint_id,
                delivery.id = %settlement.delivery_id,
                attempt.number = settlement.number,
                attempt.batch_id = attempt.batch_id.map(tracing::field::display),
                attempt.trigger = settlement.trigger.as_str(),
                attempt.outcome = outcome,
                http.status = settlement.http_status,
                duration_ms = u64::try_from(attempt.exchange.duration.as_millis()).unwrap_or(u64::MAX),
                next = settlement.next.status().as_str(),
                late = !counts,
                "delivery.attempted"
            )
        };
    }
    if settlement.outcome == Outcome::Success {
        line!(debug);
    } else {
        line!(info);
    }
}
