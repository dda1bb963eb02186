//! The queue between processes, over Redis: pub/sub for what is due now, a sorted set a shard for
//! what is due later.
//!
//! What is due now for a shard that this process itself owns goes to its worker directly: it needs no
//! Redis to find its way, and comes sooner. Where two processes believe to own a shard for a moment, the
//! claim decides, as ever.
//!
//! Owns two connections, one to tell and one to listen. Each is dropped at the first error or late
//! answer and made anew, so replies are never mixed up, and nothing kept in Redis is relied on.

pub(crate) mod counts;
mod health;
mod link;
mod popper;
mod receiver;
mod schedule;
mod sender;
mod wire;

use std::sync::{Arc, OnceLock};

use domain::clock::{Clock, Micros};
use domain::shard::ShardSet;
use redis::ProtocolVersion;
use tokio_util::sync::{CancellationToken, DropGuard};

use self::health::{Health, Side};
use self::link::Link;
use self::wire::{Keys, Told};
use crate::buffer::Buffer;
use crate::listener::Ear;
use crate::{Error, Listener, Queue, RedisSettings, Stub, metrics};

/// Tells through a Redis server, or a Valkey: anything that speaks RESP3, so Redis 6 and later.
pub struct RedisQueue {
    client: redis::Client,
    settings: RedisSettings,
    clock: Arc<dyn Clock>,
    keys: Arc<Keys>,
    health: Arc<Health>,
    outbox: Arc<Buffer<Told>>,
    /// The way to this process's own worker, once it listens.
    here: OnceLock<Ear>,
    /// Ends the sender, which first sends what it still holds.
    _sender: DropGuard,
}

impl RedisQueue {
    /// A queue over the Redis at `url` (`redis://` or `rediss://`), connected in the background:
    /// a Redis that is away now is no error. Must be called within a tokio runtime.
    ///
    /// Errors: the URL cannot be used.
    pub fn connect(
        url: &str,
        settings: RedisSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let client = open(url).map_err(Error::InvalidUrl)?;
        let closed = CancellationToken::new();
        let queue = Self {
            keys: Arc::new(Keys::new(&settings.key_prefix)),
            health: Arc::default(),
            outbox: Arc::new(Buffer::new(settings.outbox_capacity)),
            here: OnceLock::new(),
            client,
            settings,
            clock,
            _sender: closed.clone().drop_guard(),
        };
        tokio::spawn(sender::run(sender::Sender {
            link: queue.link(Side::Sender),
            outbox: Arc::clone(&queue.outbox),
            clock: Arc::clone(&queue.clock),
            keys: Arc::clone(&queue.keys),
            pace: queue.settings.flush_pace,
            closed,
        }));
        Ok(queue)
    }

    fn link(&self, side: Side) -> Link {
        Link::new(
            self.client.clone(),
            &self.settings,
            side,
            Arc::clone(&self.health),
        )
    }
}

impl Queue for RedisQueue {
    fn tell(&self, stubs: &[Stub], now: Micros) {
        metrics::told(stubs.len());
        let owned = self.here.get().map_or(ShardSet::EMPTY, Ear::owned);
        let is_here = |stub: &&Stub| stub.due <= now && owned.contains(stub.shard());
        if let Some(here) = self.here.get() {
            here.pass_on(stubs.iter().filter(is_here).copied());
        }
        let told = stubs.iter().filter(|stub| !is_here(stub)).map(|stub| Told {
            stub: *stub,
            at_once: stub.due <= now,
        });
        metrics::dropped(self.outbox.push(told), "overflow");
    }

    fn listen(&self) -> Listener {
        let (listener, ear) = Listener::open();
        self.health.await_receiver(ear.owned.clone());
        self.here.get_or_init(|| ear.clone());
        tokio::spawn(receiver::run(receiver::Receiver {
            link: self.link(Side::Receiver),
            ear,
            clock: Arc::clone(&self.clock),
            keys: Arc::clone(&self.keys),
            health: Arc::clone(&self.health),
        }));
        listener
    }

    fn is_up(&self) -> bool {
        self.health.is_up()
    }
}

/// A client that speaks RESP3, where one connection both subscribes and calls.
fn open(url: &str) -> redis::RedisResult<redis::Client> {
    let info = redis::IntoConnectionInfo::into_connection_info(url)?;
    let login = info
        .redis_settings()
        .clone()
        .set_protocol(ProtocolVersion::RESP3);
    redis::Client::open(info.set_redis_settings(login))
}
