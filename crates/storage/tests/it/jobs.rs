//! Jobs that wait: found, brought forward, put off, ended.

use std::collections::HashSet;
use std::time::Duration;

use domain::clock::Micros;
use domain::delivery::{Next, SkipReason, Status};
use domain::endpoint::DisabledReason;
use domain::id::{DeliveryId, EndpointId, MerchantId};
use domain::shard::{Shard, ShardSet};
use storage::jobs::{RetryResult, While};

use crate::world::{LEASE, SKEW, World, scope};

on_both!(
    what_fell_due_in_a_span_is_found_earliest_first,
    a_paged_scan_visits_each_of_5000_jobs_once,
    a_finished_delivery_gets_one_more_attempt,
    a_waiting_retry_is_brought_forward,
    a_retry_is_refused_while_one_is_in_flight_or_due,
    another_merchants_delivery_is_not_found,
    a_waiting_delivery_is_cancelled,
    cancelling_a_manual_retry_restores_what_was,
    the_waiting_jobs_of_an_endpoint_end_in_chunks,
    an_attempt_without_a_result_is_neither_cancelled_nor_ended,
    jobs_are_left_alone_unless_their_endpoint_is_disabled_since_just_then,
    enabling_an_endpoint_leaves_no_job_put_off,
    a_disabled_endpoints_jobs_come_back_oldest_first,
    the_database_answers_a_ping,
);

async fn what_fell_due_in_a_span_is_found_earliest_first(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let other = world.endpoint(merchant).await.endpoint.id;
    let ids = world.publish(merchant, endpoint, 10).await;
    let elsewhere = world.publish(merchant, other, 1).await[0];
    let start = world.now() + Duration::from_hours(1);
    for (place, id) in ids.iter().chain([&elsewhere]).enumerate() {
        let due = start + Duration::from_secs(place as u64);
        world.finish(&[*id], Next::Retry(due)).await;
    }
    let until = start + Duration::from_secs(30);
    let found = world
        .storage
        .due_between(ShardSet::ALL, start, until, 5)
        .await
        .unwrap();
    assert_eq!(
        found.iter().map(|job| job.delivery_id).collect::<Vec<_>>(),
        ids[1..6]
    );
    assert_eq!(
        (found[0].endpoint_id, found[0].merchant_id),
        (endpoint, merchant)
    );
    assert_eq!(found[0].due, start + Duration::from_secs(1));
    let to_third = start + Duration::from_secs(3);
    let found = world
        .storage
        .due_between(ShardSet::ALL, start, to_third, 50)
        .await
        .unwrap();
    assert_eq!(
        found.iter().map(|job| job.delivery_id).collect::<Vec<_>>(),
        ids[1..4]
    );
    if Shard::of(endpoint) != Shard::of(other) {
        let own = ShardSet::EMPTY.with(Shard::of(other));
        let found = world
            .storage
            .due_between(own, Micros(0), until, 50)
            .await
            .unwrap();
        assert_eq!(
            found.iter().map(|job| job.delivery_id).collect::<Vec<_>>(),
            [elsewhere]
        );
    }
}

async fn a_paged_scan_visits_each_of_5000_jobs_once(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    // 500 to a batch share one due time, so that pages break inside it.
    let ids = world.publish(merchant, endpoint, 5_000).await;
    let (mut seen, mut cursor, mut pages) = (Vec::new(), None, 0);
    let shard = Shard::of(endpoint);
    loop {
        let page = world
            .storage
            .due_page(shard, cursor, world.now(), 333)
            .await
            .unwrap();
        let Some(last) = page.last() else { break };
        cursor = Some((last.due, last.delivery_id));
        seen.extend(page.iter().map(|job| job.delivery_id));
        pages += 1;
    }
    assert_eq!((pages, seen.len()), (16, 5_000));
    let distinct: HashSet<DeliveryId> = seen.into_iter().collect();
    assert_eq!(distinct, ids.into_iter().collect());
    let empty = Shard::from_number(shard.number() + 1);
    assert!(
        world
            .storage
            .due_page(empty, None, world.now(), 10)
            .await
            .unwrap()
            .is_empty()
    );
}

async fn a_finished_delivery_gets_one_more_attempt(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let ids = world.publish(merchant, endpoint, 2).await;
    for (id, next) in ids.into_iter().zip([Next::Failed, Next::Succeeded]) {
        world.finish(&[id], next).await;
        let before = world.now() - SKEW;
        let queued = world
            .storage
            .retry_now(scope(merchant), id, "usr_1")
            .await
            .unwrap();
        let RetryResult::Queued(job) = queued else {
            panic!("{queued:?}")
        };
        assert!(job.due >= before && job.due <= world.now());
        assert_eq!(
            (job.delivery_id, job.endpoint_id, job.merchant_id),
            (id, endpoint, merchant)
        );
        assert_eq!(world.job(id).await, Some((job.due.0, 1, false)));
        let shown = world.shown(merchant, id).await;
        assert_eq!(
            (shown.status, shown.next_attempt_at),
            (Status::Pending, Some(job.due))
        );
        assert_eq!(shown.finished_at, None);
        let due = world
            .storage
            .due_page(Shard::of(endpoint), None, world.now(), 10)
            .await;
        assert!(due.unwrap().contains(&job));
        world.finish(&[id], Next::Succeeded).await;
    }
}

async fn a_waiting_retry_is_brought_forward(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let id = world.publish(merchant, endpoint, 1).await[0];
    let due = world.now() + Duration::from_hours(1);
    world.finish(&[id], Next::Retry(due)).await;
    let queued = world
        .storage
        .retry_now(scope(merchant), id, "usr_1")
        .await
        .unwrap();
    assert!(matches!(queued, RetryResult::Queued(job) if job.due < due));
    let claim = world.claim(&[id]).await.remove(0);
    assert_eq!((claim.number, claim.was_lost), (2, false));
}

async fn a_retry_is_refused_while_one_is_in_flight_or_due(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let id = world.publish(merchant, endpoint, 1).await[0];
    let retry = async || {
        world
            .storage
            .retry_now(scope(merchant), id, "usr_1")
            .await
            .unwrap()
    };
    assert_eq!(retry().await, RetryResult::Busy, "due");
    let claim = world.claim(&[id]).await.remove(0);
    assert_eq!(retry().await, RetryResult::Busy, "in flight");
    world.settle(vec![world.ended(&claim, Next::Failed)]).await;
    assert!(matches!(retry().await, RetryResult::Queued(_)));
    assert_eq!(retry().await, RetryResult::Busy, "queued already");
    world.claim(&[id]).await;
    assert_eq!(
        retry().await,
        RetryResult::Busy,
        "the manual attempt is in flight"
    );
}

async fn another_merchants_delivery_is_not_found(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let other = scope(world.merchant().await.id);
    let ids = world.publish(merchant, endpoint, 2).await;
    world
        .finish(&ids[..1], Next::Retry(world.now() + LEASE))
        .await;
    for id in ids {
        let before = world.job(id).await;
        let retry = world.storage.retry_now(other, id, "usr_1").await.unwrap();
        assert_eq!(retry, RetryResult::NotFound);
        assert_eq!(world.storage.cancel(other, id).await.unwrap(), None);
        assert_eq!(world.storage.delivery(other, id).await.unwrap(), None);
        assert!(world.storage.attempts(other, id).await.unwrap().is_empty());
        assert_eq!(world.job(id).await, before);
    }
}

async fn a_waiting_delivery_is_cancelled(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let ids = world.publish(merchant, endpoint, 3).await;
    world
        .finish(&ids[..1], Next::Retry(world.now() + LEASE))
        .await;
    let claimed = world.claim(&ids[2..]).await;
    let cancel = async |id| world.storage.cancel(scope(merchant), id).await.unwrap();
    for id in &ids[..2] {
        assert_eq!(cancel(*id).await, Some(true));
        assert_eq!(cancel(*id).await, Some(false));
        let shown = world.shown(merchant, *id).await;
        assert_eq!(shown.status, Status::Cancelled);
        assert!(shown.finished_at.is_some());
    }
    assert_eq!(cancel(ids[2]).await, Some(false), "in flight");
    assert_eq!(
        world
            .settle(vec![world.ended(&claimed[0], Next::Succeeded)])
            .await
            .len(),
        1
    );
    let again = world
        .storage
        .retry_now(scope(merchant), ids[0], "usr_1")
        .await
        .unwrap();
    assert!(matches!(again, RetryResult::Queued(_)));
}

async fn cancelling_a_manual_retry_restores_what_was(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let ids = world.publish(merchant, endpoint, 2).await;
    world.finish(&ids[..1], Next::Failed).await;
    world.finish(&ids[1..], Next::Succeeded).await;
    for (id, status) in ids.into_iter().zip([Status::Failed, Status::Succeeded]) {
        world
            .storage
            .retry_now(scope(merchant), id, "usr_1")
            .await
            .unwrap();
        assert_eq!(
            world.storage.cancel(scope(merchant), id).await.unwrap(),
            Some(true)
        );
        let shown = world.shown(merchant, id).await;
        assert_eq!((shown.status, shown.attempt_count), (status, 1));
    }
    assert_eq!(world.count("failed_deliveries").await, 1);
}

async fn the_waiting_jobs_of_an_endpoint_end_in_chunks(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let other = world.endpoint(merchant).await.endpoint.id;
    let ids = world.publish(merchant, endpoint, 10).await;
    world.publish(merchant, other, 2).await;
    world.finish(&ids[..1], Next::Failed).await;
    world
        .storage
        .retry_now(scope(merchant), ids[0], "usr_1")
        .await
        .unwrap();
    world.claim(&ids[1..2]).await;
    let end = async |skip| {
        let ended = world.storage.end_waiting(endpoint, skip, 4, While::Always);
        ended.await.unwrap()
    };
    assert_eq!(end(None).await, 4);
    assert_eq!(end(Some(SkipReason::EndpointDisabled)).await, 4);
    assert_eq!(end(None).await, 1);
    assert_eq!(end(None).await, 0);
    let count = async |status| {
        let sql = format!("select count(*) from deliveries where status = {status}");
        world.number(&sql).await
    };
    assert_eq!(world.shown(merchant, ids[0]).await.status, Status::Failed);
    assert_eq!(
        world.shown(merchant, ids[1]).await.status,
        Status::Delivering
    );
    assert_eq!(
        count(Status::Cancelled.code()).await + count(Status::Skipped.code()).await,
        8
    );
    assert_eq!(
        world
            .number("select count(*) from deliveries where skip_reason = 1")
            .await,
        count(Status::Skipped.code()).await
    );
    assert_eq!(world.count("jobs").await, 3);
}

/// Its POST would never get into the log.
async fn an_attempt_without_a_result_is_neither_cancelled_nor_ended(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let id = world.publish(merchant, endpoint, 1).await[0];
    let past = world.now() - 2 * LEASE;
    world
        .execute(&format!("update jobs set due_us = {}", past.0))
        .await;
    world.claim_at(&[id], past).await;
    let before = world.job(id).await;
    assert_eq!(before, Some(((past + LEASE).0, 1, true)));
    let cancelled = world.storage.cancel(scope(merchant), id).await.unwrap();
    assert_eq!(cancelled, Some(false));
    let ended = world
        .storage
        .end_waiting(endpoint, None, 4, While::Always)
        .await;
    assert_eq!(ended.unwrap(), 0);
    assert_eq!(world.job(id).await, before);
    assert!(world.claim(&[id]).await.remove(0).was_lost);
}

async fn disable(world: &World, merchant: MerchantId, id: EndpointId, since: Option<Micros>) {
    let updated = world
        .storage
        .update_endpoint(scope(merchant), id, |endpoint| {
            endpoint.disabled = since.map(|at| (DisabledReason::Manual, at));
        });
    assert!(updated.await.unwrap().is_some());
}

async fn jobs_are_left_alone_unless_their_endpoint_is_disabled_since_just_then(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    world.publish(merchant, endpoint, 2).await;
    let (now, until) = (world.now(), world.now() + Duration::from_hours(72));
    let skip = Some(SkipReason::EndpointDisabled);
    let act = async |id| {
        let put_off = world
            .storage
            .put_off(id, until, 1, While::DisabledSince(now))
            .await;
        let ended = world
            .storage
            .end_waiting(id, skip, 1, While::DisabledSince(now))
            .await;
        (put_off.unwrap(), ended.unwrap())
    };
    assert_eq!(act(endpoint).await, (0, 0), "enabled");
    disable(&world, merchant, endpoint, Some(now + LEASE)).await;
    assert_eq!(act(endpoint).await, (0, 0), "disabled again since");
    assert_eq!(act(world.id()).await, (0, 0), "no such endpoint");
    disable(&world, merchant, endpoint, Some(now)).await;
    assert_eq!(act(endpoint).await, (1, 1));
}

async fn enabling_an_endpoint_leaves_no_job_put_off(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let ids = world.publish(merchant, endpoint, 40).await;
    for round in 0..10 {
        let since = world.now();
        let until = since + Duration::from_hours(72);
        disable(&world, merchant, endpoint, Some(since)).await;
        let put_off = async {
            let step = async || {
                world
                    .storage
                    .put_off(endpoint, until, 4, While::DisabledSince(since))
                    .await
            };
            while step().await.unwrap() == 4 {}
        };
        let enable = async {
            disable(&world, merchant, endpoint, None).await;
            world.storage.redue(endpoint, until).await.unwrap();
        };
        tokio::join!(put_off, enable);
        let off = format!("select count(*) from jobs where due_us >= {}", until.0);
        assert_eq!(world.number(&off).await, 0, "round {round}");
    }
    assert_eq!(world.claim(&ids).await.len(), 40);
}

async fn a_disabled_endpoints_jobs_come_back_oldest_first(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let ids = world.publish(merchant, endpoint, 6).await;
    let (later, until) = (world.now() + LEASE, world.now() + Duration::from_hours(72));
    world.finish(&ids[..1], Next::Retry(later)).await;
    world.claim(&ids[1..2]).await;
    let put_off = async || {
        let put_off = world.storage.put_off(endpoint, until, 3, While::Always);
        put_off.await.unwrap()
    };
    assert_eq!(
        (put_off().await, put_off().await, put_off().await),
        (3, 1, 0)
    );
    assert_eq!(world.job(ids[0]).await.unwrap().0, later.0);
    assert!(world.job(ids[1]).await.unwrap().2);
    assert_eq!(
        world.shown(merchant, ids[2]).await.next_attempt_at,
        Some(until)
    );
    assert_eq!(world.storage.redue(endpoint, until).await.unwrap(), 4);
    let due = world
        .storage
        .due_between(ShardSet::ALL, Micros(0), world.now(), 10)
        .await
        .unwrap();
    assert_eq!(
        due.iter().map(|job| job.delivery_id).collect::<Vec<_>>(),
        ids[2..]
    );
    assert_eq!(world.job(ids[0]).await.unwrap().0, later.0);
}

async fn the_database_answers_a_ping(world: World) {
    world.storage.ping().await.unwrap();
}
