//! What a FlexyPe receiver gets: contract E1.

use serde_json::{Value, json};
use testkit::fixtures;
use testkit::receiver::{Behaviour, Receiver, Recorded};
use testkit::rest::text;
use testkit::server::Mode;

use super::stage::{EVENT, PAYLOAD, SECRET, SOON, Stage, flexype, with};

in_both_modes! {
    contract_001_005_006_007_a_subscribed_event_is_posted_as_json_with_the_three_headers,
    contract_002_a_secret_is_16_to_512_printable_characters_or_made_by_us,
    contract_003_only_https_is_accepted_at_create_and_update,
    contract_004_only_selected_events_are_delivered,
    contract_008_all_three_headers_are_on_first_tries_retries_manual_retries_and_tests,
    contract_010_type_and_agent_are_set_and_custom_headers_cannot_take_a_reserved_name,
    contract_011_012_013_the_body_has_five_keys_a_utc_time_and_the_store,
    contract_014_the_client_may_choose_the_event_id,
    contract_015_the_five_names_are_published_and_delivered,
    contract_016_the_catalogue_explains_asr_and_acr,
}

/// The request has the three headers, and its body has the same event id.
fn assert_headers(request: &Recorded, event_id: &str) {
    assert_eq!(request.header("x-flexype-authorization"), Some(SECRET));
    assert_eq!(request.header("x-webhook-version"), Some("2026-05"));
    assert_eq!(request.header("x-event-id"), Some(event_id));
    assert_eq!(request.json()["event_id"], event_id);
}

async fn contract_001_005_006_007_a_subscribed_event_is_posted_as_json_with_the_three_headers(
    mode: Mode,
) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let url = format!("{}/hooks?shop=1", receiver.url());
    stage.endpoint(&flexype(&url)).await;
    let published = stage.publish().await;
    let request = &receiver.wait_for(1, SOON).await[0];
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", "/hooks?shop=1")
    );
    assert!(request.json().is_object());
    assert_headers(request, &published.event_id);
}

async fn contract_002_a_secret_is_16_to_512_printable_characters_or_made_by_us(mode: Mode) {
    let stage = Stage::start(mode).await;
    let create = async |secret: &str| {
        let body = with(flexype("http://127.0.0.1:9"), &json!({"secret": secret}));
        stage.rest().post(&stage.path("/endpoints"), &body).await
    };
    for secret in [
        "x".repeat(16),
        "x".repeat(512),
        "a b!~\"\\ 0123456789".to_owned(),
    ] {
        assert_eq!(create(&secret).await.expect(201)["secret"], secret);
    }
    for secret in ["x".repeat(15), "x".repeat(513), String::new()] {
        assert_eq!(create(&secret).await.problem(422), "validation-failed");
    }
    for secret in [
        " 0123456789abcdef",
        "0123456789abcdef ",
        "0123456789abcdef\u{e9}",
    ] {
        assert_eq!(
            create(secret).await.problem(422),
            "invalid-header",
            "{secret:?}"
        );
    }
    let mut without = flexype("http://127.0.0.1:9");
    without.as_object_mut().unwrap().remove("secret");
    let one = stage.endpoint(&without).await;
    let other = stage.endpoint(&without).await;
    assert!((16..=512).contains(&text(&one, "secret").len()));
    assert_ne!(one["secret"], other["secret"]);
}

async fn contract_003_only_https_is_accepted_at_create_and_update(mode: Mode) {
    let strict = [("HOOKYARD_OUTBOUND__ALLOW_HTTP", "false")];
    let stage = Stage::start_with(mode, &strict).await;
    let endpoints = stage.path("/endpoints");
    let refused = stage
        .rest()
        .post(&endpoints, &flexype("http://example.com/hook"))
        .await;
    assert_eq!(refused.problem(422), "invalid-endpoint-url");
    assert_eq!(refused.json()["errors"][0]["pointer"], "/url");
    let endpoint = stage.endpoint(&flexype("https://example.com/hook")).await;
    let path = stage.endpoint_path(&endpoint, "");
    let refused = stage
        .rest()
        .patch(&path, &json!({"url": "http://example.com/hook"}))
        .await;
    assert_eq!(refused.problem(422), "invalid-endpoint-url");
    let shown = stage.rest().get(&path).await.expect(200);
    assert_eq!(shown["url"], "https://example.com/hook");
}

async fn contract_004_only_selected_events_are_delivered(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    stage.flexype(&receiver).await;
    let unselected = stage.publish_of("COLLECTION_VIEWED", "{}").await;
    assert!(unselected.deliveries.is_empty());
    let selected = stage.publish().await;
    stage.wait_for(selected.only(), "succeeded").await;
    let types: Vec<Value> = receiver
        .requests()
        .iter()
        .map(|request| request.json()["event_type"].clone())
        .collect();
    assert_eq!(types, [EVENT]);
}

async fn contract_008_all_three_headers_are_on_first_tries_retries_manual_retries_and_tests(
    mode: Mode,
) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    receiver.answer(Behaviour::statuses(&[500, 500, 500, 500, 200]));
    let endpoint = stage.flexype(&receiver).await;
    let published = stage.publish().await;
    stage.wait_for(published.only(), "failed").await;
    stage.act(published.only(), "retry").await.expect(202);
    stage.wait_for(published.only(), "succeeded").await;
    let requests = receiver.requests();
    assert_eq!(requests.len(), 5);
    for request in &requests {
        assert_headers(request, &published.event_id);
    }
    receiver.clear();
    stage.test(&endpoint).await;
    let request = &receiver.wait_for(1, SOON).await[0];
    let event_id = request.header("x-event-id").unwrap();
    assert!(event_id.starts_with("evt_test_"), "{event_id}");
    assert_headers(request, event_id);
}

async fn contract_010_type_and_agent_are_set_and_custom_headers_cannot_take_a_reserved_name(
    mode: Mode,
) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let endpoints = stage.path("/endpoints");
    for name in [
        "X-Flexype-Authorization",
        "x-webhook-version",
        "X-EVENT-ID",
        "Content-Length",
        "webhook-signature",
        "Host",
        "X-Ok\r\nX-Injected",
    ] {
        let body = with(
            flexype(&receiver.url()),
            &json!({"headers": {name: "mine"}}),
        );
        let refused = stage.rest().post(&endpoints, &body).await;
        assert_eq!(refused.problem(422), "invalid-header", "{name:?}");
    }
    for value in ["a\r\nX-Injected: 1", "a\nb", "a\0b"] {
        let body = with(
            flexype(&receiver.url()),
            &json!({"headers": {"X-Shop": value}}),
        );
        let refused = stage.rest().post(&endpoints, &body).await;
        assert_eq!(refused.problem(422), "invalid-header", "{value:?}");
    }
    let body = with(
        flexype(&receiver.url()),
        &json!({"headers": {"X-Shop": "mine"}}),
    );
    stage.endpoint(&body).await;
    stage.publish().await;
    let request = &receiver.wait_for(1, SOON).await[0];
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert!(
        request
            .header("user-agent")
            .unwrap()
            .starts_with("Hookyard/")
    );
    assert_eq!(request.header("x-shop"), Some("mine"));
    for name in ["x-flexype-authorization", "x-event-id", "content-length"] {
        assert_eq!(request.headers.get_all(name).iter().count(), 1, "{name}");
    }
}

async fn contract_011_012_013_the_body_has_five_keys_a_utc_time_and_the_store(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    stage.flexype(&receiver).await;
    let body = format!(
        r#"{{"event_type":"{EVENT}","payload":{PAYLOAD},"event_id":"evt_456789123","occurred_at":"2026-05-07T12:00:00.987+02:00"}}"#
    );
    stage.publish_body(&body, &[]).await.expect(202);
    let request = &receiver.wait_for(1, SOON).await[0];
    let store = r#"{"id":"7607482d-ccf2-47a4-9a39-6a651357a1d5","name":"My Awesome Store","shopify_domain":"my-store.myshopify.com","main_domain":"my-store.com"}"#;
    let expected = format!(
        r#"{{"event_time":"2026-05-07T10:00:00Z","event_type":"{EVENT}","event_id":"evt_456789123","store":{store},"payload":{PAYLOAD}}}"#
    );
    assert_eq!(String::from_utf8_lossy(&request.body), expected);
}

async fn contract_014_the_client_may_choose_the_event_id(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    stage.flexype(&receiver).await;
    let publish = async |event_id: &str| {
        let body = json!({"event_type": EVENT, "payload": {}, "event_id": event_id});
        stage.publish_body(&body.to_string(), &[]).await
    };
    for event_id in ["abc-123", "A", &"x".repeat(64)] {
        assert_eq!(publish(event_id).await.expect(202)["event_id"], event_id);
        let path = stage.path(&format!("/events/{event_id}"));
        assert_eq!(
            stage.rest().get(&path).await.expect(200)["event_id"],
            event_id
        );
    }
    for event_id in ["", "a b", "a/b", "\u{e9}", "a.b", &"x".repeat(65)] {
        let refused = publish(event_id).await;
        assert_eq!(refused.problem(422), "validation-failed", "{event_id:?}");
    }
    let ours = stage.publish().await.event_id;
    let (prefix, suffix) = ours.split_once('_').unwrap();
    assert_eq!((prefix, suffix.len()), ("evt", 26), "a TypeID");
    let path = stage.path(&format!("/events/{ours}"));
    assert_eq!(stage.rest().get(&path).await.expect(200)["id"], ours);
    let requests = receiver.wait_for(4, SOON).await;
    assert!(
        requests
            .iter()
            .any(|request| request.header("x-event-id") == Some(&ours))
    );
}

async fn contract_015_the_five_names_are_published_and_delivered(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let names = fixtures::FLEXYPE.map(|(name, _)| name);
    let body = with(flexype(&receiver.url()), &json!({"event_types": names}));
    stage.endpoint(&body).await;
    for (name, payload) in fixtures::FLEXYPE {
        stage.publish_of(name, payload).await;
    }
    for request in receiver.wait_for(5, SOON).await {
        let body = request.json();
        let sent: Value =
            serde_json::from_str(fixtures::flexype_payload(text(&body, "event_type"))).unwrap();
        assert_eq!(body["payload"], sent);
    }
}

async fn contract_016_the_catalogue_explains_asr_and_acr(mode: Mode) {
    let stage = Stage::start(mode).await;
    for (label, name) in [
        ("(ASR)", "ABANDONED_SESSION"),
        ("(ACR)", "ABANDONED_CHECKOUT"),
    ] {
        let entry = stage.rest().get(&format!("/v1/event-types/{name}")).await;
        let entry = entry.expect(200);
        assert!(text(&entry, "description").contains(label), "{entry}");
    }
}
