//! An activity: what a shopper did, as a platform reported it.

mod parse;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

pub(crate) use self::parse::rewritten;
use super::Key;
use crate::clock::Micros;
use crate::id::ActivityId;

/// What a shopper did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i16)]
pub enum ActivityKind {
    /// A page of the store was viewed.
    PageViewed = 0,
    /// A product page was viewed.
    ProductViewed = 1,
    /// A collection page was viewed.
    CollectionViewed = 2,
    /// The cart is now as given.
    CartUpdated = 3,
    /// The shopper was recognised.
    Identified = 4,
    /// A store account was made.
    CustomerCreated = 5,
    /// A checkout opened.
    CheckoutOpened = 6,
    /// A checkout moved on, or back.
    CheckoutStep = 7,
    /// The order was placed.
    OrderCompleted = 8,
    /// A funnel's checkout was created.
    FunnelCheckoutCreated = 9,
    /// An email address was typed in a funnel.
    FunnelEmailEntered = 10,
    /// A phone number was typed in a funnel.
    FunnelSmsEntered = 11,
    /// An offer was accepted or rejected; a new page was reached.
    FunnelStep = 12,
    /// The funnel's thank-you page was reached.
    FunnelCompleted = 13,
}

/// What an activity is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// A browsing session.
    Browsing,
    /// A store account.
    Customer,
    /// A checkout.
    Checkout,
    /// A funnel's checkout.
    Funnel,
}

impl ActivityKind {
    /// All of them, in order of code.
    pub const ALL: [Self; 14] = [
        Self::PageViewed,
        Self::ProductViewed,
        Self::CollectionViewed,
        Self::CartUpdated,
        Self::Identified,
        Self::CustomerCreated,
        Self::CheckoutOpened,
        Self::CheckoutStep,
        Self::OrderCompleted,
        Self::FunnelCheckoutCreated,
        Self::FunnelEmailEntered,
        Self::FunnelSmsEntered,
        Self::FunnelStep,
        Self::FunnelCompleted,
    ];

    /// The number storage keeps.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The kind of a stored number, if it is one.
    pub fn from_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// How the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PageViewed => "page_viewed",
            Self::ProductViewed => "product_viewed",
            Self::CollectionViewed => "collection_viewed",
            Self::CartUpdated => "cart_updated",
            Self::Identified => "identified",
            Self::CustomerCreated => "customer_created",
            Self::CheckoutOpened => "checkout_opened",
            Self::CheckoutStep => "checkout_step",
            Self::OrderCompleted => "order_completed",
            Self::FunnelCheckoutCreated => "funnel_checkout_created",
            Self::FunnelEmailEntered => "funnel_email_entered",
            Self::FunnelSmsEntered => "funnel_sms_entered",
            Self::FunnelStep => "funnel_step",
            Self::FunnelCompleted => "funnel_completed",
        }
    }

    /// The kind of this name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// What it is about.
    pub const fn family(self) -> Family {
        match self {
            Self::PageViewed
            | Self::ProductViewed
            | Self::CollectionViewed
            | Self::CartUpdated
            | Self::Identified => Family::Browsing,
            Self::CustomerCreated => Family::Customer,
            Self::CheckoutOpened | Self::CheckoutStep | Self::OrderCompleted => Family::Checkout,
            Self::FunnelCheckoutCreated
            | Self::FunnelEmailEntered
            | Self::FunnelSmsEntered
            | Self::FunnelStep
            | Self::FunnelCompleted => Family::Funnel,
        }
    }

    /// Whether `visitor.checkout_id` must be given.
    pub const fn needs_checkout(self) -> bool {
        matches!(self.family(), Family::Checkout | Family::Funnel)
            && !matches!(self, Self::OrderCompleted)
    }
}

/// Who did it, by the ids the platform gave.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct VisitorIds {
    /// The browser or device.
    pub device_id: String,
    /// The browsing session, if the platform names sessions.
    #[serde(default)]
    pub session_id: Option<String>,
    /// The checkout session.
    #[serde(default)]
    pub checkout_id: Option<String>,
}

impl VisitorIds {
    /// The device's key.
    pub fn device(&self) -> Key {
        Key::device(&self.device_id)
    }
}

/// What is known of the person. Any field may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Identity {
    /// An email address that has been confirmed.
    pub email: Option<String>,
    /// A phone number that has been confirmed, without the country's dial code.
    pub phone: Option<String>,
    /// The country's dial code.
    pub dial_code: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// The platform's own id for the contact: 32 hex digits.
    pub contact_id: Option<String>,
}

/// The browser, as the platform saw it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ClientMeta {
    /// Its address.
    pub ip: Option<String>,
    /// Where it came from.
    pub referer: Option<String>,
    /// What it calls itself.
    pub user_agent: Option<String>,
}

/// One thing a shopper did. `body` is what came in, byte for byte; the rest is read from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// Our id.
    pub id: ActivityId,
    /// The platform's own id: a repeat of it is not taken again.
    pub client_id: Option<String>,
    /// What was done.
    pub kind: ActivityKind,
    /// When it was done. Never later than when it was taken in.
    pub at: Micros,
    /// Who did it.
    pub visitor: VisitorIds,
    /// The person, if the activity says.
    pub identity: Option<Identity>,
    /// The browser, if the activity says.
    pub client: Option<ClientMeta>,
    /// The `data` object as it was spelled: numbers keep every digit.
    pub data: Bytes,
    /// The whole activity as it was spelled.
    pub body: Bytes,
}

/// The parts of a stored body.
#[derive(Deserialize)]
struct Stored<'a> {
    #[serde(default)]
    id: Option<String>,
    visitor: VisitorIds,
    #[serde(default)]
    identity: Option<Identity>,
    #[serde(default)]
    client: Option<ClientMeta>,
    #[serde(default, borrow)]
    data: Option<&'a RawValue>,
}

impl Activity {
    /// Reads an activity whose body has been checked before.
    ///
    /// Errors: the body is not one.
    pub fn read(
        id: ActivityId,
        kind: ActivityKind,
        at: Micros,
        body: Bytes,
    ) -> Result<Self, serde_json::Error> {
        let stored: Stored<'_> = serde_json::from_slice(&body)?;
        let data = match stored.data {
            Some(raw) => body.slice_ref(raw.get().as_bytes()),
            None => Bytes::from_static(b"{}"),
        };
        Ok(Self {
            id,
            client_id: stored.id,
            kind,
            at,
            visitor: stored.visitor,
            identity: stored.identity,
            client: stored.client,
            data,
            body,
        })
    }
}

/// What became of an activity, for its timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(i16)]
pub enum Note {
    /// It was taken in; nothing fires on it.
    #[default]
    Recorded = 0,
    /// At least one event fired at once.
    Fired = 1,
    /// Nothing fired: the shopper was not identified.
    Anonymous = 2,
    /// Nothing fired: nobody subscribes.
    NoSubscriber = 3,
    /// Its session or checkout had ended: only the timeline keeps it.
    AfterEnd = 4,
    /// Nothing fired: this has happened before (the customer, the checkout).
    Repeated = 5,
    /// Nothing fired: the shopper gave no consent.
    NoConsent = 6,
    /// Nothing fired: the merchant has no Flashy account number.
    NoAccount = 7,
}

impl Note {
    /// All of them, in order of code.
    pub const ALL: [Self; 8] = [
        Self::Recorded,
        Self::Fired,
        Self::Anonymous,
        Self::NoSubscriber,
        Self::AfterEnd,
        Self::Repeated,
        Self::NoConsent,
        Self::NoAccount,
    ];

    /// The number storage keeps.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The note of a stored number; an unknown one says nothing.
    pub fn from_code(code: i16) -> Self {
        Self::ALL
            .into_iter()
            .find(|note| note.code() == code)
            .unwrap_or_default()
    }
}
