//! Claims: the lease on due jobs.

use std::collections::HashSet;
use std::time::Duration;

use domain::attempt::{Outcome, Trigger};
use domain::clock::Micros;
use domain::delivery::{Next, Status};
use domain::id::DeliveryId;
use storage::claims::{ClaimResult, Lease};

use crate::world::{LEASE, World, lease, scope};

on_both!(
    only_due_jobs_are_claimed,
    a_leased_job_is_not_claimed_again,
    an_expired_lease_is_claimed_again_and_logged_as_unknown,
    an_open_job_is_left_alone_unless_asked_for,
    two_claimers_never_share_a_job,
    a_stale_configuration_claims_nothing,
    a_released_claim_gives_its_number_back,
    a_lease_with_the_number_of_an_older_one_is_not_released_by_it,
    a_claim_whose_answer_was_lost_is_undone,
    a_claim_undone_keeps_the_row_of_the_lost_attempt,
    the_one_process_of_a_file_reopens_its_own_jobs,
);

async fn only_due_jobs_are_claimed(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let ids = world.publish(merchant, endpoint, 3).await;
    let retry = Next::Retry(world.now() + Duration::from_mins(1));
    world.finish(&ids[..1], retry).await;
    let unknown: DeliveryId = world.id();
    let mut claimed = world.claim(&[ids[2], unknown, ids[0], ids[1]]).await;
    claimed.sort_unstable_by_key(|claim| claim.delivery_id);
    assert_eq!(
        claimed
            .iter()
            .map(|claim| claim.delivery_id)
            .collect::<Vec<_>>(),
        ids[1..]
    );
    let claim = &claimed[0];
    assert_eq!((claim.endpoint_id, claim.merchant_id), (endpoint, merchant));
    assert_eq!((claim.number, claim.was_lost), (1, false));
    assert_eq!(
        (claim.trigger, claim.actor.clone()),
        (Trigger::Schedule, None)
    );
    let event = world.shown(merchant, claim.delivery_id).await.event_id;
    assert_eq!(claim.event_id, event);
    let later = world
        .claim_at(&ids[..1], world.now() + Duration::from_mins(1))
        .await;
    assert_eq!((later[0].number, later[0].was_lost), (2, false));
    assert!(world.claim(&[]).await.is_empty());
}

async fn a_leased_job_is_not_claimed_again(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let ids = world.publish(merchant, endpoint, 2).await;
    let now = world.now();
    assert_eq!(world.claim_at(&ids, now).await.len(), 2);
    let almost = Micros((now + LEASE).0 - 1);
    assert!(world.claim_at(&ids, almost).await.is_empty());
    assert_eq!(world.count("attempts").await, 0);
}

async fn an_expired_lease_is_claimed_again_and_logged_as_unknown(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let ids = world.publish(merchant, endpoint, 2).await;
    let now = world.now();
    world.claim_at(&ids, now).await;
    let again = world.claim_at(&ids, now + LEASE).await;
    assert!(
        again
            .iter()
            .all(|claim| claim.was_lost && claim.number == 2)
    );
    for id in ids {
        let log = world.storage.attempts(scope(merchant), id).await.unwrap();
        let [(attempt, late)] = &log[..] else {
            panic!("{log:?}")
        };
        assert_eq!(
            (attempt.number, attempt.exchange.outcome, *late),
            (1, Outcome::Unknown, false)
        );
        assert_eq!(attempt.endpoint_id, endpoint);
        assert!(!attempt.exchange.error.is_empty() && attempt.exchange.response.is_none());
    }
}

async fn an_open_job_is_left_alone_unless_asked_for(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let ids = world.publish(merchant, endpoint, 2).await;
    let now = world.now();
    world.claim_at(&ids[..1], now).await;
    let version = world.storage.config_version().await.unwrap();
    let wants = world.wants(&ids, now + LEASE + LEASE);
    let claimed = world
        .storage
        .claim(version, wants, false, now + LEASE)
        .await
        .unwrap();
    let ClaimResult::Done(claimed) = claimed else {
        panic!("{claimed:?}")
    };
    assert_eq!(
        claimed
            .iter()
            .map(|claim| claim.delivery_id)
            .collect::<Vec<_>>(),
        ids[1..]
    );
}

async fn two_claimers_never_share_a_job(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    for round in 0..100 {
        let ids = world.publish(merchant, endpoint, 20).await;
        let backwards: Vec<_> = ids.iter().rev().copied().collect();
        let (mut a, b) = tokio::join!(world.claim(&ids), world.claim(&backwards));
        a.extend(b);
        let distinct: HashSet<_> = a.iter().map(|claim| claim.delivery_id).collect();
        assert_eq!(distinct.len(), a.len(), "round {round}");
        assert!(a.iter().all(|claim| claim.number == 1));
        // What both left to the other is still due.
        let rest = world.claim(&ids).await.len();
        assert_eq!(a.len() + rest, 20, "round {round}");
    }
}

async fn a_stale_configuration_claims_nothing(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let ids = world.publish(merchant, endpoint, 2).await;
    let stale = world.storage.config_version().await.unwrap();
    world.endpoint(merchant).await;
    let wants = world.wants(&ids, world.now() + LEASE);
    let result = world
        .storage
        .claim(stale, wants, true, world.now())
        .await
        .unwrap();
    assert_eq!(result, ClaimResult::Stale);
    assert_eq!(
        world
            .number("select count(*) from jobs where open or number > 0")
            .await,
        0
    );
}

async fn a_released_claim_gives_its_number_back(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let ids = world.publish(merchant, endpoint, 2).await;
    let mut claimed = world.claim(&ids).await;
    claimed.sort_unstable_by_key(|claim| claim.delivery_id);
    let due = world.now();
    // A number that is not ours releases nothing.
    let foreign = Lease {
        number: 7,
        ..lease(&claimed[1])
    };
    world
        .storage
        .release(vec![foreign, lease(&claimed[0])], due)
        .await
        .unwrap();
    assert_eq!(world.job(ids[0]).await, Some((due.0, 0, false)));
    let held = claimed[1].lease_until.0;
    assert_eq!(world.job(ids[1]).await, Some((held, 1, true)));
    let again = world.claim(&ids).await;
    assert_eq!(again.len(), 1);
    assert_eq!((again[0].number, again[0].was_lost), (1, false));
    assert_eq!(world.count("attempts").await, 0);
}

/// As when the answer to the first release was lost, and it is sent again.
async fn a_lease_with_the_number_of_an_older_one_is_not_released_by_it(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let id = world.publish(merchant, endpoint, 1).await[0];
    let now = world.now();
    let older = world.claim_at(&[id], now).await.remove(0);
    let release = async || {
        let leases = vec![lease(&older)];
        world.storage.release(leases, now).await.unwrap();
    };
    release().await;
    let later = now + Duration::from_secs(1);
    let newer = world.claim_at(&[id], later).await.remove(0);
    assert_eq!((older.number, newer.number), (1, 1));
    assert_eq!(newer.lease_until, later + LEASE);
    release().await;
    assert_eq!(
        world.job(id).await,
        Some((newer.lease_until.0, 1, true)),
        "the newer lease is held"
    );
}

async fn a_claim_whose_answer_was_lost_is_undone(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let ids = world.publish(merchant, endpoint, 3).await;
    let now = world.now();
    world.claim_at(&ids[..1], now).await;
    let others = now + Duration::from_secs(1);
    world.claim_at(&ids[1..2], others).await;
    let waiting = world.job(ids[2]).await;
    let wants = world.wants(&ids, now + LEASE);
    for _ in 0..2 {
        world.storage.unclaim(wants.clone(), now).await.unwrap();
        assert_eq!(world.job(ids[0]).await, Some((now.0, 0, false)));
        let others = Some(((others + LEASE).0, 1, true));
        assert_eq!(world.job(ids[1]).await, others, "claimed by another");
        assert_eq!(world.job(ids[2]).await, waiting, "claimed by nobody");
    }
    let again = world.claim(&ids[..1]).await.remove(0);
    assert_eq!((again.number, again.was_lost), (1, false));
    assert_eq!(world.count("attempts").await, 0);
}

async fn a_claim_undone_keeps_the_row_of_the_lost_attempt(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let id = world.publish(merchant, endpoint, 1).await[0];
    let now = world.now();
    world.claim_at(&[id], now).await;
    let later = now + LEASE;
    world.claim_at(&[id], later).await;
    let wants = world.wants(&[id], later + LEASE);
    world.storage.unclaim(wants, later).await.unwrap();
    assert_eq!(world.job(id).await, Some((later.0, 1, false)));
    let again = world.claim_at(&[id], later).await.remove(0);
    assert_eq!((again.number, again.was_lost), (2, false));
    assert_eq!(world.count("attempts").await, 1);
}

async fn the_one_process_of_a_file_reopens_its_own_jobs(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let ids = world.publish(merchant, endpoint, 2).await;
    world.claim(&ids[..1]).await;
    let reopened = world.storage.reopen_own_jobs().await.unwrap();
    let expected = u64::from(!world.settings.is_postgres());
    assert_eq!(reopened, expected);
    let status = world.shown(merchant, ids[0]).await.status;
    assert_eq!(status == Status::Pending, expected == 1);
}
