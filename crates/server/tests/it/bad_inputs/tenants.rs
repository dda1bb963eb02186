//! T: what belongs to another tenant, or to nobody any more.

use std::time::{Duration, Instant};

use futures::FutureExt as _;
use http::Method;
use serde_json::{Value, json};
use testkit::receiver::Behaviour;
use testkit::rest::{Answer, Rest, text};

use super::corpus::{Entry, case, instead};
use super::scene::Scene;
use crate::e2e::stage::{EVENT, SOON};

/// How long a role or a key may be believed without asking again.
const BELIEVED: Duration = Duration::from_secs(6);

pub(super) fn entries() -> Vec<Entry> {
    vec![
        case("T02", |scene| patched(scene).boxed_local()),
        case("T03", |scene| deleted(scene).boxed_local()),
        case("T04", |scene| retried(scene).boxed_local()),
        case("T05", |scene| attempts(scene).boxed_local()),
        case("T09", |scene| bulk_retried(scene).boxed_local()),
        case("T12", |scene| cursor(scene).boxed_local()),
        case("T13", |scene| same_key(scene).boxed_local()),
        case("T15", |scene| followed(scene).boxed_local()),
        case("T18", |scene| viewer_retries(scene).boxed_local()),
        case("T20", |scene| merchants_key(scene).boxed_local()),
        case("T22", |scene| demoted(scene).boxed_local()),
        case("T23", |scene| key_of_the_deleted(scene).boxed_local()),
        instead(
            "T24",
            (403, "tenant-suspended"),
            "the note of the entry asks for this type",
            |scene| suspended(scene).boxed_local(),
        ),
        case("T25", |scene| same_session(scene).boxed_local()),
    ]
}

/// A path below the other merchant, and the same below the caller's own.
fn both(scene: &Scene, rest: &str) -> [String; 2] {
    [scene.other_path(rest), scene.path(rest)]
}

async fn others_endpoint(scene: &Scene) -> Value {
    let body = scene.endpoint_with(&json!({"description": "of the other"}));
    scene.endpoint_of(&scene.other, &body).await
}

/// A delivery of the other merchant that has failed.
async fn others_delivery(scene: &Scene) -> String {
    scene.receiver.answer(Behaviour::Status(500));
    let once = scene.endpoint_with(&json!({"schedule": []}));
    let endpoint = scene.endpoint_of(&scene.other, &once).await;
    let body = json!({"event_type": EVENT, "payload": {"is": "private"}});
    let path = scene.other_path("/events");
    let published = scene.other_owner.post(&path, &body).await.expect(202);
    let ours = |one: &&Value| one["endpoint_id"] == endpoint["id"];
    let deliveries = published["deliveries"].as_array().unwrap();
    let id = text(deliveries.iter().find(ours).expect("a delivery"), "id").to_owned();
    let path = scene.other_path(&format!("/deliveries/{id}"));
    loop {
        let delivery = scene.other_owner.get(&path).await.expect(200);
        if delivery["status"] == "failed" {
            return id;
        }
        tokio::task::yield_now().await;
    }
}

/// A role that is lowered holds at once in the process that lowered it, without a new login.
async fn demoted(scene: &Scene) -> Answer {
    let merchant = scene.merchant().await;
    let person = scene
        .person("lowered@example.com", &merchant, "developer")
        .await;
    let path = format!("/v1/merchants/{merchant}/endpoints");
    let body = scene.endpoint_body();
    person.post(&path, &body).await.expect(201);
    let me = person.get("/v1/me").await.expect(200);
    let member = format!("/v1/merchants/{merchant}/members/{}", text(&me, "id"));
    let role = json!({"role": "viewer"}).to_string();
    let lowered = scene.admin().send(Method::PUT, &member, &[], role).await;
    lowered.expect(200);
    person.post(&path, &body).await
}

async fn patched(scene: &Scene) -> Answer {
    let endpoint = others_endpoint(scene).await;
    let rest = format!("/endpoints/{}", text(&endpoint, "id"));
    let change = json!({"description": "taken"});
    let mut last = None;
    for path in both(scene, &rest) {
        let answer = scene.owner.patch(&path, &change).await;
        assert_eq!(answer.problem(404), "not-found", "{path}");
        last = Some(answer);
    }
    let shown = scene
        .other_owner
        .get(&scene.other_path(&rest))
        .await
        .expect(200);
    assert_eq!(shown["description"], "of the other");
    assert_eq!(shown["updated_at"], endpoint["updated_at"]);
    last.expect("a path")
}

async fn deleted(scene: &Scene) -> Answer {
    let endpoint = others_endpoint(scene).await;
    let rest = format!("/endpoints/{}", text(&endpoint, "id"));
    let mut last = None;
    for path in both(scene, &rest) {
        let answer = scene.owner.delete(&path).await;
        assert_eq!(answer.problem(404), "not-found", "{path}");
        last = Some(answer);
    }
    scene
        .other_owner
        .get(&scene.other_path(&rest))
        .await
        .expect(200);
    last.expect("a path")
}

async fn retried(scene: &Scene) -> Answer {
    let delivery = others_delivery(scene).await;
    let got = scene.receiver.requests().len();
    let mut last = None;
    for path in both(scene, &format!("/deliveries/{delivery}/retry")) {
        let answer = scene.owner.act(&path).await;
        assert_eq!(answer.problem(404), "not-found", "{path}");
        last = Some(answer);
    }
    let path = scene.other_path(&format!("/deliveries/{delivery}"));
    let shown = scene.other_owner.get(&path).await.expect(200);
    assert_eq!(
        (&shown["status"], &shown["attempt_count"]),
        (&json!("failed"), &json!(1))
    );
    assert_eq!(
        scene.receiver.requests().len(),
        got,
        "the receiver got something"
    );
    last.expect("a path")
}

/// A filter that holds for everybody's deliveries is held to the caller's own.
async fn bulk_retried(scene: &Scene) -> Answer {
    let id = others_delivery(scene).await;
    scene.receiver.clear();
    let named = json!({"delivery_ids": [id]});
    let refused = scene.owner.post(&scene.path("/retry-jobs"), &named).await;
    assert_eq!(refused.problem(422), "validation-failed");
    let all = json!({"filter": {"status": "failed"}});
    let foreign = scene
        .owner
        .post(&scene.other_path("/retry-jobs"), &all)
        .await;
    assert_eq!(foreign.problem(404), "not-found");
    let own = scene.owner.post(&scene.path("/retry-jobs"), &all).await;
    assert_eq!(own.json()["estimate"], 0);
    assert_eq!(scene.receiver.requests().len(), 0);
    own
}

async fn attempts(scene: &Scene) -> Answer {
    let delivery = others_delivery(scene).await;
    let mut last = None;
    for path in both(scene, &format!("/deliveries/{delivery}/attempts")) {
        let answer = scene.owner.get(&path).await;
        assert_eq!(answer.problem(404), "not-found", "{path}");
        last = Some(answer);
    }
    last.expect("a path")
}

async fn cursor(scene: &Scene) -> Answer {
    for number in 0..2 {
        let body = json!({"event_type": EVENT, "payload": {"n": number}});
        scene
            .other_owner
            .post(&scene.other_path("/events"), &body)
            .await
            .expect(202);
    }
    let first = scene
        .other_owner
        .get(&scene.other_path("/events?limit=1"))
        .await
        .expect(200);
    let cursor = text(&first, "next_cursor");
    let path = scene.path(&format!("/events?limit=1&cursor={cursor}"));
    scene.owner.get(&path).await
}

async fn followed(scene: &Scene) -> Answer {
    let endpoint = others_endpoint(scene).await;
    let rest = format!("/delivery-stream?endpoint_id={}", text(&endpoint, "id"));
    let mut last = None;
    for path in both(scene, &rest) {
        let answer = scene.owner.get(&path).await;
        assert_eq!(answer.problem(404), "not-found", "{path}");
        last = Some(answer);
    }
    last.expect("a path")
}

async fn same_key(scene: &Scene) -> Answer {
    let key = [("idempotency-key", "the-same-in-both")];
    let body = scene.endpoint_body().to_string();
    let mine = scene.path("/endpoints");
    let mine = scene
        .owner
        .send(Method::POST, &mine, &key, body.clone())
        .await;
    let other = scene.other_path("/endpoints");
    let other = scene
        .other_owner
        .send(Method::POST, &other, &key, body)
        .await;
    assert_ne!(mine.expect(201)["id"], other.expect(201)["id"]);
    assert!(other.header("idempotency-replayed").is_none());
    other
}

async fn viewer_retries(scene: &Scene) -> Answer {
    let viewer = scene
        .person("watcher@example.com", &scene.other, "viewer")
        .await;
    let delivery = others_delivery(scene).await;
    let path = scene.other_path(&format!("/deliveries/{delivery}/retry"));
    viewer.act(&path).await
}

/// A key with every scope a merchant's may have.
async fn key_of(admin: &Rest, merchant: &str) -> Rest {
    let resources = [
        "events",
        "activities",
        "endpoints",
        "deliveries",
        "merchants",
        "apps",
        "users",
    ];
    let scopes: Vec<String> = resources
        .iter()
        .map(|name| format!("{name}:write"))
        .collect();
    let path = format!("/v1/merchants/{merchant}/api-keys");
    let body = json!({"name": "everything", "scopes": scopes});
    let made = admin.post(&path, &body).await.expect(201);
    admin.with_token(text(&made, "key"))
}

async fn merchants_key(scene: &Scene) -> Answer {
    let key = key_of(scene.admin(), &scene.stage.merchant).await;
    let mut last = None;
    for path in [
        "/v1/users",
        "/v1/merchants",
        "/v1/endpoints",
        "/v1/deliveries",
    ] {
        let answer = key.get(path).await;
        if path == "/v1/merchants" {
            // It is the list of one's own for everybody.
            assert_eq!(answer.expect(200)["data"].as_array().unwrap().len(), 1);
        } else if answer.status != 404 {
            assert_eq!(answer.problem(403), "forbidden", "{path}");
        }
        last = Some(answer);
    }
    last.expect("a path")
}

async fn key_of_the_deleted(scene: &Scene) -> Answer {
    let merchant = scene.merchant().await;
    let key = key_of(scene.admin(), &merchant).await;
    let path = format!("/v1/merchants/{merchant}");
    key.get(&path).await.expect(200);
    scene.admin().delete(&path).await.expect(204);
    until(&key, "/v1/me", 401).await
}

/// Asks until the answer has this status, for as long as something may be believed.
pub(super) async fn until(rest: &Rest, path: &str, status: u16) -> Answer {
    let end = Instant::now() + BELIEVED;
    loop {
        let answer = rest.get(path).await;
        if answer.status == status {
            return answer;
        }
        assert!(
            Instant::now() < end,
            "still {} after {BELIEVED:?}",
            answer.status
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn suspended(scene: &Scene) -> Answer {
    let merchant = scene.merchant().await;
    let path = format!("/v1/merchants/{merchant}");
    let change = json!({"suspended": true});
    scene.admin().patch(&path, &change).await.expect(200);
    let body = json!({"event_type": EVENT, "payload": {}});
    scene.admin().post(&format!("{path}/events"), &body).await
}

/// Both merchants name a session the same; the one's activity does not touch the other's.
async fn same_session(scene: &Scene) -> Answer {
    let viewed = json!({"activities": [{
        "type": "page_viewed",
        "visitor": {"device_id": "a-device", "session_id": "a-session"},
        "data": {"url": "https://shop.example/"},
    }]});
    let activities = scene.other_path("/activities");
    scene
        .other_owner
        .post(&activities, &viewed)
        .await
        .expect(202);
    let sessions = scene.other_path("/sessions?session_id=a-session");
    let before = scene.other_owner.get(&sessions).await.expect(200);
    assert_eq!(before["data"].as_array().unwrap().len(), 1);
    let answer = scene.owner.post(&scene.path("/activities"), &viewed).await;
    answer.expect(202);
    let mine = scene.path("/sessions?session_id=a-session");
    let end = Instant::now() + SOON;
    while scene.owner.get(&mine).await.expect(200)["data"] == json!([]) {
        assert!(Instant::now() < end, "no session of one's own");
    }
    let after = scene.other_owner.get(&sessions).await.expect(200);
    assert_eq!(before, after, "the other's session was touched");
    answer
}
