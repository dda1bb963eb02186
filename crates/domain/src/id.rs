//! Every id of the product: a TypeID, that is a prefix and a `UUIDv7` in 26 letters of base32.
//!
//! Owns the prefixes and the spelling. An id carries the millisecond it was made in, so ids sort by
//! time and day partitions can be cut on them. Source: the TypeID specification, version 0.3.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use rand::Rng;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::clock::Micros;

/// Crockford's base32 in lower case: no `i`, `l`, `o`, `u`.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Letters of the part after the underscore.
const SUFFIX_LEN: usize = 26;

/// What an id names. Implemented by the empty marker types below and nowhere else.
pub trait Kind: Copy + Send + Sync + 'static {
    /// The letters before the underscore.
    const PREFIX: &'static str;
    /// What documents call ids of this kind.
    const NAME: &'static str;
    /// What ids of this kind name, in words.
    const DESCRIPTION: &'static str;
}

/// An id of kind `K`: 16 bytes, ordered by the time it was made.
pub struct Id<K> {
    uuid: Uuid,
    kind: PhantomData<fn() -> K>,
}

/// The text is not an id of the wanted kind. Its message says what one looks like.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id of this kind: expected `{prefix}_` and 26 letters of base32")]
pub struct InvalidId {
    /// The prefix that was wanted.
    pub prefix: &'static str,
}

impl<K: Kind> Id<K> {
    /// A new id for `now`, with 74 random bits.
    pub fn new(now: Micros, rng: &mut impl Rng) -> Self {
        let mut random = [0u8; 10];
        rng.fill_bytes(&mut random);
        Self::from_uuid(
            uuid::Builder::from_unix_timestamp_millis(now.millis().unsigned_abs(), &random)
                .into_uuid(),
        )
    }

    /// A new id for `now` that is greater than `last`, even when both are made in one millisecond: ids of rows that
    /// are read in the order in which they were made.
    pub fn new_after(last: Self, now: Micros, rng: &mut impl Rng) -> Self {
        let fresh = Self::new(now, rng);
        if fresh > last {
            return fresh;
        }
        let step = u128::from(rng.next_u32()) + 1;
        Self::from_uuid(Uuid::from_u128(last.uuid.as_u128().saturating_add(step)))
    }

    /// The id that this UUID spells, whatever its version: ids read back from storage.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self {
            uuid,
            kind: PhantomData,
        }
    }

    /// The 16 bytes that storage keeps.
    pub const fn uuid(self) -> Uuid {
        self.uuid
    }

    /// The millisecond in which the id was made, as microseconds.
    pub fn made_at(self) -> Micros {
        let b = self.uuid.as_bytes();
        let ms = i64::from_be_bytes([0, 0, b[0], b[1], b[2], b[3], b[4], b[5]]);
        Micros(ms * 1_000)
    }

    /// The 26 letters after the underscore: other systems' ids are spelled with them too.
    pub fn suffix(self) -> String {
        let mut letters = [0u8; SUFFIX_LEN];
        let mut rest = self.uuid.as_u128();
        for letter in letters.iter_mut().rev() {
            *letter = ALPHABET[(rest & 31) as usize];
            rest >>= 5;
        }
        letters.into_iter().map(char::from).collect()
    }

    /// The smallest id of a millisecond: the lower edge of a time range over ids.
    pub fn floor(at: Micros) -> Self {
        let ms = at.millis().clamp(0, (1 << 48) - 1);
        Self::from_uuid(Uuid::from_u128(u128::from(ms.unsigned_abs()) << 80))
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", K::PREFIX, self.suffix())
    }
}

impl<K: Kind> FromStr for Id<K> {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = InvalidId { prefix: K::PREFIX };
        let suffix = text
            .strip_prefix(K::PREFIX)
            .and_then(|rest| rest.strip_prefix('_'))
            .filter(|suffix| suffix.len() == SUFFIX_LEN && suffix.as_bytes()[0] <= b'7')
            .ok_or_else(|| invalid.clone())?;
        let mut value = 0u128;
        for letter in suffix.bytes() {
            let digit = ALPHABET
                .iter()
                .position(|known| *known == letter)
                .ok_or_else(|| invalid.clone())?;
            value = (value << 5) | digit as u128;
        }
        Ok(Self::from_uuid(Uuid::from_u128(value)))
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.uuid.cmp(&other.uuid)
    }
}
impl<K> std::hash::Hash for Id<K> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}
impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl<K: Kind> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A kind of id: its marker, its alias, its prefix.
macro_rules! kinds {
    ($($kind:ident $alias:ident $prefix:literal $what:literal;)*) => {$(
        #[doc = concat!("Marks ids of ", $what, ".")]
        #[derive(Debug, Clone, Copy)]
        pub struct $kind;
        impl Kind for $kind {
            const PREFIX: &'static str = $prefix;
            const NAME: &'static str = stringify!($alias);
            const DESCRIPTION: &'static str = concat!("The id of ", $what, ".");
        }
        #[doc = concat!("The id of ", $what, ": `", $prefix, "_…`.")]
        pub type $alias = Id<$kind>;
    )*};
}

kinds! {
    MerchantKind MerchantId "mer" "a merchant";
    EndpointKind EndpointId "ep" "an endpoint";
    EventKind EventId "evt" "an event";
    DeliveryKind DeliveryId "dlv" "a delivery";
    AttemptKind AttemptId "att" "an attempt";
    UserKind UserId "usr" "a user";
    ApiKeyKind ApiKeyId "key" "an API key";
    WorkerKind WorkerId "wrk" "a worker process";
    AppKind AppId "app" "an app";
    InstallationKind InstallationId "ins" "an installation";
    SessionKind SessionId "ses" "a browsing session";
    CheckoutKind CheckoutId "chk" "a checkout session";
    ShopperKind ShopperId "shp" "a shopper";
    ActivityKind ActivityId "act" "an activity";
    BatchKind BatchId "bat" "a POST that several deliveries share";
    AuditEntryKind AuditEntryId "aud" "an entry of the audit log";
    RetryJobKind RetryJobId "job" "a bulk retry job";
    LoginKind LoginId "lgn" "a login";
    PauseKind PauseId "pau" "a pause";
    InvitationKind InvitationId "inv" "an invitation";
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    proptest! {
        #[test]
        fn any_id_is_read_as_it_is_printed(id: u128) {
            let id = EventId::from_uuid(Uuid::from_u128(id));
            prop_assert_eq!(id.to_string().parse::<EventId>(), Ok(id));
        }

        #[test]
        fn whatever_is_read_as_an_id_is_its_one_spelling(
            text in "(evt_)?[0-9a-zA-Z_\\PC]{0,40}|evt_[0-8][0-9a-z]{25}|evt_[0-7][0-9a-hjkmnp-tv-z]{25}",
        ) {
            if let Ok(id) = text.parse::<EventId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }

    #[test]
    fn an_id_survives_printing_and_parsing() {
        let mut rng = StdRng::seed_from_u64(7);
        for step in 0..1_000 {
            let id = EventId::new(Micros(1_700_000_000_000_000 + step * 1_000), &mut rng);
            assert_eq!(id.to_string().parse::<EventId>(), Ok(id));
            assert_eq!(id.made_at().0, 1_700_000_000_000_000 + step * 1_000);
        }
    }

    #[test]
    fn contract_014_the_published_typeid_vector_is_spelled_the_same() {
        let uuid = Uuid::parse_str("01890a5d-ac96-774b-bcce-b302099a8057").unwrap();
        let id = EventId::from_uuid(uuid);
        assert_eq!(id.to_string(), "evt_01h455vb4pex5vsknk084sn02q");
    }

    #[test]
    fn another_kind_a_capital_or_an_overflow_is_refused() {
        for text in [
            "ep_01h455vb4pex5vsknk084sn02q",
            "evt_01H455VB4PEX5VSKNK084SN02Q",
            "evt_81h455vb4pex5vsknk084sn02q",
            "evt_01h455vb4pex5vsknk084sn02",
            "evt",
            "evt_",
            "",
        ] {
            assert!(text.parse::<EventId>().is_err(), "{text}");
        }
    }

    #[test]
    fn ids_that_follow_each_other_sort_in_that_order() {
        let mut rng = StdRng::seed_from_u64(7);
        let mut last = ActivityId::floor(Micros(0));
        for step in 0..10_000 {
            let now = Micros(1_000_000 + step / 1_000 * 1_000);
            let next = ActivityId::new_after(last, now, &mut rng);
            assert!(next > last);
            assert_eq!(next.made_at(), now);
            last = next;
        }
    }

    #[test]
    fn ids_of_a_later_millisecond_sort_later() {
        let mut rng = StdRng::seed_from_u64(7);
        let early = DeliveryId::new(Micros(1_000_000), &mut rng);
        let late = DeliveryId::new(Micros(1_001_000), &mut rng);
        assert!(early < late);
        assert!(DeliveryId::floor(Micros(1_001_000)) <= late);
        assert!(DeliveryId::floor(Micros(1_001_000)) > early);
    }
}
