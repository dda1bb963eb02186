//! A funnel's checkout: created, updated, completed exactly once.

use bytes::Bytes;
use uuid::Uuid;

use super::Rules;
use crate::clock::Micros;
use crate::id::{ActivityId, CheckoutId};
use crate::merchant::Store;
use crate::trigger::activity::{Activity, ActivityKind, Note};
use crate::trigger::checkout::{Checkout, CheckoutKind, CheckoutState, Step};
use crate::trigger::payload::carthook;
use crate::trigger::timer::{TimerId, TimerKind};
use crate::trigger::{Key, data};

impl Rules<'_> {
    /// Anything that happens in a funnel.
    pub(super) fn funnel(&mut self, device: Key, activity: Activity) -> Uuid {
        let name = activity.visitor.checkout_id.clone().unwrap_or_default();
        let known = self
            .world
            .checkout_named(self.shop.merchant.id, CheckoutKind::Funnel, &name);
        let id = known.unwrap_or_else(|| self.open_funnel(device, &name, &activity));
        let user = self.visitor(device).and_then(|visitor| visitor.shopper_id);
        let was_open = self.world.checkouts.get(id).is_some_and(Checkout::is_open);
        if was_open && let Some(checkout) = self.world.checkouts.change(id) {
            checkout.last = checkout.last.max(activity.at);
            checkout.shopper_id = user.or(checkout.shopper_id);
        }
        let (kind, cause, at, consent) = (
            activity.kind,
            activity.id,
            activity.at,
            data::consent(&activity),
        );
        self.record(id.uuid(), Note::AfterEnd, activity);
        if was_open {
            let note = match kind {
                ActivityKind::FunnelCheckoutCreated => self.announce(id, cause, at),
                ActivityKind::FunnelSmsEntered if !consent => Note::NoConsent,
                ActivityKind::FunnelStep => {
                    self.reach_upsell(id);
                    self.update(id, cause, at)
                }
                ActivityKind::FunnelCompleted => {
                    self.complete(id, at);
                    self.report(
                        "checkouts/completed",
                        carthook::completed,
                        id,
                        Some(cause),
                        at,
                    )
                }
                _ => self.update(id, cause, at),
            };
            self.note(note);
        }
        id.uuid()
    }

    fn open_funnel(&mut self, device: Key, name: &str, activity: &Activity) -> CheckoutId {
        let id = CheckoutId::new(self.now, self.rng);
        let session_id = self.session_behind(device, activity);
        self.world.open_checkout(Checkout {
            id,
            merchant_id: self.shop.merchant.id,
            kind: CheckoutKind::Funnel,
            client_id: name.to_owned(),
            device,
            session_id,
            shopper_id: None,
            state: CheckoutState::Open,
            step: (Step::Initiated, activity.at),
            opened: activity.at,
            last: activity.at,
            ended: None,
            recovered: None,
            superseded_by: None,
            span: self.shop.settings.upsell_inactivity,
            sliding: true,
            announced: false,
            in_upsell: false,
        });
        id
    }

    /// `checkouts/created`: once for each checkout.
    fn announce(&mut self, id: CheckoutId, cause: ActivityId, at: Micros) -> Note {
        let Some(checkout) = self.world.checkouts.change(id) else {
            return Note::Recorded;
        };
        if std::mem::replace(&mut checkout.announced, true) {
            return Note::Repeated;
        }
        self.report("checkouts/created", carthook::created, id, Some(cause), at)
    }

    fn update(&mut self, id: CheckoutId, cause: ActivityId, at: Micros) -> Note {
        self.report("checkouts/updated", carthook::updated, id, Some(cause), at)
    }

    /// From the first upsell page on the timer runs.
    fn reach_upsell(&mut self, id: CheckoutId) {
        let Some(checkout) = self.world.checkouts.change(id) else {
            return;
        };
        if std::mem::replace(&mut checkout.in_upsell, true) {
            return;
        }
        if let Some(deadline) = checkout.deadline() {
            let timer = TimerId {
                subject: id.uuid(),
                kind: TimerKind::UpsellInactivity,
            };
            self.arm(timer, deadline);
        }
    }

    fn report(
        &mut self,
        event_type: &'static str,
        payload: fn(&Store, &[Activity]) -> Bytes,
        id: CheckoutId,
        cause: Option<ActivityId>,
        at: Micros,
    ) -> Note {
        if cause.is_some() && !self.wants(event_type) {
            return Note::NoSubscriber;
        }
        let history = self.world.history(&[id.uuid()]);
        let payload = payload(&self.shop.merchant.store, &history);
        self.tell(event_type, payload, at, id.uuid(), cause);
        Note::Fired
    }

    /// An upsell page stayed quiet: the order is closed as it stands.
    pub(super) fn close_funnel(&mut self, id: CheckoutId, deadline: Micros) {
        self.complete(id, deadline);
        self.report(
            "checkouts/completed",
            carthook::completed,
            id,
            None,
            deadline,
        );
    }
}
