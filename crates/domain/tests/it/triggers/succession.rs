//! One checkout after another: which goes on, on whatever device.

use domain::trigger::activity::ActivityKind::{
    CheckoutOpened, CheckoutStep, Identified, OrderCompleted,
};
use serde_json::json;

use crate::scene::Scene;

const JANE: &str = "jane@example.com";

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
fn contract_086_087_the_worked_example_of_the_vendor_comes_true() {
    let mut scene = opened();
    scene
        .at("10:05")
        .checkout("a")
        .does_with(CheckoutStep, &json!({"state": "OTP_VERIFIED"}));
    scene.at("10:10").checkout("b").does(CheckoutOpened);
    assert_eq!(scene.checkout("a").state.as_str(), "superseded");
    assert_eq!(
        scene.checkout("a").superseded_by,
        Some(scene.checkout("b").id)
    );
    scene.run_until("10:25");
    scene.at("10:30").checkout("b").does(CheckoutOpened);
    scene.at("10:31").checkout("a").does(CheckoutStep);
    scene.run_until("12:00");
    assert_eq!(scene.fired(), ["10:25 ABANDONED_CHECKOUT"]);
    assert_eq!(scene.payload("ABANDONED_CHECKOUT")["session_id"], "b");
}

#[test]
fn contract_086_a_checkout_that_was_replaced_never_fires_even_if_the_next_is_completed() {
    let mut scene = opened();
    scene.at("10:10").checkout("b").does(CheckoutOpened);
    scene.at("10:11").checkout("b").does(OrderCompleted);
    scene.run_until("12:00");
    assert_eq!(scene.fired(), [""; 0]);
    assert_eq!(scene.checkout("a").state.as_str(), "superseded");
}

#[test]
fn contract_088_a_checkout_after_an_abandoned_one_has_its_own_timer() {
    let mut scene = opened();
    scene.at("10:15:01").checkout("b").does(CheckoutOpened);
    scene.run_until("12:00");
    assert_eq!(
        scene.fired(),
        ["10:15 ABANDONED_CHECKOUT", "10:30:01 ABANDONED_CHECKOUT"]
    );
}

#[test]
fn contract_088_a_checkout_after_the_deadline_of_another_replaces_nothing_though_nobody_had_looked()
{
    let mut scene = opened();
    scene.sleep_until("11:00");
    scene
        .reported("10:20")
        .on("tablet")
        .by(JANE)
        .checkout("b")
        .does(CheckoutOpened);
    scene.run_until("12:00");
    assert_eq!(
        scene.fired(),
        ["10:15 ABANDONED_CHECKOUT", "10:35 ABANDONED_CHECKOUT"]
    );
}

#[test]
fn contract_090_opening_another_at_exactly_the_deadline_wins() {
    let mut scene = opened();
    scene.at("10:15").checkout("b").does(CheckoutOpened);
    scene.run_until("12:00");
    assert_eq!(scene.fired(), ["10:30 ABANDONED_CHECKOUT"]);
}

#[test]
fn contract_090_of_two_that_open_at_one_moment_the_one_taken_in_last_goes_on() {
    let mut scene = Scene::flexype();
    let names: Vec<String> = (0..40).map(|number| format!("c{number}")).collect();
    for name in &names {
        scene
            .at("10:00")
            .by(JANE)
            .checkout(name)
            .does(CheckoutOpened);
    }
    scene.run_until("12:00");
    assert_eq!(scene.fired(), ["10:15 ABANDONED_CHECKOUT"]);
    assert_eq!(scene.payload("ABANDONED_CHECKOUT")["session_id"], "c39");
}

#[test]
fn contract_091_a_shopper_has_one_checkout_on_all_devices() {
    let mut scene = opened();
    scene
        .at("10:05")
        .on("tablet")
        .by("JANE@example.com")
        .checkout("b")
        .does(CheckoutOpened);
    scene
        .at("10:06")
        .on("stranger")
        .by("joe@example.com")
        .checkout("c")
        .does(CheckoutOpened);
    scene.run_until("12:00");
    assert_eq!(
        scene.fired(),
        ["10:20 ABANDONED_CHECKOUT", "10:21 ABANDONED_CHECKOUT"]
    );
    assert_eq!(scene.checkout("a").state.as_str(), "superseded");
}

#[test]
fn contract_091_an_unknown_visitor_has_one_checkout_on_a_device() {
    let mut scene = Scene::flexype();
    scene.at("10:00").checkout("a").does(CheckoutOpened);
    scene
        .at("10:01")
        .on("tablet")
        .checkout("b")
        .does(CheckoutOpened);
    scene.at("10:02").checkout("c").does(CheckoutOpened);
    let states = ["a", "b", "c"].map(|name| scene.checkout(name).state.as_str());
    assert_eq!(states, ["superseded", "open", "open"]);
    scene.run_until("12:00");
    assert_eq!(scene.fired(), [""; 0]);
}

#[test]
fn contract_091_who_becomes_known_on_another_device_has_one_checkout_from_then_on() {
    // B opens on the tablet by nobody known; who it is comes out later.
    for (login, fired) in [
        ("10:10", vec!["10:20 ABANDONED_CHECKOUT"]),
        ("10:15", vec!["10:20 ABANDONED_CHECKOUT"]),
        (
            "10:16",
            vec!["10:15 ABANDONED_CHECKOUT", "10:20 ABANDONED_CHECKOUT"],
        ),
    ] {
        for looked in [true, false] {
            let mut scene = opened();
            scene
                .at("10:05")
                .on("tablet")
                .checkout("b")
                .does(CheckoutOpened);
            if looked {
                scene.at(login).on("tablet").by(JANE).does(Identified);
            } else {
                scene.sleep_until("13:00");
                scene.reported(login).on("tablet").by(JANE).does(Identified);
            }
            scene.run_until("14:00");
            assert_eq!(scene.fired(), fired, "{login}, {looked}");
        }
    }
}
