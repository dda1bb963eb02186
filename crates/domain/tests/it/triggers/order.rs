//! The order in which activities are reported: late, in pieces, permuted.

use domain::trigger::activity::ActivityKind::{
    self, CheckoutOpened, CheckoutStep, Identified, OrderCompleted, PageViewed, ProductViewed,
};

use crate::scene::{Scene, moment};

/// Time, kind, and the checkout, all on one device in one named session.
type Script<'a> = &'a [(&'a str, ActivityKind, Option<&'a str>)];

const ABANDONED_SESSION: Script<'_> = &[
    ("10:00", Identified, None),
    ("10:05", ProductViewed, None),
    ("10:14", PageViewed, None),
    ("10:20", PageViewed, None),
];
const ABANDONED_CHECKOUT: Script<'_> = &[
    ("10:00", Identified, None),
    ("10:02", CheckoutOpened, Some("a")),
    ("10:05", CheckoutStep, Some("a")),
    ("10:09", PageViewed, None),
];
const COMPLETED: Script<'_> = &[
    ("10:00", Identified, None),
    ("10:02", CheckoutOpened, Some("a")),
    ("10:05", CheckoutStep, Some("a")),
    ("10:17", OrderCompleted, Some("a")),
];
const REPLACED: Script<'_> = &[
    ("10:00", CheckoutOpened, Some("a")),
    ("10:05", CheckoutOpened, Some("b")),
    ("10:06", CheckoutStep, Some("a")),
    ("10:10", CheckoutOpened, Some("c")),
];

fn report(scene: &mut Scene, (at, kind, checkout): (&str, ActivityKind, Option<&str>)) {
    let mut doing = scene.reported(at).session("s").by("jane@example.com");
    if let Some(name) = checkout {
        doing = doing.checkout(name);
    }
    doing.does(kind);
}

/// All orders of so many things.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for shorter in orders(count - 1) {
        for place in 0..=shorter.len() {
            let mut order = shorter.clone();
            order.insert(place, count - 1);
            all.push(order);
        }
    }
    all
}

/// What fired, but for the moments of views, which are never before their session opened.
fn ends(scene: &Scene) -> Vec<String> {
    let mut all = scene.fired();
    all.retain(|line| line.contains("ABANDONED"));
    all.sort();
    all
}

/// The same with time passing as it should.
fn in_order(script: Script<'_>) -> Vec<String> {
    let mut scene = Scene::flexype();
    for entry in script {
        scene.pass_until(moment(entry.0), false);
        report(&mut scene, *entry);
    }
    scene.run_until("13:00");
    ends(&scene)
}

#[test]
fn contract_092_before_the_deadlines_the_order_of_reporting_makes_no_difference() {
    for script in [ABANDONED_SESSION, ABANDONED_CHECKOUT, COMPLETED, REPLACED] {
        // All but the last happen before any deadline; the last may be a matter of the first deadline.
        let expected = in_order(script);
        let (last, early) = script.split_last().unwrap();
        for order in orders(early.len()) {
            let mut scene = Scene::flexype();
            scene.sleep_until("10:14");
            for place in &order {
                report(&mut scene, early[*place]);
            }
            scene.pass_until(moment(last.0).max(moment("10:14")), false);
            report(&mut scene, *last);
            scene.run_until("13:00");
            assert_eq!(ends(&scene), expected, "{order:?} of {script:?}");
        }
    }
}

#[test]
fn contract_092_what_is_reported_in_one_go_after_all_deadlines_fires_as_if_it_had_been_in_time() {
    for script in [ABANDONED_SESSION, ABANDONED_CHECKOUT, COMPLETED, REPLACED] {
        let mut scene = Scene::flexype();
        scene.sleep_until("12:00");
        for entry in script {
            report(&mut scene, *entry);
        }
        scene.run_until("13:00");
        assert_eq!(ends(&scene), in_order(script), "{script:?}");
    }
}

#[test]
fn contract_092_what_is_reported_in_pieces_after_all_deadlines_fires_as_if_it_had_been_in_time() {
    for script in [ABANDONED_SESSION, ABANDONED_CHECKOUT, COMPLETED, REPLACED] {
        for cut in 1..script.len() {
            let mut scene = Scene::flexype();
            scene.sleep_until("12:00");
            for entry in &script[..cut] {
                report(&mut scene, *entry);
            }
            scene.restart();
            scene.sleep_until("12:05");
            for entry in &script[cut..] {
                report(&mut scene, *entry);
            }
            scene.run_until("13:00");
            assert_eq!(ends(&scene), in_order(script), "cut at {cut}: {script:?}");
        }
    }
}

#[test]
fn contract_092_in_any_order_and_however_late_no_subject_ends_twice() {
    for script in [ABANDONED_SESSION, ABANDONED_CHECKOUT, COMPLETED, REPLACED] {
        for order in orders(script.len()) {
            let mut scene = Scene::flexype();
            scene.sleep_until("12:00");
            for place in &order {
                report(&mut scene, script[*place]);
                scene.run_until("12:00");
            }
            scene.run_until("13:00");
            let mut subjects: Vec<_> = scene
                .events()
                .iter()
                .filter(|event| event.activity.is_none())
                .map(|event| event.subject)
                .collect();
            let all = subjects.len();
            subjects.sort_unstable();
            subjects.dedup();
            assert_eq!(subjects.len(), all, "{order:?} of {script:?}");
        }
    }
}
