//! The due moment: completions, firings and second workers at once. Whoever comes first, one thing happens.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::shard::ShardSet;
use gateway::Gateway;
use serde_json::Value;
use testkit::size::is_full;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::shop::{Shop, at, known_as, on, within};
use crate::world::World;

on_both!(
    contract_084_085_090_an_order_at_the_deadline_and_the_timer_have_one_outcome,
    contract_139_the_thank_you_page_and_the_upsell_timer_complete_a_funnel_once,
    contract_056_090_a_view_at_the_deadline_and_the_timer_end_a_session_once,
    contract_093_two_workers_fire_each_timer_once,
);

/// Subjects that race in one round.
const AT_ONCE: usize = 100;
const TICK: Duration = Duration::from_micros(1);

/// Rounds: with [`AT_ONCE`], 10,000 races at full size.
fn rounds() -> u64 {
    if is_full() { 100 } else { 40 }
}

/// Both at once: posts of `posts`, in four calls, against one look at the timers.
async fn race(shop: &Shop, posts: Vec<domain::trigger::activity::Activity>, early: bool) {
    let start = Arc::new(Barrier::new(5));
    let mut tasks = JoinSet::new();
    let moment = (shop.clock_now()).0 - i64::from(early);
    for part in posts.chunks(posts.len().div_ceil(4)) {
        let (gateway, scope, start) = (Arc::clone(&shop.gateway), shop.scope, Arc::clone(&start));
        let part: Vec<_> = part.to_vec();
        tasks.spawn(async move {
            start.wait().await;
            let part = part
                .into_iter()
                .map(|one| (Some(domain::clock::Micros(moment)), one))
                .collect();
            gateway.record_activities(scope, part).await.unwrap();
        });
    }
    let due = shop.due(256).await;
    assert_eq!(due.len(), AT_ONCE);
    let gateway = Arc::clone(&shop.gateway);
    tasks.spawn(async move {
        start.wait().await;
        // Some timers before the orders, some between them, some after.
        for part in due.chunks(due.len().div_ceil(4)) {
            while !gateway.fire_timers(part).await.unwrap().left_out.is_empty() {}
        }
    });
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
}

/// How often each subject of the script has an event of this type.
async fn counts(shop: &Shop, event_type: &str, name: &str) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for event in shop.of_type(event_type).await {
        let payload: Value = serde_json::from_slice(&event.payload).unwrap();
        let subject = payload.pointer(name).and_then(Value::as_str).unwrap();
        *counts.entry(subject.to_owned()).or_default() += 1;
    }
    counts
}

async fn contract_084_085_090_an_order_at_the_deadline_and_the_timer_have_one_outcome(
    world: World,
) {
    let shop = Shop::flexype(world).await;
    let order = r#","data":{"order_id":"1"}"#;
    for round in 0..rounds() {
        let opening = at(0, round * 16);
        shop.set(opening);
        let ids: Vec<String> = (0..AT_ONCE).map(|n| format!("{round}-{n}")).collect();
        let opened = |id: &String| within(id, id, "checkout_opened", &known_as(id));
        shop.post(ids.iter().map(opened).collect()).await;
        shop.set(opening + at(0, 15));
        let orders = ids
            .iter()
            .map(|id| within(id, id, "order_completed", order));
        race(&shop, orders.collect(), round % 2 == 1).await;
    }
    shop.pass(at(0, rounds() * 16 + 60)).await;
    let fired = counts(&shop, "ABANDONED_CHECKOUT", "/session_id").await;
    assert!(fired.values().all(|count| *count == 1), "{fired:?}");
    assert_eq!(shop.events().await.len(), fired.len());
    // 1 is completed, 3 abandoned: with the order of each that came later as its recovery.
    let completed = "select count(*) from checkouts where state = 1 and recovered_us is null";
    let completed = shop.number(completed).await;
    let abandoned = "select count(*) from checkouts where state = 3 and recovered_us is not null";
    let abandoned = shop.number(abandoned).await;
    let fired = i64::try_from(fired.len()).unwrap();
    assert_eq!(abandoned, fired);
    let all = i64::try_from(AT_ONCE).unwrap() * i64::try_from(rounds()).unwrap();
    assert_eq!(completed + abandoned, all);
    assert!(completed > 0 && abandoned > 0);
    assert_eq!(shop.number("select count(*) from timers").await, 0);
}

async fn contract_139_the_thank_you_page_and_the_upsell_timer_complete_a_funnel_once(world: World) {
    let shop = Shop::carthook(world).await;
    let funnel = r#","data":{"funnel_id":"cfu_1","page":"upsell-1"}"#;
    let rounds = rounds() / 5;
    for round in 0..rounds {
        let opening = at(0, round * 11);
        shop.set(opening);
        let ids: Vec<String> = (0..AT_ONCE).map(|n| format!("{round}-{n}")).collect();
        let reached = |id: &String| within(id, id, "funnel_step", funnel);
        shop.post(ids.iter().map(reached).collect()).await;
        shop.set(opening + at(0, 10));
        let data = |id: &String| {
            let data =
                format!(r#","data":{{"funnel_id":"cfu_1","carthook_order_id":"thanks-{id}"}}"#);
            within(id, id, "funnel_completed", &data)
        };
        race(&shop, ids.iter().map(data).collect(), round % 2 == 1).await;
    }
    shop.pass(at(0, rounds * 11 + 60)).await;
    let completed = shop.of_type("checkouts/completed").await;
    let all = AT_ONCE * usize::try_from(rounds).unwrap();
    assert_eq!(completed.len(), all);
    let subjects = "select count(distinct subject_id) from fired_events f join checkouts c
                    on c.id = f.subject_id where c.state = 1";
    assert_eq!(shop.number(subjects).await, i64::try_from(all).unwrap());
    let by_timer = "select count(*) from fired_events where activity_id is null";
    let by_timer = shop.number(by_timer).await;
    assert!(by_timer > 0 && by_timer < i64::try_from(all).unwrap());
}

async fn contract_056_090_a_view_at_the_deadline_and_the_timer_end_a_session_once(world: World) {
    let shop = Shop::flexype(world).await;
    let rounds = rounds() / 5;
    for round in 0..rounds {
        let opening = at(0, round * 31);
        shop.set(opening);
        let ids: Vec<String> = (0..AT_ONCE).map(|n| format!("{round}-{n}")).collect();
        let identified = |id: &String| on(id, "identified", &known_as(id));
        shop.post(ids.iter().map(identified).collect()).await;
        shop.set(opening + at(0, 15));
        let viewed = ids.iter().map(|id| on(id, "page_viewed", ""));
        race(&shop, viewed.collect(), round % 2 == 1).await;
        // Whoever was in time is abandoned later; whoever was not has a visit that was abandoned already.
        shop.pass(opening + at(0, 30) + TICK).await;
    }
    let fired = counts(&shop, "ABANDONED_SESSION", "/user/email").await;
    let all = AT_ONCE * usize::try_from(rounds).unwrap();
    assert_eq!(fired.len(), all);
    let sessions = shop.number("select count(*) from sessions").await;
    let fired = shop.events().await.len();
    assert_eq!(fired, usize::try_from(sessions).unwrap());
    let twice = "select count(*) from (select subject_id from fired_events group by subject_id
                 having count(*) > 1) as t";
    assert_eq!(shop.number(twice).await, 0);
    assert_eq!(shop.number("select count(*) from timers").await, 0);
}

/// Looks at timers until nothing is due, as a worker does.
async fn work(shop: Arc<Shop>, gateway: Arc<Gateway>, storage: Arc<storage::Storage>) {
    loop {
        let now = shop.clock_now();
        let due = storage.due_timers(ShardSet::ALL, &[], now, 64).await;
        let due = due.unwrap();
        if due.is_empty() {
            return;
        }
        gateway.fire_timers(&due).await.unwrap();
    }
}

async fn contract_093_two_workers_fire_each_timer_once(world: World) {
    let shop = Shop::flexype(world).await;
    let (other, second) = shop.another().await;
    let ids: Vec<String> = (0..2_000).map(|n| format!("d-{n}")).collect();
    for part in ids.chunks(500) {
        let identified = |id: &String| on(id, "identified", &known_as(id));
        shop.post(part.iter().map(identified).collect()).await;
    }
    shop.set(at(0, 15));
    let shop = Arc::new(shop);
    let mut workers = JoinSet::new();
    let storages = [&shop.world.storage, &second.storage];
    for (gateway, storage) in [&shop.gateway, &other].into_iter().zip(storages) {
        for _ in 0..2 {
            let (gateway, storage) = (Arc::clone(gateway), Arc::clone(storage));
            workers.spawn(work(Arc::clone(&shop), gateway, storage));
        }
    }
    while let Some(done) = workers.join_next().await {
        done.unwrap();
    }
    let fired = counts(&shop, "ABANDONED_SESSION", "/user/email").await;
    assert_eq!(fired.len(), 2_000);
    assert!(fired.values().all(|count| *count == 1));
    assert_eq!(shop.number("select count(*) from jobs").await, 2_000);
    assert_eq!(shop.number("select count(*) from timers").await, 0);
}
