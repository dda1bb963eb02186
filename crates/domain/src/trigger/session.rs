//! A browsing session: its row and its states.

use std::time::Duration;

use super::Key;
use crate::clock::Micros;
use crate::id::{CheckoutId, MerchantId, SessionId, ShopperId};

/// Where a session stands. All but the first are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub enum SessionState {
    /// The shopper browses.
    Active = 0,
    /// A checkout was opened, or an order placed.
    Converted = 1,
    /// The shopper went away: `ABANDONED_SESSION` fired.
    Abandoned = 2,
    /// An unknown visitor went away: nothing fires.
    ExpiredAnonymous = 3,
}

impl SessionState {
    /// All of them, in order of code.
    pub const ALL: [Self; 4] = [
        Self::Active,
        Self::Converted,
        Self::Abandoned,
        Self::ExpiredAnonymous,
    ];

    /// The number storage keeps.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The state of a stored number, if it is one.
    pub fn from_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// How the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Converted => "converted",
            Self::Abandoned => "abandoned",
            Self::ExpiredAnonymous => "expired_anonymous",
        }
    }
}

/// One browsing visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose session.
    pub merchant_id: MerchantId,
    /// The platform's own id for it. Such a session is the same for ever.
    pub client_id: Option<String>,
    /// The device it began on.
    pub device: Key,
    /// Who it is, as far as known.
    pub shopper_id: Option<ShopperId>,
    /// Where it stands.
    pub state: SessionState,
    /// Its first activity.
    pub opened: Micros,
    /// Its last activity.
    pub last: Micros,
    /// When it came to its final state.
    pub ended: Option<Micros>,
    /// How long it may be quiet.
    pub span: Duration,
    /// The checkout it led to.
    pub checkout_id: Option<CheckoutId>,
}

impl Session {
    /// When it is abandoned if nothing more happens.
    pub fn deadline(&self) -> Micros {
        self.last + self.span
    }

    /// Whether it has not ended.
    pub const fn is_open(&self) -> bool {
        matches!(self.state, SessionState::Active)
    }
}
