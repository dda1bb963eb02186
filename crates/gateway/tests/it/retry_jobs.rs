//! Bulk retries step by step: what is passed over, what a step may queue.

use domain::clock::Clock as _;
use domain::delivery::Next;
use domain::endpoint::DisabledReason;
use domain::id::{RetryJobId, WorkerId};
use domain::tenancy::TenantScope;
use gateway::Error;
use gateway::retry_jobs::{Advanced, NewRetryJob};
use storage::deliveries::DeliveryFilter;
use storage::retry_jobs::{LeasedJob, Selection};

use crate::deliveries::settle;
use crate::world::{World, event};

on_both!(
    a_step_queues_no_more_than_asked_and_the_last_one_says_so,
    deliveries_of_disabled_and_deleted_endpoints_are_passed_over,
    a_suspended_merchant_starts_no_bulk_retry,
);

fn all() -> NewRetryJob {
    NewRetryJob {
        selection: Selection::Filter {
            filter: DeliveryFilter::default(),
            merchant_ids: Vec::new(),
        },
        include_succeeded: false,
        rate: None,
    }
}

/// Publishes so many events to each of two endpoints, and lets all deliveries fail.
async fn failed(world: &World, scope: TenantScope, count: usize) {
    let events = (0..count).map(|_| event(None, "{}")).collect();
    let published = world.publish(scope, events).await.unwrap();
    for made in published.events {
        for (id, _) in made.deliveries {
            let claim = world.claim(id).await;
            settle(world, &claim, Next::Failed).await;
        }
    }
}

async fn leased(world: &World, id: RetryJobId, worker: WorkerId) -> LeasedJob {
    let jobs = world.storage.unfinished_retry_jobs(worker).await.unwrap();
    let job = jobs.into_iter().find(|leased| leased.job.id == id).unwrap();
    let until = world.storage.clock().now() + std::time::Duration::from_mins(1);
    assert!(
        world
            .storage
            .lease_retry_job(&job, worker, until)
            .await
            .unwrap()
    );
    job
}

fn worker() -> WorkerId {
    WorkerId::floor(domain::clock::Micros(7_000))
}

async fn a_step_queues_no_more_than_asked_and_the_last_one_says_so(world: World) {
    let scope = world.merchant().await;
    world.endpoint(scope, &["PRODUCT_VIEWED"]).await;
    failed(&world, scope, 7).await;
    let made = world
        .gateway
        .create_retry_job(scope.into(), &all(), "usr_1")
        .await
        .unwrap();
    assert_eq!((made.progress.estimate, made.rate), (7, 100));
    let mut steps = Vec::new();
    loop {
        let job = leased(&world, made.id, worker()).await;
        if job.job.looked_through {
            break;
        }
        let done = world
            .gateway
            .advance_retry_job(&job, worker(), 3)
            .await
            .unwrap();
        steps.push(done);
    }
    assert_eq!(
        steps,
        [
            Advanced::Queued(3),
            Advanced::Queued(3),
            Advanced::Queued(1)
        ]
    );
    let job = leased(&world, made.id, worker()).await;
    let late = world
        .gateway
        .advance_retry_job(&job, worker(), 3)
        .await
        .unwrap();
    assert_eq!(late, Advanced::Lost);
}

async fn deliveries_of_disabled_and_deleted_endpoints_are_passed_over(world: World) {
    let scope = world.merchant().await;
    world.endpoint(scope, &["PRODUCT_VIEWED"]).await;
    let off = world.endpoint(scope, &["PRODUCT_VIEWED"]).await.endpoint.id;
    let gone = world.endpoint(scope, &["PRODUCT_VIEWED"]).await.endpoint.id;
    failed(&world, scope, 2).await;
    let gateway = &world.gateway;
    gateway
        .disable_endpoint(scope, off, DisabledReason::Manual)
        .await
        .unwrap();
    gateway.delete_endpoint(scope, gone).await.unwrap();
    let made = gateway
        .create_retry_job(scope.into(), &all(), "usr_1")
        .await
        .unwrap();
    let job = leased(&world, made.id, worker()).await;
    let done = gateway
        .advance_retry_job(&job, worker(), 100)
        .await
        .unwrap();
    assert_eq!(done, Advanced::Queued(2));
    let progress = leased(&world, made.id, worker()).await.job.progress;
    assert_eq!((progress.queued, progress.skipped), (2, 4));
}

async fn a_suspended_merchant_starts_no_bulk_retry(world: World) {
    let scope = world.merchant().await;
    world
        .storage
        .update_merchant(scope, |merchant| merchant.suspended = true)
        .await
        .unwrap();
    let refused = world
        .gateway
        .create_retry_job(scope.into(), &all(), "usr_1")
        .await;
    assert!(matches!(refused, Err(Error::Suspended)), "{refused:?}");
}
