//! J: bodies that are no JSON, too large, of a wrong type, or whose fields are wrong.

use futures::FutureExt as _;
use http::Method;
use serde_json::{Value, json};
use testkit::rest::{Answer, text};

use super::corpus::{Entry, case, instead};
use super::scene::Scene;
use super::wire::{Wire, head};
use crate::e2e::stage::EVENT;

/// Bytes a payload may have.
const PAYLOAD_MAX: usize = 262_144;

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn entries() -> Vec<Entry> {
    vec![
        body("J02", Vec::new()),
        case("J06", |scene| {
            async move {
                scene.post_event(&[], payload("{\"a\":Infinity}")).await;
                scene.post_event(&[], payload("{\"a\":-Infinity}")).await
            }
            .boxed_local()
        }),
        body("J10", utf16(&payload("{}"))),
        body(
            "J11",
            payload("{\"a\":\"#\"}")
                .replace('#', "\u{1}")
                .into_bytes()
                .into_iter()
                .map(|byte| if byte == 1 { 0xff } else { byte })
                .collect(),
        ),
        body("J13", payload(r#"{"a":"\ud800"}"#).into_bytes()),
        body(
            "J17",
            format!(r#"{{"event_type":"{EVENT}","event_type":"X","payload":{{}}}}"#).into_bytes(),
        ),
        case("J18", |scene| {
            async move {
                let body = scene.endpoint_body().to_string();
                let url = scene.receiver.url();
                let twice = body.replacen('{', &format!(r#"{{"url":"{url}","#), 1);
                scene.post_endpoint(&twice).await
            }
            .boxed_local()
        }),
        body(
            "J19",
            payload(&format!(
                "{{\"a\":{}{}}}",
                "[".repeat(100_000),
                "]".repeat(100_000)
            ))
            .into_bytes(),
        ),
        case("J23", |scene| {
            let filler = "x".repeat(PAYLOAD_MAX - r#"{"a":""}"#.len());
            let filler = format!(r#"{{"a":"{filler}"}}"#);
            async move {
                let arrived = scene.arrives(&filler).await;
                let body = String::from_utf8_lossy(&arrived.request.body).into_owned();
                assert!(body.contains(&filler), "the payload arrives whole");
                arrived.answer
            }
            .boxed_local()
        }),
        case("J25", |scene| chunked(scene).boxed_local()),
        case("J26", |scene| longer_than_it_says(scene).boxed_local()),
        case("J27", |scene| {
            let gzip = [("content-encoding", "gzip")];
            async move { scene.post_event(&gzip, vec![0x1f, 0x8b, 8, 0]).await }.boxed_local()
        }),
        instead(
            "J43",
            (422, "validation-failed"),
            "a published payload is an object: flashy sends it within an array of its own (design.md 5)",
            |scene| async move { scene.post_event(&[], payload("[{}]")).await }.boxed_local(),
        ),
        media("J47", "text/plain"),
        media("J48", "application/x-www-form-urlencoded"),
        media("J49", "application/json; charset=utf-16"),
        field(
            "J51",
            "/event_type",
            &[r#"{"event_type":"NOPE","payload":{}}"#],
        ),
        case("J52", |scene| {
            async move {
                let mut last = None;
                for name in ["*".to_owned(), "a b".to_owned(), "X".repeat(300)] {
                    let body = json!({"event_type": name, "payload": {}}).to_string();
                    last = Some(refused(scene, &body, "/event_type").await);
                }
                last.expect("a name")
            }
            .boxed_local()
        }),
        times(
            "J53",
            &[
                "yesterday",
                "2026-13-01",
                "1674573460",
                "2026-05-07T10:00:00",
            ],
        ),
        times("J54", &["9999-01-01T00:00:00Z", "0001-01-01T00:00:00Z"]),
        case("J55", |scene| {
            async move {
                let mut last = None;
                for id in ["a\r\nb", "a b", "a.b", "", "\u{e9}", &"x".repeat(65)] {
                    let body = json!({"event_type": EVENT, "payload": {}, "event_id": id});
                    last = Some(refused(scene, &body.to_string(), "/event_id").await);
                }
                last.expect("an id")
            }
            .boxed_local()
        }),
        case("J56", |scene| repeated(scene).boxed_local()),
    ]
}

/// The body of an event with this payload.
fn payload(payload: &str) -> String {
    format!(r#"{{"event_type":"{EVENT}","payload":{payload}}}"#)
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn body(id: &'static str, body: Vec<u8>) -> Entry {
    case(id, move |scene| {
        let body = body.clone();
        let json = [("content-type", "application/json")];
        async move { scene.post_event(&json, body).await }.boxed_local()
    })
}

fn media(id: &'static str, media: &'static str) -> Entry {
    case(id, move |scene| {
        let kind = [("content-type", media)];
        async move { scene.post_event(&kind, payload("{}")).await }.boxed_local()
    })
}

fn field(id: &'static str, pointer: &'static str, bodies: &'static [&'static str]) -> Entry {
    case(id, move |scene| {
        async move {
            let mut last = None;
            for body in bodies {
                last = Some(refused(scene, body, pointer).await);
            }
            last.expect("a body")
        }
        .boxed_local()
    })
}

fn times(id: &'static str, times: &'static [&'static str]) -> Entry {
    case(id, move |scene| {
        async move {
            let mut last = None;
            for time in times {
                let body = json!({"event_type": EVENT, "payload": {}, "occurred_at": time});
                last = Some(refused(scene, &body.to_string(), "/occurred_at").await);
            }
            last.expect("a time")
        }
        .boxed_local()
    })
}

async fn refused(scene: &Scene, body: &str, pointer: &str) -> Answer {
    let answer = scene.post_event(&[], body).await;
    let problem = answer.expect(422);
    assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
    answer
}

/// Ten megabytes of chunks, of which no header tells.
async fn chunked(scene: &Scene) -> Answer {
    let mut head = head("POST", &scene.path("/events"), scene.owner.token());
    head.push_str("Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
    let mut chunk = b"2000\r\n".to_vec();
    chunk.extend([b' '; 0x2000]);
    chunk.extend(b"\r\n");
    let wire = Wire::connect(&scene.owner).await;
    wire.pour(&head, &chunk, 10 * 1024 * 1024 / 0x2000).await
}

/// A body of 20 bytes whose length says 10: the other ten are no request.
async fn longer_than_it_says(scene: &Scene) -> Answer {
    let before = scene.owner.get(&scene.path("/events")).await.expect(200);
    let mut wire = Wire::connect(&scene.owner).await;
    let mut said = head("POST", &scene.path("/events"), scene.owner.token());
    said.push_str("Content-Type: application/json\r\nContent-Length: 10\r\n\r\n");
    said.push_str("{,,,,,,,,,GET / H\r\n\r\n");
    wire.say(said).await;
    let answer = wire.answer().await;
    assert_eq!(wire.answer().await.status, 400, "the rest is no request");
    assert!(wire.closes().await, "and ends the connection");
    let after = scene.owner.get(&scene.path("/events")).await.expect(200);
    assert_eq!(before, after);
    answer
}

async fn repeated(scene: &Scene) -> Answer {
    let path = scene.path("/events");
    let body = json!({"event_type": EVENT, "payload": {"n": 1}, "event_id": "said-twice"});
    let first = scene.owner.post(&path, &body).await;
    let first_id = first.expect(202);
    let second = scene.owner.post(&path, &body).await;
    assert_eq!(second.expect(200), first_id, "the first answer again");
    let other = json!({"event_type": EVENT, "payload": {"n": 2}, "event_id": "said-twice"});
    assert_eq!(
        scene.owner.post(&path, &other).await.problem(409),
        "conflict"
    );
    let listed = scene
        .owner
        .get(&format!("{path}?limit=250"))
        .await
        .expect(200);
    let same = |event: &&Value| event["event_id"] == text(&first_id, "event_id");
    assert_eq!(
        listed["data"]
            .as_array()
            .unwrap()
            .iter()
            .filter(same)
            .count(),
        1
    );
    let shown = scene
        .owner
        .send(Method::GET, &scene.path("/events/said-twice"), &[], "")
        .await;
    shown.expect(200);
    second
}
