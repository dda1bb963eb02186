//! Logging in, and what a caller may do.

use std::time::Duration;

use admin::Settings;
use domain::clock::Clock as _;
use serde_json::json;
use storage::users::{MerchantRole, PlatformRole};

use crate::running::{PASSWORD, Running};

#[tokio::test]
async fn a_right_password_gives_tokens_and_a_wrong_one_looks_like_an_unknown_user() {
    let running = Running::start().await;
    running
        .add_user("jane@example.com", Some(PlatformRole::Viewer), &[])
        .await;
    let log_in = async |email: &str, password: &str| {
        running
            .post(
                "/v1/auth/token",
                "",
                &json!({ "email": email, "password": password }),
            )
            .await
    };
    let right = log_in("Jane@Example.com", PASSWORD).await;
    assert_eq!(right.status, 200);
    assert_eq!(right.json()["token_type"], "Bearer");
    assert_eq!(right.json()["expires_in"], 900);
    assert_eq!(right.header("cache-control"), Some("no-store"));
    let wrong = log_in("jane@example.com", "wrong").await;
    let unknown = log_in("nobody@example.com", PASSWORD).await;
    assert_eq!((wrong.status, unknown.status), (401, 401));
    assert_eq!(wrong.json()["detail"], unknown.json()["detail"]);
}

#[tokio::test]
async fn after_too_many_failures_even_the_right_password_waits() {
    let running = Running::start_with(Settings {
        logins: 3,
        ..Settings::default()
    })
    .await;
    running
        .add_user("jane@example.com", Some(PlatformRole::Viewer), &[])
        .await;
    let wrong = json!({ "email": "jane@example.com", "password": "wrong" });
    for _ in 0..3 {
        assert_eq!(running.post("/v1/auth/token", "", &wrong).await.status, 401);
    }
    let right = json!({ "email": "jane@example.com", "password": PASSWORD });
    let refused = running.post("/v1/auth/token", "", &right).await;
    assert_eq!(
        (refused.status, refused.slug().as_str()),
        (429, "quota-exceeded")
    );
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((500..=601).contains(&wait), "{wait}");
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_its_reuse_ends_the_login() {
    reuse_ends_the_login(&Running::start().await).await;
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_its_reuse_ends_the_login_on_postgres() {
    reuse_ends_the_login(&Running::start_on_postgres().await).await;
}

async fn reuse_ends_the_login(running: &Running) {
    running
        .add_user("jane@example.com", Some(PlatformRole::Viewer), &[])
        .await;
    let body = json!({ "email": "jane@example.com", "password": PASSWORD });
    let first = running.post("/v1/auth/token", "", &body).await.json();
    let refresh = async |token: &serde_json::Value| {
        running
            .post("/v1/auth/refresh", "", &json!({ "refresh_token": token }))
            .await
    };
    let second = refresh(&first["refresh_token"]).await;
    assert_eq!(second.status, 200);
    let second = second.json();
    assert_eq!(
        running
            .get("/v1/me", second["access_token"].as_str().unwrap())
            .await
            .status,
        200
    );
    assert_eq!(refresh(&first["refresh_token"]).await.status, 401);
    assert_eq!(
        refresh(&second["refresh_token"]).await.status,
        401,
        "the whole login has ended"
    );
}

#[tokio::test]
async fn logging_out_ends_the_refresh_token() {
    let running = Running::start().await;
    running
        .add_user("jane@example.com", Some(PlatformRole::Viewer), &[])
        .await;
    let body = json!({ "email": "jane@example.com", "password": PASSWORD });
    let tokens = running.post("/v1/auth/token", "", &body).await.json();
    let shown = json!({ "refresh_token": tokens["refresh_token"] });
    assert_eq!(
        running.post("/v1/auth/logout", "", &shown).await.status,
        204
    );
    assert_eq!(
        running.post("/v1/auth/refresh", "", &shown).await.status,
        401
    );
    assert_eq!(
        running.post("/v1/auth/logout", "", &shown).await.status,
        204
    );
}

#[tokio::test]
async fn a_browser_keeps_its_refresh_token_in_a_cookie() {
    let running = Running::start().await;
    running
        .add_user("jane@example.com", Some(PlatformRole::Viewer), &[])
        .await;
    let body = json!({ "email": "jane@example.com", "password": PASSWORD, "cookie": true });
    let logged_in = running.post("/v1/auth/token", "", &body).await;
    assert_eq!(logged_in.json()["refresh_token"], json!(null));
    let cookie = |answer: &crate::running::Answer| {
        let set = answer.header("set-cookie").unwrap().to_owned();
        let (pair, rest) = set.split_once("; ").unwrap();
        let wanted = "Path=/v1/auth; Max-Age=2592000; HttpOnly; SameSite=Strict; Secure";
        assert_eq!(rest.replace("2591999", "2592000"), wanted);
        pair.to_owned()
    };
    let first = cookie(&logged_in);
    let ask = async |path: &str, cookie: &str, site: &str| {
        let headers = [("cookie", cookie), ("sec-fetch-site", site)];
        running.send("POST", path, "", &headers, "{}").await
    };
    let foreign = ask("/v1/auth/refresh", &first, "cross-site").await;
    assert_eq!(foreign.slug(), "forbidden");
    let none = running.post("/v1/auth/refresh", "", &json!({})).await;
    assert_eq!(none.slug(), "unauthenticated");
    let refreshed = ask("/v1/auth/refresh", &first, "same-origin").await;
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    let second = cookie(&refreshed);
    assert_ne!(second, first);
    let out = ask("/v1/auth/logout", &second, "same-origin").await;
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
    let after = ask("/v1/auth/refresh", &second, "same-origin").await;
    assert_eq!(after.slug(), "unauthenticated");
}

#[tokio::test]
async fn only_a_token_that_is_good_now_is_taken() {
    let running = Running::start().await;
    let user = running
        .add_user("jane@example.com", Some(PlatformRole::Viewer), &[])
        .await;
    running.log_in("jane@example.com").await;
    let now = running.app.storage.clock().now();
    let old = running
        .app
        .auth
        .issue_at(user, now - Duration::from_mins(16))
        .await
        .unwrap();
    assert_eq!(running.get("/v1/me", &old).await.slug(), "unauthenticated");
    let fresh = running.app.auth.issue_at(user, now).await.unwrap();
    assert_eq!(
        running.get("/v1/me", &fresh).await.json()["platform_role"],
        "viewer"
    );
    for bad in ["x", "hyr_abc", &format!("{fresh}x"), "hy_short"] {
        assert_eq!(
            running.get("/v1/me", bad).await.slug(),
            "unauthenticated",
            "{bad}"
        );
    }
    let lower = [("authorization", &*format!("bearer {fresh}"))];
    assert_eq!(
        running.send("GET", "/v1/me", "", &lower, "").await.status,
        200
    );
}

#[tokio::test]
async fn an_api_key_does_what_its_scopes_say_until_it_is_deleted() {
    a_key_does_what_its_scopes_say(&Running::start().await).await;
}

#[tokio::test]
async fn an_api_key_does_what_its_scopes_say_until_it_is_deleted_on_postgres() {
    a_key_does_what_its_scopes_say(&Running::start_on_postgres().await).await;
}

async fn a_key_does_what_its_scopes_say(running: &Running) {
    let admin = running.admin().await;
    let merchant = running.merchant(&admin).await;
    let keys = format!("/v1/merchants/{merchant}/api-keys");
    let body = json!({ "name": "shop", "scopes": ["events:write"] });
    let made = running.post(&keys, &admin, &body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let made = made.json();
    let key = made["key"].as_str().unwrap();
    assert!(key.starts_with("hy_") && key.len() == 43, "{key}");

    let events = format!("/v1/merchants/{merchant}/events");
    assert_eq!(running.get(&events, key).await.status, 200);
    let event = json!({ "event_type": "NEW_CUSTOMER", "payload": {} });
    assert_eq!(running.post(&events, key, &event).await.status, 202);
    let endpoints = format!("/v1/merchants/{merchant}/endpoints");
    assert_eq!(running.get(&endpoints, key).await.slug(), "forbidden");
    assert_eq!(running.get(&keys, key).await.slug(), "forbidden");
    assert_eq!(running.get("/v1/deliveries", key).await.slug(), "forbidden");
    assert_eq!(
        running.get("/v1/me", key).await.json()["scopes"],
        json!(["events:write"])
    );

    let listed = running.get(&keys, &admin).await;
    assert!(!listed.text.contains(key), "the key is shown once");
    let deleted = running
        .delete(&format!("{keys}/{}", made["id"].as_str().unwrap()), &admin)
        .await;
    assert_eq!(deleted.status, 204);
}

#[tokio::test]
async fn a_foreign_merchant_is_not_there_and_a_low_role_is_forbidden() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let own = running.merchant(&admin).await;
    let foreign = running.merchant(&admin).await;
    running
        .add_user("viewer@example.com", None, &[(&own, MerchantRole::Viewer)])
        .await;
    let viewer = running.log_in("viewer@example.com").await;

    for path in ["", "/endpoints", "/events", "/deliveries", "/api-keys"] {
        let answer = running
            .get(&format!("/v1/merchants/{foreign}{path}"), &viewer)
            .await;
        assert_eq!(answer.slug(), "not-found", "{path}");
    }
    let own_endpoints = format!("/v1/merchants/{own}/endpoints");
    assert_eq!(running.get(&own_endpoints, &viewer).await.status, 200);
    let new = json!({ "url": "https://example.com/x", "dialect": "standard", "event_types": ["NEW_CUSTOMER"] });
    assert_eq!(
        running.post(&own_endpoints, &viewer, &new).await.slug(),
        "forbidden"
    );
    assert_eq!(running.get("/v1/users", &viewer).await.slug(), "forbidden");
    let listed = running.get("/v1/merchants", &viewer).await.json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    assert_eq!(listed["data"][0]["id"], own.as_str());
}

#[tokio::test]
async fn an_admin_adds_users_who_can_log_in() {
    added_users_can_log_in(&Running::start().await).await;
}

#[tokio::test]
async fn an_admin_adds_users_who_can_log_in_on_postgres() {
    added_users_can_log_in(&Running::start_on_postgres().await).await;
}

async fn added_users_can_log_in(running: &Running) {
    let admin = running.admin().await;
    let merchant = running.merchant(&admin).await;
    let body = json!({
        "email": "Dev@Example.com",
        "password": PASSWORD,
        "memberships": [{ "merchant_id": merchant, "role": "developer" }],
    });
    assert_eq!(running.post("/v1/users", &admin, &body).await.status, 201);
    assert_eq!(
        running.post("/v1/users", &admin, &body).await.slug(),
        "conflict"
    );
    let developer = running.log_in("dev@example.com").await;
    let me = running.get("/v1/me", &developer).await.json();
    assert_eq!(me["memberships"][0]["role"], "developer");
    assert_eq!(
        running.get("/v1/users", &admin).await.json()["data"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}
