//! Orders: what they end, and what is told of them.

use std::time::Duration;

use uuid::Uuid;

use super::Rules;
use crate::clock::Micros;
use crate::id::{CheckoutId, ShopperId};
use crate::trigger::activity::{Activity, Note};
use crate::trigger::checkout::{Checkout, CheckoutKind, CheckoutState};
use crate::trigger::payload::flashy;
use crate::trigger::{Key, data};

/// An order that is reported later than this was not seen as it happened.
const DELAYED: Duration = Duration::from_mins(1);

/// For so long after its opening an abandoned checkout is recovered by an order that names none.
pub const RECOVERY: Duration = Duration::from_hours(7 * 24);

impl Rules<'_> {
    /// An order: it completes its checkout, or the one that is meant, and is told to Flashy once.
    pub(super) fn order_completed(
        &mut self,
        device: Key,
        named: Option<ShopperId>,
        activity: Activity,
    ) -> Uuid {
        let user = named.or_else(|| self.known_at(device, activity.at));
        let repeated =
            data::order_id(&activity).is_some_and(|order| self.was_told(Key::order(&order)));
        let session = self.session_behind(device, &activity);
        let id = match activity.visitor.checkout_id.clone() {
            Some(name) => {
                let known =
                    self.world
                        .checkout_named(self.shop.merchant.id, CheckoutKind::Store, &name);
                Some(known.unwrap_or_else(|| self.order_alone(device, named, &name, &activity)))
            }
            None if repeated => None,
            None => self.checkout_meant(device, user, activity.at),
        };
        if let Some(id) = id {
            self.complete(id, activity.at);
        }
        if let Some(session) = session {
            self.settle_session(session, activity.at);
            self.convert(session, id, activity.at);
        }
        let subject = match (id, session) {
            (Some(id), _) => id.uuid(),
            (None, Some(session)) => session.uuid(),
            (None, None) => activity.id.uuid(),
        };
        let note = if repeated {
            Note::Repeated
        } else {
            self.purchased(user, id, subject, &activity)
        };
        self.record(subject, note, activity);
        subject
    }

    /// A checkout of which the order is the first that is heard: completed from the beginning, it takes the place of
    /// no other.
    fn order_alone(
        &mut self,
        device: Key,
        named: Option<ShopperId>,
        name: &str,
        activity: &Activity,
    ) -> CheckoutId {
        let opened = self.new_checkout(device, named, name, activity);
        let (id, session_id) = (opened.id, opened.session_id);
        self.world.open_checkout(Checkout {
            state: CheckoutState::Completed,
            ended: Some(activity.at),
            span: Duration::ZERO,
            ..opened
        });
        if let Some(session_id) = session_id {
            self.convert(session_id, Some(id), activity.at);
        }
        id
    }

    fn purchased(
        &mut self,
        user: Option<ShopperId>,
        id: Option<CheckoutId>,
        subject: Uuid,
        activity: &Activity,
    ) -> Note {
        if !self.wants("purchase") {
            return Note::Recorded;
        }
        let checkout = id.and_then(|id| self.world.checkouts.get(id));
        let user = user.or(checkout.and_then(|checkout| checkout.shopper_id));
        let Some(shopper) = self.shopper(user) else {
            return Note::Anonymous;
        };
        let Some(account) = self.shop.merchant.flashy_account_id else {
            return Note::NoAccount;
        };
        let currency = self.shop.merchant.store.currency.as_deref();
        let delayed = self.now.since(activity.at) > DELAYED;
        let payload = flashy::purchase(account, &shopper, currency, delayed, activity);
        self.tell("purchase", payload, activity.at, subject, Some(activity.id));
        Note::Fired
    }

    /// The order is placed: no abandonment; after one, only a note of the recovery.
    pub(super) fn complete(&mut self, id: CheckoutId, at: Micros) {
        let Some(checkout) = self.world.checkouts.change(id) else {
            return;
        };
        match checkout.state {
            CheckoutState::Open => {
                checkout.state = CheckoutState::Completed;
                checkout.ended = Some(at.max(checkout.opened));
            }
            CheckoutState::Abandoned => {
                checkout.recovered.get_or_insert(at);
            }
            CheckoutState::Completed
            | CheckoutState::Superseded
            | CheckoutState::ExpiredAnonymous => {}
        }
    }

    /// The checkout of an order that names none: the newest that the device or its shopper has open, else the newest
    /// that was abandoned, if that has not been recovered.
    fn checkout_meant(
        &self,
        device: Key,
        user: Option<ShopperId>,
        at: Micros,
    ) -> Option<CheckoutId> {
        let merchant_id = self.shop.merchant.id;
        let mine = |checkout: &&Checkout| {
            checkout.kind == CheckoutKind::Store
                && checkout.merchant_id == merchant_id
                && checkout.opened <= at
                && (checkout.device == device || (user.is_some() && checkout.shopper_id == user))
        };
        let goes_on = |checkout: &&Checkout| {
            checkout.is_open() && checkout.deadline().is_none_or(|deadline| at <= deadline)
        };
        let left = |checkout: &&Checkout| {
            checkout.state == CheckoutState::Abandoned && checkout.opened > at - RECOVERY
        };
        let all = || self.world.checkouts.all().filter(mine);
        let newest = |one: &&Checkout| (one.opened, one.id);
        let found = all().filter(goes_on).max_by_key(newest).or_else(|| {
            let abandoned = all().filter(left).max_by_key(newest);
            abandoned.filter(|checkout| checkout.recovered.is_none())
        });
        found.map(|checkout| checkout.id)
    }
}
