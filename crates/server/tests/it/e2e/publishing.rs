//! Taking events in: bytes, batches, and repeats.

use http::Method;
use serde_json::{Value, json};
use testkit::receiver::Receiver;
use testkit::rest::text;
use testkit::server::Mode;

use super::stage::{EVENT, PAYLOAD, Published, SOON, Stage, standard};

in_both_modes! {
    contract_026_a_payload_arrives_byte_for_byte,
    a_batch_is_taken_whole_or_not_at_all,
    a_repeat_by_idempotency_key_gets_the_first_answer_and_sends_nothing,
    a_repeat_by_event_id_gets_the_first_answer_and_sends_nothing,
    an_idempotency_key_makes_one_endpoint,
}

/// What JSON parsers like to change.
const AWKWARD: [&str; 5] = [
    r#"{"price": 1.10, "big":12345678901234567890, "exp":1E+2, "neg":-0.0}"#,
    r#"{"name":"שלום עולם","emoji":"\ud83d\ude00","slash":"a\/b","raw":"é"}"#,
    r#"{"a":1,"a":2,"b":{"c":1,"c":1}}"#,
    "{\t\"spaced\" :\r\n [ 1 , 2 ] }",
    r#"{"long":3.141592653589793238462643383279502884197169399375105820974944}"#,
];

async fn contract_026_a_payload_arrives_byte_for_byte(mode: Mode) {
    let (stage, flexype, other) =
        tokio::join!(Stage::start(mode), Receiver::start(), Receiver::start());
    stage.flexype(&flexype).await;
    stage.endpoint(&standard(&other.url())).await;
    for (index, payload) in AWKWARD.iter().enumerate() {
        let published = stage.publish_of(EVENT, payload).await;
        let body = flexype.wait_for(index + 1, SOON).await[index].body.clone();
        let ends = format!(r#","payload":{payload}}}"#);
        assert!(body.ends_with(ends.as_bytes()), "{body:?}");
        let body = other.wait_for(index + 1, SOON).await[index].body.clone();
        let ends = format!(r#","data":{payload}}}"#);
        assert!(body.ends_with(ends.as_bytes()), "{body:?}");
        let path = stage.path(&format!("/events/{}", published.event_id));
        let shown = stage.rest().get(&path).await;
        let shown = String::from_utf8(shown.body.to_vec()).unwrap();
        assert!(shown.contains(payload), "{shown}");
    }
}

async fn a_batch_is_taken_whole_or_not_at_all(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    stage.flexype(&receiver).await;
    let path = stage.path("/events/batch");
    let event = |id: usize| json!({"event_type": EVENT, "payload": {"n": id}, "event_id": format!("batch-{id}")});
    let bad = json!({"events": [event(1), {"event_type": "NOPE", "payload": {}}]});
    let refused = stage.rest().post(&path, &bad).await;
    assert_eq!(refused.problem(422), "validation-failed");
    assert_eq!(
        refused.json()["errors"][0]["pointer"],
        "/events/1/event_type"
    );
    let none = stage.rest().get(&stage.path("/events/batch-1")).await;
    assert_eq!(none.problem(404), "not-found");
    let good: Vec<Value> = (1..=100).map(event).collect();
    let answer = stage
        .rest()
        .post(&path, &json!({"events": good}))
        .await
        .expect(202);
    let answer = answer["events"].as_array().unwrap();
    let ids: Vec<&str> = answer.iter().map(|event| text(event, "event_id")).collect();
    let expected: Vec<String> = (1..=100).map(|id| format!("batch-{id}")).collect();
    assert_eq!(ids, expected, "in the order they were sent");
    for event in answer {
        stage
            .wait_for(Published::of(event).only(), "succeeded")
            .await;
    }
    assert_eq!(receiver.requests().len(), 100);
    let path = stage.path("/events/batch");
    let empty = stage.rest().post(&path, &json!({"events": []})).await;
    assert_eq!(empty.problem(422), "validation-failed");
}

async fn a_repeat_by_idempotency_key_gets_the_first_answer_and_sends_nothing(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    stage.flexype(&receiver).await;
    let key = [("idempotency-key", "my-key-1")];
    let body = format!(r#"{{"event_type":"{EVENT}","payload":{PAYLOAD}}}"#);
    let first = stage.publish_body(&body, &key).await;
    first.expect(202);
    assert_eq!(first.header("idempotency-replayed"), None);
    for _ in 0..3 {
        let again = stage.publish_body(&body, &key).await;
        assert_eq!((again.status, &again.body), (202, &first.body));
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
    }
    let other = body.replace("9945414435106", "1");
    let refused = stage.publish_body(&other, &key).await;
    assert_eq!(refused.problem(422), "idempotency-key-reused");
    let bad = [("idempotency-key", "x".repeat(200))];
    let bad = bad.each_ref().map(|(name, value)| (*name, value.as_str()));
    let refused = stage.publish_body(&body, &bad).await;
    assert_eq!(refused.problem(400), "invalid-idempotency-key");
    let racing = (0..8).map(|_| stage.publish_body(&body, &[("idempotency-key", "my-key-2")]));
    let answers = futures::future::join_all(racing).await;
    let ids: std::collections::HashSet<String> = answers
        .iter()
        .filter(|answer| answer.status == 202)
        .map(|answer| text(&answer.json(), "event_id").to_owned())
        .collect();
    assert_eq!(ids.len(), 1, "one key, one event");
    let last = Published::of(&first.json());
    stage.wait_for(last.only(), "succeeded").await;
    let page = stage.rest().get(&stage.path("/events")).await.expect(200);
    assert_eq!(page["data"].as_array().unwrap().len(), 2);
}

async fn a_repeat_by_event_id_gets_the_first_answer_and_sends_nothing(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    stage.flexype(&receiver).await;
    let body = format!(r#"{{"event_type":"{EVENT}","payload":{PAYLOAD},"event_id":"order-17"}}"#);
    let first = stage.publish_body(&body, &[]).await;
    let published = Published::of(&first.expect(202));
    let again = stage.publish_body(&body, &[]).await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    let other = body.replace("9945414435106", "1");
    let refused = stage.publish_body(&other, &[]).await;
    assert_eq!(refused.problem(409), "conflict");
    stage.wait_for(published.only(), "succeeded").await;
    let next = stage.publish().await;
    stage.wait_for(next.only(), "succeeded").await;
    assert_eq!(receiver.requests().len(), 2);
}

async fn an_idempotency_key_makes_one_endpoint(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let body = super::stage::flexype(&receiver.url()).to_string();
    let path = stage.path("/endpoints");
    let create = async |body: &str| {
        let key = [("idempotency-key", "endpoint-1")];
        stage
            .rest()
            .send(Method::POST, &path, &key, body.to_owned())
            .await
    };
    let first = create(&body).await;
    let endpoint = first.expect(201);
    assert_eq!(
        first.header("location"),
        Some(stage.endpoint_path(&endpoint, "").as_str())
    );
    let again = create(&body).await;
    assert_eq!(again.expect(201)["id"], endpoint["id"]);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let other = create(&body.replace(EVENT, "NEW_CUSTOMER")).await;
    assert_eq!(other.problem(422), "idempotency-key-reused");
    let list = stage.rest().get(&path).await.expect(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
}
