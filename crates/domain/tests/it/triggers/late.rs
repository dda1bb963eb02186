//! Who did what is reported after somebody has been identified since.

use domain::trigger::Key;
use domain::trigger::activity::ActivityKind::{
    CheckoutOpened, CheckoutStep, CustomerCreated, Identified, OrderCompleted, PageViewed,
    ProductViewed,
};
use domain::trigger::activity::{Identity, Note};

use crate::scene::{FLEXYPE, Scene};

const JANE: &str = "jane@example.com";
const JOE: &str = "joe@example.com";

/// Jane, with her name.
fn jane() -> Identity {
    Identity {
        email: Some(JANE.to_owned()),
        first_name: Some("Jane".to_owned()),
        ..Identity::default()
    }
}

/// Whom the newest event of a type names.
fn named(scene: &Scene, event_type: &str) -> String {
    let payloads = scene.payloads(event_type);
    let email = payloads.last().unwrap()["user"]["email"].as_str();
    email.unwrap().to_owned()
}

#[test]
fn contract_092_who_was_identified_earlier_does_not_get_the_device_back() {
    let mut scene = Scene::flexype();
    scene.at("10:05").does(PageViewed);
    scene.at("10:10").by(JOE).does(Identified);
    scene.sleep_until("10:12");
    scene
        .reported("10:00")
        .identified(jane())
        .does(ProductViewed);
    assert_eq!(named(&scene, "PRODUCT_VIEWED"), JANE, "it was Jane's view");
    scene.at("10:13").does(ProductViewed);
    assert_eq!(named(&scene, "PRODUCT_VIEWED"), JOE);
    scene.run_until("11:00");
    assert_eq!(named(&scene, "ABANDONED_SESSION"), JOE);
    let tablet = scene.at("11:01").on("tablet").by(JANE);
    tablet.does(ProductViewed);
    let payloads = scene.payloads("PRODUCT_VIEWED");
    assert_eq!(payloads[2]["user"]["first_name"], "Jane", "she is known");
}

#[test]
fn contract_092_who_was_identified_earlier_does_not_get_the_checkout_back() {
    let mut scene = Scene::flexype();
    scene.at("10:05").checkout("a").does(CheckoutOpened);
    scene.at("10:10").by(JOE).does(Identified);
    scene.reported("10:06").by(JANE).does(Identified);
    scene
        .reported("10:07")
        .checkout("a")
        .by(JANE)
        .does(CheckoutStep);
    scene.run_until("11:00");
    assert_eq!(named(&scene, "ABANDONED_CHECKOUT"), JOE);
}

#[test]
fn contract_092_a_name_given_before_somebody_was_identified_is_not_theirs() {
    let mut scene = Scene::flexype();
    scene.at("10:10").by(JOE).does(Identified);
    let name = Identity {
        first_name: Some("Jane".to_owned()),
        ..Identity::default()
    };
    scene.reported("10:00").identified(name).does(PageViewed);
    scene.at("10:11").does(ProductViewed);
    let payload = scene.payload("PRODUCT_VIEWED");
    assert_eq!(payload["user"]["first_name"], serde_json::Value::Null);
}

#[test]
fn contract_039_a_view_made_before_identification_fires_nothing_however_late_it_is_reported() {
    for session in [None, Some("s")] {
        let mut scene = Scene::flexype();
        let mut login = scene.at("10:10").by(JANE);
        let view = |scene: &mut Scene, at: &str| {
            let mut view = scene.reported(at);
            if let Some(name) = session {
                view = view.session(name);
            }
            view.does(ProductViewed);
            scene.note()
        };
        if let Some(name) = session {
            login = login.session(name);
        }
        login.does(Identified);
        assert_eq!(view(&mut scene, "10:05"), Note::Anonymous, "{session:?}");
        scene.restart();
        scene.run_until("10:20");
        assert_eq!(view(&mut scene, "10:09:59"), Note::Anonymous);
        assert_eq!(view(&mut scene, "10:10"), Note::Fired);
        assert_eq!(view(&mut scene, "10:15"), Note::Fired);
    }
}

#[test]
fn contract_039_a_login_that_is_reported_late_makes_views_after_it_known() {
    let mut scene = Scene::flexype();
    scene.at("10:10").by(JANE).does(PageViewed);
    scene.reported("10:02").does(ProductViewed);
    scene.reported("10:04").by(JANE).does(ProductViewed);
    scene.reported("10:06").does(ProductViewed);
    assert_eq!(scene.payloads("PRODUCT_VIEWED").len(), 2);
    let phone = (scene.merchant.id, Key::device("phone"));
    let visitor = scene.world.visitors.get(phone).unwrap();
    assert_eq!(visitor.known_since, Some(crate::scene::moment("10:04")));
}

#[test]
fn contract_050_an_account_or_order_of_somebody_else_is_not_told_of_whoever_came_later() {
    for kind in [CustomerCreated, OrderCompleted] {
        let mut scene = Scene::new(&[FLEXYPE, &["purchase"]].concat());
        scene.at("10:10").by(JOE).does(Identified);
        scene.reported("10:00").does(kind);
        assert_eq!(scene.note(), Note::Anonymous, "{kind:?}");
        let mut scene = Scene::new(FLEXYPE);
        scene.at("10:10").by(JOE).does(Identified);
        scene.reported("10:00").by(JANE).does(CustomerCreated);
        assert_eq!(named(&scene, "NEW_CUSTOMER"), JANE);
    }
}
