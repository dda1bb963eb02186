//! The two ways to wake a worker: Redis, or in this process. Best effort by design: whatever is told
//! here may be lost, repeated or reordered, and the safety poll finds what was forgotten.

mod buffer;
mod embedded;
mod error;
mod listener;
mod metrics;
mod redis;
mod settings;

use domain::clock::Micros;
use domain::id::{DeliveryId, EndpointId, MerchantId};
use domain::shard::Shard;

pub use crate::embedded::EmbeddedQueue;
pub use crate::error::Error;
pub use crate::listener::Listener;
pub use crate::redis::RedisQueue;
pub use crate::redis::counts::RedisCounts;
pub use crate::settings::RedisSettings;

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
    /// Must be called within a tokio runtime; what it starts ends when the listener is dropped.
    fn listen(&self) -> Listener;

    /// Whether messages are believed to arrive. While false the safety poll runs four times as often.
    fn is_up(&self) -> bool;
}
