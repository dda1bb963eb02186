//! Checks of a URL before an endpoint has it.

use std::collections::HashMap;

use serde_json::{Value, json};
use testkit::dns::DnsServer;
use testkit::receiver::{Behaviour, Receiver};
use testkit::server::Mode;
use testkit::tls::TestCa;

use super::stage::Stage;

in_both_modes! {
    a_good_receiver_passes_every_step_and_shows_its_certificate,
    the_step_that_fails_says_why,
    a_refused_url_is_not_called,
    calls_are_limited,
}

async fn check(stage: &Stage, url: &str, reach: bool) -> Value {
    let body = json!({ "url": url, "reach": reach });
    stage
        .rest()
        .post(&stage.path("/endpoint-checks"), &body)
        .await
        .expect(200)
}

fn names(check: &Value) -> Vec<(&str, bool)> {
    let steps = check["steps"].as_array().unwrap().iter();
    steps
        .map(|step| (step["name"].as_str().unwrap(), step["ok"] == true))
        .collect()
}

async fn a_good_receiver_passes_every_step_and_shows_its_certificate(mode: Mode) {
    let ca = TestCa::new();
    let receiver = Receiver::start_with(ca.server_config(&["shop.example"], true)).await;
    let pem = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(pem.path(), ca.ca_pem()).unwrap();
    let here = vec![vec!["127.0.0.1".parse().unwrap()]];
    let dns = DnsServer::start(HashMap::from([("shop.example".to_owned(), here)])).await;
    let servers = dns.addr().to_string();
    let settings = [
        ("HOOKYARD_OUTBOUND__CA_FILE", pem.path().to_str().unwrap()),
        ("HOOKYARD_OUTBOUND__DNS_SERVERS", &servers),
    ];
    let stage = Stage::start_with(mode, &settings).await;
    let url = format!("{}/hook", receiver.url_for("SHOP.example"));
    let checked = check(&stage, &url, true).await;
    let all = [
        ("dns", true),
        ("connect", true),
        ("tls", true),
        ("post", true),
    ];
    assert_eq!(names(&checked), all, "{checked}");
    assert!(
        checked["url"].as_str().unwrap().contains("://shop.example"),
        "{checked}"
    );
    let times = checked["steps"].as_array().unwrap().iter();
    assert!(
        times
            .map(|step| step["duration_ms"].as_f64())
            .all(|took| took.is_some()),
        "{checked}"
    );
    assert!(
        !checked["certificate"]["issuer"]
            .as_str()
            .unwrap()
            .is_empty(),
        "{checked}"
    );
    assert!(
        checked["certificate"]["expires_at"].as_str().unwrap() > "2026",
        "{checked}"
    );
    assert_eq!(receiver.requests().len(), 1);
    assert_eq!(&receiver.requests()[0].body[..], b"{}");

    // It is no delivery, and the second one with the same URL is told of the first.
    let log = stage
        .rest()
        .get(&stage.path("/deliveries"))
        .await
        .expect(200);
    assert_eq!(log["data"], json!([]));
    let endpoint = stage.endpoint(&super::stage::flexype(&url)).await;
    let again = check(&stage, &url, false).await;
    assert_eq!(again["same_url"], json!([endpoint["id"]]));
    assert_eq!(again["steps"], json!([]));
}

async fn the_step_that_fails_says_why(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    receiver.answer(Behaviour::Status(405));
    let checked = check(&stage, &receiver.url(), true).await;
    assert_eq!(
        names(&checked),
        [("dns", true), ("connect", true), ("post", true)]
    );
    assert!(
        checked["steps"][2]["detail"]
            .as_str()
            .unwrap()
            .contains("405"),
        "{checked}"
    );
    assert_eq!(checked["certificate"], json!(null));

    let gone = receiver.url();
    drop(receiver);
    let checked = check(&stage, &gone, true).await;
    assert_eq!(names(&checked), [("dns", true), ("connect", false)]);
    assert!(!checked["steps"][1]["detail"].as_str().unwrap().is_empty());
}

async fn a_refused_url_is_not_called(mode: Mode) {
    let stage = Stage::start(mode).await;
    let checked = check(&stage, "ftp://shop.example/x", true).await;
    assert_eq!(checked["accepted"], false);
    assert_eq!(checked["refusal"]["code"], "scheme");
    assert_eq!(checked["steps"], json!([]));
}

async fn calls_are_limited(mode: Mode) {
    let settings = [("HOOKYARD_LIMITS__TEST_SENDS", "2")];
    let stage = Stage::start_with(mode, &settings).await;
    let (receiver, path) = (Receiver::start().await, stage.path("/endpoint-checks"));
    let body = json!({ "url": receiver.url(), "reach": true });
    for _ in 0..2 {
        stage.rest().post(&path, &body).await.expect(200);
    }
    let refused = stage.rest().post(&path, &body).await;
    assert_eq!(refused.problem(429), "quota-exceeded");
    assert!(refused.header("retry-after").is_some());
    check(&stage, &receiver.url(), false).await;
}
