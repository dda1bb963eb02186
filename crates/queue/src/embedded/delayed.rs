//! Stubs in order of their time, apart for each shard: what nobody owns waits without standing in
//! the way of what somebody does.

use std::collections::BTreeMap;

use domain::clock::Micros;
use domain::id::DeliveryId;
use domain::shard::{SHARDS, Shard, ShardSet};

use crate::Stub;

/// Stubs that wait for their time, up to a capacity.
pub(super) struct Delayed {
    shards: [BTreeMap<(Micros, DeliveryId), Stub>; SHARDS as usize],
    len: usize,
    capacity: usize,
}

impl Delayed {
    /// Nothing waits.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            shards: std::array::from_fn(|_| BTreeMap::new()),
            len: 0,
            capacity,
        }
    }

    /// Keeps a stub; the same job at the same time is kept once. False: there is no room.
    pub(super) fn insert(&mut self, stub: Stub) -> bool {
        if self.len >= self.capacity {
            return false;
        }
        let waiting = &mut self.shards[usize::from(stub.shard().number())];
        if waiting.insert((stub.due, stub.delivery_id), stub).is_none() {
            self.len += 1;
        }
        true
    }

    /// Takes what is due by `now` in the owned shards, at most `limit`, each shard's earliest first.
    pub(super) fn pop_due(&mut self, owned: ShardSet, now: Micros, limit: usize) -> Vec<Stub> {
        let mut due = Vec::new();
        for shard in owned.iter() {
            let waiting = self.waiting(shard);
            while due.len() < limit
                && let Some(first) = waiting.first_entry()
                && first.key().0 <= now
            {
                due.push(first.remove());
            }
        }
        self.len -= due.len();
        due
    }

    /// When the next stub of the owned shards is due.
    pub(super) fn next_due(&mut self, owned: ShardSet) -> Option<Micros> {
        owned
            .iter()
            .filter_map(|shard| Some(self.waiting(shard).first_key_value()?.0.0))
            .min()
    }

    fn waiting(&mut self, shard: Shard) -> &mut BTreeMap<(Micros, DeliveryId), Stub> {
        &mut self.shards[usize::from(shard.number())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn stub(number: u8, shard: u8, due: i64) -> Stub {
        let id = |low: u8| Uuid::from_u128(u128::from(number) << 64 | u128::from(low));
        Stub {
            delivery_id: domain::id::Id::from_uuid(id(0)),
            endpoint_id: domain::id::Id::from_uuid(id(shard)),
            merchant_id: domain::id::Id::from_uuid(id(1)),
            due: Micros(due),
        }
    }

    #[test]
    fn only_what_is_due_in_owned_shards_is_popped() {
        let mut delayed = Delayed::new(10);
        for stub in [
            stub(1, 3, 30),
            stub(2, 3, 10),
            stub(3, 4, 10),
            stub(2, 3, 10),
        ] {
            assert!(delayed.insert(stub));
        }
        let third = ShardSet::EMPTY.with(Shard::from_number(3));
        assert_eq!(delayed.next_due(third), Some(Micros(10)));
        assert_eq!(delayed.pop_due(third, Micros(29), 9), [stub(2, 3, 10)]);
        assert_eq!(delayed.next_due(third), Some(Micros(30)));
        assert_eq!(
            delayed.pop_due(ShardSet::ALL, Micros(30), 1),
            [stub(1, 3, 30)]
        );
        assert_eq!(
            delayed.pop_due(ShardSet::ALL, Micros(30), 1),
            [stub(3, 4, 10)]
        );
        assert_eq!((delayed.len, delayed.next_due(ShardSet::ALL)), (0, None));
    }

    #[test]
    fn beyond_its_capacity_it_refuses() {
        let mut delayed = Delayed::new(2);
        let kept = (0..5).filter(|n| delayed.insert(stub(*n, *n, 1))).count();
        assert_eq!(kept, 2);
    }
}
