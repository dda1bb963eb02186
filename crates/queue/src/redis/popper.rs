//! Takes stubs out of the sorted sets at their time. Asks Redis only when something is due, and
//! once a second for what it was not told of.

use std::time::Duration;

use domain::clock::{Clock, Micros};
use domain::shard::{Shard, ShardSet};
use redis::{Pipeline, RedisError, RedisResult, Script, ServerErrorKind};
use tokio::time::Instant;

use super::link::Connection;
use super::schedule::Schedule;
use super::wire::{Keys, due_of_score, unpack_member};
use crate::Stub;
use crate::listener::Ear;
use crate::metrics;

const POP_DUE: &str = include_str!("pop_due.lua");
/// How often all owned shards are looked at. Another process's additions are found by this.
const REREAD: Duration = Duration::from_secs(1);
/// Least time between two looks: what comes due meanwhile is taken together. After a quiet while the
/// look is immediate. Well below the 50 ms that a retry may be late.
const PACE: Duration = Duration::from_millis(15);
/// Shortest pause: what a timer can keep.
const PAUSE_MIN: Duration = Duration::from_millis(1);
/// Pause when the worker has no room: what is due waits in Redis instead of being dropped.
const CROWDED_PAUSE: Duration = Duration::from_millis(20);
/// Stubs of one shard in one look at most: Lua blocks Redis for about 1.5 ms on as many.
const POP_LIMIT: usize = 1_000;

/// The script's answer: members with their scores, and the next score.
type Popped = (Vec<(Vec<u8>, f64)>, Option<f64>);

/// Pops over one connection.
pub(super) struct Popper<'a> {
    clock: &'a dyn Clock,
    keys: &'a Keys,
    schedule: &'a Schedule,
    script: Script,
    last_look: Option<Instant>,
    next_reread: Instant,
}

impl<'a> Popper<'a> {
    /// A popper that has looked at nothing yet.
    pub(super) fn new(clock: &'a dyn Clock, keys: &'a Keys, schedule: &'a Schedule) -> Self {
        let script = Script::new(POP_DUE);
        Self {
            clock,
            keys,
            schedule,
            script,
            last_look: None,
            next_reread: Instant::now(),
        }
    }

    /// Pops what is due and passes it on. Returns how long nothing will be due.
    ///
    /// Errors: the connection failed; what was popped before is passed on.
    pub(super) async fn pop(
        &mut self,
        connection: &mut Connection,
        owned: ShardSet,
        ear: &Ear,
    ) -> RedisResult<Duration> {
        if let Some(last) = self.last_look
            && last.elapsed() < PACE
        {
            return Ok(PACE.saturating_sub(last.elapsed()));
        }
        let room = ear.inbox.room();
        let reread = Instant::now() >= self.next_reread;
        if room == 0 && !reread {
            return Ok(CROWDED_PAUSE);
        }
        if reread {
            self.schedule.look_at_all(owned);
            self.next_reread = Instant::now() + REREAD;
        }
        let now = self.clock.now();
        let shards = self.schedule.take_due(owned, now);
        if reread || !shards.is_empty() {
            self.last_look = Some(Instant::now());
            let answers = self.ask(connection, &shards, now, room).await?;
            self.pass_on(connection, &shards, answers, ear).await?;
        }
        Ok(self.pause(owned))
    }

    /// One round trip for all shards; without any it only sees whether Redis answers.
    async fn ask(
        &self,
        connection: &mut Connection,
        shards: &[Shard],
        now: Micros,
        room: usize,
    ) -> RedisResult<Vec<RedisResult<Popped>>> {
        let mut commands = Pipeline::with_capacity(shards.len());
        if shards.is_empty() {
            connection.send::<()>(commands.cmd("PING").ignore()).await?;
            return Ok(Vec::new());
        }
        let limit = if room == 0 {
            0
        } else {
            (room / shards.len()).clamp(1, POP_LIMIT)
        };
        for shard in shards {
            commands
                .cmd("EVALSHA")
                .arg(self.script.get_hash())
                .arg(1)
                .arg(self.keys.due(*shard))
                .arg(now.0)
                .arg(limit);
        }
        // Each answer by itself: where one fails, the stubs of the others are already taken out.
        connection.send(commands.ignore_errors()).await
    }

    async fn pass_on(
        &self,
        connection: &mut Connection,
        shards: &[Shard],
        answers: Vec<RedisResult<Popped>>,
        ear: &Ear,
    ) -> RedisResult<()> {
        let mut failure: Option<RedisError> = None;
        for (shard, answer) in shards.iter().zip(answers) {
            match answer {
                Ok((due, next)) => {
                    metrics::popped(due.len());
                    ear.pass_on(due.iter().filter_map(stub));
                    if let Some(next) = next {
                        self.schedule.note(*shard, due_of_score(next));
                    }
                }
                Err(error) => {
                    self.schedule.look_at_all(ShardSet::EMPTY.with(*shard));
                    failure = Some(error);
                }
            }
        }
        match failure {
            Some(error) if error.kind() == ServerErrorKind::NoScript.into() => {
                let mut load = Pipeline::new();
                load.cmd("SCRIPT").arg("LOAD").arg(POP_DUE).ignore();
                connection.send(&load).await
            }
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Until the next due time that is known, or the next look at all.
    fn pause(&self, owned: ShardSet) -> Duration {
        let until_due = self.schedule.next(owned).since(self.clock.now());
        until_due
            .min(self.next_reread - Instant::now())
            .max(PAUSE_MIN)
    }
}

fn stub((member, score): &(Vec<u8>, f64)) -> Option<Stub> {
    unpack_member(member, due_of_score(*score))
}
