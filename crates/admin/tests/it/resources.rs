//! The resources, end to end to the database.

use serde_json::{Value, json};
use storage::users::MerchantRole;

use crate::running::Running;

async fn endpoint(running: &Running, admin: &str, merchant: &str) -> Value {
    let body = json!({
        "url": "https://hooks.example.com/x",
        "dialect": "flexype",
        "event_types": ["NEW_CUSTOMER"],
        "headers": { "X-Team": "shop", "Cookie": "a=b" },
        "schedule": ["1m", "90s", "2h"],
    });
    let made = running
        .post(&format!("/v1/merchants/{merchant}/endpoints"), admin, &body)
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    let shown = made.json();
    let location = format!(
        "/v1/merchants/{merchant}/endpoints/{}",
        shown["id"].as_str().unwrap()
    );
    assert_eq!(made.header("location"), Some(location.as_str()));
    shown
}

#[tokio::test]
async fn a_merchant_is_made_changed_and_deleted() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let id = running.merchant(&admin).await;
    let path = format!("/v1/merchants/{id}");
    let body = json!({ "store": { "main_domain": "my-store.com" }, "settings": { "acr_clock": "activity" } });
    let changed = running.patch(&path, &admin, &body).await.json();
    assert_eq!(changed["store"]["main_domain"], "my-store.com");
    assert_eq!(
        changed["settings"],
        json!({ "acr_clock": "activity", "schema_mode": "warn" })
    );
    let merge = [("content-type", "application/merge-patch+json")];
    let body = r#"{"store":{"main_domain":null}}"#;
    let emptied = running
        .send("PATCH", &path, &admin, &merge, body)
        .await
        .json();
    assert_eq!(emptied["store"]["main_domain"], Value::Null);
    assert_eq!(emptied["settings"]["acr_clock"], "activity");
    assert_eq!(running.delete(&path, &admin).await.status, 204);
    assert_eq!(running.get(&path, &admin).await.slug(), "not-found");
}

#[tokio::test]
async fn contract_035_an_endpoints_secrets_are_shown_when_made_and_on_request_only() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let merchant = running.merchant(&admin).await;
    let made = endpoint(&running, &admin, &merchant).await;
    let path = format!(
        "/v1/merchants/{merchant}/endpoints/{}",
        made["id"].as_str().unwrap()
    );
    let secret = made["secret"].as_str().unwrap();
    assert!(
        made["signing_secret"]
            .as_str()
            .unwrap()
            .starts_with("whsec_")
    );
    assert!(!running.get(&path, &admin).await.text.contains(secret));
    let revealed = running.get(&format!("{path}/secret"), &admin).await.json();
    assert_eq!(revealed["secret"], secret);
    let rotate = format!("{path}/secret/rotate");
    let rotated = running.send("POST", &rotate, &admin, &[], "").await;
    assert_eq!(rotated.status, 200, "{rotated:?}");
    assert_ne!(rotated.json()["secret"], secret);
    assert!(rotated.json()["previous_signs_until"].is_string());
}

#[tokio::test]
async fn an_endpoint_is_shown_and_changed() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let merchant = running.merchant(&admin).await;
    let made = endpoint(&running, &admin, &merchant).await;
    let path = format!(
        "/v1/merchants/{merchant}/endpoints/{}",
        made["id"].as_str().unwrap()
    );
    assert_eq!(made["schedule"], json!(["1m", "1m30s", "2h"]));
    assert_eq!(
        made["headers"],
        json!({ "X-Team": "****", "Cookie": "****" })
    );

    let body = json!({ "headers": { "x-team": null, "X-New": "1", "cookie": "****" }, "schedule": null, "enabled": false });
    let changed = running.patch(&path, &admin, &body).await.json();
    assert_eq!(
        changed["headers"],
        json!({ "Cookie": "****", "X-New": "****" })
    );
    let mask = json!({ "headers": { "X-Other": "****" } });
    let refused = running.patch(&path, &admin, &mask).await;
    assert_eq!(refused.slug(), "invalid-header");
    assert_eq!(changed["schedule"], Value::Null);
    assert_eq!(
        (&changed["enabled"], &changed["disabled_reason"]),
        (&json!(false), &json!("manual"))
    );
    let enabled = running
        .send("POST", &format!("{path}/enable"), &admin, &[], "{}")
        .await;
    assert_eq!(enabled.json()["enabled"], true);
    let with_body = running
        .send(
            "POST",
            &format!("{path}/disable"),
            &admin,
            &[],
            r#"{"a":1}"#,
        )
        .await;
    assert_eq!(with_body.slug(), "validation-failed");

    let wanted = json!({ "event_types": ["PRODUCT_VIEWED", "NEW_CUSTOMER"] });
    let put = running
        .send(
            "PUT",
            &format!("{path}/subscriptions"),
            &admin,
            &[],
            &wanted.to_string(),
        )
        .await;
    assert_eq!(
        put.json()["event_types"].as_array().unwrap().len(),
        2,
        "{put:?}"
    );
    assert_eq!(
        running.get("/v1/endpoints", &admin).await.json()["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(running.delete(&path, &admin).await.status, 204);
    assert_eq!(running.get(&path, &admin).await.slug(), "not-found");
}

#[tokio::test]
async fn an_unacceptable_url_names_the_rule_it_breaks() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let merchant = running.merchant(&admin).await;
    let body = json!({ "url": "https://127.0.0.1/x", "dialect": "standard", "event_types": ["NEW_CUSTOMER"] });
    let refused = running
        .post(
            &format!("/v1/merchants/{merchant}/endpoints"),
            &admin,
            &body,
        )
        .await;
    assert_eq!(
        (refused.status, refused.slug().as_str()),
        (422, "invalid-endpoint-url")
    );
    let error = &refused.json()["errors"][0];
    assert_eq!(
        (&error["pointer"], &error["code"]),
        (&json!("/url"), &json!("forbidden_address"))
    );
}

#[tokio::test]
async fn a_published_event_can_be_followed_to_its_deliveries() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let merchant = running.merchant(&admin).await;
    let endpoint = endpoint(&running, &admin, &merchant).await;
    let base = format!("/v1/merchants/{merchant}");
    let body = r#"{"event_type":"NEW_CUSTOMER","event_id":"c-1","payload":{"total": 247.50}}"#;
    let first = running
        .send("POST", &format!("{base}/events"), &admin, &[], body)
        .await;
    assert_eq!(first.status, 202, "{first:?}");
    assert_eq!(first.json()["event_id"], "c-1");
    assert_eq!(first.json()["deliveries"][0]["endpoint_id"], endpoint["id"]);
    let again = running
        .send("POST", &format!("{base}/events"), &admin, &[], body)
        .await;
    assert_eq!((again.status, &again.text), (200, &first.text));

    for id in ["c-1", first.json()["id"].as_str().unwrap()] {
        let shown = running.get(&format!("{base}/events/{id}"), &admin).await;
        assert!(shown.text.contains(r#"{"total": 247.50}"#), "{shown:?}");
        assert_eq!(shown.json()["deliveries"][0]["event_id"], "c-1");
    }
    let listed = running
        .get(
            &format!("{base}/deliveries?event_id=c-1&status=pending&status=failed"),
            &admin,
        )
        .await;
    let delivery = &listed.json()["data"][0];
    assert_eq!(delivery["status"], "pending", "{listed:?}");
    assert_eq!(delivery["finished_at"], Value::Null);
    let none = running
        .get(&format!("{base}/deliveries?event_id=c-2"), &admin)
        .await;
    assert_eq!(none.json()["data"], json!([]));
    assert_eq!(
        running.get("/v1/deliveries", &admin).await.json()["data"][0]["id"],
        delivery["id"]
    );

    let path = format!("{base}/deliveries/{}", delivery["id"].as_str().unwrap());
    assert_eq!(
        running
            .get(&format!("{path}/attempts"), &admin)
            .await
            .json()["data"],
        json!([])
    );
    let cancelled = running
        .send("POST", &format!("{path}/cancel"), &admin, &[], "")
        .await;
    assert_eq!(cancelled.json()["status"], "cancelled", "{cancelled:?}");
    assert_eq!(
        running
            .send("POST", &format!("{path}/cancel"), &admin, &[], "")
            .await
            .slug(),
        "conflict"
    );
    let retried = running
        .send("POST", &format!("{path}/retry"), &admin, &[], "")
        .await;
    assert_eq!(
        (retried.status, &retried.json()["status"]),
        (202, &json!("pending"))
    );
}

#[tokio::test]
async fn a_batch_is_published_whole_or_not_at_all() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let merchant = running.merchant(&admin).await;
    let path = format!("/v1/merchants/{merchant}/events/batch");
    let event = |name: &str| json!({ "event_type": name, "payload": {} });
    let bad = json!({ "events": [event("NEW_CUSTOMER"), event("NOPE")] });
    let refused = running.post(&path, &admin, &bad).await;
    assert_eq!(
        refused.json()["errors"][0]["pointer"],
        "/events/1/event_type"
    );
    let one_bad = running
        .post(&path, &admin, &json!({ "events": [event("NOPE")] }))
        .await;
    assert_eq!(
        one_bad.json()["errors"][0]["pointer"],
        "/events/0/event_type"
    );
    let good = json!({ "events": [event("NEW_CUSTOMER"), event("NEW_CUSTOMER")] });
    let published = running.post(&path, &admin, &good).await;
    assert_eq!(
        (
            published.status,
            published.json()["events"].as_array().unwrap().len()
        ),
        (202, 2)
    );
    let listed = running
        .get(&format!("/v1/merchants/{merchant}/events"), &admin)
        .await;
    assert_eq!(listed.json()["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_repeated_idempotency_key_gets_the_first_answer() {
    repeats_get_the_first_answer(&Running::start().await).await;
}

#[tokio::test]
async fn a_repeated_idempotency_key_gets_the_first_answer_on_postgres() {
    repeats_get_the_first_answer(&Running::start_on_postgres().await).await;
}

async fn repeats_get_the_first_answer(running: &Running) {
    let admin = running.admin().await;
    let key = [("idempotency-key", "k-1")];
    let body = r#"{"name":"a","store":{"name":"a"},"settings":{"schema_mode":"warn"}}"#;
    let first = running
        .send("POST", "/v1/merchants", &admin, &key, body)
        .await;
    let again = running
        .send("POST", "/v1/merchants", &admin, &key, body)
        .await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(again.text, first.text);
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(
        (
            first.header("idempotency-replayed"),
            again.header("idempotency-replayed")
        ),
        (None, Some("true"))
    );
    let other = r#"{"name":"b","store":{"name":"b"}}"#;
    let reused = running
        .send("POST", "/v1/merchants", &admin, &key, other)
        .await;
    assert_eq!(reused.slug(), "idempotency-key-reused");
    let quoted = [("idempotency-key", "\"k-1\"")];
    assert_eq!(
        running
            .send("POST", "/v1/merchants", &admin, &quoted, body)
            .await
            .text,
        first.text
    );

    let merchant = first.json()["id"].as_str().unwrap().to_owned();
    let events = format!("/v1/merchants/{merchant}/events");
    let event = r#"{"event_type":"NEW_CUSTOMER","payload":{}}"#;
    let published = running.send("POST", &events, &admin, &key, event).await;
    let repeated = running.send("POST", &events, &admin, &key, event).await;
    assert_eq!((repeated.status, &repeated.text), (202, &published.text));
    assert_eq!(repeated.header("idempotency-replayed"), Some("true"));
}

#[tokio::test]
async fn a_failed_creation_gives_its_key_back() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let key = [("idempotency-key", "k-1")];
    let bad = r#"{"name":"a","store":{"name":"a","currency":"dollars"}}"#;
    for _ in 0..2 {
        let refused = running
            .send("POST", "/v1/merchants", &admin, &key, bad)
            .await;
        assert_eq!(refused.slug(), "validation-failed");
    }
    let good = r#"{"name":"a","store":{"name":"a"}}"#;
    assert_eq!(
        running
            .send("POST", "/v1/merchants", &admin, &key, good)
            .await
            .status,
        201
    );
}

#[tokio::test]
async fn a_stores_zone_is_one_of_the_list() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let path = format!("/v1/merchants/{}", running.merchant(&admin).await);
    let zone = |name: Value| json!({ "store": { "time_zone": name } });
    let changed = running
        .patch(&path, &admin, &zone("Asia/Kolkata".into()))
        .await;
    assert_eq!(changed.json()["store"]["time_zone"], "Asia/Kolkata");
    for wrong in ["Asia/Atlantis", "asia/kolkata", "+05:30", ""] {
        let refused = running.patch(&path, &admin, &zone(wrong.into())).await;
        assert_eq!(refused.slug(), "validation-failed", "{wrong}");
        let field = &refused.json()["errors"][0];
        assert_eq!(field["pointer"], "/store/time_zone", "{field}");
    }
    let kept = running.get(&path, &admin).await.json();
    assert_eq!(kept["store"]["time_zone"], "Asia/Kolkata");
}

#[tokio::test]
async fn lists_are_searched_by_parts_of_names_as_they_stand() {
    let running = Running::start().await;
    lists_are_searched(&running).await;
}

#[tokio::test]
async fn lists_are_searched_by_parts_of_names_as_they_stand_on_postgres() {
    let running = Running::start_on_postgres().await;
    lists_are_searched(&running).await;
}

async fn lists_are_searched(running: &Running) {
    let admin = running.admin().await;
    let mut ids = Vec::new();
    for (name, domain) in [
        ("100% Wool_Shop", "wool.example"),
        ("1000 Wolle", "WOLLE.example"),
        ("חליטה", "tea.example"),
    ] {
        let body = json!({ "name": name, "store": { "name": name, "main_domain": domain } });
        let made = running.post("/v1/merchants", &admin, &body).await.json();
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    let found = async |path: &str| {
        let page = running.get(path, &admin).await.json();
        let rows = page["data"].as_array().unwrap().iter();
        let ids: Vec<String> = rows
            .map(|row| row["id"].as_str().unwrap().to_owned())
            .collect();
        ids
    };
    for (search, wanted) in [
        ("100%25", vec![0]),
        ("WOOL_", vec![0]),
        ("wolle", vec![1]),
        ("%D7%9C%D7%99%D7%98", vec![2]),
        ("example", vec![2, 1, 0]),
        ("nothing", vec![]),
    ] {
        let wanted: Vec<&String> = wanted.into_iter().map(|at: usize| &ids[at]).collect();
        let rows = found(&format!("/v1/merchants?search={search}")).await;
        assert_eq!(rows.iter().collect::<Vec<_>>(), wanted, "{search}");
    }
    let paged = running
        .get("/v1/merchants?search=example&limit=2", &admin)
        .await
        .json();
    let cursor = paged["next_cursor"].as_str().unwrap();
    let rest = format!("/v1/merchants?search=example&limit=2&cursor={cursor}");
    assert_eq!(found(&rest).await, [ids[0].clone()]);
    let of_another = format!("/v1/merchants?search=wool&limit=2&cursor={cursor}");
    let refused = running.get(&of_another, &admin).await;
    assert_eq!(refused.slug(), "invalid-cursor");

    let made = endpoint(running, &admin, &ids[0]).await;
    let (id, off) = (
        made["id"].as_str().unwrap(),
        endpoint(running, &admin, &ids[1]).await,
    );
    let disable = format!(
        "/v1/merchants/{}/endpoints/{}/disable",
        ids[1],
        off["id"].as_str().unwrap()
    );
    assert_eq!(running.post(&disable, &admin, &json!({})).await.status, 200);
    for (path, wanted) in [
        ("/v1/endpoints?search=HOOKS.example&state=working", vec![id]),
        (
            "/v1/endpoints?state=disabled",
            vec![off["id"].as_str().unwrap()],
        ),
        ("/v1/endpoints?state=failing", vec![]),
        ("/v1/endpoints?search=elsewhere", vec![]),
    ] {
        assert_eq!(found(path).await, wanted, "{path}");
    }
    let own = format!("/v1/merchants/{}/endpoints?search=hooks", ids[0]);
    assert_eq!(found(&own).await, [id]);
    let users = running
        .get("/v1/users?search=ADMIN%40", &admin)
        .await
        .json();
    assert_eq!(users["data"].as_array().unwrap().len(), 1, "{users}");
    let long = format!("/v1/users?search={}", "x".repeat(101));
    assert_eq!(running.get(&long, &admin).await.slug(), "invalid-parameter");
}

#[tokio::test]
async fn a_member_searches_their_own_merchants() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let mut ids = Vec::new();
    for name in ["Wool", "1000 Wolle", "Wolle"] {
        let body = json!({ "name": name, "store": { "name": name } });
        let made = running.post("/v1/merchants", &admin, &body).await.json();
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    let own = [&ids[0], &ids[1]].map(|id| (id.as_str(), MerchantRole::Viewer));
    running.add_user("viewer@a.example", None, &own).await;
    let viewer = running.log_in("viewer@a.example").await;
    for (search, wanted) in [
        ("wolle", vec![&ids[1]]),
        ("WO", vec![&ids[1], &ids[0]]),
        ("silk", vec![]),
    ] {
        let path = format!("/v1/merchants?search={search}");
        let page = running.get(&path, &viewer).await.json();
        let rows = page["data"].as_array().unwrap().iter();
        let rows: Vec<&str> = rows.map(|row| row["id"].as_str().unwrap()).collect();
        assert_eq!(rows, wanted, "{search}");
    }
    let page = running.get("/v1/merchants?limit=1", &viewer).await.json();
    assert_eq!(page["data"][0]["id"], *ids[1]);
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = format!("/v1/merchants?limit=1&cursor={cursor}");
    let rest = running.get(&rest, &viewer).await.json();
    assert_eq!(rest["data"][0]["id"], *ids[0]);
    assert_eq!(rest["next_cursor"], Value::Null);
}

#[tokio::test]
async fn a_working_endpoint_is_not_acknowledged() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let merchant = running.merchant(&admin).await;
    let made = endpoint(&running, &admin, &merchant).await;
    let path = format!(
        "/v1/endpoints/{}/acknowledgement",
        made["id"].as_str().unwrap()
    );
    let put = async |body: &str| {
        let json = [("content-type", "application/json")];
        running.send("PUT", &path, &admin, &json, body).await
    };
    assert_eq!(put(r#"{"note":"ours"}"#).await.slug(), "conflict");
    assert_eq!(
        put(r#"{"note":"a\u0000b"}"#).await.slug(),
        "validation-failed"
    );
    assert_eq!(running.delete(&path, &admin).await.slug(), "not-found");
}

#[tokio::test]
async fn a_url_too_long_to_be_judged_is_refused() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let merchant = running.merchant(&admin).await;
    let path = format!("/v1/merchants/{merchant}/endpoint-checks");
    for (length, status) in [(4_096, 200), (4_097, 422)] {
        let url = format!("https://{:a<1$}", "", length - "https://".len());
        let judged = running.post(&path, &admin, &json!({ "url": url })).await;
        assert_eq!(judged.status, status, "{judged:?}");
    }
}

#[tokio::test]
async fn a_list_is_paged_to_its_end() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(running.merchant(&admin).await);
    }
    let mut path = "/v1/merchants?limit=2".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = running.get(&path, &admin).await.json();
        seen.extend(
            page["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row["id"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/v1/merchants?limit=2&cursor={cursor}");
    }
    seen.sort_unstable();
    made.sort_unstable();
    assert_eq!(seen, made);
}

#[tokio::test]
async fn a_custom_event_type_can_be_published_at_once() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let merchant = running.merchant(&admin).await;
    let body = json!({ "name": "order/created", "dialect": "standard", "description": "An order.", "example": { "id": 1 } });
    let made = running.post("/v1/event-types", &admin, &body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let shown = running.get(made.header("location").unwrap(), &admin).await;
    assert_eq!(shown.json()["example"], json!({ "id": 1 }), "{shown:?}");
    assert_eq!(
        running.post("/v1/event-types", &admin, &body).await.slug(),
        "conflict"
    );
    let event = json!({ "event_type": "order/created", "payload": {} });
    let published = running
        .post(&format!("/v1/merchants/{merchant}/events"), &admin, &event)
        .await;
    assert_eq!(published.status, 202);
    let flexype = running
        .get("/v1/event-types?dialect=flexype", &admin)
        .await
        .json();
    assert_eq!(flexype["data"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn contract_033_a_test_send_answers_its_attempt() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let merchant = running.merchant(&admin).await;
    let endpoint = endpoint(&running, &admin, &merchant).await;
    let path = format!(
        "/v1/merchants/{merchant}/endpoints/{}/test",
        endpoint["id"].as_str().unwrap()
    );
    let tested = running
        .send("POST", &path, &admin, &[], r#"{"payload":{"n": 1.50}}"#)
        .await;
    assert_eq!(tested.status, 200, "{tested:?}");
    let large = format!(r#"{{"payload":{{"n":"{}"}}}}"#, "x".repeat(256 * 1024));
    let refused = running.send("POST", &path, &admin, &[], &large).await;
    assert_eq!(refused.slug(), "payload-too-large");
    let attempt = tested.json();
    assert_eq!(
        (&attempt["trigger"], &attempt["outcome"]),
        (&json!("test"), &json!("connect_refused"))
    );
    assert!(
        attempt["request_body"]
            .as_str()
            .unwrap()
            .contains(r#"{"n": 1.50}"#),
        "{attempt}"
    );
    assert!(attempt["actor"].as_str().unwrap().starts_with("usr_"));
    let tests = running
        .get(
            &format!("/v1/merchants/{merchant}/deliveries?is_test=true"),
            &admin,
        )
        .await;
    assert_eq!(tests.json()["data"][0]["id"], attempt["delivery_id"]);
    let listed = running
        .get(
            &format!(
                "/v1/merchants/{merchant}/deliveries/{}/attempts",
                attempt["delivery_id"].as_str().unwrap()
            ),
            &admin,
        )
        .await;
    assert_eq!(listed.json()["data"][0], attempt);
}
