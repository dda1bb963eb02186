//! The audit log over HTTP.

use serde_json::{Value, json};
use storage::users::MerchantRole;

use crate::running::Running;

const SECRET: &str = "a-secret-of-the-shop";

/// What is masked may change too: that is told, though not what.
#[tokio::test]
async fn a_change_of_what_is_masked_is_told() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let merchant = running.merchant(&admin).await;
    let endpoints = format!("/v1/merchants/{merchant}/endpoints");
    let new = json!({ "url": "https://hooks.example.com/x?token=1", "dialect": "flexype", "event_types": ["NEW_CUSTOMER"], "headers": { "X-Key": "one" } });
    let made = running.post(&endpoints, &admin, &new).await.json();
    let endpoint = format!("{endpoints}/{}", made["id"].as_str().unwrap());
    let changes = [
        json!({ "headers": { "X-Key": "two" } }),
        json!({ "url": "https://hooks.example.com/x?token=2" }),
        // Nothing.
        json!({ "url": "https://hooks.example.com/x?token=2" }),
    ];
    for change in changes {
        let answer = running.patch(&endpoint, &admin, &change).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let log = "/v1/audit-log?action=updateEndpoint";
    let log = running.get(log, &admin).await;
    assert_eq!(log.json()["data"].as_array().unwrap().len(), 2);
    assert!(!log.text.contains("token=1") && !log.text.contains("two"));
}

async fn what_is_done_is_told(running: &Running) {
    let admin = running.admin().await;
    let merchant = running.merchant(&admin).await;
    let endpoints = format!("/v1/merchants/{merchant}/endpoints");
    let new = json!({
        "url": "https://hooks.example.com/x?token=in-the-query", "dialect": "flexype",
        "event_types": ["NEW_CUSTOMER"], "secret": SECRET, "headers": { "Authorization": "Basic c2VjcmV0" },
    });
    let key = [("idempotency-key", "once"), ("x-request-id", "first-call")];
    let made = running
        .send("POST", &endpoints, &admin, &key, &new.to_string())
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let endpoint = format!("{endpoints}/{id}");
    running
        .patch(&endpoint, &admin, &json!({ "description": "CRM" }))
        .await;
    running.get(&format!("{endpoint}/secret"), &admin).await;
    running
        .post(&format!("{endpoint}/disable"), &admin, &json!({}))
        .await;
    running
        .send("POST", &endpoints, &admin, &key, &new.to_string())
        .await;

    let log = running
        .get(&format!("/v1/audit-log?merchant_id={merchant}"), &admin)
        .await;
    let rows = log.json()["data"].as_array().unwrap().clone();
    let told: Vec<_> = rows
        .iter()
        .map(|row| row["action"].as_str().unwrap())
        .collect();
    let wanted = [
        "createEndpoint",
        "disableEndpoint",
        "revealSecret",
        "updateEndpoint",
        "createEndpoint",
        "createMerchant",
    ];
    assert_eq!(told, wanted);
    let (created, changed) = (&rows[4], &rows[3]);
    assert_eq!(created["target"], id.as_str());
    assert_eq!(created["actor_name"], "admin@example.com");
    assert_eq!(created["request_id"], "first-call");
    assert_eq!(created["ip"], "127.0.0.1");
    assert_eq!(created["after"]["headers"]["Authorization"], "****");
    assert_eq!(changed["before"], json!({ "description": "" }));
    assert_eq!(changed["after"], json!({ "description": "CRM" }));
    for secret in [SECRET, "in-the-query", "c2VjcmV0", "whsec_"] {
        assert!(!log.text.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn what_is_done_is_told_with_who_and_from_where_and_without_secrets() {
    what_is_done_is_told(&Running::start().await).await;
}

#[tokio::test]
async fn what_is_done_is_told_with_who_and_from_where_and_without_secrets_on_postgres() {
    what_is_done_is_told(&Running::start_on_postgres().await).await;
}

#[tokio::test]
async fn what_is_refused_is_not_told() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let merchant = running.merchant(&admin).await;
    let log = format!("/v1/merchants/{merchant}/audit-log");
    let before = running.get(&log, &admin).await.text;
    let endpoints = format!("/v1/merchants/{merchant}/endpoints");
    let bad = json!({ "url": "https://127.0.0.1/", "dialect": "flexype", "event_types": ["NEW_CUSTOMER"] });
    assert_eq!(running.post(&endpoints, &admin, &bad).await.status, 422);
    assert_eq!(running.get(&log, &admin).await.text, before);
}

#[tokio::test]
async fn an_owner_reads_their_own_log_and_others_do_not() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let (own, other) = (
        running.merchant(&admin).await,
        running.merchant(&admin).await,
    );
    running
        .add_user("owner@example.com", None, &[(&own, MerchantRole::Owner)])
        .await;
    running
        .add_user("dev@example.com", None, &[(&own, MerchantRole::Developer)])
        .await;
    let owner = running.log_in("owner@example.com").await;
    let developer = running.log_in("dev@example.com").await;
    let log = format!("/v1/merchants/{own}/audit-log");
    let found = running.get(&log, &owner).await.json();
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
    assert_eq!(running.get(&log, &developer).await.slug(), "forbidden");
    let foreign = format!("/v1/merchants/{other}/audit-log");
    assert_eq!(running.get(&foreign, &owner).await.slug(), "not-found");
    assert_eq!(
        running.get("/v1/audit-log", &owner).await.slug(),
        "forbidden"
    );
}

#[tokio::test]
async fn an_export_has_every_entry_on_a_line_of_its_own() {
    let running = Running::start().await;
    let admin = running.admin().await;
    for _ in 0..600 {
        running.merchant(&admin).await;
    }
    let export = running
        .get("/v1/audit-log/export?action=createMerchant", &admin)
        .await;
    assert_eq!(export.status, 200);
    assert_eq!(export.header("content-type"), Some("application/x-ndjson"));
    let lines: Vec<Value> = export
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 600);
    let numbers: Vec<_> = lines
        .iter()
        .map(|line| line["number"].as_i64().unwrap())
        .collect();
    assert!(numbers.is_sorted_by(|newer, older| newer > older));
}
