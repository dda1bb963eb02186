//! Bulk retries over HTTP: what is accepted, what is refused, who may. Nothing runs them here.

use serde_json::{Value, json};
use storage::users::MerchantRole;

use crate::running::Running;

async fn with_delivery(running: &Running, admin: &str) -> (String, String) {
    let merchant = running.merchant(admin).await;
    let path = format!("/v1/merchants/{merchant}");
    let endpoint = json!({
        "url": "https://hooks.example.com/x", "dialect": "flexype", "event_types": ["NEW_CUSTOMER"],
    });
    let made = running
        .post(&format!("{path}/endpoints"), admin, &endpoint)
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    let event = json!({"event_type": "NEW_CUSTOMER", "payload": {}});
    let published = running.post(&format!("{path}/events"), admin, &event).await;
    assert_eq!(published.status, 202, "{published:?}");
    let id = published.json()["deliveries"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    (merchant, id)
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story")]
async fn a_bulk_retry_is_made_shown_and_cancelled_by_its_merchant() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let (merchant, delivery) = with_delivery(&running, &admin).await;
    let (other, _) = with_delivery(&running, &admin).await;
    running
        .add_user(
            "dev@example.com",
            None,
            &[(&merchant, MerchantRole::Developer)],
        )
        .await;
    running
        .add_user(
            "eyes@example.com",
            None,
            &[(&merchant, MerchantRole::Viewer)],
        )
        .await;
    let (dev, eyes) = (
        running.log_in("dev@example.com").await,
        running.log_in("eyes@example.com").await,
    );
    let path = format!("/v1/merchants/{merchant}/retry-jobs");
    let body = json!({"delivery_ids": [delivery], "rate": 3});
    let key = [("idempotency-key", "once")];
    let made = running
        .send("POST", &path, &dev, &key, &body.to_string())
        .await;
    assert_eq!(made.status, 202, "{made:?}");
    let job = made.json();
    let place = format!("{path}/{}", job["id"].as_str().unwrap());
    assert_eq!(made.header("location"), Some(&*place));
    assert_eq!(
        (&job["status"], &job["estimate"], &job["left"]),
        (&json!("running"), &json!(1), &json!(1))
    );
    assert_eq!(
        (&job["rate"], &job["queued"], &job["merchant_id"]),
        (&json!(3), &json!(0), &json!(merchant))
    );
    let again = running
        .send("POST", &path, &dev, &key, &body.to_string())
        .await;
    assert_eq!((again.status, again.json()), (202, job.clone()));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(running.get(&place, &eyes).await.json(), job);
    assert_eq!(running.get(&path, &eyes).await.json()["data"], json!([job]));
    let all = running.get("/v1/retry-jobs", &admin).await.json();
    assert_eq!(all["data"], json!([job]));
    let id = job["id"].as_str().unwrap();
    assert_eq!(
        running
            .get(&format!("/v1/retry-jobs/{id}"), &admin)
            .await
            .json(),
        job
    );
    let refused = running
        .send("POST", &path, &eyes, &[], &body.to_string())
        .await;
    assert_eq!(refused.status, 403);
    for path in [
        format!("/v1/merchants/{other}/retry-jobs"),
        format!("/v1/merchants/{other}/retry-jobs/{id}"),
    ] {
        assert_eq!(running.get(&path, &dev).await.status, 404, "{path}");
        assert_eq!(
            running.get(&path, &admin).await.status,
            if path.ends_with(id) { 404 } else { 200 },
            "{path}"
        );
    }
    for path in ["/v1/retry-jobs".to_owned(), format!("/v1/retry-jobs/{id}")] {
        assert_eq!(running.get(&path, &dev).await.status, 403, "{path}");
    }
    let cancel = format!("{place}/cancel");
    let cancelled = running.send("POST", &cancel, &dev, &[], "").await;
    assert_eq!(
        (cancelled.status, &cancelled.json()["status"]),
        (200, &json!("cancelled"))
    );
    let twice = running.send("POST", &cancel, &dev, &[], "").await;
    assert_eq!(twice.slug(), "conflict");
}

#[tokio::test]
async fn a_dry_run_counts_and_stores_nothing() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let (merchant, _) = with_delivery(&running, &admin).await;
    for path in [
        format!("/v1/merchants/{merchant}/retry-jobs"),
        "/v1/retry-jobs".to_owned(),
    ] {
        for (filter, count) in [
            (json!({}), 1),
            (
                json!({"status": "pending", "event_type": ["NEW_CUSTOMER", "X"]}),
                1,
            ),
            (json!({"status": ["failed", "skipped"]}), 0),
            (json!({"http_status": 500}), 0),
            (json!({"is_test": true}), 0),
        ] {
            let body = json!({"filter": filter, "dry_run": true});
            let dry = running.post(&path, &admin, &body).await;
            assert_eq!(dry.status, 200, "{dry:?}");
            let dry = dry.json();
            assert_eq!(
                (&dry["estimate"], &dry["status"]),
                (&json!(count), &json!("estimated")),
                "{body}"
            );
            assert_eq!(dry["id"], Value::Null);
        }
        assert_eq!(running.get(&path, &admin).await.json()["data"], json!([]));
    }
}

#[tokio::test]
async fn a_wrong_bulk_retry_is_refused_naming_the_field() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let (merchant, own) = with_delivery(&running, &admin).await;
    let (_, foreign) = with_delivery(&running, &admin).await;
    let path = format!("/v1/merchants/{merchant}/retry-jobs");
    let missing = "dlv_01h455vb4pex5vsknk084sn02q";
    for (body, pointer) in [
        (json!({}), "/filter"),
        (json!({"delivery_ids": [own], "filter": {}}), "/filter"),
        (json!({"delivery_ids": []}), "/delivery_ids"),
        (
            json!({"delivery_ids": vec![missing; 1_001]}),
            "/delivery_ids",
        ),
        (json!({"delivery_ids": [own, missing]}), "/delivery_ids/1"),
        (json!({"delivery_ids": [own, foreign]}), "/delivery_ids/1"),
        (json!({"delivery_ids": [own, "x"]}), "/delivery_ids/1"),
        (json!({"filter": {}, "rate": 0}), "/rate"),
        (json!({"filter": {}, "rate": 501}), "/rate"),
        (json!({"filter": {"state": "failed"}}), "/filter/state"),
        (json!({"filter": {"status": "lost"}}), "/filter/status"),
        (json!({"filter": {"status": null}}), "/filter/status"),
        (
            json!({"filter": {"merchant_ids": [merchant]}}),
            "/filter/merchant_ids",
        ),
        (
            json!({"filter": {"event_id": "nothing"}}),
            "/filter/event_id",
        ),
        (
            json!({"filter": {"event_type": "a\u{0}"}}),
            "/filter/event_type",
        ),
        (
            json!({"filter": {"http_status": vec![500; 101]}}),
            "/filter/http_status",
        ),
        (
            json!({"filter": {"from": "2026-05-08T00:00:00Z", "to": "2026-05-07T00:00:00Z"}}),
            "/filter/from",
        ),
        (
            json!({"filter": {}, "merchant_id": merchant}),
            "/merchant_id",
        ),
    ] {
        let refused = running.post(&path, &admin, &body).await;
        assert_eq!(refused.status, 422, "{body} {refused:?}");
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer, "{body}");
    }
    let filter = json!({"filter": {"merchant_ids": [merchant]}, "dry_run": true});
    let across = running.post("/v1/retry-jobs", &admin, &filter).await;
    assert_eq!(
        (across.status, &across.json()["estimate"]),
        (200, &json!(1))
    );
}

#[tokio::test]
async fn a_merchant_has_a_bounded_number_of_bulk_retries() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let (merchant, _) = with_delivery(&running, &admin).await;
    let path = format!("/v1/merchants/{merchant}/retry-jobs");
    let body = json!({"filter": {}});
    for _ in 0..5 {
        assert_eq!(running.post(&path, &admin, &body).await.status, 202);
    }
    assert_eq!(
        running.post(&path, &admin, &body).await.slug(),
        "limit-reached"
    );
    assert_eq!(
        running.post("/v1/retry-jobs", &admin, &body).await.status,
        202
    );
}
