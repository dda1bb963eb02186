//! Browsing: sessions, and what fires at once while a shopper browses.

use uuid::Uuid;

use super::Rules;
use crate::clock::Micros;
use crate::id::{CheckoutId, SessionId, ShopperId};
use crate::trigger::activity::{Activity, ActivityKind, Note};
use crate::trigger::payload::{flashy, flexype};
use crate::trigger::session::{Session, SessionState};
use crate::trigger::shopper::Shopper;
use crate::trigger::timer::{TimerId, TimerKind};
use crate::trigger::{Key, data};

impl Rules<'_> {
    /// A view, a cart, an identification: it belongs to a session and moves its deadline.
    pub(super) fn browse(
        &mut self,
        device: Key,
        named: Option<ShopperId>,
        mut activity: Activity,
    ) -> Uuid {
        let id = self.session_for(device, named, &activity);
        let known = named.or_else(|| self.known_at(device, activity.at));
        let user = known.or_else(|| self.owner_at(id, device, activity.at));
        let overtaken = self.is_overtaken(device, activity.at);
        let mut open = false;
        if let Some(session) = self.world.sessions.get(id) {
            activity.at = activity.at.max(session.opened);
            open = session.is_open();
        }
        if open && let Some(session) = self.world.sessions.change(id) {
            session.last = session.last.max(activity.at);
            session.shopper_id = if overtaken {
                session.shopper_id.or(known)
            } else {
                known.or(session.shopper_id)
            };
        }
        self.stay_in(device, id);
        let note = match self.at_once(device, id, user, &activity) {
            Note::Recorded if !open => Note::AfterEnd,
            note => note,
        };
        self.record(id.uuid(), note, activity);
        id.uuid()
    }

    /// The session an activity belongs to: the one it names, or the device's. After that has ended, what happens
    /// later opens a new one; what had happened before is its own still.
    fn session_for(
        &mut self,
        device: Key,
        named: Option<ShopperId>,
        activity: &Activity,
    ) -> SessionId {
        let name = activity.visitor.session_id.as_deref();
        let found = if let Some(name) = name {
            self.world.session_named(self.shop.merchant.id, name)
        } else {
            self.session_of(device).filter(|id| {
                self.world.sessions.get(*id).is_some_and(|session| {
                    session.ended.is_none_or(|ended| activity.at <= ended)
                        || self.is_login_at_checkout(session, activity)
                })
            })
        };
        found.unwrap_or_else(|| {
            let id = self.open_session(device, named, name, activity.at);
            self.arm_session(id);
            id
        })
    }

    /// Who logs in at the checkout that a session led to does not browse: it is no new visit.
    fn is_login_at_checkout(&self, session: &Session, activity: &Activity) -> bool {
        let checkout = session
            .checkout_id
            .and_then(|id| self.world.checkouts.get(id));
        let goes_on = checkout
            .filter(|checkout| checkout.is_open())
            .is_some_and(|checkout| {
                checkout
                    .deadline()
                    .is_none_or(|deadline| activity.at <= deadline)
            });
        goes_on && activity.kind == ActivityKind::Identified && activity.identity.is_some()
    }

    fn arm_session(&mut self, id: SessionId) {
        if let Some(deadline) = self.world.sessions.get(id).map(Session::deadline) {
            let timer = TimerId {
                subject: id.uuid(),
                kind: TimerKind::SessionInactivity,
            };
            self.arm(timer, deadline);
        }
    }

    /// A new session, of which nobody awaits the end yet.
    pub(super) fn open_session(
        &mut self,
        device: Key,
        named: Option<ShopperId>,
        name: Option<&str>,
        at: Micros,
    ) -> SessionId {
        let id = SessionId::new(self.now, self.rng);
        let key = (self.shop.merchant.id, device);
        let mut shopper_id = named;
        if let Some(visitor) = self.world.visitors.change(key) {
            visitor.sessions = visitor.sessions.saturating_add(1);
            shopper_id = named.or(visitor.shopper_id);
        }
        let session = Session {
            id,
            merchant_id: self.shop.merchant.id,
            client_id: name.map(str::to_owned),
            device,
            shopper_id,
            state: SessionState::Active,
            opened: at,
            last: at,
            ended: None,
            span: self.shop.settings.session_inactivity,
            checkout_id: None,
        };
        self.world.open_session(session);
        id
    }

    /// The device is in this session now.
    pub(super) fn stay_in(&mut self, device: Key, id: SessionId) {
        if self
            .visitor(device)
            .is_some_and(|visitor| visitor.session_id != Some(id))
            && let Some(visitor) = self.world.visitors.change((self.shop.merchant.id, device))
        {
            visitor.session_id = Some(id);
        }
    }

    fn at_once(
        &mut self,
        device: Key,
        session: SessionId,
        user: Option<ShopperId>,
        activity: &Activity,
    ) -> Note {
        let shopper = self.shopper(user);
        match activity.kind {
            ActivityKind::ProductViewed => self.viewed(
                "PRODUCT_VIEWED",
                flexype::product_viewed,
                session,
                shopper,
                activity,
            ),
            ActivityKind::CollectionViewed => self.viewed(
                "COLLECTION_VIEWED",
                flexype::collection_viewed,
                session,
                shopper,
                activity,
            ),
            ActivityKind::PageViewed => {
                self.page_viewed(device, session, shopper.as_ref(), activity)
            }
            ActivityKind::CartUpdated if data::added(activity) => {
                self.added_to_cart(session, shopper.as_ref(), activity)
            }
            _ => Note::Recorded,
        }
    }

    fn viewed(
        &mut self,
        event_type: &'static str,
        payload: fn(&Shopper, &Activity) -> bytes::Bytes,
        session: SessionId,
        shopper: Option<Shopper>,
        activity: &Activity,
    ) -> Note {
        let Some(shopper) = shopper else {
            return Note::Anonymous;
        };
        if !self.wants(event_type) {
            return Note::NoSubscriber;
        }
        let payload = payload(&shopper, activity);
        self.tell(
            event_type,
            payload,
            activity.at,
            session.uuid(),
            Some(activity.id),
        );
        Note::Fired
    }

    /// Flashy's view of a page: it fires for unknown visitors too.
    fn page_viewed(
        &mut self,
        device: Key,
        session: SessionId,
        shopper: Option<&Shopper>,
        activity: &Activity,
    ) -> Note {
        if !self.wants("page_view") {
            return Note::Recorded;
        }
        let (Some(account), Some(visitor)) =
            (self.shop.merchant.flashy_account_id, self.visitor(device))
        else {
            return Note::NoAccount;
        };
        let payload = flashy::page_view(account, visitor, shopper, activity);
        self.tell(
            "page_view",
            payload,
            activity.at,
            session.uuid(),
            Some(activity.id),
        );
        Note::Fired
    }

    fn added_to_cart(
        &mut self,
        session: SessionId,
        shopper: Option<&Shopper>,
        activity: &Activity,
    ) -> Note {
        if !self.wants("add_to_cart") {
            return Note::Recorded;
        }
        let Some(account) = self.shop.merchant.flashy_account_id else {
            return Note::NoAccount;
        };
        let currency = self.shop.merchant.store.currency.as_deref();
        let payload = flashy::add_to_cart(account, shopper, currency, activity);
        self.tell(
            "add_to_cart",
            payload,
            activity.at,
            session.uuid(),
            Some(activity.id),
        );
        Note::Fired
    }

    /// A store account was made: told once for each customer, whoever logs in later.
    pub(super) fn customer_created(
        &mut self,
        device: Key,
        named: Option<ShopperId>,
        activity: Activity,
    ) -> Uuid {
        let user = named.or_else(|| self.known_at(device, activity.at));
        let session = self.session_of(device);
        let subject = session.map_or(activity.id.uuid(), SessionId::uuid);
        let note = self.new_customer(subject, user, &activity);
        self.record(subject, note, activity);
        subject
    }

    fn new_customer(
        &mut self,
        subject: Uuid,
        user: Option<ShopperId>,
        activity: &Activity,
    ) -> Note {
        let Some(customer) = data::customer_id(activity) else {
            return Note::Recorded;
        };
        if self.was_told(Key::customer(&customer)) {
            return Note::Repeated;
        }
        let Some(shopper) = self.shopper(user) else {
            return Note::Anonymous;
        };
        if !self.wants("NEW_CUSTOMER") {
            return Note::NoSubscriber;
        }
        let payload = flexype::new_customer(&shopper, activity);
        self.tell(
            "NEW_CUSTOMER",
            payload,
            activity.at,
            subject,
            Some(activity.id),
        );
        Note::Fired
    }

    /// Ends the session if its deadline lies before `at`.
    pub(super) fn settle_session(&mut self, id: SessionId, at: Micros) {
        let due = self
            .world
            .sessions
            .get(id)
            .is_some_and(|session| session.is_open() && session.deadline() < at);
        if due {
            self.end_session(id);
        }
    }

    /// The session's deadline has passed: abandoned, or expired where nobody is known.
    pub(super) fn end_session(&mut self, id: SessionId) {
        let Some(session) = self.world.sessions.get(id) else {
            return;
        };
        let (deadline, device) = (session.deadline(), session.device);
        let user = session
            .shopper_id
            .or_else(|| self.known_at(device, deadline));
        let shopper = self.shopper(user);
        if let Some(session) = self.world.sessions.change(id) {
            session.ended = Some(deadline);
            session.shopper_id = user;
            session.state = if shopper.is_some() {
                SessionState::Abandoned
            } else {
                SessionState::ExpiredAnonymous
            };
        }
        if let Some(shopper) = shopper {
            let history = self.world.history_until(&[id.uuid()], deadline);
            let payload = flexype::abandoned_session(&shopper, &history);
            self.tell("ABANDONED_SESSION", payload, deadline, id.uuid(), None);
        }
    }

    /// A checkout was opened from the session, or an order placed: it will not be abandoned.
    pub(super) fn convert(&mut self, id: SessionId, by: Option<CheckoutId>, at: Micros) {
        if self.world.sessions.get(id).is_some_and(Session::is_open)
            && let Some(session) = self.world.sessions.change(id)
        {
            session.state = SessionState::Converted;
            session.ended = Some(at.max(session.opened));
            session.checkout_id = by;
        }
    }
}
