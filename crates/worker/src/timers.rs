//! Timers: the owner of a shard looks four times a second which of its timers are due, and fires them in batches.
//! Merchants take turns: one whose timers all come due at once does not hold up another's.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use domain::clock::Clock as _;
use domain::id::MerchantId;
use domain::shard::ShardSet;
use domain::trigger::timer::TimerId;
use gateway::Gateway;
use storage::Storage;
use storage::triggers::DueTimer;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::Parts;

/// Between two looks when nothing more is due.
const LOOK: Duration = Duration::from_millis(250);
/// Timers of one shard in one look.
const PER_SHARD: i64 = 256;
/// Timers fired in one transaction.
const BATCH: usize = 256;
/// Those of one merchant among them while others wait.
const PER_MERCHANT: usize = 64;
/// How long a timer that cannot be fired is left alone.
const BAD: Duration = Duration::from_mins(1);

struct Timers {
    storage: Arc<Storage>,
    gateway: Arc<Gateway>,
    /// Merchants whom other processes decide on: left alone until the looks pause.
    busy: BTreeSet<MerchantId>,
    failing: bool,
}

/// Starts firing the timers of the owned shards, until `stop`.
pub(crate) fn start(
    parts: &Parts,
    owned: watch::Receiver<ShardSet>,
    stop: CancellationToken,
) -> JoinHandle<()> {
    let mut timers = Timers {
        storage: Arc::clone(&parts.storage),
        gateway: Arc::clone(&parts.gateway),
        busy: BTreeSet::new(),
        failing: false,
    };
    tokio::spawn(async move {
        loop {
            let mine = *owned.borrow();
            let more = !mine.is_empty() && timers.look(mine).await;
            if stop.is_cancelled() {
                return;
            }
            if !more {
                timers.busy.clear();
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = sleep(LOOK) => {}
                }
            }
        }
    })
}

impl Timers {
    /// Fires what is due; whether there may be more.
    async fn look(&mut self, mine: ShardSet) -> bool {
        match self.due(mine).await {
            Ok(due) => {
                if std::mem::take(&mut self.failing) {
                    tracing::info!("timers are read again");
                }
                let many = due.len() >= BATCH;
                let mut fired = true;
                for batch in in_turn(due) {
                    fired &= self.fire(&batch).await;
                }
                many && fired
            }
            Err(error) => {
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::warn!(%error, "timers cannot be read");
                }
                false
            }
        }
    }

    /// What is due, with a second look for the merchants behind those that fill a page.
    async fn due(&mut self, mine: ShardSet) -> Result<Vec<DueTimer>, storage::Error> {
        let now = self.storage.clock().now();
        let mut others: Vec<MerchantId> = self.busy.iter().copied().collect();
        let mut due = self
            .storage
            .due_timers(mine, &others, now, PER_SHARD)
            .await?;
        let mut counts: HashMap<MerchantId, usize> = HashMap::new();
        for timer in &due {
            *counts.entry(timer.merchant_id).or_default() += 1;
        }
        let loud: Vec<MerchantId> = counts
            .into_iter()
            .filter(|(_, count)| *count > PER_MERCHANT)
            .map(|(id, _)| id)
            .collect();
        if !loud.is_empty() {
            due.retain(|timer| loud.contains(&timer.merchant_id));
            others.extend(loud);
            let more = self.storage.due_timers(mine, &others, now, PER_SHARD);
            due.extend(more.await?);
        }
        Ok(due)
    }

    /// Fires a batch; if the database refuses it as a whole, each timer alone. False when it is away.
    async fn fire(&mut self, batch: &[DueTimer]) -> bool {
        match self.gateway.fire_timers(batch).await {
            Ok(fired) => {
                self.busy.extend(fired.left_out);
                true
            }
            Err(gateway::Error::Storage(error)) if error.is_passing() => {
                tracing::warn!(%error, "timers cannot be fired now");
                false
            }
            Err(error) if batch.len() == 1 => {
                for timer in batch {
                    tracing::error!(%error, merchant.id = %timer.merchant_id, subject = %timer.id.subject, "a timer cannot be fired");
                }
                self.put_off(batch).await
            }
            Err(error) => {
                tracing::warn!(%error, "a batch of timers was refused; each is tried alone");
                for timer in batch {
                    Box::pin(self.fire(std::slice::from_ref(timer))).await;
                }
                true
            }
        }
    }

    /// Leaves timers that cannot be fired alone for a while, so that they do not stand before others. False when the
    /// database is away.
    async fn put_off(&self, batch: &[DueTimer]) -> bool {
        let until = self.storage.clock().now() + BAD;
        let ids: Vec<TimerId> = batch.iter().map(|timer| timer.id).collect();
        let done = self.storage.put_off_timers(&ids, until).await;
        if let Err(error) = &done {
            tracing::warn!(%error, "timers cannot be put off");
        }
        done.is_ok()
    }
}

/// Batches in which merchants take turns, each merchant's timers in order of their due time.
fn in_turn(mut due: Vec<DueTimer>) -> Vec<Vec<DueTimer>> {
    due.sort_unstable_by_key(|timer| (timer.due, timer.id));
    let mut lanes: HashMap<MerchantId, VecDeque<DueTimer>> = HashMap::new();
    let mut turns: VecDeque<MerchantId> = VecDeque::new();
    for timer in due {
        let lane = lanes.entry(timer.merchant_id).or_default();
        if lane.is_empty() {
            turns.push_back(timer.merchant_id);
        }
        lane.push_back(timer);
    }
    let mut batches = Vec::new();
    let mut batch = Vec::with_capacity(BATCH);
    while let Some(id) = turns.pop_front() {
        let Some(lane) = lanes.get_mut(&id) else {
            continue;
        };
        let take = lane.len().min(PER_MERCHANT).min(BATCH - batch.len());
        batch.extend(lane.drain(..take));
        if !lane.is_empty() {
            turns.push_back(id);
        }
        if batch.len() == BATCH {
            batches.push(std::mem::replace(&mut batch, Vec::with_capacity(BATCH)));
        }
    }
    if !batch.is_empty() {
        batches.push(batch);
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::clock::Micros;
    use domain::trigger::timer::TimerKind;
    use uuid::Uuid;

    fn due(merchant: u128, number: u128) -> DueTimer {
        DueTimer {
            id: TimerId {
                subject: Uuid::from_u128(merchant << 64 | number),
                kind: TimerKind::SessionInactivity,
            },
            merchant_id: MerchantId::from_uuid(Uuid::from_u128(merchant)),
            due: Micros(i64::try_from(number).unwrap()),
        }
    }

    #[test]
    fn a_merchant_with_many_timers_leaves_room_for_one_with_few() {
        let mut all: Vec<DueTimer> = (0..1_000).map(|number| due(1, number)).collect();
        all.extend((2_000..2_010).map(|number| due(2, number)));
        let batches = in_turn(all);
        assert_eq!(batches.iter().map(Vec::len).sum::<usize>(), 1_010);
        assert!(batches.iter().all(|batch| batch.len() <= BATCH));
        let quiet = |timer: &&DueTimer| timer.merchant_id.uuid() == Uuid::from_u128(2);
        assert_eq!(batches[0].iter().filter(quiet).count(), 10);
    }

    #[test]
    fn a_merchants_timers_stay_in_order() {
        let batches = in_turn((0..600).rev().map(|number| due(1, number)).collect());
        let all: Vec<i64> = batches
            .into_iter()
            .flatten()
            .map(|timer| timer.due.0)
            .collect();
        assert_eq!(all, (0..600).collect::<Vec<_>>());
    }
}
