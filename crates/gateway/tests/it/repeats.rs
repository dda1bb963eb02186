//! The same call twice: by Idempotency-Key and by event id.

use gateway::Error;
use gateway::ingest::{How, IdempotencyKey, Publish};

use crate::world::{World, event};

on_both!(
    a_repeat_by_key_is_given_the_first_answer,
    a_key_with_another_body_is_refused,
    a_batch_is_replayed_by_its_key,
    a_repeat_by_event_id_is_given_the_first_event,
    an_event_id_with_another_payload_is_a_conflict,
    a_batch_that_partly_repeats_stores_the_rest,
    a_batch_that_partly_repeats_is_replayed_by_its_key,
    twenty_identical_calls_at_once_make_one_event,
);

async fn a_repeat_by_key_is_given_the_first_answer(world: World) {
    let scope = world.merchant().await;
    world.endpoint(scope, &["PRODUCT_VIEWED"]).await;
    for event_id in [None, Some("order-1")] {
        let key = format!("key-{event_id:?}");
        let call = || world.publish_with_key(scope, &key, vec![event(event_id, r#"{"a":1}"#)]);
        let first = call().await.unwrap();
        assert_eq!(
            (first.how, first.events[0].deliveries.len()),
            (How::Stored, 1)
        );
        let second = call().await.unwrap();
        assert_eq!(second.how, How::RepeatOfKey);
        assert_eq!(second.events, first.events);
    }
    let other = world.merchant().await;
    let call = world
        .publish_with_key(other, "key-None", vec![event(None, "{}")])
        .await;
    assert_eq!(
        call.unwrap().how,
        How::Stored,
        "another merchant's key is another key"
    );
}

async fn a_key_with_another_body_is_refused(world: World) {
    let scope = world.merchant().await;
    world
        .publish_with_key(scope, "k", vec![event(None, "{}")])
        .await
        .unwrap();
    let other = world
        .publish_with_key(scope, "k", vec![event(None, r#"{"b":1}"#)])
        .await;
    assert!(matches!(other, Err(Error::KeyReused)), "{other:?}");
    let longer = vec![event(None, "{}"), event(None, "{}")];
    let longer = world.publish_with_key(scope, "k", longer).await;
    assert!(matches!(longer, Err(Error::KeyReused)), "{longer:?}");
}

async fn a_batch_is_replayed_by_its_key(world: World) {
    let scope = world.merchant().await;
    world.endpoint(scope, &["PRODUCT_VIEWED"]).await;
    let batch = || {
        vec![
            event(None, r#"{"n":0}"#),
            event(Some("b"), r#"{"n":1}"#),
            event(None, r#"{"n":2}"#),
        ]
    };
    let first = world.publish_with_key(scope, "k", batch()).await.unwrap();
    let second = world.publish_with_key(scope, "k", batch()).await.unwrap();
    assert_eq!((first.how, second.how), (How::Stored, How::RepeatOfKey));
    assert_eq!((second.events.len(), &second.events), (3, &first.events));
}

async fn a_repeat_by_event_id_is_given_the_first_event(world: World) {
    let scope = world.merchant().await;
    world.endpoint(scope, &["PRODUCT_VIEWED"]).await;
    let call = || world.publish(scope, vec![event(Some("order-1"), r#"{"a":1}"#)]);
    let first = call().await.unwrap();
    assert_eq!(&*first.events[0].event_id, "order-1");
    let second = call().await.unwrap();
    assert_eq!((first.how, second.how), (How::Stored, How::RepeatOfEventId));
    assert_eq!(first.events, second.events);
}

async fn an_event_id_with_another_payload_is_a_conflict(world: World) {
    let scope = world.merchant().await;
    world
        .publish(scope, vec![event(Some("order-1"), "{}")])
        .await
        .unwrap();
    let other = world
        .publish(scope, vec![event(Some("order-1"), "{ }")])
        .await;
    assert!(matches!(other, Err(Error::Conflict { .. })), "{other:?}");
    let batch = vec![event(Some("order-2"), "{}"), event(Some("order-1"), "{ }")];
    let batch = world.publish(scope, batch).await;
    assert!(matches!(batch, Err(Error::Conflict { .. })), "{batch:?}");
    assert_eq!(
        world.storage.find_event(scope, "order-2").await.unwrap(),
        None
    );
}

async fn a_batch_that_partly_repeats_stores_the_rest(world: World) {
    let scope = world.merchant().await;
    world.endpoint(scope, &["PRODUCT_VIEWED"]).await;
    let first = world
        .publish(scope, vec![event(Some("b"), "{}")])
        .await
        .unwrap();
    let batch = vec![
        event(Some("a"), "{}"),
        event(Some("b"), "{}"),
        event(None, "{}"),
    ];
    let second = world.publish(scope, batch).await.unwrap();
    assert_eq!((second.how, second.events.len()), (How::Stored, 3));
    assert_eq!(&*second.events[0].event_id, "a");
    assert_eq!(second.events[1], first.events[0]);
    assert_eq!(
        &*second.events[2].event_id,
        &*second.events[2].id.to_string()
    );
}

async fn a_batch_that_partly_repeats_is_replayed_by_its_key(world: World) {
    let scope = world.merchant().await;
    let known = ["x", "y"];
    for id in known {
        world
            .publish(scope, vec![event(Some(id), "{}")])
            .await
            .unwrap();
    }
    let batch = || {
        let ids = [Some("x"), None, Some("y"), None, Some("z"), None];
        ids.map(|id| event(id, "{}")).to_vec()
    };
    let first = world.publish_with_key(scope, "k", batch()).await.unwrap();
    let second = world.publish_with_key(scope, "k", batch()).await.unwrap();
    assert_eq!((first.how, second.how), (How::Stored, How::RepeatOfKey));
    assert_eq!((first.events.len(), &first.events), (6, &second.events));
}

async fn twenty_identical_calls_at_once_make_one_event(world: World) {
    let scope = world.merchant().await;
    world.endpoint(scope, &["PRODUCT_VIEWED"]).await;
    let calls = (0..20).map(|n| {
        let gateway = world.gateway.clone();
        let idempotency = Some(IdempotencyKey {
            key: if n % 2 == 0 { "k" } else { "l" }.to_owned(),
            body_hash: [1; 32],
        });
        let events = vec![event(Some("order-1"), "{}")];
        tokio::spawn(async move {
            gateway
                .publish(
                    scope,
                    Publish {
                        events,
                        idempotency,
                    },
                )
                .await
        })
    });
    let mut events = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        events.push(call.await.unwrap().unwrap().events);
    }
    assert!(events.iter().all(|event| *event == events[0]));
}
