//! What is left when a process ends: rows as a database keeps them.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::{CheckoutId, MerchantId, SessionId, ShopperId};
use domain::trigger::Key;
use domain::trigger::activity::Activity;
use domain::trigger::checkout::Checkout;
use domain::trigger::session::Session;
use domain::trigger::shopper::{Shopper, Visitor};
use domain::trigger::timer::{Timer, TimerId};
use domain::trigger::world::World;
use uuid::Uuid;

/// The tables.
#[derive(Default)]
pub(super) struct Stored {
    visitors: BTreeMap<(MerchantId, Key), Visitor>,
    shoppers: BTreeMap<ShopperId, Shopper>,
    shopper_keys: BTreeMap<(MerchantId, Key), ShopperId>,
    told_once: BTreeSet<(MerchantId, Key)>,
    sessions: BTreeMap<SessionId, Session>,
    checkouts: BTreeMap<CheckoutId, Checkout>,
    timers: BTreeMap<TimerId, Timer>,
    histories: BTreeMap<Uuid, Vec<Activity>>,
}

impl Stored {
    /// Saves what changed in a world, and loads all of it into a new one.
    pub(super) fn save_and_load(&mut self, world: &World) -> World {
        self.save(world);
        self.load()
    }

    fn save(&mut self, world: &World) {
        keep(&mut self.visitors, world.visitors.changed());
        keep(&mut self.shoppers, world.shoppers.changed());
        keep(&mut self.shopper_keys, world.shopper_keys.changed());
        let told_once = world.told_once.changed().map(|(key, ())| *key);
        self.told_once.extend(told_once);
        keep(&mut self.sessions, world.sessions.changed());
        keep(&mut self.checkouts, world.checkouts.changed());
        for (id, timer) in &world.timers {
            match timer {
                Some(timer) => self.timers.insert(*id, *timer),
                None => self.timers.remove(id),
            };
        }
        for recorded in &world.recorded {
            let history = self.histories.entry(recorded.subject).or_default();
            history.push(recorded.activity.clone());
        }
    }

    fn load(&mut self) -> World {
        let mut world = World::default();
        for (key, row) in &self.visitors {
            world.visitors.load(*key, row.clone());
        }
        for (key, row) in &self.shoppers {
            world.shoppers.load(*key, row.clone());
        }
        for (key, row) in &self.shopper_keys {
            world.shopper_keys.load(*key, *row);
        }
        for key in &self.told_once {
            world.told_once.load(*key, ());
        }
        for row in self.sessions.values() {
            self.histories.entry(row.id.uuid()).or_default();
            world.load_session(row.clone());
        }
        for row in self.checkouts.values() {
            self.histories.entry(row.id.uuid()).or_default();
            world.load_checkout(row.clone());
        }
        for (id, timer) in &self.timers {
            world.timers.insert(*id, Some(*timer));
        }
        for (subject, history) in &self.histories {
            world.load_history(*subject, history.clone());
        }
        world
    }
}

fn keep<'a, K, V>(table: &mut BTreeMap<K, V>, changed: impl Iterator<Item = (&'a K, &'a V)>)
where
    K: Copy + Ord + 'a,
    V: Clone + 'a,
{
    for (key, row) in changed {
        table.insert(*key, row.clone());
    }
}
