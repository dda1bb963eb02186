//! Shards: 64 slices of all endpoints. A worker owns whole shards, so one process sees all of an
//! endpoint's jobs and can keep its limits in memory.

use crate::id::EndpointId;

/// How many shards there are. Stored in every job: never changed without a migration.
pub const SHARDS: u8 = 64;

/// One slice of all endpoints, below [`SHARDS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard(u8);

impl Shard {
    /// The shard of an endpoint: its id's random low bits.
    pub fn of(endpoint_id: EndpointId) -> Self {
        Self(endpoint_id.uuid().as_bytes()[15] % SHARDS)
    }

    /// The shard with this number, wrapped into the range.
    pub const fn from_number(number: u8) -> Self {
        Self(number % SHARDS)
    }

    /// Its number, 0 to 63.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// All shards in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..SHARDS).map(Self)
    }
}

/// A set of shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ShardSet(u64);

impl ShardSet {
    /// No shard.
    pub const EMPTY: Self = Self(0);
    /// Every shard.
    pub const ALL: Self = Self(u64::MAX);

    /// Whether the shard is in it.
    pub const fn contains(self, shard: Shard) -> bool {
        self.0 & (1 << shard.0) != 0
    }

    /// The set with the shard added.
    #[must_use]
    pub const fn with(self, shard: Shard) -> Self {
        Self(self.0 | (1 << shard.0))
    }

    /// What is in this set and not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// How many shards are in it.
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether it holds none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its shards in order.
    pub fn iter(self) -> impl Iterator<Item = Shard> {
        Shard::all().filter(move |shard| self.contains(*shard))
    }
}

/// The worker that owns a shard among those alive: the highest rendezvous hash, so that a worker's
/// coming or going moves only its own share. `None` when nobody lives.
pub fn owner(shard: Shard, alive: &[uuid::Uuid]) -> Option<uuid::Uuid> {
    alive
        .iter()
        .copied()
        .max_by_key(|worker| (weight(shard, *worker), *worker))
}

/// FNV-1a over the worker's id and the shard, with a final mix (splitmix64).
fn weight(shard: Shard, worker: uuid::Uuid) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in worker.as_bytes().iter().chain(std::iter::once(&shard.0)) {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn every_shard_has_one_owner_and_shares_are_fair() {
        let workers: Vec<Uuid> = (1..=4).map(|n| Uuid::from_u128(n << 64 | 0x63)).collect();
        for worker in &workers {
            let share = Shard::all()
                .filter(|s| owner(*s, &workers) == Some(*worker))
                .count();
            assert!((6..=28).contains(&share), "{share} of 64");
        }
        assert_eq!(owner(Shard(0), &[]), None);
    }

    #[test]
    fn a_worker_that_leaves_moves_only_its_own_shards() {
        let workers: Vec<Uuid> = (1..=4).map(|n| Uuid::from_u128(n << 64 | 0x63)).collect();
        for shard in Shard::all() {
            let before = owner(shard, &workers);
            let after = owner(shard, &workers[1..]);
            assert!(before == after || before == Some(workers[0]));
        }
    }

    #[test]
    fn a_set_knows_its_members() {
        let set = ShardSet::EMPTY.with(Shard(3)).with(Shard(63));
        assert_eq!(set.iter().map(Shard::number).collect::<Vec<_>>(), [3, 63]);
        assert_eq!(ShardSet::ALL.without(set).len(), 62);
    }
}
