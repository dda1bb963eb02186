//! Sends what was told: gathers it, groups it by shard, one round trip a flush.

use std::sync::Arc;
use std::time::Duration;

use domain::clock::{Clock, Micros};
use domain::shard::{SHARDS, Shard};
use redis::{Cmd, Pipeline, RedisResult};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::link::{Connection, Link, OnMessage};
use super::wire::{Keys, Told, pack_member, pack_sooner, pack_stub, score};
use crate::buffer::Buffer;
use crate::metrics;

/// Stubs in one flush at most: a quarter of a megabyte, sent and answered well within the timeout.
const FLUSH: usize = 4_096;
/// How often an idle connection is tried, so that a Redis that hangs is noticed before it is needed.
const PING_INTERVAL: Duration = Duration::from_secs(1);
/// What is due within this time is also announced to the shard's owner, who looks at the sorted set
/// only every second (`popper::REREAD`).
const SOONER_WITHIN: Duration = Duration::from_millis(1_500);

/// All that the sender needs.
pub(super) struct Sender {
    pub(super) link: Link,
    pub(super) outbox: Arc<Buffer<Told>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) keys: Arc<Keys>,
    /// Least time between the beginnings of two flushes.
    pub(super) pace: Duration,
    /// The queue is gone.
    pub(super) closed: CancellationToken,
}

/// Sends until the queue is gone.
pub(super) async fn run(mut sender: Sender) {
    let closed = sender.closed.clone();
    let no_messages: OnMessage = Arc::new(|_| {});
    loop {
        let connecting = sender.link.connect(&no_messages);
        let Some(connection) = closed.run_until_cancelled(connecting).await else {
            return;
        };
        match sender.serve(connection).await {
            Ok(()) => return,
            Err(error) => sender.link.failed(&error),
        }
    }
}

impl Sender {
    /// Sends over one connection until it fails. Ok: the queue is gone and all is sent.
    async fn serve(&mut self, mut connection: Connection) -> RedisResult<()> {
        if self.link.was_down() {
            // Announcements of before are stale, the safety poll was faster. Later times are not.
            metrics::dropped(self.outbox.retain(|told| !told.at_once), "down");
        }
        self.link.up();
        let mut next_flush = Instant::now();
        loop {
            tokio::select! {
                biased;
                error = connection.lost() => return Err(error),
                () = self.outbox.filled() => {
                    sleep_until(next_flush).await;
                    next_flush = Instant::now() + self.pace;
                    self.flush(&mut connection).await?;
                }
                () = self.closed.cancelled() => return Ok(()),
                () = sleep(PING_INTERVAL) => {
                    connection.send::<()>(redis::pipe().cmd("PING").ignore()).await?;
                }
            }
        }
    }

    /// Sends what has gathered. What was in a flush that fails is lost.
    async fn flush(&self, connection: &mut Connection) -> RedisResult<()> {
        let batch = self.outbox.take(FLUSH);
        let soon = self.clock.now() + SOONER_WITHIN;
        let sent = connection
            .send::<()>(&commands(&batch, &self.keys, soon))
            .await;
        if sent.is_err() {
            metrics::dropped(batch.len(), "failed");
        }
        sent
    }
}

/// What one shard is told in one flush.
struct ShardBatch {
    due_now: Vec<u8>,
    due_later: Option<Cmd>,
    soonest: Micros,
}

/// The commands that tell of the batch: for each shard at most one ZADD and two PUBLISH.
fn commands(batch: &[Told], keys: &Keys, soon: Micros) -> Pipeline {
    let mut shards: [ShardBatch; SHARDS as usize] = std::array::from_fn(|_| ShardBatch {
        due_now: Vec::new(),
        due_later: None,
        soonest: Micros(i64::MAX),
    });
    for told in batch {
        let shard = told.stub.shard();
        let into = &mut shards[usize::from(shard.number())];
        if told.at_once {
            pack_stub(&told.stub, &mut into.due_now);
        } else {
            into.soonest = into.soonest.min(told.stub.due);
            into.due_later
                .get_or_insert_with(|| command("ZADD", keys.due(shard)))
                .arg(score(told.stub.due))
                .arg(&pack_member(&told.stub));
        }
    }
    let mut commands = Pipeline::new();
    for (shard, batch) in Shard::all().zip(shards) {
        let channel = keys.told(shard);
        if !batch.due_now.is_empty() {
            commands
                .add_command(publish(channel, &batch.due_now))
                .ignore();
        }
        if let Some(add) = batch.due_later {
            commands.add_command(add).ignore();
        }
        // Behind the ZADD, so that who looks finds it.
        if batch.soonest <= soon {
            let sooner = pack_sooner(shard, batch.soonest);
            commands.add_command(publish(channel, &sooner)).ignore();
        }
    }
    commands
}

fn publish(channel: &str, payload: &[u8]) -> Cmd {
    let mut publish = command("PUBLISH", channel);
    publish.arg(payload);
    publish
}

fn command(name: &str, key: &str) -> Cmd {
    let mut command = redis::cmd(name);
    command.arg(key);
    command
}
