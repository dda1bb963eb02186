//! A store's checkout: opened, moved on, completed, superseded, abandoned.

use rand::RngExt as _;
use uuid::Uuid;

use super::Rules;
use crate::clock::Micros;
use crate::id::{CheckoutId, SessionId, ShopperId};
use crate::merchant::AcrClock;
use crate::trigger::activity::{Activity, ActivityKind, Note};
use crate::trigger::checkout::{Checkout, CheckoutKind, CheckoutState, Progress, Step};
use crate::trigger::payload::flexype;
use crate::trigger::timer::{TimerId, TimerKind};
use crate::trigger::{Key, data};

impl Rules<'_> {
    /// An opening, a step or an order.
    pub(super) fn check_out(
        &mut self,
        device: Key,
        named: Option<ShopperId>,
        activity: Activity,
    ) -> Uuid {
        if activity.kind == ActivityKind::OrderCompleted {
            return self.order_completed(device, named, activity);
        }
        let name = activity.visitor.checkout_id.clone().unwrap_or_default();
        let known = self
            .world
            .checkout_named(self.shop.merchant.id, CheckoutKind::Store, &name);
        let id = known.unwrap_or_else(|| self.open_checkout(device, named, &name, &activity));
        let was_open = self.world.checkouts.get(id).is_some_and(Checkout::is_open);
        if was_open {
            self.move_on(device, named, id, &activity);
        }
        if activity.kind == ActivityKind::CheckoutOpened
            && let Some(session) = self.session_behind(device, &activity)
        {
            self.convert(session, Some(id), activity.at);
        }
        let note = if was_open {
            Note::Recorded
        } else {
            Note::AfterEnd
        };
        if data::progress(&activity) == Some(Progress::Completed) {
            self.complete(id, activity.at);
        }
        self.record(id.uuid(), note, activity);
        id.uuid()
    }

    fn open_checkout(
        &mut self,
        device: Key,
        named: Option<ShopperId>,
        name: &str,
        activity: &Activity,
    ) -> CheckoutId {
        let checkout = self.new_checkout(device, named, name, activity);
        let (id, session_id) = (checkout.id, checkout.session_id);
        self.world.open_checkout(checkout);
        self.arm_checkout(id);
        if let Some(session_id) = session_id {
            self.convert(session_id, Some(id), activity.at);
        }
        self.supersede(id, activity.at);
        id
    }

    /// A checkout that opens with this activity, as it leaves the session it is opened from.
    pub(super) fn new_checkout(
        &mut self,
        device: Key,
        named: Option<ShopperId>,
        name: &str,
        activity: &Activity,
    ) -> Checkout {
        let session_id = self.session_left(device, named, activity);
        let from_session = self.world.sessions.get(session_id);
        let by_device = self.visitor(device).and_then(|visitor| visitor.shopper_id);
        let shopper_id = named
            .or(by_device)
            .or(from_session.and_then(|session| session.shopper_id));
        Checkout {
            id: self.next_checkout_id(),
            merchant_id: self.shop.merchant.id,
            kind: CheckoutKind::Store,
            client_id: name.to_owned(),
            device,
            session_id: Some(session_id),
            shopper_id,
            state: CheckoutState::Open,
            step: (Step::Initiated, activity.at),
            opened: activity.at,
            last: activity.at,
            ended: None,
            recovered: None,
            superseded_by: None,
            span: self.shop.settings.checkout_abandonment,
            sliding: self.shop.merchant.settings.acr_clock == AcrClock::Activity,
            announced: false,
            in_upsell: false,
        }
    }

    /// Ids rise in the order of opening, also within a millisecond: of two that opened at the same moment the one
    /// taken in later is the later one.
    fn next_checkout_id(&mut self) -> CheckoutId {
        let id = CheckoutId::new(self.now, self.rng);
        let newest = self.world.checkouts.all().map(|checkout| checkout.id).max();
        match newest {
            Some(newest) if newest >= id => {
                let step = 1 + u128::from(self.rng.random::<u32>());
                CheckoutId::from_uuid(Uuid::from_u128(newest.uuid().as_u128() + step))
            }
            _ => id,
        }
    }

    /// The session that a checkout is opened from. One of which nothing has been heard begins and ends with it: views
    /// that are reported late belong to it.
    fn session_left(
        &mut self,
        device: Key,
        named: Option<ShopperId>,
        activity: &Activity,
    ) -> SessionId {
        if let Some(known) = self.session_behind(device, activity) {
            return known;
        }
        let name = activity.visitor.session_id.as_deref();
        let id = self.open_session(device, named, name, activity.at);
        if self.session_of(device).is_none() {
            self.stay_in(device, id);
        }
        id
    }

    /// The session that led to a checkout: the one the activity names, or the device's.
    pub(super) fn session_behind(&self, device: Key, activity: &Activity) -> Option<SessionId> {
        match &activity.visitor.session_id {
            Some(name) => self.world.session_named(self.shop.merchant.id, name),
            None => self.session_of(device),
        }
    }

    fn arm_checkout(&mut self, id: CheckoutId) {
        if let Some(deadline) = self.world.checkouts.get(id).and_then(Checkout::deadline) {
            let timer = TimerId {
                subject: id.uuid(),
                kind: TimerKind::CheckoutAbandonment,
            };
            self.arm(timer, deadline);
        }
    }

    /// An activity of an open checkout: the latest step is kept, even one further back. An opening that is
    /// reported after a step moves the opening to where it was.
    fn move_on(
        &mut self,
        device: Key,
        named: Option<ShopperId>,
        id: CheckoutId,
        activity: &Activity,
    ) {
        let by_device = self.visitor(device).and_then(|visitor| visitor.shopper_id);
        let overtaken = self.is_overtaken(device, activity.at);
        let Some(checkout) = self.world.checkouts.change(id) else {
            return;
        };
        let user = if overtaken {
            checkout.shopper_id.or(named).or(by_device)
        } else {
            by_device
        };
        let earlier =
            activity.kind == ActivityKind::CheckoutOpened && activity.at < checkout.opened;
        if earlier {
            checkout.opened = activity.at;
        }
        checkout.last = checkout.last.max(activity.at);
        if let Some(Progress::At(step)) = data::progress(activity)
            && activity.at >= checkout.step.1
        {
            checkout.step = (step, activity.at);
        }
        let newly_known = user.is_some() && checkout.shopper_id != user;
        if newly_known {
            checkout.shopper_id = user;
        }
        if earlier {
            self.arm_checkout(id);
        }
        if earlier || newly_known {
            self.supersede(id, activity.at);
        }
    }

    /// The open checkouts of a device, of either kind.
    pub(super) fn open_checkouts_of(&self, device: Key) -> Vec<CheckoutId> {
        let merchant_id = self.shop.merchant.id;
        let mine = |checkout: &&Checkout| {
            checkout.is_open() && checkout.device == device && checkout.merchant_id == merchant_id
        };
        let mut found: Vec<CheckoutId> = self
            .world
            .checkouts
            .all()
            .filter(mine)
            .map(|c| c.id)
            .collect();
        found.sort_unstable();
        found
    }

    /// Of a shopper's checkouts only the one opened last goes on, as is found at `at`. Each other open one ended when
    /// the next was opened, if that was in time and known in time, else at its own deadline.
    pub(super) fn supersede(&mut self, id: CheckoutId, at: Micros) {
        let Some(this) = self.world.checkouts.get(id) else {
            return;
        };
        let mut related: Vec<Checkout> = self
            .world
            .checkouts
            .all()
            .filter(|other| !other.is_order_alone() && same_shopper(this, other))
            .cloned()
            .collect();
        related.sort_unstable_by_key(|checkout| (checkout.opened, checkout.id));
        for (place, checkout) in related.iter().enumerate() {
            let later = &related[place + 1..];
            let Some(next) = later.iter().find(|next| same_shopper(checkout, next)) else {
                continue;
            };
            let Some(deadline) = checkout.deadline().filter(|_| checkout.is_open()) else {
                continue;
            };
            if deadline < next.opened || deadline < at {
                self.end_checkout(checkout.id);
            } else if let Some(row) = self.world.checkouts.change(checkout.id) {
                row.state = CheckoutState::Superseded;
                row.ended = Some(next.opened);
                row.superseded_by = Some(next.id);
            }
        }
    }

    /// Ends the checkout if its deadline lies before `at`.
    pub(super) fn settle_checkout(&mut self, id: CheckoutId, at: Micros) {
        let checkout = self.world.checkouts.get(id);
        let due = checkout.is_some_and(|checkout| {
            checkout.is_open() && checkout.deadline().is_some_and(|deadline| deadline < at)
        });
        if due {
            self.end_checkout(id);
        }
    }

    /// The checkout's deadline has passed.
    pub(super) fn end_checkout(&mut self, id: CheckoutId) {
        let Some(checkout) = self.world.checkouts.get(id).cloned() else {
            return;
        };
        let Some(deadline) = checkout.deadline() else {
            return;
        };
        if checkout.kind == CheckoutKind::Funnel {
            self.close_funnel(id, deadline);
            return;
        }
        let by_device = self
            .visitor(checkout.device)
            .and_then(|visitor| visitor.shopper_id);
        let user = checkout.shopper_id.or(by_device);
        let shopper = self.shopper(user);
        if let Some(row) = self.world.checkouts.change(id) {
            row.ended = Some(deadline);
            row.shopper_id = user;
            row.state = if shopper.is_some() {
                CheckoutState::Abandoned
            } else {
                CheckoutState::ExpiredAnonymous
            };
        }
        if let Some(shopper) = shopper {
            let subjects: Vec<Uuid> = std::iter::once(id.uuid())
                .chain(checkout.session_id.map(SessionId::uuid))
                .collect();
            let history = self.world.history_until(&subjects, deadline);
            let payload = flexype::abandoned_checkout(&shopper, &checkout, &history);
            self.tell("ABANDONED_CHECKOUT", payload, deadline, id.uuid(), None);
        }
    }
}

/// Whether two store checkouts are one shopper's: the same person, or the same device where one is unknown.
fn same_shopper(one: &Checkout, other: &Checkout) -> bool {
    let known = one.shopper_id.is_some() && other.shopper_id.is_some();
    one.merchant_id == other.merchant_id
        && one.kind == CheckoutKind::Store
        && other.kind == CheckoutKind::Store
        && if known {
            one.shopper_id == other.shopper_id
        } else {
            one.device == other.device
        }
}
