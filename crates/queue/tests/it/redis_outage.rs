//! What a Redis can do to its users: it costs what was on the way, and nothing afterwards.

use std::time::{Duration, Instant};

use domain::clock::{Clock, SystemClock};
use domain::shard::ShardSet;
use queue::{Listener, Queue};
use testkit::redis::RedisServer;

use crate::redis::queue;
use crate::suite;

/// What is due now and what is due later both arrive.
async fn works(queue: &impl Queue, listener: &mut Listener) {
    let now = SystemClock.now();
    suite::arrives(queue, listener, suite::stub(1, now)).await;
    suite::arrives(
        queue,
        listener,
        suite::stub(2, now + Duration::from_millis(50)),
    )
    .await;
}

/// Runs a command on the server, over a connection of its own.
async fn call(server: &RedisServer, command: &[&str]) {
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut call = redis::cmd(command[0]);
    call.arg(&command[1..]);
    call.exec_async(&mut connection).await.unwrap();
}

#[tokio::test]
async fn a_wiped_redis_is_used_on() {
    let server = RedisServer::start().await;
    let queue = queue(&server);
    let mut listener = suite::listen(&queue, ShardSet::ALL).await;
    works(&queue, &mut listener).await;
    server.flush_all().await;
    call(&server, &["SCRIPT", "FLUSH"]).await;
    works(&queue, &mut listener).await;
    assert!(queue.is_up());
}

#[tokio::test]
async fn killed_connections_are_made_again() {
    let server = RedisServer::start().await;
    let queue = queue(&server);
    let mut listener = suite::listen(&queue, ShardSet::ALL).await;
    for kind in ["normal", "pubsub"] {
        call(&server, &["CLIENT", "KILL", "TYPE", kind]).await;
        suite::up(&queue, false).await;
        suite::up(&queue, true).await;
        works(&queue, &mut listener).await;
    }
}

#[tokio::test]
async fn a_restarted_redis_is_subscribed_again() {
    let server = RedisServer::start().await;
    let queue = queue(&server);
    let mut listener = suite::listen(&queue, ShardSet::ALL).await;
    works(&queue, &mut listener).await;
    server.stop().await;
    suite::up(&queue, false).await;
    server.start_again().await;
    suite::up(&queue, true).await;
    works(&queue, &mut listener).await;
}

#[tokio::test]
async fn a_redis_that_comes_late_is_found_and_gets_what_was_scheduled() {
    let server = RedisServer::start().await;
    server.stop().await;
    let queue = queue(&server);
    let mut listener = queue.listen();
    listener.own(ShardSet::ALL);
    let now = SystemClock.now();
    let (stale, later) = (
        suite::stub(1, now),
        suite::stub(2, now + Duration::from_millis(300)),
    );
    queue.tell(&[stale, later], now);
    assert!(!queue.is_up());
    server.start_again().await;
    assert!(
        suite::until(&mut listener, later.delivery_id)
            .await
            .contains(&later)
    );
    suite::up(&queue, true).await;
    works(&queue, &mut listener).await;
}

#[tokio::test]
async fn a_hanging_redis_blocks_nobody_and_is_used_again_when_it_goes_on() {
    let server = RedisServer::start().await;
    let queue = queue(&server);
    let mut listener = suite::listen(&queue, ShardSet::ALL).await;
    server.signal_stop();
    suite::up(&queue, false).await;
    // Long enough for several attempts to connect to fail as well.
    let hung = Instant::now();
    let mut times = Vec::new();
    while hung.elapsed() < Duration::from_secs(3) {
        let began = Instant::now();
        queue.tell(&suite::stubs(0..1_000), SystemClock.now());
        times.push(began.elapsed());
        assert!(!queue.is_up());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // One that waited for Redis would take its whole response timeout each time; a busy machine, now and then.
    times.sort();
    let median = times[times.len() / 2];
    assert!(median < Duration::from_millis(100), "{median:?}");
    server.signal_cont();
    suite::up(&queue, true).await;
    works(&queue, &mut listener).await;
}
