//! The words of timelines, on rows made by hand.

use std::time::Duration;

use uuid::Uuid;

use super::*;
use crate::id::{CheckoutId, MerchantId, SessionId, ShopperId};
use crate::trigger::Key;
use crate::trigger::checkout::{CheckoutState, Step};

const NINE: i64 = 1_778_144_400; // 2026-05-07T09:00:00Z

fn at(minute: i64) -> Micros {
    Micros((NINE + minute * 60) * 1_000_000)
}

fn done(kind: &str, minute: i64, checkout: &str, data: &str, note: Note) -> (Activity, Note) {
    let checkout = if checkout.is_empty() {
        "null".to_owned()
    } else {
        format!("{checkout:?}")
    };
    let body = format!(
        r#"{{"type":"{kind}","visitor":{{"device_id":"d","checkout_id":{checkout}}},"data":{data}}}"#
    );
    let (_, mut activity) = Activity::parse(&body.into(), "").unwrap();
    activity.id = ActivityId::from_uuid(Uuid::from_u128(minute.unsigned_abs().into()));
    activity.at = at(minute);
    (activity, note)
}

fn session(state: SessionState) -> Session {
    Session {
        id: SessionId::from_uuid(Uuid::nil()),
        merchant_id: MerchantId::from_uuid(Uuid::nil()),
        client_id: Some("s1".to_owned()),
        device: Key::device("d"),
        shopper_id: None,
        state,
        opened: at(0),
        last: at(5),
        ended: None,
        span: Duration::from_mins(15),
        checkout_id: None,
    }
}

fn checkout(name: &str, state: CheckoutState, ended: Option<i64>) -> Checkout {
    Checkout {
        id: CheckoutId::from_uuid(Uuid::nil()),
        merchant_id: MerchantId::from_uuid(Uuid::nil()),
        kind: CheckoutKind::Store,
        client_id: name.to_owned(),
        device: Key::device("d"),
        session_id: None,
        shopper_id: Some(ShopperId::from_uuid(Uuid::nil())),
        state,
        step: (Step::Initiated, at(0)),
        opened: at(0),
        last: at(5),
        ended: ended.map(at),
        recovered: None,
        superseded_by: None,
        span: Duration::from_mins(15),
        sliding: false,
        announced: false,
        in_upsell: false,
    }
}

fn told(event_type: &str, minute: i64, endpoints: usize) -> Told<'_> {
    Told {
        event_type,
        at: at(minute),
        activity: None,
        endpoints,
    }
}

fn lines(entries: &[Entry]) -> Vec<String> {
    let line = |entry: &Entry| {
        let time = &entry.at.rfc3339()[11..16];
        format!(
            "{time} {} {}: {}",
            entry.kind.as_str(),
            entry.name,
            entry.text
        )
    };
    entries.iter().map(line).collect()
}

#[test]
fn contract_037_040_an_anonymous_session_says_why_nothing_fired() {
    let viewed = done(
        "product_viewed",
        5,
        "",
        r#"{"product_id":7,"title":"Mug"}"#,
        Note::Anonymous,
    );
    let mut session = session(SessionState::Active);
    let recorded = [viewed];
    let open = of_session(&session, None, &recorded, &[]);
    assert_eq!(
        lines(&open),
        [
            "09:00 state active: Session s1 began.",
            "09:05 activity product_viewed: Viewed the product Mug. PRODUCT_VIEWED did not fire: the shopper is not identified.",
            "09:20 timer session_inactivity: Due at 09:20, unless the shopper does something before. Nobody is identified yet: if that stays so ABANDONED_SESSION will not fire.",
        ]
    );
    session.state = SessionState::ExpiredAnonymous;
    session.ended = Some(at(20));
    let ended = lines(&of_session(&session, None, &recorded, &[]));
    assert_eq!(
        ended[2..],
        [
            "09:20 timer session_inactivity: 15 minutes passed without any activity.",
            "09:20 state expired_anonymous: Session s1 expired: the shopper was not identified, so ABANDONED_SESSION does not fire.",
        ]
    );
}

#[test]
fn contract_057_089_a_converted_session_names_the_checkout() {
    let session = Session {
        ended: Some(at(7)),
        ..session(SessionState::Converted)
    };
    let entries = lines(&of_session(&session, Some("A"), &[], &[]));
    assert_eq!(
        entries[1],
        "09:07 state converted: Session s1 was converted by opening checkout A: ABANDONED_SESSION will not fire."
    );
}

#[test]
fn contract_080_083_an_abandoned_checkout_tells_its_event_and_what_came_after() {
    let recorded = [
        done("checkout_opened", 0, "B", "{}", Note::Recorded),
        done(
            "checkout_step",
            20,
            "B",
            r#"{"state":"PHONE_ENTERED"}"#,
            Note::AfterEnd,
        ),
    ];
    let checkout = checkout("B", CheckoutState::Abandoned, Some(15));
    let entries = of_checkout(
        &checkout,
        None,
        &recorded,
        &[told("ABANDONED_CHECKOUT", 15, 2)],
    );
    assert_eq!(
        lines(&entries),
        [
            "09:00 state open: Checkout B is open.",
            "09:00 activity checkout_opened: Opened checkout B.",
            "09:15 timer checkout_abandonment: 15 minutes passed since the checkout was opened without an order.",
            "09:15 state abandoned: Checkout B is abandoned.",
            "09:15 event ABANDONED_CHECKOUT: ABANDONED_CHECKOUT fired with the state INITIATED, to 2 endpoints.",
            "09:20 activity checkout_step: Was in checkout B: PHONE_ENTERED. No new event: checkout B is abandoned already since 09:15.",
        ]
    );
    assert_eq!((entries[4].event, entries[5].activity), (Some(0), Some(1)));
}

#[test]
fn contract_084_085_086_completion_recovery_and_succession_have_words() {
    let completed = checkout("A", CheckoutState::Completed, Some(14));
    let words = lines(&of_checkout(&completed, None, &[], &[]));
    assert_eq!(
        words[1],
        "09:14 state completed: Checkout A was completed at 09:14: ABANDONED_CHECKOUT will not fire."
    );
    let superseded = checkout("A", CheckoutState::Superseded, Some(10));
    let words = lines(&of_checkout(&superseded, Some("B"), &[], &[]));
    assert_eq!(
        words[1],
        "09:10 state superseded: Checkout A was superseded by checkout B: ABANDONED_CHECKOUT will not fire for it."
    );
    let recovered = Checkout {
        recovered: Some(at(40)),
        ..checkout("A", CheckoutState::Abandoned, Some(15))
    };
    let words = lines(&of_checkout(&recovered, None, &[], &[]));
    assert!(
        words[3].starts_with("09:40 state recovered: Checkout A was recovered"),
        "{words:?}"
    );
}

#[test]
fn contract_094_an_event_without_a_subscriber_is_told_as_logged() {
    let session = Session {
        ended: Some(at(20)),
        ..session(SessionState::Abandoned)
    };
    let entries = of_session(&session, None, &[], &[told("ABANDONED_SESSION", 20, 0)]);
    assert_eq!(
        entries[3].text,
        "ABANDONED_SESSION fired, but no endpoint was subscribed: it is only logged."
    );
}

#[test]
fn every_note_has_words() {
    let session = session(SessionState::Abandoned);
    let subject = Some(Subject::Session(&session));
    let customer = done(
        "customer_created",
        0,
        "",
        r#"{"customer_id":5}"#,
        Note::Repeated,
    )
    .0;
    assert_eq!(
        about_activity(&customer, Note::Repeated, subject),
        "Got the store account 5. NEW_CUSTOMER did not fire: this customer is known already."
    );
    let sms = done("funnel_sms_entered", 0, "f", "{}", Note::NoConsent).0;
    assert_eq!(
        about_activity(&sms, Note::NoConsent, subject),
        "Typed a phone number. checkouts/updated did not fire: the shopper gave no consent to text messages."
    );
    let page = done(
        "page_viewed",
        0,
        "",
        r#"{"url":"https://x.example/"}"#,
        Note::NoAccount,
    )
    .0;
    for note in Note::ALL {
        let words = about_activity(&page, note, subject);
        let silent = matches!(note, Note::Recorded | Note::Fired);
        assert_eq!(
            words == "Viewed the page https://x.example/.",
            silent,
            "{words}"
        );
    }
}
