//! What happens on a device whose last session retention has deleted.

use domain::id::SessionId;
use domain::trigger::Key;
use domain::trigger::activity::ActivityKind::{
    CheckoutOpened, CustomerCreated, FunnelCheckoutCreated, OrderCompleted, PageViewed,
};
use domain::trigger::checkout::CheckoutKind;
use uuid::Uuid;

use crate::scene::{CARTHOOK, FLEXYPE, Scene};

const JANE: &str = "jane@example.com";
const DELETED: Uuid = Uuid::from_u128(99);

/// A store where Jane's phone was last seen in a session that is no more.
fn forgetful() -> Scene {
    let mut scene = Scene::new(&[FLEXYPE, CARTHOOK, &["purchase"]].concat());
    scene.at("10:00").by(JANE).does(PageViewed);
    scene.run_until("12:00");
    let phone = (scene.merchant.id, Key::device("phone"));
    let visitor = scene.world.visitors.change(phone).unwrap();
    visitor.session_id = Some(SessionId::from_uuid(DELETED));
    scene
}

#[test]
fn an_account_or_an_order_after_a_deleted_session_belongs_to_itself() {
    for (kind, event) in [
        (CustomerCreated, "12:00 NEW_CUSTOMER"),
        (OrderCompleted, "12:00 purchase"),
    ] {
        let mut scene = forgetful();
        let id = scene.at("12:00").does(kind);
        let subject = scene.world.recorded.last().unwrap().subject;
        assert_eq!(subject, id.uuid(), "{kind:?}");
        assert_eq!(scene.fired().last().map(String::as_str), Some(event));
    }
}

#[test]
fn a_checkout_after_a_deleted_session_begins_a_session_that_the_device_is_in() {
    let mut scene = forgetful();
    scene.at("12:00").checkout("a").does(CheckoutOpened);
    scene.at("12:05").checkout("b").does(CheckoutOpened);
    let session = scene.checkout("a").session_id;
    assert_eq!(scene.checkout("b").session_id, session);
    assert!(session.is_some_and(|id| scene.world.sessions.get(id).is_some()));
    scene.run_until("13:00");
    assert_eq!(
        scene.fired(),
        ["10:15 ABANDONED_SESSION", "12:20 ABANDONED_CHECKOUT"]
    );
}

#[test]
fn a_funnel_after_a_deleted_session_has_none() {
    let mut scene = forgetful();
    scene.at("12:00").checkout("f").does(FunnelCheckoutCreated);
    let funnel = scene.checkout_of(CheckoutKind::Funnel, "f");
    assert_eq!(funnel.session_id, None);
}
