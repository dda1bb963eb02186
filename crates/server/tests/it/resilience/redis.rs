//! Redis wiped, restarted, away and frozen.

use std::time::{Duration, Instant};

use testkit::postgres::PostgresServer;
use testkit::redis::RedisServer;
use testkit::size::is_full;
use tokio::time::sleep;

use super::Size;
use super::checker::Report;
use super::scene::{Fault, Processes, Scene};
use super::tally::Flaky;

/// No call to Redis holds a publish longer. Asked of 9 in 10 calls: a machine that stumbles holds a few, a Redis that
/// is waited for holds nearly all.
const REDIS_HOLDS: Duration = Duration::from_millis(250);
/// Every so many-th delivery waits for a retry: retries are what Redis keeps.
const FLAKY: Flaky = Flaky(20);
/// When deliveries are prompt again after Redis is back: retries due meanwhile, and one safety poll.
const RECOVERY: Duration = Duration::from_secs(5);

async fn scenario(name: &'static str, size: Size, fault: impl AsyncFn(&RedisServer)) -> Report {
    let settings = [("fsync", "off")];
    let (redis, postgres) =
        tokio::join!(RedisServer::start(), PostgresServer::start_with(&settings));
    let scene = Scene::cluster(name, Processes::Split, FLAKY, &redis, &postgres).await;
    let mut publishing = scene.publish(size);
    publishing.half().await;
    fault(&redis).await;
    let fault = Fault {
        ended: Instant::now(),
        in_flight: 0,
    };
    let report = scene.finish(publishing, fault).await;
    assert_eq!(report.statuses.len(), 1, "{report:?}");
    assert!(!is_full() || report.p90 <= REDIS_HOLDS, "{report:?}");
    report.recovers_within(RECOVERY);
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn serial_every_event_arrives_when_redis_is_flushed() {
    let size = Size::of_environment();
    scenario("Redis: FLUSHALL", size, async |redis| {
        redis.flush_all().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn serial_every_event_arrives_when_redis_restarts_empty() {
    let size = Size::of_environment();
    scenario("Redis restarted, empty", size, async |redis| {
        redis.restart().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn serial_every_event_arrives_while_redis_is_down() {
    let size = Size::of_environment().with_outage();
    scenario("Redis down", size, async |redis| {
        redis.stop().await;
        sleep(size.outage).await;
        redis.start_again().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn serial_every_event_arrives_while_redis_hangs() {
    let size = Size::of_environment().with_outage();
    scenario("Redis frozen by SIGSTOP", size, async |redis| {
        redis.signal_stop();
        sleep(size.outage).await;
        redis.signal_cont();
    })
    .await;
}
