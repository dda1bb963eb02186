//! What fires at once.

use domain::trigger::activity::ActivityKind::{
    CheckoutOpened, CollectionViewed, CustomerCreated, Identified, OrderCompleted, PageViewed,
    ProductViewed,
};
use domain::trigger::activity::Note;
use serde_json::json;

use crate::scene::{FLEXYPE, Scene, moment};

const JANE: &str = "jane@example.com";

#[test]
fn contract_046_047_views_of_the_identified_fire_at_once() {
    let mut scene = Scene::flexype();
    scene.at("10:00").by(JANE).does(ProductViewed);
    scene.at("10:01").does(CollectionViewed);
    scene.at("10:02").does(PageViewed);
    assert_eq!(
        scene.fired(),
        ["10:00 PRODUCT_VIEWED", "10:01 COLLECTION_VIEWED"]
    );
}

#[test]
fn contract_046_052_a_view_tells_the_user_and_what_was_viewed() {
    let mut scene = Scene::flexype();
    let product = json!({"product_id": "9945414435106", "title": "Shirt", "handle": "shirt"});
    scene
        .at("10:00")
        .by(JANE)
        .does_with(ProductViewed, &product);
    let payload = scene.payload("PRODUCT_VIEWED");
    assert_eq!(payload["user"]["email"], JANE);
    assert_eq!(
        payload["product_viewed"],
        json!({
            "product_id": 9_945_414_435_106_u64, "variant_id": null, "title": "Shirt", "handle": "shirt",
            "image": null, "timestamp": "2026-05-07T10:00:00Z",
        })
    );
}

#[test]
fn contract_048_views_fire_also_for_a_user_who_has_opened_a_checkout() {
    let mut scene = Scene::flexype();
    scene.at("10:00").session("s").by(JANE).does(ProductViewed);
    scene
        .at("10:01")
        .session("s")
        .checkout("a")
        .does(CheckoutOpened);
    scene.at("10:02").session("s").does(ProductViewed);
    assert_eq!(scene.note(), Note::Fired);
    assert_eq!(
        scene.fired(),
        ["10:00 PRODUCT_VIEWED", "10:02 PRODUCT_VIEWED"]
    );
}

#[test]
fn contract_049_each_view_fires_even_the_same_one_at_the_same_moment() {
    let mut scene = Scene::flexype();
    for _ in 0..3 {
        scene.at("10:00").by(JANE).does(ProductViewed);
    }
    let causes: std::collections::BTreeSet<_> =
        scene.events().iter().map(|event| event.activity).collect();
    assert_eq!(causes.len(), 3);
}

#[test]
fn contract_050_051_a_customer_is_new_once_whoever_logs_in_later() {
    let mut scene = Scene::flexype();
    scene.at("10:00").by(JANE).does(CustomerCreated);
    let payload = scene.payload("NEW_CUSTOMER");
    assert_eq!(payload["shopify_customer_id"], "gid://shopify/Customer/3");
    assert_eq!(payload["user"]["email"], JANE);
    scene.at("10:01").does(Identified);
    scene.at("10:02").does(CustomerCreated);
    assert_eq!(scene.note(), Note::Repeated);
    scene.restart();
    scene
        .at("10:03")
        .on("other")
        .by("joe@example.com")
        .does(CustomerCreated);
    scene
        .at("10:04")
        .by(JANE)
        .does_with(CustomerCreated, &json!({"customer_id": "3"}));
    assert_eq!(scene.fired(), ["10:00 NEW_CUSTOMER"]);
    scene
        .at("10:05")
        .does_with(CustomerCreated, &json!({"customer_id": 4}));
    assert_eq!(scene.fired(), ["10:00 NEW_CUSTOMER", "10:05 NEW_CUSTOMER"]);
}

#[test]
fn contract_050_an_account_made_by_nobody_known_is_no_news_and_none_later() {
    let mut scene = Scene::flexype();
    scene.at("10:00").does(CustomerCreated);
    assert_eq!(scene.note(), Note::Anonymous);
    scene.at("10:01").by(JANE).does(CustomerCreated);
    assert_eq!(scene.fired(), [""; 0]);
}

#[test]
fn contract_053_084_completing_an_order_fires_nothing_even_the_first_one() {
    let mut scene = Scene::flexype();
    scene.at("10:00").by(JANE).does(PageViewed);
    scene.at("10:01").checkout("a").does(CheckoutOpened);
    scene.at("10:02").checkout("a").does(OrderCompleted);
    scene.at("10:03").does(OrderCompleted);
    scene.run_until("12:00");
    assert_eq!(scene.fired(), [""; 0]);
}

#[test]
fn an_event_that_fires_at_once_and_that_nobody_wants_is_only_noted() {
    let mut scene = Scene::new(&["COLLECTION_VIEWED"]);
    scene.at("10:00").by(JANE).does(ProductViewed);
    assert_eq!(scene.note(), Note::NoSubscriber);
    scene.at("10:00").by(JANE).does(CustomerCreated);
    assert_eq!(scene.note(), Note::NoSubscriber);
    assert_eq!(scene.fired(), [""; 0]);
    scene.subscribed = FLEXYPE.to_vec();
    scene.at("10:01").does(CustomerCreated);
    assert_eq!(scene.note(), Note::Repeated, "it is no news any more");
}

#[test]
fn contract_092_an_activity_of_the_future_happens_now() {
    let mut scene = Scene::flexype();
    scene.sleep_until("10:00");
    scene.reported("10:04").by(JANE).does(ProductViewed);
    assert_eq!(scene.fired(), ["10:00 PRODUCT_VIEWED"]);
    assert_eq!(scene.sessions()[0].last, moment("10:00"));
}
