//! What counts as acknowledged, and until when: contract 17 to 20.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::dns::DnsServer;
use testkit::receiver::{Behaviour, Receiver};
use testkit::server::Mode;
use testkit::tls::TestCa;
use tokio::net::TcpListener;

use super::stage::{LATER, Stage, flexype};

in_both_modes! {
    contract_017_018_exactly_200_acknowledges_and_every_other_status_is_retried,
    contract_017_019_ten_seconds_of_real_time_from_the_start_to_the_whole_head,
    contract_018_every_failure_to_get_an_answer_is_retried,
    contract_019_the_body_never_turns_a_200_into_a_failure,
    contract_019_a_head_that_comes_too_late_is_a_timeout,
    contract_020_redirects_are_not_followed,
}

/// One endpoint for each behaviour, and what was published to all of them.
async fn publish_to(stage: &Stage, behaviours: Vec<Behaviour>) -> (Vec<Receiver>, Vec<String>) {
    let (mut receivers, mut endpoints) = (Vec::new(), Vec::new());
    for behaviour in behaviours {
        let receiver = Receiver::start().await;
        receiver.answer(behaviour);
        endpoints.push(stage.flexype(&receiver).await);
        receivers.push(receiver);
    }
    let published = stage.publish().await;
    let ids = endpoints
        .iter()
        .map(|endpoint| published.to(endpoint).to_owned());
    (receivers, ids.collect())
}

async fn contract_017_018_exactly_200_acknowledges_and_every_other_status_is_retried(mode: Mode) {
    let stage = Stage::start(mode).await;
    let statuses = [
        200, 201, 202, 204, 299, 301, 302, 400, 401, 404, 410, 429, 500, 503,
    ];
    let behaviours = statuses.map(Behaviour::Status).to_vec();
    let (receivers, ids) = publish_to(&stage, behaviours).await;
    for ((status, receiver), id) in statuses.iter().zip(&receivers).zip(&ids) {
        let (end, attempts, outcome) = match status {
            200 => ("succeeded", 1, "success"),
            301 | 302 => ("failed", 4, "redirect"),
            _ => ("failed", 4, "http_status"),
        };
        let delivery = stage.wait_for(id, end).await;
        assert_eq!(delivery["attempt_count"], attempts, "{status}");
        assert_eq!(delivery["last_outcome"], outcome, "{status}");
        assert_eq!(delivery["last_http_status"], *status);
        assert_eq!(receiver.requests().len(), attempts, "{status}");
    }
}

async fn contract_017_019_ten_seconds_of_real_time_from_the_start_to_the_whole_head(mode: Mode) {
    let stage = Stage::start_on_real_time(mode).await;
    let late = Behaviour::SlowHead(Duration::from_secs(1));
    let behaviours = vec![late, Behaviour::Hang, Behaviour::delayed(9_500, 200)];
    let (_receivers, ids) = publish_to(&stage, behaviours).await;
    for (id, outcome) in ids.iter().zip(["timeout", "timeout", "success"]) {
        let ended = |delivery: &Value| delivery["last_outcome"].is_string();
        let delivery = stage.wait_within(Duration::from_secs(15), id, ended).await;
        assert_eq!(delivery["last_outcome"], outcome);
        let attempts = stage.attempts(id).await;
        let took = attempts[0]["duration_ms"].as_f64().unwrap();
        let expected = if outcome == "timeout" {
            10_000.0..10_500.0
        } else {
            9_500.0..10_000.0
        };
        assert!(expected.contains(&took), "{outcome} after {took} ms");
    }
}

async fn contract_018_every_failure_to_get_an_answer_is_retried(mode: Mode) {
    let dns = DnsServer::start(HashMap::new()).await;
    let servers = dns.addr().to_string();
    let stage = Stage::start_with(mode, &[("HOOKYARD_OUTBOUND__DNS_SERVERS", &servers)]).await;
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let refused = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    let untrusted = Receiver::start_tls(&TestCa::new()).await;
    let (reset, hangs) = tokio::join!(Receiver::start(), Receiver::start());
    reset.answer(Behaviour::Reset);
    hangs.answer(Behaviour::Hang);
    let cases = [
        (refused, "connect_refused"),
        (untrusted.url(), "tls_untrusted"),
        ("http://nowhere.example:8000/hook".to_owned(), "dns_error"),
        (reset.url(), "reset"),
        (hangs.url(), "timeout"),
    ];
    let mut endpoints = Vec::new();
    for (url, _) in &cases {
        endpoints.push(stage.endpoint(&flexype(url)).await);
    }
    let published = stage.publish().await;
    for (endpoint, (url, outcome)) in endpoints.iter().zip(&cases) {
        let delivery = stage.wait_for(published.to(endpoint), "failed").await;
        assert_eq!(delivery["attempt_count"], 4, "{url}");
        let attempts = stage.attempts(published.to(endpoint)).await;
        for attempt in &attempts {
            assert_eq!(attempt["outcome"], *outcome, "{url}: {attempt}");
            assert_ne!(attempt["error"], "", "the reason in words");
            assert_eq!(attempt["http_status"], Value::Null);
        }
    }
}

async fn contract_019_the_body_never_turns_a_200_into_a_failure(mode: Mode) {
    let stage = Stage::start(mode).await;
    let behaviours = vec![
        Behaviour::SlowBody(Duration::from_millis(100)),
        Behaviour::EndlessBody,
        Behaviour::body(200, "ok"),
    ];
    let (receivers, ids) = publish_to(&stage, behaviours).await;
    let states = ["incomplete", "truncated", "complete"];
    for ((id, state), receiver) in ids.iter().zip(states).zip(&receivers) {
        let delivery = stage.wait_for(id, "succeeded").await;
        assert_eq!(delivery["attempt_count"], 1);
        let attempt = &stage.attempts(id).await[0];
        assert_eq!(attempt["response_body_state"], state);
        let kept = attempt["response_body"].as_str().unwrap().len();
        assert!(kept <= 16 * 1024, "{kept} bytes");
        assert_eq!(receiver.requests().len(), 1);
    }
}

async fn contract_019_a_head_that_comes_too_late_is_a_timeout(mode: Mode) {
    let stage = Stage::start_with(mode, &[LATER]).await;
    let behaviours = vec![
        Behaviour::delayed(1_300, 200),
        Behaviour::SlowHead(Duration::from_millis(100)),
    ];
    let (_receivers, ids) = publish_to(&stage, behaviours).await;
    for id in &ids {
        let delivery = stage.wait_for(id, "retrying").await;
        assert_eq!(delivery["last_outcome"], "timeout");
        let took = stage.attempts(id).await[0]["duration_ms"].as_f64().unwrap();
        assert!((1_000.0..1_500.0).contains(&took), "{took} ms");
    }
}

async fn contract_020_redirects_are_not_followed(mode: Mode) {
    let (stage, target) = tokio::join!(Stage::start_with(mode, &[LATER]), Receiver::start());
    let to_target = |status| Behaviour::headers(status, &[("location", &target.url())]);
    let behaviours = [301, 302, 303, 307, 308].map(to_target).to_vec();
    let (_receivers, ids) = publish_to(&stage, behaviours).await;
    for id in &ids {
        let delivery = stage.wait_for(id, "retrying").await;
        assert_eq!(delivery["last_outcome"], "redirect");
        let attempt = &stage.attempts(id).await[0];
        assert_eq!(attempt["response_headers"]["location"], json!(target.url()));
    }
    assert!(target.requests().is_empty());
}
