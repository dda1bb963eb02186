//! Q: what is searched for. There is no search by `q`: the texts that lists are filtered by stand for it.

use futures::FutureExt as _;
use serde_json::json;
use testkit::rest::Answer;

use super::corpus::{Entry, case, not_ours};
use super::scene::Scene;

pub(super) fn entries() -> Vec<Entry> {
    vec![
        literal("Q04", "%5C"),
        case("Q05", |scene| {
            async move { of_all(scene, "a%00b").await }.boxed_local()
        }),
        case("Q06", |scene| {
            async move {
                // The HTTP library itself answers a head of more than 64 KiB, before there is a request.
                let longer = scene.path(&format!("/sessions?email={}", "x".repeat(100_000)));
                let refused = super::wire::get(&scene.owner, &longer).await.status;
                assert!([414, 431].contains(&refused), "{refused}");
                let path = scene.path(&format!("/sessions?email={}", "x".repeat(20_000)));
                scene.owner.get(&path).await
            }
            .boxed_local()
        }),
        literal("Q08", "%21%26%7C%3A%2A%28%29"),
        case("Q10", |scene| {
            async move { of_all(scene, "%ED%A0%80").await }.boxed_local()
        }),
        case("Q11", |scene| session_ids(scene).boxed_local()),
        not_ours(
            "Q12",
            "merchants have no slugs: names are texts and never part of a statement",
        ),
    ]
}

/// The filters that take any text.
const TEXTS: [&str; 5] = [
    "/sessions?session_id=",
    "/sessions?email=",
    "/checkouts?checkout_id=",
    "/events?event_type=",
    "/deliveries?event_id=",
];

fn literal(id: &'static str, text: &'static str) -> Entry {
    case(id, move |scene| {
        async move {
            let answer = of_all(scene, text).await;
            assert_eq!(answer.expect(200)["data"], json!([]));
            answer
        }
        .boxed_local()
    })
}

/// Asks each list for a text; all answer the same.
async fn of_all(scene: &Scene, text: &str) -> Answer {
    let mut answers = Vec::new();
    for filter in TEXTS {
        let answer = scene
            .owner
            .get(&scene.path(&format!("{filter}{text}")))
            .await;
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        answers.push((filter, answer.status, body, answer));
    }
    let (_, status, ..) = answers[0];
    for (filter, one, body, _) in &answers {
        assert_eq!(*one, status, "{filter}{text}: {body}");
    }
    answers.remove(0).3
}

/// An id of the platform's with a line break is refused; a hash tag of Redis is a text like any other.
async fn session_ids(scene: &Scene) -> Answer {
    let path = scene.path("/activities");
    let view = |session: &str| {
        json!({"activities": [{
            "type": "page_viewed",
            "visitor": {"device_id": "a-device", "session_id": session},
            "data": {"url": "https://shop.example/"},
        }]})
    };
    let tagged = scene.owner.post(&path, &view("{tag}")).await;
    assert_eq!(tagged.expect(202)["accepted"], 1);
    let answer = scene.owner.post(&path, &view("a\r\nb")).await;
    let problem = answer.expect(422);
    let pointer = "/activities/0/visitor/session_id";
    assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    answer
}
