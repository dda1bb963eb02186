//! Programs of an app's developers: they reach the app's own endpoints and deliveries, and nothing else.

use serde_json::{Value, json};

use crate::running::Running;

async fn app_with_key(running: &Running, admin: &str) -> (String, String) {
    let made = running
        .post("/v1/apps", admin, &json!({ "name": "Mailer" }))
        .await
        .json();
    let app = made["id"].as_str().unwrap().to_owned();
    let key =
        json!({ "name": "ci", "scopes": ["endpoints:write", "deliveries:write", "apps:read"] });
    let key = running
        .post(&format!("/v1/apps/{app}/api-keys"), admin, &key)
        .await;
    assert_eq!(key.status, 201, "{key:?}");
    let key = key.json();
    assert_eq!(key["app_id"], app.as_str());
    assert_eq!(key["merchant_id"], Value::Null);
    (app, key["key"].as_str().unwrap().to_owned())
}

async fn an_apps_key_reaches_its_app(running: &Running) {
    let admin = running.admin().await;
    let merchant = running.merchant(&admin).await;
    let (app, key) = app_with_key(running, &admin).await;
    let (other, _) = app_with_key(running, &admin).await;
    let endpoint = json!({ "url": "https://app.example/x", "dialect": "flexype", "event_types": ["NEW_CUSTOMER"] });
    let made = running
        .post(&format!("/v1/apps/{app}/endpoints"), &key, &endpoint)
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    let installation = format!("/v1/merchants/{merchant}/installations/{app}");
    let installed = running.send("PUT", &installation, &admin, &[], "").await;
    assert_eq!(installed.status, 201, "{installed:?}");
    // The merchant's own endpoint gets the event too.
    let own = json!({ "url": "https://shop.example/x", "dialect": "flexype", "event_types": ["NEW_CUSTOMER"] });
    running
        .post(&format!("/v1/merchants/{merchant}/endpoints"), &admin, &own)
        .await;
    let event = json!({ "event_type": "NEW_CUSTOMER", "payload": {} });
    let published = running
        .post(&format!("/v1/merchants/{merchant}/events"), &admin, &event)
        .await
        .json();
    let deliveries = published["deliveries"].as_array().unwrap();
    assert_eq!(deliveries.len(), 2);

    let base = format!("/v1/apps/{app}/deliveries");
    let listed = running.get(&base, &key).await.json();
    let rows = listed["data"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{listed}");
    assert_eq!(rows[0]["endpoint_id"], made.json()["id"]);
    let id = rows[0]["id"].as_str().unwrap();
    assert_eq!(running.get(&format!("{base}/{id}"), &key).await.status, 200);
    assert_eq!(
        running
            .get(&format!("{base}/{id}/attempts"), &key)
            .await
            .status,
        200
    );
    let waiting = running
        .get(&format!("{base}?status=pending&status=succeeded"), &key)
        .await
        .json();
    assert_eq!(waiting["data"].as_array().unwrap().len(), 1);

    let merchants = deliveries.iter().find(|one| one["id"] != id).unwrap();
    let merchants = merchants["id"].as_str().unwrap();
    for path in [
        format!("{base}/{merchants}"),
        format!("/v1/apps/{other}/deliveries/{id}"),
        format!("/v1/merchants/{merchant}/deliveries/{id}"),
    ] {
        assert_eq!(running.get(&path, &key).await.slug(), "not-found", "{path}");
    }
    let foreign = running
        .post(&format!("{base}/{merchants}/retry"), &key, &json!({}))
        .await;
    assert_eq!(foreign.slug(), "not-found");
    assert_eq!(
        running.get("/v1/deliveries", &key).await.slug(),
        "forbidden"
    );
    let apps = running.get("/v1/apps", &key).await.json();
    assert_eq!(apps["data"].as_array().unwrap().len(), 1);
    assert_eq!(apps["data"][0]["id"], app.as_str());
}

#[tokio::test]
async fn an_apps_key_reaches_its_endpoints_and_deliveries_and_nothing_else() {
    an_apps_key_reaches_its_app(&Running::start().await).await;
}

#[tokio::test]
async fn an_apps_key_reaches_its_endpoints_and_deliveries_and_nothing_else_on_postgres() {
    an_apps_key_reaches_its_app(&Running::start_on_postgres().await).await;
}

#[tokio::test]
async fn a_key_of_the_platform_reaches_every_merchant_within_its_scopes() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let merchant = running.merchant(&admin).await;
    let key = json!({ "name": "ops", "scopes": ["deliveries:read"] });
    let made = running.post("/v1/api-keys", &admin, &key).await.json();
    let key = made["key"].as_str().unwrap();
    assert_eq!(running.get("/v1/deliveries", key).await.status, 200);
    let deliveries = format!("/v1/merchants/{merchant}/deliveries");
    assert_eq!(running.get(&deliveries, key).await.status, 200);
    assert_eq!(running.get("/v1/users", key).await.slug(), "forbidden");
    let listed = running.get("/v1/api-keys", &admin).await.json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    let place = format!("/v1/api-keys/{}", made["id"].as_str().unwrap());
    let own = format!(
        "/v1/merchants/{merchant}/api-keys/{}",
        made["id"].as_str().unwrap()
    );
    assert_eq!(running.delete(&own, &admin).await.slug(), "not-found");
    assert_eq!(running.delete(&place, &admin).await.status, 204);
}
