//! Pauses: deliveries held back by ops, of everybody, a merchant, a host or an endpoint. Everything waits; nothing is
//! lost and nothing is counted as a failure.

use crate::clock::Micros;
use crate::id::{EndpointId, MerchantId, PauseId};

/// The due time of jobs that a pause holds. Far beyond any other: they are found by it again.
pub const HELD_UNTIL: Micros = Micros(9_000_000_000_000_000);

/// What is held back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// Everything.
    All,
    /// What happens to this merchant.
    Merchant(MerchantId),
    /// What goes to this host.
    Host(String),
    /// What goes to this endpoint.
    Endpoint(EndpointId),
}

impl Held {
    /// How the API spells its kind.
    pub const fn kind(&self) -> PauseScope {
        match self {
            Self::All => PauseScope::All,
            Self::Merchant(_) => PauseScope::Merchant,
            Self::Host(_) => PauseScope::Host,
            Self::Endpoint(_) => PauseScope::Endpoint,
        }
    }
}

/// The kinds of [`Held`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub enum PauseScope {
    /// Everything.
    All = 0,
    /// One merchant.
    Merchant = 1,
    /// One host.
    Host = 2,
    /// One endpoint.
    Endpoint = 3,
}

impl PauseScope {
    /// All of them, in order of code.
    pub const ALL: [Self; 4] = [Self::All, Self::Merchant, Self::Host, Self::Endpoint];

    /// The number storage keeps.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// How the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Merchant => "merchant",
            Self::Host => "host",
            Self::Endpoint => "endpoint",
        }
    }
}

/// A pause, until it is ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Its id.
    pub id: PauseId,
    /// What it holds back.
    pub held: Held,
    /// Why, in the words of who made it.
    pub reason: String,
    /// Who made it: `usr_…` or `key_…`.
    pub paused_by: String,
    /// Since when.
    pub paused_at: Micros,
}

impl Pause {
    /// Whether it holds back what goes to this endpoint on this host, of an event of this merchant.
    pub fn holds(&self, merchant_id: MerchantId, endpoint_id: EndpointId, host: &str) -> bool {
        match &self.held {
            Held::All => true,
            Held::Merchant(id) => *id == merchant_id,
            Held::Host(held) => held.eq_ignore_ascii_case(host),
            Held::Endpoint(id) => *id == endpoint_id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    #[test]
    fn a_pause_holds_what_it_names_and_nothing_else() {
        let mut rng = StdRng::seed_from_u64(1);
        let (merchant, other) = (
            MerchantId::new(Micros(0), &mut rng),
            MerchantId::new(Micros(0), &mut rng),
        );
        let (endpoint, foreign) = (
            EndpointId::new(Micros(0), &mut rng),
            EndpointId::new(Micros(0), &mut rng),
        );
        let pause = |held| Pause {
            id: PauseId::floor(Micros(0)),
            held,
            reason: String::new(),
            paused_by: String::new(),
            paused_at: Micros(0),
        };
        assert!(pause(Held::All).holds(merchant, endpoint, "a.example"));
        let of_merchant = pause(Held::Merchant(merchant));
        assert!(of_merchant.holds(merchant, foreign, "b.example"));
        assert!(!of_merchant.holds(other, endpoint, "a.example"));
        let of_host = pause(Held::Host("A.example".to_owned()));
        assert!(of_host.holds(other, foreign, "a.example"));
        assert!(!of_host.holds(merchant, endpoint, "sub.a.example"));
        let of_endpoint = pause(Held::Endpoint(endpoint));
        assert!(of_endpoint.holds(other, endpoint, "b.example"));
        assert!(!of_endpoint.holds(merchant, foreign, "a.example"));
    }
}
