//! The queue over Redis keeps the suite's promises, each on a server of its own.

use std::sync::Arc;
use std::time::Duration;

use domain::clock::{Clock, Micros, SystemClock};
use domain::shard::ShardSet;
use queue::{Listener, Queue, RedisQueue, RedisSettings, Stub};
use testkit::redis::RedisServer;

use crate::suite;

/// Two processes: one tells, the other listens, so that everything goes through Redis.
pub(crate) struct TwoProcesses {
    teller: RedisQueue,
    listener: RedisQueue,
}

impl Queue for TwoProcesses {
    fn tell(&self, stubs: &[Stub], now: Micros) {
        self.teller.tell(stubs, now);
    }

    fn listen(&self) -> Listener {
        self.listener.listen()
    }

    fn is_up(&self) -> bool {
        self.teller.is_up() && self.listener.is_up()
    }
}

/// Two processes that use the server, connected in the background.
pub(crate) fn queue(server: &RedisServer) -> TwoProcesses {
    TwoProcesses {
        teller: process(server),
        listener: process(server),
    }
}

/// One process's queue over the server, connected in the background.
fn process(server: &RedisServer) -> RedisQueue {
    RedisQueue::connect(
        &server.url(),
        RedisSettings::default(),
        Arc::new(SystemClock),
    )
    .unwrap()
}

#[tokio::test]
async fn what_is_due_for_this_process_arrives_without_redis() {
    let server = RedisServer::start().await;
    let queue = process(&server);
    let mut listener = suite::listen(&queue, suite::only(1)).await;
    server.stop().await;
    suite::arrives(&queue, &mut listener, suite::stub(1, SystemClock.now())).await;
}

#[tokio::test]
async fn what_is_due_arrives() {
    let server = RedisServer::start().await;
    suite::what_is_due_arrives(queue(&server)).await;
}

#[tokio::test]
async fn what_is_due_later_arrives_at_its_time() {
    let server = RedisServer::start().await;
    suite::what_is_due_later_arrives_at_its_time(queue(&server)).await;
}

#[tokio::test]
async fn only_owned_shards_arrive() {
    let server = RedisServer::start().await;
    suite::only_owned_shards_arrive(queue(&server)).await;
}

#[tokio::test]
async fn a_new_owner_gets_what_was_scheduled_before() {
    let server = RedisServer::start().await;
    suite::a_new_owner_gets_what_was_scheduled_before(queue(&server)).await;
}

#[tokio::test]
async fn ten_thousand_arrive() {
    let server = RedisServer::start().await;
    suite::ten_thousand_arrive(queue(&server)).await;
}

#[tokio::test]
async fn what_is_told_twice_arrives_at_least_once() {
    let server = RedisServer::start().await;
    suite::what_is_told_twice_arrives_at_least_once(queue(&server)).await;
}

#[tokio::test]
async fn a_flood_is_dropped_and_blocks_nobody() {
    let server = RedisServer::start().await;
    suite::a_flood_is_dropped_and_blocks_nobody(queue(&server)).await;
}

#[tokio::test]
async fn a_queue_ends_with_its_owner() {
    let server = RedisServer::start().await;
    suite::a_queue_ends_with_its_owner(queue(&server)).await;
}

#[tokio::test]
async fn another_process_is_heard() {
    let server = RedisServer::start().await;
    let (here, there) = (process(&server), process(&server));
    let mut listener = suite::listen(&here, ShardSet::ALL).await;
    suite::up(&there, true).await;
    let now = SystemClock.now();
    suite::arrives(&there, &mut listener, suite::stub(1, now)).await;
    // The owner learns at once of what another process schedules for soon: else it would find it up to a second late.
    let mut lateness = Vec::new();
    for number in 2..7 {
        let soon = suite::stub(number, SystemClock.now() + Duration::from_millis(400));
        suite::arrives(&there, &mut listener, soon).await;
        lateness.push(SystemClock.now().since(soon.due));
    }
    lateness.sort();
    assert!(lateness[2] < suite::LATE, "{lateness:?}");
}

#[tokio::test]
async fn two_prefixes_on_one_server_hear_nothing_of_each_other() {
    let server = RedisServer::start().await;
    let settings = RedisSettings {
        key_prefix: "other".into(),
        ..RedisSettings::default()
    };
    let other = RedisQueue::connect(&server.url(), settings, Arc::new(SystemClock)).unwrap();
    let queue = process(&server);
    let mut theirs = suite::listen(&other, ShardSet::ALL).await;
    let mut ours = suite::listen(&queue, ShardSet::ALL).await;
    suite::arrives(&queue, &mut ours, suite::stub(1, SystemClock.now())).await;
    suite::arrives(&other, &mut theirs, suite::stub(2, SystemClock.now())).await;
    assert!(ours.due.try_recv().is_err());
}

#[tokio::test]
async fn a_url_that_is_none_is_refused_without_showing_it() {
    let connected = RedisQueue::connect(
        "http://user:hunter2@localhost",
        RedisSettings::default(),
        Arc::new(SystemClock),
    );
    let message = connected.err().expect("it is refused").to_string();
    assert!(!message.contains("hunter2"), "{message}");
}
