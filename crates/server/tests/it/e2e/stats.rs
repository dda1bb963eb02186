//! Figures of endpoints and of the platform, after real attempts.

use std::time::Duration;

use serde_json::Value;
use testkit::receiver::{Behaviour, Receiver};
use testkit::server::Mode;
use tokio::time::{Instant, sleep};

use super::stage::{LATER, SOON, Stage, create_merchant};

in_both_modes! {
    attempts_are_counted_by_answer_and_type_and_tests_are_not,
    an_endpoints_figures_are_its_owners_only,
}

/// Counts are written every few seconds: asks until there are enough.
async fn figures(stage: &Stage, path: &str, enough: impl Fn(&Value) -> bool) -> Value {
    let end = Instant::now() + SOON;
    loop {
        let answer = stage.server.rest().get(path).await.json();
        if enough(&answer) {
            return answer;
        }
        assert!(Instant::now() < end, "after {SOON:?}: {answer}");
        sleep(Duration::from_millis(50)).await;
    }
}

async fn attempts_are_counted_by_answer_and_type_and_tests_are_not(mode: Mode) {
    let receiver = Receiver::start().await;
    let stage = Stage::start_with(mode, &[LATER]).await;
    let endpoint = stage.flexype(&receiver).await;
    let first = stage.publish().await;
    stage.wait_for(first.only(), "succeeded").await;
    receiver.answer(Behaviour::Status(500));
    let second = stage.publish().await;
    stage.wait_for(second.only(), "retrying").await;
    stage.test(&endpoint).await;

    let path = stage.endpoint_path(&endpoint, "/stats?range=1h");
    let stats = figures(&stage, &path, |stats| stats["totals"]["failed"] == 1).await;
    assert_eq!(stats["totals"]["succeeded"], 1, "{stats}");
    assert!(stats["totals"]["p50_ms"].as_f64().unwrap() > 0.0);
    assert_eq!(stats["step_seconds"], 60);
    assert_eq!(stats["series"].as_array().unwrap().len(), 60);
    let answers: Vec<_> = stats["by_answer"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["http_status"].as_u64())
        .collect();
    assert!(
        answers.contains(&Some(200)) && answers.contains(&Some(500)),
        "{stats}"
    );
    assert_eq!(stats["by_event_type"][0]["event_type"], "PRODUCT_VIEWED");
    assert_eq!(stats["waiting"]["count"], 1);
    assert_eq!(stats["last_delivery"]["id"], *second.only());

    let path = stage.path("/endpoint-stats");
    let list = stage.server.rest().get(&path).await.json();
    assert_eq!(list["data"][0]["endpoint_id"], endpoint["id"]);
    assert_eq!(list["data"][0]["totals"]["failed"], 1);

    let platform = figures(&stage, "/v1/stats?range=24h", |stats| {
        stats["totals"]["events"] == 2
    })
    .await;
    assert_eq!(platform["totals"]["succeeded"], 1, "{platform}");
    assert_eq!(platform["queue"]["retries_waiting"], 1);
    assert_eq!(
        platform["merchants"][0]["merchant_id"],
        endpoint["merchant_id"]
    );
}

async fn an_endpoints_figures_are_its_owners_only(mode: Mode) {
    let receiver = Receiver::start().await;
    let stage = Stage::start_with(mode, &[LATER]).await;
    let endpoint = stage.flexype(&receiver).await;
    let other = create_merchant(stage.server.rest(), "Red Gate").await;
    let id = endpoint["id"].as_str().unwrap();
    let answer = stage
        .server
        .rest()
        .get(&format!("/v1/merchants/{other}/endpoints/{id}/stats"))
        .await;
    assert_eq!(answer.status, 404);
    let list = stage
        .server
        .rest()
        .get(&format!("/v1/merchants/{other}/endpoint-stats"))
        .await
        .json();
    assert_eq!(list["data"].as_array().unwrap().len(), 0);
}
