//! What goes over the wire: the names of keys and channels, and stubs as packed bytes.

use domain::clock::Micros;
use domain::id::Id;
use domain::shard::Shard;
use uuid::Uuid;

use crate::Stub;

/// Bytes of the three ids: a member of a sorted set, whose score is the due time.
const MEMBER_LEN: usize = 48;
/// Bytes of a stub in a message: its ids, then its due time.
const STUB_LEN: usize = MEMBER_LEN + 8;
/// Bytes of a [`Message::Sooner`]: a shard and a time. Never a multiple of [`STUB_LEN`].
const SOONER_LEN: usize = 9;
/// Largest whole number that a sorted set's score holds exactly.
const SCORE_MAX: i64 = 1 << 53;

/// A stub on its way to Redis.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    /// The stub.
    pub(super) stub: Stub,
    /// It was due when it was told: announce it instead of keeping it.
    pub(super) at_once: bool,
}

/// Names of keys and channels. A shard's name is its hash tag, so that in a cluster its keys live together.
#[derive(Debug)]
pub(super) struct Keys {
    told: Vec<String>,
    due: Vec<String>,
}

impl Keys {
    /// Names that begin with `prefix`.
    pub(super) fn new(prefix: &str) -> Self {
        let names = |of: &str| {
            Shard::all()
                .map(|shard| format!("{prefix}:{{{}}}:{of}", shard.number()))
                .collect()
        };
        Self {
            told: names("told"),
            due: names("due"),
        }
    }

    /// The channel of what is due now.
    pub(super) fn told(&self, shard: Shard) -> &str {
        &self.told[usize::from(shard.number())]
    }

    /// The sorted set of what is due later.
    pub(super) fn due(&self, shard: Shard) -> &str {
        &self.due[usize::from(shard.number())]
    }
}

/// What a message on a shard's channel says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Message<'a> {
    /// These stubs are due: packed, see [`unpack_stubs`].
    Due(&'a [u8]),
    /// Something in the shard's sorted set is due sooner than its owner may know.
    Sooner(Shard, Micros),
}

impl<'a> Message<'a> {
    /// Reads a payload. `None`: it is of another make.
    pub(super) fn parse(payload: &'a [u8]) -> Option<Self> {
        if let Ok(sooner) = <&[u8; SOONER_LEN]>::try_from(payload) {
            let [shard, due @ ..] = *sooner;
            return Some(Self::Sooner(
                Shard::from_number(shard),
                Micros(i64::from_be_bytes(due)),
            ));
        }
        payload
            .len()
            .is_multiple_of(STUB_LEN)
            .then_some(Self::Due(payload))
    }
}

/// The payload of a [`Message::Sooner`].
pub(super) fn pack_sooner(shard: Shard, due: Micros) -> [u8; SOONER_LEN] {
    let mut packed = [shard.number(); SOONER_LEN];
    packed[1..].copy_from_slice(&due.0.to_be_bytes());
    packed
}

/// Adds a stub to the payload of a [`Message::Due`].
pub(super) fn pack_stub(stub: &Stub, payload: &mut Vec<u8>) {
    payload.extend_from_slice(&pack_member(stub));
    payload.extend_from_slice(&stub.due.0.to_be_bytes());
}

/// The stubs of a [`Message::Due`].
pub(super) fn unpack_stubs(payload: &[u8]) -> impl Iterator<Item = Stub> {
    let (packed, _) = payload.as_chunks::<STUB_LEN>();
    packed.iter().filter_map(|packed| {
        let (member, due) = packed.split_first_chunk::<MEMBER_LEN>()?;
        let due = i64::from_be_bytes(*due.first_chunk()?);
        unpack_member(member, Micros(due))
    })
}

/// A stub's ids as a member of a sorted set.
pub(super) fn pack_member(stub: &Stub) -> [u8; MEMBER_LEN] {
    let mut packed = [0; MEMBER_LEN];
    packed[..16].copy_from_slice(stub.delivery_id.uuid().as_bytes());
    packed[16..32].copy_from_slice(stub.endpoint_id.uuid().as_bytes());
    packed[32..].copy_from_slice(stub.merchant_id.uuid().as_bytes());
    packed
}

/// The stub of a sorted set's member. `None`: it is of another make.
pub(super) fn unpack_member(member: &[u8], due: Micros) -> Option<Stub> {
    let member = <&[u8; MEMBER_LEN]>::try_from(member).ok()?;
    let uuid = |at: usize| Uuid::from_slice(&member[at..at + 16]).ok();
    Some(Stub {
        delivery_id: Id::from_uuid(uuid(0)?),
        endpoint_id: Id::from_uuid(uuid(16)?),
        merchant_id: Id::from_uuid(uuid(32)?),
        due,
    })
}

/// A due time as a score. Exact from 1970 to 2255; beyond, the nearest of these.
pub(super) fn score(due: Micros) -> i64 {
    due.0.clamp(0, SCORE_MAX)
}

/// The due time of a score.
pub(super) fn due_of_score(score: f64) -> Micros {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "scores are whole numbers below 2^53"
    )]
    Micros(score as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn stubs_are_read_as_they_are_packed(ids: [u128; 3], due: i64) {
            let [delivery, endpoint, merchant] = ids.map(Uuid::from_u128);
            let stub = Stub {
                delivery_id: Id::from_uuid(delivery),
                endpoint_id: Id::from_uuid(endpoint),
                merchant_id: Id::from_uuid(merchant),
                due: Micros(due),
            };
            let mut payload = Vec::new();
            pack_stub(&stub, &mut payload);
            prop_assert_eq!(Message::parse(&payload), Some(Message::Due(&payload)));
            prop_assert_eq!(unpack_stubs(&payload).collect::<Vec<_>>(), vec![stub]);
        }

        #[test]
        fn whatever_comes_over_the_wire_is_read_or_left(payload: Vec<u8>, score: f64) {
            match Message::parse(&payload) {
                Some(Message::Due(stubs)) => {
                    let mut again = Vec::new();
                    for stub in unpack_stubs(stubs) {
                        pack_stub(&stub, &mut again);
                    }
                    prop_assert_eq!(again, payload.clone());
                }
                Some(Message::Sooner(shard, due)) => {
                    prop_assert!(shard.number() < 64);
                    prop_assert_eq!(&pack_sooner(shard, due)[1..], &payload[1..]);
                }
                None => {}
            }
            if let Some(stub) = unpack_member(&payload, due_of_score(score)) {
                prop_assert_eq!(&pack_member(&stub)[..], &payload[..]);
            }
        }
    }

    fn stub(number: u128) -> Stub {
        Stub {
            delivery_id: Id::from_uuid(Uuid::from_u128(number)),
            endpoint_id: Id::from_uuid(Uuid::from_u128(number << 8 | 5)),
            merchant_id: Id::from_uuid(Uuid::from_u128(number << 16)),
            due: Micros(1_778_148_000_123_456),
        }
    }

    #[test]
    fn packed_stubs_are_read_back() {
        let stubs = [stub(1), stub(77)];
        let mut payload = Vec::new();
        for stub in &stubs {
            pack_stub(stub, &mut payload);
        }
        assert_eq!(Message::parse(&payload), Some(Message::Due(&payload)));
        assert_eq!(unpack_stubs(&payload).collect::<Vec<_>>(), stubs);
        assert_eq!(
            unpack_member(&pack_member(&stubs[1]), stubs[1].due),
            Some(stubs[1])
        );
    }

    #[test]
    fn a_sooner_time_is_told_apart_from_stubs() {
        let shard = Shard::from_number(63);
        let packed = pack_sooner(shard, Micros(-5));
        assert_eq!(
            Message::parse(&packed),
            Some(Message::Sooner(shard, Micros(-5)))
        );
    }

    #[test]
    fn foreign_bytes_are_ignored() {
        assert_eq!(Message::parse(b"hello"), None);
        assert_eq!(unpack_member(&[0; 47], Micros(0)), None);
    }

    #[test]
    fn a_shard_is_the_hash_tag_of_its_keys() {
        let keys = Keys::new("hy");
        assert_eq!(keys.told(Shard::from_number(7)), "hy:{7}:told");
        assert_eq!(keys.due(Shard::from_number(63)), "hy:{63}:due");
    }

    #[test]
    fn times_survive_as_scores() {
        for due in [0, 1_778_148_000_123_457, SCORE_MAX] {
            #[expect(clippy::cast_precision_loss, reason = "what Redis does with it")]
            let kept = score(Micros(due)) as f64;
            assert_eq!(due_of_score(kept), Micros(due));
        }
    }
}
