//! M: fields that are not the caller's to set, or not of that type.

use futures::FutureExt as _;
use http::Method;
use serde_json::{Value, json};
use testkit::rest::{Answer, text};

use super::corpus::{Entry, case, instead};
use super::scene::Scene;
use crate::e2e::stage::EVENT;

pub(super) fn entries() -> Vec<Entry> {
    vec![
        case("M04", |scene| {
            async move {
                let endpoint = scene
                    .endpoint_of(&scene.stage.merchant, &scene.endpoint_body())
                    .await;
                let event = json!({"event_type": EVENT, "payload": {}});
                let published = scene
                    .owner
                    .post(&scene.path("/events"), &event)
                    .await
                    .expect(202);
                let ours = |one: &&Value| one["endpoint_id"] == endpoint["id"];
                let all = published["deliveries"].as_array().unwrap();
                let id = text(all.iter().find(ours).unwrap(), "id");
                let path = scene.path(&format!("/deliveries/{id}"));
                let answer = scene
                    .owner
                    .patch(&path, &json!({"status": "delivered"}))
                    .await;
                assert_eq!(answer.header("allow"), Some("GET"));
                answer
            }
            .boxed_local()
        }),
        wrong("M06", "/enabled", &[r#"{"enabled":"true"}"#]),
        wrong(
            "M07",
            "/event_types",
            &[r#"{"event_types":"PRODUCT_VIEWED"}"#],
        ),
        wrong("M08", "/event_types", &[r#"{"event_types":[]}"#]),
        case("M12", |scene| nothing(scene).boxed_local()),
        case("M13", |scene| json_patch(scene).boxed_local()),
        case("M14", |scene| {
            async move {
                let long = vec!["1m"; 1_000];
                let mut last = None;
                for schedule in [
                    json!([0, 0, 0]),
                    json!(["0s", "0s", "0s"]),
                    json!(long),
                    json!(["-1m"]),
                ] {
                    let answer = scene
                        .post_endpoint_with(json!({"schedule": schedule}))
                        .await;
                    let problem = answer.expect(422);
                    let pointer = text(&problem["errors"][0], "pointer");
                    assert!(pointer.starts_with("/schedule"), "{problem}");
                    last = Some(answer);
                }
                last.expect("a schedule")
            }
            .boxed_local()
        }),
        case("M15", |scene| names(scene).boxed_local()),
        instead(
            "M16",
            (409, "limit-reached"),
            "the note of the entry asks for this type",
            |scene| one_too_many(scene).boxed_local(),
        ),
    ]
}

/// Members that neither a new endpoint nor a change of one may have.
fn wrong(id: &'static str, pointer: &'static str, members: &'static [&'static str]) -> Entry {
    case(id, move |scene| {
        async move {
            let merchant = scene.merchant().await;
            let endpoint = scene.endpoint_of(&merchant, &scene.endpoint_body()).await;
            let path = format!(
                "/v1/merchants/{merchant}/endpoints/{}",
                text(&endpoint, "id")
            );
            let before = scene.admin().get(&path).await.expect(200);
            let mut last = None;
            for member in members {
                let member: Value = serde_json::from_str(member).unwrap();
                let changed = scene.admin().patch(&path, &member).await;
                let made = scene.post_endpoint_with(member).await;
                for answer in [&changed, &made] {
                    assert_eq!(answer.expect(422)["errors"][0]["pointer"], pointer);
                }
                last = Some(made);
            }
            assert_eq!(scene.admin().get(&path).await.expect(200), before);
            last.expect("a member")
        }
        .boxed_local()
    })
}

/// A change of nothing changes nothing.
async fn nothing(scene: &Scene) -> Answer {
    let merchant = scene.merchant().await;
    let endpoint = scene.endpoint_of(&merchant, &scene.endpoint_body()).await;
    let merchant = format!("/v1/merchants/{merchant}");
    let endpoint = format!("{merchant}/endpoints/{}", text(&endpoint, "id"));
    let mut last = None;
    for path in [merchant, endpoint] {
        let before = scene.admin().get(&path).await.expect(200);
        let answer = scene.admin().patch(&path, &json!({})).await;
        assert_eq!(answer.expect(200), before, "{path}");
        assert_eq!(scene.admin().get(&path).await.expect(200), before, "{path}");
        last = Some(answer);
    }
    last.expect("a path")
}

async fn json_patch(scene: &Scene) -> Answer {
    let kind = [("content-type", "application/json-patch+json")];
    let body = r#"[{"op":"replace","path":"/name","value":"taken"}]"#;
    let path = scene.path("");
    scene.owner.send(Method::PATCH, &path, &kind, body).await
}

async fn names(scene: &Scene) -> Answer {
    let mut last = None;
    for name in [
        "x".repeat(10_000),
        "x".repeat(121),
        "   ".to_owned(),
        String::new(),
    ] {
        let merchant = json!({"name": name, "store": {"name": "Fine"}});
        let store = json!({"name": "Fine", "store": {"name": name}});
        let key = json!({"name": name, "scopes": ["events:read"]});
        let app = json!({"name": name});
        let keys = scene.path("/api-keys");
        for (path, pointer, body) in [
            ("/v1/merchants", "/name", merchant),
            ("/v1/merchants", "/store/name", store),
            (&*keys, "/name", key),
            ("/v1/apps", "/name", app),
        ] {
            let answer = scene.admin().post(path, &body).await;
            assert_eq!(
                answer.expect(422)["errors"][0]["pointer"],
                pointer,
                "{path}"
            );
            last = Some(answer);
        }
    }
    let trimmed = json!({"name": "  Fine ", "store": {"name": " Fine  "}});
    let made = scene
        .admin()
        .post("/v1/merchants", &trimmed)
        .await
        .expect(201);
    assert_eq!(
        (&made["name"], &made["store"]["name"]),
        (&json!("Fine"), &json!("Fine"))
    );
    last.expect("a name")
}

async fn one_too_many(scene: &Scene) -> Answer {
    let merchant = scene.merchant().await;
    let body = scene.endpoint_body();
    for _ in 0..50 {
        scene.endpoint_of(&merchant, &body).await;
    }
    let path = format!("/v1/merchants/{merchant}/endpoints");
    let answer = scene.admin().post(&path, &body).await;
    let problem = answer.json();
    assert!(text(&problem, "detail").contains("50"), "{problem}");
    let listed = scene
        .admin()
        .get(&format!("{path}?limit=250"))
        .await
        .expect(200);
    assert_eq!(listed["data"].as_array().unwrap().len(), 50);
    answer
}
