//! What Flashy endpoints are told of the same activities.

use domain::trigger::activity::ActivityKind::{
    CartUpdated, CheckoutOpened, Identified, OrderCompleted, PageViewed, ProductViewed,
};
use domain::trigger::activity::Note;
use serde_json::{Value, json};

use crate::scene::{FLASHY, Scene};

const JANE: &str = "jane@example.com";

#[test]
fn contract_126_the_anonymous_fire_here_with_a_null_contact_id() {
    let mut scene = Scene::new(FLASHY);
    scene.at("10:00").does(PageViewed);
    let cart = json!({"items": [{"product_id": 65, "price": "20"}], "added": [65]});
    scene.at("10:01").does_with(CartUpdated, &cart);
    assert_eq!(scene.fired(), ["10:00 page_view", "10:01 add_to_cart"]);
    let [page, cart] = ["page_view", "add_to_cart"].map(|name| scene.payload(name));
    assert_eq!(
        [&page["contact_id"], &cart["contact_id"]],
        [&Value::Null; 2]
    );
    assert_eq!(page["anonymous_id"], cart["anonymous_id"]);
}

#[test]
fn contract_104_126_the_identified_have_one_contact_id_on_every_device() {
    let mut scene = Scene::new(FLASHY);
    scene.at("10:00").by(JANE).does(PageViewed);
    scene.at("10:01").on("tablet").by(JANE).does(PageViewed);
    let pages = scene.payloads("page_view");
    let contact = pages[0]["contact_id"].as_str().unwrap();
    assert!(contact.len() == 32 && contact.bytes().all(|digit| digit.is_ascii_hexdigit()));
    assert_eq!(pages[1]["contact_id"], contact);
    assert_ne!(pages[1]["anonymous_id"], pages[0]["anonymous_id"]);
    assert_eq!(scene.payload("contact_created")["contact_id"], contact);
}

#[test]
fn contract_105_sessions_and_the_first_visit_are_counted() {
    let mut scene = Scene::new(FLASHY);
    scene.at("10:00").does(PageViewed);
    scene.at("10:01").does(PageViewed);
    scene.at("11:00").does(PageViewed);
    let counts: Vec<_> = scene
        .payloads("page_view")
        .iter()
        .map(|payload| payload["session_count"].clone())
        .collect();
    assert_eq!(counts, [1, 1, 2]);
    let firsts: std::collections::BTreeSet<_> = scene
        .payloads("page_view")
        .iter()
        .map(|payload| payload["first_visit"].as_i64())
        .collect();
    assert_eq!(firsts.len(), 1);
}

#[test]
fn contract_112_a_contact_is_created_once() {
    let mut scene = Scene::new(FLASHY);
    for at in ["10:00", "10:01"] {
        scene.at(at).by(JANE).does(Identified);
    }
    scene.restart();
    scene
        .at("10:02")
        .on("tablet")
        .by("Jane@example.com")
        .does(Identified);
    assert_eq!(scene.fired(), ["10:00 contact_created"]);
}

#[test]
fn contract_113_117_a_purchase_is_told_once_and_as_delayed_when_it_is_late() {
    let mut scene = Scene::new(&["purchase"]);
    scene
        .at("10:00")
        .by(JANE)
        .checkout("a")
        .does(CheckoutOpened);
    scene.at("10:05").checkout("a").does(OrderCompleted);
    scene.at("10:06").checkout("a").does(OrderCompleted);
    assert_eq!(scene.note(), Note::Repeated);
    assert_eq!(scene.payload("purchase")["delayed"], false);
    scene.at("11:00").checkout("b").does(CheckoutOpened);
    scene.sleep_until("11:10");
    scene
        .reported("11:05")
        .checkout("b")
        .does_with(OrderCompleted, &json!({"order_id": "450"}));
    assert_eq!(scene.fired(), ["10:05 purchase", "11:05 purchase"]);
    assert_eq!(scene.payloads("purchase")[1]["delayed"], true);
}

#[test]
fn a_store_without_an_account_number_tells_flashy_nothing() {
    let mut scene = Scene::new(FLASHY);
    scene.merchant.flashy_account_id = None;
    scene.at("10:00").by(JANE).does(PageViewed);
    assert_eq!(scene.note(), Note::NoAccount);
    scene.at("10:01").does(ProductViewed);
    scene.at("10:02").does(OrderCompleted);
    assert_eq!(scene.note(), Note::NoAccount);
    assert_eq!(scene.fired(), [""; 0]);
}
