//! X: texts that are programs elsewhere. The API answers JSON, says so, and lets nobody guess or frame.

use futures::FutureExt as _;
use serde_json::{Value, json};
use testkit::receiver::Behaviour;
use testkit::rest::{Answer, text};

use super::corpus::{Entry, case};
use super::scene::Scene;
use crate::e2e::stage::EVENT;

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn entries() -> Vec<Entry> {
    vec![
        case("X02", |scene| {
            async move {
                let name = "\"><img src=x onerror=alert(1)>";
                let body = json!({"name": name, "store": {"name": name}});
                let made = scene.admin().post("/v1/merchants", &body).await;
                let merchant = made.expect(201);
                assert_eq!(merchant["name"], name);
                let path = format!("/v1/merchants/{}", text(&merchant, "id"));
                let shown = scene.admin().get(&path).await;
                assert_eq!(shown.expect(200)["store"]["name"], name);
                inert(&shown);
                inert(&made);
                made
            }
            .boxed_local()
        }),
        shown_as_text("X05", "text/html", "<html><script>alert(1)</script></html>"),
        shown_as_text("X06", "image/svg+xml", "<svg onload=\"alert(1)\"/>"),
        case("X07", |scene| {
            async move {
                let value = "<img src=x onerror=alert(1)>";
                let (answer, attempt) = answered(scene, ("x-note", value), "").await;
                assert_eq!(attempt["response_headers"]["x-note"], value);
                answer
            }
            .boxed_local()
        }),
        payload("X08", r#"{"a":"</script><script>alert(1)</script>"}"#),
        payload("X10", r#"{"page_url":"javascript:alert(1)"}"#),
        case("X12", |scene| {
            async move {
                let mut last = None;
                for page in [
                    "/docs",
                    "/docs/problems/not-found",
                    "/openapi.json",
                    "/v1/me",
                    "/",
                ] {
                    let answer = scene.owner.get(page).await;
                    let policy = answer.header("content-security-policy").unwrap_or_default();
                    assert!(
                        policy.contains("frame-ancestors 'none'"),
                        "{page}: {policy}"
                    );
                    assert!(!policy.contains("http:"), "{page}: {policy}");
                    last = Some(answer);
                }
                last.expect("a page")
            }
            .boxed_local()
        }),
        case("X15", |scene| {
            async move {
                let body = "x".repeat(10 * 1024 * 1024);
                let (answer, attempt) = answered(scene, ("x-note", "large"), &body).await;
                assert_eq!(text(&attempt, "response_body").len(), 16 * 1024);
                assert_eq!(attempt["response_body_state"], "truncated");
                assert!(answer.body.len() < 64 * 1024);
                answer
            }
            .boxed_local()
        }),
        case("X16", |scene| {
            async move {
                let long = format!("<script>{}", "x".repeat(10_000));
                let types = json!({"event_types": [long]});
                let answer = scene.post_endpoint_with(types).await;
                let said = String::from_utf8_lossy(&answer.body).into_owned();
                assert!(!said.contains(&"x".repeat(101)), "{said}");
                inert(&answer);
                let unknown = json!({long: 1});
                let answer = scene.post_endpoint_with(unknown).await;
                let said = String::from_utf8_lossy(&answer.body).into_owned();
                assert!(!said.contains(&"x".repeat(101)), "{said}");
                answer
            }
            .boxed_local()
        }),
    ]
}

/// Nobody takes the answer for a page: its type is JSON, it may not be guessed, and nothing in it may run.
fn inert(answer: &Answer) {
    let kind = answer.header("content-type").unwrap_or_default();
    assert!(kind.starts_with("application/"), "{kind}");
    assert!(kind.contains("json"), "{kind}");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    let policy = answer.header("content-security-policy").unwrap_or_default();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert!(!policy.contains("script-src"), "{policy}");
}

/// Sends a test to a receiver that answers like this; returns the log of its attempt, and the attempt.
async fn answered(scene: &Scene, header: (&str, &str), body: &str) -> (Answer, Value) {
    scene.receiver.answer(Behaviour::Answer {
        status: 200,
        headers: vec![(header.0.to_owned(), header.1.to_owned())],
        body: body.to_owned().into(),
    });
    let merchant = scene.merchant().await;
    let endpoint = scene.endpoint_of(&merchant, &scene.endpoint_body()).await;
    let path = format!("/v1/merchants/{merchant}");
    let test = format!("{path}/endpoints/{}/test", text(&endpoint, "id"));
    let tested = scene.admin().act(&test).await;
    inert(&tested);
    let delivery = tested.expect(200)["delivery_id"].clone();
    let attempts = format!("{path}/deliveries/{}/attempts", delivery.as_str().unwrap());
    let answer = scene.admin().get(&attempts).await;
    inert(&answer);
    let attempt = answer.expect(200)["data"][0].clone();
    scene.receiver.answer(Behaviour::Status(200));
    (answer, attempt)
}

fn shown_as_text(id: &'static str, kind: &'static str, body: &'static str) -> Entry {
    case(id, move |scene| {
        async move {
            let (answer, attempt) = answered(scene, ("content-type", kind), body).await;
            assert_eq!(attempt["response_body"], body);
            answer
        }
        .boxed_local()
    })
}

fn payload(id: &'static str, payload: &'static str) -> Entry {
    case(id, move |scene| {
        async move {
            let body = format!(r#"{{"event_type":"{EVENT}","payload":{payload}}}"#);
            let published = scene.post_event(&[], body).await.expect(202);
            let path = scene.path(&format!("/events/{}", text(&published, "event_id")));
            let answer = scene.owner.get(&path).await;
            answer.expect(200);
            inert(&answer);
            answer
        }
        .boxed_local()
    })
}
