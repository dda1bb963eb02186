//! Browsing sessions and their abandonment.

use domain::trigger::activity::ActivityKind::{
    CartUpdated, CheckoutOpened, CollectionViewed, CustomerCreated, FunnelStep, Identified,
    OrderCompleted, PageViewed, ProductViewed,
};
use domain::trigger::activity::{ActivityKind, Note};
use serde_json::json;

use crate::scene::{Scene, minutes};

const JANE: &str = "jane@example.com";

/// Only what the sessions of a scene caused.
fn abandoned(scene: &Scene) -> Vec<String> {
    let all = scene.fired().into_iter();
    all.filter(|line| line.ends_with("ABANDONED_SESSION"))
        .collect()
}

#[test]
fn contract_054_a_session_without_checkout_is_abandoned_after_15_minutes() {
    let mut scene = Scene::flexype();
    scene.at("10:00").by(JANE).does(PageViewed);
    scene.run_until("10:14:59");
    assert_eq!(scene.fired(), [""; 0], "never early");
    scene.run_until("10:15");
    assert_eq!(scene.fired(), ["10:15 ABANDONED_SESSION"]);
    assert_eq!(scene.session_states(), ["abandoned"]);
}

#[test]
fn contract_054_the_time_is_a_setting_and_a_session_keeps_what_held_when_it_began() {
    let mut scene = Scene::flexype();
    scene.settings.session_inactivity = minutes(3);
    scene.at("10:00").by(JANE).does(PageViewed);
    scene.settings.session_inactivity = minutes(30);
    scene.run_until("11:00");
    assert_eq!(scene.fired(), ["10:03 ABANDONED_SESSION"]);
}

#[test]
fn contract_055_073_every_activity_moves_the_deadline() {
    for kind in [
        PageViewed,
        ProductViewed,
        CollectionViewed,
        CartUpdated,
        Identified,
    ] {
        let mut scene = Scene::flexype();
        scene.at("10:00").by(JANE).does(PageViewed);
        scene.at("10:10").does(kind);
        scene.run_until("12:00");
        assert_eq!(abandoned(&scene), ["10:25 ABANDONED_SESSION"], "{kind:?}");
    }
}

#[test]
fn contract_073_other_activities_do_not_move_it() {
    for kind in [CustomerCreated, FunnelStep] {
        let mut scene = Scene::flexype();
        scene.at("10:00").by(JANE).does(PageViewed);
        scene.at("10:10").checkout("f").does(kind);
        scene.at("10:11").on("other").by(JANE).does(Identified);
        scene.run_until("10:20");
        assert_eq!(abandoned(&scene), ["10:15 ABANDONED_SESSION"], "{kind:?}");
    }
}

#[test]
fn contract_056_activity_just_before_the_deadline_postpones_it_and_it_fires_once() {
    let mut scene = Scene::flexype();
    scene.at("10:00").by(JANE).does(PageViewed);
    scene.at("10:14:59").does(PageViewed);
    scene.at("10:29:58").does(PageViewed);
    scene.run_until("12:00");
    assert_eq!(scene.fired(), ["10:44:58 ABANDONED_SESSION"]);
}

#[test]
fn contract_057_089_opening_a_checkout_stops_the_abandonment_at_once() {
    let mut scene = Scene::flexype();
    scene.at("10:00").by(JANE).does(PageViewed);
    scene.at("10:14").checkout("a").does(CheckoutOpened);
    assert_eq!(scene.session_states(), ["converted"]);
    let session = scene.sessions()[0];
    assert_eq!(session.checkout_id, Some(scene.checkout("a").id));
    assert_eq!(scene.checkout("a").session_id, Some(session.id));
    scene.run_until("12:00");
    assert_eq!(scene.fired(), ["10:29 ABANDONED_CHECKOUT"]);
}

#[test]
fn contract_057_a_checkout_whose_views_are_reported_after_it_stops_the_abandonment_too() {
    for name in [None, Some("s")] {
        let mut scene = Scene::flexype();
        let named = |doing: crate::scene::Doing<'_>, kind: ActivityKind| {
            match name {
                Some(name) => doing.session(name),
                None => doing,
            }
            .does(kind);
        };
        named(scene.at("10:05").by(JANE).checkout("a"), CheckoutOpened);
        named(scene.reported("10:00"), PageViewed);
        scene.run_until("12:00");
        assert_eq!(scene.fired(), ["10:20 ABANDONED_CHECKOUT"], "{name:?}");
        let payload = scene.payload("ABANDONED_CHECKOUT");
        assert_eq!(payload["session_id"], "a");
    }
}

#[test]
fn contract_089_opening_a_checkout_again_stops_the_abandonment_of_a_new_session() {
    let mut scene = Scene::flexype();
    scene
        .at("10:00")
        .by(JANE)
        .checkout("a")
        .does(CheckoutOpened);
    scene.at("10:05").does(PageViewed);
    scene.at("10:06").checkout("a").does(CheckoutOpened);
    scene.run_until("12:00");
    assert_eq!(scene.fired(), ["10:15 ABANDONED_CHECKOUT"]);
}

#[test]
fn contract_057_an_order_stops_the_abandonment() {
    let mut scene = Scene::flexype();
    scene.at("10:00").by(JANE).does(PageViewed);
    scene.at("10:05").does(OrderCompleted);
    scene.run_until("12:00");
    assert_eq!(scene.fired(), [""; 0]);
    assert_eq!(scene.session_states(), ["converted"]);
}

#[test]
fn contract_057_who_logs_in_at_the_checkout_does_not_begin_another_session() {
    let mut scene = Scene::flexype();
    scene.at("10:00").does(PageViewed);
    scene.at("10:05").checkout("a").does(CheckoutOpened);
    scene.at("10:06").by(JANE).does(Identified);
    scene.run_until("12:00");
    assert_eq!(scene.fired(), ["10:20 ABANDONED_CHECKOUT"]);
    scene.at("12:00").by(JANE).does(Identified);
    scene.run_until("13:00");
    assert_eq!(
        scene.fired()[1..],
        ["12:15 ABANDONED_SESSION"],
        "when the checkout is over, it is a visit of its own"
    );
}

#[test]
fn contract_058_who_logs_in_after_the_checkout_begins_a_session_though_nobody_had_looked() {
    let mut scene = Scene::flexype();
    scene
        .at("10:00")
        .by(JANE)
        .checkout("a")
        .does(CheckoutOpened);
    scene.at("10:01").on("tablet").does(PageViewed);
    let again = scene.at("10:02").on("tablet").checkout("a");
    again.does(CheckoutOpened);
    scene.sleep_until("11:00");
    scene
        .reported("10:30")
        .on("tablet")
        .by(JANE)
        .does(Identified);
    scene.run_until("12:00");
    assert_eq!(
        scene.fired(),
        ["10:15 ABANDONED_CHECKOUT", "10:45 ABANDONED_SESSION"]
    );
}

#[test]
fn contract_058_the_checkout_of_one_session_does_not_stop_the_other() {
    let mut scene = Scene::flexype();
    scene.at("10:00").session("one").by(JANE).does(PageViewed);
    scene.at("10:01").session("two").does(PageViewed);
    scene
        .at("10:02")
        .session("one")
        .checkout("a")
        .does(CheckoutOpened);
    scene.run_until("10:16");
    assert_eq!(scene.fired(), ["10:16 ABANDONED_SESSION"]);
    assert_eq!(scene.name_of(scene.events()[0].subject), "two");
}

#[test]
fn contract_058_071_a_named_session_fires_once_for_ever_and_keeps_its_later_activities() {
    let mut scene = Scene::flexype();
    scene.at("10:00").session("s").by(JANE).does(PageViewed);
    scene.at("11:00").session("s").does(PageViewed);
    assert_eq!(scene.note(), Note::AfterEnd);
    scene.restart();
    scene
        .at("12:00")
        .session("s")
        .on("other")
        .by("joe@example.com")
        .does(PageViewed);
    scene.run_until("14:00");
    assert_eq!(scene.fired(), ["10:15 ABANDONED_SESSION"]);
    let subject = scene.sessions()[0].id.uuid();
    assert_eq!(scene.sessions().len(), 1);
    assert_eq!(
        scene.world.history(&[subject]).len(),
        3,
        "its timeline has them all"
    );
}

#[test]
fn contract_058_without_names_a_device_begins_a_new_session_which_fires_its_own() {
    let mut scene = Scene::flexype();
    scene.at("10:00").by(JANE).does(PageViewed);
    scene.at("10:30").does(PageViewed);
    scene.at("10:31").checkout("a").does(CheckoutOpened);
    scene.at("10:32").checkout("a").does(OrderCompleted);
    scene.at("10:33").does(PageViewed);
    scene.run_until("12:00");
    assert_eq!(
        scene.fired(),
        ["10:15 ABANDONED_SESSION", "10:48 ABANDONED_SESSION"]
    );
    assert_eq!(
        scene.session_states(),
        ["abandoned", "converted", "abandoned"]
    );
}

#[test]
fn contract_059_068_the_payload_is_the_last_known_state_in_visit_order() {
    let mut scene = Scene::flexype();
    let page = |url: &str| json!({"url": url});
    scene
        .at("10:00")
        .by(JANE)
        .does_with(PageViewed, &page("/a"));
    scene
        .at("10:02")
        .does_with(CartUpdated, &json!({"items": [{"product_id": 1}]}));
    scene.at("10:04").does_with(PageViewed, &page("/c"));
    scene
        .at("10:05")
        .does_with(CartUpdated, &json!({"items": [{"product_id": 2}]}));
    scene.reported("10:03").does_with(PageViewed, &page("/b"));
    scene.run_until("11:00");
    let payload = scene.payload("ABANDONED_SESSION");
    let urls: Vec<_> = payload["page_viewed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| &p["url"])
        .collect();
    assert_eq!(urls, ["/a", "/b", "/c"]);
    assert_eq!(payload["last_page_visited"]["url"], "/c");
    assert_eq!(payload["cart"][0]["product_id"], 2);
}

#[test]
fn contract_069_the_event_time_is_the_deadline_also_when_it_fires_late() {
    let mut scene = Scene::flexype();
    scene.at("10:00").by(JANE).does(PageViewed);
    scene.sleep_until("13:00");
    scene.run_until("13:00");
    assert_eq!(scene.fired(), ["10:15 ABANDONED_SESSION"]);
}

#[test]
fn contract_072_the_payload_names_no_session() {
    let mut scene = Scene::flexype();
    scene.at("10:00").session("s").by(JANE).does(PageViewed);
    scene.run_until("11:00");
    let payload = scene.payload("ABANDONED_SESSION");
    let mut keys: Vec<_> = payload
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        [
            "cart",
            "client_meta",
            "collection_viewed",
            "last_page_visited",
            "metadata",
            "page_viewed",
            "products_viewed",
            "user"
        ]
    );
}

#[test]
fn contract_090_an_activity_at_exactly_the_deadline_comes_before_it() {
    let mut scene = Scene::flexype();
    scene.at("10:00").by(JANE).does(PageViewed);
    scene.at("10:15").does(PageViewed);
    scene.run_until("10:15");
    assert_eq!(scene.fired(), [""; 0]);
    scene.at("10:30").checkout("a").does(CheckoutOpened);
    scene.run_until("10:30");
    assert_eq!(scene.session_states(), ["converted"]);
    assert_eq!(abandoned(&scene), [""; 0]);
}

#[test]
fn contract_092_an_activity_from_before_the_deadline_that_comes_after_the_firing_changes_nothing() {
    let mut scene = Scene::flexype();
    scene.at("10:00").by(JANE).does(PageViewed);
    scene.run_until("10:20");
    scene.reported("10:14").does(PageViewed);
    assert_eq!(scene.note(), Note::AfterEnd);
    scene.reported("10:14").checkout("a").does(CheckoutOpened);
    scene.reported("10:14").checkout("a").does(OrderCompleted);
    scene.run_until("12:00");
    assert_eq!(scene.fired(), ["10:15 ABANDONED_SESSION"]);
    assert_eq!(scene.session_states(), ["abandoned"]);
}

#[test]
fn contract_092_an_older_activity_does_not_move_the_deadline_back() {
    let mut scene = Scene::flexype();
    scene.at("10:00").by(JANE).does(PageViewed);
    scene.at("10:10").does(PageViewed);
    scene.reported("10:05").does(ProductViewed);
    scene.reported("09:00").by(JANE).does(ProductViewed);
    scene.run_until("12:00");
    assert_eq!(
        scene.fired(),
        [
            "10:05 PRODUCT_VIEWED",
            "10:00 PRODUCT_VIEWED",
            "10:25 ABANDONED_SESSION"
        ],
        "nothing happens before the session opened"
    );
}

#[test]
fn contract_093_an_overdue_timer_fires_once_after_a_restart_with_the_deadline_as_its_time() {
    let mut scene = Scene::flexype();
    scene.at("10:00").by(JANE).does(PageViewed);
    scene.restart();
    scene.sleep_until("18:00");
    let due = scene.due();
    for timer in due.iter().chain(&due) {
        scene.fire(*timer);
    }
    scene.restart();
    assert_eq!(scene.due(), []);
    for timer in due {
        scene.fire(timer);
    }
    assert_eq!(scene.fired(), ["10:15 ABANDONED_SESSION"]);
    assert_eq!(
        scene.payload("ABANDONED_SESSION")["page_viewed"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn contract_094_without_a_subscriber_the_session_is_abandoned_and_the_event_exists() {
    let mut scene = Scene::new(&[]);
    scene.at("10:00").by(JANE).does(PageViewed);
    scene.run_until("11:00");
    assert_eq!(scene.session_states(), ["abandoned"]);
    assert_eq!(scene.fired(), ["10:15 ABANDONED_SESSION"]);
}
