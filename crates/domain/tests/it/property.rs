//! Random visits, however they are delivered, cause the events of the model, each once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use domain::clock::Micros;
use domain::id::ActivityId;
use domain::merchant::AcrClock;
use domain::trigger::activity::ActivityKind;
use domain::trigger::checkout::CheckoutKind;
use domain::trigger::world::Fired;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};
use serde_json::json;

use crate::model::{Act, Entry, Expected, Settings, Subject, expected};
use crate::scene::{CARTHOOK, FLEXYPE, Scene, moment};

/// How many random visits are tried; `PROPTEST_CASES` says otherwise.
const CASES: u32 = 2_000;
/// Seconds between the moments at which anything happens: coarse, so that ties are common.
const GRID: u32 = 150;
/// How many moments a log spans.
const MOMENTS: u32 = 24;

fn config() -> Config {
    let given = std::env::var("PROPTEST_CASES").ok();
    Config {
        cases: given.and_then(|cases| cases.parse().ok()).unwrap_or(CASES),
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    }
}

/// Fails with the smallest case that fails, a line to an entry.
fn show<T: std::fmt::Debug>(outcome: Result<(), TestError<(Vec<Entry>, bool, T)>>) {
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, (log, slides, delivery))) => {
            let lines: Vec<_> = log.iter().map(|entry| format!("{entry:?}")).collect();
            let lines = lines.join("\n");
            panic!("{reason}\n{lines}\nslides: {slides}\n{delivery:?}");
        }
        Err(other) => panic!("{other}"),
    }
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => Just(Act::Browsed),
        2 => Just(Act::Identified),
        3 => Just(Act::ProductViewed),
        1 => (0..2_u8).prop_map(|n| Act::CustomerCreated(n.to_string())),
        3 => Just(Act::CheckoutOpened),
        2 => Just(Act::CheckoutStep),
        2 => Just(Act::OrderCompleted),
        1 => Just(Act::FunnelCreated),
        1 => Just(Act::FunnelEmail),
        2 => Just(Act::FunnelStep),
        1 => Just(Act::FunnelCompleted),
    ]
}

/// A log. Either sessions have names, or devices change hands: a device that changes hands while it has several
/// sessions open is nobody's in particular.
fn log() -> impl Strategy<Value = Vec<Entry>> {
    any::<bool>().prop_flat_map(|named| {
        let entry = (
            0..MOMENTS,
            0..3_usize,
            0..3_usize,
            0..4_usize,
            0..6_usize,
            act(),
        );
        let entry = entry.prop_map(move |(at, device, session, checkout, person, act)| {
            let person = match person {
                0 => Some(if named { device / 2 } else { 0 }),
                1 => Some(if named { device / 2 } else { 1 }),
                _ => None,
            };
            let needs = !matches!(act, Act::OrderCompleted);
            let session = (named && session > 0).then(|| format!("s{device}{session}"));
            Entry {
                at: at * GRID,
                device: format!("d{device}"),
                session,
                checkout: (needs || checkout > 0).then(|| format!("c{checkout}")),
                email: person.map(|n| format!("{n}@example.com")),
                act,
            }
        });
        proptest::collection::vec(entry, 1..16)
    })
}

/// How a log reaches the engines.
#[derive(Debug, Clone)]
struct Delivery {
    /// For each moment of the grid: whether what happened so far is reported now.
    reports: Vec<bool>,
    /// And whether the timers are looked at, and then: how many of those that are due are fired.
    looks: Vec<Option<u8>>,
    /// And whether the process ends.
    restarts: Vec<bool>,
}

fn delivery() -> impl Strategy<Value = Delivery> {
    let moments = MOMENTS as usize + 10;
    let some = |ones: u32, of: u32| {
        proptest::collection::vec(
            proptest::bool::weighted(f64::from(ones) / f64::from(of)),
            moments,
        )
    };
    let looks = proptest::collection::vec(proptest::option::of(0..8_u8), moments);
    (some(2, 3), looks, some(1, 8)).prop_map(|(reports, looks, restarts)| Delivery {
        reports,
        looks,
        restarts,
    })
}

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
struct Play {
    scene: Scene,
    begin: Micros,
    places: BTreeMap<ActivityId, usize>,
}

impl Play {
    fn new(settings: &Settings) -> Self {
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

    fn moment(&self, at: u32) -> Micros {
        Micros(self.begin.0 + i64::from(at) * 1_000_000)
    }

    fn report(&mut self, place: usize, entry: &Entry) {
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
            act => doing.does(kind(act)),
        };
        self.places.insert(id, place);
    }

    /// Two engines poll at the same moment, get the same list, and fire in turn from either end of it; the one
    /// stops after `most`.
    fn look(&mut self, most: u8) {
        let due = self.scene.due();
        for (one, other) in due.iter().zip(due.iter().rev()).take(most.into()) {
            self.scene.fire(*one);
            self.scene.fire(*other);
        }
    }

    fn finish(&mut self) {
        let end = Micros(self.scene.now.0 + 7_200_000_000);
        self.scene.pass_until(end, true);
        assert!(self.scene.next_timer().is_none(), "every timer ends");
    }

    /// What fired, in the model's words.
    fn events(&self) -> Vec<Expected> {
        let mut all: Vec<_> = self.scene.events().iter().map(|e| self.event(e)).collect();
        all.sort();
        all
    }

    fn event(&self, fired: &Fired) -> Expected {
        let seconds = fired.occurred_at.since(self.begin).as_secs();
        let payload: serde_json::Value = serde_json::from_slice(&fired.payload).unwrap();
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
        match &session.client_id {
            Some(name) => Subject::Session(name.clone()),
            None => {
                let device = (0..3)
                    .map(|n| format!("d{n}"))
                    .find(|name| domain::trigger::Key::device(name) == session.device);
                let opened = session.opened.since(self.begin).as_secs();
                Subject::Visit(device.unwrap(), u32::try_from(opened).unwrap())
            }
        }
    }
}

/// Reports the log in order, in batches, with looks and restarts between them.
fn play_in_order(log: &[Entry], settings: &Settings, delivery: &Delivery) -> Vec<Expected> {
    let mut play = Play::new(settings);
    let mut waiting: Vec<(usize, &Entry)> = log.iter().enumerate().collect();
    waiting.sort_by_key(|(_, entry)| entry.at);
    let mut waiting = VecDeque::from(waiting);
    for (step, reports) in delivery.reports.iter().enumerate() {
        let now = u32::try_from(step).unwrap() * GRID;
        play.scene.now = play.moment(now);
        let look = delivery.looks[step];
        while (*reports || look.is_some())
            && let Some((place, entry)) = waiting.front().copied()
            && entry.at <= now
        {
            play.report(place, entry);
            waiting.pop_front();
        }
        if let Some(most) = look {
            play.look(most);
        }
        if delivery.restarts[step] {
            play.scene.restart();
        }
    }
    while let Some((place, entry)) = waiting.pop_front() {
        play.report(place, entry);
    }
    play.finish();
    play.events()
}

#[test]
fn however_a_log_is_cut_polled_and_restarted_the_events_of_the_contract_fire_each_once() {
    let strategy = (log(), any::<bool>(), delivery());
    let outcome = TestRunner::new(config()).run(&strategy, |(log, slides, delivery)| {
        let settings = Settings {
            checkout_slides: slides,
            ..Settings::default()
        };
        let fired = play_in_order(&log, &settings, &delivery);
        prop_assert_eq!(fired, expected(&log, &settings));
        Ok(())
    });
    show(outcome);
}

/// Reports the log in any order, at any time after it happened, timers polled in between.
fn play_out_of_order(log: &[Entry], order: &[(u32, u32)], settings: &Settings) -> Play {
    let mut play = Play::new(settings);
    let mut reports: Vec<(u32, usize)> = log
        .iter()
        .zip(order)
        .enumerate()
        .map(|(place, (entry, (late, _)))| (entry.at + late, place))
        .collect();
    reports.sort_by_key(|(at, place)| (*at, order[*place].1));
    for (at, place) in reports {
        let now = play.moment(at);
        if order[place].1 % 2 == 0 {
            play.scene.pass_until(now, false);
        } else {
            play.scene.now = now;
        }
        play.report(place, &log[place]);
        if order[place].1 % 5 == 0 {
            play.scene.restart();
        }
    }
    play.finish();
    play
}

/// What holds in whatever order a log is reported: `fired` in order of firing.
fn check_out_of_order(log: &[Entry], play: &Play) -> Result<(), TestCaseError> {
    let mut ended = BTreeSet::new();
    for fired in play.scene.events() {
        let event = play.event(fired);
        let once = match event.event_type {
            "ABANDONED_SESSION" | "ABANDONED_CHECKOUT" | "checkouts/completed" => {
                ended.insert(fired.subject)
            }
            "checkouts/updated" | "checkouts/created" => !ended.contains(&fired.subject),
            _ => true,
        };
        prop_assert!(once, "after its end: {event:?}");
        if !event.event_type.starts_with("checkouts/") {
            let known = log.iter().any(|entry| entry.email == event.email);
            prop_assert!(event.email.is_some() && known, "nobody's: {event:?}");
        }
    }
    Ok(())
}

/// Contract 84, 90, whatever the order: no checkout is abandoned whose completion was known by then.
fn completed_in_time(log: &[Entry], order: &[(u32, u32)], event: &Expected) -> bool {
    let Subject::Checkout(name) = &event.subject else {
        return false;
    };
    log.iter().zip(order).any(|(entry, (late, _))| {
        entry.act == Act::OrderCompleted
            && entry.checkout.as_ref() == Some(name)
            && entry.at + late < event.at
    })
}

#[test]
fn contract_083_084_092_in_any_order_nothing_is_abandoned_twice_or_anonymously_or_after_its_completion()
 {
    let order = proptest::collection::vec((0..3_000_u32, any::<u32>()), 16);
    let strategy = (log(), any::<bool>(), order);
    let outcome = TestRunner::new(config()).run(&strategy, |(log, slides, order)| {
        let settings = Settings {
            checkout_slides: slides,
            ..Settings::default()
        };
        let play = play_out_of_order(&log, &order, &settings);
        check_out_of_order(&log, &play)?;
        for event in play.events() {
            prop_assert!(
                !completed_in_time(&log, &order, &event),
                "completed: {event:?}"
            );
        }
        Ok(())
    });
    show(outcome);
}
