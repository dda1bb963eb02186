//! A checkout session, of a store or of a funnel: its row and its states.

use std::time::Duration;

use super::Key;
use crate::clock::Micros;
use crate::id::{CheckoutId, MerchantId, SessionId, ShopperId};

/// Which kind of checkout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i16)]
pub enum CheckoutKind {
    /// A store's checkout: abandoned after a fixed time.
    Store = 0,
    /// A funnel's: closed when an upsell page stays quiet.
    Funnel = 1,
}

impl CheckoutKind {
    /// The number storage keeps.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The kind of a stored number, if it is one.
    pub const fn from_code(code: i16) -> Option<Self> {
        match code {
            0 => Some(Self::Store),
            1 => Some(Self::Funnel),
            _ => None,
        }
    }

    /// How the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Funnel => "funnel",
        }
    }
}

/// Where a checkout stands. All but the first are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub enum CheckoutState {
    /// The shopper is in it.
    Open = 0,
    /// The order was placed, or closed by the upsell timer.
    Completed = 1,
    /// The shopper opened another one in time.
    Superseded = 2,
    /// The shopper went away: `ABANDONED_CHECKOUT` fired.
    Abandoned = 3,
    /// An unknown visitor went away: nothing fires.
    ExpiredAnonymous = 4,
}

impl CheckoutState {
    /// All of them, in order of code.
    pub const ALL: [Self; 5] = [
        Self::Open,
        Self::Completed,
        Self::Superseded,
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
            Self::Open => "open",
            Self::Completed => "completed",
            Self::Superseded => "superseded",
            Self::Abandoned => "abandoned",
            Self::ExpiredAnonymous => "expired_anonymous",
        }
    }
}

/// How far a store's checkout has come. Source: FlexyPe, "When each event fires".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub enum Step {
    /// It was opened.
    Initiated = 0,
    /// The phone number is verified.
    PhoneEntered = 1,
    /// The address page is loaded.
    AddressLoaded = 2,
    /// A shipping method is selected.
    AddressShippingSelected = 3,
}

impl Step {
    /// All of them, in order of code.
    pub const ALL: [Self; 4] = [
        Self::Initiated,
        Self::PhoneEntered,
        Self::AddressLoaded,
        Self::AddressShippingSelected,
    ];

    /// The number storage keeps.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The step of a stored number, if it is one.
    pub fn from_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.code() == code)
    }

    /// How payloads spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Initiated => "INITIATED",
            Self::PhoneEntered => "PHONE_ENTERED",
            Self::AddressLoaded => "ADDRESS_LOADED",
            Self::AddressShippingSelected => "ADDRESS_SHIPPING_SELECTED",
        }
    }
}

/// What a platform's `state` of a step means: eight names are heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The checkout stands at this step.
    At(Step),
    /// The order is placed.
    Completed,
}

impl Progress {
    /// The names that are heard.
    pub const NAMES: [&'static str; 8] = [
        "INITIATED",
        "PHONE_ENTERED",
        "OTP_VERIFIED",
        "ADDRESS_LOADED",
        "ADDRESS_SHIPPING_SELECTED",
        "PAYMENT_LOADED",
        "PAYMENT_INITIATED",
        "COMPLETED",
    ];

    /// What a name means, if it is heard.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "INITIATED" => Self::At(Step::Initiated),
            "PHONE_ENTERED" | "OTP_VERIFIED" => Self::At(Step::PhoneEntered),
            "ADDRESS_LOADED" => Self::At(Step::AddressLoaded),
            "ADDRESS_SHIPPING_SELECTED" | "PAYMENT_LOADED" | "PAYMENT_INITIATED" => {
                Self::At(Step::AddressShippingSelected)
            }
            "COMPLETED" => Self::Completed,
            _ => return None,
        })
    }
}

/// One checkout session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// Its id.
    pub id: CheckoutId,
    /// Whose checkout.
    pub merchant_id: MerchantId,
    /// Of a store or of a funnel.
    pub kind: CheckoutKind,
    /// The platform's own id for it: `payload.session_id` of `ABANDONED_CHECKOUT`.
    pub client_id: String,
    /// The device it was opened on.
    pub device: Key,
    /// The browsing session that led to it.
    pub session_id: Option<SessionId>,
    /// Who it is, as far as known.
    pub shopper_id: Option<ShopperId>,
    /// Where it stands.
    pub state: CheckoutState,
    /// How far a store's checkout has come, and when it came there.
    pub step: (Step, Micros),
    /// When it was opened.
    pub opened: Micros,
    /// Its last activity.
    pub last: Micros,
    /// When it came to its final state.
    pub ended: Option<Micros>,
    /// When the order was placed after all, though it had been abandoned.
    pub recovered: Option<Micros>,
    /// The checkout that took its place.
    pub superseded_by: Option<CheckoutId>,
    /// How long its timer runs; zero for one of which only the order is known.
    pub span: Duration,
    /// Whether the timer runs from the last activity instead of the opening.
    pub sliding: bool,
    /// A funnel's: whether its creation was reported, so that `checkouts/created` has had its one chance.
    pub announced: bool,
    /// A funnel's: whether it has reached an upsell page, so that its timer runs.
    pub in_upsell: bool,
}

impl Checkout {
    /// When its timer ends it if nothing more happens; a funnel's runs on upsell pages only.
    pub fn deadline(&self) -> Option<Micros> {
        match self.kind {
            CheckoutKind::Funnel if !self.in_upsell => None,
            _ if self.sliding => Some(self.last + self.span),
            _ => Some(self.opened + self.span),
        }
    }

    /// Whether only its order is known: nobody reported that it was opened.
    pub const fn is_order_alone(&self) -> bool {
        self.span.is_zero()
    }

    /// Whether it has not ended.
    pub const fn is_open(&self) -> bool {
        matches!(self.state, CheckoutState::Open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contract_079_eight_names_are_heard_and_four_are_told() {
        let told: Vec<_> = Progress::NAMES
            .iter()
            .map(|name| match Progress::from_name(name) {
                Some(Progress::At(step)) => step.as_str(),
                Some(Progress::Completed) => "completed",
                None => "unheard",
            })
            .collect();
        assert_eq!(
            told,
            [
                "INITIATED",
                "PHONE_ENTERED",
                "PHONE_ENTERED",
                "ADDRESS_LOADED",
                "ADDRESS_SHIPPING_SELECTED",
                "ADDRESS_SHIPPING_SELECTED",
                "ADDRESS_SHIPPING_SELECTED",
                "completed"
            ]
        );
        assert_eq!(Progress::from_name("initiated"), None);
    }
}
