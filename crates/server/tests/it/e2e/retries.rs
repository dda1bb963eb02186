//! The schedule of retries: contract 21 to 27.

use std::collections::HashSet;

use serde_json::json;
use testkit::receiver::{Behaviour, Receiver, Recorded};
use testkit::server::Mode;

use super::stage::{LATER, SOON, Stage, flexype, millis, with};

in_both_modes! {
    contract_021_022_023_024_four_attempts_each_delay_counted_from_the_failure_before,
    contract_025_a_success_stops_the_sequence,
    contract_026_retries_carry_the_same_id_body_and_version,
    contract_027_a_retry_goes_to_the_present_url_with_the_present_secret,
    contract_023_retry_after_is_ignored,
    an_endpoint_may_have_a_schedule_and_a_timeout_of_its_own,
}

async fn contract_021_022_023_024_four_attempts_each_delay_counted_from_the_failure_before(
    mode: Mode,
) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    receiver.answer(Behaviour::delayed(250, 500));
    stage.flexype(&receiver).await;
    let published = stage.publish().await;
    let delivery = stage.wait_for(published.only(), "failed").await;
    assert_eq!(delivery["attempt_count"], 4);
    assert_eq!(delivery["next_attempt_at"], json!(null));
    assert!(delivery["finished_at"].is_string());
    let attempts = stage.attempts(published.only()).await;
    let numbers: Vec<_> = attempts
        .iter()
        .map(|attempt| attempt["number"].as_i64())
        .collect();
    assert_eq!(numbers, [Some(1), Some(2), Some(3), Some(4)]);
    let spans: Vec<(f64, f64)> = attempts
        .iter()
        .map(|attempt| {
            let start = millis(&attempt["started_at"]);
            (start, start + attempt["duration_ms"].as_f64().unwrap())
        })
        .collect();
    for (pair, delay) in spans.windows(2).zip([100.0, 200.0, 300.0]) {
        let waited = pair[1].0 - pair[0].1;
        // Durations are rounded to whole microseconds.
        assert!(waited >= delay - 0.01, "early: {waited} of {delay} ms");
        assert!(waited < delay + 1_000.0, "late: {waited} of {delay} ms");
    }
    assert_eq!(receiver.requests().len(), 4);
}

async fn contract_025_a_success_stops_the_sequence(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    receiver.answer(Behaviour::statuses(&[503, 200]));
    stage.flexype(&receiver).await;
    let published = stage.publish().await;
    let delivery = stage.wait_for(published.only(), "succeeded").await;
    assert_eq!(delivery["attempt_count"], 2);
    assert_eq!(delivery["next_attempt_at"], json!(null));
    assert_eq!(receiver.requests().len(), 2);
}

async fn contract_026_retries_carry_the_same_id_body_and_version(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    receiver.answer(Behaviour::Status(500));
    stage.flexype(&receiver).await;
    let payload = r#"{ "price" : 1.10, "id":12345678901234567890 }"#;
    let published = stage.publish_of("PRODUCT_VIEWED", payload).await;
    receiver.wait_for(1, SOON).await;
    // The envelope's store is the one of the time of the event.
    let change = json!({"store": {"name": "Renamed"}});
    let changed = stage.rest().patch(&stage.path(""), &change).await;
    changed.expect(200);
    stage.wait_for(published.only(), "failed").await;
    stage.act(published.only(), "retry").await.expect(202);
    let same = |request: &Recorded| {
        let header = |name| request.header(name).unwrap().to_owned();
        (
            header("x-event-id"),
            header("x-webhook-version"),
            request.body.clone(),
        )
    };
    let requests = receiver.wait_for(5, SOON).await;
    let sent: HashSet<_> = requests.iter().map(same).collect();
    assert_eq!(sent.len(), 1, "{sent:?}");
}

async fn contract_027_a_retry_goes_to_the_present_url_with_the_present_secret(mode: Mode) {
    let stage = Stage::start_with(mode, &[LATER]).await;
    let (old, new) = tokio::join!(Receiver::start(), Receiver::start());
    old.answer(Behaviour::Status(500));
    let endpoint = stage.flexype(&old).await;
    let published = stage.publish().await;
    stage.wait_for(published.only(), "retrying").await;
    let moved = json!({"url": new.url()});
    let path = stage.endpoint_path(&endpoint, "");
    stage.rest().patch(&path, &moved).await.expect(200);
    let secret = json!({"secret": "the-secret-after-the-rotation"});
    let path = stage.endpoint_path(&endpoint, "/secret/rotate");
    stage.rest().post(&path, &secret).await.expect(200);
    stage.act(published.only(), "retry").await.expect(202);
    stage.wait_for(published.only(), "succeeded").await;
    let requests = new.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(
        requests[0].header("x-flexype-authorization"),
        Some("the-secret-after-the-rotation")
    );
    assert_eq!(old.requests().len(), 1);
    let attempts = stage.attempts(published.only()).await;
    let url = |index: usize| attempts[index]["url"].as_str().unwrap().to_owned();
    assert!(url(0).starts_with(&old.url()) && url(1).starts_with(&new.url()));
}

async fn contract_023_retry_after_is_ignored(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let busy = Behaviour::headers(503, &[("retry-after", "3600")]);
    receiver.answer(Behaviour::Script(vec![busy, Behaviour::Status(200)]));
    stage.flexype(&receiver).await;
    let published = stage.publish().await;
    let delivery = stage.wait_for(published.only(), "succeeded").await;
    assert_eq!(delivery["attempt_count"], 2);
}

async fn an_endpoint_may_have_a_schedule_and_a_timeout_of_its_own(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start_with(mode, &[LATER]), Receiver::start());
    receiver.answer(Behaviour::Hang);
    let own = json!({"schedule": ["50ms"], "timeout": "200ms"});
    let body = with(flexype(&receiver.url()), &own);
    let endpoint = stage.endpoint(&body).await;
    assert_eq!(
        (&endpoint["schedule"], &endpoint["timeout"]),
        (&own["schedule"], &own["timeout"])
    );
    let published = stage.publish().await;
    let delivery = stage.wait_for(published.only(), "failed").await;
    assert_eq!(delivery["attempt_count"], 2);
    assert_eq!(delivery["last_outcome"], "timeout");
}
