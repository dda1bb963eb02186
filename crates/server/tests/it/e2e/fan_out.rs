//! Who gets an event: contract 32, subscriptions and tenants.

use std::collections::HashSet;

use serde_json::json;
use testkit::receiver::Receiver;
use testkit::rest::text;
use testkit::server::Mode;

use super::stage::{EVENT, PAYLOAD, SOON, Stage, create_merchant, flexype, standard, with};

in_both_modes! {
    contract_032_one_event_has_one_id_and_a_delivery_for_each_endpoint,
    contract_163_merchants_share_nothing,
    a_change_of_subscriptions_is_honoured_by_the_very_next_event,
    an_endpoint_cannot_subscribe_to_what_does_not_exist_or_is_of_another_dialect,
}

async fn contract_032_one_event_has_one_id_and_a_delivery_for_each_endpoint(mode: Mode) {
    let stage = Stage::start(mode).await;
    let mut receivers = Vec::new();
    for _ in 0..4 {
        let receiver = Receiver::start().await;
        stage.flexype(&receiver).await;
        receivers.push(receiver);
    }
    receivers[2].answer(testkit::receiver::Behaviour::statuses(&[500, 200]));
    let published = stage.publish().await;
    let ids: HashSet<&String> = published.deliveries.iter().map(|(id, _)| id).collect();
    let endpoints: HashSet<&String> = published.deliveries.iter().map(|(_, to)| to).collect();
    assert_eq!((ids.len(), endpoints.len()), (4, 4));
    for (id, _) in &published.deliveries {
        let delivery = stage.wait_for(id, "succeeded").await;
        assert_eq!(delivery["event_id"], published.event_id);
    }
    let bodies: HashSet<_> = receivers
        .iter()
        .flat_map(Receiver::requests)
        .map(|request| request.body)
        .collect();
    assert_eq!(bodies.len(), 1, "one event, one body");
    let counts: Vec<usize> = receivers.iter().map(|to| to.requests().len()).collect();
    assert_eq!(counts, [1, 1, 2, 1], "each retries on its own");
}

async fn contract_163_merchants_share_nothing(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let endpoint = stage.flexype(&receiver).await;
    let published = stage.publish().await;
    stage.wait_for(published.only(), "succeeded").await;
    let other = create_merchant(stage.rest(), "Another Store").await;
    let body = format!(r#"{{"event_type":"{EVENT}","payload":{PAYLOAD}}}"#);
    let theirs = stage
        .rest()
        .send(
            http::Method::POST,
            &format!("/v1/merchants/{other}/events"),
            &[],
            body.clone(),
        )
        .await;
    assert_eq!(theirs.expect(202)["deliveries"], json!([]));
    let scopes = json!([
        "events:write",
        "events:read",
        "endpoints:write",
        "deliveries:write",
        "deliveries:read"
    ]);
    let key = json!({"name": "theirs", "scopes": scopes});
    let path = format!("/v1/merchants/{other}/api-keys");
    let key = stage.rest().post(&path, &key).await.expect(201);
    let stranger = stage.rest().with_token(text(&key, "key"));
    let (endpoint, delivery) = (text(&endpoint, "id"), published.only());
    for merchant in [&stage.merchant, &other] {
        for path in [
            format!("endpoints/{endpoint}"),
            format!("deliveries/{delivery}"),
            format!("deliveries/{delivery}/attempts"),
            format!("events/{}", published.event_id),
        ] {
            let answer = stranger
                .get(&format!("/v1/merchants/{merchant}/{path}"))
                .await;
            assert_eq!(answer.problem(404), "not-found", "{merchant} {path}");
        }
        for action in ["retry", "cancel"] {
            let path = format!("/v1/merchants/{merchant}/deliveries/{delivery}/{action}");
            assert_eq!(stranger.act(&path).await.problem(404), "not-found");
        }
        let path = format!("/v1/merchants/{merchant}/endpoints/{endpoint}/test");
        assert_eq!(stranger.act(&path).await.problem(404), "not-found");
    }
    let path = stage.path("/events");
    let refused = stranger.send(http::Method::POST, &path, &[], body).await;
    assert_eq!(refused.problem(404), "not-found");
    assert_eq!(receiver.requests().len(), 1);
}

async fn a_change_of_subscriptions_is_honoured_by_the_very_next_event(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let beside = match mode {
        Mode::Embedded => None,
        Mode::Cluster => Some(stage.server.start_beside(&["api"]).await),
    };
    let endpoint = stage.flexype(&receiver).await;
    let path = stage.endpoint_path(&endpoint, "/subscriptions");
    // In a cluster the change is made through another process than the one that publishes.
    let changer = beside.as_ref().map_or(stage.rest(), |server| server.rest());
    for round in 0..10 {
        let types = if round % 2 == 0 {
            json!(["NEW_CUSTOMER"])
        } else {
            json!([EVENT])
        };
        let put = changer.put(&path, &json!({"event_types": types})).await;
        assert_eq!(put.expect(200)["event_types"], types);
        let published = stage.publish().await;
        assert_eq!(published.deliveries.len(), round % 2, "round {round}");
        assert_eq!(
            stage.rest().get(&path).await.expect(200)["event_types"],
            types
        );
    }
    receiver.wait_for(5, SOON).await;
}

async fn an_endpoint_cannot_subscribe_to_what_does_not_exist_or_is_of_another_dialect(mode: Mode) {
    let stage = Stage::start(mode).await;
    let custom =
        json!({"name": "order.created", "dialect": "standard", "description": "An order."});
    stage
        .rest()
        .post("/v1/event-types", &custom)
        .await
        .expect(201);
    let url = "http://127.0.0.1:9";
    let create = async |body| stage.rest().post(&stage.path("/endpoints"), &body).await;
    for types in [json!(["NO_SUCH_TYPE"]), json!(["order.created"])] {
        let refused = create(with(flexype(url), &json!({"event_types": types}))).await;
        assert_eq!(refused.problem(422), "validation-failed", "{types}");
    }
    let any = json!({"event_types": [EVENT, "order.created"]});
    create(with(standard(url), &any)).await.expect(201);
}
