//! The vendors' samples, published and delivered byte for byte, and what tells their dialects apart.

use serde_json::{Value, json};
use testkit::fixtures::{self, carthook_payload, flashy_payload};
use testkit::receiver::{Behaviour, Receiver, Recorded};
use testkit::rest::text;
use testkit::server::Mode;

use super::stage::{EVENT, PAYLOAD, Published, SOON, Stage, flexype, standard, with};

in_both_modes! {
    contract_011_012_013_014_an_abandoned_session_arrives_as_printed,
    contract_158_flashy_and_carthook_carry_nothing_of_flexype_and_only_flashy_wraps,
    contract_162_retry_by_hand_test_and_dedupe_hold_for_flashy_and_carthook,
}

/// A sample that has been published, and the request that came of it.
pub(super) struct Arrived {
    pub(super) event_type: &'static str,
    pub(super) sample: &'static str,
    pub(super) published: Published,
    pub(super) request: Recorded,
}

impl Arrived {
    /// The delivered bytes as text.
    pub(super) fn body(&self) -> &str {
        std::str::from_utf8(&self.request.body).expect("UTF-8")
    }
}

/// The body of a new endpoint of this dialect for these event types.
pub(super) fn endpoint_of(dialect: &str, url: &str, event_types: &[&str]) -> Value {
    json!({"url": url, "dialect": dialect, "event_types": event_types})
}

/// Publishes each sample of a dialect, one after another, to an endpoint that is subscribed to all of them.
pub(super) async fn play(
    stage: &Stage,
    dialect: &str,
    samples: &[(&'static str, &'static str)],
) -> (Value, Vec<Arrived>) {
    let receiver = Receiver::start().await;
    // The samples must match their schemas, too.
    let merchant = format!("/v1/merchants/{}", stage.merchant);
    let strict = json!({"settings": {"schema_mode": "strict"}});
    stage.rest().patch(&merchant, &strict).await.expect(200);
    let names: Vec<&str> = samples.iter().map(|(name, _)| *name).collect();
    let body = endpoint_of(dialect, &receiver.url(), &names);
    let endpoint = stage.endpoint(&body).await;
    let mut arrived = Vec::new();
    for (event_type, sample) in samples.iter().copied() {
        let published = stage.publish_of(event_type, sample).await;
        let mut requests = receiver.wait_for(arrived.len() + 1, SOON).await;
        arrived.push(Arrived {
            event_type,
            sample,
            published,
            request: requests.remove(arrived.len()),
        });
    }
    (endpoint, arrived)
}

/// JSON without the whitespace that means nothing.
pub(super) fn compact(json: &str) -> String {
    let (mut inside, mut escaped) = (false, false);
    let means = |letter: &char| {
        let quote = *letter == '"' && !escaped;
        escaped = inside && *letter == '\\' && !escaped;
        inside ^= quote;
        inside || quote || !letter.is_ascii_whitespace()
    };
    json.chars().filter(means).collect()
}

/// The names of an object's members, in order.
pub(super) fn keys(object: &Value) -> Vec<&str> {
    let members = object.as_object().expect("an object");
    members.keys().map(String::as_str).collect()
}

async fn contract_011_012_013_014_an_abandoned_session_arrives_as_printed(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let event_type = "ABANDONED_SESSION";
    let of_sessions = json!({"event_types": [event_type]});
    let body = with(flexype(&receiver.url()), &of_sessions);
    stage.endpoint(&body).await;
    let payload = fixtures::flexype_payload(event_type);
    let body = format!(
        r#"{{"event_type":"{event_type}","payload":{payload},"event_id":"evt_456789123","occurred_at":"2026-05-07T10:00:00Z"}}"#
    );
    stage.publish_body(&body, &[]).await.expect(202);
    let request = receiver.wait_for(1, SOON).await.remove(0);
    assert_eq!(
        compact(&String::from_utf8_lossy(&request.body)),
        compact(fixtures::FLEXYPE_ENVELOPE)
    );
}

/// A receiver of each dialect's endpoint, and one of a `standard` endpoint that is subscribed to all their types.
async fn contract_158_flashy_and_carthook_carry_nothing_of_flexype_and_only_flashy_wraps(
    mode: Mode,
) {
    let stage = Stage::start(mode).await;
    let events = [
        ("flexype", EVENT, PAYLOAD),
        ("flashy", "page_view", flashy_payload("page_view")),
        (
            "carthook",
            "checkouts/created",
            carthook_payload("checkouts/created"),
        ),
    ];
    let any = Receiver::start().await;
    let types = events.map(|(_, event_type, _)| event_type);
    let all = json!({"event_types": types});
    stage.endpoint(&with(standard(&any.url()), &all)).await;
    for (place, (dialect, event_type, payload)) in events.into_iter().enumerate() {
        let receiver = Receiver::start().await;
        let body = endpoint_of(dialect, &receiver.url(), &[event_type]);
        stage.endpoint(&body).await;
        let published = stage.publish_of(event_type, payload).await;
        let request = receiver.wait_for(1, SOON).await.remove(0);
        for name in ["x-flexype-authorization", "x-webhook-version", "x-event-id"] {
            let there = request.headers.contains_key(name);
            assert_eq!(there, dialect == "flexype", "{dialect} {name}");
        }
        let topic = request.header("x-carthook-topic");
        assert_eq!(topic.is_some(), dialect == "carthook", "{dialect}");
        assert_eq!(request.json().is_array(), dialect == "flashy", "{dialect}");
        assert_eq!(request.header("webhook-id"), Some(&*published.event_id));
        let standard = any.wait_for(place + 1, SOON).await.remove(place);
        assert_eq!(keys(&standard.json()), ["type", "timestamp", "data"]);
        assert_eq!(standard.json()["type"], event_type);
        let raw = String::from_utf8_lossy(&standard.body);
        assert!(raw.ends_with(&format!(r#""data":{}}}"#, payload.trim())));
        let special = |name: &http::HeaderName| name.as_str().starts_with("x-");
        assert!(!standard.headers.keys().any(special), "{event_type}");
        // The occurrence is one, so its id is.
        assert_eq!(standard.header("webhook-id"), Some(&*published.event_id));
    }
}

async fn contract_162_retry_by_hand_test_and_dedupe_hold_for_flashy_and_carthook(mode: Mode) {
    let stage = Stage::start(mode).await;
    for (dialect, event_type, test_id, event_id) in [
        ("flashy", "purchase", "evt_test_", "purchase-449"),
        ("carthook", "checkouts/completed", "cev_test_", "cev_449"),
    ] {
        let receiver = Receiver::start().await;
        receiver.answer(Behaviour::statuses(&[500, 500, 500, 500, 204]));
        let body = endpoint_of(dialect, &receiver.url(), &[event_type]);
        let endpoint = stage.endpoint(&body).await;
        let payload = fixtures::payload(event_type);
        let body = format!(
            r#"{{"event_type":"{event_type}","payload":{payload},"event_id":"{event_id}"}}"#
        );
        let answer = stage.publish_body(&body, &[]).await.expect(202);
        let published = Published::of(&answer);
        let failed = stage.wait_for(published.only(), "failed").await;
        assert_eq!(failed["attempt_count"], 4, "{dialect}");
        stage.act(published.only(), "retry").await.expect(202);
        let delivery = stage.wait_for(published.only(), "succeeded").await;
        assert_eq!(delivery["last_http_status"], 204, "any 2xx acknowledges");
        assert_eq!(
            stage.publish_body(&body, &[]).await.expect(200),
            answer,
            "a repeat is not published again"
        );
        let requests = receiver.requests();
        assert_eq!(requests.len(), 5);
        for request in &requests {
            assert_eq!(request.header("webhook-id"), Some(event_id));
            assert_eq!(request.body, requests[0].body);
        }
        let attempts = stage.attempts(published.only()).await;
        assert_eq!(attempts[4]["trigger"], "manual");
        let test = stage.test(&endpoint).await;
        assert_eq!(test["outcome"], "success");
        let sample = receiver.requests().remove(5);
        let id = sample.header("webhook-id").expect("an id");
        assert!(id.starts_with(test_id), "{id}");
        let log = stage.delivery(text(&test, "delivery_id")).await;
        assert_eq!(log["is_test"], true);
    }
}
