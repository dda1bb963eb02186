//! What callers do wrong, and the problem documents they get.

use http::Method;
use serde_json::{Value, json};
use testkit::server::Mode;

use super::stage::{EVENT, Stage, flexype, with};

in_both_modes! {
    a_bad_event_gets_its_problem_document,
    a_bad_endpoint_gets_its_problem_document,
    a_bad_path_parameter_or_type_gets_its_problem_document,
    nobody_reaches_anything_without_a_good_token,
}

/// What is wrong with a body: its status, slug, and the pointer of the first field, empty where none is named.
type Fault = (u16, &'static str, &'static str);

/// A field is wrong.
const fn field(pointer: &'static str) -> Fault {
    (422, "validation-failed", pointer)
}

const MALFORMED: Fault = (400, "malformed-request", "");
const TOO_LARGE: Fault = (413, "payload-too-large", "");

/// POSTs each body and checks the whole problem it gets.
async fn assert_refused(stage: &Stage, path: &str, cases: Vec<(String, Fault)>) {
    for (body, (status, slug, pointer)) in cases {
        let shown: String = body.chars().take(120).collect();
        let kind = [("content-type", "application/json")];
        let answer = stage.rest().send(Method::POST, path, &kind, body).await;
        assert_eq!(answer.status, status, "{path} {shown}: {:?}", answer.body);
        assert_eq!(answer.problem(status), slug, "{path} {shown}");
        let problem = answer.json();
        assert_eq!(
            answer.header("x-request-id"),
            problem["request_id"].as_str()
        );
        if !pointer.is_empty() {
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{path} {shown}");
        }
    }
}

async fn a_bad_event_gets_its_problem_document(mode: Mode) {
    let stage = Stage::start(mode).await;
    let typed = |rest: &str| format!(r#"{{"event_type":"{EVENT}",{rest}}}"#);
    let large = format!(r#""payload":{{"a":"{}"}}"#, "x".repeat(256 * 1024));
    let deep = format!(r#""payload":{{"a":{}{}}}"#, "[".repeat(65), "]".repeat(65));
    let cases = vec![
        (
            r#"{"event_type":"NOPE","payload":{}}"#.to_owned(),
            field("/event_type"),
        ),
        (r#"{"payload":{}}"#.to_owned(), field("/event_type")),
        (typed(r#""payload":{},"extra":1"#), field("/extra")),
        (typed(r#""payload":[]"#), field("/payload")),
        (typed(r#""payload":"text""#), field("/payload")),
        (typed(r#""payloads":{}"#), field("/payloads")),
        (
            typed(r#""payload":{},"occurred_at":"soon""#),
            field("/occurred_at"),
        ),
        (
            typed(r#""payload":{},"event_id":"a b""#),
            field("/event_id"),
        ),
        ("[]".to_owned(), field("")),
        (typed(r#""payload":{}"#).replace('}', ""), MALFORMED),
        (typed(r#""payload":{},"payload":{}"#), MALFORMED),
        (typed(&deep), MALFORMED),
        (String::new(), MALFORMED),
        (typed(&large), TOO_LARGE),
        ("x".repeat(400 * 1024), TOO_LARGE),
    ];
    assert_refused(&stage, &stage.path("/events"), cases).await;
    let listed = stage.rest().get(&stage.path("/events")).await.expect(200);
    assert_eq!(listed["data"], json!([]), "nothing was stored");
}

async fn a_bad_endpoint_gets_its_problem_document(mode: Mode) {
    let stage = Stage::start(mode).await;
    let with = |members: Value| with(flexype("http://127.0.0.1:9"), &members).to_string();
    let cases = vec![
        ("{".to_owned(), MALFORMED),
        (with(json!({"colour": "red"})), field("/colour")),
        (with(json!({"dialect": "morse"})), field("/dialect")),
        (with(json!({"event_types": []})), field("/event_types")),
        (with(json!({"timeout": "10 parsecs"})), field("/timeout")),
        (with(json!({"rate_limit": -1})), field("/rate_limit")),
        (
            with(json!({"url": "nonsense"})),
            (422, "invalid-endpoint-url", "/url"),
        ),
    ];
    assert_refused(&stage, &stage.path("/endpoints"), cases).await;
    let listed = stage
        .rest()
        .get(&stage.path("/endpoints"))
        .await
        .expect(200);
    assert_eq!(listed["data"], json!([]), "nothing was stored");
}

async fn a_bad_path_parameter_or_type_gets_its_problem_document(mode: Mode) {
    let stage = Stage::start(mode).await;
    let body = format!(r#"{{"event_type":"{EVENT}","payload":{{}}}}"#);
    for (path, fault) in [
        ("/v1/nothing", (404, "not-found", "")),
        (
            "/v1/merchants/mer_01h455vb4pex5vsknk084sn02q/events",
            (404, "not-found", ""),
        ),
        ("/v1/merchants/nonsense/events", (404, "not-found", "")),
        (
            "/v1/event-types/NEW_CUSTOMER",
            (405, "method-not-allowed", ""),
        ),
    ] {
        assert_refused(&stage, path, vec![(body.clone(), fault)]).await;
    }
    for (query, slug) in [
        ("colour=red", "invalid-parameter"),
        ("limit=many", "invalid-parameter"),
        ("cursor=nonsense", "invalid-cursor"),
    ] {
        let path = stage.path(&format!("/deliveries?{query}"));
        assert_eq!(stage.rest().get(&path).await.problem(400), slug, "{query}");
    }
    let kind = [("content-type", "text/plain")];
    let path = stage.path("/events");
    let answer = stage.rest().send(Method::POST, &path, &kind, body).await;
    assert_eq!(answer.problem(415), "unsupported-media-type");
}

async fn nobody_reaches_anything_without_a_good_token(mode: Mode) {
    let stage = Stage::start(mode).await;
    let nobody = stage.rest().logged_out();
    for client in [
        &nobody,
        &nobody.with_token("hy_nonsense"),
        &nobody.with_token("a.b.c"),
    ] {
        for path in [
            "/v1/merchants",
            "/v1/me",
            "/v1/deliveries",
            &stage.path("/endpoints"),
        ] {
            let answer = client.get(path).await;
            assert_eq!(answer.problem(401), "unauthenticated", "{path}");
            assert!(answer.header("www-authenticate").is_some(), "{path}");
        }
    }
    let login = json!({"email": "admin@example.com", "password": "wrong password"});
    let answer = nobody.post("/v1/auth/token", &login).await;
    assert_eq!(answer.problem(401), "unauthenticated");
    for path in ["/livez", "/readyz"] {
        assert_eq!(nobody.get(path).await.status, 200);
    }
}
