//! Removing an app: contract 141 and 142.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use testkit::receiver::{Behaviour, Receiver, Recorded};
use testkit::rest::text;
use testkit::server::Mode;
use tokio::sync::Semaphore;

use super::apps::{TOPIC, carthook, create_app, install, installation, publish_for};
use super::stage::{SOON, Stage};

in_both_modes! {
    contract_141_the_removed_app_alone_is_told_with_three_ids,
    contract_142_what_waits_is_cancelled_and_the_news_is_retried_to_the_end,
    contract_142_nothing_that_was_in_flight_is_retried,
    contract_142_nothing_new_goes_to_a_removed_app,
    contract_142_installing_again_keeps_the_news_on_its_way,
}

const UNINSTALLED: &str = "app/uninstalled";

fn topic(request: &Recorded) -> &str {
    request.header("x-carthook-topic").unwrap_or_default()
}

/// Uninstalls an app from the merchant of the stage, and answers the delivery that tells it.
async fn uninstall(stage: &Stage, app: &str) -> Value {
    let path = installation(&stage.merchant, app);
    stage.rest().delete(&path).await.expect(204);
    let path = stage.path("/deliveries?event_type=app/uninstalled");
    let told = stage.rest().get(&path).await.expect(200);
    told["data"][0].clone()
}

/// Changes an endpoint of an app.
async fn change(stage: &Stage, app: &str, endpoint: &Value, wanted: &Value) {
    let path = format!("/v1/apps/{app}/endpoints/{}", text(endpoint, "id"));
    stage.rest().patch(&path, wanted).await.expect(200);
}

async fn contract_141_the_removed_app_alone_is_told_with_three_ids(mode: Mode) {
    let stage = Stage::start(mode).await;
    let (removed, kept) = (Receiver::start().await, Receiver::start().await);
    let mut apps = Vec::new();
    for (name, receiver) in [("Removed", &removed), ("Kept", &kept)] {
        let app = create_app(stage.rest(), name).await;
        let endpoint = carthook(stage.rest(), &app, receiver, &[TOPIC, "/app/uninstalled"]).await;
        install(&stage, &app).await.expect(201);
        apps.push((app, endpoint));
    }
    // The merchant's own endpoint is no app.
    let own = json!({"url": kept.url(), "dialect": "carthook", "event_types": [UNINSTALLED]});
    stage.endpoint(&own).await;
    let merchant = stage.rest().get(&stage.path("")).await.expect(200);
    let told = uninstall(&stage, &apps[0].0).await;
    assert_eq!(told["endpoint_id"], apps[0].1["id"]);
    let delivery = stage.wait_for(text(&told, "id"), "succeeded").await;
    let request = removed.wait_for(1, SOON).await.remove(0);
    let body = json!({
        "id": delivery["event_id"],
        "webhook_id": apps[0].1["webhook_id"],
        "merchant_id": merchant["carthook_merchant_id"],
    });
    assert_eq!(request.json(), body);
    assert!(text(&delivery, "event_id").starts_with("cev_"));
    assert_eq!(topic(&request), UNINSTALLED);
    let path = stage.path(&format!("/events/{}", text(&delivery, "event_id")));
    let event = stage.rest().get(&path).await.expect(200);
    assert_eq!(event["deliveries"].as_array().unwrap().len(), 1);
    let published = publish_for(stage.rest(), &stage.merchant).await;
    stage.wait_for(published.only(), "succeeded").await;
    assert_eq!(published.deliveries[0].1, text(&apps[1].1, "id"));
    assert_eq!((removed.requests().len(), kept.requests().len()), (1, 1));
}

async fn contract_142_what_waits_is_cancelled_and_the_news_is_retried_to_the_end(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    receiver.answer(Behaviour::statuses(&[500, 500, 500, 500, 200]));
    let app = create_app(stage.rest(), "Mailer").await;
    let checkouts = carthook(stage.rest(), &app, &receiver, &[TOPIC]).await;
    change(&stage, &app, &checkouts, &json!({"schedule": ["1h"]})).await;
    carthook(stage.rest(), &app, &receiver, &[UNINSTALLED]).await;
    install(&stage, &app).await.expect(201);
    let published = publish_for(stage.rest(), &stage.merchant).await;
    stage.wait_for(published.only(), "retrying").await;
    let told = uninstall(&stage, &app).await;
    let cancelled = stage.delivery(published.only()).await;
    assert_eq!(cancelled["status"], "cancelled", "in the same commit");
    let last = stage.wait_for(text(&told, "id"), "succeeded").await;
    assert_eq!(last["attempt_count"], 4);
    let requests = receiver.requests();
    assert_eq!(requests.len(), 5);
    for request in &requests[1..] {
        assert_eq!(topic(request), UNINSTALLED);
        assert_eq!(request.body, requests[1].body);
    }
    let refused = stage.act(published.only(), "retry").await;
    assert_eq!(refused.problem(409), "conflict");
    // The news itself may be sent by hand once more.
    stage.act(text(&told, "id"), "retry").await.expect(202);
    receiver.wait_for(6, SOON).await;
}

async fn contract_142_nothing_that_was_in_flight_is_retried(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let gate = Arc::new(Semaphore::new(0));
    receiver.answer(Behaviour::Script(vec![
        Behaviour::Gate(Arc::clone(&gate), Box::new(Behaviour::Status(500))),
        Behaviour::Status(200),
    ]));
    let app = create_app(stage.rest(), "Mailer").await;
    let endpoint = carthook(stage.rest(), &app, &receiver, &[TOPIC, UNINSTALLED]).await;
    change(&stage, &app, &endpoint, &json!({"timeout": "10s"})).await;
    install(&stage, &app).await.expect(201);
    let published = publish_for(stage.rest(), &stage.merchant).await;
    receiver.wait_for(1, SOON).await;
    let told = uninstall(&stage, &app).await;
    stage.wait_for(text(&told, "id"), "succeeded").await;
    gate.add_permits(1);
    let ended = stage.wait_for(published.only(), "cancelled").await;
    assert_eq!(ended["attempt_count"], 1);
    assert_eq!(stage.attempts(published.only()).await.len(), 1);
    assert_eq!(receiver.requests().len(), 2);
}

async fn contract_142_nothing_new_goes_to_a_removed_app(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let beside = match mode {
        Mode::Embedded => None,
        Mode::Cluster => Some(stage.server.start_beside(&["api"]).await),
    };
    // In a cluster the app is removed through another process than the one that publishes.
    let changer = beside.as_ref().map_or(stage.rest(), |server| server.rest());
    let app = create_app(stage.rest(), "Mailer").await;
    let endpoint = carthook(stage.rest(), &app, &receiver, &[TOPIC]).await;
    let path = installation(&stage.merchant, &app);
    for round in 0..5 {
        changer.put(&path, &json!({})).await.expect(201);
        let with = publish_for(stage.rest(), &stage.merchant).await;
        assert_eq!(with.deliveries[0].1, text(&endpoint, "id"));
        stage.wait_for(with.only(), "succeeded").await;
        changer.delete(&path).await.expect(204);
        let without = publish_for(stage.rest(), &stage.merchant).await;
        assert!(without.deliveries.is_empty(), "round {round}: {without:?}");
    }
    assert_eq!(receiver.requests().len(), 5);
}

async fn contract_142_installing_again_keeps_the_news_on_its_way(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let repaired = Arc::new(AtomicBool::new(false));
    let hearing = Arc::clone(&repaired);
    receiver.answer(Behaviour::custom(move |request| {
        let deaf = topic(request) == UNINSTALLED && !hearing.load(Ordering::SeqCst);
        (if deaf { 500 } else { 200 }, Vec::new())
    }));
    let app = create_app(stage.rest(), "Mailer").await;
    let endpoint = carthook(stage.rest(), &app, &receiver, &[TOPIC, UNINSTALLED]).await;
    let patient = json!({"schedule": vec!["500ms"; 20]});
    change(&stage, &app, &endpoint, &patient).await;
    let first = install(&stage, &app).await.expect(201);
    let told = uninstall(&stage, &app).await;
    receiver.wait_for(1, SOON).await;
    let again = install(&stage, &app).await.expect(201);
    assert_eq!(again["id"], first["id"]);
    let published = publish_for(stage.rest(), &stage.merchant).await;
    stage.wait_for(published.only(), "succeeded").await;
    repaired.store(true, Ordering::SeqCst);
    let last = stage.wait_for(text(&told, "id"), "succeeded").await;
    assert!(last["attempt_count"].as_i64().unwrap() >= 2, "{last}");
}
