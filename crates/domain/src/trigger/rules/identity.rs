//! Who a device belongs to.

use super::Rules;
use crate::clock::Micros;
use crate::id::{SessionId, ShopperId};
use crate::trigger::Key;
use crate::trigger::activity::{Activity, Identity};
use crate::trigger::session::Session;
use crate::trigger::shopper::Shopper;

/// Whom an activity names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Met {
    /// The shopper.
    pub(super) shopper: ShopperId,
    /// Whether the store did not know them.
    pub(super) is_new: bool,
}

impl Rules<'_> {
    /// Takes over what the activity says of the person, and who that is. Who was identified before somebody else was
    /// does not get the device back, though it is reported later.
    pub(super) fn identify(&mut self, device: Key, activity: &Activity) -> Option<Met> {
        let identity = activity.identity.as_ref()?.normal();
        let known = self.visitor(device).and_then(|visitor| visitor.shopper_id);
        if !identity.identifies() {
            let known = self.known_at(device, activity.at);
            if let Some(shopper) = known.and_then(|id| self.world.shoppers.change(id)) {
                shopper.learn(&identity);
            }
            return None;
        }
        let found = self.find_shopper(&identity, known);
        let id = found.unwrap_or_else(|| self.new_shopper(&identity, activity.at));
        if let Some(shopper) = self.world.shoppers.get(id) {
            let mut learned = shopper.clone();
            learned.learn(&identity);
            if learned != *shopper {
                self.world.shoppers.put(id, learned);
            }
        }
        self.name_shopper(&identity, id);
        match (known == Some(id), self.is_overtaken(device, activity.at)) {
            (true, true) => self.know_since(device, activity.at),
            (false, false) => self.hand_over(device, id, activity.at),
            (true, false) | (false, true) => {}
        }
        Some(Met {
            shopper: id,
            is_new: found.is_none(),
        })
    }

    /// Whether somebody has been identified on the device since: what was done at this moment may be another's.
    pub(super) fn is_overtaken(&self, device: Key, at: Micros) -> bool {
        let since = self.visitor(device).and_then(|visitor| visitor.known_since);
        since.is_some_and(|since| at < since)
    }

    /// Who was known to use the device at a moment: whoever was found out later was not.
    pub(super) fn known_at(&self, device: Key, at: Micros) -> Option<ShopperId> {
        let user = self.visitor(device)?.shopper_id;
        user.filter(|_| !self.is_overtaken(device, at))
    }

    /// Whose session it was known to be at a moment, when something was done in it on a device.
    pub(super) fn owner_at(&self, id: SessionId, device: Key, at: Micros) -> Option<ShopperId> {
        let session = self.world.sessions.get(id)?;
        let owner = session.shopper_id?;
        let since = [device, session.device]
            .into_iter()
            .filter_map(|device| self.visitor(device))
            .filter(|visitor| visitor.shopper_id == Some(owner))
            .filter_map(|visitor| visitor.known_since)
            .min();
        since.is_none_or(|since| since <= at).then_some(owner)
    }

    fn know_since(&mut self, device: Key, at: Micros) {
        let key = (self.shop.merchant.id, device);
        if let Some(visitor) = self.world.visitors.change(key) {
            visitor.known_since = Some(at);
        }
    }

    /// Who this is: by email address, else by phone number unless that person has another email address, else
    /// whoever used the device, unless something speaks against it.
    fn find_shopper(&self, identity: &Identity, known: Option<ShopperId>) -> Option<ShopperId> {
        let merchant_id = self.shop.merchant.id;
        let by_key = |key: Option<Key>| Some(*self.world.shopper_keys.get((merchant_id, key?))?);
        let fits = |id: &ShopperId| {
            let shopper = self.world.shoppers.get(*id);
            shopper.is_some_and(|s| s.email.is_none() || identity.email.is_none())
        };
        let same_phone = |id: &ShopperId| {
            let shopper = self.world.shoppers.get(*id);
            shopper.is_some_and(|s| s.phone.is_none() || identity.phone.is_none())
        };
        by_key(identity.email_key())
            .or_else(|| by_key(identity.phone_key()).filter(fits))
            .or_else(|| known.filter(fits).filter(same_phone))
    }

    fn new_shopper(&mut self, identity: &Identity, at: Micros) -> ShopperId {
        let id = ShopperId::new(self.now, self.rng);
        let shopper = Shopper {
            id,
            merchant_id: self.shop.merchant.id,
            contact_id: identity.contact(self.shop.contact_key),
            email: None,
            phone: None,
            dial_code: None,
            first_name: None,
            last_name: None,
            created_at: at,
        };
        self.world.shoppers.put(id, shopper);
        id
    }

    /// Lets the shopper be found by what the identity says, where that leads to nobody else.
    fn name_shopper(&mut self, identity: &Identity, id: ShopperId) {
        for key in [identity.email_key(), identity.phone_key()]
            .into_iter()
            .flatten()
        {
            let key = (self.shop.merchant.id, key);
            if self.world.shopper_keys.get(key).is_none() {
                self.world.shopper_keys.put(key, id);
            }
        }
    }

    /// The device is this shopper's now, with its open session and its anonymous checkouts.
    fn hand_over(&mut self, device: Key, id: ShopperId, at: Micros) {
        let key = (self.shop.merchant.id, device);
        let mut session = None;
        if let Some(visitor) = self.world.visitors.change(key) {
            visitor.shopper_id = Some(id);
            visitor.known_since = Some(at);
            session = visitor.session_id;
        }
        let open = session.filter(|id| self.world.sessions.get(*id).is_some_and(Session::is_open));
        if let Some(session) = open.and_then(|id| self.world.sessions.change(id)) {
            session.shopper_id = Some(id);
        }
        for checkout_id in self.open_checkouts_of(device) {
            let anonymous = self
                .world
                .checkouts
                .get(checkout_id)
                .is_some_and(|c| c.shopper_id.is_none());
            if anonymous && let Some(checkout) = self.world.checkouts.change(checkout_id) {
                checkout.shopper_id = Some(id);
                self.supersede(checkout_id, at);
            }
        }
    }
}
