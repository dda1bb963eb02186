//! What every queue promises. Each test takes a queue of its own.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use domain::clock::{Clock, Micros, SystemClock};
use domain::id::{DeliveryId, Id};
use domain::shard::{Shard, ShardSet};
use queue::{Listener, Queue, Stub};
use uuid::Uuid;

/// How long anything may take before a test fails.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);
/// Half of the stubs come sooner after their time than this, unless the queue finds them by looking at intervals. A
/// busy machine may keep any one of them longer.
pub(crate) const LATE: Duration = Duration::from_millis(250);

/// The stub with this number, in the shard of the same number.
pub(crate) fn stub(number: u64, due: Micros) -> Stub {
    Stub {
        delivery_id: Id::from_uuid(Uuid::from_u128(u128::from(number))),
        endpoint_id: Id::from_uuid(Uuid::from_u128(1 << 64 | u128::from(number))),
        merchant_id: Id::from_uuid(Uuid::from_u128(2 << 64)),
        due,
    }
}

/// Stubs with these numbers, due now.
pub(crate) fn stubs(numbers: std::ops::Range<u64>) -> Vec<Stub> {
    let now = SystemClock.now();
    numbers.map(|number| stub(number, now)).collect()
}

/// The set of the one shard that [`stub`] gives this number.
pub(crate) fn only(shard: u8) -> ShardSet {
    ShardSet::EMPTY.with(Shard::from_number(shard))
}

/// A listener for these shards, once what is told arrives there.
pub(crate) async fn listen(queue: &impl Queue, shards: ShardSet) -> Listener {
    let listener = queue.listen();
    listener.own(shards);
    up(queue, true).await;
    listener
}

/// Waits until the queue says that it is up, or down.
pub(crate) async fn up(queue: &impl Queue, wanted: bool) {
    let began = Instant::now();
    while queue.is_up() != wanted {
        assert!(began.elapsed() < DEADLINE, "is_up never turned {wanted}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// The next batch.
pub(crate) async fn batch(listener: &mut Listener) -> Vec<Stub> {
    let batch = tokio::time::timeout(DEADLINE, listener.due.recv()).await;
    batch
        .expect("something arrives in time")
        .expect("the queue lives")
}

/// All that arrives up to and including the wanted stub.
pub(crate) async fn until(listener: &mut Listener, wanted: DeliveryId) -> Vec<Stub> {
    let mut arrived = Vec::new();
    while !arrived.iter().any(|stub: &Stub| stub.delivery_id == wanted) {
        arrived.extend(batch(listener).await);
    }
    arrived
}

/// Tells of one stub and sees it arrive.
pub(crate) async fn arrives(queue: &impl Queue, listener: &mut Listener, stub: Stub) {
    queue.tell(&[stub], SystemClock.now());
    assert!(until(listener, stub.delivery_id).await.contains(&stub));
}

pub(crate) async fn what_is_due_arrives(queue: impl Queue) {
    let mut listener = listen(&queue, ShardSet::ALL).await;
    let told = stub(1, SystemClock.now());
    queue.tell(&[told], told.due);
    assert_eq!(batch(&mut listener).await, [told]);
}

pub(crate) async fn what_is_due_later_arrives_at_its_time(queue: impl Queue) {
    let mut listener = listen(&queue, ShardSet::ALL).await;
    let now = SystemClock.now();
    let wait = |number: u64| Duration::from_millis(100 + number * 7 % 2_000);
    let told: Vec<Stub> = (0..300)
        .map(|number| stub(number, now + wait(number)))
        .collect();
    queue.tell(&told, now);
    let mut left: HashSet<DeliveryId> = told.iter().map(|stub| stub.delivery_id).collect();
    let mut lateness = Vec::new();
    while !left.is_empty() {
        for stub in batch(&mut listener).await {
            let arrived = SystemClock.now();
            assert!(arrived >= stub.due, "{} came before {}", arrived, stub.due);
            assert!(
                left.remove(&stub.delivery_id),
                "nothing disturbs it, so it comes once"
            );
            lateness.push(arrived.since(stub.due));
        }
    }
    lateness.sort();
    let median = lateness[lateness.len() / 2];
    assert!(median < LATE, "half of them were late by {median:?}");
}

pub(crate) async fn only_owned_shards_arrive(queue: impl Queue) {
    let mut listener = listen(&queue, only(5)).await;
    let now = SystemClock.now();
    let mut told = stubs(0..64);
    told.extend((0..64).map(|number| stub(64 + number, now + Duration::from_millis(20))));
    told.push(stub(64 * 4 + 5, now + Duration::from_millis(120)));
    queue.tell(&told, now);
    let arrived = until(&mut listener, told[128].delivery_id).await;
    assert_eq!(arrived, [told[5], told[64 + 5], told[128]]);
}

pub(crate) async fn a_new_owner_gets_what_was_scheduled_before(queue: impl Queue) {
    let mut listener = listen(&queue, only(1)).await;
    let now = SystemClock.now();
    let (theirs, ours) = (
        stub(2, now + Duration::from_millis(20)),
        stub(1, now + Duration::from_millis(60)),
    );
    queue.tell(&[theirs, ours], now);
    assert_eq!(until(&mut listener, ours.delivery_id).await, [ours]);
    listener.own(only(2));
    assert_eq!(batch(&mut listener).await, [theirs]);
    up(&queue, true).await;
    queue.tell(&stubs(1..3), SystemClock.now());
    assert_eq!(
        batch(&mut listener).await[0].delivery_id,
        theirs.delivery_id
    );
}

pub(crate) async fn ten_thousand_arrive(queue: impl Queue) {
    let mut listener = listen(&queue, ShardSet::ALL).await;
    let told = stubs(0..10_000);
    for chunk in told.chunks(37) {
        queue.tell(chunk, SystemClock.now());
    }
    let mut arrived = HashSet::new();
    while arrived.len() < told.len() {
        arrived.extend(
            batch(&mut listener)
                .await
                .iter()
                .map(|stub| stub.delivery_id),
        );
    }
}

pub(crate) async fn what_is_told_twice_arrives_at_least_once(queue: impl Queue) {
    let mut listener = listen(&queue, ShardSet::ALL).await;
    let now = SystemClock.now();
    let (at_once, later) = (stub(1, now), stub(2, now + Duration::from_millis(30)));
    queue.tell(&[at_once, later], now);
    queue.tell(&[at_once, later], now);
    let arrived = until(&mut listener, later.delivery_id).await;
    assert!(arrived.contains(&at_once));
}

pub(crate) async fn a_flood_is_dropped_and_blocks_nobody(queue: impl Queue) {
    let mut listener = listen(&queue, ShardSet::ALL).await;
    let now = SystemClock.now();
    let flood = stubs(0..1_000_000);
    queue.tell(&flood, now);
    queue.tell(&flood, now - Duration::from_mins(1));
    let wanted = stub(2_000_000, now);
    let began = Instant::now();
    loop {
        assert!(
            began.elapsed() < DEADLINE,
            "nothing new arrives after a flood"
        );
        queue.tell(&[wanted], SystemClock.now());
        if batch(&mut listener).await.contains(&wanted) {
            return;
        }
    }
}

pub(crate) async fn a_queue_ends_with_its_owner(queue: impl Queue) {
    let listener = listen(&queue, ShardSet::ALL).await;
    let tasks = tokio::runtime::Handle::current().metrics();
    assert!(tasks.num_alive_tasks() > 0);
    drop(listener);
    drop(queue);
    let began = Instant::now();
    while tasks.num_alive_tasks() > 0 {
        assert!(
            began.elapsed() < DEADLINE,
            "{} tasks stay",
            tasks.num_alive_tasks()
        );
        tokio::task::yield_now().await;
    }
}
