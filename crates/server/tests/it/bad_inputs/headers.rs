//! H: secrets and custom headers of endpoints, which become headers of requests.

use futures::FutureExt as _;
use serde_json::{Map, Value, json};
use testkit::rest::Answer;

use super::corpus::{Entry, case, instead};
use super::scene::Scene;
use crate::e2e::stage::SOON;

/// Why too many headers are no matter of their own.
const TOO_MANY: &str =
    "whatever is wrong with custom headers has this type, their number and size too";

pub(super) fn entries() -> Vec<Entry> {
    vec![
        secret("H02", "a secret with\na line feed".to_owned()),
        secret("H03", "a secret with\ra carriage return".to_owned()),
        secret("H05", "a secret with a \u{7f} in it".to_owned()),
        secret("H06", "a s\u{e9}cret as long as others".to_owned()),
        secret("H07", "a secret with a \u{1f511} in it".to_owned()),
        secret("H10", "a secret with a space behind ".to_owned()),
        secret("H12", "secret7".to_owned()),
        secret("H13", "x".repeat(513)),
        names("H17", &["X:A"]),
        names("H19", &[""]),
        names("H22", &["Host"]),
        names("H24", &["Transfer-Encoding"]),
        names("H26", &["Expect"]),
        names("H28", &["Proxy-Authorization", "Proxy-Connection"]),
        names("H30", &["X-Team", "x-team"]),
        instead("H31", (422, "invalid-header"), TOO_MANY, |scene| {
            let many = (0..33).map(|number| (format!("X-Number-{number}"), "value".into()));
            with_headers(scene, many.collect()).boxed_local()
        }),
        instead("H32", (422, "invalid-header"), TOO_MANY, |scene| {
            let large =
                (0..9).map(|number| (format!("X-Large-{number}"), "v".repeat(1_000).into()));
            with_headers(scene, large.collect()).boxed_local()
        }),
        case("H34", |scene| {
            hidden(scene, "Cookie", "session=of-the-receiver").boxed_local()
        }),
        case("H35", |scene| {
            hidden(scene, "Authorization", "Basic b3VyOnNlY3JldA==").boxed_local()
        }),
    ]
}

fn secret(id: &'static str, secret: String) -> Entry {
    case(id, move |scene| {
        let members = json!({"secret": secret});
        async move { scene.post_endpoint_with(members).await }.boxed_local()
    })
}

/// Each of the names alone where they differ in more than their case, else all together.
fn names(id: &'static str, names: &'static [&'static str]) -> Entry {
    case(id, move |scene| {
        async move {
            let same = names.iter().all(|name| name.eq_ignore_ascii_case(names[0]));
            let tries = names.chunks(if same { names.len() } else { 1 });
            let mut last = None;
            for together in tries {
                let headers = together
                    .iter()
                    .map(|name| ((*name).to_owned(), "value".into()));
                let answer = with_headers(scene, headers.collect()).await;
                assert_eq!(answer.status, 422, "{together:?}");
                last = Some(answer);
            }
            last.expect("a name")
        }
        .boxed_local()
    })
}

async fn with_headers(scene: &Scene, headers: Map<String, Value>) -> Answer {
    scene.post_endpoint_with(json!({"headers": headers})).await
}

/// A header that may be a credential arrives whole, and is shown to nobody.
async fn hidden(scene: &Scene, name: &str, value: &str) -> Answer {
    let merchant = scene.merchant().await;
    let path = format!("/v1/merchants/{merchant}/endpoints");
    let body = scene.endpoint_with(&json!({"headers": {name: value}}));
    let made = scene.admin().post(&path, &body).await;
    let events = format!("/v1/merchants/{merchant}/events");
    let event = json!({"event_type": "PRODUCT_VIEWED", "payload": {}});
    let published = scene.admin().post(&events, &event).await.expect(202);
    let arrived =
        |all: &[testkit::receiver::Recorded]| all.iter().any(|one| one.header(name) == Some(value));
    scene.receiver.wait_until(SOON, arrived).await;
    let delivery = published["deliveries"][0]["id"].as_str().unwrap();
    let delivery = format!("/v1/merchants/{merchant}/deliveries/{delivery}");
    loop {
        let state = scene.admin().get(&delivery).await.expect(200);
        if state["status"] == "succeeded" {
            break;
        }
        tokio::task::yield_now().await;
    }
    for place in [path, format!("{delivery}/attempts")] {
        let shown = scene.admin().get(&place).await;
        shown.expect(200);
        let shown = String::from_utf8_lossy(&shown.body).into_owned();
        assert!(!shown.contains(value), "{place}: {shown}");
    }
    assert!(!scene.log().contains(value), "it is in the log");
    made
}
