//! Bulk retry jobs: counted, leased, carried on step by step, cancelled.

use std::time::Duration;

use domain::delivery::{Next, Status};
use domain::id::{DeliveryId, EndpointId, MerchantId, RetryJobId, WorkerId};
use domain::retry_job::{Progress, RetryJob, RetryJobStatus, RetryResult};
use domain::tenancy::PlatformScope;
use storage::deliveries::DeliveryFilter;
use storage::retry_jobs::{LeasedJob, RetryPlan, Selection, Step};
use storage::{PageRequest, Storage};

use crate::world::{LEASE, World, scope};

on_both!(
    a_step_is_done_once_and_by_its_owner_only,
    what_is_in_flight_or_due_is_passed_over_and_what_waits_is_brought_forward,
    results_are_counted_once,
    what_fails_later_is_no_part_of_a_job,
    a_cancelled_job_takes_back_what_has_not_begun,
    a_dead_workers_job_is_taken_over_when_its_lease_is_over,
    a_merchant_has_no_more_unfinished_jobs_than_it_may,
    a_job_keeps_to_its_merchant,
    a_selection_survives_being_stored,
    old_jobs_are_forgotten,
);

fn everything() -> Selection {
    Selection::Filter {
        filter: DeliveryFilter::default(),
        merchant_ids: Vec::new(),
    }
}

fn failed() -> Selection {
    Selection::Filter {
        filter: DeliveryFilter {
            statuses: vec![Status::Failed],
            ..DeliveryFilter::default()
        },
        merchant_ids: Vec::new(),
    }
}

fn plan(world: &World, selection: Selection) -> RetryPlan {
    RetryPlan {
        selection,
        include_succeeded: false,
        asked_at: world.now(),
    }
}

fn job(world: &World, merchant_id: Option<MerchantId>, plan: &RetryPlan) -> RetryJob {
    RetryJob {
        id: world.id::<domain::id::RetryJobKind>(),
        merchant_id,
        actor: "usr_1".to_owned(),
        rate: 100,
        include_succeeded: plan.include_succeeded,
        status: RetryJobStatus::Running,
        progress: Progress::default(),
        looked_through: false,
        created_at: plan.asked_at,
        finished_at: None,
    }
}

/// Makes a job and takes its lease.
async fn make(
    world: &World,
    merchant_id: Option<MerchantId>,
    selection: Selection,
    worker: WorkerId,
) -> LeasedJob {
    let plan = plan(world, selection);
    let job = job(world, merchant_id, &plan);
    assert!(
        world
            .storage
            .create_retry_job(&job, &plan, 5)
            .await
            .unwrap()
    );
    let leased = read(&world.storage, job.id, worker).await;
    let until = world.now() + LEASE;
    assert!(
        world
            .storage
            .lease_retry_job(&leased, worker, until)
            .await
            .unwrap()
    );
    read(&world.storage, job.id, worker).await
}

async fn read(storage: &Storage, id: RetryJobId, worker: WorkerId) -> LeasedJob {
    let jobs = storage.unfinished_retry_jobs(worker).await.unwrap();
    jobs.into_iter().find(|leased| leased.job.id == id).unwrap()
}

/// The next step of a job as it stands in the database.
async fn next(world: &World, leased: &LeasedJob, most: u64) -> Step {
    let found = world.storage.retry_candidates(leased, most).await.unwrap();
    Step {
        upto: found.last().map_or(leased.cursor, |delivery| delivery.id),
        looked_through: (found.len() as u64) < most,
        looked_at: found.len(),
        wanted: found
            .iter()
            .map(|delivery| (delivery.id, delivery.endpoint_id))
            .collect(),
    }
}

async fn shop(world: &World) -> (MerchantId, EndpointId) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    (merchant, endpoint)
}

async fn a_step_is_done_once_and_by_its_owner_only(world: World) {
    let (merchant, endpoint) = shop(&world).await;
    let ids = world.publish(merchant, endpoint, 10).await;
    world.finish(&ids, Next::Failed).await;
    let worker: WorkerId = world.id();
    let leased = make(&world, Some(merchant), failed(), worker).await;
    let step = next(&world, &leased, 4).await;
    let storage = &world.storage;
    let foreign = storage
        .queue_retries(&leased, world.id(), step.clone())
        .await;
    assert_eq!(foreign.unwrap(), None);
    let queued = storage.queue_retries(&leased, worker, step.clone()).await;
    assert_eq!(queued.unwrap(), Some(4));
    let again = storage.queue_retries(&leased, worker, step).await;
    assert_eq!(again.unwrap(), None, "the cursor has moved");
    assert_eq!(world.count("jobs").await, 4);
    let mut now = read(storage, leased.job.id, worker).await;
    assert_eq!((now.cursor, now.job.progress.queued), (ids[3], 4));
    while !now.job.looked_through {
        let step = next(&world, &now, 4).await;
        storage.queue_retries(&now, worker, step).await.unwrap();
        now = read(storage, leased.job.id, worker).await;
    }
    assert_eq!(now.job.progress.queued, 10);
    assert_eq!(world.count("jobs").await, 10);
    let due = storage.due_page(domain::shard::Shard::of(endpoint), None, world.now(), 50);
    let due = due.await.unwrap();
    assert!(due.len() == 10 && due.iter().all(|job| job.bulk));
    let claimed = world.claim(&ids).await;
    assert_eq!(claimed.len(), 10);
    assert!(
        claimed
            .iter()
            .all(|claim| claim.actor.as_deref() == Some("usr_1") && claim.number == 2)
    );
}

async fn what_is_in_flight_or_due_is_passed_over_and_what_waits_is_brought_forward(world: World) {
    let (merchant, endpoint) = shop(&world).await;
    let ids = world.publish(merchant, endpoint, 4).await;
    let (waits, flies, done) = (ids[0], ids[1], ids[2]);
    let later = world.now() + Duration::from_hours(1);
    world.finish(&[waits], Next::Retry(later)).await;
    world.claim(&[flies]).await;
    world.finish(&[done], Next::Succeeded).await;
    let worker: WorkerId = world.id();
    let leased = make(&world, Some(merchant), everything(), worker).await;
    let counted = world
        .storage
        .count_retries(scope(merchant), &leased.plan)
        .await;
    assert_eq!(counted.unwrap(), (3, 1), "not what has succeeded");
    let step = next(&world, &leased, 100).await;
    let queued = world.storage.queue_retries(&leased, worker, step).await;
    assert_eq!(queued.unwrap(), Some(1));
    let now = read(&world.storage, leased.job.id, worker).await;
    assert_eq!((now.job.progress.queued, now.job.progress.skipped), (1, 2));
    let (due, number, open) = world.job(waits).await.unwrap();
    assert!(due <= world.now().0 && number == 1 && !open);
    // It fails, and its schedule goes on: no bulk retry any more.
    let soon = world.now();
    world.finish(&[waits], Next::Retry(soon)).await;
    assert_eq!(
        world.number("select count(*) from jobs where bulk").await,
        0
    );
    let waited =
        world
            .storage
            .awaited_retries(&leased, DeliveryId::floor(domain::clock::Micros(0)), 10);
    assert_eq!(waited.await.unwrap()[0].result, Some(RetryResult::Failed));
}

async fn results_are_counted_once(world: World) {
    let (merchant, endpoint) = shop(&world).await;
    let ids = world.publish(merchant, endpoint, 3).await;
    world.finish(&ids, Next::Failed).await;
    let worker: WorkerId = world.id();
    let leased = make(&world, Some(merchant), failed(), worker).await;
    let step = next(&world, &leased, 100).await;
    world
        .storage
        .queue_retries(&leased, worker, step)
        .await
        .unwrap();
    world.finish(&ids[..1], Next::Succeeded).await;
    world.finish(&ids[1..2], Next::Failed).await;
    world.storage.cancel(scope(merchant), ids[2]).await.unwrap();
    let first = DeliveryId::floor(domain::clock::Micros(0));
    let waited = world
        .storage
        .awaited_retries(&leased, first, 10)
        .await
        .unwrap();
    let results: Vec<_> = waited
        .iter()
        .filter_map(|item| Some((item.delivery_id, item.result?)))
        .collect();
    assert_eq!(
        results,
        [
            (ids[0], RetryResult::Succeeded),
            (ids[1], RetryResult::Failed),
            (ids[2], RetryResult::Withdrawn)
        ]
    );
    assert!(!world.storage.finish_retry_job(&leased).await.unwrap());
    for _ in 0..2 {
        world
            .storage
            .count_results(&leased, &results)
            .await
            .unwrap();
    }
    let now = read(&world.storage, leased.job.id, worker).await;
    let progress = now.job.progress;
    assert_eq!(
        (progress.succeeded, progress.failed, progress.withdrawn),
        (1, 1, 1)
    );
    assert!(now.job.is_done());
    assert!(world.storage.finish_retry_job(&now).await.unwrap());
    assert!(!world.storage.finish_retry_job(&now).await.unwrap(), "once");
    let shown = world
        .storage
        .retry_job(PlatformScope::proven(), leased.job.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(shown.status, RetryJobStatus::Completed);
    assert!(shown.finished_at.is_some());
    let cancelled = world
        .storage
        .cancel_retry_job(PlatformScope::proven(), shown.id)
        .await
        .unwrap();
    assert_eq!(cancelled, Some(false));
}

async fn what_fails_later_is_no_part_of_a_job(world: World) {
    let (merchant, endpoint) = shop(&world).await;
    let ids = world.publish(merchant, endpoint, 2).await;
    world.finish(&ids[..1], Next::Failed).await;
    let worker: WorkerId = world.id();
    let leased = make(&world, Some(merchant), failed(), worker).await;
    let made = leased.job.created_at;
    while world.now() <= made + Duration::from_millis(2) {
        tokio::task::yield_now().await;
    }
    world.finish(&ids[1..], Next::Failed).await;
    let new = world.publish(merchant, endpoint, 1).await;
    world.finish(&new, Next::Failed).await;
    let found = world.storage.retry_candidates(&leased, 10).await.unwrap();
    assert_eq!(found.iter().map(|d| d.id).collect::<Vec<_>>(), ids[..1]);
}

async fn a_cancelled_job_takes_back_what_has_not_begun(world: World) {
    let (merchant, endpoint) = shop(&world).await;
    let ids = world.publish(merchant, endpoint, 3).await;
    world.finish(&ids[..2], Next::Failed).await;
    let later = world.now() + Duration::from_hours(1);
    world.finish(&ids[2..], Next::Retry(later)).await;
    let worker: WorkerId = world.id();
    let leased = make(&world, Some(merchant), everything(), worker).await;
    let step = next(&world, &leased, 100).await;
    assert_eq!(
        world
            .storage
            .queue_retries(&leased, worker, step.clone())
            .await
            .unwrap(),
        Some(3)
    );
    world.claim(&ids[..1]).await;
    let cancelled = world
        .storage
        .cancel_retry_job(scope(merchant), leased.job.id)
        .await;
    assert_eq!(cancelled.unwrap(), Some(true));
    let now = read(&world.storage, leased.job.id, worker).await;
    let refused = world.storage.queue_retries(&now, worker, step).await;
    assert_eq!(refused.unwrap(), None);
    for _ in 0..2 {
        world.storage.withdraw_retries(&now, &ids).await.unwrap();
    }
    let now = read(&world.storage, leased.job.id, worker).await;
    assert_eq!(now.job.progress.withdrawn, 1);
    assert_eq!(world.shown(merchant, ids[1]).await.status, Status::Failed);
    assert!(world.job(ids[0]).await.is_some(), "it is in flight");
    assert!(world.job(ids[2]).await.is_some(), "the schedule sends it");
}

async fn a_dead_workers_job_is_taken_over_when_its_lease_is_over(world: World) {
    let (merchant, _) = shop(&world).await;
    let (dead, next): (WorkerId, WorkerId) = (world.id(), world.id());
    let leased = make(&world, Some(merchant), everything(), dead).await;
    let until = world.now() + LEASE;
    assert!(!leased.is_free_for(next, world.now()));
    assert!(
        !world
            .storage
            .lease_retry_job(&leased, next, until)
            .await
            .unwrap()
    );
    assert!(
        world
            .storage
            .lease_retry_job(&leased, dead, world.now())
            .await
            .unwrap()
    );
    while world.now() <= leased.job.created_at + Duration::from_millis(2) {
        tokio::task::yield_now().await;
    }
    assert!(
        world
            .storage
            .lease_retry_job(&leased, next, until)
            .await
            .unwrap()
    );
    assert!(
        !world
            .storage
            .lease_retry_job(&leased, dead, until)
            .await
            .unwrap()
    );
    world.storage.release_retry_jobs(next).await.unwrap();
    assert!(
        world
            .storage
            .lease_retry_job(&leased, dead, until)
            .await
            .unwrap()
    );
}

async fn a_merchant_has_no_more_unfinished_jobs_than_it_may(world: World) {
    let (merchant, _) = shop(&world).await;
    let (other, _) = shop(&world).await;
    let plan = plan(&world, everything());
    let create = async |owner| {
        let job = job(&world, owner, &plan);
        world
            .storage
            .create_retry_job(&job, &plan, 2)
            .await
            .unwrap()
    };
    let made = tokio::join!(
        create(Some(merchant)),
        create(Some(merchant)),
        create(Some(merchant))
    );
    let made = [made.0, made.1, made.2];
    assert_eq!(made.iter().filter(|made| **made).count(), 2);
    assert!(create(Some(other)).await && create(None).await);
}

async fn a_job_keeps_to_its_merchant(world: World) {
    let (merchant, endpoint) = shop(&world).await;
    let (other, elsewhere) = shop(&world).await;
    let own = world.publish(merchant, endpoint, 1).await;
    let foreign = world.publish(other, elsewhere, 1).await;
    world.finish(&[own[0], foreign[0]], Next::Failed).await;
    let both = vec![own[0], foreign[0]];
    let storage = &world.storage;
    let unknown = storage
        .unknown_deliveries(scope(merchant), &both)
        .await
        .unwrap();
    assert_eq!(unknown.into_iter().collect::<Vec<_>>(), foreign);
    assert!(
        storage
            .unknown_deliveries(PlatformScope::proven(), &both)
            .await
            .unwrap()
            .is_empty()
    );
    let worker: WorkerId = world.id();
    let leased = make(&world, Some(merchant), Selection::Ids(both.clone()), worker).await;
    let mut step = next(&world, &leased, 10).await;
    assert_eq!(step.looked_at, 1);
    // Even one that names a foreign delivery.
    step.wanted = vec![(own[0], endpoint), (foreign[0], elsewhere)];
    step.wanted.sort_unstable();
    assert_eq!(
        storage.queue_retries(&leased, worker, step).await.unwrap(),
        Some(1)
    );
    assert!(world.job(foreign[0]).await.is_none());
    let id = leased.job.id;
    assert_eq!(storage.retry_job(scope(other), id).await.unwrap(), None);
    assert_eq!(
        storage.cancel_retry_job(scope(other), id).await.unwrap(),
        None
    );
    let page = PageRequest {
        limit: 10,
        before: None,
    };
    assert!(
        storage
            .retry_jobs(scope(other), page)
            .await
            .unwrap()
            .rows
            .is_empty()
    );
    assert_eq!(
        storage
            .retry_jobs(scope(merchant), page)
            .await
            .unwrap()
            .rows
            .len(),
        1
    );
    let across = make(&world, None, Selection::Ids(both), worker).await;
    assert_eq!(
        storage.retry_candidates(&across, 10).await.unwrap().len(),
        2
    );
    assert_eq!(
        storage
            .retry_jobs(PlatformScope::proven(), page)
            .await
            .unwrap()
            .rows
            .len(),
        2
    );
}

async fn a_selection_survives_being_stored(world: World) {
    let (merchant, endpoint) = shop(&world).await;
    let filter = DeliveryFilter {
        statuses: vec![Status::Failed, Status::Skipped],
        endpoint_ids: vec![endpoint],
        event_types: vec!["PRODUCT_VIEWED".to_owned()],
        event_id: Some(world.id()),
        outcomes: vec![domain::attempt::Outcome::Timeout],
        http_statuses: vec![500, 503],
        min_attempts: Some(2),
        is_test: Some(false),
        from: Some(domain::clock::Micros(1)),
        to: Some(world.now()),
    };
    let selection = Selection::Filter {
        filter,
        merchant_ids: vec![merchant],
    };
    let leased = make(&world, None, selection.clone(), world.id()).await;
    assert_eq!(
        format!("{:?}", leased.plan.selection),
        format!("{selection:?}")
    );
}

async fn old_jobs_are_forgotten(world: World) {
    let (merchant, _) = shop(&world).await;
    let worker: WorkerId = world.id();
    let old = make(&world, Some(merchant), everything(), worker).await;
    make(&world, Some(merchant), everything(), worker).await;
    world
        .storage
        .cancel_retry_job(PlatformScope::proven(), old.job.id)
        .await
        .unwrap();
    assert!(world.storage.finish_retry_job(&old).await.unwrap());
    let literal = world.literal(old.job.id.uuid());
    world
        .execute(&format!(
            "update retry_jobs set finished_us = 1 where id = {literal}"
        ))
        .await;
    world
        .storage
        .expire(Duration::from_hours(24))
        .await
        .unwrap();
    assert_eq!(world.count("retry_jobs").await, 1);
}

/// Statistics taken while there was no job must not lead to a plan that scans the jobs for each delivery: it overruns
/// the limit of a statement.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_counted_and_read_by_index_whatever_the_statistics_say() {
    let world = World::postgres().await;
    let (merchant, endpoint) = shop(&world).await;
    let ids = world.publish(merchant, endpoint, 5_000).await;
    for chunk in ids.chunks(500) {
        world.finish(chunk, Next::Failed).await;
    }
    world.execute("vacuum analyze").await;
    let worker: WorkerId = world.id();
    let leased = make(&world, Some(merchant), failed(), worker).await;
    world.publish(merchant, endpoint, 5_000).await;
    let counted = world.storage.count_retries(scope(merchant), &leased.plan);
    assert_eq!(counted.await.unwrap(), (5_000, 1));
    let page = world.storage.retry_candidates(&leased, 200).await.unwrap();
    assert_eq!(page.len(), 200);
}
