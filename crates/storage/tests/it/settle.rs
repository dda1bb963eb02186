//! Settling: attempt, state and next due time together, and only under the lease.

use std::collections::HashSet;
use std::time::Duration;

use domain::attempt::{Outcome, Trigger};
use domain::delivery::{Next, Status};
use storage::jobs::RetryResult;

use crate::world::{LEASE, World, lease, scope};

on_both!(
    success_ends_the_job_and_the_delivery,
    a_retry_moves_the_job,
    a_late_result_is_logged_and_changes_no_state,
    a_late_and_a_good_result_may_share_a_batch,
    an_older_lease_of_the_same_number_settles_nothing,
    settling_twice_changes_nothing,
    a_settlement_without_a_post_logs_nothing,
    a_manual_success_takes_a_delivery_off_the_failed_list,
    a_mixed_batch_of_256_is_settled,
    an_empty_batch_is_harmless,
);

async fn success_ends_the_job_and_the_delivery(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let id = world.publish(merchant, endpoint, 1).await[0];
    let claim = &world.claim(&[id]).await[0];
    let ended = world.ended(claim, Next::Succeeded);
    assert_eq!(world.settle(vec![ended.clone()]).await, HashSet::from([id]));
    assert_eq!(world.job(id).await, None);
    let delivery = world.shown(merchant, id).await;
    assert_eq!(
        (delivery.status, delivery.attempt_count),
        (Status::Succeeded, 1)
    );
    assert_eq!(
        (delivery.last_outcome, delivery.last_http_status),
        (Some(Outcome::Success), Some(200))
    );
    assert_eq!(
        (delivery.finished_at, delivery.next_attempt_at),
        (Some(ended.ended_at), None)
    );
    let log = world.storage.attempts(scope(merchant), id).await.unwrap();
    assert_eq!(log, [((*ended.attempt.unwrap()).clone(), false)]);
}

async fn a_retry_moves_the_job(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let id = world.publish(merchant, endpoint, 1).await[0];
    let due = world.now() + Duration::from_mins(5);
    world.finish(&[id], Next::Retry(due)).await;
    assert_eq!(world.job(id).await, Some((due.0, 1, false)));
    let delivery = world.shown(merchant, id).await;
    assert_eq!(
        (delivery.status, delivery.next_attempt_at),
        (Status::Retrying, Some(due))
    );
    assert_eq!(
        (delivery.finished_at, delivery.last_http_status),
        (None, Some(503))
    );
    assert_eq!(world.count("failed_deliveries").await, 0);
}

async fn a_late_result_is_logged_and_changes_no_state(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let id = world.publish(merchant, endpoint, 1).await[0];
    let now = world.now();
    let lost = world.claim_at(&[id], now).await.remove(0);
    let ours = world.claim_at(&[id], now + LEASE).await.remove(0);
    for next in [Next::Succeeded, Next::Failed, Next::Retry(now)] {
        assert!(
            world
                .settle(vec![world.ended(&lost, next)])
                .await
                .is_empty()
        );
    }
    let (_, number, open) = world.job(id).await.unwrap();
    assert_eq!((number, open), (2, true));
    let unchanged = world.shown(merchant, id).await;
    assert_eq!((unchanged.attempt_count, unchanged.last_outcome), (0, None));
    assert_eq!(
        world
            .settle(vec![world.ended(&ours, Next::Succeeded)])
            .await
            .len(),
        1
    );
    let log = world.storage.attempts(scope(merchant), id).await.unwrap();
    let late: Vec<_> = log
        .iter()
        .map(|(attempt, late)| (attempt.number, *late))
        .collect();
    // The first of number 1 is the row of the lost attempt, which the claim wrote.
    assert_eq!(late.iter().filter(|(_, late)| *late).count(), 3);
    assert_eq!(late.last(), Some(&(2, false)));
    assert_eq!(world.count("failed_deliveries").await, 0);
}

async fn a_late_and_a_good_result_may_share_a_batch(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let id = world.publish(merchant, endpoint, 1).await[0];
    let now = world.now();
    let lost = world.claim_at(&[id], now).await.remove(0);
    let ours = world.claim_at(&[id], now + LEASE).await.remove(0);
    let batch = vec![
        world.ended(&lost, Next::Failed),
        world.ended(&ours, Next::Succeeded),
    ];
    assert_eq!(world.settle(batch).await, HashSet::from([id]));
    let log = world.storage.attempts(scope(merchant), id).await.unwrap();
    let mut late: Vec<_> = log
        .iter()
        .filter(|(attempt, _)| attempt.exchange.outcome != Outcome::Unknown)
        .map(|(attempt, late)| (attempt.number, *late))
        .collect();
    late.sort_unstable();
    assert_eq!(late, [(1, true), (2, false)]);
    assert_eq!(world.shown(merchant, id).await.status, Status::Succeeded);
}

/// As after a release whose answer was lost, or a claim that a crash forgot.
async fn an_older_lease_of_the_same_number_settles_nothing(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let id = world.publish(merchant, endpoint, 1).await[0];
    let now = world.now();
    let older = world.claim_at(&[id], now).await.remove(0);
    let leases = vec![lease(&older)];
    world.storage.release(leases, now).await.unwrap();
    let later = now + Duration::from_secs(1);
    let newer = world.claim_at(&[id], later).await.remove(0);
    assert_eq!(older.number, newer.number);
    for next in [Next::Failed, Next::Retry(now)] {
        let settled = world.settle(vec![world.ended(&older, next)]).await;
        assert!(settled.is_empty());
        let held = Some((newer.lease_until.0, 1, true));
        assert_eq!(world.job(id).await, held);
    }
    let (bad, good) = (
        world.ended(&older, Next::Failed),
        world.ended(&newer, Next::Succeeded),
    );
    let ours = good.attempt.as_ref().unwrap().id;
    assert_eq!(world.settle(vec![bad, good]).await, HashSet::from([id]));
    assert_eq!(world.shown(merchant, id).await.status, Status::Succeeded);
    let log = world.storage.attempts(scope(merchant), id).await.unwrap();
    assert_eq!(log.len(), 4);
    for (attempt, late) in log {
        assert_eq!(late, attempt.id != ours);
    }
}

/// As after a commit whose answer was lost.
async fn settling_twice_changes_nothing(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let ids = world.publish(merchant, endpoint, 3).await;
    let due = world.now() + LEASE;
    let nexts = [Next::Succeeded, Next::Failed, Next::Retry(due)];
    let mut claimed = world.claim(&ids).await;
    claimed.sort_unstable_by_key(|claim| claim.delivery_id);
    let batch: Vec<_> = claimed
        .iter()
        .zip(nexts)
        .map(|(claim, next)| world.ended(claim, next))
        .collect();
    assert_eq!(world.settle(batch.clone()).await.len(), 3);
    assert!(world.settle(batch.clone()).await.is_empty());
    // Nor does a result that comes after another one of the same claim.
    let other = world.ended(&claimed[2], Next::Succeeded);
    assert!(world.settle(vec![other]).await.is_empty());
    assert_eq!(world.job(ids[2]).await, Some((due.0, 1, false)));
    for (id, ended) in ids.iter().zip(batch) {
        let log = world.storage.attempts(scope(merchant), *id).await.unwrap();
        assert!(log.contains(&((*ended.attempt.unwrap()).clone(), false)));
        assert_eq!(world.shown(merchant, *id).await.status, ended.next.status());
    }
    assert_eq!(world.count("attempts").await, 4);
}

async fn a_settlement_without_a_post_logs_nothing(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let id = world.publish(merchant, endpoint, 1).await[0];
    let claim = world.claim(&[id]).await.remove(0);
    let mut ended = world.ended(&claim, Next::Failed);
    (ended.attempt, ended.attempt_count) = (None, 0);
    (ended.outcome, ended.http_status) = (Outcome::Unknown, None);
    world.settle(vec![ended]).await;
    let delivery = world.shown(merchant, id).await;
    assert_eq!(
        (delivery.status, delivery.attempt_count),
        (Status::Failed, 0)
    );
    assert_eq!(delivery.last_outcome, Some(Outcome::Unknown));
    assert_eq!(world.count("attempts").await, 0);
}

async fn a_manual_success_takes_a_delivery_off_the_failed_list(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let ids = world.publish(merchant, endpoint, 2).await;
    world.finish(&ids, Next::Failed).await;
    assert_eq!(world.count("failed_deliveries").await, 2);
    for (id, next) in ids.iter().zip([Next::Succeeded, Next::Failed]) {
        let queued = world
            .storage
            .retry_now(scope(merchant), *id, "usr_7")
            .await
            .unwrap();
        assert!(matches!(queued, RetryResult::Queued(job) if job.delivery_id == *id));
        let claim = world.claim(&[*id]).await.remove(0);
        assert_eq!((claim.number, claim.trigger), (2, Trigger::Manual));
        assert_eq!(claim.actor.as_deref(), Some("usr_7"));
        world.settle(vec![world.ended(&claim, next)]).await;
    }
    assert_eq!(world.count("failed_deliveries").await, 1);
    assert_eq!(
        world.shown(merchant, ids[0]).await.status,
        Status::Succeeded
    );
    assert_eq!(world.shown(merchant, ids[1]).await.status, Status::Failed);
    let log = world
        .storage
        .attempts(scope(merchant), ids[1])
        .await
        .unwrap();
    assert_eq!(log[1].0.trigger, Trigger::Manual);
    assert_eq!(log[1].0.actor.as_deref(), Some("usr_7"));
}

async fn a_mixed_batch_of_256_is_settled(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let ids = world.publish(merchant, endpoint, 256).await;
    let claimed = world.claim(&ids).await;
    let due = world.now() + Duration::from_mins(1);
    let nexts = [
        Next::Succeeded,
        Next::Failed,
        Next::Retry(due),
        Next::Succeeded,
    ];
    let batch: Vec<_> = claimed
        .iter()
        .enumerate()
        .map(|(at, claim)| {
            let mut ended = world.ended(claim, nexts[at % 4]);
            // Every fourth lost its lease.
            ended.number += i32::from(at % 4 == 3);
            ended
        })
        .collect();
    assert_eq!(world.settle(batch).await.len(), 192);
    assert_eq!(world.count("attempts").await, 256);
    assert_eq!(
        world
            .number("select count(*) from attempts where late")
            .await,
        64
    );
    assert_eq!(world.count("failed_deliveries").await, 64);
    assert_eq!(
        world.number("select count(*) from jobs where open").await,
        64
    );
    assert_eq!(
        world
            .number("select count(*) from jobs where not open")
            .await,
        64
    );
    for (status, rows) in [(0, 64), (1, 64), (2, 64), (3, 64)] {
        let sql = format!("select count(*) from deliveries where status = {status}");
        assert_eq!(world.number(&sql).await, rows, "{status}");
    }
}

async fn an_empty_batch_is_harmless(world: World) {
    assert!(world.settle(Vec::new()).await.is_empty());
    world
        .storage
        .release(Vec::new(), world.now())
        .await
        .unwrap();
}
