//! Apps that merchants install, and their endpoints: contract 128, 130, 131, 133, 163.

use serde_json::{Value, json};
use testkit::fixtures::carthook_payload;
use testkit::receiver::{Behaviour, Receiver};
use testkit::rest::{Answer, Rest, text};
use testkit::server::Mode;

use super::stage::{EVENT, PAYLOAD, Published, SOON, Stage, create_merchant, standard, with};

in_both_modes! {
    contract_128_an_event_goes_to_apps_that_are_installed_and_subscribed,
    contract_130_131_133_two_apps_get_one_event_id_and_each_its_own_webhook_id,
    contract_163_an_app_gets_nothing_of_merchants_that_did_not_install_it,
    contract_163_merchants_see_neither_endpoints_nor_secrets_of_apps,
    an_apps_endpoints_are_managed_like_a_merchants,
    an_app_is_deleted_only_when_nobody_has_it,
    a_suspended_merchant_holds_up_nobody_else_of_the_app,
    an_apps_endpoint_that_is_gone_is_disabled_for_every_merchant,
    a_test_of_an_apps_endpoint_comes_from_a_sample_merchant_or_one_that_has_it,
}

/// The topic of most cases.
pub(super) const TOPIC: &str = "checkouts/created";

/// Makes an app and returns its id.
pub(super) async fn create_app(rest: &Rest, name: &str) -> String {
    let made = rest.post("/v1/apps", &json!({"name": name})).await;
    text(&made.expect(201), "id").to_owned()
}

/// Makes an endpoint of an app that speaks `carthook`.
pub(super) async fn carthook(
    rest: &Rest,
    app: &str,
    receiver: &Receiver,
    topics: &[&str],
) -> Value {
    let body = json!({"url": receiver.url(), "dialect": "carthook", "event_types": topics});
    let path = format!("/v1/apps/{app}/endpoints");
    rest.post(&path, &body).await.expect(201)
}

/// The path of a merchant's installation of an app.
pub(super) fn installation(merchant: &str, app: &str) -> String {
    format!("/v1/merchants/{merchant}/installations/{app}")
}

/// Installs an app for the merchant of the stage.
pub(super) async fn install(stage: &Stage, app: &str) -> Answer {
    let path = installation(&stage.merchant, app);
    stage.rest().put(&path, &json!({})).await
}

/// Publishes the sample of [`TOPIC`] for a merchant.
pub(super) async fn publish_for(rest: &Rest, merchant: &str) -> Published {
    let payload = carthook_payload(TOPIC);
    let body = format!(r#"{{"event_type":"{TOPIC}","payload":{payload}}}"#);
    let path = format!("/v1/merchants/{merchant}/events");
    let sent = rest.send(http::Method::POST, &path, &[], body).await;
    Published::of(&sent.expect(202))
}

/// Which endpoints an event goes to, sorted.
fn goes_to(published: &Published) -> Vec<String> {
    let mut ids: Vec<String> = published
        .deliveries
        .iter()
        .map(|(_, to)| to.clone())
        .collect();
    ids.sort();
    ids
}

fn ids(endpoints: &[&Value]) -> Vec<String> {
    let mut ids: Vec<String> = endpoints
        .iter()
        .map(|endpoint| text(endpoint, "id").to_owned())
        .collect();
    ids.sort();
    ids
}

async fn contract_128_an_event_goes_to_apps_that_are_installed_and_subscribed(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let beside = match mode {
        Mode::Embedded => None,
        Mode::Cluster => Some(stage.server.start_beside(&["api"]).await),
    };
    // In a cluster everything is changed through another process than the one that publishes.
    let rest = beside.as_ref().map_or(stage.rest(), |server| server.rest());
    let (one, two) = (create_app(rest, "One").await, create_app(rest, "Two").await);
    let own = json!({"url": receiver.url(), "dialect": "carthook", "event_types": [TOPIC]});
    let own = stage.endpoint(&own).await;
    let ones = carthook(rest, &one, &receiver, &[TOPIC]).await;
    let other_topic = carthook(rest, &one, &receiver, &["checkouts/updated"]).await;
    let twos = carthook(rest, &two, &receiver, &[TOPIC]).await;
    assert_eq!(
        goes_to(&publish_for(stage.rest(), &stage.merchant).await),
        ids(&[&own])
    );
    let first = rest
        .put(&installation(&stage.merchant, &one), &json!({}))
        .await;
    assert_eq!(
        first.header("location"),
        Some(&*installation(&stage.merchant, &one))
    );
    let installed = first.expect(201);
    let again = install(&stage, &one).await.expect(200);
    assert_eq!(again, installed, "it is the same installation");
    let published = publish_for(stage.rest(), &stage.merchant).await;
    assert_eq!(goes_to(&published), ids(&[&own, &ones]));
    rest.put(&installation(&stage.merchant, &two), &json!({}))
        .await
        .expect(201);
    let published = publish_for(stage.rest(), &stage.merchant).await;
    assert_eq!(goes_to(&published), ids(&[&own, &ones, &twos]));
    let path = format!(
        "/v1/apps/{one}/endpoints/{}/subscriptions",
        text(&other_topic, "id")
    );
    let types = json!({"event_types": [TOPIC]});
    rest.put(&path, &types).await.expect(200);
    let published = publish_for(stage.rest(), &stage.merchant).await;
    assert_eq!(
        goes_to(&published),
        ids(&[&own, &ones, &twos, &other_topic])
    );
    for (id, _) in &published.deliveries {
        let delivery = stage.wait_for(id, "succeeded").await;
        assert_eq!(delivery["merchant_id"], *stage.merchant);
    }
    let listed = stage
        .rest()
        .get(&stage.path("/installations"))
        .await
        .expect(200);
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
}

async fn contract_130_131_133_two_apps_get_one_event_id_and_each_its_own_webhook_id(mode: Mode) {
    let stage = Stage::start(mode).await;
    let mut apps = Vec::new();
    for name in ["One", "Two"] {
        let (receiver, app) = (
            Receiver::start().await,
            create_app(stage.rest(), name).await,
        );
        let endpoint = carthook(stage.rest(), &app, &receiver, &[TOPIC]).await;
        install(&stage, &app).await.expect(201);
        apps.push((receiver, endpoint));
    }
    let merchant = stage.rest().get(&stage.path("")).await.expect(200);
    let mut ids = Vec::new();
    for round in 0..2 {
        let published = publish_for(stage.rest(), &stage.merchant).await;
        assert!(published.event_id.starts_with("cev_"), "{published:?}");
        for (receiver, endpoint) in &apps {
            let body = receiver.wait_for(round + 1, SOON).await[round].json();
            assert_eq!(body["id"], published.event_id);
            assert_eq!(body["webhook_id"], endpoint["webhook_id"]);
            assert_eq!(body["merchant_id"], merchant["carthook_merchant_id"]);
        }
        ids.push(published.event_id);
    }
    assert_ne!(ids[0], ids[1], "each occurrence has its own");
    assert_ne!(apps[0].1["webhook_id"], apps[1].1["webhook_id"]);
}

async fn contract_163_an_app_gets_nothing_of_merchants_that_did_not_install_it(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let app = create_app(stage.rest(), "Mailer").await;
    carthook(stage.rest(), &app, &receiver, &[TOPIC]).await;
    install(&stage, &app).await.expect(201);
    let other = create_merchant(stage.rest(), "Another Store").await;
    let theirs = publish_for(stage.rest(), &other).await;
    assert!(theirs.deliveries.is_empty(), "{theirs:?}");
    let path = installation(&other, &app);
    assert_eq!(stage.rest().get(&path).await.problem(404), "not-found");
    assert_eq!(stage.rest().delete(&path).await.problem(404), "not-found");
    let ours = publish_for(stage.rest(), &stage.merchant).await;
    stage.wait_for(ours.only(), "succeeded").await;
    assert_eq!(receiver.requests().len(), 1);
}

async fn contract_163_merchants_see_neither_endpoints_nor_secrets_of_apps(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let app = create_app(stage.rest(), "Mailer").await;
    let endpoint = carthook(stage.rest(), &app, &receiver, &[TOPIC]).await;
    let id = text(&endpoint, "id");
    let scopes = json!([
        "apps:write",
        "endpoints:write",
        "deliveries:write",
        "events:write"
    ]);
    let key = json!({"name": "ours", "scopes": scopes});
    let key = stage
        .rest()
        .post(&stage.path("/api-keys"), &key)
        .await
        .expect(201);
    let ours = stage.rest().with_token(text(&key, "key"));
    let shown = ours.get("/v1/apps").await.expect(200);
    assert_eq!(shown["data"][0]["name"], "Mailer");
    let path = installation(&stage.merchant, &app);
    ours.put(&path, &json!({})).await.expect(201);
    ours.get(&path).await.expect(200);
    for path in ["", "/secret", "/subscriptions"] {
        let of_app = format!("/v1/apps/{app}/endpoints/{id}{path}");
        assert_eq!(ours.get(&of_app).await.problem(403), "forbidden");
        let as_own = stage.path(&format!("/endpoints/{id}{path}"));
        assert_eq!(ours.get(&as_own).await.problem(404), "not-found");
    }
    for action in ["test", "disable", "secret/rotate"] {
        let as_own = stage.path(&format!("/endpoints/{id}/{action}"));
        assert_eq!(
            ours.act(&as_own).await.problem(404),
            "not-found",
            "{action}"
        );
    }
    let as_own = stage.path(&format!("/endpoints/{id}"));
    assert_eq!(ours.delete(&as_own).await.problem(404), "not-found");
    let listed = ours.get(&stage.path("/endpoints")).await.expect(200);
    assert_eq!(listed["data"], json!([]));
    for (path, body) in [
        ("/v1/apps".to_owned(), json!({"name": "Ours"})),
        (
            format!("/v1/apps/{app}/endpoints"),
            standard(&receiver.url()),
        ),
    ] {
        assert_eq!(ours.post(&path, &body).await.problem(403), "forbidden");
    }
    let of_app = format!("/v1/apps/{app}");
    assert_eq!(ours.delete(&of_app).await.problem(403), "forbidden");
    let published = publish_for(&ours, &stage.merchant).await;
    stage.wait_for(published.only(), "succeeded").await;
    let path = stage.path(&format!("/deliveries/{}/attempts", published.only()));
    let origin = receiver.url().trim_end_matches('/').to_owned();
    let theirs = ours.get(&path).await.expect(200);
    assert_eq!(theirs["data"][0]["url"], origin, "no path of the app's URL");
    assert!(theirs["data"][0]["request_body"].is_string());
    let full = stage.attempts(published.only()).await;
    assert_eq!(full[0]["url"], endpoint["url"]);
}

async fn an_apps_endpoints_are_managed_like_a_merchants(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let rest = stage.rest();
    let app = create_app(rest, "Mailer").await;
    let all = format!("/v1/apps/{app}/endpoints");
    let created = rest.post(&all, &standard(&receiver.url())).await;
    let endpoint = created.expect(201);
    let one = format!("{all}/{}", text(&endpoint, "id"));
    assert_eq!(created.header("location"), Some(&*one));
    assert_eq!(endpoint["app_id"], *app);
    assert!(endpoint["merchant_id"].is_null());
    let shown = rest.get(&one).await.expect(200);
    assert_eq!(rest.get(&all).await.expect(200)["data"], json!([shown]));
    let changed = rest.patch(&one, &json!({"description": "mail"})).await;
    assert_eq!(changed.expect(200)["description"], "mail");
    let secrets = rest.get(&format!("{one}/secret")).await.expect(200);
    assert_eq!(secrets["secret"], endpoint["secret"]);
    let rotated = rest.act(&format!("{one}/secret/rotate")).await.expect(200);
    assert_ne!(rotated["secret"], endpoint["secret"]);
    let types = json!({"event_types": ["NEW_CUSTOMER"]});
    let path = format!("{one}/subscriptions");
    assert_eq!(rest.put(&path, &types).await.expect(200), types);
    assert_eq!(rest.get(&path).await.expect(200), types);
    for (action, enabled) in [("disable", false), ("enable", true)] {
        let switched = rest.act(&format!("{one}/{action}")).await.expect(200);
        assert_eq!(switched["enabled"], enabled);
    }
    let everything = rest.get("/v1/endpoints").await.expect(200);
    assert_eq!(everything["data"][0]["app_id"], *app);
    rest.delete(&one).await.expect(204);
    assert_eq!(rest.get(&one).await.problem(404), "not-found");
    let nobody = "/v1/apps/app_01h455vb4pex5vsknk084sn02q/endpoints";
    let refused = rest.post(nobody, &standard(&receiver.url())).await;
    assert_eq!(refused.problem(404), "not-found");
    assert_eq!(rest.get(nobody).await.problem(404), "not-found");
}

async fn an_app_is_deleted_only_when_nobody_has_it(mode: Mode) {
    let stage = Stage::start(mode).await;
    let app = create_app(stage.rest(), "Mailer").await;
    let path = format!("/v1/apps/{app}");
    let change = json!({"name": "Post", "description": "Sends mail"});
    let changed = stage.rest().patch(&path, &change).await.expect(200);
    assert_eq!(changed["name"], "Post");
    let refused = stage.rest().patch(&path, &json!({"name": ""})).await;
    assert_eq!(refused.problem(422), "validation-failed");
    install(&stage, &app).await.expect(201);
    assert_eq!(stage.rest().delete(&path).await.problem(409), "conflict");
    let installed = installation(&stage.merchant, &app);
    stage.rest().delete(&installed).await.expect(204);
    assert_eq!(
        stage.rest().delete(&installed).await.problem(404),
        "not-found"
    );
    stage.rest().delete(&path).await.expect(204);
    assert_eq!(stage.rest().get(&path).await.problem(404), "not-found");
    assert_eq!(install(&stage, &app).await.problem(404), "not-found");
}

async fn a_suspended_merchant_holds_up_nobody_else_of_the_app(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    receiver.answer(Behaviour::Status(500));
    let app = create_app(stage.rest(), "Mailer").await;
    let endpoint = carthook(stage.rest(), &app, &receiver, &[TOPIC]).await;
    let path = format!("/v1/apps/{app}/endpoints/{}", text(&endpoint, "id"));
    let patient = json!({"schedule": vec!["200ms"; 20]});
    stage.rest().patch(&path, &patient).await.expect(200);
    let other = create_merchant(stage.rest(), "Another Store").await;
    install(&stage, &app).await.expect(201);
    let path = installation(&other, &app);
    stage.rest().put(&path, &json!({})).await.expect(201);
    let ours = publish_for(stage.rest(), &stage.merchant).await;
    let theirs = publish_for(stage.rest(), &other).await;
    receiver.wait_for(2, SOON).await;
    let suspended = json!({"suspended": true});
    let path = format!("/v1/merchants/{other}");
    stage.rest().patch(&path, &suspended).await.expect(200);
    receiver.answer(Behaviour::Status(200));
    stage.wait_for(ours.only(), "succeeded").await;
    let path = format!("/v1/merchants/{other}/deliveries/{}", theirs.only());
    let waiting = stage.rest().get(&path).await.expect(200);
    assert!(waiting["finished_at"].is_null(), "{waiting}");
    let ours = publish_for(stage.rest(), &stage.merchant).await;
    stage.wait_for(ours.only(), "succeeded").await;
    let path = format!("/v1/merchants/{other}");
    stage.rest().delete(&path).await.expect(204);
    let ours = publish_for(stage.rest(), &stage.merchant).await;
    stage.wait_for(ours.only(), "succeeded").await;
}

async fn an_apps_endpoint_that_is_gone_is_disabled_for_every_merchant(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    receiver.answer(Behaviour::Status(410));
    let app = create_app(stage.rest(), "Mailer").await;
    let path = format!("/v1/apps/{app}/endpoints");
    let created = stage.rest().post(&path, &standard(&receiver.url())).await;
    let path = format!("{path}/{}", text(&created.expect(201), "id"));
    let other = create_merchant(stage.rest(), "Another Store").await;
    install(&stage, &app).await.expect(201);
    let theirs = installation(&other, &app);
    stage.rest().put(&theirs, &json!({})).await.expect(201);
    stage.publish().await;
    let end = std::time::Instant::now() + SOON;
    loop {
        let shown = stage.rest().get(&path).await.expect(200);
        if shown["disabled_reason"] == "gone" {
            break;
        }
        assert!(std::time::Instant::now() < end, "{shown}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let body = format!(r#"{{"event_type":"{EVENT}","payload":{PAYLOAD}}}"#);
    let path = format!("/v1/merchants/{other}/events");
    let sent = stage
        .rest()
        .send(http::Method::POST, &path, &[], body)
        .await;
    let published = Published::of(&sent.expect(202));
    let path = format!("/v1/merchants/{other}/deliveries/{}", published.only());
    let skipped = stage.rest().get(&path).await.expect(200);
    assert_eq!(skipped["skip_reason"], "endpoint_disabled");
}

async fn a_test_of_an_apps_endpoint_comes_from_a_sample_merchant_or_one_that_has_it(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let rest = stage.rest();
    let app = create_app(rest, "Mailer").await;
    let body = json!({"url": receiver.url(), "dialect": "flexype", "event_types": [EVENT]});
    let all = format!("/v1/apps/{app}/endpoints");
    let endpoint = rest.post(&all, &body).await.expect(201);
    let path = format!("{all}/{}/test", text(&endpoint, "id"));
    let sample = rest.act(&path).await.expect(200);
    assert_eq!(sample["outcome"], "success");
    assert!(
        sample["request_body"]
            .as_str()
            .unwrap()
            .contains("Sample Store")
    );
    let named = json!({"merchant_id": stage.merchant});
    let refused = rest.post(&path, &named).await;
    assert_eq!(refused.problem(422), "validation-failed");
    assert_eq!(refused.json()["errors"][0]["pointer"], "/merchant_id");
    install(&stage, &app).await.expect(201);
    let attempt = rest.post(&path, &named).await.expect(200);
    let delivery = stage.delivery(text(&attempt, "delivery_id")).await;
    assert_eq!(delivery["is_test"], true);
    let stores: Vec<Value> = receiver
        .requests()
        .iter()
        .map(|request| request.json()["store"]["name"].clone())
        .collect();
    assert_eq!(stores, ["Sample Store", "My Awesome Store"]);
    let unknown = with(named, &json!({"event_type": "NEW_CUSTOMER"}));
    let refused = rest.post(&path, &unknown).await;
    assert_eq!(refused.problem(422), "validation-failed");
}
