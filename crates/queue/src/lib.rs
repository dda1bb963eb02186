//! The two ways to wake a worker: Redis, or in this process. Best effort by design: whatever is told
//! here may be lost, repeated or reordered, and the safety poll finds what was forgotten.

use domain::clock::Micros;
use domain::id::{DeliveryId, EndpointId, MerchantId};
use domain::shard::{Shard, ShardSet};

/// What a worker must know of a job to try to claim it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stub {
    /// The job's id.
    pub delivery_id: DeliveryId,
    /// Whose lane it waits in.
    pub endpoint_id: EndpointId,
    /// Whose share of the worker it uses.
    pub merchant_id: MerchantId,
    /// When it may be claimed.
    pub due: Micros,
}

impl Stub {
    /// The shard whose owner should hear of it.
    pub fn shard(&self) -> Shard {
        Shard::of(self.endpoint_id)
    }
}

/// Tells workers early what is due. Two implementations, one suite.
pub trait Queue: Send + Sync + 'static {
    /// Tells of jobs after their commit: what is due by `now` at once, the rest at its time.
    /// Never blocks and never fails: what cannot be told is dropped.
    fn tell(&self, stubs: &[Stub], now: Micros);

    /// Starts to listen for jobs of the shards that [`Listener::own`] names. One listener a process.
    fn listen(&self) -> Listener;

    /// Whether messages are believed to arrive. While false the safety poll runs four times as often.
    fn is_up(&self) -> bool;
}

/// The worker's end of a queue.
#[derive(Debug)]
pub struct Listener {
    /// Stubs that are due, in batches. Bounded: a full channel drops what does not fit.
    pub due: tokio::sync::mpsc::Receiver<Vec<Stub>>,
    /// The shards to hear of.
    owned: tokio::sync::watch::Sender<ShardSet>,
}

impl Listener {
    /// Names the shards this worker owns from now on.
    pub fn own(&self, shards: ShardSet) {
        self.owned.send_replace(shards);
    }
}
