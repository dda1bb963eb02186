//! C: cursors, filters and conditions.

use std::collections::HashSet;

use futures::FutureExt as _;
use http::Method;
use serde_json::{Value, json};
use testkit::ledger::Held;
use testkit::rest::{Answer, text};

use super::corpus::{Entry, case, instead, not_ours};
use super::scene::Scene;
use crate::e2e::stage::EVENT;

pub(super) fn entries() -> Vec<Entry> {
    vec![
        case("C02", |scene| {
            async move {
                for number in 0..2 {
                    publish(scene, number).await;
                }
                let path = scene.path("/events");
                let first = format!("{path}?limit=1&event_type={EVENT}");
                let first = scene.owner.get(&first).await.expect(200);
                let cursor = text(&first, "next_cursor");
                scene
                    .owner
                    .get(&format!("{path}?limit=1&cursor={cursor}"))
                    .await
            }
            .boxed_local()
        }),
        query("C07", "stauts=failed", "stauts"),
        case("C08", |scene| either(scene).boxed_local()),
        query(
            "C09",
            "from=2026-05-08T00:00:00Z&to=2026-05-07T00:00:00Z",
            "from",
        ),
        query("C10", "from=2026-02-30", "from"),
        query(
            "C11",
            "from=2026-01-01T00:00:00Z&to=2026-04-02T00:00:00Z",
            "from",
        ),
        query("C13", "sort=created_at;DROP%20TABLE", "sort"),
        case("C14", |scene| while_paging(scene).boxed_local()),
        not_ours(
            "C15",
            "no answer has an ETag, so no request has one to give back",
        ),
        not_ours("C16", "as C15"),
        case("C18", |scene| keys(scene).boxed_local()),
        instead(
            "C22",
            (201, ""),
            "the work that the retry really does is a creation",
            |scene| after_a_failure(scene).boxed_local(),
        ),
    ]
}

async fn publish(scene: &Scene, number: usize) -> String {
    let body = json!({"event_type": EVENT, "payload": {"n": number}});
    let published = scene.owner.post(&scene.path("/events"), &body).await;
    text(&published.expect(202), "event_id").to_owned()
}

fn query(id: &'static str, query: &'static str, named: &'static str) -> Entry {
    case(id, move |scene| {
        async move {
            let mut last = None;
            for path in ["/deliveries", "/events"] {
                let path = scene.path(&format!("{path}?{query}"));
                let answer = scene.owner.get(&path).await;
                assert_eq!(answer.expect(400)["errors"][0]["pointer"], named, "{path}");
                last = Some(answer);
            }
            last.expect("a list")
        }
        .boxed_local()
    })
}

/// One filter twice means or.
async fn either(scene: &Scene) -> Answer {
    let merchant = scene.merchant().await;
    let [once, twice] = [json!({"schedule": []}), json!({"enabled": false})];
    scene
        .endpoint_of(&merchant, &scene.endpoint_with(&once))
        .await;
    scene
        .endpoint_of(&merchant, &scene.endpoint_with(&twice))
        .await;
    let path = format!("/v1/merchants/{merchant}");
    let event = json!({"event_type": EVENT, "payload": {}});
    scene
        .admin()
        .post(&format!("{path}/events"), &event)
        .await
        .expect(202);
    loop {
        let query = format!("{path}/deliveries?status=succeeded&status=skipped");
        let answer = scene.admin().get(&query).await;
        let both = answer.expect(200)["data"].as_array().unwrap().len();
        let skipped = scene
            .admin()
            .get(&format!("{path}/deliveries?status=skipped"))
            .await;
        assert_eq!(skipped.expect(200)["data"].as_array().unwrap().len(), 1);
        if both == 2 {
            return answer;
        }
        tokio::task::yield_now().await;
    }
}

/// Rows that come while a list is paged: none is seen twice, none of those there at the start is missed.
async fn while_paging(scene: &Scene) -> Answer {
    let mut there = HashSet::new();
    for number in 0..20 {
        there.insert(publish(scene, number).await);
    }
    let mut seen = Vec::new();
    let mut path = scene.path("/events?limit=3");
    loop {
        let answer = scene.owner.get(&path).await;
        let page = answer.expect(200);
        let rows = page["data"].as_array().unwrap();
        seen.extend(rows.iter().map(|row| text(row, "event_id").to_owned()));
        publish(scene, 1_000).await;
        let Some(cursor) = page["next_cursor"].as_str() else {
            let once: HashSet<_> = seen.iter().cloned().collect();
            assert_eq!(once.len(), seen.len(), "a row came twice");
            assert!(there.is_subset(&once), "a row was skipped");
            return answer;
        };
        path = scene.path(&format!("/events?limit=3&cursor={cursor}"));
    }
}

async fn keys(scene: &Scene) -> Answer {
    let body = json!({"event_type": EVENT, "payload": {}}).to_string();
    let path = scene.path("/events");
    let send = async |key: &str| {
        let key = [("idempotency-key", key)];
        scene
            .owner
            .send(Method::POST, &path, &key, body.clone())
            .await
    };
    for good in ["a-key", "\"a-quoted-key\"", &"k".repeat(128)] {
        send(good).await.expect(202);
    }
    for bad in ["a key", "", "\"\""] {
        assert_eq!(
            send(bad).await.problem(400),
            "invalid-idempotency-key",
            "{bad}"
        );
    }
    send(&"k".repeat(256)).await
}

/// The database takes no writes, so the first request fails; once it does, the same request does its work.
async fn after_a_failure(scene: &Scene) -> Answer {
    let merchant = scene.merchant().await;
    let path = format!("/v1/merchants/{merchant}/endpoints");
    let key = [("idempotency-key", "failed-at-first")];
    let body = scene.endpoint_body().to_string();
    let send = async || {
        scene
            .admin()
            .send(Method::POST, &path, &key, body.clone())
            .await
    };
    let held = Held::writes_of(&scene.stage.server.database_url(), "idempotent_answers").await;
    let failed = send().await;
    held.release().await;
    assert!(failed.status >= 500, "{failed:?}");
    let worked = send().await;
    assert!(worked.header("idempotency-replayed").is_none());
    let again = send().await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.body, worked.body);
    let listed: Value = scene.admin().get(&path).await.expect(200);
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    worked
}
