//! Lets go what pauses held, once they have ended.

use std::sync::Arc;
use std::time::Duration;

use domain::pause::Pause;
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

/// Looks until the end: whenever the pauses or our shards have changed, what waited because of a pause is made due.
/// Another pause may still hold it: then the next claim puts it off again.
pub(crate) async fn run(parts: Parts, owned: watch::Receiver<ShardSet>, end: CancellationToken) {
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut done: Option<(Arc<[Pause]>, ShardSet)> = None;
    loop {
        tokio::select! {
            () = end.cancelled() => return,
            _ = looks.tick() => {}
        }
        let (pauses, shards) = (parts.config.pauses(), *owned.borrow());
        // Not by what they are: a pause may have come and gone since the last look.
        let is_done =
            |(seen, of): &(Arc<[Pause]>, ShardSet)| Arc::ptr_eq(seen, &pauses) && *of == shards;
        if done.as_ref().is_some_and(is_done) {
            continue;
        }
        match release(&parts, shards).await {
            Ok(()) => done = Some((pauses, shards)),
            Err(error) => tracing::warn!(%error, "what was paused is let go later"),
        }
    }
}

async fn release(parts: &Parts, shards: ShardSet) -> Result<(), Error> {
    while parts.storage.release_held(shards, CHUNK).await? {}
    Ok(())
}
