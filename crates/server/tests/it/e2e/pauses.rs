//! Deliveries held back by ops, and let go.

use serde_json::{Value, json};
use testkit::receiver::{Behaviour, Receiver};
use testkit::rest::text;
use testkit::server::Mode;

use super::stage::{LATER, SOON, Stage};

in_both_modes! {
    everything_waits_and_goes_out_oldest_first,
    a_host_a_merchant_and_an_endpoint_are_paused_alone,
    two_pauses_hold_until_both_have_ended,
    a_pause_is_one_and_names_what_it_holds,
}

async fn pause(stage: &Stage, body: Value) -> String {
    let made = stage.rest().post("/v1/pauses", &body).await.expect(201);
    text(&made, "id").to_owned()
}

async fn end(stage: &Stage, id: &str) {
    assert_eq!(
        stage
            .rest()
            .delete(&format!("/v1/pauses/{id}"))
            .await
            .status,
        204
    );
}

/// Held: it waits, and nothing says when.
async fn held(stage: &Stage, id: &str) {
    let is_held = |delivery: &Value| {
        let waits = ["pending", "retrying"].contains(&delivery["status"].as_str().unwrap());
        waits && delivery["next_attempt_at"].is_null()
    };
    stage.wait_until(id, is_held).await;
}

async fn everything_waits_and_goes_out_oldest_first(mode: Mode) {
    let settings = [LATER, ("HOOKYARD_WORKER__IN_FLIGHT_PER_ENDPOINT", "1")];
    let (stage, receiver) = tokio::join!(Stage::start_with(mode, &settings), Receiver::start());
    let endpoint = stage.flexype(&receiver).await;
    let id = pause(&stage, json!({ "scope": "all", "reason": "A test" })).await;
    let mut published = Vec::new();
    for _ in 0..5 {
        published.push(stage.publish().await);
    }
    for event in &published {
        held(&stage, event.only()).await;
    }
    let stats = stage
        .rest()
        .get(&stage.endpoint_path(&endpoint, "/stats"))
        .await
        .expect(200);
    assert!(stats["paused_at"].is_string(), "{stats}");
    assert_eq!(stats["waiting"]["count"], 5);
    assert_eq!(receiver.requests().len(), 0);
    end(&stage, &id).await;
    for event in &published {
        stage.wait_for(event.only(), "succeeded").await;
    }
    let sent: Vec<String> = receiver
        .requests()
        .iter()
        .map(|request| request.header("x-event-id").unwrap().to_owned())
        .collect();
    let expected: Vec<_> = published
        .iter()
        .map(|event| event.event_id.clone())
        .collect();
    assert_eq!(sent, expected);
}

async fn a_host_a_merchant_and_an_endpoint_are_paused_alone(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start_with(mode, &[LATER]), Receiver::start());
    let by_name = receiver.url().replace("127.0.0.1", "localhost");
    let (here, there) = (
        stage.flexype(&receiver).await,
        stage.endpoint(&super::stage::flexype(&by_name)).await,
    );
    for (body, holds_both) in [
        (json!({ "scope": "host", "host": "LOCALHOST" }), false),
        (
            json!({ "scope": "endpoint", "endpoint_id": there["id"] }),
            false,
        ),
        (
            json!({ "scope": "merchant", "merchant_id": stage.merchant }),
            true,
        ),
    ] {
        let id = pause(&stage, body).await;
        let published = stage.publish().await;
        held(&stage, published.to(&there)).await;
        if holds_both {
            held(&stage, published.to(&here)).await;
        } else {
            stage.wait_for(published.to(&here), "succeeded").await;
        }
        end(&stage, &id).await;
        stage.wait_for(published.to(&there), "succeeded").await;
        stage.wait_for(published.to(&here), "succeeded").await;
    }
}

async fn two_pauses_hold_until_both_have_ended(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start_with(mode, &[LATER]), Receiver::start());
    stage.flexype(&receiver).await;
    let all = pause(&stage, json!({ "scope": "all" })).await;
    let merchant = pause(
        &stage,
        json!({ "scope": "merchant", "merchant_id": stage.merchant }),
    )
    .await;
    let published = stage.publish().await;
    held(&stage, published.only()).await;
    end(&stage, &all).await;
    // By hand it is due at once: it comes as far as the other pause, and is held again.
    stage.act(published.only(), "retry").await.expect(202);
    held(&stage, published.only()).await;
    assert_eq!(receiver.requests().len(), 0);
    end(&stage, &merchant).await;
    stage.wait_for(published.only(), "succeeded").await;
    receiver.wait_for(1, SOON).await;
}

async fn a_pause_is_one_and_names_what_it_holds(mode: Mode) {
    let stage = Stage::start(mode).await;
    let (receiver, body) = (
        Receiver::start().await,
        json!({ "scope": "all", "reason": "Moving" }),
    );
    receiver.answer(Behaviour::Status(200));
    let id = pause(&stage, body.clone()).await;
    let refused = stage.rest().post("/v1/pauses", &body).await;
    assert_eq!(refused.problem(409), "conflict");
    let list = stage.rest().get("/v1/pauses").await.expect(200);
    assert_eq!(list["data"][0]["reason"], "Moving");
    for (body, pointer) in [
        (json!({ "scope": "host" }), "/host"),
        (json!({ "scope": "all", "host": "a.example" }), "/host"),
        (json!({ "scope": "host", "host": "a b" }), "/host"),
        (
            json!({ "scope": "host", "host": "https://a.example" }),
            "/host",
        ),
        (
            json!({ "scope": "host", "host": "a.example:8443" }),
            "/host",
        ),
        (json!({ "scope": "host", "host": "a.example." }), "/host"),
        (
            json!({ "scope": "merchant", "merchant_id": "mer_01h455vb4pex5vsknk084sn02q" }),
            "/merchant_id",
        ),
    ] {
        let refused = stage.rest().post("/v1/pauses", &body).await;
        assert_eq!(refused.problem(422), "validation-failed");
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer, "{body}");
    }
    end(&stage, &id).await;
    assert_eq!(
        stage
            .rest()
            .delete(&format!("/v1/pauses/{id}"))
            .await
            .problem(404),
        "not-found"
    );
    let log = stage
        .rest()
        .get("/v1/audit-log?action=createPause&action=deletePause")
        .await
        .expect(200);
    assert_eq!(log["data"].as_array().unwrap().len(), 2, "{log}");
    let system = stage.rest().get("/v1/system").await.expect(200);
    let kind = if mode == Mode::Cluster {
        "postgresql"
    } else {
        "sqlite"
    };
    assert_eq!(system["database"]["kind"], kind);
    assert_eq!(
        system["redis"].is_object(),
        mode == Mode::Cluster,
        "{system}"
    );
    assert!(!system.to_string().contains("correct horse"));
}
