//! What a person does to a delivery, and the states it passes: contract 28, 29 and 98.

use std::sync::Arc;

use serde_json::{Value, json};
use testkit::receiver::{Behaviour, Receiver};
use testkit::rest::text;
use testkit::server::Mode;
use tokio::sync::Semaphore;

use super::stage::{LATER, SOON, Stage, flexype, with};

in_both_modes! {
    contract_028_a_failed_delivery_gets_one_attempt_by_hand_and_no_new_schedule,
    contract_028_while_an_attempt_is_in_flight_a_retry_and_a_cancel_are_409,
    contract_028_a_waiting_retry_is_brought_forward_to_now,
    contract_029_status_and_reason_are_shown_for_each_delivery,
    contract_098_a_delivery_passes_the_states_it_should,
    contract_098_a_cancelled_delivery_is_not_sent_until_somebody_retries_it,
}

async fn contract_028_a_failed_delivery_gets_one_attempt_by_hand_and_no_new_schedule(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    receiver.answer(Behaviour::Status(500));
    stage.flexype(&receiver).await;
    let published = stage.publish().await;
    let id = published.only();
    stage.wait_for(id, "failed").await;
    stage.act(id, "retry").await.expect(202);
    let again = stage.wait_until(id, |delivery| {
        delivery["attempt_count"] == 5 && delivery["status"] == "failed"
    });
    assert_eq!(again.await["next_attempt_at"], Value::Null);
    receiver.answer(Behaviour::Status(200));
    stage.act(id, "retry").await.expect(202);
    stage.wait_for(id, "succeeded").await;
    let attempts = stage.attempts(id).await;
    let triggers: Vec<&str> = attempts
        .iter()
        .map(|attempt| text(attempt, "trigger"))
        .collect();
    assert_eq!(
        triggers,
        [
            "schedule", "schedule", "schedule", "schedule", "manual", "manual"
        ]
    );
    assert!(attempts[3]["actor"].is_null());
    assert!(
        text(&attempts[4], "actor").starts_with("usr_"),
        "{}",
        attempts[4]
    );
    for request in receiver.requests() {
        assert_eq!(request.header("x-event-id"), Some(&*published.event_id));
    }
    // A success may be repeated too.
    stage.act(id, "retry").await.expect(202);
    receiver.wait_for(7, SOON).await;
}

async fn contract_028_while_an_attempt_is_in_flight_a_retry_and_a_cancel_are_409(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start_on_real_time(mode), Receiver::start());
    let gate = Arc::new(Semaphore::new(0));
    receiver.answer(Behaviour::Gate(
        Arc::clone(&gate),
        Box::new(Behaviour::Status(200)),
    ));
    stage.flexype(&receiver).await;
    let published = stage.publish().await;
    receiver.wait_for(1, SOON).await;
    for action in ["retry", "cancel"] {
        let refused = stage.act(published.only(), action).await;
        assert_eq!(refused.problem(409), "conflict", "{action}");
    }
    gate.add_permits(1);
    stage.wait_for(published.only(), "succeeded").await;
    let refused = stage.act(published.only(), "cancel").await;
    assert_eq!(refused.problem(409), "conflict", "it is finished");
    assert_eq!(receiver.requests().len(), 1);
}

async fn contract_028_a_waiting_retry_is_brought_forward_to_now(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start_with(mode, &[LATER]), Receiver::start());
    receiver.answer(Behaviour::statuses(&[500, 200]));
    stage.flexype(&receiver).await;
    let published = stage.publish().await;
    let waiting = stage.wait_for(published.only(), "retrying").await;
    assert!(waiting["next_attempt_at"].is_string());
    stage.act(published.only(), "retry").await.expect(202);
    let delivery = stage.wait_for(published.only(), "succeeded").await;
    assert_eq!(delivery["attempt_count"], 2);
    let attempts = stage.attempts(published.only()).await;
    assert!(attempts[0]["actor"].is_null());
    assert_eq!(attempts[1]["trigger"], "schedule");
    let actor = text(&attempts[1], "actor");
    assert!(actor.starts_with("usr_"), "who brought it forward: {actor}");
}

async fn contract_029_status_and_reason_are_shown_for_each_delivery(mode: Mode) {
    let (stage, good, bad) = tokio::join!(Stage::start(mode), Receiver::start(), Receiver::start());
    bad.answer(Behaviour::Status(404));
    let (to_good, to_bad) = (stage.flexype(&good).await, stage.flexype(&bad).await);
    let published = stage.publish().await;
    stage.wait_for(published.to(&to_good), "succeeded").await;
    stage.wait_for(published.to(&to_bad), "failed").await;
    let path = stage.path("/deliveries?status=failed&event_type=PRODUCT_VIEWED");
    let failed = stage.rest().get(&path).await.expect(200);
    let failed = failed["data"].as_array().unwrap();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0]["id"], *published.to(&to_bad));
    assert_eq!(failed[0]["last_outcome"], "http_status");
    assert_eq!(failed[0]["last_http_status"], 404);
    let attempts = stage.attempts(published.to(&to_bad)).await;
    assert!(
        text(&attempts[0], "error").contains("404"),
        "{}",
        attempts[0]
    );
    let both = stage.path(&format!("/deliveries?event_id={}", published.event_id));
    let both = stage.rest().get(&both).await.expect(200);
    assert_eq!(both["data"].as_array().unwrap().len(), 2);
}

async fn contract_098_a_delivery_passes_the_states_it_should(mode: Mode) {
    let gate = Arc::new(Semaphore::new(0));
    let slow = [LATER, ("HOOKYARD_DIALECTS__FLEXYPE__TIMEOUT", "20s")];
    let (stage, receiver) = tokio::join!(Stage::start_with(mode, &slow), Receiver::start());
    let gated = |status| Behaviour::Gate(Arc::clone(&gate), Box::new(Behaviour::Status(status)));
    receiver.answer(Behaviour::Script(vec![gated(500), gated(500), gated(200)]));
    let endpoint = stage.flexype(&receiver).await;
    let published = stage.publish().await;
    let id = published.only();
    let path = stage.endpoint_path(&endpoint, "");
    for (count, end) in [(1, "retrying"), (2, "failed"), (3, "succeeded")] {
        receiver.wait_for(count, SOON).await;
        stage.wait_for(id, "delivering").await;
        if count == 1 {
            // The schedule ends after one retry.
            let one = json!({"schedule": ["1h"]});
            stage.rest().patch(&path, &one).await.expect(200);
        }
        gate.add_permits(1);
        stage.wait_for(id, end).await;
        if end != "succeeded" {
            stage.act(id, "retry").await.expect(202);
        }
    }
    stage
        .rest()
        .act(&stage.endpoint_path(&endpoint, "/disable"))
        .await
        .expect(200);
    let skipped = stage.publish().await;
    let delivery = stage.delivery(skipped.only()).await;
    assert_eq!(delivery["status"], "skipped");
    assert_eq!(delivery["skip_reason"], "endpoint_disabled");
}

async fn contract_098_a_cancelled_delivery_is_not_sent_until_somebody_retries_it(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let schedule = json!({"schedule": ["1s"]});
    let body = with(flexype(&receiver.url()), &schedule);
    stage.endpoint(&body).await;
    receiver.answer(Behaviour::statuses(&[500, 200]));
    let published = stage.publish().await;
    let id = published.only();
    stage.wait_for(id, "retrying").await;
    let cancelled = stage.act(id, "cancel").await.expect(200);
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(stage.act(id, "cancel").await.problem(409), "conflict");
    // Something published later, and retried later, comes; this one does not.
    let later = stage.publish().await;
    stage.wait_for(later.only(), "succeeded").await;
    let mine = |request: &&testkit::receiver::Recorded| {
        request.header("x-event-id") == Some(&*published.event_id)
    };
    assert_eq!(receiver.requests().iter().filter(mine).count(), 1);
    stage.act(id, "retry").await.expect(202);
    let delivery = stage.wait_for(id, "succeeded").await;
    assert_eq!(delivery["attempt_count"], 2);
}
