//! Orders: each is told once, and ends the checkout it was placed in.

use domain::trigger::activity::ActivityKind::{
    CheckoutOpened, CheckoutStep, Identified, OrderCompleted, PageViewed,
};
use domain::trigger::activity::Note;
use serde_json::{Value, json};

use crate::scene::{FLEXYPE, Scene, moment};

const JANE: &str = "jane@example.com";

/// A checkout `a` that Jane opened at 10:00.
fn opened() -> Scene {
    let mut scene = Scene::new(&[FLEXYPE, &["purchase"]].concat());
    scene
        .at("10:00")
        .by(JANE)
        .checkout("a")
        .does(CheckoutOpened);
    scene
}

fn order(id: &str) -> Value {
    json!({"order_id": id})
}

#[test]
fn contract_113_a_purchase_is_told_though_a_step_had_completed_the_checkout() {
    let mut scene = opened();
    scene
        .at("10:05")
        .checkout("a")
        .does_with(CheckoutStep, &json!({"state": "COMPLETED"}));
    scene.at("10:06").checkout("a").does(OrderCompleted);
    assert_eq!(scene.note(), Note::Fired);
    scene.at("10:07").checkout("a").does(OrderCompleted);
    assert_eq!(scene.note(), Note::Repeated);
    assert_eq!(scene.fired(), ["10:06 purchase"]);
}

#[test]
fn contract_113_an_order_is_told_once_whatever_has_become_of_its_checkout() {
    let mut scene = opened();
    scene.at("10:05").checkout("b").does(CheckoutOpened);
    for at in ["10:06", "10:07"] {
        scene.at(at).checkout("a").does(OrderCompleted);
    }
    assert_eq!(scene.note(), Note::Repeated, "its checkout is superseded");
    scene.restart();
    scene.at("10:08").checkout("b").does(OrderCompleted);
    assert_eq!(scene.note(), Note::Repeated, "of another checkout");
    scene.at("10:09").does(OrderCompleted);
    assert_eq!(scene.note(), Note::Repeated, "without a checkout");
    scene
        .at("10:10")
        .on("tablet")
        .by("joe@example.com")
        .does(OrderCompleted);
    assert_eq!(scene.note(), Note::Repeated, "by somebody else");
    scene
        .at("10:11")
        .does_with(OrderCompleted, &json!({"order_id": 449}));
    assert_eq!(scene.note(), Note::Repeated, "spelled as a number");
    assert_eq!(scene.fired(), ["10:06 purchase"]);
}

#[test]
fn contract_045_an_order_of_another_store_is_another_order() {
    let mut scene = opened();
    scene.at("10:05").does(OrderCompleted);
    scene.in_store(2).at("10:06").by(JANE).does(OrderCompleted);
    assert_eq!(scene.fired(), ["10:05 purchase", "10:06 purchase"]);
}

#[test]
fn contract_113_two_orders_of_one_checkout_are_two_purchases() {
    let mut scene = opened();
    for (at, id) in [("10:05", "1"), ("10:06", "2")] {
        scene
            .at(at)
            .checkout("a")
            .does_with(OrderCompleted, &order(id));
    }
    assert_eq!(scene.fired(), ["10:05 purchase", "10:06 purchase"]);
}

#[test]
fn contract_084_an_order_that_is_repeated_completes_no_other_checkout() {
    let mut scene = opened();
    scene.at("10:05").does(OrderCompleted);
    assert_eq!(scene.checkout("a").state.as_str(), "completed");
    scene.at("10:10").checkout("b").does(CheckoutOpened);
    scene.at("10:11").does(OrderCompleted);
    scene.run_until("12:00");
    assert_eq!(
        scene.fired(),
        ["10:05 purchase", "10:25 ABANDONED_CHECKOUT"]
    );
}

#[test]
fn contract_085_an_order_that_names_no_checkout_recovers_the_newest_abandoned_one() {
    let mut scene = opened();
    scene.run_until("10:30");
    scene.at("11:00").checkout("b").does(CheckoutOpened);
    scene
        .at("11:01")
        .on("other")
        .by("joe@example.com")
        .checkout("c")
        .does(CheckoutOpened);
    scene.run_until("12:00");
    scene.at("12:05").on("tablet").by(JANE).does(OrderCompleted);
    let recovered = |scene: &Scene, name| scene.checkout(name).recovered;
    assert_eq!(recovered(&scene, "b"), Some(moment("12:05")));
    assert_eq!(scene.checkout("b").state.as_str(), "abandoned");
    assert_eq!(
        (recovered(&scene, "a"), recovered(&scene, "c")),
        (None, None)
    );
    scene.at("12:06").does_with(OrderCompleted, &order("next"));
    assert_eq!(recovered(&scene, "a"), None, "one checkout has one newest");
    assert_eq!(recovered(&scene, "b"), Some(moment("12:05")));
}

#[test]
fn contract_085_an_order_recovers_an_abandoned_checkout_for_seven_days_and_no_longer() {
    for (later, recovers) in [(6, true), (8, false)] {
        let mut scene = opened();
        scene.run_until("10:30");
        let days = std::time::Duration::from_hours(24 * later);
        let at = moment("10:00") + days;
        scene.pass_until(at, false);
        scene.doing(at).does(OrderCompleted);
        let recovered = scene.checkout("a").recovered.is_some();
        assert_eq!(recovered, recovers, "{later} days");
    }
}

#[test]
fn contract_085_an_order_completes_what_is_open_before_it_recovers_what_was_abandoned() {
    let mut scene = opened();
    scene.run_until("10:30");
    scene.at("11:00").checkout("b").does(CheckoutOpened);
    scene.at("11:05").does(OrderCompleted);
    assert_eq!(scene.checkout("b").state.as_str(), "completed");
    assert_eq!(scene.checkout("a").recovered, None);
}

#[test]
fn contract_086_an_order_of_an_unknown_checkout_takes_the_place_of_no_other() {
    let mut scene = opened();
    scene.at("10:05").checkout("x").does(OrderCompleted);
    assert_eq!(scene.checkout("x").state.as_str(), "completed");
    assert_eq!(scene.checkout("x").ended, Some(moment("10:05")));
    assert_eq!(scene.checkout("a").state.as_str(), "open");
    scene.reported("10:04").checkout("x").does(CheckoutOpened);
    assert_eq!(scene.note(), Note::AfterEnd);
    assert_eq!(scene.checkout("a").state.as_str(), "open");
    scene.run_until("12:00");
    assert_eq!(
        scene.fired(),
        ["10:05 purchase", "10:15 ABANDONED_CHECKOUT"]
    );
}

#[test]
fn contract_086_an_order_of_an_unknown_checkout_takes_no_place_when_its_shopper_is_known_later() {
    let mut scene = Scene::flexype();
    scene.at("10:00").does(PageViewed);
    scene.at("10:01").checkout("a").does(CheckoutOpened);
    scene.at("10:05").checkout("x").does(OrderCompleted);
    scene.restart();
    scene.at("10:06").by(JANE).does(Identified);
    assert_eq!(scene.checkout("a").state.as_str(), "open");
    scene.run_until("12:00");
    assert_eq!(scene.fired(), ["10:16 ABANDONED_CHECKOUT"]);
}
