//! What charts show, counted as it happens and written every few seconds, behind the work. A process that is killed
//! takes the counts of its last seconds with it; the log has every attempt all the same.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::attempt::Exchange;
use domain::clock::Micros;
use domain::event::Event;
use domain::id::{EndpointId, MerchantId};
use domain::stats::{Span, class_of, slot_of};
use storage::Storage;
use storage::stats::{AttemptTick, Tick, TickOf};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// Between two writes.
const PACE: Duration = Duration::from_secs(2);
/// Different things counted between two writes; more are left out.
const MOST: usize = 50_000;

/// Counts that are not written yet.
#[derive(Debug, Default)]
pub struct Stats(Mutex<HashMap<Tick, i64>>);

impl Stats {
    /// Counts an event that has been stored.
    pub fn event(&self, event: &Event) {
        self.count(Tick {
            merchant_id: event.merchant_id,
            minute: slot_of(event.created_at, Span::Minute.length()),
            event_type: (&*event.event_type).into(),
            what: TickOf::Event,
        });
    }

    /// Counts an attempt of an event that ended at `at`.
    pub fn attempt(&self, event: &Event, endpoint_id: EndpointId, exchange: &Exchange, at: Micros) {
        let status = exchange
            .response
            .as_ref()
            .map_or(0, |response| response.status);
        self.count(Tick {
            merchant_id: event.merchant_id,
            minute: slot_of(at, Span::Minute.length()),
            event_type: (&*event.event_type).into(),
            what: TickOf::Attempt(AttemptTick {
                endpoint_id,
                outcome: exchange.outcome.code(),
                http_status: i16::try_from(status).unwrap_or_default(),
                class_ms: i32::try_from(class_of(exchange.duration)).unwrap_or(i32::MAX),
            }),
        });
    }

    /// Counts a timer of a merchant that has fired at `at`.
    pub fn timer(&self, merchant_id: MerchantId, due: Micros, at: Micros) {
        self.count(Tick {
            merchant_id,
            minute: slot_of(at, Span::Minute.length()),
            event_type: "".into(),
            what: TickOf::Timer(i32::try_from(class_of(at.since(due))).unwrap_or(i32::MAX)),
        });
    }

    fn count(&self, tick: Tick) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < MOST || waiting.contains_key(&tick) {
            *waiting.entry(tick).or_default() += 1;
        } else {
            metrics::counter!("hookyard_stats_left_out_total").increment(1);
        }
    }

    fn take(&self) -> HashMap<Tick, i64> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes what waits. What cannot be written now is kept for the next time.
    pub async fn write(&self, storage: &Storage) {
        let waiting = self.take();
        if waiting.is_empty() {
            return;
        }
        if let Err(error) = storage.add_stats(waiting.clone()).await {
            tracing::warn!(%error, "counts for charts are written later");
            let mut later = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            for (tick, count) in waiting {
                if later.len() < MOST || later.contains_key(&tick) {
                    *later.entry(tick).or_default() += count;
                } else {
                    metrics::counter!("hookyard_stats_left_out_total")
                        .increment(count.unsigned_abs());
                }
            }
        }
    }
}

/// Writes counts until `stop`, and then once more.
pub(crate) async fn write_regularly(
    stats: Arc<Stats>,
    storage: Arc<Storage>,
    stop: CancellationToken,
) {
    let mut ticks = interval(PACE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !stop.is_cancelled() {
        tokio::select! {
            () = stop.cancelled() => {}
            _ = ticks.tick() => stats.write(&storage).await,
        }
    }
    stats.write(&storage).await;
}
