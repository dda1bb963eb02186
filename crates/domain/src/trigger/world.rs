//! The rows that a decision is made on, and what it changes. Whoever decides loads a world, lets the rules work on
//! it, and saves what changed in one transaction; the simulator keeps a whole one in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::Hash;

use bytes::Bytes;
use uuid::Uuid;

use super::Key;
use super::activity::{Activity, Note};
use super::checkout::{Checkout, CheckoutKind};
use super::session::Session;
use super::shopper::{Shopper, Visitor};
use super::timer::{Timer, TimerId};
use crate::clock::Micros;
use crate::id::{ActivityId, CheckoutId, MerchantId, SessionId, ShopperId};

/// Rows of one kind, and which of them have changed since they were loaded.
#[derive(Debug, Clone)]
pub struct Rows<K, V> {
    rows: HashMap<K, V>,
    changed: BTreeSet<K>,
}

impl<K, V> Default for Rows<K, V> {
    fn default() -> Self {
        Self {
            rows: HashMap::new(),
            changed: BTreeSet::new(),
        }
    }
}

impl<K: Copy + Eq + Hash + Ord, V> Rows<K, V> {
    /// Takes in a row as it is stored.
    pub fn load(&mut self, key: K, row: V) {
        self.rows.insert(key, row);
    }

    /// A row.
    pub fn get(&self, key: K) -> Option<&V> {
        self.rows.get(&key)
    }

    /// A row that is about to change.
    pub fn change(&mut self, key: K) -> Option<&mut V> {
        let row = self.rows.get_mut(&key)?;
        self.changed.insert(key);
        Some(row)
    }

    /// Adds a row, or puts it in the place of another.
    pub fn put(&mut self, key: K, row: V) {
        self.changed.insert(key);
        self.rows.insert(key, row);
    }

    /// All rows, in no order.
    pub fn all(&self) -> impl Iterator<Item = &V> {
        self.rows.values()
    }

    /// What changed, in order of key.
    pub fn changed(&self) -> impl Iterator<Item = (&K, &V)> {
        self.changed
            .iter()
            .filter_map(|key| self.rows.get(key).map(|row| (key, row)))
    }
}

/// An activity with the place it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Whose.
    pub merchant_id: MerchantId,
    /// The session or checkout it belongs to; its own id when it belongs to none.
    pub subject: Uuid,
    /// What became of it.
    pub note: Note,
    /// What was done.
    pub activity: Activity,
}

/// An event that fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fired {
    /// Whose.
    pub merchant_id: MerchantId,
    /// Its type.
    pub event_type: &'static str,
    /// Its payload.
    pub payload: Bytes,
    /// The activity's time, or the deadline.
    pub occurred_at: Micros,
    /// The session or checkout it is about.
    pub subject: Uuid,
    /// The activity that caused it; a timer did when there is none.
    pub activity: Option<ActivityId>,
}

/// Rows, and what is to become of them.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// Devices.
    pub visitors: Rows<(MerchantId, Key), Visitor>,
    /// People.
    pub shoppers: Rows<ShopperId, Shopper>,
    /// People by email address or phone number.
    pub shopper_keys: Rows<(MerchantId, Key), ShopperId>,
    /// Customers whose account is no news.
    pub customers: Rows<(MerchantId, Key), ()>,
    /// Browsing sessions.
    pub sessions: Rows<SessionId, Session>,
    /// Checkouts.
    pub checkouts: Rows<CheckoutId, Checkout>,
    session_names: HashMap<(MerchantId, Key), SessionId>,
    checkout_names: HashMap<(MerchantId, CheckoutKind, Key), CheckoutId>,
    /// Timers to write, and to delete (`None`).
    pub timers: BTreeMap<TimerId, Option<Timer>>,
    /// Activities to store.
    pub recorded: Vec<Recorded>,
    /// Events to store and send.
    pub fired: Vec<Fired>,
    /// Stored activities by subject, in order.
    histories: HashMap<Uuid, Vec<Activity>>,
    /// Subjects that did not exist before.
    born: HashSet<Uuid>,
    /// Subjects whose stored activities are needed and were not loaded: the decision must be made again with them.
    missing: BTreeSet<Uuid>,
}

impl World {
    /// Takes in a stored session.
    pub fn load_session(&mut self, session: Session) {
        self.name_session(&session);
        self.sessions.load(session.id, session);
    }

    /// Takes in a stored checkout.
    pub fn load_checkout(&mut self, checkout: Checkout) {
        self.name_checkout(&checkout);
        self.checkouts.load(checkout.id, checkout);
    }

    /// Takes in the stored activities of a subject, in order of time and id.
    pub fn load_history(&mut self, subject: Uuid, activities: Vec<Activity>) {
        self.histories.insert(subject, activities);
    }

    /// Adds a new session.
    pub fn open_session(&mut self, session: Session) {
        self.born.insert(session.id.uuid());
        self.name_session(&session);
        self.sessions.put(session.id, session);
    }

    /// Adds a new checkout.
    pub fn open_checkout(&mut self, checkout: Checkout) {
        self.born.insert(checkout.id.uuid());
        self.name_checkout(&checkout);
        self.checkouts.put(checkout.id, checkout);
    }

    fn name_session(&mut self, session: &Session) {
        if let Some(name) = &session.client_id {
            let key = (session.merchant_id, Key::session(name));
            self.session_names.insert(key, session.id);
        }
    }

    fn name_checkout(&mut self, checkout: &Checkout) {
        let key = Key::checkout(&checkout.client_id);
        self.checkout_names
            .insert((checkout.merchant_id, checkout.kind, key), checkout.id);
    }

    /// The session that a platform's own id names.
    pub fn session_named(&self, merchant_id: MerchantId, name: &str) -> Option<SessionId> {
        self.session_names
            .get(&(merchant_id, Key::session(name)))
            .copied()
    }

    /// The checkout that a platform's own id names.
    pub fn checkout_named(
        &self,
        merchant_id: MerchantId,
        kind: CheckoutKind,
        name: &str,
    ) -> Option<CheckoutId> {
        let key = (merchant_id, kind, Key::checkout(name));
        self.checkout_names.get(&key).copied()
    }

    /// Everything done in these subjects, stored and new, in order of time and then of taking in.
    pub fn history(&mut self, subjects: &[Uuid]) -> Vec<Activity> {
        let mut all = Vec::new();
        for subject in subjects {
            match self.histories.get(subject) {
                Some(stored) => all.extend_from_slice(stored),
                None if self.born.contains(subject) => {}
                None => {
                    self.missing.insert(*subject);
                }
            }
        }
        let new = self
            .recorded
            .iter()
            .filter(|recorded| subjects.contains(&recorded.subject));
        all.extend(new.map(|recorded| recorded.activity.clone()));
        all.sort_by_key(|activity| (activity.at, activity.id));
        all
    }

    /// The same up to a moment: what a deadline saw, however late it is looked at.
    pub fn history_until(&mut self, subjects: &[Uuid], end: Micros) -> Vec<Activity> {
        let mut all = self.history(subjects);
        all.retain(|activity| activity.at <= end);
        all
    }

    /// The subjects whose stored activities must be loaded before the decision can be made.
    pub fn missing(&self) -> Vec<Uuid> {
        self.missing.iter().copied().collect()
    }
}
