//! Checkouts of a store and their abandonment.

use domain::trigger::activity::ActivityKind::{
    CartUpdated, CheckoutOpened, CheckoutStep, Identified, OrderCompleted, PageViewed,
};
use domain::trigger::activity::Note;
use domain::trigger::timer::{TimerId, TimerKind};
use serde_json::{Value, json};

use crate::scene::{Scene, minutes, moment};

const JANE: &str = "jane@example.com";

fn state(name: &str) -> Value {
    json!({"state": name})
}

/// A checkout `a` that Jane opened at 10:00.
fn opened() -> Scene {
    let mut scene = Scene::flexype();
    scene
        .at("10:00")
        .by(JANE)
        .checkout("a")
        .does(CheckoutOpened);
    scene
}

#[test]
fn contract_074_075_a_checkout_is_abandoned_15_minutes_after_it_opened() {
    let mut scene = opened();
    scene.run_until("10:14:59");
    assert_eq!(scene.fired(), [""; 0], "never early");
    scene.run_until("10:15");
    assert_eq!(scene.fired(), ["10:15 ABANDONED_CHECKOUT"]);
    assert_eq!(scene.checkout("a").state.as_str(), "abandoned");
}

#[test]
fn contract_074_the_timer_starts_with_the_checkout_and_not_with_the_visit() {
    let mut scene = Scene::flexype();
    scene.at("09:50").by(JANE).does(PageViewed);
    scene.at("10:00").checkout("a").does(CheckoutOpened);
    scene.run_until("12:00");
    assert_eq!(scene.fired(), ["10:15 ABANDONED_CHECKOUT"]);
}

#[test]
fn contract_075_the_time_is_a_setting_and_a_checkout_keeps_what_held_when_it_opened() {
    let mut scene = Scene::flexype();
    scene.settings.checkout_abandonment = minutes(2);
    scene
        .at("10:00")
        .by(JANE)
        .checkout("a")
        .does(CheckoutOpened);
    scene.settings.checkout_abandonment = minutes(60);
    scene.run_until("12:00");
    assert_eq!(scene.fired(), ["10:02 ABANDONED_CHECKOUT"]);
}

#[test]
fn contract_076_077_steps_move_the_deadline_only_on_the_clock_of_activity() {
    for (mut scene, deadline) in [
        (Scene::flexype(), "10:15"),
        (Scene::flexype_with_activity_clock(), "10:27"),
    ] {
        scene
            .at("10:00")
            .by(JANE)
            .checkout("a")
            .does(CheckoutOpened);
        scene.at("10:05").checkout("a").does(CheckoutStep);
        scene.at("10:12").checkout("a").does(CheckoutStep);
        scene.run_until("12:00");
        assert_eq!(scene.fired(), [format!("{deadline} ABANDONED_CHECKOUT")]);
    }
}

#[test]
fn contract_076_the_clock_is_the_one_that_held_when_the_checkout_opened() {
    let mut scene = opened();
    scene.merchant.settings.acr_clock = domain::merchant::AcrClock::Activity;
    scene.at("10:05").checkout("a").does(CheckoutStep);
    scene.run_until("12:00");
    assert_eq!(scene.fired(), ["10:15 ABANDONED_CHECKOUT"]);
}

#[test]
fn contract_078_079_eight_names_are_taken_and_four_are_told() {
    let told = [
        ("INITIATED", "INITIATED"),
        ("PHONE_ENTERED", "PHONE_ENTERED"),
        ("OTP_VERIFIED", "PHONE_ENTERED"),
        ("ADDRESS_LOADED", "ADDRESS_LOADED"),
        ("ADDRESS_SHIPPING_SELECTED", "ADDRESS_SHIPPING_SELECTED"),
        ("PAYMENT_LOADED", "ADDRESS_SHIPPING_SELECTED"),
        ("PAYMENT_INITIATED", "ADDRESS_SHIPPING_SELECTED"),
    ];
    for (name, expected) in told {
        let mut scene = opened();
        scene
            .at("10:05")
            .checkout("a")
            .does_with(CheckoutStep, &state(name));
        scene.run_until("10:15");
        let payload = scene.payload("ABANDONED_CHECKOUT");
        assert_eq!(payload["session_state"], expected, "{name}");
    }
    let mut scene = opened();
    scene
        .at("10:05")
        .checkout("a")
        .does_with(CheckoutStep, &state("COMPLETED"));
    assert_eq!(scene.checkout("a").state.as_str(), "completed");
    scene.run_until("12:00");
    assert_eq!(scene.fired(), [""; 0]);
}

#[test]
fn contract_078_a_checkout_that_has_only_been_opened_is_initiated() {
    let mut scene = opened();
    scene.run_until("10:15");
    assert_eq!(
        scene.payload("ABANDONED_CHECKOUT")["session_state"],
        "INITIATED"
    );
}

#[test]
fn contract_080_only_the_latest_state_is_told_even_if_it_went_back() {
    let mut scene = opened();
    for (at, name) in [
        ("10:02", "PHONE_ENTERED"),
        ("10:04", "ADDRESS_SHIPPING_SELECTED"),
        ("10:06", "ADDRESS_LOADED"),
    ] {
        scene
            .at(at)
            .checkout("a")
            .does_with(CheckoutStep, &state(name));
    }
    scene
        .reported("10:03")
        .checkout("a")
        .does_with(CheckoutStep, &state("PHONE_ENTERED"));
    scene.run_until("12:00");
    assert_eq!(scene.fired(), ["10:15 ABANDONED_CHECKOUT"]);
    let payload = scene.payload("ABANDONED_CHECKOUT");
    assert_eq!(payload["session_state"], "ADDRESS_LOADED");
}

#[test]
fn contract_081_082_each_checkout_tells_its_own_session_id_as_it_was_given() {
    let mut scene = opened();
    scene.at("10:30").checkout("B/é").does(CheckoutOpened);
    scene.run_until("12:00");
    let ids: Vec<_> = scene
        .payloads("ABANDONED_CHECKOUT")
        .iter()
        .map(|payload| payload["session_id"].clone())
        .collect();
    assert_eq!(ids, ["a", "B/é"]);
    assert_ne!(scene.events()[0].subject, scene.events()[1].subject);
}

#[test]
fn contract_083_an_abandoned_checkout_stays_abandoned_whatever_follows() {
    let mut scene = opened();
    scene.run_until("10:15");
    scene.at("10:30").checkout("a").does(CheckoutOpened);
    assert_eq!(scene.note(), Note::AfterEnd);
    scene.at("10:31").checkout("a").does(CheckoutStep);
    scene.restart();
    scene.run_until("12:00");
    assert_eq!(scene.fired(), ["10:15 ABANDONED_CHECKOUT"]);
    assert_eq!(scene.checkout("a").state.as_str(), "abandoned");
}

#[test]
fn contract_084_a_checkout_completed_before_the_deadline_is_not_abandoned() {
    let mut scene = opened();
    scene.at("10:14:59").checkout("a").does(OrderCompleted);
    scene.run_until("12:00");
    assert_eq!(scene.fired(), [""; 0]);
    assert_eq!(scene.checkout("a").ended, Some(moment("10:14:59")));
}

#[test]
fn contract_084_an_order_that_names_no_checkout_completes_the_one_that_is_open() {
    let mut scene = opened();
    scene.at("10:05").on("tablet").by(JANE).does(OrderCompleted);
    scene.run_until("12:00");
    assert_eq!(scene.fired(), [""; 0]);
    assert_eq!(scene.checkout("a").state.as_str(), "completed");
}

#[test]
fn contract_084_an_order_after_the_deadline_does_not_undo_it_though_nobody_had_looked() {
    for named in [true, false] {
        let mut scene = opened();
        scene.sleep_until("11:00");
        let order = scene.reported("10:20").on("tablet").by(JANE);
        let order = if named { order.checkout("a") } else { order };
        order.does(OrderCompleted);
        scene.run_until("12:00");
        assert_eq!(scene.fired(), ["10:15 ABANDONED_CHECKOUT"], "{named}");
    }
}

#[test]
fn contract_085_completion_after_the_abandonment_is_noted_and_fires_nothing() {
    let mut scene = opened();
    scene.run_until("10:15");
    scene.at("10:20").checkout("a").does(OrderCompleted);
    scene.at("10:25").checkout("a").does(OrderCompleted);
    let checkout = scene.checkout("a");
    assert_eq!(checkout.state.as_str(), "abandoned");
    assert_eq!(checkout.ended, Some(moment("10:15")));
    assert_eq!(checkout.recovered, Some(moment("10:20")));
    scene.run_until("12:00");
    assert_eq!(scene.fired(), ["10:15 ABANDONED_CHECKOUT"]);
}

#[test]
fn contract_090_completion_at_exactly_the_deadline_wins() {
    let mut scene = opened();
    scene.at("10:15").checkout("a").does(OrderCompleted);
    scene.run_until("12:00");
    assert_eq!(scene.fired(), [""; 0]);
}

#[test]
fn contract_040_a_checkout_of_someone_who_logs_in_before_its_deadline_fires() {
    let mut scene = Scene::flexype();
    scene.at("10:00").checkout("a").does(CheckoutOpened);
    scene.at("10:14").by(JANE).does(Identified);
    scene
        .at("11:00")
        .on("tablet")
        .checkout("b")
        .does(CheckoutOpened);
    scene.run_until("11:15");
    scene.at("11:16").on("tablet").by(JANE).does(Identified);
    scene.run_until("11:20");
    assert_eq!(scene.fired(), ["10:15 ABANDONED_CHECKOUT"]);
    assert_eq!(scene.checkout("b").state.as_str(), "expired_anonymous");
}

#[test]
fn contract_092_an_opening_reported_after_a_step_counts_from_its_own_time() {
    let mut scene = Scene::flexype();
    scene.at("10:05").by(JANE).checkout("a").does(CheckoutStep);
    scene.reported("10:00").checkout("a").does(CheckoutOpened);
    scene.run_until("12:00");
    assert_eq!(scene.fired(), ["10:15 ABANDONED_CHECKOUT"]);
    let payload = scene.payload("ABANDONED_CHECKOUT");
    assert_eq!(payload["session_state"], "ADDRESS_LOADED");
}

#[test]
fn contract_092_after_the_firing_what_happened_before_changes_nothing() {
    let mut scene = opened();
    scene.run_until("10:20");
    scene.reported("10:10").checkout("b").does(CheckoutOpened);
    scene.reported("10:14").checkout("a").does(OrderCompleted);
    assert_eq!(scene.checkout("a").state.as_str(), "abandoned");
    scene.run_until("12:00");
    assert_eq!(
        scene.fired(),
        ["10:15 ABANDONED_CHECKOUT", "10:25 ABANDONED_CHECKOUT"]
    );
}

#[test]
fn contract_095_the_payload_is_the_state_at_the_deadline_however_late_it_fires() {
    let cart = |product: u8| json!({"items": [{"product_id": product}]});
    for looked in [true, false] {
        let mut scene = Scene::flexype();
        scene
            .at("10:00")
            .session("s")
            .by(JANE)
            .does_with(CartUpdated, &cart(1));
        scene
            .at("10:01")
            .session("s")
            .checkout("a")
            .does_with(CheckoutOpened, &json!({"total": "189.50"}));
        if looked {
            scene.run_until("10:40");
        }
        scene.sleep_until("10:40");
        scene
            .reported("10:40")
            .session("s")
            .on("tablet")
            .does_with(CartUpdated, &cart(2));
        scene.run_until("12:00");
        let payload = scene.payload("ABANDONED_CHECKOUT");
        assert_eq!(payload["cart"][0]["product_id"], 1, "{looked}");
        assert_eq!(payload["total_payable"].to_string(), "189.5", "{looked}");
        assert_eq!(payload["checkout_url"], Value::Null);
    }
}

#[test]
fn contract_094_without_a_subscriber_the_checkout_is_abandoned_and_the_event_exists() {
    let mut scene = Scene::new(&[]);
    scene
        .at("10:00")
        .by(JANE)
        .checkout("a")
        .does(CheckoutOpened);
    scene.run_until("10:15");
    assert_eq!(scene.checkout("a").state.as_str(), "abandoned");
    assert_eq!(scene.fired(), ["10:15 ABANDONED_CHECKOUT"]);
}

#[test]
fn contract_161_a_subject_has_each_timer_once_and_kinds_are_sliding_or_fixed() {
    let mut scene = Scene::flexype();
    scene.at("10:00").by(JANE).does(PageViewed);
    scene.at("10:05").does(PageViewed);
    scene.at("10:05").checkout("a").does(CheckoutOpened);
    scene.at("10:06").checkout("a").does(CheckoutStep);
    let timers: Vec<TimerId> = scene
        .world
        .timers
        .values()
        .flatten()
        .map(|t| t.id)
        .collect();
    assert_eq!(timers.len(), 2);
    let kinds: std::collections::BTreeSet<_> = timers.iter().map(|timer| timer.kind).collect();
    assert!(kinds.contains(&TimerKind::SessionInactivity));
    assert!(kinds.contains(&TimerKind::CheckoutAbandonment));
    scene.run_until("12:00");
    assert!(
        scene.next_timer().is_none(),
        "and no timer outlives its subject's end"
    );
}
