//! Payloads as the platforms publish them: numbers, key order and spelling are theirs, byte for byte.
//!
//! Only what was not JSON is repaired (a comma too many, one too few), and a masked e-mail address is filled in.
//! `PRODUCT_VIEWED`, `COLLECTION_VIEWED`, `NEW_CUSTOMER` and `ABANDONED_CHECKOUT` are samples of our own, in the
//! documented shape.

/// Reads `fixtures/payloads/<path>` at compile time.
macro_rules! payload {
    ($path:literal) => {
        include_str!(concat!("../fixtures/payloads/", $path))
    };
}

/// The `payload` object of each `flexype` event type.
pub const FLEXYPE: [(&str, &str); 5] = [
    (
        "ABANDONED_SESSION",
        payload!("flexype/abandoned_session.json"),
    ),
    (
        "ABANDONED_CHECKOUT",
        payload!("flexype/abandoned_checkout.json"),
    ),
    ("PRODUCT_VIEWED", payload!("flexype/product_viewed.json")),
    (
        "COLLECTION_VIEWED",
        payload!("flexype/collection_viewed.json"),
    ),
    ("NEW_CUSTOMER", payload!("flexype/new_customer.json")),
];

/// A whole `flexype` body: the envelope around the payload of `ABANDONED_SESSION`.
pub const FLEXYPE_ENVELOPE: &str = payload!("flexype/abandoned_session.envelope.json");

/// The whole object of each `flashy` event type; the body sent is an array of it.
pub const FLASHY: [(&str, &str); 13] = [
    ("page_view", payload!("flashy/page_view.json")),
    ("add_to_cart", payload!("flashy/add_to_cart.json")),
    (
        "contact_subscribed",
        payload!("flashy/contact_subscribed.json"),
    ),
    (
        "contact_unsubscribed",
        payload!("flashy/contact_unsubscribed.json"),
    ),
    ("contact_updated", payload!("flashy/contact_updated.json")),
    ("contact_created", payload!("flashy/contact_created.json")),
    ("purchase", payload!("flashy/purchase.json")),
    (
        "automation_completed",
        payload!("flashy/automation_completed.json"),
    ),
    (
        "email_automation_delivered",
        payload!("flashy/email_automation_delivered.json"),
    ),
    (
        "email_automation_opened",
        payload!("flashy/email_automation_opened.json"),
    ),
    (
        "email_automation_clicked",
        payload!("flashy/email_automation_clicked.json"),
    ),
    (
        "email_campaign_bounced",
        payload!("flashy/email_campaign_bounced.json"),
    ),
    ("incoming_sms", payload!("flashy/incoming_sms.json")),
];

/// The whole object of each `carthook` topic.
pub const CARTHOOK: [(&str, &str); 4] = [
    (
        "checkouts/created",
        payload!("carthook/checkouts/created.json"),
    ),
    (
        "checkouts/updated",
        payload!("carthook/checkouts/updated.json"),
    ),
    (
        "checkouts/completed",
        payload!("carthook/checkouts/completed.json"),
    ),
    ("app/uninstalled", payload!("carthook/app/uninstalled.json")),
];

/// The `payload` object of a `flexype` event type, such as `PRODUCT_VIEWED`. Panics when there is no such type.
pub fn flexype_payload(event_type: &str) -> &'static str {
    find(&FLEXYPE, event_type)
}

/// The object of a `flashy` event type, such as `page_view`. Panics when there is no such type.
pub fn flashy_payload(event_type: &str) -> &'static str {
    find(&FLASHY, event_type)
}

/// The object of a `carthook` topic, such as `checkouts/created`, with or without a leading slash. Panics when there is no such topic.
pub fn carthook_payload(topic: &str) -> &'static str {
    find(&CARTHOOK, topic.trim_start_matches('/'))
}

/// The payload of an event type of any of the three dialects. Panics when there is no such type.
pub fn payload(event_type: &str) -> &'static str {
    let all: Vec<_> = FLEXYPE.into_iter().chain(FLASHY).chain(CARTHOOK).collect();
    find(&all, event_type)
}

/// URLs that an endpoint may or may not have, as JSON.
pub const BAD_URLS: &str = include_str!("../fixtures/bad_urls.json");

/// Inputs that the API must refuse, as JSON.
pub const BAD_INPUTS: &str = include_str!("../fixtures/bad_inputs.json");

fn find(list: &[(&str, &'static str)], event_type: &str) -> &'static str {
    let found = list.iter().find(|(name, _)| *name == event_type);
    found.map_or_else(
        || panic!("no payload of {event_type}"),
        |(_, payload)| payload,
    )
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn parsed(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn every_payload_is_a_json_object() {
        for (event_type, _) in FLEXYPE.into_iter().chain(FLASHY).chain(CARTHOOK) {
            assert!(parsed(payload(event_type)).is_object(), "{event_type}");
        }
        assert!(parsed(BAD_URLS).is_array());
        assert!(parsed(BAD_INPUTS).is_array());
    }

    #[test]
    fn a_flashy_payload_names_its_own_event_type_last() {
        for (event_type, text) in FLASHY {
            let payload = parsed(text);
            let (last, value) = payload.as_object().unwrap().iter().next_back().unwrap();
            assert_eq!((last.as_str(), value.as_str()), ("event", Some(event_type)));
        }
    }

    #[test]
    fn the_envelope_holds_the_payload_of_an_abandoned_session() {
        let envelope = parsed(FLEXYPE_ENVELOPE);
        assert_eq!(
            envelope["payload"],
            parsed(flexype_payload("ABANDONED_SESSION"))
        );
        assert_eq!(envelope["event_type"], "ABANDONED_SESSION");
    }

    #[test]
    fn the_seventeen_and_twelve_keys_of_a_checkout_are_there() {
        let keys = |topic| parsed(carthook_payload(topic)).as_object().unwrap().len();
        assert_eq!(keys("checkouts/created"), 12);
        assert_eq!(keys("/checkouts/updated"), 17);
        assert_eq!(keys("checkouts/completed"), 20);
        assert_eq!(keys("app/uninstalled"), 3);
    }
}
