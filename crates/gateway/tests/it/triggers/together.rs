//! Two processes on one database take in what the same shoppers do, while configuration changes and events are
//! published: nothing is lost, nothing is doubled, nobody waits for ever.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use domain::tenancy::TenantScope;
use domain::trigger::activity::Activity;
use gateway::Gateway;
use gateway::activities::Accepted;
use gateway::ingest::Publish;
use gateway::merchants::MerchantPatch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::shop::{FLEXYPE, Shop, activity, at};
use crate::world::{World, event};

on_both!(contract_049_093_two_processes_take_in_the_same_shoppers_and_lose_and_double_nothing);

const CALLS: usize = 150;
const SHOPPERS: usize = 20;

/// The views of call `number`: of a few shoppers whom every caller sees, in an order of its own.
fn views(number: usize) -> Vec<Activity> {
    (0..SHOPPERS)
        .map(|turn| (turn * (1 + 2 * (number % 5)) + number) % SHOPPERS)
        .collect::<HashSet<_>>()
        .into_iter()
        .map(|shopper| {
            activity(&format!(
                r#"{{"id":"v-{number}-{shopper}","type":"product_viewed",
                "visitor":{{"device_id":"{number}-{shopper}"}},
                "identity":{{"email":"s{shopper}@example.com"}},"data":{{"product_id":1}}}}"#
            ))
        })
        .collect()
}

/// Posts every call once, of both merchants, some at a time.
async fn post_all(gateway: Arc<Gateway>, scopes: Vec<TenantScope>, backwards: bool) -> Accepted {
    let mut total = Accepted {
        accepted: 0,
        duplicates: 0,
    };
    let mut posts = JoinSet::new();
    let numbers: Vec<usize> = if backwards {
        (0..CALLS).rev().collect()
    } else {
        (0..CALLS).collect()
    };
    for number in numbers {
        for scope in &scopes {
            let (gateway, scope) = (Arc::clone(&gateway), *scope);
            posts.spawn(async move {
                loop {
                    let views = views(number).into_iter().map(|one| (None, one)).collect();
                    match gateway.record_activities(scope, views).await {
                        // The other process had its turn for too long: a client is told to come again.
                        Err(gateway::Error::Storage(error)) if error.is_passing() => {}
                        other => return other.unwrap(),
                    }
                }
            });
        }
        while posts.len() >= 16 {
            add(&mut total, posts.join_next().await.unwrap().unwrap());
        }
    }
    while let Some(done) = posts.join_next().await {
        add(&mut total, done.unwrap());
    }
    total
}

fn add(total: &mut Accepted, more: Accepted) {
    total.accepted += more.accepted;
    total.duplicates += more.duplicates;
}

/// Changes a merchant's configuration and publishes events, until `stop`.
async fn meanwhile(gateway: Arc<Gateway>, scope: TenantScope, stop: CancellationToken) -> usize {
    let mut published = 0;
    while !stop.is_cancelled() {
        let patch = MerchantPatch {
            name: Some(format!("Blue Door {published}")),
            ..MerchantPatch::default()
        };
        gateway.update_merchant(scope, patch).await.unwrap();
        for _ in 0..10 {
            let id = format!("p-{published}");
            let publish = Publish {
                events: vec![event(Some(&id), "{}")],
                idempotency: None,
            };
            gateway.publish(scope, publish).await.unwrap();
            published += 1;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    published
}

async fn contract_049_093_two_processes_take_in_the_same_shoppers_and_lose_and_double_nothing(
    world: World,
) {
    let shop = Shop::flexype(world).await;
    let neighbour = shop.world.merchant().await;
    shop.world.endpoint(neighbour, &FLEXYPE).await;
    let scopes = vec![shop.scope, neighbour];
    let (other, second) = shop.another().await;
    let enough = CancellationToken::new();
    let mut changes = JoinSet::new();
    for (gateway, scope) in [(&shop.gateway, shop.scope), (&other, neighbour)] {
        changes.spawn(meanwhile(Arc::clone(gateway), scope, enough.clone()));
    }
    let (mine, theirs) = tokio::join!(
        post_all(Arc::clone(&shop.gateway), scopes.clone(), false),
        post_all(Arc::clone(&other), scopes.clone(), true),
    );
    enough.cancel();
    let published: usize = changes.join_all().await.into_iter().sum();
    let unique: usize = (0..CALLS).map(|number| views(number).len()).sum::<usize>() * scopes.len();
    assert_eq!(mine.accepted + theirs.accepted, unique);
    assert_eq!(mine.duplicates + theirs.duplicates, unique);
    assert!(mine.duplicates > 0 && theirs.duplicates > 0);
    let count = |sql: &'static str| shop.number(sql);
    let all = i64::try_from(unique).unwrap();
    let published = i64::try_from(published).unwrap();
    assert_eq!(count("select count(*) from activities").await, all);
    assert_eq!(count("select count(*) from events").await, all + published);
    assert_eq!(count("select count(*) from jobs").await, all + published);
    let people = i64::try_from(SHOPPERS * scopes.len()).unwrap();
    assert_eq!(count("select count(*) from shoppers").await, people);
    // Each device is a visit of its own, of which one event tells.
    shop.pass(at(1, 0)).await;
    let abandoned =
        count("select count(*) from events where event_type = 'ABANDONED_SESSION'").await;
    assert_eq!(abandoned, count("select count(*) from sessions").await);
    if shop.world.database.is_postgres() {
        // What a session counted is told when it ends.
        shop.stop.cancel();
        drop((other, second));
        let deadlocks = "select deadlocks from pg_stat_database where datname = current_database()";
        assert_eq!(shop.number(deadlocks).await, 0);
    }
}
