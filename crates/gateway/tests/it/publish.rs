//! Publishing: fan-out, freshness of configuration, overload, shutdown.

use std::collections::HashSet;
use std::time::Duration;

use domain::clock::Clock as _;
use domain::delivery::{SkipReason, Status};
use domain::endpoint::DisabledReason;
use domain::id::MerchantId;
use domain::tenancy::TenantScope;
use gateway::Error;
use gateway::ingest::How;
use gateway::merchants::MerchantPatch;

use crate::world::{World, event, settings};

on_both!(
    an_event_goes_to_every_subscribed_endpoint_and_the_queue_is_told,
    a_disabled_endpoint_gets_a_skipped_row,
    a_hundred_callers_at_once_are_all_stored,
    a_batch_of_a_thousand_is_stored_in_order,
    an_unknown_type_is_refused_by_its_place,
    a_suspended_merchant_may_not_publish,
    a_merchant_that_does_not_exist_is_not_found,
    too_much_waiting_is_refused_at_once,
    what_waits_when_the_process_stops_is_still_answered,
);

async fn an_event_goes_to_every_subscribed_endpoint_and_the_queue_is_told(world: World) {
    let scope = world.merchant().await;
    let types = ["NEW_CUSTOMER", "PRODUCT_VIEWED"];
    let both = [
        world.endpoint(scope, &types).await,
        world.endpoint(scope, &types[1..]).await,
    ];
    world.endpoint(scope, &types[..1]).await;
    world.endpoint(world.merchant().await, &types).await;
    let mut listener = world.listen();
    let payload = r#"{"price":1.10,"name":"שלום","name":"twice"}"#;
    let published = world
        .publish(scope, vec![event(None, payload)])
        .await
        .unwrap();
    assert_eq!(published.how, How::Stored);
    let [published] = &published.events[..] else {
        panic!("{published:?}")
    };
    assert_eq!(*published.event_id, *published.id.to_string());
    let ids: HashSet<_> = both
        .iter()
        .map(|destination| destination.endpoint.id)
        .collect();
    let targets: HashSet<_> = published
        .deliveries
        .iter()
        .map(|(_, endpoint)| *endpoint)
        .collect();
    assert_eq!((published.deliveries.len(), targets), (2, ids));
    let stored = world
        .storage
        .event(scope, published.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(stored.payload, payload.as_bytes());
    assert!(stored.store.contains("Blue Door Shop"));
    let mut told = HashSet::new();
    while told.len() < 2 {
        let heard = tokio::time::timeout(Duration::from_secs(10), listener.due.recv());
        told.extend(
            heard
                .await
                .unwrap()
                .unwrap()
                .iter()
                .map(|stub| stub.delivery_id),
        );
    }
    let made: HashSet<_> = published.deliveries.iter().map(|(id, _)| *id).collect();
    assert_eq!(told, made);
}

async fn a_disabled_endpoint_gets_a_skipped_row(world: World) {
    let scope = world.merchant().await;
    let id = world.endpoint(scope, &["PRODUCT_VIEWED"]).await.endpoint.id;
    let disable = world
        .gateway
        .disable_endpoint(scope, id, DisabledReason::Manual);
    assert!(disable.await.unwrap().disabled.is_some());
    let published = world.publish(scope, vec![event(None, "{}")]).await.unwrap();
    let delivery = published.events[0].deliveries[0].0;
    let shown = world
        .storage
        .delivery(scope, delivery)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(shown.status, Status::Skipped);
    assert_eq!(shown.skip_reason, Some(SkipReason::EndpointDisabled));
    world.gateway.enable_endpoint(scope, id).await.unwrap();
    let published = world.publish(scope, vec![event(None, "{}")]).await.unwrap();
    let delivery = published.events[0].deliveries[0].0;
    let shown = world
        .storage
        .delivery(scope, delivery)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(shown.status, Status::Pending);
}

async fn a_hundred_callers_at_once_are_all_stored(world: World) {
    let scope = world.merchant().await;
    world.endpoint(scope, &["PRODUCT_VIEWED"]).await;
    let calls = (0..100).map(|_| {
        let gateway = world.gateway.clone();
        let call = gateway::ingest::Publish {
            events: vec![event(None, "{}")],
            idempotency: None,
        };
        tokio::spawn(async move { gateway.publish(scope, call).await.unwrap() })
    });
    let mut ids = HashSet::new();
    for call in calls.collect::<Vec<_>>() {
        let published = call.await.unwrap();
        assert_eq!(published.events[0].deliveries.len(), 1);
        ids.insert(published.events[0].id);
    }
    assert_eq!(ids.len(), 100);
}

async fn a_batch_of_a_thousand_is_stored_in_order(world: World) {
    let scope = world.merchant().await;
    world.endpoint(scope, &["PRODUCT_VIEWED"]).await;
    let names: Vec<String> = (0..1_000).map(|n| format!("order-{n}")).collect();
    let events = names.iter().map(|name| event(Some(name), "{}")).collect();
    let published = world.publish(scope, events).await.unwrap();
    let wire: Vec<&str> = published
        .events
        .iter()
        .map(|event| &*event.event_id)
        .collect();
    assert_eq!(wire, names);
    let found = world
        .storage
        .find_event(scope, "order-77")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.id, published.events[77].id);
}

async fn an_unknown_type_is_refused_by_its_place(world: World) {
    let scope = world.merchant().await;
    let mut events = vec![event(None, "{}"), event(None, "{}")];
    "NOTHING".clone_into(&mut events[1].event_type);
    let refused = world.publish(scope, events).await;
    let Err(Error::Invalid(errors)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(errors[0].pointer, "/events/1/event_type");
    let filter = storage::events::EventFilter::default();
    let page = storage::PageRequest {
        limit: 1,
        before: None,
    };
    assert!(
        world
            .storage
            .events(scope, &filter, page)
            .await
            .unwrap()
            .rows
            .is_empty()
    );
}

async fn a_suspended_merchant_may_not_publish(world: World) {
    let scope = world.merchant().await;
    world.publish(scope, vec![event(None, "{}")]).await.unwrap();
    for suspended in [true, false] {
        let patch = MerchantPatch {
            suspended: Some(suspended),
            ..MerchantPatch::default()
        };
        world.gateway.update_merchant(scope, patch).await.unwrap();
        let published = world.publish(scope, vec![event(None, "{}")]).await;
        assert_eq!(
            matches!(published, Err(Error::Suspended)),
            suspended,
            "{published:?}"
        );
    }
}

async fn a_merchant_that_does_not_exist_is_not_found(world: World) {
    let scope = TenantScope::of(MerchantId::floor(world.storage.clock().now()));
    let refused = world.publish(scope, vec![event(None, "{}")]).await;
    assert!(matches!(refused, Err(Error::NotFound)), "{refused:?}");
    let scope = world.merchant().await;
    world.gateway.delete_merchant(scope).await.unwrap();
    let refused = world.publish(scope, vec![event(None, "{}")]).await;
    assert!(matches!(refused, Err(Error::NotFound)), "{refused:?}");
}

async fn too_much_waiting_is_refused_at_once(world: World) {
    let mut settings = settings();
    settings.ingest_waiting = 1;
    let world = world.again(settings).await;
    let scope = world.merchant().await;
    let calls = (0..400).map(|_| {
        let gateway = world.gateway.clone();
        let call = gateway::ingest::Publish {
            events: vec![event(None, "{}")],
            idempotency: None,
        };
        tokio::spawn(async move { gateway.publish(scope, call).await })
    });
    let (mut stored, mut refused) = (0, 0);
    for call in calls.collect::<Vec<_>>() {
        match call.await.unwrap() {
            Ok(_) => stored += 1,
            Err(Error::Overloaded) => refused += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(stored > 0 && refused > 0, "{stored} {refused}");
    world.publish(scope, vec![event(None, "{}")]).await.unwrap();
}

async fn what_waits_when_the_process_stops_is_still_answered(world: World) {
    let scope = world.merchant().await;
    let calls = (0..50).map(|_| {
        let gateway = world.gateway.clone();
        let call = gateway::ingest::Publish {
            events: vec![event(None, "{}")],
            idempotency: None,
        };
        tokio::spawn(async move { gateway.publish(scope, call).await })
    });
    let calls: Vec<_> = calls.collect();
    world.stop.cancel();
    for call in calls {
        let answer = tokio::time::timeout(Duration::from_secs(10), call).await;
        let answer = answer.expect("an answer").unwrap();
        assert!(
            matches!(answer, Ok(_) | Err(Error::Overloaded)),
            "{answer:?}"
        );
    }
    // Once it has stopped nothing is taken in.
    let end = std::time::Instant::now() + Duration::from_secs(10);
    while world.publish(scope, vec![event(None, "{}")]).await.is_ok() {
        assert!(
            std::time::Instant::now() < end,
            "it goes on taking events in"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_through_another_process_counts_for_the_next_publish() {
    let here = World::postgres().await;
    let there = here.again(settings()).await;
    let scope = here.merchant().await;
    let id = here.endpoint(scope, &["NEW_CUSTOMER"]).await.endpoint.id;
    for round in 0..20 {
        let types = if round % 2 == 0 {
            ["PRODUCT_VIEWED"]
        } else {
            ["NEW_CUSTOMER"]
        };
        let types = types.map(str::to_owned).to_vec();
        there
            .gateway
            .set_subscriptions(scope, id, types)
            .await
            .unwrap();
        let published = here.publish(scope, vec![event(None, "{}")]).await.unwrap();
        let expected = usize::from(round % 2 == 0);
        assert_eq!(
            published.events[0].deliveries.len(),
            expected,
            "round {round}"
        );
    }
    for suspended in [true, false] {
        let patch = MerchantPatch {
            suspended: Some(suspended),
            ..MerchantPatch::default()
        };
        there.gateway.update_merchant(scope, patch).await.unwrap();
        let published = here.publish(scope, vec![event(None, "{}")]).await;
        assert_eq!(published.is_err(), suspended, "{published:?}");
    }
    there.gateway.delete_endpoint(scope, id).await.unwrap();
    let published = here.publish(scope, vec![event(None, "{}")]).await.unwrap();
    assert!(published.events[0].deliveries.is_empty());
}
