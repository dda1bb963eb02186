//! Connections that are cut at any moment of a decision: it is made whole or not at all.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::trigger::activity::Activity;
use gateway::{Error, Gateway};
use sqlx::{Connection as _, PgConnection};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::shop::{Shop, activity, at, known_as, on};
use crate::world::World;

/// How long the work may take in spite of the cuts.
const LIMIT: Duration = Duration::from_mins(1);
/// Between the first two cuts. Each cut makes it longer by a fiftieth, so that work gets done on a slow machine too.
const PAUSE: Duration = Duration::from_millis(15);
const SHOPPERS: usize = 1_500;

/// Cuts every connection of the hot path again and again, until `enough`. Answers how many it cut.
fn cut(url: String, enough: CancellationToken) -> JoinHandle<i64> {
    tokio::spawn(async move {
        let mut connection = PgConnection::connect(&url).await.unwrap();
        let (mut cut, mut pause) = (0, PAUSE);
        while !enough.is_cancelled() {
            let now: i64 = sqlx::query_scalar(
                "select count(*) filter (where pg_terminate_backend(pid)) from pg_stat_activity
                 where datname = current_database() and application_name = 'hookyard-hot'
                   and state <> 'idle'",
            )
            .fetch_one(&mut connection)
            .await
            .unwrap();
            cut += now;
            tokio::time::sleep(pause).await;
            if now > 0 {
                pause += pause / 50;
            }
        }
        connection.close().await.unwrap();
        cut
    })
}

/// Whether it is worth another try: the connection was cut, not the work refused.
fn passes(error: &Error) -> bool {
    matches!(error, Error::Storage(error) if error.is_passing())
}

async fn post_until_taken(shop: &Shop, gateway: &Gateway, activities: Vec<Activity>) -> usize {
    let end = Instant::now() + LIMIT;
    loop {
        let posts = activities.iter().map(|one| (None, one.clone())).collect();
        match gateway.record_activities(shop.scope, posts).await {
            Ok(taken) => return taken.accepted + taken.duplicates,
            Err(error) => assert!(passes(&error) && Instant::now() < end, "{error}"),
        }
    }
}

async fn fire_all(shop: &Shop) {
    let end = Instant::now() + LIMIT;
    loop {
        let now = shop.clock_now();
        let all = domain::shard::ShardSet::ALL;
        let due = match shop.world.storage.due_timers(all, &[], now, 48).await {
            Ok(due) if due.is_empty() => return,
            Ok(due) => due,
            Err(error) => {
                assert!(error.is_passing() && Instant::now() < end, "{error}");
                continue;
            }
        };
        if let Err(error) = shop.gateway.fire_timers(&due).await {
            assert!(passes(&error) && Instant::now() < end, "{error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn contract_093_timers_fire_once_though_connections_are_cut_meanwhile() {
    let shop = Shop::flexype(World::postgres().await).await;
    let ids: Vec<String> = (0..SHOPPERS).map(|n| format!("d-{n}")).collect();
    for part in ids.chunks(500) {
        let identified = |id: &String| on(id, "identified", &known_as(id));
        shop.post(part.iter().map(identified).collect()).await;
    }
    shop.set(at(0, 15));
    let enough = CancellationToken::new();
    let cuts = cut(shop.world.database.url.clone(), enough.clone());
    fire_all(&shop).await;
    enough.cancel();
    assert!(cuts.await.unwrap() > 0);
    once_each(&shop, "ABANDONED_SESSION").await;
    assert_eq!(shop.number("select count(*) from timers").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn contract_049_views_are_taken_once_though_connections_are_cut_meanwhile() {
    let shop = Arc::new(Shop::flexype(World::postgres().await).await);
    let enough = CancellationToken::new();
    let cuts = cut(shop.world.database.url.clone(), enough.clone());
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..4 {
        let shop = Arc::clone(&shop);
        callers.spawn(async move {
            for number in (caller..SHOPPERS).step_by(4) {
                let view = activity(&format!(
                    r#"{{"id":"v-{number}","type":"product_viewed","visitor":{{"device_id":"d-{number}"}},
                    "identity":{{"email":"{number}@example.com"}},"data":{{"product_id":1}}}}"#
                ));
                let taken = post_until_taken(&shop, &shop.gateway, vec![view]).await;
                assert_eq!(taken, 1);
            }
        });
    }
    while let Some(done) = callers.join_next().await {
        done.unwrap();
    }
    enough.cancel();
    assert!(cuts.await.unwrap() > 0);
    once_each(&shop, "PRODUCT_VIEWED").await;
}

/// Each shopper has one event of the type, with its delivery.
async fn once_each(shop: &Shop, event_type: &str) {
    let all = i64::try_from(SHOPPERS).unwrap();
    let events = shop.events().await;
    assert!(events.iter().all(|event| &*event.event_type == event_type));
    assert_eq!(events.len(), SHOPPERS);
    let counts = [
        "select count(distinct subject_id) from fired_events",
        "select count(*) from fired_events",
        "select count(*) from activities",
        "select count(*) from sessions",
        "select count(*) from deliveries",
        "select count(*) from jobs",
    ];
    for count in counts {
        assert_eq!(shop.number(count).await, all, "{count}");
    }
}
