//! What one credential, one merchant and one address may ask for, on a real server.

use std::sync::Arc;
use std::time::Duration;

use admin::{Settings, SharedCounts};
use async_trait::async_trait;
use domain::rate::{Rate, Subject, Taken};
use queue::{RedisCounts, RedisSettings};
use serde_json::{Value, json};
use storage::users::PlatformRole;
use testkit::postgres::PostgresServer;
use testkit::redis::RedisServer;

use crate::running::{Answer, PASSWORD, Running};

/// Counts in Redis, wired as the server wires them.
struct Counts(RedisCounts);

#[async_trait]
impl SharedCounts for Counts {
    async fn take(&self, asked: &[(Subject, Rate)]) -> Option<Vec<Taken>> {
        self.0.take(asked).await
    }

    async fn enter(
        &self,
        subject: Subject,
        limit: u32,
        window: Duration,
    ) -> Option<Result<(), Duration>> {
        self.0.enter(subject, limit, window).await
    }

    async fn leave(&self, subject: Subject) {
        self.0.leave(subject).await;
    }

    async fn version(&self) -> Option<String> {
        self.0.version().await
    }
}

fn limited(key: Option<&str>, merchant: Option<&str>) -> Settings {
    Settings {
        requests_per_key: key.map(|text| text.parse().unwrap()),
        requests_per_merchant: merchant.map(|text| text.parse().unwrap()),
        ..Settings::default()
    }
}

async fn api_key(running: &Running, admin: &str, merchant: &str) -> String {
    let body = json!({ "name": "shop", "scopes": ["events:write", "endpoints:read"] });
    let keys = format!("/v1/merchants/{merchant}/api-keys");
    let made = running.post(&keys, admin, &body).await.json();
    made["key"].as_str().unwrap().to_owned()
}

fn statuses(answers: &[Answer]) -> (usize, usize) {
    let count = |status| {
        answers
            .iter()
            .filter(|answer| answer.status == status)
            .count()
    };
    (count(202), count(429))
}

async fn publish(running: &Running, merchant: &str, key: &str) -> Answer {
    let event = json!({ "event_type": "NEW_CUSTOMER", "payload": {} });
    let events = format!("/v1/merchants/{merchant}/events");
    running.post(&events, key, &event).await
}

#[tokio::test]
async fn without_limits_no_answer_tells_of_quotas() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let answer = running.get("/v1/me", &admin).await;
    assert_eq!(answer.header("ratelimit"), None);
    assert_eq!(answer.header("ratelimit-policy"), None);
}

#[tokio::test]
async fn a_burst_over_a_merchants_quota_is_refused_and_other_merchants_are_not() {
    let running = Running::start_with(limited(None, Some("20/h"))).await;
    let admin = running.admin().await;
    let (loud, quiet) = (
        running.merchant(&admin).await,
        running.merchant(&admin).await,
    );
    let (loud_key, quiet_key) = (
        api_key(&running, &admin, &loud).await,
        api_key(&running, &admin, &quiet).await,
    );
    let mut answers = Vec::new();
    for _ in 0..30 {
        answers.push(publish(&running, &loud, &loud_key).await);
    }
    // Making the key was a request about the merchant too.
    assert_eq!(statuses(&answers), (19, 11));
    assert_eq!(
        answers[0].header("ratelimit-policy"),
        Some("\"merchant\";q=20;w=3600")
    );
    assert_eq!(
        answers[0].header("ratelimit"),
        Some("\"merchant\";r=18;t=360")
    );
    let refused = &answers[29];
    assert_eq!(refused.slug(), "quota-exceeded");
    assert!(
        refused
            .header("ratelimit")
            .unwrap()
            .starts_with("\"merchant\";r=0;t=")
    );
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=180).contains(&wait), "{wait}");
    assert_eq!(publish(&running, &quiet, &quiet_key).await.status, 202);
    // A stranger's requests use up nothing, and a key without the merchant in the path its own.
    let foreign = publish(&running, &quiet, &loud_key).await;
    assert_eq!(foreign.slug(), "not-found");
    assert_eq!(foreign.header("ratelimit-policy"), None);
    assert_eq!(running.get("/v1/me", &loud_key).await.status, 429);
}

#[tokio::test]
async fn each_credential_has_its_own_quota() {
    let running = Running::start_with(limited(Some("5/h"), None)).await;
    let admin = running.admin().await;
    let merchant = running.merchant(&admin).await;
    let keys = [
        api_key(&running, &admin, &merchant).await,
        api_key(&running, &admin, &merchant).await,
    ];
    for key in &keys {
        let mut answers = Vec::new();
        for _ in 0..7 {
            answers.push(publish(&running, &merchant, key).await);
        }
        assert_eq!(statuses(&answers), (5, 2));
        assert_eq!(answers[4].header("ratelimit"), Some("\"key\";r=0;t=3600"));
    }
}

/// A server of two that share a database and a Redis.
async fn sharing(url: &str, redis: &RedisServer, settings: Settings) -> (Running, Arc<Counts>) {
    let counts = RedisCounts::connect(&redis.url(), &RedisSettings::default()).unwrap();
    let counts = Arc::new(Counts(counts));
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while !counts.0.is_up() {
        assert!(std::time::Instant::now() < deadline, "Redis is not reached");
        tokio::task::yield_now().await;
    }
    let shared = Arc::clone(&counts) as Arc<dyn SharedCounts>;
    (Running::start_sharing(url, settings, shared).await, counts)
}

#[tokio::test]
async fn two_processes_with_one_redis_let_through_one_quota_together() {
    let redis = RedisServer::start().await;
    let url = PostgresServer::shared().await.create_database().await;
    let settings = limited(None, Some("40/h"));
    let (one, _) = sharing(&url, &redis, settings.clone()).await;
    let (two, counts) = sharing(&url, &redis, settings).await;
    let admin = one.admin().await;
    let merchant = one.merchant(&admin).await;
    let key = api_key(&one, &admin, &merchant).await;
    let calls = (0..80).map(|number| {
        let process = if number % 2 == 0 { &one } else { &two };
        publish(process, &merchant, &key)
    });
    let answers = futures::future::join_all(calls).await;
    assert_eq!(statuses(&answers), (39, 41));

    // Without Redis each counts for itself.
    redis.signal_stop();
    for _ in 0..40 {
        assert_eq!(publish(&two, &merchant, &key).await.status, 202);
    }
    assert_eq!(publish(&two, &merchant, &key).await.status, 429);
    assert!(!counts.0.is_up());
    redis.signal_cont();
}

fn login(email: &str, password: &str) -> Value {
    json!({ "email": email, "password": password })
}

#[tokio::test]
async fn a_thousand_guesses_end_at_a_hundred_in_whichever_process_and_the_owner_waits_too() {
    let redis = RedisServer::start().await;
    let url = PostgresServer::shared().await.create_database().await;
    let (one, _) = sharing(&url, &redis, Settings::default()).await;
    let (two, _) = sharing(&url, &redis, Settings::default()).await;
    let viewer = Some(PlatformRole::Viewer);
    one.add_user("jane@example.com", viewer, &[]).await;
    one.add_user("joe@example.com", viewer, &[]).await;
    let mut outcomes = [0, 0];
    for number in 0..1_000 {
        let process = if number % 2 == 0 { &one } else { &two };
        let body = login("jane@example.com", &format!("guess {number}"));
        let answer = process.post("/v1/auth/token", "", &body).await;
        match answer.status {
            401 => outcomes[0] += 1,
            429 => outcomes[1] += 1,
            other => panic!("{other}"),
        }
    }
    assert_eq!(outcomes, [100, 900]);
    for process in [&one, &two] {
        let right = process
            .post("/v1/auth/token", "", &login("jane@example.com", PASSWORD))
            .await;
        assert_eq!(right.slug(), "quota-exceeded");
        let wait: u64 = right.header("retry-after").unwrap().parse().unwrap();
        assert!((400..=601).contains(&wait), "{wait}");
        let other = process
            .post("/v1/auth/token", "", &login("joe@example.com", PASSWORD))
            .await;
        assert_eq!(other.status, 200);
    }
}

#[tokio::test]
async fn one_address_that_tries_many_accounts_waits_and_may_not_say_it_is_another() {
    let running = Running::start_with(Settings {
        logins_per_address: 5,
        ..Settings::default()
    })
    .await;
    let guess = async |number: u32| {
        let body = login(&format!("user{number}@example.com"), "password1234").to_string();
        let says = format!("198.51.100.{number}");
        let headers = [("x-forwarded-for", says.as_str())];
        running
            .send("POST", "/v1/auth/token", "", &headers, &body)
            .await
            .status
    };
    for number in 0..5 {
        assert_eq!(guess(number).await, 401);
    }
    assert_eq!(guess(5).await, 429);
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_has_its_own_address() {
    let running = Running::start_with(Settings {
        logins_per_address: 2,
        trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()],
        ..Settings::default()
    })
    .await;
    let guess = async |client: &str| {
        let body = login("nobody@example.com", "password1234").to_string();
        let headers = [("x-forwarded-for", client)];
        running
            .send("POST", "/v1/auth/token", "", &headers, &body)
            .await
            .status
    };
    let spoofed = [
        "198.51.100.1",
        "10.1.1.1, 198.51.100.1",
        "8.8.8.8, 198.51.100.1",
    ];
    assert_eq!(guess(spoofed[0]).await, 401);
    assert_eq!(guess(spoofed[1]).await, 401);
    assert_eq!(guess(spoofed[2]).await, 429);
    assert_eq!(guess("198.51.100.2").await, 401);
}

#[tokio::test]
async fn many_wrong_keys_from_one_address_are_throttled_and_right_ones_go_on() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let merchant = running.merchant(&admin).await;
    let key = api_key(&running, &admin, &merchant).await;
    let mut statuses = Vec::new();
    for number in 0..400 {
        let wrong = format!("hy_{number:040}");
        let says = format!("198.51.100.{}", number % 250);
        let headers = [("x-forwarded-for", says.as_str())];
        statuses.push(
            running
                .send("GET", "/v1/me", &wrong, &headers, "")
                .await
                .status,
        );
    }
    assert!(statuses[..300].iter().all(|status| *status == 401));
    assert!(statuses[300..].iter().all(|status| *status == 429));
    let refused = running.get("/v1/me", "hyr_x").await;
    assert_eq!(refused.slug(), "quota-exceeded");
    let stale = json!({ "refresh_token": "hyr_x" });
    let refused_too = running.post("/v1/auth/refresh", "", &stale).await;
    assert_eq!(refused_too.slug(), "quota-exceeded");
    assert!(refused.header("retry-after").is_some());
    assert_eq!(running.get("/v1/me", &key).await.status, 200);
    assert_eq!(running.get("/v1/me", "").await.status, 401);
}

#[tokio::test]
async fn a_thousand_endpoints_made_at_once_are_fifty() {
    at_most_fifty_endpoints(&Running::start().await).await;
}

#[tokio::test]
async fn a_thousand_endpoints_made_at_once_are_fifty_on_postgres() {
    at_most_fifty_endpoints(&Running::start_on_postgres().await).await;
}

async fn at_most_fifty_endpoints(running: &Running) {
    let admin = running.admin().await;
    let merchant = running.merchant(&admin).await;
    let endpoints = format!("/v1/merchants/{merchant}/endpoints");
    let body = json!({
        "url": "https://example.com/x",
        "dialect": "standard",
        "event_types": ["NEW_CUSTOMER"],
    });
    let mut answers = Vec::new();
    // As many at a time as fit into the open files of a test.
    for _ in 0..5 {
        let calls = (0..200).map(|_| running.post(&endpoints, &admin, &body));
        answers.extend(futures::future::join_all(calls).await);
    }
    let count = |status| {
        answers
            .iter()
            .filter(|answer| answer.status == status)
            .count()
    };
    // A busy machine may tell some to come again.
    assert_eq!(count(201), 50);
    assert_eq!(count(409) + count(503), 950);
    let refused = answers.iter().find(|answer| answer.status == 409).unwrap();
    assert_eq!(refused.slug(), "limit-reached");
    assert!(refused.json()["detail"].as_str().unwrap().contains("50"));
    let listed = running.get(&format!("{endpoints}?limit=250"), &admin).await;
    assert_eq!(listed.json()["data"].as_array().unwrap().len(), 50);
}

#[tokio::test]
async fn the_eleventh_test_send_in_a_minute_waits() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let merchant = running.merchant(&admin).await;
    let endpoints = format!("/v1/merchants/{merchant}/endpoints");
    let body = json!({
        "url": "https://example.com/x",
        "dialect": "standard",
        "event_types": ["NEW_CUSTOMER"],
    });
    let made = running.post(&endpoints, &admin, &body).await.json();
    let test = format!("{endpoints}/{}/test", made["id"].as_str().unwrap());
    for _ in 0..10 {
        assert_eq!(running.post(&test, &admin, &json!({})).await.status, 200);
    }
    let refused = running.post(&test, &admin, &json!({})).await;
    assert_eq!(refused.slug(), "quota-exceeded");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=6).contains(&wait), "{wait}");
}

/// A measurement, not a check: run it with `--ignored --nocapture` on a quiet machine.
#[tokio::test]
#[ignore = "prints figures"]
async fn an_unknown_user_takes_as_long_as_a_wrong_password() {
    let running = Running::start_with(Settings {
        logins: 10_000,
        logins_per_address: 10_000,
        ..Settings::default()
    })
    .await;
    running
        .add_user("jane@example.com", Some(PlatformRole::Viewer), &[])
        .await;
    let mut times = [Vec::new(), Vec::new()];
    for number in 0..420 {
        let email = ["jane@example.com", "nobody@example.com"][number % 2];
        let began = std::time::Instant::now();
        let answer = running
            .post("/v1/auth/token", "", &login(email, "wrong password"))
            .await;
        assert_eq!(answer.status, 401);
        if number >= 20 {
            times[number % 2].push(began.elapsed().as_micros());
        }
    }
    for (name, mut times) in ["wrong password", "unknown user"].into_iter().zip(times) {
        times.sort_unstable();
        let at = |share: usize| times[times.len() * share / 100];
        println!(
            "{name}: {} tries, p25 {} us, median {} us, p75 {} us, p95 {} us",
            times.len(),
            at(25),
            at(50),
            at(75),
            at(95)
        );
    }
}
