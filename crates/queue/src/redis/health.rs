//! Whether messages are believed to arrive, and the one who says so in the log.

use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::shard::ShardSet;
use redis::RedisError;
use tokio::sync::watch;

use crate::metrics;

/// One of the two connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The connection that tells.
    Sender,
    /// The connection that listens.
    Receiver,
}

/// The health of both sides. The receiver counts only while somebody listens.
#[derive(Debug, Default)]
pub(super) struct Health(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    sender_up: bool,
    receiver: Option<ReceiverState>,
    /// What the log said last: one line a change, however often connecting fails in between.
    said: Option<bool>,
}

#[derive(Debug)]
struct ReceiverState {
    up: bool,
    owned: watch::Receiver<ShardSet>,
    subscribed: ShardSet,
}

impl Health {
    /// Whether all sides in use are up and what is owned is subscribed.
    pub(super) fn is_up(&self) -> bool {
        self.lock().is_up()
    }

    /// A listener has begun that has yet to be heard: down until it is.
    pub(super) fn await_receiver(&self, owned: watch::Receiver<ShardSet>) {
        let mut state = self.lock();
        state.receiver = Some(ReceiverState {
            up: false,
            owned,
            subscribed: ShardSet::EMPTY,
        });
        metrics::up(false);
    }

    /// The receiver is subscribed to these shards, and no more.
    pub(super) fn subscribed(&self, shards: ShardSet) {
        if let Some(receiver) = &mut self.lock().receiver {
            receiver.subscribed = shards;
        }
    }

    /// The listener of these shards is gone and not missed, unless a later one took its place.
    pub(super) fn retire_receiver(&self, owned: &watch::Receiver<ShardSet>) {
        self.lock()
            .receiver
            .take_if(|receiver| receiver.owned.same_channel(owned));
    }

    /// The side is ready for all it does.
    pub(super) fn came_up(&self, side: Side) {
        let mut state = self.lock();
        state.set(side, true);
        if !state.is_up() {
            return;
        }
        metrics::up(true);
        if state.said.replace(true) != Some(true) {
            tracing::info!("queue.up");
        }
    }

    /// The side has lost its connection or cannot make one.
    pub(super) fn went_down(&self, side: Side, error: &RedisError) {
        let mut state = self.lock();
        state.set(side, false);
        metrics::up(false);
        if state.said.replace(false) != Some(false) {
            tracing::warn!(redis.side = ?side, %error, "queue.down");
        }
    }

    /// A panic elsewhere cannot leave the state half changed, so a poisoned lock is used on.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_up(&self) -> bool {
        let heard = |receiver: &ReceiverState| {
            receiver.up && *receiver.owned.borrow() == receiver.subscribed
        };
        self.sender_up && self.receiver.as_ref().is_none_or(heard)
    }

    fn set(&mut self, side: Side, up: bool) {
        match (side, &mut self.receiver) {
            (Side::Sender, _) => self.sender_up = up,
            (Side::Receiver, Some(receiver)) => receiver.up = up,
            (Side::Receiver, None) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_up_when_all_sides_in_use_are_and_what_is_owned_is_subscribed() {
        let health = Health::default();
        assert!(!health.is_up(), "nothing is connected yet");
        health.came_up(Side::Sender);
        assert!(health.is_up(), "nobody listens");

        let (listener, owned) = watch::channel(ShardSet::EMPTY);
        health.await_receiver(owned.clone());
        assert!(!health.is_up());
        health.came_up(Side::Receiver);
        assert!(health.is_up());
        listener.send_replace(ShardSet::ALL);
        assert!(
            !health.is_up(),
            "announcements of new shards would be missed"
        );
        health.subscribed(ShardSet::ALL);
        assert!(health.is_up());

        health.went_down(Side::Receiver, &std::io::Error::other("gone").into());
        assert!(!health.is_up());
        health.retire_receiver(&owned);
        assert!(health.is_up(), "nobody listens any more");
    }
}
