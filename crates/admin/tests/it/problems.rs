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
