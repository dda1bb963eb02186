//! A: abuse of the connection, or of what a limit protects.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use futures::{FutureExt as _, StreamExt as _};
use http::Method;
use serde_json::json;
use testkit::receiver::Behaviour;
use testkit::rest::{Answer, text};
use tokio::sync::Semaphore;

use super::corpus::{Entry, case, instead, within};
use super::scene::Scene;
use super::wire::{Wire, head};
use crate::e2e::stage::{EVENT, SOON};

/// Calls at once: more would only wait for the database.
const AT_ONCE: usize = 64;

pub(super) fn entries() -> Vec<Entry> {
    vec![
        case("A01", |scene| two_lengths(scene).boxed_local()),
        instead(
            "A02",
            (400, ""),
            "the HTTP library refuses it before there is a request",
            |scene| {
                async move {
                    let mut wire = Wire::connect(&scene.owner).await;
                    let request = head("POST", &scene.path("/events"), scene.owner.token());
                    let lengths = "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x";
                    wire.say(format!("{request}{lengths}")).await;
                    let answer = wire.answer().await;
                    assert!(wire.closes().await);
                    answer
                }
                .boxed_local()
            },
        ),
        within(
            "A03",
            "crates/admin/tests/it/serving.rs",
            "a_silent_and_a_half_spoken_connection_are_closed",
        ),
        within(
            "A04",
            "crates/admin/tests/it/serving.rs",
            "a_slow_body_gets_408_and_its_connection_is_closed",
        ),
        case("A09", |scene| expected(scene).boxed_local()),
        within(
            "A12",
            "crates/admin/tests/it/limits.rs",
            "a_burst_over_a_merchants_quota_is_refused_and_other_merchants_are_not",
        ),
        case("A15", |scene| {
            async move {
                let range = [("range", "bytes=0-1")];
                let whole = scene.owner.get("/v1/me").await;
                let part = scene.owner.send(Method::GET, "/v1/me", &range, "").await;
                assert_eq!(part.body, whole.body);
                part
            }
            .boxed_local()
        }),
        instead(
            "A16",
            (409, "limit-reached"),
            "the type that M16 asks for",
            |scene| in_parallel(scene).boxed_local(),
        ),
        case("A17", |scene| deleted(scene).boxed_local()),
        case("A18", |scene| tests(scene).boxed_local()),
    ]
}

/// Refused whichever comes first and whatever follows: a body that is a good event by its chunks, or a request that
/// one of the lengths would leave over. What stands before it on the connection is answered, what stands behind it is
/// not read.
async fn two_lengths(scene: &Scene) -> Answer {
    let list = scene.path("/events");
    let before = scene.owner.get(&list).await.expect(200);
    let event = json!({"event_type": EVENT, "payload": {}}).to_string();
    let good = format!("{:x}\r\n{event}\r\n0\r\n\r\n", event.len());
    let smuggled = head("DELETE", &scene.path(""), scene.owner.token());
    let mut refused = None;
    for lengths in [
        format!(
            "Content-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n",
            good.len()
        ),
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n".to_owned(),
        "transfer-encoding: chunked\r\ncontent-length: 0\r\n\r\n".to_owned(),
    ] {
        for body in [good.clone(), format!("0\r\n\r\n{smuggled}\r\n")] {
            let mut wire = Wire::connect(&scene.owner).await;
            let first = head("GET", &list, scene.owner.token());
            let request = head("POST", &list, scene.owner.token());
            let kind = "Content-Type: application/json\r\n";
            wire.say(format!("{first}\r\n{request}{kind}{lengths}{body}"))
                .await;
            wire.answer().await.expect(200);
            let answer = wire.answer().await;
            assert_eq!(answer.problem(400), "malformed-request");
            assert_eq!(answer.header("connection"), Some("close"));
            assert!(wire.closes().await, "another request was read");
            refused = Some(answer);
        }
    }
    assert_eq!(scene.owner.get(&list).await.expect(200), before);
    // Either of them alone is as good as ever, and the connection goes on.
    let mut wire = Wire::connect(&scene.owner).await;
    for (lengths, body) in [
        ("Transfer-Encoding: chunked".to_owned(), &good),
        (format!("Content-Length: {}", event.len()), &event),
    ] {
        let request = head("POST", &list, scene.owner.token());
        let kind = "Content-Type: application/json";
        wire.say(format!("{request}{kind}\r\n{lengths}\r\n\r\n{body}"))
            .await;
        wire.answer().await.expect(202);
    }
    refused.expect("an answer")
}

/// Refused by its length, before a byte of the body is asked for.
async fn expected(scene: &Scene) -> Answer {
    let mut wire = Wire::connect(&scene.owner).await;
    let mut request = head("POST", &scene.path("/events"), scene.owner.token());
    request.push_str("Content-Type: application/json\r\nContent-Length: 10485760\r\n");
    wire.say(format!("{request}Expect: 100-continue\r\n\r\n"))
        .await;
    wire.answer().await
}

/// A thousand, as many at once as a busy machine bears: the limit holds. One that finds the database busy is told to
/// come again, and takes no place.
async fn in_parallel(scene: &Scene) -> Answer {
    let merchant = scene.merchant().await;
    let path = format!("/v1/merchants/{merchant}/endpoints");
    let body = scene.endpoint_body();
    let mut made = 0;
    let tries = (0..1_000).map(|_| scene.admin().post(&path, &body));
    let mut tries = futures::stream::iter(tries).buffer_unordered(AT_ONCE);
    while let Some(answer) = tries.next().await {
        match answer.status {
            201 => made += 1,
            503 => assert!(answer.header("retry-after").is_some()),
            _ => assert_eq!(answer.problem(409), "limit-reached"),
        }
    }
    let listed = scene
        .admin()
        .get(&format!("{path}?limit=250"))
        .await
        .expect(200);
    assert_eq!((made, listed["data"].as_array().unwrap().len()), (50, 50));
    scene.admin().post(&path, &body).await
}

/// What waits for a deleted endpoint is cancelled soon; what is in flight finishes and is recorded.
async fn deleted(scene: &Scene) -> Answer {
    let gate = Arc::new(Semaphore::new(0));
    let slow = Behaviour::Gate(Arc::clone(&gate), Box::new(Behaviour::Status(200)));
    scene
        .receiver
        .answer(Behaviour::Script(vec![Behaviour::Status(500), slow]));
    let merchant = scene.merchant().await;
    let path = format!("/v1/merchants/{merchant}");
    let endpoint = scene.endpoint_with(&json!({"timeout": "20s"}));
    let endpoint = scene.endpoint_of(&merchant, &endpoint).await;
    let endpoint = format!("{path}/endpoints/{}", text(&endpoint, "id"));
    let state = async |id: &str, wanted: &str, within: Duration| {
        let end = Instant::now() + within;
        loop {
            let delivery = scene
                .admin()
                .get(&format!("{path}/deliveries/{id}"))
                .await
                .expect(200);
            if delivery["status"] == wanted {
                return delivery;
            }
            assert!(Instant::now() < end, "still {delivery}");
            tokio::task::yield_now().await;
        }
    };
    let event = json!({"event_type": EVENT, "payload": {}});
    let publish = async || {
        let published = scene.admin().post(&format!("{path}/events"), &event).await;
        text(&published.expect(202)["deliveries"][0], "id").to_owned()
    };
    let waiting = publish().await;
    state(&waiting, "retrying", SOON).await;
    let before = scene.receiver.requests().len();
    let flying = publish().await;
    scene.receiver.wait_for(before + 1, SOON).await;
    let answer = scene.admin().delete(&endpoint).await;
    state(&waiting, "cancelled", Duration::from_secs(5)).await;
    gate.add_permits(1);
    let flown = state(&flying, "succeeded", SOON).await;
    assert_eq!(flown["attempt_count"], 1);
    scene.receiver.answer(Behaviour::Status(200));
    answer
}

/// Ten tests a minute for one endpoint; the receiver gets no more.
async fn tests(scene: &Scene) -> Answer {
    let merchant = scene.merchant().await;
    let endpoint = scene.endpoint_of(&merchant, &scene.endpoint_body()).await;
    let path = format!(
        "/v1/merchants/{merchant}/endpoints/{}/test",
        text(&endpoint, "id")
    );
    let before = scene.receiver.requests().len();
    let mut refused = None;
    for answer in join_all((0..100).map(|_| scene.admin().act(&path))).await {
        if answer.status != 200 {
            assert_eq!(answer.problem(429), "quota-exceeded");
            assert!(answer.header("retry-after").is_some());
            refused = Some(answer);
        }
    }
    assert_eq!(scene.receiver.requests().len() - before, 10);
    refused.expect("a refusal")
}
