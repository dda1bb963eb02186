//! Manual retries and cancelling.

use std::sync::Arc;
use std::time::Duration;

use domain::attempt::Outcome;
use domain::clock::Clock as _;
use domain::delivery::{Next, Status};
use domain::endpoint::DisabledReason;
use domain::id::DeliveryId;
use domain::tenancy::TenantScope;
use gateway::Error;
use storage::claims::Claimed;
use storage::settle::Settlement;

use crate::world::{World, event};

on_both!(
    a_failed_delivery_is_retried_and_the_queue_is_told,
    a_retry_conflicts_while_one_is_in_flight,
    a_retry_conflicts_while_its_endpoint_is_disabled_or_gone,
    only_a_waiting_delivery_is_cancelled,
);

async fn published(world: &World) -> (TenantScope, DeliveryId, domain::id::EndpointId) {
    let scope = world.merchant().await;
    let endpoint = world.endpoint(scope, &["PRODUCT_VIEWED"]).await.endpoint.id;
    let published = world.publish(scope, vec![event(None, "{}")]).await.unwrap();
    (scope, published.events[0].deliveries[0].0, endpoint)
}

pub(crate) async fn settle(world: &World, claim: &Claimed, next: Next) {
    let ended = Settlement {
        delivery_id: claim.delivery_id,
        endpoint_id: claim.endpoint_id,
        merchant_id: claim.merchant_id,
        number: claim.number,
        lease_until: claim.lease_until,
        attempt_count: claim.number,
        trigger: claim.trigger,
        attempt: None,
        outcome: Outcome::Timeout,
        http_status: None,
        ended_at: world.storage.clock().now(),
        next,
    };
    assert_eq!(
        world
            .storage
            .settle(Arc::new(vec![ended]))
            .await
            .unwrap()
            .len(),
        1
    );
}

fn conflict<T: std::fmt::Debug>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::Conflict { .. }))
}

async fn a_failed_delivery_is_retried_and_the_queue_is_told(world: World) {
    let (scope, id, _) = published(&world).await;
    let claim = world.claim(id).await;
    settle(&world, &claim, Next::Failed).await;
    let mut listener = world.listen();
    let shown = world
        .gateway
        .retry_delivery(scope, id, "usr_1")
        .await
        .unwrap();
    assert_eq!(shown.status, Status::Pending);
    let heard = tokio::time::timeout(Duration::from_secs(10), listener.due.recv())
        .await
        .unwrap();
    assert_eq!(heard.unwrap()[0].delivery_id, id);
    let foreign = world
        .gateway
        .retry_delivery(world.merchant().await, id, "usr_1")
        .await;
    assert!(matches!(foreign, Err(Error::NotFound)), "{foreign:?}");
}

async fn a_retry_conflicts_while_one_is_in_flight(world: World) {
    let (scope, id, _) = published(&world).await;
    let retry = || world.gateway.retry_delivery(scope, id, "usr_1");
    assert!(conflict(&retry().await), "it is due already");
    let claim = world.claim(id).await;
    assert!(conflict(&retry().await), "it is in flight");
    let later = world.storage.clock().now() + Duration::from_mins(1);
    settle(&world, &claim, Next::Retry(later)).await;
    let shown = retry().await.unwrap();
    assert!(
        shown.next_attempt_at.unwrap() < later,
        "it is brought forward"
    );
}

async fn a_retry_conflicts_while_its_endpoint_is_disabled_or_gone(world: World) {
    let (scope, id, endpoint) = published(&world).await;
    let claim = world.claim(id).await;
    settle(&world, &claim, Next::Failed).await;
    let gateway = &world.gateway;
    gateway
        .disable_endpoint(scope, endpoint, DisabledReason::Manual)
        .await
        .unwrap();
    assert!(conflict(&gateway.retry_delivery(scope, id, "usr_1").await));
    gateway.delete_endpoint(scope, endpoint).await.unwrap();
    assert!(conflict(&gateway.retry_delivery(scope, id, "usr_1").await));
}

async fn only_a_waiting_delivery_is_cancelled(world: World) {
    let (scope, id, _) = published(&world).await;
    let gateway = &world.gateway;
    let claim = world.claim(id).await;
    assert!(
        conflict(&gateway.cancel_delivery(scope, id).await),
        "in flight"
    );
    let later = world.storage.clock().now() + Duration::from_mins(1);
    settle(&world, &claim, Next::Retry(later)).await;
    let foreign = gateway.cancel_delivery(world.merchant().await, id).await;
    assert!(matches!(foreign, Err(Error::NotFound)), "{foreign:?}");
    assert_eq!(
        gateway.cancel_delivery(scope, id).await.unwrap().status,
        Status::Cancelled
    );
    assert!(
        conflict(&gateway.cancel_delivery(scope, id).await),
        "finished"
    );
}
