//! The test button: contract 33.

use serde_json::json;
use testkit::receiver::{Behaviour, Receiver};
use testkit::rest::text;
use testkit::server::Mode;

use super::stage::{EVENT, SECRET, Stage, flexype, with};

in_both_modes! {
    contract_033_a_test_sends_a_sample_with_real_headers_and_answers_its_attempt,
    contract_033_a_failed_test_is_logged_and_not_retried,
    contract_033_a_test_works_while_the_endpoint_is_disabled,
    contract_033_a_test_may_name_a_subscribed_type_and_bring_its_payload,
}

async fn contract_033_a_test_sends_a_sample_with_real_headers_and_answers_its_attempt(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let endpoint = stage.flexype(&receiver).await;
    let attempt = stage.test(&endpoint).await;
    assert_eq!(attempt["outcome"], "success");
    assert_eq!(attempt["trigger"], "test");
    assert_eq!(attempt["http_status"], 200);
    assert!(attempt["timings"]["first_byte_ms"].as_f64().unwrap() > 0.0);
    let requests = receiver.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].header("x-flexype-authorization"), Some(SECRET));
    let body = requests[0].json();
    assert!(text(&body, "event_id").starts_with("evt_test_"), "{body}");
    assert_eq!(body["event_type"], EVENT);
    assert!(
        body["payload"]["product_viewed"].is_object(),
        "the sample: {body}"
    );
    let delivery = stage.delivery(text(&attempt, "delivery_id")).await;
    assert_eq!(delivery["is_test"], true);
    assert_eq!(delivery["status"], "succeeded");
    let tests = stage.path("/deliveries?is_test=true");
    let tests = stage.rest().get(&tests).await.expect(200);
    assert_eq!(tests["data"].as_array().unwrap().len(), 1);
}

async fn contract_033_a_failed_test_is_logged_and_not_retried(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    receiver.answer(Behaviour::Status(500));
    let endpoint = stage.flexype(&receiver).await;
    let attempt = stage.test(&endpoint).await;
    assert_eq!(attempt["outcome"], "http_status");
    let delivery = stage.delivery(text(&attempt, "delivery_id")).await;
    assert_eq!(delivery["status"], "failed");
    assert!(delivery["next_attempt_at"].is_null());
    // A delivery that fails at the same time is retried to the end; the test is not.
    let published = stage.publish().await;
    stage.wait_for(published.only(), "failed").await;
    assert_eq!(receiver.requests().len(), 1 + 4);
}

async fn contract_033_a_test_works_while_the_endpoint_is_disabled(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let body = with(flexype(&receiver.url()), &json!({"enabled": false}));
    let endpoint = stage.endpoint(&body).await;
    assert_eq!(endpoint["enabled"], false);
    assert_eq!(stage.test(&endpoint).await["outcome"], "success");
    let shown = stage.rest().get(&stage.endpoint_path(&endpoint, "")).await;
    assert_eq!(shown.expect(200)["enabled"], false);
}

async fn contract_033_a_test_may_name_a_subscribed_type_and_bring_its_payload(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let types = json!({"event_types": [EVENT, "NEW_CUSTOMER"]});
    let endpoint = stage
        .endpoint(&with(flexype(&receiver.url()), &types))
        .await;
    let path = stage.endpoint_path(&endpoint, "/test");
    let wish = json!({"event_type": "NEW_CUSTOMER", "payload": {"a": 1}});
    stage.rest().post(&path, &wish).await.expect(200);
    let body = receiver.requests()[0].json();
    assert_eq!(
        (&body["event_type"], &body["payload"]),
        (&wish["event_type"], &wish["payload"])
    );
    let wish = json!({"event_type": "COLLECTION_VIEWED"});
    let refused = stage.rest().post(&path, &wish).await;
    assert_eq!(refused.problem(422), "validation-failed");
}
