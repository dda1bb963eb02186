//! Triggers: what shoppers' activities and the passing of time mean. Pure: a [`world::World`] holds the rows that
//! matter, [`rules`] change it and say what fires, whoever called loads and saves.
//!
//! To add a trigger: a line in [`activity::ActivityKind`] if it needs a new activity, its rule in the file of its
//! subject (`rules/session.rs`, `rules/checkout.rs`, `rules/funnel.rs`), its payload in `payload/<dialect>.rs`,
//! its entry in `catalog`, its scene in the simulator's examples.

pub mod activity;
pub mod checkout;
pub mod data;
pub mod money;
pub mod payload;
pub mod rules;
pub mod session;
pub mod shopper;
pub mod simulation;
pub mod timeline;
pub mod timer;
pub mod world;

use std::time::Duration;

use sha2::{Digest as _, Sha256};

/// A short hash of a text that others chose: how rows are found by it. Sixteen bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub [u8; 16]);

impl Key {
    /// The key of `text` among those of its kind.
    pub fn of(kind: &str, text: &str) -> Self {
        let hash: [u8; 32] = Sha256::new()
            .chain_update(kind)
            .chain_update([0])
            .chain_update(text)
            .finalize()
            .into();
        let mut key = [0; 16];
        key.copy_from_slice(&hash[..16]);
        Self(key)
    }

    /// The key of a device id.
    pub fn device(id: &str) -> Self {
        Self::of("device", id)
    }

    /// The key of a session id that a client gave.
    pub fn session(id: &str) -> Self {
        Self::of("session", id)
    }

    /// The key of a checkout id that a client gave.
    pub fn checkout(id: &str) -> Self {
        Self::of("checkout", id)
    }

    /// The key of a customer id.
    pub fn customer(id: &str) -> Self {
        Self::of("customer", id)
    }

    /// The key of an order id.
    pub fn order(id: &str) -> Self {
        Self::of("order", id)
    }
}

/// How long the timers run. The platform's, for all merchants; a subject keeps what held when it opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TriggerSettings {
    /// From a session's last activity to its abandonment.
    pub session_inactivity: Duration,
    /// From a checkout's opening to its abandonment.
    pub checkout_abandonment: Duration,
    /// From the last move on an upsell page to the closing of the order.
    pub upsell_inactivity: Duration,
}

impl Default for TriggerSettings {
    /// Source: FlexyPe, "When each event fires"; CartHook, "Webhooks".
    fn default() -> Self {
        Self {
            session_inactivity: Duration::from_mins(15),
            checkout_abandonment: Duration::from_mins(15),
            upsell_inactivity: Duration::from_mins(10),
        }
    }
}
