//! Who a shopper is, and that nothing fires for the unknown.

use domain::trigger::activity::ActivityKind::{
    CartUpdated, CheckoutOpened, CheckoutStep, CollectionViewed, CustomerCreated, Identified,
    PageViewed, ProductViewed,
};
use domain::trigger::activity::{Identity, Note};
use serde_json::{Value, json};

use crate::scene::Scene;

const JANE: &str = "jane@example.com";

#[expect(
    clippy::unnecessary_wraps,
    reason = "every field of an identity may be missing"
)]
fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn contract_036_037_whatever_an_anonymous_visitor_does_nothing_fires() {
    let mut scene = Scene::flexype();
    for kind in [
        PageViewed,
        ProductViewed,
        CollectionViewed,
        CartUpdated,
        Identified,
        CustomerCreated,
    ] {
        scene.at("10:00").does(kind);
    }
    scene.at("10:01").checkout("a").does(CheckoutOpened);
    scene.at("10:02").checkout("a").does(CheckoutStep);
    scene.at("10:03").does(ProductViewed);
    scene.run_until("12:00");
    assert_eq!(scene.fired(), [""; 0]);
    assert_eq!(scene.session_states(), ["converted", "expired_anonymous"]);
    assert_eq!(scene.checkout("a").state.as_str(), "expired_anonymous");
}

#[test]
fn contract_038_an_email_or_a_phone_number_identifies_and_a_name_does_not() {
    let cases = [
        (
            Identity {
                email: some(JANE),
                ..Identity::default()
            },
            true,
        ),
        (
            Identity {
                phone: some("9876543210"),
                ..Identity::default()
            },
            true,
        ),
        (
            Identity {
                first_name: some("Jane"),
                ..Identity::default()
            },
            false,
        ),
        (
            Identity {
                email: some("  "),
                phone: some(""),
                ..Identity::default()
            },
            false,
        ),
    ];
    for (identity, known) in cases {
        let mut scene = Scene::flexype();
        scene
            .at("10:00")
            .identified(identity.clone())
            .does(ProductViewed);
        assert_eq!(scene.fired().len(), usize::from(known), "{identity:?}");
    }
}

#[test]
fn contract_039_views_before_identification_do_not_fire_late_and_are_in_the_abandoned_session() {
    let mut scene = Scene::flexype();
    scene.at("10:00").does(ProductViewed);
    assert_eq!(scene.note(), Note::Anonymous);
    scene.at("10:01").does_with(
        CollectionViewed,
        &json!({"collection_id": 9, "name": "Hats"}),
    );
    scene.at("10:02").by(JANE).does(Identified);
    scene.run_until("11:00");
    assert_eq!(scene.fired(), ["10:17 ABANDONED_SESSION"]);
    let payload = scene.payload("ABANDONED_SESSION");
    assert_eq!(payload["products_viewed"][0]["product_id"], 1);
    assert_eq!(payload["collection_viewed"][0]["name"], "Hats");
}

#[test]
fn contract_040_who_is_anonymous_at_the_deadline_expires_and_a_later_login_fires_nothing() {
    let mut scene = Scene::flexype();
    scene.at("10:00").session("s").does(ProductViewed);
    scene.run_until("10:15");
    assert_eq!(scene.session_states(), ["expired_anonymous"]);
    scene.at("10:16").session("s").by(JANE).does(Identified);
    scene.run_until("12:00");
    assert_eq!(scene.fired(), [""; 0]);
}

#[test]
fn contract_040_identity_counts_as_of_the_deadline_however_late_it_is_looked_at() {
    for (login, fires) in [("10:14", true), ("10:15", true), ("10:15:01", false)] {
        let mut scene = Scene::flexype();
        scene.at("10:00").session("left").does(PageViewed);
        scene.sleep_until("10:01");
        scene.reported("10:01").session("new").does(PageViewed);
        scene.sleep_until("13:00");
        scene
            .reported(login)
            .session("new")
            .by(JANE)
            .does(Identified);
        scene.run_until("13:30");
        let left = scene
            .fired()
            .contains(&"10:15 ABANDONED_SESSION".to_owned());
        assert_eq!(left, fires, "{login}");
    }
}

#[test]
fn contract_041_042_043_the_user_has_seven_fields_and_what_is_unknown_is_null() {
    let mut scene = Scene::flexype();
    let jane = Identity {
        email: some(JANE),
        phone: some("98765 43210"),
        dial_code: some("+91"),
        first_name: some("Jane"),
        last_name: some("Doe"),
        contact_id: None,
    };
    scene.at("10:00").identified(jane).does(ProductViewed);
    scene
        .at("10:00")
        .on("other")
        .by("joe@example.com")
        .does(ProductViewed);
    let users: Vec<Value> = scene
        .payloads("PRODUCT_VIEWED")
        .into_iter()
        .map(|payload| payload["user"].clone())
        .collect();
    assert_eq!(
        users,
        [
            json!({
                "email": JANE, "full_name": "Jane Doe", "first_name": "Jane", "last_name": "Doe",
                "dial_code": "91", "phone": "9876543210", "phone_with_dial_code": "+919876543210",
            }),
            json!({
                "email": "joe@example.com", "full_name": null, "first_name": null, "last_name": null,
                "dial_code": null, "phone": null, "phone_with_dial_code": null,
            })
        ]
    );
}

#[test]
fn contract_041_what_is_learned_later_completes_the_user() {
    let mut scene = Scene::flexype();
    scene.at("10:00").by(JANE).does(PageViewed);
    let name = Identity {
        first_name: some("Jane"),
        ..Identity::default()
    };
    scene.at("10:01").identified(name).does(PageViewed);
    let phone = Identity {
        phone: some("123"),
        dial_code: some("44"),
        ..Identity::default()
    };
    scene.at("10:02").identified(phone).does(PageViewed);
    scene.run_until("11:00");
    let user = &scene.payload("ABANDONED_SESSION")["user"];
    assert_eq!(user["email"], JANE);
    assert_eq!(user["full_name"], "Jane");
    assert_eq!(user["phone_with_dial_code"], "+44123");
}

#[test]
fn contract_045_two_stores_share_nothing() {
    let mut scene = Scene::flexype();
    scene
        .at("10:00")
        .session("s")
        .by(JANE)
        .does(CustomerCreated);
    scene.at("10:00").session("s").does(PageViewed);
    scene.at("10:00").checkout("a").does(CheckoutOpened);
    scene.in_store(2);
    scene.at("10:01").session("s").does(ProductViewed);
    assert_eq!(scene.note(), Note::Anonymous, "the device is unknown here");
    scene
        .at("10:02")
        .session("s")
        .by(JANE)
        .does(CustomerCreated);
    scene.at("10:03").checkout("a").does(CheckoutOpened);
    assert_eq!(
        scene.world.checkouts.all().count(),
        2,
        "two checkouts of one name"
    );
    scene.run_until("10:15");
    assert_eq!(
        scene.fired(),
        [
            "10:00 NEW_CUSTOMER",
            "10:02 NEW_CUSTOMER",
            "10:15 ABANDONED_CHECKOUT"
        ],
        "the second store's checkout has not taken the place of the first's"
    );
    scene.run_until("11:00");
    assert_eq!(scene.fired().len(), 4);
    let stores: Vec<_> = scene
        .events()
        .iter()
        .map(|event| event.merchant_id)
        .collect();
    assert_eq!([stores[0], stores[2]], [stores[0]; 2]);
    assert_eq!([stores[1], stores[3]], [stores[1]; 2]);
    let people: Vec<_> = scene.world.shoppers.all().collect();
    assert_eq!(people.len(), 2);
    assert_ne!(people[0].contact_id, people[1].contact_id);
}

#[test]
fn contract_104_a_contact_keeps_its_first_id() {
    let mut scene = Scene::flexype();
    let given = |id: &str| Identity {
        email: some(JANE),
        contact_id: some(id),
        ..Identity::default()
    };
    let first = "c3b0b4e1eb2128776a06e7e5b9ae630e";
    scene.at("10:00").identified(given(first)).does(Identified);
    scene
        .at("10:01")
        .identified(given("00000000000000000000000000000000"))
        .does(Identified);
    scene
        .at("10:02")
        .on("other")
        .by("Jane@Example.com")
        .does(Identified);
    let people: Vec<_> = scene.world.shoppers.all().collect();
    assert_eq!(people.len(), 1);
    assert_eq!(people[0].contact_id, first);
}

#[test]
fn contract_104_a_contact_that_tells_its_phone_number_later_keeps_its_id() {
    let mut scene = Scene::flexype();
    scene.at("10:00").by(JANE).does(Identified);
    let id = scene
        .world
        .shoppers
        .all()
        .next()
        .unwrap()
        .contact_id
        .clone();
    let phone = Identity {
        phone: some("123"),
        ..Identity::default()
    };
    scene.at("10:01").identified(phone.clone()).does(Identified);
    scene
        .at("10:02")
        .on("other")
        .identified(phone)
        .does(ProductViewed);
    let people: Vec<_> = scene.world.shoppers.all().collect();
    assert_eq!(people.len(), 1, "found again by the number alone");
    assert_eq!(people[0].contact_id, id);
    assert_eq!(scene.payload("PRODUCT_VIEWED")["user"]["email"], JANE);
}

#[test]
fn two_people_on_one_device_are_two() {
    let mut scene = Scene::flexype();
    scene.at("10:00").by(JANE).does(ProductViewed);
    scene.at("10:01").by("joe@example.com").does(ProductViewed);
    let emails: Vec<_> = scene
        .payloads("PRODUCT_VIEWED")
        .iter()
        .map(|payload| payload["user"]["email"].clone())
        .collect();
    assert_eq!(emails, [JANE, "joe@example.com"]);
}
