//! What holds across dialects: contract E10.

use serde_json::json;
use testkit::receiver::{Behaviour, Receiver};
use testkit::rest::text;
use testkit::server::Mode;

use super::stage::{EVENT, PAYLOAD, SOON, Stage, flexype, standard, with};

in_both_modes! {
    contract_158_a_dialect_never_leaks_into_another,
    contract_159_the_version_is_fixed_per_endpoint_and_an_unknown_one_is_refused,
    contract_160_no_endpoint_id_header_is_sent,
    contract_162_retry_by_hand_log_test_and_dedupe_hold_for_standard_too,
}

async fn contract_158_a_dialect_never_leaks_into_another(mode: Mode) {
    let (stage, one, other) =
        tokio::join!(Stage::start(mode), Receiver::start(), Receiver::start());
    stage.flexype(&one).await;
    stage.endpoint(&standard(&other.url())).await;
    stage.publish().await;
    let flexype = one.wait_for(1, SOON).await.remove(0);
    let standard = other.wait_for(1, SOON).await.remove(0);
    let payload: serde_json::Value = serde_json::from_str(PAYLOAD).unwrap();
    let keys = |request: &testkit::receiver::Recorded| {
        let body = request.json();
        let keys: Vec<String> = body
            .as_object()
            .expect("no array")
            .keys()
            .cloned()
            .collect();
        keys
    };
    assert_eq!(
        keys(&flexype),
        ["event_time", "event_type", "event_id", "store", "payload"]
    );
    assert_eq!(keys(&standard), ["type", "timestamp", "data"]);
    assert_eq!(
        (&flexype.json()["payload"], &standard.json()["data"]),
        (&payload, &payload)
    );
    for name in ["x-flexype-authorization", "x-webhook-version", "x-event-id"] {
        assert!(flexype.headers.contains_key(name), "{name}");
        assert!(!standard.headers.contains_key(name), "{name}");
    }
    // The occurrence is one, so its id is.
    assert_eq!(flexype.header("x-event-id"), standard.header("webhook-id"));
}

async fn contract_159_the_version_is_fixed_per_endpoint_and_an_unknown_one_is_refused(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let of = |version: &str| with(flexype(&receiver.url()), &json!({"version": version}));
    for version in ["2025-09-99", "2026-06", ""] {
        let refused = stage
            .rest()
            .post(&stage.path("/endpoints"), &of(version))
            .await;
        assert_eq!(refused.problem(422), "validation-failed", "{version:?}");
        assert_eq!(refused.json()["errors"][0]["pointer"], "/version");
    }
    let endpoint = stage.endpoint(&of("2026-05")).await;
    assert_eq!(endpoint["version"], "2026-05");
    let path = stage.endpoint_path(&endpoint, "");
    let refused = stage
        .rest()
        .patch(&path, &json!({"version": "2026-05"}))
        .await;
    assert_eq!(refused.problem(422), "validation-failed", "it is fixed");
    let default = stage.flexype(&receiver).await;
    assert_eq!(default["version"], "2026-05");
}

async fn contract_160_no_endpoint_id_header_is_sent(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let endpoint = stage.flexype(&receiver).await;
    stage.publish().await;
    let request = receiver.wait_for(1, SOON).await.remove(0);
    assert!(!request.headers.contains_key("x-webhook-id"));
    let id = text(&endpoint, "id");
    let names = |value: &http::HeaderValue| value.as_bytes() == id.as_bytes();
    assert!(
        !request.headers.values().any(names),
        "{:?}",
        request.headers
    );
}

async fn contract_162_retry_by_hand_log_test_and_dedupe_hold_for_standard_too(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    receiver.answer(Behaviour::statuses(&[500, 500, 500, 500, 204]));
    let endpoint = stage.endpoint(&standard(&receiver.url())).await;
    let published = stage.publish().await;
    let failed = stage.wait_for(published.only(), "failed").await;
    assert_eq!(failed["attempt_count"], 4);
    stage.act(published.only(), "retry").await.expect(202);
    let delivery = stage.wait_for(published.only(), "succeeded").await;
    assert_eq!(delivery["last_http_status"], 204, "any 2xx acknowledges");
    let requests = receiver.requests();
    for request in &requests {
        assert_eq!(request.header("webhook-id"), Some(&*published.event_id));
        assert_eq!(request.body, requests[0].body);
    }
    let attempts = stage.attempts(published.only()).await;
    assert_eq!(attempts.len(), 5);
    assert_eq!(attempts[4]["trigger"], "manual");
    let test = stage.test(&endpoint).await;
    assert_eq!(test["outcome"], "success");
    let sample = receiver.requests().remove(5);
    assert!(
        sample
            .header("webhook-id")
            .unwrap()
            .starts_with("evt_test_")
    );
    assert_eq!(sample.json()["type"], EVENT);
}
