//! A log as it is played in a scene, and what fired there in the words of the model.

use std::collections::BTreeMap;

use domain::clock::Micros;
use domain::id::ActivityId;
use domain::merchant::AcrClock;
use domain::trigger::Key;
use domain::trigger::activity::ActivityKind;
use domain::trigger::checkout::CheckoutKind;
use domain::trigger::world::Fired;
use serde_json::{Value, json};

use crate::model::{Act, Entry, Expected, Settings, Subject};
use crate::scene::{CARTHOOK, FLEXYPE, Scene, moment};

fn kind(act: &Act) -> ActivityKind {
    match act {
        Act::Browsed => ActivityKind::PageViewed,
        Act::Identified => ActivityKind::Identified,
        Act::ProductViewed => ActivityKind::ProductViewed,
        Act::CustomerCreated(_) => ActivityKind::CustomerCreated,
        Act::CheckoutOpened => ActivityKind::CheckoutOpened,
        Act::CheckoutStep => ActivityKind::CheckoutStep,
        Act::OrderCompleted => ActivityKind::OrderCompleted,
        Act::FunnelCreated => ActivityKind::FunnelCheckoutCreated,
        Act::FunnelEmail => ActivityKind::FunnelEmailEntered,
        Act::FunnelStep => ActivityKind::FunnelStep,
        Act::FunnelCompleted => ActivityKind::FunnelCompleted,
    }
}

/// A store, the log's clock, and which activity is which entry.
pub(super) struct Play {
    /// The store.
    pub(super) scene: Scene,
    begin: Micros,
    places: BTreeMap<ActivityId, usize>,
}

impl Play {
    pub(super) fn new(settings: &Settings) -> Self {
        let mut scene = Scene::new(&[FLEXYPE, CARTHOOK].concat());
        if settings.checkout_slides {
            scene.merchant.settings.acr_clock = AcrClock::Activity;
        }
        Self {
            scene,
            begin: moment("08:00"),
            places: BTreeMap::new(),
        }
    }

    pub(super) fn moment(&self, at: u32) -> Micros {
        Micros(self.begin.0 + i64::from(at) * 1_000_000)
    }

    pub(super) fn report(&mut self, place: usize, entry: &Entry) {
        let at = self.moment(entry.at);
        let mut doing = self.scene.doing(at).on(&entry.device);
        if let Some(name) = &entry.session {
            doing = doing.session(name);
        }
        if let Some(name) = &entry.checkout {
            doing = doing.checkout(name);
        }
        if let Some(email) = &entry.email {
            doing = doing.by(email);
        }
        let id = match &entry.act {
            Act::CustomerCreated(customer) => doing.does_with(
                ActivityKind::CustomerCreated,
                &json!({"customer_id": customer}),
            ),
            Act::OrderCompleted => {
                doing.does_with(ActivityKind::OrderCompleted, &json!({"order_id": place}))
            }
            act => doing.does(kind(act)),
        };
        self.places.insert(id, place);
    }

    /// Two engines poll at the same moment, get the same list, and fire in turn from either end of it; the one
    /// stops after `most`.
    pub(super) fn look(&mut self, most: u8) {
        let due = self.scene.due();
        for (one, other) in due.iter().zip(due.iter().rev()).take(most.into()) {
            self.scene.fire(*one);
            self.scene.fire(*other);
        }
    }

    pub(super) fn finish(&mut self) {
        let end = Micros(self.scene.now.0 + 7_200_000_000);
        self.scene.pass_until(end, true);
        assert!(self.scene.next_timer().is_none(), "every timer ends");
    }

    /// What fired, in the model's words.
    pub(super) fn events(&self) -> Vec<Expected> {
        let mut all: Vec<_> = self.scene.events().iter().map(|e| self.event(e)).collect();
        all.sort();
        all
    }

    pub(super) fn event(&self, fired: &Fired) -> Expected {
        let seconds = fired.occurred_at.since(self.begin).as_secs();
        let payload: Value = serde_json::from_slice(&fired.payload).unwrap();
        Expected {
            at: u32::try_from(seconds).unwrap(),
            event_type: fired.event_type,
            subject: self.subject(fired),
            email: payload["user"]["email"].as_str().map(str::to_owned),
        }
    }

    fn subject(&self, fired: &Fired) -> Subject {
        let world = &self.scene.world;
        if matches!(fired.event_type, "PRODUCT_VIEWED" | "NEW_CUSTOMER") {
            return Subject::Activity(self.places[&fired.activity.unwrap()]);
        }
        let checkout = world.checkouts.all().find(|c| c.id.uuid() == fired.subject);
        if let Some(checkout) = checkout {
            let name = checkout.client_id.clone();
            return match checkout.kind {
                CheckoutKind::Store => Subject::Checkout(name),
                CheckoutKind::Funnel => Subject::Funnel(name),
            };
        }
        let session = world.sessions.all().find(|s| s.id.uuid() == fired.subject);
        let session = session.unwrap();
        if let Some(name) = &session.client_id {
            return Subject::Session(name.clone());
        }
        let device = (0..3)
            .map(|number| format!("d{number}"))
            .find(|name| Key::device(name) == session.device);
        let opened = session.opened.since(self.begin).as_secs();
        Subject::Visit(device.unwrap(), u32::try_from(opened).unwrap())
    }
}
