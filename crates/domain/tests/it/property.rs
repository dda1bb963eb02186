//! Random visits, however they are delivered, cause the events of the model, each once.

mod play;

use std::collections::{BTreeSet, VecDeque};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};

use self::play::Play;
use crate::model::{Act, Entry, Expected, Settings, Subject, expected};

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
        if order[place].1.is_multiple_of(2) {
            play.scene.pass_until(now, false);
        } else {
            play.scene.now = now;
        }
        play.report(place, &log[place]);
        if order[place].1.is_multiple_of(5) {
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
