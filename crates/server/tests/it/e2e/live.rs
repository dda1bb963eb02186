//! The live tail of the log.

use serde_json::{Value, json};
use testkit::receiver::{Behaviour, Receiver};
use testkit::server::Mode;

use super::stage::{LATER, Stage, create_merchant};

in_both_modes! {
    what_happens_is_told_as_it_happens,
    a_tail_goes_on_where_it_was_left,
    a_tail_ends_with_the_login,
}

async fn what_happens_is_told_as_it_happens(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start_with(mode, &[LATER]), Receiver::start());
    stage.flexype(&receiver).await;
    let before = stage.publish().await;
    stage.wait_for(before.only(), "succeeded").await;
    let mut tail = stage
        .rest()
        .follow(&stage.path("/delivery-stream"), &[])
        .await;
    let mut failed = stage
        .rest()
        .follow("/v1/delivery-stream?status=retrying", &[])
        .await;
    receiver.answer(Behaviour::Status(500));
    // The first look is what everything is compared with: what is published before it is no news.
    let published = loop {
        let published = stage.publish().await;
        stage.wait_for(published.only(), "retrying").await;
        if let Ok(event) =
            tokio::time::timeout(std::time::Duration::from_secs(3), tail.next()).await
        {
            assert_eq!(event.unwrap().name, "delivery");
            break stage.publish().await;
        }
    };
    let told = tail
        .until(|event| event.id == published.only() && event.data["status"] == "retrying")
        .await;
    let listed = stage.delivery(published.only()).await;
    assert_eq!(told.data, listed);
    failed.until(|event| event.id == published.only()).await;

    let other = create_merchant(stage.rest(), "Red Gate").await;
    let path = format!("/v1/merchants/{other}/delivery-stream");
    let answer = stage.rest().get(&format!("{path}?statuss=failed")).await;
    assert_eq!(answer.problem(400), "invalid-parameter");
}

async fn a_tail_goes_on_where_it_was_left(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start_with(mode, &[LATER]), Receiver::start());
    stage.flexype(&receiver).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let published = stage.publish().await;
        stage.wait_for(published.only(), "succeeded").await;
        ids.push(published.only().to_owned());
    }
    let last = [("last-event-id", ids[0].as_str())];
    let mut tail = stage
        .rest()
        .follow(&stage.path("/delivery-stream"), &last)
        .await;
    let told = [tail.next().await.unwrap().id, tail.next().await.unwrap().id];
    assert_eq!(told, ids[1..]);
    let wrong = [("last-event-id", "x")];
    let answer = stage
        .rest()
        .send(
            http::Method::GET,
            &stage.path("/delivery-stream"),
            &wrong,
            Vec::new(),
        )
        .await;
    assert_eq!(answer.status, 400, "{answer:?}");
}

async fn a_tail_ends_with_the_login(mode: Mode) {
    let stage = Stage::start(mode).await;
    let person = json!({
        "email": "joe@example.com",
        "password": "correct horse battery",
        "memberships": [{ "merchant_id": stage.merchant, "role": "viewer" }],
    });
    stage.rest().post("/v1/users", &person).await.expect(201);
    let joe = stage
        .rest()
        .login("joe@example.com", "correct horse battery")
        .await;
    let mut tail = joe.follow(&stage.path("/delivery-stream"), &[]).await;
    let logins = joe.get("/v1/me/logins").await.expect(200);
    let login = logins["data"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        joe.delete(&format!("/v1/me/logins/{login}")).await.status,
        204
    );
    assert_eq!(tail.next().await.map(|event| event.data), None::<Value>);
}
