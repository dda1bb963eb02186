//! The simulator: plays a script of activities in virtual time and tells what would fire, when and why. The rules
//! are those of the running product, on a world in memory; nothing is stored or sent. The same script gives the
//! same result, ids included.

mod player;
mod script;
#[cfg(test)]
mod tests;

use bytes::Bytes;

use super::timeline::EntryKind;
use crate::clock::Micros;
use crate::error::FieldError;

/// Most activities of a script.
pub const ACTIVITIES_MAX: usize = 1_000;
/// Most bytes of all payloads together: a small script must not make a large answer.
pub const PAYLOADS_MAX: usize = 4 * 1_024 * 1_024;
/// When a script begins that does not say.
pub const START: Micros = Micros(1_778_148_000_000_000);

/// The event types that triggers make: what a script may subscribe to.
pub const EVENT_TYPES: [&str; 12] = [
    "PRODUCT_VIEWED",
    "COLLECTION_VIEWED",
    "ABANDONED_SESSION",
    "ABANDONED_CHECKOUT",
    "NEW_CUSTOMER",
    "page_view",
    "add_to_cart",
    "contact_created",
    "purchase",
    "checkouts/created",
    "checkouts/updated",
    "checkouts/completed",
];

/// A script as it was played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulation {
    /// What the script calls itself.
    pub name: Option<String>,
    /// From when its times count.
    pub start: Micros,
    /// Everything that happened, in order.
    pub steps: Vec<Step>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub at: Micros,
    /// What it tells of.
    pub kind: EntryKind,
    /// The activity's or event's type, the state, the timer.
    pub name: String,
    /// The session or checkout, in words; none for what belongs to neither.
    pub subject: Option<String>,
    /// What happened and why, in words. Times of day are UTC.
    pub text: String,
    /// The event that fired.
    pub event: Option<SimulatedEvent>,
}

/// An event that would be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedEvent {
    /// Its id on the wire.
    pub event_id: String,
    /// Its type.
    pub event_type: &'static str,
    /// When it happened.
    pub occurred_at: Micros,
    /// Whether the script subscribes to it: otherwise it would only be logged.
    pub subscribed: bool,
    /// Its payload.
    pub payload: Bytes,
}

/// Plays a script.
///
/// Errors: everything that is wrong with it, at JSON pointers.
pub fn simulate(script: &Bytes) -> Result<Simulation, Vec<FieldError>> {
    player::play(script::read(script)?)
}
