//! Housekeeping behind live work: coming days prepared, old ones dropped.

use std::sync::Arc;
use std::time::Duration;

use storage::Storage;
use tokio::time::{interval, sleep};
use tokio_util::sync::CancellationToken;

/// Between two rounds.
const ROUND: Duration = Duration::from_hours(1);
/// Between two small steps of one round.
const STEP: Duration = Duration::from_millis(50);

/// Runs until the end. Failures are logged and tried again in the next round.
pub(crate) async fn run(storage: Arc<Storage>, keep: Duration, end: CancellationToken) {
    let mut round = interval(ROUND);
    loop {
        tokio::select! {
            () = end.cancelled() => return,
            _ = round.tick() => {}
        }
        if let Err(error) = storage.prepare_days().await {
            tracing::warn!(%error, "the coming days could not be prepared");
        }
        loop {
            match storage.expire(keep).await {
                Ok(true) if !end.is_cancelled() => sleep(STEP).await,
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(%error, "old days could not be dropped");
                    break;
                }
            }
        }
    }
}
