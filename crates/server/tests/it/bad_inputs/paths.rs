//! P: paths and ids that lead elsewhere.

use futures::FutureExt as _;
use http::Method;
use serde_json::json;
use testkit::rest::{Answer, text};

use super::corpus::{Entry, case};
use super::scene::Scene;
use super::wire::{Wire, head};

pub(super) fn entries() -> Vec<Entry> {
    vec![
        endpoint("P01", "..%2f..%2fadmin".to_owned()),
        case("P02", |scene| as_it_is(scene).boxed_local()),
        endpoint("P04", "%252e%252e".to_owned()),
        endpoint("P05", "ep_01h455vb4pex5vsknk084sn02q%00".to_owned()),
        endpoint("P07", "x".repeat(10_000)),
        case("P09", |scene| another_kind(scene).boxed_local()),
        case("P10", |scene| {
            async move {
                get(scene, "/endpoints/*").await.expect(404);
                get(scene, "/endpoints/all").await
            }
            .boxed_local()
        }),
        case("P12", |scene| another_method(scene).boxed_local()),
        case("P14", |scene| {
            async move {
                scene.admin().get("/v1/endpoints/").await.expect(404);
                get(scene, "/endpoints/").await
            }
            .boxed_local()
        }),
        case("P15", |scene| {
            async move { scene.admin().get("/assets/..%2f..%2fetc/passwd").await }.boxed_local()
        }),
    ]
}

async fn get(scene: &Scene, path: &str) -> Answer {
    scene.owner.get(&scene.path(path)).await
}

/// The id stands for an endpoint of a merchant's, and for what the list itself spells without the merchant.
fn endpoint(id: &'static str, part: String) -> Entry {
    case(id, move |scene| {
        let part = part.clone();
        async move {
            let bare = scene.admin().get(&format!("/v1/endpoints/{part}")).await;
            assert_eq!(bare.problem(404), "not-found");
            for method in [Method::DELETE, Method::GET] {
                let path = scene.path(&format!("/endpoints/{part}"));
                let answer = scene.owner.send(method, &path, &[], "").await;
                assert_eq!(answer.problem(404), "not-found");
            }
            get(scene, &format!("/events/{part}")).await
        }
        .boxed_local()
    })
}

/// No client that takes `..` out of the path stands between.
async fn as_it_is(scene: &Scene) -> Answer {
    let mut wire = Wire::connect(&scene.owner).await;
    let mut last = None;
    for path in [
        "/v1/endpoints/../../livez".to_owned(),
        "/v1/endpoints/../../admin".to_owned(),
        scene.path("/endpoints/../events"),
    ] {
        let request = head("GET", &path, scene.owner.token());
        wire.say(format!("{request}\r\n")).await;
        let answer = wire.answer().await;
        assert_eq!(answer.problem(404), "not-found", "{path}");
        last = Some(answer);
    }
    last.expect("a path")
}

async fn another_kind(scene: &Scene) -> Answer {
    let merchant = scene.stage.merchant.clone();
    let merchant = merchant.strip_prefix("mer_").expect("a merchant's id");
    let merchants = format!("/v1/merchants/ep_{merchant}");
    assert_eq!(scene.owner.get(&merchants).await.problem(404), "not-found");
    get(scene, &format!("/endpoints/evt_{merchant}")).await
}

async fn another_method(scene: &Scene) -> Answer {
    let merchant = scene.merchant().await;
    let path = format!("/v1/merchants/{merchant}/endpoints");
    let override_it = [("x-http-method-override", "DELETE")];
    let body = scene
        .endpoint_with(&json!({"description": "kept"}))
        .to_string();
    let made = scene
        .admin()
        .send(Method::POST, &path, &override_it, body)
        .await;
    let id = text(&made.expect(201), "id").to_owned();
    scene.admin().get(&format!("{path}/{id}")).await.expect(200);
    made
}
