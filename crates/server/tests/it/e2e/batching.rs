//! Several events in one request to a Flashy receiver: contract 99.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::receiver::{Behaviour, Receiver, Recorded};
use testkit::rest::text;
use testkit::server::Mode;

use super::golden::endpoint_of;
use super::stage::{SOON, Stage, with};

in_both_modes! {
    contract_099_as_many_events_as_a_batch_holds_arrive_as_one_array_in_order,
    contract_099_fewer_events_arrive_together_when_the_first_has_waited,
    contract_099_a_failed_batch_is_retried_as_one_request_and_acknowledged_whole,
    contract_099_a_batch_that_keeps_failing_is_four_requests_and_fails_whole,
    contract_099_a_delivery_retried_by_hand_goes_alone,
    contract_099_only_flashy_endpoints_may_collect_events,
    contract_099_without_the_setting_each_event_has_its_own_request,
}

const SMS: &str = "incoming_sms";
/// Longer than a test: the batch goes because it is full.
const NEVER: &str = "1m";

/// A Flashy endpoint that sends at most `max_events` together.
fn collecting(receiver: &Receiver, max_events: usize, max_wait: &str) -> Value {
    let body = endpoint_of("flashy", &receiver.url(), &[SMS]);
    let batch = json!({"max_events": max_events, "max_wait": max_wait});
    with(body, &json!({"batch": batch}))
}

fn payload(number: usize) -> Value {
    json!({"message": format!("number {number}"), "event": SMS})
}

/// Publishes so many events one after another; answers their ids on the wire and their deliveries, in order.
async fn publish(stage: &Stage, count: usize) -> Vec<(String, String)> {
    let mut published = Vec::new();
    for number in 0..count {
        let one = stage.publish_of(SMS, &payload(number).to_string()).await;
        published.push((one.event_id.clone(), one.only().to_owned()));
    }
    published
}

/// Waits until each is in this state; answers the attempts of each.
async fn attempts(stage: &Stage, published: &[(String, String)], status: &str) -> Vec<Vec<Value>> {
    let mut attempts = Vec::new();
    for (_, delivery) in published {
        stage.wait_for(delivery, status).await;
        attempts.push(stage.attempts(delivery).await);
    }
    attempts
}

/// The bodies of these requests.
fn bodies(requests: &[Recorded]) -> Vec<Value> {
    requests.iter().map(Recorded::json).collect()
}

/// The array of the first `count` payloads.
fn array(count: usize) -> Value {
    (0..count).map(payload).collect()
}

async fn contract_099_as_many_events_as_a_batch_holds_arrive_as_one_array_in_order(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let endpoint = stage.endpoint(&collecting(&receiver, 5, NEVER)).await;
    assert_eq!(
        endpoint["batch"],
        json!({"max_events": 5, "max_wait": NEVER})
    );
    let published = publish(&stage, 5).await;
    receiver.wait_for(1, SOON).await;
    let attempts = attempts(&stage, &published, "succeeded").await;
    let requests = receiver.requests();
    assert_eq!(bodies(&requests), [array(5)]);
    let batch_id = requests[0].header("webhook-id").unwrap();
    assert!(batch_id.starts_with("bat_"), "{batch_id}");
    let mut ids = HashSet::new();
    for (number, of_one) in attempts.iter().enumerate() {
        let [attempt] = of_one.as_slice() else {
            panic!("{of_one:?}")
        };
        assert_eq!(attempt["batch_id"], batch_id);
        assert_eq!(attempt["number"], 1);
        assert_eq!(attempt["http_status"], 200);
        assert_eq!(attempt["started_at"], attempts[0][0]["started_at"]);
        assert_eq!(attempt["duration_ms"], attempts[0][0]["duration_ms"]);
        let body: Value = serde_json::from_str(text(attempt, "request_body")).unwrap();
        assert_eq!(body, json!([payload(number)]));
        ids.insert(text(attempt, "id").to_owned());
    }
    assert_eq!(ids.len(), 5, "an attempt of its own for each");
}

async fn contract_099_fewer_events_arrive_together_when_the_first_has_waited(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    stage.endpoint(&collecting(&receiver, 100, "2s")).await;
    let began = Instant::now();
    let published = publish(&stage, 3).await;
    let attempts = attempts(&stage, &published, "succeeded").await;
    let requests = receiver.requests();
    assert_eq!(bodies(&requests), [array(3)]);
    assert!(requests[0].at - began >= Duration::from_secs(2));
    assert!(attempts.iter().all(|of_one| of_one.len() == 1));
}

async fn contract_099_a_failed_batch_is_retried_as_one_request_and_acknowledged_whole(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    receiver.answer(Behaviour::statuses(&[503, 202]));
    stage.endpoint(&collecting(&receiver, 4, NEVER)).await;
    let published = publish(&stage, 4).await;
    let attempts = attempts(&stage, &published, "succeeded").await;
    let requests = receiver.requests();
    assert_eq!(bodies(&requests), [array(4), array(4)]);
    let batches = [0, 1].map(|place: usize| requests[place].header("webhook-id").unwrap());
    assert_ne!(batches[0], batches[1], "each request has an id of its own");
    for of_one in attempts {
        let seen: Vec<_> = of_one
            .iter()
            .map(|attempt| (&attempt["batch_id"], &attempt["http_status"]))
            .collect();
        let (first, second) = (json!(batches[0]), json!(batches[1]));
        assert_eq!(seen, [(&first, &json!(503)), (&second, &json!(202))]);
    }
}

async fn contract_099_a_batch_that_keeps_failing_is_four_requests_and_fails_whole(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    receiver.answer(Behaviour::Status(500));
    stage.endpoint(&collecting(&receiver, 3, NEVER)).await;
    let published = publish(&stage, 3).await;
    let attempts = attempts(&stage, &published, "failed").await;
    assert!(attempts.iter().all(|of_one| of_one.len() == 4));
    assert_eq!(
        bodies(&receiver.requests()),
        [array(3), array(3), array(3), array(3)]
    );
}

async fn contract_099_a_delivery_retried_by_hand_goes_alone(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    receiver.answer(Behaviour::statuses(&[500, 200]));
    let body = with(collecting(&receiver, 2, "1s"), &json!({"schedule": []}));
    stage.endpoint(&body).await;
    let published = publish(&stage, 2).await;
    attempts(&stage, &published, "failed").await;
    let together = receiver.requests().len();
    let (event_id, delivery) = &published[1];
    stage.act(delivery, "retry").await.expect(202);
    stage.wait_for(delivery, "succeeded").await;
    let alone = &receiver.requests()[together];
    assert_eq!(alone.json(), json!([payload(1)]));
    assert_eq!(alone.header("webhook-id"), Some(&**event_id));
    let attempt = stage.attempts(delivery).await.pop().unwrap();
    assert_eq!(attempt["trigger"], "manual");
    assert_eq!(attempt["batch_id"], Value::Null);
    let other = stage.delivery(&published[0].1).await;
    assert_eq!(other["status"], "failed");
}

async fn contract_099_only_flashy_endpoints_may_collect_events(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let batch = |max_events: u32, max_wait: &str| json!({"batch": {"max_events": max_events, "max_wait": max_wait}});
    for (dialect, event_type, setting, pointer) in [
        ("flexype", "PRODUCT_VIEWED", batch(5, "1s"), "/batch"),
        ("carthook", "checkouts/created", batch(5, "1s"), "/batch"),
        ("standard", "PRODUCT_VIEWED", batch(5, "1s"), "/batch"),
        ("flashy", SMS, batch(1, "1s"), "/batch/max_events"),
        ("flashy", SMS, batch(101, "1s"), "/batch/max_events"),
        ("flashy", SMS, batch(5, "99ms"), "/batch/max_wait"),
        ("flashy", SMS, batch(5, "61s"), "/batch/max_wait"),
    ] {
        let body = with(
            endpoint_of(dialect, &receiver.url(), &[event_type]),
            &setting,
        );
        let refused = stage.rest().post(&stage.path("/endpoints"), &body).await;
        let refused = refused.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }
    let endpoint = stage.endpoint(&collecting(&receiver, 5, "1s")).await;
    let path = stage.endpoint_path(&endpoint, "");
    let changed = stage.rest().patch(&path, &batch(7, "250ms")).await;
    assert_eq!(changed.expect(200)["batch"], batch(7, "250ms")["batch"]);
    let wrong = stage.rest().patch(&path, &batch(0, "1s")).await;
    assert_eq!(
        wrong.expect(422)["errors"][0]["pointer"],
        "/batch/max_events"
    );
    let none = stage.rest().patch(&path, &json!({"batch": null})).await;
    assert_eq!(none.expect(200)["batch"], Value::Null);
}

async fn contract_099_without_the_setting_each_event_has_its_own_request(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let body = endpoint_of("flashy", &receiver.url(), &[SMS]);
    let endpoint = stage.endpoint(&body).await;
    assert_eq!(endpoint["batch"], Value::Null);
    let published = publish(&stage, 3).await;
    let attempts = attempts(&stage, &published, "succeeded").await;
    let mut objects = bodies(&receiver.requests());
    objects.sort_by_key(ToString::to_string);
    let alone: Vec<Value> = (0..3).map(|number| json!([payload(number)])).collect();
    assert_eq!(objects, alone);
    let mut all = attempts.iter().flatten();
    assert!(all.all(|attempt| attempt["batch_id"] == Value::Null));
}
