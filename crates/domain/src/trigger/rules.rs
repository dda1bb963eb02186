//! The rules. [`Rules::apply`] takes in an activity, [`Rules::fire`] a timer that may be due. Both first settle what
//! became due before: the outcome depends on when things happened, not on when this process came to look.
//!
//! Ties: an activity at exactly a deadline comes before the deadline.

mod checkout;
mod funnel;
mod identity;
mod order;
mod session;

pub use self::order::RECOVERY;

use bytes::Bytes;
use rand::rngs::StdRng;
use uuid::Uuid;

use super::activity::{Activity, Family, Note};
use super::checkout::CheckoutKind;
use super::payload::flashy;
use super::shopper::{Shopper, Visitor};
use super::timer::{Timer, TimerId, TimerKind};
use super::world::{Fired, Recorded, World};
use super::{Key, TriggerSettings};
use crate::clock::Micros;
use crate::id::{ActivityId, CheckoutId, SessionId, ShopperId};
use crate::merchant::Merchant;

/// The store in which something happens.
#[derive(Clone, Copy)]
pub struct Shop<'a> {
    /// Its merchant.
    pub merchant: &'a Merchant,
    /// Whether any endpoint is subscribed to an event type.
    pub wants: &'a dyn Fn(&str) -> bool,
    /// The secret from which contact ids are made.
    pub contact_key: &'a [u8; 32],
    /// How long the timers run.
    pub settings: &'a TriggerSettings,
}

impl std::fmt::Debug for Shop<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shop({})", self.merchant.id)
    }
}

/// The rules at work on one store.
#[derive(Debug)]
pub struct Rules<'a> {
    /// The store.
    pub shop: Shop<'a>,
    /// Its rows.
    pub world: &'a mut World,
    /// The present moment.
    pub now: Micros,
    /// Where ids come from.
    pub rng: &'a mut StdRng,
}

impl Rules<'_> {
    /// Takes in an activity. Its data have been checked.
    pub fn apply(&mut self, mut activity: Activity) {
        activity.at = activity.at.min(self.now);
        let device = activity.visitor.device();
        self.settle_around(device, &activity);
        self.meet(device, activity.at);
        let met = self.identify(device, &activity);
        let named = met.map(|met| met.shopper);
        let (cause, at) = (activity.id, activity.at);
        let subject = match activity.kind.family() {
            Family::Browsing => self.browse(device, named, activity),
            Family::Customer => self.customer_created(device, named, activity),
            Family::Checkout => self.check_out(device, named, activity),
            Family::Funnel => self.funnel(device, activity),
        };
        if let Some(met) = met.filter(|met| met.is_new) {
            self.contact_created(met.shopper, subject, cause, at);
        }
    }

    /// Looks at the subject of a timer whose time may have come: ends it, sets the timer anew, or drops it.
    pub fn fire(&mut self, timer: TimerId) {
        let deadline = match timer.kind {
            TimerKind::SessionInactivity => {
                let session = self.world.sessions.get(SessionId::from_uuid(timer.subject));
                session
                    .filter(|s| s.is_open())
                    .map(super::session::Session::deadline)
            }
            TimerKind::CheckoutAbandonment | TimerKind::UpsellInactivity => {
                let checkout = self
                    .world
                    .checkouts
                    .get(CheckoutId::from_uuid(timer.subject));
                checkout
                    .filter(|c| c.is_open())
                    .and_then(super::checkout::Checkout::deadline)
            }
        };
        match deadline {
            None => {
                self.world.timers.insert(timer, None);
            }
            Some(later) if later > self.now => self.arm(timer, later),
            Some(_) => {
                match timer.kind {
                    TimerKind::SessionInactivity => {
                        self.end_session(SessionId::from_uuid(timer.subject));
                    }
                    TimerKind::CheckoutAbandonment | TimerKind::UpsellInactivity => {
                        self.end_checkout(CheckoutId::from_uuid(timer.subject));
                    }
                }
                self.world.timers.insert(timer, None);
            }
        }
    }

    /// Ends whatever this activity is about that was due before it: the world as it stood when it happened.
    fn settle_around(&mut self, device: Key, activity: &Activity) {
        let merchant_id = self.shop.merchant.id;
        let ids = &activity.visitor;
        let named = ids.session_id.as_ref();
        let named = named.and_then(|name| self.world.session_named(merchant_id, name));
        let visitor = self.world.visitors.get((merchant_id, device));
        let known = visitor.and_then(|visitor| visitor.session_id);
        for id in [named, known].into_iter().flatten() {
            self.settle_session(id, activity.at);
        }
        let named: Vec<CheckoutId> = ids
            .checkout_id
            .iter()
            .flat_map(|name| {
                [CheckoutKind::Store, CheckoutKind::Funnel]
                    .into_iter()
                    .filter_map(|kind| self.world.checkout_named(merchant_id, kind, name))
            })
            .collect();
        for id in named.into_iter().chain(self.open_checkouts_of(device)) {
            self.settle_checkout(id, activity.at);
        }
    }

    /// Knows the device from now on.
    fn meet(&mut self, device: Key, at: Micros) {
        let key = (self.shop.merchant.id, device);
        if self.world.visitors.get(key).is_none() {
            let visitor = Visitor {
                merchant_id: self.shop.merchant.id,
                device,
                shopper_id: None,
                known_since: None,
                session_id: None,
                sessions: 0,
                first_seen: at,
            };
            self.world.visitors.put(key, visitor);
        }
    }

    fn visitor(&self, device: Key) -> Option<&Visitor> {
        self.world.visitors.get((self.shop.merchant.id, device))
    }

    /// The session that the device was last seen in, unless retention has deleted it.
    fn session_of(&self, device: Key) -> Option<SessionId> {
        let id = self.visitor(device)?.session_id?;
        self.world.sessions.get(id).map(|session| session.id)
    }

    fn shopper(&self, id: Option<ShopperId>) -> Option<Shopper> {
        self.world.shoppers.get(id?).cloned()
    }

    /// Keeps an activity in the history of `subject`.
    fn record(&mut self, subject: Uuid, note: Note, activity: Activity) {
        self.world.recorded.push(Recorded {
            merchant_id: self.shop.merchant.id,
            subject,
            note,
            activity,
        });
    }

    /// What became of the activity that was recorded last.
    fn note(&mut self, note: Note) {
        if let Some(last) = self.world.recorded.last_mut() {
            last.note = note;
        }
    }

    /// Sets a timer to a deadline; one that has passed is due now.
    fn arm(&mut self, id: TimerId, deadline: Micros) {
        let timer = Timer {
            id,
            merchant_id: self.shop.merchant.id,
            due: deadline.max(self.now),
        };
        self.world.timers.insert(id, Some(timer));
    }

    /// Whether it has been told of this before; from now on it has.
    fn was_told(&mut self, name: Key) -> bool {
        let key = (self.shop.merchant.id, name);
        if self.world.told_once.get(key).is_some() {
            return true;
        }
        self.world.told_once.put(key, ());
        false
    }

    fn wants(&self, event_type: &str) -> bool {
        (self.shop.wants)(event_type)
    }

    fn tell(
        &mut self,
        event_type: &'static str,
        payload: Bytes,
        occurred_at: Micros,
        subject: Uuid,
        activity: Option<ActivityId>,
    ) {
        self.world.fired.push(Fired {
            merchant_id: self.shop.merchant.id,
            event_type,
            payload,
            occurred_at,
            subject,
            activity,
        });
    }

    /// Tells Flashy endpoints of a person they did not know.
    fn contact_created(&mut self, id: ShopperId, subject: Uuid, cause: ActivityId, at: Micros) {
        let account = self.shop.merchant.flashy_account_id;
        if let (Some(account), Some(shopper)) = (account, self.shopper(Some(id)))
            && self.wants("contact_created")
        {
            let payload = flashy::contact_created(account, &shopper, at);
            self.tell("contact_created", payload, at, subject, Some(cause));
        }
    }
}
