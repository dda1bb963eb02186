//! Timers: durable due times. `sliding` ones move with every activity, `fixed` ones run from the opening. The row
//! only says when to look: whether it is time is read from its subject, so an activity need not touch the row.

use uuid::Uuid;

use crate::clock::Micros;
use crate::id::MerchantId;
use crate::shard::Shard;

/// Which timer of a subject: a subject has each at most once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(i16)]
pub enum TimerKind {
    /// Sliding: a session is abandoned.
    SessionInactivity = 0,
    /// Fixed, or sliding where the merchant wants it so: a checkout is abandoned.
    CheckoutAbandonment = 1,
    /// Sliding: an upsell page stayed quiet.
    UpsellInactivity = 2,
}

impl TimerKind {
    /// The number storage keeps.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The kind of a stored number, if it is one.
    pub const fn from_code(code: i16) -> Option<Self> {
        match code {
            0 => Some(Self::SessionInactivity),
            1 => Some(Self::CheckoutAbandonment),
            2 => Some(Self::UpsellInactivity),
            _ => None,
        }
    }
}

/// Names a timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimerId {
    /// The session or checkout.
    pub subject: Uuid,
    /// Which of its timers.
    pub kind: TimerKind,
}

/// A timer's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timer {
    /// Which.
    pub id: TimerId,
    /// Whose.
    pub merchant_id: MerchantId,
    /// When to look at the subject.
    pub due: Micros,
}

impl Timer {
    /// The shard whose owner polls it: all timers of a merchant are in one, as one transaction decides for a
    /// merchant at a time.
    pub fn shard(&self) -> Shard {
        Shard::from_number(self.merchant_id.uuid().as_bytes()[15])
    }
}
