//! A store in virtual time: shoppers act, timers come due, events fire. Nothing waits: a day takes microseconds.

mod doing;
mod stored;

use std::time::Duration;

use domain::clock::Micros;
use domain::id::{CheckoutId, MerchantId, SessionId};
use domain::merchant::{AcrClock, Merchant, MerchantSettings, Store};
use domain::trigger::TriggerSettings;
use domain::trigger::activity::Note;
use domain::trigger::checkout::{Checkout, CheckoutKind};
use domain::trigger::rules::{Rules, Shop};
use domain::trigger::session::Session;
use domain::trigger::timer::{Timer, TimerId};
use domain::trigger::world::{Fired, World};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::Value;
use uuid::Uuid;

pub(crate) use self::doing::Doing;
use self::stored::Stored;

/// 2026-05-07T00:00:00Z, in seconds.
const MIDNIGHT: i64 = 1_778_112_000;
/// What contact ids are made with.
const CONTACT_KEY: [u8; 32] = [7; 32];

/// The types that `FlexyPe` endpoints subscribe to.
pub(crate) const FLEXYPE: &[&str] = &[
    "PRODUCT_VIEWED",
    "COLLECTION_VIEWED",
    "ABANDONED_SESSION",
    "ABANDONED_CHECKOUT",
    "NEW_CUSTOMER",
];
/// Those of Flashy endpoints that activities cause.
pub(crate) const FLASHY: &[&str] = &["page_view", "add_to_cart", "purchase", "contact_created"];
/// Those of `CartHook` endpoints that activities cause.
pub(crate) const CARTHOOK: &[&str] = &[
    "checkouts/created",
    "checkouts/updated",
    "checkouts/completed",
];

/// `10:05`, or `10:05:30`, of the scene's day.
pub(crate) fn moment(text: &str) -> Micros {
    let mut parts = text.split(':').map(|part| part.parse::<i64>().unwrap());
    let mut part = || parts.next().unwrap_or_default();
    let seconds = part() * 3_600 + part() * 60 + part();
    Micros((MIDNIGHT + seconds) * 1_000_000)
}

/// The other way round; seconds only where they are not zero.
pub(crate) fn clock_time(at: Micros) -> String {
    let text = at.rfc3339_seconds();
    let time = &text[11..19];
    time.strip_suffix(":00").unwrap_or(time).to_owned()
}

/// One store with its rows, its clock and what fired in it.
pub(crate) struct Scene {
    /// The merchant.
    pub(crate) merchant: Merchant,
    /// How long timers run.
    pub(crate) settings: TriggerSettings,
    /// The types that somebody subscribes to.
    pub(crate) subscribed: Vec<&'static str>,
    /// The rows, of this store and of any that shares them.
    pub(crate) world: World,
    /// The present moment.
    pub(crate) now: Micros,
    stored: Stored,
    rng: StdRng,
    told: Vec<Fired>,
    activities: u128,
}

impl Scene {
    /// A store whose endpoints subscribe to these types.
    pub(crate) fn new(subscribed: &[&'static str]) -> Self {
        let made = moment("00:00");
        Self {
            merchant: merchant(1, made),
            settings: TriggerSettings::default(),
            subscribed: subscribed.to_vec(),
            world: World::default(),
            now: made,
            stored: Stored::default(),
            rng: StdRng::seed_from_u64(7),
            told: Vec::new(),
            activities: 0,
        }
    }

    /// A store with `FlexyPe` endpoints.
    pub(crate) fn flexype() -> Self {
        Self::new(FLEXYPE)
    }

    /// The same, where checkouts run on the clock of their last activity.
    pub(crate) fn flexype_with_activity_clock() -> Self {
        let mut scene = Self::flexype();
        scene.merchant.settings.acr_clock = AcrClock::Activity;
        scene
    }

    /// Goes to another store of the same rows; what happens from here on happens there.
    pub(crate) fn in_store(&mut self, number: u128) -> &mut Self {
        self.merchant = merchant(number, self.merchant.created_at);
        self
    }

    /// Time passes to `text`; what comes due before fires. Something happens at this very moment.
    pub(crate) fn at(&mut self, text: &str) -> Doing<'_> {
        let at = moment(text);
        self.pass_until(at, false);
        self.doing(at)
    }

    /// Something is reported now that happened at `text`.
    pub(crate) fn reported(&mut self, text: &str) -> Doing<'_> {
        self.doing(moment(text))
    }

    /// Something is reported now that happened at `at`.
    pub(crate) fn doing(&mut self, at: Micros) -> Doing<'_> {
        Doing::new(self, at)
    }

    /// Time passes; what comes due on the way fires, up to and including this moment.
    pub(crate) fn run_until(&mut self, text: &str) -> &mut Self {
        self.pass_until(moment(text), true);
        self
    }

    /// Time passes while nobody looks at the timers.
    pub(crate) fn sleep_until(&mut self, text: &str) -> &mut Self {
        self.now = moment(text);
        self
    }

    /// Fires, in their order, the timers due before `at`, or also at it.
    pub(crate) fn pass_until(&mut self, at: Micros, inclusive: bool) {
        assert!(at >= self.now, "time runs forward");
        while let Some(timer) = self.next_timer() {
            if timer.due > at || (timer.due == at && !inclusive) {
                break;
            }
            self.now = self.now.max(timer.due);
            self.fire(timer.id);
        }
        self.now = at;
    }

    /// The timer to look at next.
    pub(crate) fn next_timer(&self) -> Option<Timer> {
        let set = self.world.timers.values().flatten();
        set.min_by_key(|timer| (timer.due, timer.id)).copied()
    }

    /// The timers that are due, as an engine's poll finds them.
    pub(crate) fn due(&self) -> Vec<TimerId> {
        let set = self.world.timers.values().flatten();
        let mut due: Vec<_> = set.filter(|timer| timer.due <= self.now).collect();
        due.sort_by_key(|timer| (timer.due, timer.id));
        due.into_iter().map(|timer| timer.id).collect()
    }

    /// Looks at a timer, now, in the store that it is set in.
    pub(crate) fn fire(&mut self, timer: TimerId) {
        let here = self.merchant.clone();
        if let Some(Some(set)) = self.world.timers.get(&timer)
            && set.merchant_id != here.id
        {
            self.merchant = merchant(set.merchant_id.uuid().as_u128(), here.created_at);
        }
        self.decide(|rules| rules.fire(timer));
        self.merchant = here;
    }

    fn decide(&mut self, work: impl FnOnce(&mut Rules<'_>)) {
        let subscribed = &self.subscribed;
        let wants = |event_type: &str| subscribed.contains(&event_type);
        let mut key = CONTACT_KEY;
        key[0] = self.merchant.id.uuid().as_bytes()[15];
        work(&mut Rules {
            shop: Shop {
                merchant: &self.merchant,
                wants: &wants,
                contact_key: &key,
                settings: &self.settings,
            },
            world: &mut self.world,
            now: self.now,
            rng: &mut self.rng,
        });
        assert!(self.world.missing().is_empty(), "everything is loaded");
        self.told.append(&mut self.world.fired);
    }

    /// The process ends and another begins: only what is stored is left.
    pub(crate) fn restart(&mut self) {
        self.world = self.stored.save_and_load(&self.world);
    }

    /// What fired, in order, in full.
    pub(crate) fn events(&self) -> &[Fired] {
        &self.told
    }

    /// What fired, each as `10:15 ABANDONED_SESSION`, in order of firing.
    pub(crate) fn fired(&self) -> Vec<String> {
        let line =
            |fired: &Fired| format!("{} {}", clock_time(fired.occurred_at), fired.event_type);
        self.told.iter().map(line).collect()
    }

    /// The payloads of one type.
    pub(crate) fn payloads(&self, event_type: &str) -> Vec<Value> {
        let those = self
            .told
            .iter()
            .filter(|fired| fired.event_type == event_type);
        those
            .map(|fired| serde_json::from_slice(&fired.payload).unwrap())
            .collect()
    }

    /// The one payload of a type.
    pub(crate) fn payload(&self, event_type: &str) -> Value {
        let mut all = self.payloads(event_type);
        assert_eq!(all.len(), 1, "one {event_type}");
        all.remove(0)
    }

    /// The sessions, oldest first.
    pub(crate) fn sessions(&self) -> Vec<&Session> {
        let mut all: Vec<_> = self.world.sessions.all().collect();
        all.sort_by_key(|session| (session.opened, session.id));
        all
    }

    /// The states of the sessions, oldest first.
    pub(crate) fn session_states(&self) -> Vec<&'static str> {
        let all = self.sessions();
        all.iter().map(|session| session.state.as_str()).collect()
    }

    /// A checkout of the store by the platform's id.
    pub(crate) fn checkout(&self, name: &str) -> &Checkout {
        self.checkout_of(CheckoutKind::Store, name)
    }

    /// A checkout by kind and the platform's id.
    pub(crate) fn checkout_of(&self, kind: CheckoutKind, name: &str) -> &Checkout {
        let id = self.world.checkout_named(self.merchant.id, kind, name);
        self.world.checkouts.get(id.unwrap()).unwrap()
    }

    /// What a subject is called: the platform's id of it, or the session's device and opening.
    pub(crate) fn name_of(&self, subject: Uuid) -> String {
        if let Some(checkout) = self.world.checkouts.get(CheckoutId::from_uuid(subject)) {
            return checkout.client_id.clone();
        }
        let session = self.world.sessions.get(SessionId::from_uuid(subject));
        let session = session.unwrap();
        session
            .client_id
            .clone()
            .unwrap_or_else(|| clock_time(session.opened))
    }

    /// What became of the newest activity.
    pub(crate) fn note(&self) -> Note {
        self.world.recorded.last().unwrap().note
    }
}

fn merchant(number: u128, made: Micros) -> Merchant {
    Merchant {
        id: MerchantId::from_uuid(Uuid::from_u128(number)),
        name: "My Store".to_owned(),
        store: Store {
            currency: Some("INR".to_owned()),
            ..Store::sample()
        },
        flashy_account_id: Some(246),
        settings: MerchantSettings::default(),
        suspended: false,
        created_at: made,
        updated_at: made,
    }
}

/// So many minutes.
pub(crate) const fn minutes(count: u64) -> Duration {
    Duration::from_mins(count)
}
