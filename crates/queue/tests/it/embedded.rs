//! The queue of a single process keeps the suite's promises.

use std::sync::Arc;

use domain::clock::SystemClock;
use queue::EmbeddedQueue;

use crate::suite;

fn queue() -> EmbeddedQueue {
    EmbeddedQueue::new(Arc::new(SystemClock))
}

#[tokio::test]
async fn what_is_due_arrives() {
    suite::what_is_due_arrives(queue()).await;
}

#[tokio::test]
async fn what_is_due_later_arrives_at_its_time() {
    suite::what_is_due_later_arrives_at_its_time(queue()).await;
}

#[tokio::test]
async fn only_owned_shards_arrive() {
    suite::only_owned_shards_arrive(queue()).await;
}

#[tokio::test]
async fn a_new_owner_gets_what_was_scheduled_before() {
    suite::a_new_owner_gets_what_was_scheduled_before(queue()).await;
}

#[tokio::test]
async fn ten_thousand_arrive() {
    suite::ten_thousand_arrive(queue()).await;
}

#[tokio::test]
async fn what_is_told_twice_arrives_at_least_once() {
    suite::what_is_told_twice_arrives_at_least_once(queue()).await;
}

#[tokio::test]
async fn a_flood_is_dropped_and_blocks_nobody() {
    suite::a_flood_is_dropped_and_blocks_nobody(queue()).await;
}

#[tokio::test]
async fn a_queue_ends_with_its_owner() {
    suite::a_queue_ends_with_its_owner(queue()).await;
}
