//! L: what ends up in logs, and what must not.

use futures::FutureExt as _;
use http::Method;
use serde_json::{Value, json};
use testkit::rest::{Answer, text};

use super::corpus::{Entry, case, instead, not_ours, within};
use super::scene::Scene;
use super::wire::{Wire, head};

pub(super) fn entries() -> Vec<Entry> {
    vec![
        instead(
            "L02",
            (400, ""),
            "such bytes are no header: the HTTP library refuses them before there is a request",
            |scene| user_agent(scene).boxed_local(),
        ),
        not_ours("L04", "nothing is exported as CSV"),
        case("L07", |scene| query_of_a_url(scene).boxed_local()),
        case("L08", |scene| email_of_a_shopper(scene).boxed_local()),
        case("L10", |scene| request_ids(scene).boxed_local()),
        case("L11", |scene| {
            async move {
                let trace = [("traceparent", "00-zz-\u{7e}-ff-nonsense")];
                scene.owner.send(Method::GET, "/v1/me", &trace, "").await
            }
            .boxed_local()
        }),
        within(
            "L12",
            "crates/admin/src/edge.rs",
            "a_panic_becomes_a_problem_that_tells_nothing",
        ),
    ]
}

/// Every line of the log is one JSON value with no raw control character.
pub(super) fn check_lines(log: &str) {
    assert!(!log.is_empty());
    // What it says of itself on standard output stands among them.
    let lines = log
        .lines()
        .filter(|line| !line.starts_with("Hookyard is ready on "));
    for line in lines {
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(!line.contains(|c: char| c.is_control()), "{line:?}");
    }
}

async fn user_agent(scene: &Scene) -> Answer {
    let mut wire = Wire::connect(&scene.owner).await;
    let request = head("GET", "/v1/me", scene.owner.token());
    wire.say(format!("{request}User-Agent: x\u{1b}[2J\r\n\r\n"))
        .await;
    let answer = wire.answer().await;
    let mut wire = Wire::connect(&scene.owner).await;
    wire.say(format!("{request}User-Agent: x\r\nplanted\r\n\r\n"))
        .await;
    assert_eq!(
        wire.answer().await.status,
        400,
        "what follows a line break is no header"
    );
    check_lines(&scene.log());
    assert!(!scene.log().contains("planted"));
    answer
}

async fn query_of_a_url(scene: &Scene) -> Answer {
    let url = format!("{}/hook?token=only-for-the-receiver", scene.receiver.url());
    let made = scene
        .post_endpoint_with(json!({"url": url, "schedule": []}))
        .await;
    let endpoint = made.expect(201);
    assert_eq!(endpoint["url"], url, "its owner sees it whole");
    let endpoint = scene.path(&format!("/endpoints/{}", text(&endpoint, "id")));
    let tested = scene
        .owner
        .act(&format!("{endpoint}/test"))
        .await
        .expect(200);
    assert_eq!(tested["outcome"], "success");
    let delivery = text(&tested, "delivery_id");
    let attempts = scene.path(&format!("/deliveries/{delivery}/attempts"));
    let list = scene.path("/endpoints");
    for place in [&endpoint, &attempts, &list] {
        let seen = scene.viewer.get(place).await;
        seen.expect(200);
        let seen = String::from_utf8_lossy(&seen.body).into_owned();
        assert!(!seen.contains("only-for-the-receiver"), "{place}: {seen}");
        assert!(seen.contains("/hook?****"), "{place}: {seen}");
    }
    assert!(!scene.log().contains("only-for-the-receiver"));
    made
}

async fn email_of_a_shopper(scene: &Scene) -> Answer {
    let body = r#"{"event_type":"page_view","payload":{"page_url":"https://shop.example/?email=shopper@mail.example"}}"#;
    let answer = scene.post_event(&[], body).await;
    assert!(!scene.log().contains("shopper@mail.example"));
    answer
}

async fn request_ids(scene: &Scene) -> Answer {
    let send = async |id: &str| {
        let id = [("x-request-id", id)];
        scene.owner.send(Method::GET, "/v1/me", &id, "").await
    };
    let kept = send("mine-1.2_3").await;
    assert_eq!(kept.header("x-request-id"), Some("mine-1.2_3"));
    let mut last = None;
    for id in [
        "x".repeat(10 * 1024),
        "x".repeat(65),
        "a b".to_owned(),
        "a\u{9}b".to_owned(),
    ] {
        let answer = send(&id).await;
        let given = answer.header("x-request-id").expect("an id");
        assert!(given.starts_with("req_"), "{given}");
        last = Some(answer);
    }
    last.expect("an id")
}
