//! Who owns which shards: each worker writes a heartbeat every second and computes the owners from those
//! that live. This decides who tries; correctness never depends on it.

use std::sync::Arc;
use std::time::Duration;

use domain::id::WorkerId;
use domain::shard::{Shard, ShardSet, owner};
use queue::Listener;
use storage::Storage;
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::run::Report;

/// How often a worker says that it lives.
const BEAT: Duration = Duration::from_secs(1);

/// Says that this worker lives, and hears for the shards it owns.
pub(crate) struct Heart {
    pub id: WorkerId,
    pub storage: Arc<Storage>,
    pub owned: watch::Sender<ShardSet>,
}

impl Heart {
    /// Beats, and passes on what the queue tells, until the end; then takes the heartbeat away.
    pub(crate) async fn beat(
        self,
        mut listener: Listener,
        reports: mpsc::UnboundedSender<Report>,
        end: CancellationToken,
    ) {
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut listening = true;
        loop {
            tokio::select! {
                _ = beat.tick() => self.beat_once(&listener).await,
                stubs = listener.due.recv(), if listening => match stubs {
                    Some(stubs) => drop(reports.send(Report::Due(stubs))),
                    None => listening = false,
                },
                () = end.cancelled() => break,
            }
        }
        if let Err(error) = self.storage.leave(self.id.uuid()).await {
            tracing::debug!(%error, "the heartbeat will run out by itself");
        }
    }

    async fn beat_once(&self, listener: &Listener) {
        match self.storage.heartbeat(self.id.uuid()).await {
            Err(error) => tracing::debug!(%error, "no heartbeat"),
            Ok(alive) => {
                let mine = Shard::all()
                    .filter(|shard| owner(*shard, &alive) == Some(self.id.uuid()))
                    .fold(ShardSet::EMPTY, ShardSet::with);
                if mine != *self.owned.borrow() {
                    tracing::info!(shards = mine.len(), workers = alive.len(), "shards.owned");
                    listener.own(mine);
                    self.owned.send_replace(mine);
                }
            }
        }
    }
}
