//! Funnels: their checkouts are created, updated and completed exactly once.

use domain::trigger::activity::ActivityKind::{
    FunnelCheckoutCreated, FunnelCompleted, FunnelEmailEntered, FunnelSmsEntered, FunnelStep,
    PageViewed,
};
use domain::trigger::activity::{Identity, Note};
use domain::trigger::checkout::CheckoutKind;
use serde_json::json;

use crate::scene::{CARTHOOK, FLEXYPE, Scene, minutes};

fn scene() -> Scene {
    let mut scene = Scene::new(CARTHOOK);
    scene.at("10:00").checkout("f").does(FunnelCheckoutCreated);
    scene
}

fn state(scene: &Scene) -> &'static str {
    scene.checkout_of(CheckoutKind::Funnel, "f").state.as_str()
}

fn page(name: &str, decision: &str) -> serde_json::Value {
    json!({"page": name, "decision": decision})
}

#[test]
fn contract_134_created_fires_at_once_and_once_for_each_checkout() {
    let mut scene = scene();
    scene.at("10:01").checkout("f").does(FunnelCheckoutCreated);
    assert_eq!(scene.note(), Note::Repeated);
    scene.at("10:02").checkout("g").does(FunnelCheckoutCreated);
    assert_eq!(
        scene.fired(),
        ["10:00 checkouts/created", "10:02 checkouts/created"]
    );
}

#[test]
fn contract_134_created_has_its_one_chance_whether_or_not_anybody_subscribes() {
    let mut scene = Scene::new(&[]);
    scene.at("10:00").checkout("f").does(FunnelCheckoutCreated);
    assert_eq!(scene.note(), Note::NoSubscriber);
    scene.subscribed = CARTHOOK.to_vec();
    scene.at("10:01").checkout("f").does(FunnelCheckoutCreated);
    assert_eq!(scene.fired(), [""; 0]);
}

#[test]
fn contract_135_updated_fires_on_an_email_address_whatever_the_box_says() {
    for subscribes in [true, false] {
        let mut scene = scene();
        let customer = json!({"customer": {"email": "jane@example.com", "buyer_accepts_marketing": subscribes}});
        scene
            .at("10:01")
            .checkout("f")
            .does_with(FunnelEmailEntered, &customer);
        let payload = scene.payload("checkouts/updated");
        assert_eq!(payload["customer"]["email"], "jane@example.com");
        assert_eq!(payload["customer"]["buyer_accepts_marketing"], subscribes);
    }
}

#[test]
fn contract_136_updated_fires_on_a_phone_number_only_with_consent() {
    for (data, fires) in [
        (json!({"consent": true}), true),
        (json!({"consent": false}), false),
        (json!({"consent": null}), false),
        (json!({}), false),
    ] {
        let mut scene = scene();
        let identity = Identity {
            phone: Some("5551234".to_owned()),
            dial_code: Some("1".to_owned()),
            ..Identity::default()
        };
        let doing = scene.at("10:01").checkout("f").identified(identity);
        doing.does_with(FunnelSmsEntered, &data);
        let updates = scene.payloads("checkouts/updated");
        assert_eq!(updates.len(), usize::from(fires), "{data}");
        let note = if fires { Note::Fired } else { Note::NoConsent };
        assert_eq!(scene.note(), note, "{data}");
    }
}

#[test]
fn contract_137_updated_fires_on_each_move_with_the_new_page() {
    let mut scene = scene();
    scene
        .at("10:01")
        .checkout("f")
        .does_with(FunnelStep, &page("upsell_1", "accepted"));
    scene
        .at("10:02")
        .checkout("f")
        .does_with(FunnelStep, &page("downsell_1", "rejected"));
    let steps: Vec<_> = scene
        .payloads("checkouts/updated")
        .iter()
        .map(|payload| payload["funnel_step"].clone())
        .collect();
    assert_eq!(steps, ["upsell_1", "downsell_1"]);
}

#[test]
fn contract_138_139_an_upsell_page_that_stays_quiet_for_10_minutes_closes_the_order() {
    let mut scene = scene();
    scene.at("10:01").checkout("f").does(FunnelStep);
    scene.at("10:10:59").checkout("f").does(FunnelStep);
    scene.run_until("10:20:58");
    assert_eq!(state(&scene), "open");
    scene.run_until("12:00");
    assert_eq!(state(&scene), "completed");
    assert_eq!(
        scene.fired(),
        [
            "10:00 checkouts/created",
            "10:01 checkouts/updated",
            "10:10:59 checkouts/updated",
            "10:20:59 checkouts/completed"
        ]
    );
}

#[test]
fn contract_138_the_timer_runs_on_upsell_pages_only() {
    let mut scene = scene();
    scene.at("10:01").checkout("f").does(FunnelEmailEntered);
    scene.run_until("23:00");
    assert_eq!(state(&scene), "open");
    assert!(scene.next_timer().is_none());
}

#[test]
fn contract_138_the_time_is_a_setting() {
    let mut scene = Scene::new(CARTHOOK);
    scene.settings.upsell_inactivity = minutes(1);
    scene.at("10:00").checkout("f").does(FunnelStep);
    scene.run_until("12:00");
    assert_eq!(
        scene.fired(),
        ["10:00 checkouts/updated", "10:01 checkouts/completed"]
    );
}

#[test]
fn contract_139_the_thank_you_page_completes_at_once_and_the_timer_then_does_not() {
    let mut scene = scene();
    scene.at("10:01").checkout("f").does(FunnelStep);
    scene.at("10:11").checkout("f").does(FunnelCompleted);
    scene.run_until("12:00");
    assert_eq!(
        scene.fired(),
        [
            "10:00 checkouts/created",
            "10:01 checkouts/updated",
            "10:11 checkouts/completed"
        ],
        "at exactly the deadline the shopper wins"
    );
}

#[test]
fn contract_139_the_thank_you_page_after_the_timer_completes_nothing_again() {
    for looked in [true, false] {
        let mut scene = scene();
        scene.at("10:01").checkout("f").does(FunnelStep);
        if looked {
            scene.run_until("10:11");
        }
        scene.sleep_until("11:00");
        scene.reported("10:12").checkout("f").does(FunnelCompleted);
        assert_eq!(scene.note(), Note::AfterEnd);
        scene.run_until("12:00");
        assert_eq!(
            scene.fired()[2..],
            ["10:11 checkouts/completed"],
            "{looked}"
        );
    }
}

#[test]
fn contract_139_two_thank_you_pages_complete_once() {
    let mut scene = scene();
    scene.at("10:01").checkout("f").does(FunnelCompleted);
    scene.at("10:01").checkout("f").does(FunnelCompleted);
    assert_eq!(scene.fired()[1..], ["10:01 checkouts/completed"]);
}

#[test]
fn contract_139_without_a_subscriber_an_abandoned_upsell_closes_and_the_event_exists() {
    let mut scene = Scene::new(&[]);
    scene.at("10:00").checkout("f").does(FunnelStep);
    scene.run_until("11:00");
    assert_eq!(state(&scene), "completed");
    assert_eq!(scene.fired(), ["10:10 checkouts/completed"]);
}

#[test]
fn contract_140_nothing_fires_after_completed() {
    let mut scene = scene();
    scene.at("10:01").checkout("f").does(FunnelCompleted);
    let told = scene.fired().len();
    for kind in [
        FunnelCheckoutCreated,
        FunnelEmailEntered,
        FunnelSmsEntered,
        FunnelStep,
        FunnelCompleted,
    ] {
        scene
            .at("10:02")
            .checkout("f")
            .does_with(kind, &json!({"consent": true}));
        assert_eq!(scene.note(), Note::AfterEnd, "{kind:?}");
    }
    scene.run_until("12:00");
    assert_eq!(scene.fired().len(), told);
}

#[test]
fn contract_157_who_waits_10_minutes_after_the_last_update_never_mails_a_shopper_still_moving() {
    let mut scene = scene();
    let mut moves = vec!["10:00"];
    for at in ["10:09", "10:18:59", "10:28", "10:37:59"] {
        scene.at(at).checkout("f").does(FunnelStep);
        moves.push(at);
    }
    scene.run_until("12:00");
    let told = scene.fired();
    let times: Vec<_> = told
        .iter()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(times[..5], moves, "every move is told at its own time");
    assert_eq!(told[5..], ["10:47:59 checkouts/completed"]);
}

#[test]
fn a_funnel_and_a_checkout_of_the_store_may_have_the_same_name() {
    let mut scene = Scene::new(&[CARTHOOK, FLEXYPE].concat());
    let jane = "jane@example.com";
    scene.at("10:00").by(jane).checkout("f").does(FunnelStep);
    scene
        .at("10:00")
        .by(jane)
        .checkout("f")
        .does(domain::trigger::activity::ActivityKind::CheckoutOpened);
    scene.at("10:01").by(jane).does(PageViewed);
    scene.run_until("12:00");
    assert_eq!(
        scene.fired(),
        [
            "10:00 checkouts/updated",
            "10:10 checkouts/completed",
            "10:15 ABANDONED_CHECKOUT",
            "10:16 ABANDONED_SESSION"
        ]
    );
}
