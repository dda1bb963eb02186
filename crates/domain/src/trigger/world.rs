//! The rows that a decision is made on, and what it changes. Whoever decides loads a world, lets the rules work on
//! it, and saves what changed in one transaction; the simulator keeps a whole one in memory.

use std::borrow::Cow;
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
    /// Customers and orders of which it has been told, or could have been: they are no news.
    pub told_once: Rows<(MerchantId, Key), ()>,
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
    /// Activities by subject, in order: the stored ones of those that are loaded, and the recorded ones up to
    /// `added`.
    histories: HashMap<Uuid, Vec<Activity>>,
    /// Subjects whose stored activities are loaded.
    loaded: HashSet<Uuid>,
    /// How many of the recorded activities are in the histories.
    added: usize,
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
        self.loaded.insert(subject);
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
    pub fn history(&mut self, subjects: &[Uuid]) -> Cow<'_, [Activity]> {
        self.history_until(subjects, Micros(i64::MAX))
    }

    /// The same up to a moment: what a deadline saw, however late it is looked at.
    pub fn history_until(&mut self, subjects: &[Uuid], end: Micros) -> Cow<'_, [Activity]> {
        self.add_recorded();
        for subject in subjects {
            if !self.loaded.contains(subject) && !self.born.contains(subject) {
                self.missing.insert(*subject);
            }
        }
        let of = |subject: &Uuid| {
            let history = self.histories.get(subject).map_or(&[][..], Vec::as_slice);
            &history[..history.partition_point(|activity| activity.at <= end)]
        };
        if let [subject] = subjects {
            return Cow::Borrowed(of(subject));
        }
        let mut all: Vec<Activity> = subjects.iter().flat_map(of).cloned().collect();
        all.sort_by_key(in_time);
        Cow::Owned(all)
    }

    /// Puts what was recorded since the last time into the histories.
    fn add_recorded(&mut self) {
        for recorded in self.recorded.get(self.added..).unwrap_or_default() {
            let history = self.histories.entry(recorded.subject).or_default();
            let time = in_time(&recorded.activity);
            let place = history.partition_point(|activity| in_time(activity) <= time);
            history.insert(place, recorded.activity.clone());
        }
        self.added = self.recorded.len();
    }

    /// The subjects whose stored activities must be loaded before the decision can be made.
    pub fn missing(&self) -> Vec<Uuid> {
        self.missing.iter().copied().collect()
    }
}

/// Activities are told in this order.
const fn in_time(activity: &Activity) -> (Micros, ActivityId) {
    (activity.at, activity.id)
}
