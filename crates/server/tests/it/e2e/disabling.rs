//! Endpoints that are disabled, enabled and deleted.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::receiver::{Behaviour, Receiver};
use testkit::server::Mode;

use super::stage::{LATER, SOON, Stage, millis};

in_both_modes! {
    contract_098_events_for_a_disabled_endpoint_are_skipped_and_can_be_retried_by_hand,
    enabling_sends_what_waited_oldest_first,
    contract_098_deleting_an_endpoint_cancels_what_is_pending,
}

async fn switch(stage: &Stage, endpoint: &Value, action: &str) {
    let path = stage.endpoint_path(endpoint, &format!("/{action}"));
    let shown = stage.rest().act(&path).await.expect(200);
    assert_eq!(shown["enabled"], action == "enable");
}

async fn contract_098_events_for_a_disabled_endpoint_are_skipped_and_can_be_retried_by_hand(
    mode: Mode,
) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let endpoint = stage.flexype(&receiver).await;
    switch(&stage, &endpoint, "disable").await;
    let published = stage.publish().await;
    let delivery = stage.delivery(published.only()).await;
    assert_eq!(delivery["status"], "skipped");
    assert_eq!(delivery["skip_reason"], "endpoint_disabled");
    let refused = stage.act(published.only(), "retry").await;
    assert_eq!(refused.problem(409), "conflict");
    switch(&stage, &endpoint, "enable").await;
    let after = stage.publish().await;
    stage.wait_for(after.only(), "succeeded").await;
    assert_eq!(receiver.requests().len(), 1, "a skipped one stays skipped");
    stage.act(published.only(), "retry").await.expect(202);
    stage.wait_for(published.only(), "succeeded").await;
}

async fn enabling_sends_what_waited_oldest_first(mode: Mode) {
    let settings = [
        // As many as it takes: on a busy machine some are tried again before the switch.
        (
            "HOOKYARD_DIALECTS__FLEXYPE__SCHEDULE",
            "1s,1s,1s,1s,1s,1s,1s,1s",
        ),
        ("HOOKYARD_WORKER__IN_FLIGHT_PER_ENDPOINT", "1"),
    ];
    let (stage, receiver) = tokio::join!(Stage::start_with(mode, &settings), Receiver::start());
    receiver.answer(Behaviour::Status(500));
    let endpoint = stage.flexype(&receiver).await;
    let mut published = Vec::new();
    for _ in 0..5 {
        published.push(stage.publish().await);
    }
    receiver.wait_for(5, SOON).await;
    switch(&stage, &endpoint, "disable").await;
    // What comes due now is put off for days.
    for event in &published {
        let created = millis(&stage.delivery(event.only()).await["created_at"]);
        let put_off = |delivery: &Value| {
            let next = &delivery["next_attempt_at"];
            !next.is_null() && millis(next) > created + 3_600_000.0
        };
        stage.wait_until(event.only(), put_off).await;
    }
    let before = receiver.requests().len();
    receiver.answer(Behaviour::Status(200));
    switch(&stage, &endpoint, "enable").await;
    for event in &published {
        stage.wait_for(event.only(), "succeeded").await;
    }
    let sent: Vec<String> = receiver.requests()[before..]
        .iter()
        .map(|request| request.header("x-event-id").unwrap().to_owned())
        .collect();
    let expected: Vec<_> = published
        .iter()
        .map(|event| event.event_id.clone())
        .collect();
    assert_eq!(sent, expected);
}

async fn contract_098_deleting_an_endpoint_cancels_what_is_pending(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start_with(mode, &[LATER]), Receiver::start());
    receiver.answer(Behaviour::Status(500));
    let endpoint = stage.flexype(&receiver).await;
    let mut published = Vec::new();
    for _ in 0..3 {
        let event = stage.publish().await;
        stage.wait_for(event.only(), "retrying").await;
        published.push(event);
    }
    let path = stage.endpoint_path(&endpoint, "");
    stage.rest().delete(&path).await.expect(204);
    assert_eq!(stage.rest().get(&path).await.problem(404), "not-found");
    for event in &published {
        let cancelled = |delivery: &Value| delivery["status"] == "cancelled";
        stage
            .wait_within(Duration::from_secs(5), event.only(), cancelled)
            .await;
        let refused = stage.act(event.only(), "retry").await;
        assert_eq!(refused.problem(409), "conflict");
    }
    assert_eq!(stage.publish().await.deliveries.len(), 0);
    assert_eq!(receiver.requests().len(), 3);
    assert_eq!(stage.rest().delete(&path).await.problem(404), "not-found");
    let again = stage.flexype(&receiver).await;
    assert_ne!(again["id"], endpoint["id"]);
    receiver.answer(Behaviour::Status(200));
    let event = stage.publish().await;
    stage.wait_for(event.only(), "succeeded").await;
    receiver.wait_for(4, SOON).await;
    assert_eq!(json!(receiver.requests().len()), 4);
}
