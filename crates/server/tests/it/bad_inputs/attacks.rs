//! Attacks that go on where the list ends: forged tokens, changed cursors, fields of the server's, broken log
//! lines, foreign sites, and bodies that are too deep or too large for each operation of the document.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use serde_json::{Value, json};
use testkit::receiver::Behaviour;
use testkit::rest::{Answer, Rest, text};
use testkit::server::Mode;

use super::forge::{Forge, call, sign};
use super::logs::check_lines;
use super::scene::{PASSWORD, Scene};
use super::wire::{Wire, head};
use crate::e2e::in_both_modes;
use crate::e2e::stage::EVENT;

in_both_modes! {
    a_rightly_signed_token_is_refused_for_what_it_says,
    a_cursor_is_taken_as_it_was_written_only,
    a_field_of_the_servers_is_refused_and_changes_nothing,
    nothing_that_anybody_says_breaks_a_line_of_the_log,
    a_form_of_another_site_changes_nothing,
    a_body_too_deep_or_too_large_is_refused_by_each_operation,
}

async fn a_rightly_signed_token_is_refused_for_what_it_says(mode: Mode) {
    let scene = Scene::start(mode).await;
    let forge = Forge::of(&scene).await;
    let (header, claims) = (forge.header.to_string(), forge.claims.to_string());
    call(&scene, &forge.token(&header, &claims))
        .await
        .expect(200);
    let now = forge.claims["iat"].as_i64().unwrap();
    let unsigned = |alg: &str| {
        let mut header = forge.header.clone();
        header["alg"] = alg.into();
        let parts = [header.to_string(), claims.clone()];
        format!(
            "{}.",
            parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
        )
    };
    let lies = [
        ("none", unsigned("none")),
        ("None", unsigned("None")),
        ("nOnE", unsigned("nOnE")),
        ("none, but signed", forge.with_header("alg", "none")),
        ("HS384", forge.with_header("alg", "HS384")),
        ("RS256", forge.with_header("alg", "RS256")),
        ("ES256", forge.with_header("alg", "ES256")),
        ("an empty key", sign(b"", &header, &claims)),
        ("no kid", {
            let mut header = forge.header.clone();
            header.as_object_mut().unwrap().remove("kid");
            forge.token(&header.to_string(), &claims)
        }),
        ("kid of a file", forge.with_header("kid", "/dev/null")),
        (
            "kid of a statement",
            forge.with_header("kid", "x' UNION SELECT 'a"),
        ),
        ("kid of a list", forge.with_header("kid", json!(["a"]))),
        ("crit", forge.with_header("crit", json!(["exp"]))),
        (
            "jku",
            forge.with_header("jku", "https://attacker.example/keys"),
        ),
        (
            "x5u",
            forge.with_header("x5u", "https://attacker.example/cert"),
        ),
        ("expired", forge.with_claim("exp", now - 1)),
        ("expired just now", forge.with_claim("exp", now)),
        ("exp as text", forge.with_claim("exp", "9999999999")),
        ("exp as fraction", forge.with_claim("exp", 9_999_999_999.5)),
        ("nbf in the future", forge.with_claim("nbf", now + 3_600)),
        ("another audience", forge.with_claim("aud", "another-api")),
        (
            "many audiences",
            forge.with_claim("aud", json!(["hookyard-api", "another"])),
        ),
        ("no audience", forge.with_claim("aud", Value::Null)),
        (
            "another issuer",
            forge.with_claim("iss", "https://attacker.example"),
        ),
        (
            "nobody",
            forge.with_claim("sub", "usr_01h455vb4pex5vsknk084sn02q"),
        ),
        ("an admin", forge.with_claim("platform_role", "admin")),
    ];
    for (lie, token) in lies {
        let answer = call(&scene, &token).await;
        assert_eq!(answer.problem(401), "unauthenticated", "{lie}");
        let shown = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(
            !shown.contains("expired") && !shown.contains("signature"),
            "{lie}: {shown}"
        );
    }
}

/// Flips each bit of a cursor in turn, cuts it, lengthens it, and gives it to other lists and people.
async fn a_cursor_is_taken_as_it_was_written_only(mode: Mode) {
    let scene = Scene::start(mode).await;
    for number in 0..3 {
        let body = json!({"event_type": EVENT, "payload": {"n": number}});
        for (who, path) in [
            (&scene.owner, scene.path("/events")),
            (&scene.other_owner, scene.other_path("/events")),
        ] {
            who.post(&path, &body).await.expect(202);
        }
    }
    let list = scene.path("/events?limit=1");
    let page = scene.owner.get(&list).await.expect(200);
    let cursor = text(&page, "next_cursor").to_owned();
    let with = async |who: &Rest, list: &str, cursor: &str| {
        who.get(&format!("{list}&cursor={cursor}")).await
    };
    with(&scene.owner, &list, &cursor).await.expect(200);
    let bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let answer = with(&scene.owner, &list, &URL_SAFE_NO_PAD.encode(changed)).await;
        assert_eq!(answer.problem(400), "invalid-cursor", "bit {bit}");
    }
    let cut = &cursor[..cursor.len() - 1];
    for changed in [
        cut,
        &format!("{cursor}A"),
        &format!("{cursor}=="),
        "AA",
        "x".repeat(5_000).as_str(),
    ] {
        let answer = with(&scene.owner, &list, changed).await;
        assert_eq!(answer.problem(400), "invalid-cursor", "{changed}");
    }
    let lists = [
        (&scene.other_owner, scene.other_path("/events?limit=1")),
        (&scene.owner, scene.path("/deliveries?limit=1")),
        (
            &scene.owner,
            scene.path(&format!("/events?limit=1&event_type={EVENT}")),
        ),
        (&scene.owner, scene.path("/endpoints?limit=1")),
    ];
    for (who, list) in lists {
        let answer = with(who, &list, &cursor).await;
        assert_eq!(answer.problem(400), "invalid-cursor", "{list}");
    }
}

async fn a_field_of_the_servers_is_refused_and_changes_nothing(mode: Mode) {
    let scene = Scene::start(mode).await;
    let endpoint = scene
        .endpoint_of(&scene.stage.merchant, &scene.endpoint_body())
        .await;
    let endpoint = scene.path(&format!("/endpoints/{}", text(&endpoint, "id")));
    let fields = json!({
        "id": "ep_01h455vb4pex5vsknk084sn02q",
        "merchant_id": scene.other,
        "app_id": "app_01h455vb4pex5vsknk084sn02q",
        "owner": scene.other,
        "created_at": "2020-01-01T00:00:00Z",
        "updated_at": "2020-01-01T00:00:00Z",
        "disabled_reason": "manual",
        "failing_since": null,
        "signing_secret": "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "platform_role": "admin",
        "role": "owner",
        "key_hash": "00",
        "__proto__": {"admin": true},
        "constructor": {},
    });
    let merchant = scene.path("");
    let before = [
        scene.owner.get(&merchant).await,
        scene.owner.get(&endpoint).await,
    ];
    for (name, value) in fields.as_object().unwrap() {
        let alone = json!({name: value});
        for path in [&merchant, &endpoint] {
            refuse(&scene.owner.patch(path, &alone).await, name);
        }
        refuse(&scene.post_endpoint_with(alone.clone()).await, name);
        let event = json!({"event_type": EVENT, "payload": {}, name: value});
        refuse(&scene.post_event(&[], event.to_string()).await, name);
        let key = json!({"name": "a key", "scopes": ["events:read"], name: value});
        refuse(
            &scene.owner.post(&scene.path("/api-keys"), &key).await,
            name,
        );
    }
    // Suspending is the platform's: an owner may not lift it, nor set it.
    for suspended in [true, false] {
        let change = json!({"suspended": suspended});
        let answer = scene.owner.patch(&merchant, &change).await;
        assert_eq!(answer.problem(403), "forbidden");
    }
    // Nobody makes themselves more than they are.
    let person = json!({
        "email": "intruder@example.com",
        "password": PASSWORD,
        "platform_role": "admin",
    });
    for who in [&scene.owner, &scene.viewer] {
        assert_eq!(
            who.post("/v1/users", &person).await.problem(403),
            "forbidden"
        );
        let new = json!({"name": "Mine", "store": {"name": "Mine"}});
        assert_eq!(
            who.post("/v1/merchants", &new).await.problem(403),
            "forbidden"
        );
    }
    let after = [
        scene.owner.get(&merchant).await,
        scene.owner.get(&endpoint).await,
    ];
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before.expect(200), after.expect(200));
    }
}

#[track_caller]
fn refuse(answer: &Answer, name: &str) {
    let problem = answer.expect(422);
    let pointer = text(&problem["errors"][0], "pointer");
    assert_eq!(pointer, format!("/{name}"), "{problem}");
}

/// Escape sequences and line breaks in everything that callers and receivers say.
#[expect(clippy::too_many_lines, reason = "one story")]
async fn nothing_that_anybody_says_breaks_a_line_of_the_log(mode: Mode) {
    const NASTY: &str =
        "\u{1b}[2J\u{1b}[31m\r\n{\"level\":\"ERROR\",\"message\":\"planted\"}\u{7}\u{85}\u{2028}";
    let scene = Scene::start(mode).await;
    scene.receiver.answer(Behaviour::Answer {
        status: 500,
        headers: vec![("x-note".to_owned(), "a\u{85}b".to_owned())],
        body: NASTY.into(),
    });
    let once = scene.endpoint_with(
        &json!({"schedule": [], "url": format!("{}/%1b%5b2J%0d%0aplanted", scene.receiver.url())}),
    );
    let endpoint = scene.endpoint_of(&scene.stage.merchant, &once).await;
    let test = scene.path(&format!("/endpoints/{}/test", text(&endpoint, "id")));
    let attempt = scene.owner.act(&test).await.expect(200);
    assert_eq!(attempt["http_status"], 500);
    let nasty = json!({
        "name": NASTY, "store": {"name": NASTY}, "event_type": NASTY, "payload": {NASTY: NASTY},
        "email": NASTY, "password": NASTY, "url": NASTY, "dialect": NASTY, "description": NASTY,
        "activities": [{"type": NASTY, "visitor": {"device_id": NASTY}}],
    });
    for path in [
        "/v1/merchants",
        "/v1/users",
        "/v1/auth/token",
        "/v1/apps",
        "/v1/event-types",
    ] {
        let answer = scene.admin().post(path, &nasty).await;
        assert!(
            (400..500).contains(&answer.status),
            "{path}: {}",
            answer.status
        );
    }
    for path in ["/events", "/activities", "/endpoints", "/api-keys"] {
        let answer = scene.owner.post(&scene.path(path), &nasty).await;
        assert!(
            (400..500).contains(&answer.status),
            "{path}: {}",
            answer.status
        );
    }
    let login = json!({"email": format!("a@b.example{NASTY}"), "password": NASTY});
    let answer = scene
        .owner
        .logged_out()
        .post("/v1/auth/token", &login)
        .await;
    assert!((400..500).contains(&answer.status));
    let event = json!({"event_type": EVENT, "payload": {NASTY: NASTY}});
    scene
        .owner
        .post(&scene.path("/events"), &event)
        .await
        .expect(202);
    let escaped = "%1b%5b2J%0d%0a%7b%22level%22:%22planted%22%7d";
    for path in [
        format!("/v1/{escaped}"),
        scene.path(&format!("/events?cursor={escaped}")),
        format!("/{escaped}?{escaped}"),
    ] {
        let answer = scene.owner.get(&path).await;
        assert!((400..500).contains(&answer.status), "{path}");
    }
    for name in [
        "X-Request-Id",
        "User-Agent",
        "Authorization",
        "Idempotency-Key",
        "traceparent",
    ] {
        let mut wire = Wire::connect(&scene.owner).await;
        let request = head("POST", &scene.path("/events"), scene.owner.token());
        wire.say(format!(
            "{request}{name}: {NASTY}\r\nContent-Length: 0\r\n\r\n"
        ))
        .await;
        assert_eq!(wire.answer().await.status, 400, "{name}");
    }
    let log = scene.log();
    check_lines(&log);
    let planted = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap_or_default();
        line["message"] == "planted" || line["level"] == "planted"
    };
    assert!(!log.lines().any(planted));
}

/// What a browser sends for another site without asking first: no token, a form's media types. No cookie is read.
async fn a_form_of_another_site_changes_nothing(mode: Mode) {
    let scene = Scene::start(mode).await;
    let body = json!({"event_type": EVENT, "payload": {}}).to_string();
    let nobody = scene.owner.logged_out();
    let before = scene.owner.get(&scene.path("/events")).await.expect(200);
    let token = scene.owner.token();
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ] {
        let cookies = format!("access_token={token}; token={token}; session={token}");
        let headers = [
            ("content-type", kind),
            ("origin", "https://attacker.example"),
            ("cookie", &cookies),
        ];
        let path = scene.path("/events");
        let answer = nobody
            .send(Method::POST, &path, &headers, body.clone())
            .await;
        assert_eq!(answer.problem(401), "unauthenticated", "{kind}");
        let answer = scene
            .owner
            .send(Method::POST, &path, &headers, body.clone())
            .await;
        assert_eq!(answer.problem(415), "unsupported-media-type", "{kind}");
    }
    // Neither is it told that it might: no answer lets another site read it.
    for method in [Method::OPTIONS, Method::GET] {
        let headers = [
            ("origin", "https://attacker.example"),
            ("access-control-request-method", "POST"),
        ];
        let answer = nobody
            .send(method, &scene.path("/events"), &headers, "")
            .await;
        let shared = answer
            .headers
            .keys()
            .any(|name| name.as_str().starts_with("access-control-"));
        assert!(!shared, "{:?}", answer.headers);
    }
    let login = json!({"email": "owner@example.com", "password": PASSWORD});
    let answer = nobody.post("/v1/auth/token", &login).await;
    assert!(answer.header("set-cookie").is_none());
    assert_eq!(
        scene.owner.get(&scene.path("/events")).await.expect(200),
        before
    );
}

/// Every operation of the document that takes a body.
async fn a_body_too_deep_or_too_large_is_refused_by_each_operation(mode: Mode) {
    let scene = Scene::start(mode).await;
    let document = scene.admin().get("/openapi.json").await.expect(200);
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let mut count = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation["requestBody"].is_null() {
                continue;
            }
            count += 1;
            let method: Method = method.to_uppercase().parse().unwrap();
            let path = filled(path, &scene.stage.merchant);
            let answer = scene
                .admin()
                .send(method.clone(), &path, &[], deep.clone())
                .await;
            assert!(
                (400..423).contains(&answer.status),
                "{method} {path}: {answer:?}"
            );
            answer.problem(answer.status);
            let mut wire = Wire::connect(scene.admin()).await;
            let request = head(method.as_str(), &path, scene.admin().token());
            let large = "Content-Type: application/json\r\nContent-Length: 17825792\r\n\r\n";
            wire.say(format!("{request}{large}")).await;
            let answer = wire.answer().await;
            assert!(
                [404, 413].contains(&answer.status),
                "{method} {path}: {answer:?}"
            );
            answer.problem(answer.status);
        }
    }
    assert!(count > 15, "{count} operations with a body");
    assert_eq!(scene.admin().get("/readyz").await.status, 200);
}

/// A path with an id of the right kind for each parameter: the merchant's own, else one of nobody's.
fn filled(path: &str, merchant: &str) -> String {
    let parts = path.split('/').map(|part| match part {
        "{merchant_id}" => merchant.to_owned(),
        "{endpoint_id}" => "ep_01h455vb4pex5vsknk084sn02q".to_owned(),
        "{app_id}" => "app_01h455vb4pex5vsknk084sn02q".to_owned(),
        part if part.starts_with('{') => "nothing".to_owned(),
        part => part.to_owned(),
    });
    let path = parts.collect::<Vec<_>>().join("/");
    if path.starts_with("/v1") {
        path
    } else {
        format!("/v1{path}")
    }
}
