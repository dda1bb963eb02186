//! When each shard's sorted set is to be looked at next.

use std::sync::atomic::{AtomicI64, Ordering};

use domain::clock::Micros;
use domain::shard::{SHARDS, Shard, ShardSet};
use tokio::sync::Notify;

/// The next due time of each shard, as far as known. Written by the one who pops and by messages.
#[derive(Debug)]
pub(super) struct Schedule {
    next: [AtomicI64; SHARDS as usize],
    sooner: Notify,
}

impl Schedule {
    /// Nothing is known, so everything is to be looked at now.
    pub(super) fn new() -> Self {
        Self {
            next: std::array::from_fn(|_| AtomicI64::new(i64::MIN)),
            sooner: Notify::new(),
        }
    }

    /// The shard has something due at that time.
    pub(super) fn note(&self, shard: Shard, due: Micros) {
        self.next[usize::from(shard.number())].fetch_min(due.0, Ordering::AcqRel);
    }

    /// As [`Self::note`], and wakes the one who waits in [`Self::sooner`].
    pub(super) fn note_sooner(&self, shard: Shard, due: Micros) {
        self.note(shard, due);
        self.sooner.notify_one();
    }

    /// Waits for [`Self::note_sooner`].
    pub(super) async fn sooner(&self) {
        self.sooner.notified().await;
    }

    /// Looks at all of these now.
    pub(super) fn look_at_all(&self, shards: ShardSet) {
        for shard in shards.iter() {
            self.note(shard, Micros(i64::MIN));
        }
    }

    /// The shards to look at by `now`. Their next time is forgotten: who looks notes what is found.
    /// A time noted meanwhile is kept.
    pub(super) fn take_due(&self, owned: ShardSet, now: Micros) -> Vec<Shard> {
        owned
            .iter()
            .filter(|shard| {
                let next = &self.next[usize::from(shard.number())];
                next.load(Ordering::Acquire) <= now.0
                    && next.swap(i64::MAX, Ordering::AcqRel) <= now.0
            })
            .collect()
    }

    /// The earliest time noted for these shards.
    pub(super) fn next(&self, owned: ShardSet) -> Micros {
        let noted = |shard: Shard| self.next[usize::from(shard.number())].load(Ordering::Acquire);
        Micros(owned.iter().map(noted).min().unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_is_looked_at_when_its_time_comes() {
        let (one, two) = (Shard::from_number(1), Shard::from_number(2));
        let owned = ShardSet::EMPTY.with(one).with(two);
        let schedule = Schedule::new();
        assert_eq!(
            schedule.take_due(owned, Micros(0)),
            [one, two],
            "nothing is known at first"
        );
        assert_eq!(schedule.take_due(owned, Micros(i64::MAX - 1)), []);
        schedule.note(two, Micros(50));
        schedule.note(two, Micros(70));
        assert_eq!(schedule.next(owned), Micros(50));
        assert_eq!(schedule.take_due(owned, Micros(49)), []);
        assert_eq!(schedule.take_due(owned, Micros(50)), [two]);
        schedule.look_at_all(owned);
        assert_eq!(schedule.take_due(owned, Micros(0)), [one, two]);
    }
}
