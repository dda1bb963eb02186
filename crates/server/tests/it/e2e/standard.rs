//! What the `standard` dialect hears: Retry-After and 410. And what failing for too long comes to.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::receiver::{Behaviour, Receiver};
use testkit::rest::text;
use testkit::server::Mode;

use super::stage::{EVENT, SOON, Stage, standard, with};

in_both_modes! {
    retry_after_lengthens_the_wait,
    gone_disables_the_endpoint_and_tells_of_it,
    gone_changes_nothing_for_a_flexype_endpoint,
    nothing_but_failures_for_too_long_disables_the_endpoint,
}

async fn retry_after_lengthens_the_wait(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let busy = Behaviour::headers(429, &[("retry-after", "2")]);
    receiver.answer(Behaviour::Script(vec![busy, Behaviour::Status(200)]));
    stage.endpoint(&standard(&receiver.url())).await;
    let published = stage.publish().await;
    stage.wait_for(published.only(), "succeeded").await;
    let requests = receiver.requests();
    let waited = requests[1].at - requests[0].at;
    assert!(waited >= Duration::from_secs(2), "{waited:?}");
}

async fn gone_disables_the_endpoint_and_tells_of_it(mode: Mode) {
    let (stage, gone, watcher) =
        tokio::join!(Stage::start(mode), Receiver::start(), Receiver::start());
    gone.answer(Behaviour::Status(410));
    let endpoint = stage.endpoint(&standard(&gone.url())).await;
    let told = json!({"event_types": ["endpoint.disabled"]});
    stage.endpoint(&with(standard(&watcher.url()), &told)).await;
    let published = stage.publish().await;
    let news = watcher.wait_for(1, SOON).await.remove(0).json();
    assert_eq!(news["type"], "endpoint.disabled");
    assert_eq!(news["data"]["endpoint_id"], endpoint["id"]);
    let shown = stage.rest().get(&stage.endpoint_path(&endpoint, "")).await;
    let shown = shown.expect(200);
    assert_eq!(shown["enabled"], false);
    assert_eq!(shown["disabled_reason"], "gone");
    let tried = |delivery: &Value| delivery["attempt_count"] == 1;
    let delivery = stage.wait_until(published.to(&endpoint), tried).await;
    assert_eq!(delivery["last_http_status"], 410);
    let next = stage.publish().await;
    assert_eq!(stage.delivery(next.only()).await["status"], "skipped");
    assert_eq!(gone.requests().len(), 1);
    assert_eq!(gone.requests()[0].json()["type"], EVENT);
}

async fn gone_changes_nothing_for_a_flexype_endpoint(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    receiver.answer(Behaviour::Status(410));
    let endpoint = stage.flexype(&receiver).await;
    let published = stage.publish().await;
    let delivery = stage.wait_for(published.only(), "failed").await;
    assert_eq!(delivery["attempt_count"], 4);
    let shown = stage.rest().get(&stage.endpoint_path(&endpoint, "")).await;
    assert_eq!(
        shown.expect(200)["enabled"],
        true,
        "{}",
        text(&endpoint, "id")
    );
}

async fn nothing_but_failures_for_too_long_disables_the_endpoint(mode: Mode) {
    // The schedule of the stage ends after more than this.
    let short = [("HOOKYARD_WORKER__DISABLE_AFTER", "250ms")];
    let (stage, broken, watcher) = tokio::join!(
        Stage::start_with(mode, &short),
        Receiver::start(),
        Receiver::start()
    );
    broken.answer(Behaviour::Status(500));
    let endpoint = stage.flexype(&broken).await;
    let told = json!({"event_types": ["endpoint.disabled"]});
    stage.endpoint(&with(standard(&watcher.url()), &told)).await;
    stage.publish().await;
    let news = watcher.wait_for(1, SOON).await.remove(0).json();
    assert_eq!(news["data"]["endpoint_id"], endpoint["id"]);
    assert_eq!(news["data"]["reason"], "failing");
    let shown = stage.rest().get(&stage.endpoint_path(&endpoint, "")).await;
    let shown = shown.expect(200);
    assert_eq!(shown["enabled"], false);
    assert_eq!(shown["disabled_reason"], "failing");
}
