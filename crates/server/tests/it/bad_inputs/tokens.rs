//! W: tokens and keys that are nearly right.

use futures::FutureExt as _;
use http::Method;
use serde_json::json;
use testkit::rest::{Answer, text};
use testkit::server::Mode;

use super::corpus::{Entry, case, instead, not_ours};
use super::forge::{Forge, call, sign};
use super::scene::{PASSWORD, Scene};
use super::tenants::until;
use super::wire::{Wire, head};

/// A public key, as an attacker knows it: no secret.
const PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
    MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf\n\
    9Cnzj4p4WGeKLs1Pt8QuKUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==\n\
    -----END PUBLIC KEY-----\n";

pub(super) fn entries() -> Vec<Entry> {
    vec![
        forged("W03", |forge| {
            let claims = forge.claims.to_string();
            vec![
                forge.with_header("alg", "RS256"),
                sign(PUBLIC_KEY.as_bytes(), &forge.header.to_string(), &claims),
            ]
        }),
        forged("W06", |forge| vec![forge.with_claim("aud", "another-api")]),
        forged("W07", |forge| vec![forge.with_claim("iss", "another")]),
        forged("W08", |forge| {
            let mut claims = forge.claims.clone();
            claims.as_object_mut().unwrap().remove("exp");
            vec![forge.token(&forge.header.to_string(), &claims.to_string())]
        }),
        forged("W10", |forge| {
            vec![forge.with_header("kid", "../../../../dev/null")]
        }),
        forged("W14", |forge| {
            let key = json!({"kty": "oct", "k": "AAAA"});
            vec![forge.with_header("jwk", key)]
        }),
        forged("W16", |forge| vec![forge.with_header("b64", false)]),
        forged("W18", |forge| {
            let unsigned = forge.genuine.rsplit_once('.').unwrap().0;
            vec![format!("{unsigned}."), unsigned.to_owned()]
        }),
        forged("W19", |forge| {
            let two = forge.genuine.rsplit_once('.').unwrap().0.to_owned();
            vec![two, format!("{}.x", forge.genuine)]
        }),
        instead(
            "W20",
            (431, ""),
            "the HTTP library refuses a head of more than 64 KiB before there is a request",
            |scene| long(scene).boxed_local(),
        ),
        forged("W22", |forge| {
            let subject = &forge.claims["sub"];
            let twice =
                forge
                    .claims
                    .to_string()
                    .replacen('{', &format!(r#"{{"sub":{subject},"#), 1);
            vec![forge.token(&forge.header.to_string(), &twice)]
        }),
        case("W24", |scene| refresh_token(scene).boxed_local()),
        case("W27", |scene| {
            async move {
                let value = format!("bearer {}", scene.owner.token());
                let headers = [("authorization", &*value)];
                let nobody = scene.owner.logged_out();
                nobody.send(Method::GET, "/v1/me", &headers, "").await
            }
            .boxed_local()
        }),
        case("W28", |scene| newline(scene).boxed_local()),
        case("W29", |scene| nearly(scene).boxed_local()),
        case("W30", |scene| revoked(scene).boxed_local()),
        not_ours(
            "W31",
            "there are no keys for tests: test sends are an action of an endpoint",
        ),
        case("W32", |scene| foreign_page(scene).boxed_local()),
        case("W34", |scene| second_admin(scene).boxed_local()),
    ]
}

/// A browser's cookie counts for nothing when another site's page sends it, or nobody says whose page it is.
async fn foreign_page(scene: &Scene) -> Answer {
    let body = json!({"email": "owner@example.com", "password": PASSWORD, "cookie": true});
    let nobody = scene.admin().logged_out();
    let logged_in = nobody.post("/v1/auth/token", &body).await;
    let cookie = logged_in.header("set-cookie").expect("a cookie");
    let cookie = cookie.split(';').next().unwrap_or_default();
    let refresh = async |headers: &[(&str, &str)]| {
        let mut all = vec![("cookie", cookie)];
        all.extend_from_slice(headers);
        nobody
            .send(Method::POST, "/v1/auth/refresh", &all, "{}")
            .await
    };
    assert_eq!(refresh(&[]).await.problem(403), "forbidden");
    let foreign = refresh(&[("origin", "https://attacker.example")]).await;
    let own = nobody.base().to_owned();
    refresh(&[("origin", &own)]).await.expect(200);
    foreign
}

/// None of the tokens is taken; made the same way, a right one is.
fn forged(id: &'static str, forge: fn(&Forge) -> Vec<String>) -> Entry {
    case(id, move |scene| {
        let tokens = async move {
            let anvil = Forge::of(scene).await;
            let control = anvil.token(&anvil.header.to_string(), &anvil.claims.to_string());
            call(scene, &control).await.expect(200);
            forge(&anvil)
        };
        async move {
            let mut last = None;
            for token in tokens.await {
                let answer = call(scene, &token).await;
                assert_eq!(answer.problem(401), "unauthenticated", "{token}");
                last = Some(answer);
            }
            last.expect("a token")
        }
        .boxed_local()
    })
}

async fn long(scene: &Scene) -> Answer {
    let shorter = call(scene, &"x".repeat(9_000)).await;
    assert_eq!(shorter.problem(431), "headers-too-large");
    let mut wire = Wire::connect(&scene.owner).await;
    let token = "x".repeat(64 * 1024);
    wire.say(format!("{}\r\n", head("GET", "/v1/me", &token)))
        .await;
    wire.answer().await
}

async fn refresh_token(scene: &Scene) -> Answer {
    let login = json!({"email": "owner@example.com", "password": PASSWORD});
    let nobody = scene.owner.logged_out();
    let tokens = nobody.post("/v1/auth/token", &login).await.expect(200);
    call(scene, text(&tokens, "refresh_token")).await
}

/// A key of the merchant's, and the path that deletes it.
async fn key(scene: &Scene) -> (String, String) {
    let path = scene.path("/api-keys");
    let body = json!({"name": "a key", "scopes": ["events:read"]});
    let made = scene.owner.post(&path, &body).await.expect(201);
    (
        text(&made, "key").to_owned(),
        format!("{path}/{}", text(&made, "id")),
    )
}

/// A line feed itself ends a header, so it never is a part of a key: its spellings are.
async fn newline(scene: &Scene) -> Answer {
    let (key, _) = key(scene).await;
    call(scene, &key).await.expect(200);
    call(scene, &format!("{key}%0A")).await.expect(401);
    let mut wire = Wire::connect(&scene.owner).await;
    let folded = head("GET", "/v1/me", &format!("{key}\r\n "));
    wire.say(format!("{folded}\r\n")).await;
    assert_eq!(wire.answer().await.status, 400, "a folded header");
    call(scene, &format!("{key}\\n")).await
}

async fn nearly(scene: &Scene) -> Answer {
    let (key, _) = key(scene).await;
    let last = if key.ends_with('a') { 'b' } else { 'a' };
    let mut wrong = key.clone();
    wrong.pop();
    wrong.push(last);
    for near in [
        "hy_",
        &key[..key.len() / 2],
        &key[..key.len() - 1],
        &format!("{key}a"),
    ] {
        assert_eq!(call(scene, near).await.problem(401), "unauthenticated");
    }
    call(scene, &wrong).await
}

async fn revoked(scene: &Scene) -> Answer {
    if scene.mode == Mode::Cluster {
        scene.stage.server.redis().stop().await;
    }
    let (key, path) = key(scene).await;
    call(scene, &key).await.expect(200);
    scene.owner.delete(&path).await.expect(204);
    let answer = until(&scene.owner.with_token(&key), "/v1/me", 401).await;
    if scene.mode == Mode::Cluster {
        scene.stage.server.redis().start_again().await;
    }
    answer
}

async fn second_admin(scene: &Scene) -> Answer {
    let arguments = ["create-admin", "--email", "second@example.com"];
    let first = scene.stage.server.run(&arguments).await;
    assert_eq!(first.status.code(), Some(0), "{first:?}");
    let again = scene.stage.server.run(&arguments).await;
    assert_eq!(again.status.code(), Some(3), "{again:?}");
    let users = scene.admin().get("/v1/users?limit=250").await.expect(200);
    let users = users["data"].as_array().unwrap();
    let second = users
        .iter()
        .filter(|user| user["email"] == "second@example.com");
    assert_eq!(second.count(), 1);
    let body = json!({
        "email": "second@example.com",
        "password": PASSWORD,
        "platform_role": "admin",
    });
    scene.admin().post("/v1/users", &body).await
}
