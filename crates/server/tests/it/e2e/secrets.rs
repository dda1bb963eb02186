//! Secrets: who sees them, and how they change: contract 34 and 35.

use serde_json::json;
use testkit::receiver::{Behaviour, Receiver};
use testkit::rest::text;
use testkit::server::Mode;

use super::stage::{SECRET, SOON, Stage};

in_both_modes! {
    contract_034_a_401_from_a_receiver_is_an_ordinary_failure,
    contract_035_a_secret_is_shown_at_create_reveal_and_rotate_only,
    contract_027_rotation_changes_the_plain_secret_at_once_and_signs_with_both_for_the_overlap,
    an_overlap_ends_at_once_when_the_previous_secret_is_revoked,
}

async fn an_overlap_ends_at_once_when_the_previous_secret_is_revoked(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let endpoint = stage.flexype(&receiver).await;
    let rotate = stage.endpoint_path(&endpoint, "/secret/rotate");
    let rotated = stage
        .rest()
        .post(&rotate, &json!({"overlap": "24h"}))
        .await
        .expect(200);
    assert!(rotated["previous_signs_until"].is_string());
    let signatures = async |count: usize| {
        stage.publish().await;
        let request = receiver.wait_for(count, SOON).await.remove(count - 1);
        request
            .header("webhook-signature")
            .unwrap()
            .split(' ')
            .count()
    };
    assert_eq!(signatures(1).await, 2);
    let previous = stage.endpoint_path(&endpoint, "/secret/previous");
    for _ in 0..2 {
        assert_eq!(stage.rest().delete(&previous).await.status, 204);
    }
    assert_eq!(signatures(2).await, 1);
    let shown = stage
        .rest()
        .get(&stage.endpoint_path(&endpoint, "/secret"))
        .await
        .expect(200);
    assert_eq!(shown["secret"], rotated["secret"]);
    assert_eq!(shown["previous_signs_until"], json!(null));
}

async fn contract_034_a_401_from_a_receiver_is_an_ordinary_failure(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    receiver.answer(Behaviour::custom(|request| {
        match request.header("x-flexype-authorization") {
            Some("the-secret-the-receiver-knows") => (200, Vec::new()),
            _ => (401, b"Unauthorized".to_vec()),
        }
    }));
    let endpoint = stage.flexype(&receiver).await;
    let published = stage.publish().await;
    let delivery = stage.wait_for(published.only(), "failed").await;
    assert_eq!(delivery["last_http_status"], 401);
    assert_eq!(delivery["attempt_count"], 4);
    let shown = stage.rest().get(&stage.endpoint_path(&endpoint, "")).await;
    assert_eq!(shown.expect(200)["enabled"], true);
    let right = json!({"secret": "the-secret-the-receiver-knows"});
    let path = stage.endpoint_path(&endpoint, "/secret/rotate");
    stage.rest().post(&path, &right).await.expect(200);
    stage.act(published.only(), "retry").await.expect(202);
    stage.wait_for(published.only(), "succeeded").await;
}

async fn contract_035_a_secret_is_shown_at_create_reveal_and_rotate_only(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let endpoint = stage.flexype(&receiver).await;
    assert_eq!(endpoint["secret"], SECRET);
    let signing = text(&endpoint, "signing_secret").to_owned();
    let published = stage.publish().await;
    stage.wait_for(published.only(), "succeeded").await;
    let delivery = format!("/deliveries/{}", published.only());
    let event = format!("/events/{}", published.event_id);
    let endpoint_path = format!("/endpoints/{}", text(&endpoint, "id"));
    for path in [
        "",
        "/endpoints",
        &endpoint_path,
        "/deliveries",
        &delivery,
        &format!("{delivery}/attempts"),
        &event,
    ] {
        let answer = stage.rest().get(&stage.path(path)).await;
        answer.expect(200);
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(
            !body.contains(SECRET) && !body.contains(&signing),
            "{path}: {body}"
        );
    }
    let patched = json!({"description": "new"});
    let patched = stage
        .rest()
        .patch(&stage.path(&endpoint_path), &patched)
        .await;
    patched.expect(200);
    assert!(!String::from_utf8_lossy(&patched.body).contains(SECRET));
    let revealed = stage
        .rest()
        .get(&stage.path(&format!("{endpoint_path}/secret")))
        .await;
    let revealed = revealed.expect(200);
    assert_eq!(
        (text(&revealed, "secret"), text(&revealed, "signing_secret")),
        (SECRET, &*signing)
    );
    let log = stage.server.log_lines().join("\n");
    assert!(
        !log.contains(SECRET) && !log.contains(&signing),
        "a secret is in the log"
    );
    // The masked secret of an attempt ends like it, so that people can tell two apart.
    let attempt = &stage.attempts(published.only()).await[0];
    assert_eq!(
        attempt["request_headers"]["x-flexype-authorization"],
        "…made"
    );
}

async fn contract_027_rotation_changes_the_plain_secret_at_once_and_signs_with_both_for_the_overlap(
    mode: Mode,
) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let endpoint = stage.flexype(&receiver).await;
    let rotate = stage.endpoint_path(&endpoint, "/secret/rotate");
    let signatures = async |count: usize| {
        stage.publish().await;
        let request = receiver.wait_for(count, SOON).await.remove(count - 1);
        let secret = request
            .header("x-flexype-authorization")
            .unwrap()
            .to_owned();
        let header = request.header("webhook-signature").unwrap();
        (secret, header.split(' ').count())
    };
    assert_eq!(signatures(1).await, (SECRET.to_owned(), 1));
    let rotated = stage
        .rest()
        .post(&rotate, &json!({"overlap": "1h"}))
        .await
        .expect(200);
    let new = text(&rotated, "secret").to_owned();
    assert_ne!(new, SECRET);
    assert_ne!(rotated["signing_secret"], endpoint["signing_secret"]);
    assert!(rotated["previous_signs_until"].is_string());
    assert_eq!(signatures(2).await, (new, 2));
    let at_once = json!({"secret": "one-more-secret-of-mine", "overlap": "0s"});
    stage.rest().post(&rotate, &at_once).await.expect(200);
    assert_eq!(
        signatures(3).await,
        ("one-more-secret-of-mine".to_owned(), 1)
    );
    let long = stage
        .rest()
        .post(&rotate, &json!({"overlap": "1000h"}))
        .await;
    assert_eq!(long.problem(422), "validation-failed");
}
