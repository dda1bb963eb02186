//! How a process ends, and what the next one finds.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use testkit::receiver::{Behaviour, Receiver};
use testkit::rest::{Rest, text};
use testkit::server::{Hookyard, Mode};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::stage::{EVENT, LATER, SOON, Stage, flexype, with};

in_both_modes! {
    sigterm_finishes_what_is_in_flight_and_loses_and_repeats_nothing,
    kill_9_under_load_loses_nothing_that_was_accepted,
    retries_that_wait_survive_a_restart,
}

/// How often each event came.
fn counts(receiver: &Receiver) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for request in receiver.requests() {
        let id = request.header("x-event-id").unwrap().to_owned();
        *counts.entry(id).or_default() += 1;
    }
    counts
}

/// Publishes until it no longer can; returns the ids of what was accepted.
async fn publish_until_it_ends(rest: Rest, path: String, name: usize) -> Vec<String> {
    let mut accepted = Vec::new();
    for number in 0.. {
        let id = format!("load-{name}-{number}");
        let body = json!({"event_type": EVENT, "payload": {"n": number}, "event_id": id});
        let answer = rest
            .try_send(Method::POST, &path, &[], body.to_string().into())
            .await;
        match answer {
            Ok(answer) if answer.status == 202 => accepted.push(id),
            _ => break,
        }
    }
    accepted
}

async fn sigterm_finishes_what_is_in_flight_and_loses_and_repeats_nothing(mode: Mode) {
    let slow = [
        LATER,
        ("HOOKYARD_DIALECTS__FLEXYPE__TIMEOUT", "20s"),
        ("HOOKYARD_WORKER__IN_FLIGHT_PER_ENDPOINT", "4"),
    ];
    let (mut stage, receiver) = tokio::join!(Stage::start_with(mode, &slow), Receiver::start());
    let gate = Arc::new(Semaphore::new(0));
    receiver.answer(Behaviour::Gate(
        Arc::clone(&gate),
        Box::new(Behaviour::Status(200)),
    ));
    stage.flexype(&receiver).await;
    let mut published = Vec::new();
    for _ in 0..20 {
        published.push(stage.publish().await);
    }
    receiver.wait_for(4, SOON).await;
    stage.server.terminate();
    // Not ready any more: it has heard us, and four are in flight.
    while stage.rest().get("/readyz").await.status == 200 {
        tokio::task::yield_now().await;
    }
    gate.add_permits(1_000);
    let ended = stage.server.wait_for_end().await;
    assert_eq!(ended.code, Some(0));
    assert!(ended.took < Duration::from_secs(15), "{:?}", ended.took);
    stage.server.start_again().await;
    for event in &published {
        let delivery = stage.wait_for(event.only(), "succeeded").await;
        assert_eq!(delivery["attempt_count"], 1, "{delivery}");
    }
    let counts = counts(&receiver);
    assert_eq!(counts.len(), 20);
    assert!(counts.values().all(|count| *count == 1), "{counts:?}");
}

async fn kill_9_under_load_loses_nothing_that_was_accepted(mode: Mode) {
    let (mut stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    receiver.answer(Behaviour::delayed(5, 200));
    stage.flexype(&receiver).await;
    let mut publishers = JoinSet::new();
    for name in 0..8 {
        let (rest, path) = (stage.rest().clone(), stage.path("/events"));
        publishers.spawn(publish_until_it_ends(rest, path, name));
    }
    receiver.wait_for(200, SOON).await;
    stage.server.kill().await;
    let accepted: Vec<String> = publishers.join_all().await.concat();
    assert!(accepted.len() >= 200, "{} accepted", accepted.len());
    stage.server.start_again().await;
    // A lost worker's lease ends after the timeout and 15 s; a file's only process need not wait for it.
    let limit = match mode {
        Mode::Embedded => SOON,
        Mode::Cluster => Duration::from_secs(25),
    };
    let came = |requests: &[testkit::receiver::Recorded]| {
        let ids: std::collections::HashSet<_> = requests
            .iter()
            .filter_map(|request| request.header("x-event-id"))
            .collect();
        accepted.iter().all(|id| ids.contains(id.as_str()))
    };
    receiver.wait_until(limit, came).await;
    for id in &accepted {
        let path = stage.path(&format!("/events/{id}"));
        let event = stage.rest().get(&path).await.expect(200);
        let delivery = text(&event["deliveries"][0], "id").to_owned();
        let succeeded = |delivery: &Value| delivery["status"] == "succeeded";
        stage.wait_within(limit, &delivery, succeeded).await;
    }
}

async fn retries_that_wait_survive_a_restart(mode: Mode) {
    let (mut stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    receiver.answer(Behaviour::statuses(&[500, 200]));
    let own = json!({"schedule": ["1s"]});
    let body = with(flexype(&receiver.url()), &own);
    stage.endpoint(&body).await;
    let published = stage.publish().await;
    stage.wait_for(published.only(), "retrying").await;
    stage.server.kill().await;
    if mode == Mode::Cluster {
        stage.server.redis().restart().await;
    }
    stage.server.start_again().await;
    let delivery = stage.wait_for(published.only(), "succeeded").await;
    assert_eq!(delivery["attempt_count"], 2);
}

#[tokio::test]
async fn a_second_process_on_the_same_file_exits_75() {
    let server = Hookyard::start(env!("CARGO_BIN_EXE_hookyard"), Mode::Embedded, &[]).await;
    let output = server.run(&["serve"]).await;
    assert_eq!(output.status.code(), Some(75));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(&server.pid().to_string()), "{said}");
    server.rest().get("/v1/me").await.expect(200);
}
