//! Lets go what pauses held, once they have ended.

use std::time::Duration;

use domain::shard::ShardSet;
use storage::Error;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::Parts;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);
/// Jobs of a shard that are let go at once.
const CHUNK: u32 = 1_000;

/// Looks until the end: whenever a pause has ended or shards have become ours, what waited because of a pause is made
/// due, unless everything is held. What another pause holds is put off again by the next claim.
pub(crate) async fn run(parts: Parts, owned: watch::Receiver<ShardSet>, end: CancellationToken) {
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut done = (0, ShardSet::EMPTY);
    loop {
        tokio::select! {
            () = end.cancelled() => return,
            _ = looks.tick() => {}
        }
        let (ended, holds_all) = parts.config.pauses_ended();
        let shards = *owned.borrow();
        if done == (ended, shards) || holds_all {
            continue;
        }
        match release(&parts, shards, &end).await {
            Ok(true) => done = (ended, shards),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "what was paused is let go later"),
        }
    }
}

/// Goes through all that is held, once; false when it stopped on the way, because everything is held again or the end
/// has come.
async fn release(parts: &Parts, shards: ShardSet, end: &CancellationToken) -> Result<bool, Error> {
    for shard in shards.iter() {
        let mut after = None;
        loop {
            if end.is_cancelled() || parts.config.pauses_ended().1 {
                return Ok(false);
            }
            after = parts.storage.release_held(shard, after, CHUNK).await?;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(true)
}
