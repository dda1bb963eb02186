//! A merchant on whom another process decides: nobody else waits with it.

use std::sync::Arc;

use domain::id::MerchantId;
use gateway::activities::Accepted;
use gateway::timers::FiredTimers;
use gateway::{Error, Gateway};
use sqlx::{Connection as _, PgConnection};
use tokio::task::JoinHandle;

use super::shop::{Shop, at, known_as, on};
use crate::world::World;

/// Holds the lock of a merchant's decisions until the connection is closed, as a process in the middle of one does.
async fn hold(shop: &Shop, merchant: MerchantId) -> PgConnection {
    let url = &shop.world.database.url;
    let mut connection = PgConnection::connect(url).await.unwrap();
    let (_, low) = merchant.uuid().as_u64_pair();
    let lock = i64::from_be_bytes(low.to_be_bytes()) >> 1;
    sqlx::query("select pg_advisory_lock($1)")
        .bind(lock)
        .execute(&mut connection)
        .await
        .unwrap();
    connection
}

/// A view of the shop's merchant, on its way.
fn view(shop: &Shop, device: &str) -> JoinHandle<Result<Accepted, Error>> {
    let (gateway, scope): (Arc<Gateway>, _) = (Arc::clone(&shop.gateway), shop.scope);
    let view = on(device, "identified", &known_as(device));
    tokio::spawn(async move { gateway.record_activities(scope, vec![(None, view)]).await })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merchant_whose_lock_is_held_keeps_nobody_else_waiting() {
    let shop = Shop::flexype(World::postgres().await).await;
    let other = shop.world.merchant().await;
    let held = hold(&shop, shop.scope.merchant_id()).await;
    let waiting = view(&shop, "d1");
    let free = vec![(None, on("d1", "page_viewed", ""))];
    let taken = shop.gateway.record_activities(other, free).await.unwrap();
    assert_eq!(taken.accepted, 1);
    assert!(!waiting.is_finished());
    held.close().await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().accepted, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_too_long_for_a_merchant_is_told_that_it_is_busy() {
    let shop = Shop::flexype(World::postgres().await).await;
    let held = hold(&shop, shop.scope.merchant_id()).await;
    let refused = view(&shop, "d1").await.unwrap().unwrap_err();
    assert!(
        matches!(&refused, Error::Storage(error) if error.is_passing()),
        "{refused}"
    );
    assert_eq!(shop.number("select count(*) from activities").await, 0);
    held.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn timers_of_a_merchant_whose_lock_is_held_are_found_by_a_later_look() {
    let shop = Shop::flexype(World::postgres().await).await;
    view(&shop, "d1").await.unwrap().unwrap();
    shop.set(at(0, 15));
    let due = shop.due(10).await;
    let held = hold(&shop, shop.scope.merchant_id()).await;
    let fired = shop.gateway.fire_timers(&due).await.unwrap();
    assert_eq!(
        fired,
        FiredTimers {
            events: 0,
            left_out: [shop.scope.merchant_id()].into(),
        }
    );
    held.close().await.unwrap();
    assert_eq!(shop.fire().await, 1);
}
