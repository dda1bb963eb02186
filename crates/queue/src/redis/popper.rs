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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use redis::{Value, from_redis_value};

    use super::*;

    /// What a Redis may answer.
    fn answer() -> impl Strategy<Value = Value> {
        let bytes = prop::collection::vec(any::<u8>(), 0..64);
        let leaf = prop_oneof![
            Just(Value::Nil),
            any::<i64>().prop_map(Value::Int),
            bytes.prop_map(Value::BulkString),
            "[0-9eE.+-]{0,24}|-?inf|nan".prop_map(|text| Value::BulkString(text.into_bytes())),
            any::<f64>().prop_map(Value::Double),
            any::<bool>().prop_map(Value::Boolean),
        ];
        leaf.prop_recursive(4, 64, 6, |inner| {
            let pairs = prop::collection::vec((inner.clone(), inner.clone()), 0..4);
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
                prop::collection::vec(inner, 0..6).prop_map(Value::Set),
                pairs.prop_map(Value::Map),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_the_script_seems_to_answer_is_read_or_refused(answer in answer()) {
            if let Ok((due, next)) = from_redis_value::<Popped>(answer) {
                for entry in &due {
                    let foreign = entry.0.len() != 48;
                    prop_assert_eq!(stub(entry).is_none(), foreign);
                }
                next.map(due_of_score);
            }
        }

        #[test]
        fn what_the_script_answers_is_read(
            due in prop::collection::vec((any::<[u8; 32]>(), 0_i64..1 << 53), 0..20), next: Option<u32>,
        ) {
            let bulk = |text: String| Value::BulkString(text.into_bytes());
            let members = |id: &[u8; 32]| [&id[..], &id[..16]].concat();
            let pairs = due.iter().flat_map(|(id, score)| {
                [Value::BulkString(members(id)), bulk(score.to_string())]
            });
            let said = next.map_or(Value::Nil, |score| bulk(score.to_string()));
            let answer = Value::Array(vec![Value::Array(pairs.collect()), said]);
            let (popped, then) = from_redis_value::<Popped>(answer).unwrap();
            let read: Vec<_> = popped.iter().filter_map(stub).map(|stub| stub.due.0).collect();
            prop_assert_eq!(read, due.iter().map(|(_, score)| *score).collect::<Vec<_>>());
            prop_assert_eq!(then.map(due_of_score), next.map(|score| Micros(score.into())));
        }
    }
}
