//! Hears what is due for the owned shards: announcements as they come, the rest by the popper.

use std::sync::Arc;

use domain::clock::Clock;
use domain::shard::ShardSet;
use redis::RedisResult;
use tokio::time::sleep;

use super::health::Health;
use super::link::{Connection, Link, OnMessage};
use super::popper::Popper;
use super::schedule::Schedule;
use super::wire::{Keys, Message, unpack_stubs};
use crate::listener::Ear;

/// All that the receiver needs.
pub(super) struct Receiver {
    pub(super) link: Link,
    pub(super) ear: Ear,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) keys: Arc<Keys>,
    pub(super) health: Arc<Health>,
}

/// Hears until the listener is gone.
pub(super) async fn run(mut receiver: Receiver) {
    let mut listening = receiver.ear.owned.clone();
    let gone = async move { while listening.changed().await.is_ok() {} };
    tokio::select! {
        () = gone => {}
        () = receiver.serve_all() => {}
    }
    receiver.health.retire_receiver(&receiver.ear.owned);
}

impl Receiver {
    /// Serves one connection after another.
    async fn serve_all(&mut self) {
        loop {
            let schedule = Arc::new(Schedule::new());
            let on_message = on_message(self.ear.clone(), Arc::clone(&schedule));
            let connection = self.link.connect(&on_message).await;
            if let Err(error) = self.serve(connection, &schedule).await {
                self.link.failed(&error);
            }
        }
    }

    /// Hears over one connection until it fails. Every round asks Redis at least once a second, so a
    /// server that hangs is noticed.
    async fn serve(&mut self, mut connection: Connection, schedule: &Schedule) -> RedisResult<()> {
        let mut popper = Popper::new(&*self.clock, &self.keys, schedule);
        let mut subscribed = ShardSet::EMPTY;
        loop {
            let owned = *self.ear.owned.borrow_and_update();
            if owned != subscribed {
                self.follow(&mut connection, subscribed, owned).await?;
                schedule.look_at_all(owned);
                self.health.subscribed(owned);
                subscribed = owned;
            }
            let pause = popper.pop(&mut connection, owned, &self.ear).await?;
            // The first answer has come: it is subscribed and calls work.
            self.link.up();
            tokio::select! {
                error = connection.lost() => return Err(error),
                // A listener that is gone ends the whole receiver, see `run`.
                _ = self.ear.owned.changed() => {}
                () = sleep(pause) => {}
                () = schedule.sooner() => {}
            }
        }
    }

    /// Subscribes to what is owned now and leaves what no longer is.
    async fn follow(
        &self,
        connection: &mut Connection,
        before: ShardSet,
        owned: ShardSet,
    ) -> RedisResult<()> {
        let channels = |shards: ShardSet| -> Vec<&str> {
            shards.iter().map(|shard| self.keys.told(shard)).collect()
        };
        let (gained, left) = (owned.without(before), before.without(owned));
        if !gained.is_empty() {
            connection.subscribe(&channels(gained)).await?;
        }
        if !left.is_empty() {
            connection.unsubscribe(&channels(left)).await?;
        }
        Ok(())
    }
}

fn on_message(ear: Ear, schedule: Arc<Schedule>) -> OnMessage {
    Arc::new(move |payload| match Message::parse(payload) {
        Some(Message::Due(stubs)) => ear.hear(unpack_stubs(stubs)),
        Some(Message::Sooner(shard, due)) => schedule.note_sooner(shard, due),
        None => {}
    })
}
