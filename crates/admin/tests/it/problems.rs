//! Every refusal is a problem: the table of causes, statuses, slugs.

use serde_json::json;

use crate::running::Running;

/// Method, path, headers and body of a request; status and slug of its answer.
type Row<'a> = (
    &'a str,
    &'a str,
    &'a [(&'a str, &'a str)],
    &'a str,
    u16,
    &'a str,
);

#[tokio::test]
async fn every_refusal_is_a_problem_with_its_slug() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let merchant = running.merchant(&admin).await;
    let merchants = "/v1/merchants";
    let one = format!("/v1/merchants/{merchant}");
    let events = format!("{one}/events");
    let good = r#"{"name":"a","store":{"name":"a"}}"#;
    let text = [("content-type", "text/plain")];
    let utf16 = [("content-type", "application/json; charset=utf-16")];
    let json_patch = [("content-type", "application/json-patch+json")];
    let gzip = [("content-encoding", "gzip")];
    let bad_key = [("idempotency-key", "a b")];
    let big = format!(r#"{{"name":"{}"}}"#, "x".repeat(2_000_000));
    let long = format!("/v1/merchants?cursor={}", "x".repeat(17_000));
    #[rustfmt::skip]
    let table: &[Row<'_>] = &[
        ("GET", "/v1/nothing", &[], "", 404, "not-found"),
        ("GET", "/nothing", &[], "", 404, "not-found"),
        ("GET", "/v1/merchants/", &[], "", 404, "not-found"),
        ("GET", "/v1/merchants/ep_01h455vb4pex5vsknk084sn02q", &[], "", 404, "not-found"),
        ("GET", "/v1/merchants/mer_01h455vb4pex5vsknk084sn02q", &[], "", 404, "not-found"),
        ("GET", "/v1/merchants/..%2f..%2fadmin", &[], "", 404, "not-found"),
        ("GET", "/v1/merchants/%00", &[], "", 404, "not-found"),
        ("PUT", merchants, &[], "", 405, "method-not-allowed"),
        ("POST", merchants, &text, good, 415, "unsupported-media-type"),
        ("POST", merchants, &utf16, good, 415, "unsupported-media-type"),
        ("POST", merchants, &gzip, good, 415, "unsupported-media-type"),
        ("PATCH", &one, &json_patch, "[]", 415, "unsupported-media-type"),
        ("POST", merchants, &[], &big, 413, "payload-too-large"),
        ("POST", merchants, &[("content-type", "application/json")], "", 400, "malformed-request"),
        ("POST", merchants, &[], "{", 400, "malformed-request"),
        ("POST", merchants, &[], r#"{"name":"a","name":"b"}"#, 400, "malformed-request"),
        ("POST", merchants, &[], r#"{"name":"a"}"#, 422, "validation-failed"),
        ("POST", merchants, &[], r#"{"name":"a","store":{"name":"a"},"nmae":1}"#, 422, "validation-failed"),
        ("POST", merchants, &bad_key, good, 400, "invalid-idempotency-key"),
        ("GET", "/v1/merchants?limt=5", &[], "", 400, "invalid-parameter"),
        ("GET", "/v1/merchants?limit=0", &[], "", 400, "invalid-parameter"),
        ("GET", "/v1/merchants?limit=x", &[], "", 400, "invalid-parameter"),
        ("GET", "/v1/merchants?cursor=x", &[], "", 400, "invalid-cursor"),
        ("GET", &long, &[], "", 414, "uri-too-long"),
        ("POST", &events, &[], r#"{"event_type":"x","payload":[]}"#, 422, "validation-failed"),
        ("POST", &events, &[], r#"{"event_type":"NOPE","payload":{}}"#, 422, "validation-failed"),
        ("GET", "/docs/problems/nothing", &[], "", 404, "not-found"),
    ];
    for (method, path, headers, body, status, slug) in table {
        let answer = running.send(method, path, &admin, headers, body).await;
        assert_eq!(
            answer.status, *status,
            "{method} {path} {body:.80}: {answer:?}"
        );
        assert_eq!(answer.slug(), *slug, "{method} {path} {body:.80}");
    }
}

#[tokio::test]
async fn a_control_character_is_refused_before_postgres_sees_it() {
    let running = Running::start_on_postgres().await;
    let admin = running.admin().await;
    let merchant = running.merchant(&admin).await;
    let one = format!("/v1/merchants/{merchant}");
    let (deliveries, events) = (format!("{one}/deliveries"), format!("{one}/events"));
    let (parameter, field) = ((400, "invalid-parameter"), (422, "validation-failed"));
    let type_of = |name: &str, description: &str| {
        json!({ "name": name, "dialect": "standard", "description": description }).to_string()
    };
    let publish = r#"{"event_type":"\u0000","payload":{}}"#;
    #[rustfmt::skip]
    let table = [
        ("GET", format!("{deliveries}?event_type=%00"), String::new(), parameter),
        ("GET", format!("{deliveries}?event_id=a%00"), String::new(), parameter),
        ("GET", format!("{events}?event_type=a%00b"), String::new(), parameter),
        ("GET", format!("{events}/%00"), String::new(), (404, "not-found")),
        ("GET", "/v1/event-types/%00".to_owned(), String::new(), (404, "not-found")),
        ("POST", events, publish.to_owned(), field),
        ("POST", "/v1/event-types".to_owned(), type_of("a\0", "b"), field),
        ("POST", "/v1/event-types".to_owned(), type_of("a", "b\0"), field),
        ("POST", format!("{one}/api-keys"), json!({ "name": "a\0", "scopes": ["events:read"] }).to_string(), field),
        ("PATCH", one, json!({ "name": "a\0" }).to_string(), field),
        ("POST", "/v1/auth/token".to_owned(), json!({ "email": "a\0", "password": "x" }).to_string(), (401, "unauthenticated")),
    ];
    for (method, path, body, refusal) in table {
        let answer = running.send(method, &path, &admin, &[], &body).await;
        assert_eq!(
            (answer.status, answer.slug().as_str()),
            refusal,
            "{method} {path} {body}"
        );
    }
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let answer = running.get("/v1/merchants?stauts=failed", &admin).await;
    assert_eq!(answer.json()["errors"][0]["pointer"], "stauts");
    let body = json!({ "name": "a", "store": { "name": "a", "domain": "x" } });
    let answer = running.post("/v1/merchants", &admin, &body).await;
    assert_eq!(answer.json()["errors"][0]["pointer"], "/store/domain");
    assert_eq!(answer.json()["errors"][0]["code"], "unknown_field");
    let body = json!({ "name": "  ", "store": { "name": "a" } });
    let answer = running.post("/v1/merchants", &admin, &body).await;
    assert_eq!(answer.json()["errors"][0]["pointer"], "/name");
}

#[tokio::test]
async fn a_refused_method_names_the_allowed_ones() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let answer = running.send("PUT", "/v1/merchants", &admin, &[], "").await;
    let mut allowed: Vec<&str> = answer.header("allow").unwrap().split(", ").collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "POST"]);
}

#[tokio::test]
async fn an_unproven_caller_is_told_how_to_prove_itself() {
    let running = Running::start().await;
    let answer = running.get("/v1/merchants", "").await;
    assert_eq!(
        (answer.status, answer.slug().as_str()),
        (401, "unauthenticated")
    );
    assert!(
        answer
            .header("www-authenticate")
            .unwrap()
            .starts_with("Bearer")
    );
}

/// What an answer's problem names: pointers and codes.
fn named(answer: &crate::running::Answer) -> Vec<(String, String)> {
    let body = answer.json();
    let errors = body["errors"].as_array().unwrap().iter();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    errors
        .map(|error| (text(&error["pointer"]), text(&error["code"])))
        .collect()
}

#[tokio::test]
async fn all_wrong_fields_are_named_at_once() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let merchant = running.merchant(&admin).await;
    let one = format!("/v1/merchants/{merchant}");
    #[rustfmt::skip]
    let table: &[(String, serde_json::Value, &str, &[&str])] = &[
        ("/v1/merchants".to_owned(),
            json!({ "nmae": 1, "store": { "name": 7, "curency": "USD" }, "flashy_account_id": "x" }),
            "validation-failed", &["/nmae", "/store/name", "/store/curency", "/flashy_account_id", "/name"]),
        ("/v1/merchants".to_owned(),
            json!({ "name": " ", "store": { "name": "", "currency": "usd" } }),
            "validation-failed", &["/name", "/store/name", "/store/currency"]),
        ("/v1/users".to_owned(),
            json!({ "email": "x", "password": "short", "memberships": [
                { "merchant_id": merchant, "role": "owner" }, { "merchant_id": merchant, "role": "owner" },
                { "merchant_id": "mer_01h455vb4pex5vsknk084sn02q", "role": "owner" }] }),
            "validation-failed", &["/email", "/password", "/memberships/1/merchant_id", "/memberships/2/merchant_id"]),
        ("/v1/users".to_owned(),
            json!({ "email": "x", "password": "short", "memberships": [{ "merchant_id": "x", "role": "king" }] }),
            "validation-failed", &["/email", "/password", "/memberships/0/merchant_id", "/memberships/0/role"]),
        (format!("{one}/api-keys"),
            json!({ "name": "", "scopes": [], "expires_at": "2020-01-01T00:00:00Z" }),
            "validation-failed", &["/name", "/scopes", "/expires_at"]),
        (format!("{one}/endpoints"),
            json!({ "url": "http://10.0.0.1/", "dialect": "standard", "event_types": ["NOPE"], "secret": "x",
                "headers": { "Host": "x" }, "timeout": "1h", "rate_limit": 0 }),
            "invalid-endpoint-url", &["/url", "/headers/Host", "/secret", "/rate_limit", "/timeout", "/event_types/0"]),
        (format!("{one}/endpoints"),
            json!({ "url": "https://example.com/", "dialect": "flexy", "event_types": [], "timeout": "soon", "enabled": "true" }),
            "validation-failed", &["/dialect", "/event_types", "/timeout", "/enabled"]),
        (format!("{one}/events"),
            json!({ "event_typ": "x", "payload": 1, "occurred_at": "yesterday" }),
            "validation-failed", &["/event_typ", "/payload", "/occurred_at", "/event_type"]),
        (format!("{one}/events/batch"),
            json!({ "events": [{ "event_type": "x", "payload": [] }, { "event_type": "x", "payload": {} }, { "event_type": "x", "payload": "" }] }),
            "validation-failed", &["/events/0/payload", "/events/2/payload"]),
        ("/v1/event-types".to_owned(),
            json!({ "name": "my.type", "dialect": "standard", "description": "a\u{1}", "schema": [], "example": 1 }),
            "validation-failed", &["/description", "/schema", "/example"]),
    ];
    for (path, body, slug, pointers) in table {
        let answer = running.post(path, &admin, body).await;
        assert_eq!(
            (answer.status, answer.slug().as_str()),
            (422, *slug),
            "{answer:?}"
        );
        let found: Vec<String> = named(&answer).into_iter().map(|(at, _)| at).collect();
        let mut sorted = (found.clone(), pointers.to_vec());
        sorted.0.sort_unstable();
        sorted.1.sort_unstable();
        assert_eq!(sorted.0, sorted.1, "{path} {body}: {answer:?}");
    }
}

#[tokio::test]
async fn all_unknown_parameters_are_named_with_what_was_meant() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let answer = running
        .get(
            "/v1/deliveries?stauts=failed&limt=5&zzz=1&status=failed",
            &admin,
        )
        .await;
    assert_eq!(answer.slug(), "invalid-parameter");
    let body = answer.json();
    let errors = body["errors"].as_array().unwrap();
    let details: Vec<&str> = errors
        .iter()
        .map(|error| error["detail"].as_str().unwrap())
        .collect();
    assert_eq!(errors.len(), 3);
    assert!(
        details[0].contains("`status`") && details[1].contains("`limit`"),
        "{details:?}"
    );
    assert!(details[2].contains("must be one of"), "{details:?}");
}

#[tokio::test]
async fn lists_in_bodies_have_bounds() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let merchant = running.merchant(&admin).await;
    let one = format!("/v1/merchants/{merchant}");
    let membership = json!({ "merchant_id": merchant, "role": "viewer" });
    let endpoint = |field: &str, value: serde_json::Value| {
        let mut body = json!({ "url": "https://example.com/", "dialect": "standard", "event_types": ["NEW_CUSTOMER"] });
        body[field] = value;
        body
    };
    let headers: serde_json::Map<String, serde_json::Value> =
        (0..21).map(|n| (format!("X-H{n}"), json!("v"))).collect();
    let long: serde_json::Map<String, serde_json::Value> = (0..10)
        .map(|n| (format!("X-H{n}"), json!("v".repeat(900))))
        .collect();
    #[rustfmt::skip]
    let table = [
        ("/v1/users".to_owned(), json!({ "email": "a@b.c", "password": "x".repeat(12), "memberships": vec![membership; 101] }), "/memberships"),
        (format!("{one}/api-keys"), json!({ "name": "a", "scopes": ["events:read", "events:read"] }), "/scopes/1"),
        (format!("{one}/endpoints"), endpoint("event_types", json!((0..201).map(|n| format!("t{n}")).collect::<Vec<_>>())), "/event_types"),
        (format!("{one}/endpoints"), endpoint("schedule", json!(vec!["1m"; 1_000])), "/schedule"),
        (format!("{one}/endpoints"), endpoint("headers", json!(headers)), "/headers"),
        (format!("{one}/endpoints"), endpoint("headers", json!(long)), "/headers"),
        (format!("{one}/events/batch"), json!({ "events": vec![json!({ "event_type": "x", "payload": {} }); 1_001] }), "/events"),
        (format!("{one}/activities"), json!({ "activities": vec![json!({}); 1_001] }), "/activities"),
    ];
    for (path, body, pointer) in table {
        let answer = running.post(&path, &admin, &body).await;
        assert_eq!(answer.status, 422, "{path} {pointer}: {answer:?}");
        assert!(
            named(&answer).iter().any(|(at, _)| at == pointer),
            "{path} {pointer}: {answer:?}"
        );
    }
}
