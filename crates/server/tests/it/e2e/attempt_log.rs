//! What the log keeps of each attempt.

use std::collections::HashMap;

use serde_json::{Value, json};
use testkit::dns::DnsServer;
use testkit::receiver::{Behaviour, Receiver};
use testkit::rest::text;
use testkit::server::Mode;
use testkit::tls::TestCa;

use super::stage::{EVENT, LATER, PAYLOAD, SECRET, Stage, flexype, with};

in_both_modes! {
    contract_029_an_attempt_carries_timings_addresses_headers_and_both_bodies,
    contract_019_a_long_answer_is_kept_in_part_and_an_answer_of_any_bytes_is_shown,
    lists_are_paged_without_gaps_or_repeats,
}

async fn contract_029_an_attempt_carries_timings_addresses_headers_and_both_bodies(mode: Mode) {
    let ca = TestCa::new();
    let receiver = Receiver::start_with(ca.server_config(&["shop.example"], true)).await;
    let pem = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(pem.path(), ca.ca_pem()).unwrap();
    let here = vec![vec!["127.0.0.1".parse().unwrap()]];
    let dns = DnsServer::start(HashMap::from([("shop.example".to_owned(), here)])).await;
    let servers = dns.addr().to_string();
    let settings = [
        LATER,
        ("HOOKYARD_OUTBOUND__CA_FILE", pem.path().to_str().unwrap()),
        ("HOOKYARD_OUTBOUND__DNS_SERVERS", &servers),
    ];
    let stage = Stage::start_with(mode, &settings).await;
    receiver.answer(Behaviour::Answer {
        status: 500,
        headers: vec![("x-trace".to_owned(), "abc".to_owned())],
        body: "Something broke".into(),
    });
    let url = format!("{}/hook", receiver.url_for("shop.example"));
    let own = json!({"headers": {"X-Shop": "a-header-value-of-my-own", "Authorization": "Bearer 0123456789abcdefgh"}});
    let endpoint = stage.endpoint(&with(flexype(&url), &own)).await;
    let published = stage.publish().await;
    stage.wait_for(published.only(), "retrying").await;
    let attempt = &stage.attempts(published.only()).await[0];
    assert_eq!(attempt["delivery_id"], *published.only());
    assert_eq!(attempt["number"], 1);
    assert_eq!(attempt["trigger"], "schedule");
    assert_eq!(attempt["url"], url);
    assert_eq!(attempt["remote_ip"], "127.0.0.1");
    let milliseconds = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{attempt}"));
    let steps = ["dns_ms", "connect_ms", "tls_ms", "first_byte_ms"];
    let sum: f64 = steps
        .iter()
        .map(|step| milliseconds(&attempt["timings"][step]))
        .sum();
    assert!(
        sum <= milliseconds(&attempt["duration_ms"]) + 0.01,
        "{attempt}"
    );
    assert_eq!(attempt["outcome"], "http_status");
    assert_eq!(attempt["http_status"], 500);
    assert_eq!(attempt["response_headers"]["x-trace"], "abc");
    assert_eq!(attempt["response_body"], "Something broke");
    assert_eq!(attempt["response_body_state"], "complete");
    let sent = &receiver.requests()[0];
    assert_eq!(
        attempt["request_body"],
        *String::from_utf8_lossy(&sent.body)
    );
    let shown = &attempt["request_headers"];
    assert_eq!(shown["x-event-id"], published.event_id);
    assert_eq!(
        shown["webhook-signature"],
        sent.header("webhook-signature").unwrap()
    );
    assert_eq!(text(shown, "x-flexype-authorization"), "…made");
    assert_eq!(text(shown, "authorization"), "…efgh");
    assert_eq!(
        sent.header("authorization"),
        Some("Bearer 0123456789abcdefgh")
    );
    assert!(!attempt.to_string().contains(SECRET));
    let shown = stage.rest().get(&stage.endpoint_path(&endpoint, "")).await;
    assert_eq!(shown.expect(200)["headers"]["Authorization"], "****");
}

async fn contract_019_a_long_answer_is_kept_in_part_and_an_answer_of_any_bytes_is_shown(
    mode: Mode,
) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let endpoint = stage.flexype(&receiver).await;
    receiver.answer(Behaviour::body(200, vec![b'x'; 40_000]));
    let attempt = stage.test(&endpoint).await;
    assert_eq!(text(&attempt, "response_body").len(), 16 * 1024);
    assert_eq!(attempt["response_body_state"], "truncated");
    receiver.answer(Behaviour::body(200, vec![0xff, 0x00, b'a']));
    let attempt = stage.test(&endpoint).await;
    assert_eq!(attempt["response_body"], "\u{fffd}\0a");
    let logged = &stage.attempts(text(&attempt, "delivery_id")).await[0];
    assert_eq!(logged["response_body"], attempt["response_body"]);
}

async fn lists_are_paged_without_gaps_or_repeats(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    stage.flexype(&receiver).await;
    let event = format!(r#"{{"event_type":"{EVENT}","payload":{PAYLOAD}}}"#);
    let batch = format!(r#"{{"events":[{}]}}"#, vec![event; 23].join(","));
    let path = stage.path("/events/batch");
    let published = stage
        .rest()
        .send(http::Method::POST, &path, &[], batch)
        .await
        .expect(202);
    let published = published["events"].as_array().unwrap();
    let mut expected: Vec<&str> = published
        .iter()
        .map(|event| text(event, "event_id"))
        .collect();
    for list in ["/events", "/deliveries"] {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = stage.path(&format!("{list}?limit=5{cursor}"));
            let page = stage.rest().get(&path).await.expect(200);
            let rows = page["data"].as_array().unwrap();
            assert!(rows.len() <= 5);
            found.extend(rows.iter().map(|row| text(row, "event_id").to_owned()));
            let Some(next) = page["next_cursor"].as_str() else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{list}");
    }
}
