//! Shoppers and activities for the tests of this crate.

use std::time::Duration;

use bytes::Bytes;
use uuid::Uuid;

use crate::clock::Micros;
use crate::id::{ActivityId, CheckoutId, MerchantId, ShopperId};
use crate::trigger::Key;
use crate::trigger::activity::{Activity, ActivityKind, VisitorIds};
use crate::trigger::checkout::{Checkout, CheckoutKind, CheckoutState, Step};
use crate::trigger::shopper::Shopper;

/// 2026-05-07T09:55:00Z, in seconds.
pub(crate) const MAY_7: i64 = 1_778_147_700;

/// The moment of this second.
pub(crate) const fn second(at: i64) -> Micros {
    Micros(at * 1_000_000)
}

/// An activity of the device `d1` in the checkout `c1`.
pub(crate) fn activity(kind: &str, at_second: i64, data: &str) -> Activity {
    Activity {
        id: ActivityId::from_uuid(Uuid::nil()),
        client_id: None,
        kind: ActivityKind::from_name(kind).unwrap(),
        at: second(at_second),
        visitor: VisitorIds {
            device_id: "d1".to_owned(),
            session_id: None,
            checkout_id: Some("c1".to_owned()),
        },
        identity: None,
        client: None,
        data: Bytes::copy_from_slice(data.as_bytes()),
        body: Bytes::new(),
    }
}

/// The person of FlexyPe's samples.
pub(crate) fn jane() -> Shopper {
    let some = |text: &str| Some(text.to_owned());
    Shopper {
        id: ShopperId::from_uuid(Uuid::nil()),
        merchant_id: MerchantId::from_uuid(Uuid::nil()),
        contact_id: "c3b0b4e1eb2128776a06e7e5b9ae630e".to_owned(),
        email: some("jane.doe@example.com"),
        phone: some("9876543210"),
        dial_code: some("91"),
        first_name: some("Jane"),
        last_name: some("Doe"),
        created_at: second(MAY_7),
    }
}

/// A store's checkout of this client id, at this step.
pub(crate) fn checkout(client_id: &str, step: Step) -> Checkout {
    Checkout {
        id: CheckoutId::from_uuid(Uuid::nil()),
        merchant_id: MerchantId::from_uuid(Uuid::nil()),
        kind: CheckoutKind::Store,
        client_id: client_id.to_owned(),
        device: Key::device("d1"),
        session_id: None,
        shopper_id: None,
        state: CheckoutState::Open,
        step: (step, second(MAY_7)),
        opened: second(MAY_7),
        last: second(MAY_7),
        ended: None,
        recovered: None,
        superseded_by: None,
        span: Duration::from_mins(15),
        sliding: false,
        announced: false,
        in_upsell: false,
    }
}

/// The same JSON without the spaces between its parts; the spelling of values stays.
pub(crate) fn compact(json: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    json.chars()
        .filter(|c| {
            let kept = quoted || !c.is_whitespace();
            if *c == '"' && !escaped {
                quoted = !quoted;
            }
            escaped = quoted && *c == '\\' && !escaped;
            kept
        })
        .collect()
}

/// A payload as text, proven to be JSON.
pub(crate) fn text(payload: &Bytes) -> String {
    serde_json::from_slice::<serde_json::Value>(payload).unwrap();
    String::from_utf8(payload.to_vec()).unwrap()
}

/// A payload's value.
pub(crate) fn value(payload: &Bytes) -> serde_json::Value {
    serde_json::from_slice(payload).unwrap()
}

/// Proves that a payload suits the schema of its event type.
pub(crate) fn assert_suits(schema: &str, payload: &Bytes) {
    let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
    let errors: Vec<_> = jsonschema::validator_for(&schema)
        .unwrap()
        .iter_errors(&value(payload))
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:?} in {payload:?}");
}
