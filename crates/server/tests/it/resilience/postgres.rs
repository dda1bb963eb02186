//! `PostgreSQL` restarted under load.

use std::time::{Duration, Instant};

use testkit::postgres::{PostgresServer, StopMode};
use testkit::redis::RedisServer;

use super::scene::{Fault, Processes, Scene};
use super::tally::Flaky;

/// When events are accepted and arrive promptly again after the database is back.
const RECOVERY: Duration = Duration::from_secs(5);
async fn scenario(name: &'static str, mode: StopMode) {
    let (redis, postgres) = tokio::join!(RedisServer::start(), PostgresServer::start());
    let scene = Scene::cluster(name, Processes::One, Flaky(0), &redis, &postgres).await;
    let mut publishing = scene.publish(scene.size);
    publishing.half().await;
    postgres.stop(mode).await;
    tokio::time::sleep(scene.size.outage / 6).await;
    postgres.start_again().await;
    let fault = Fault {
        ended: Instant::now(),
        in_flight: 0,
    };
    let report = scene.finish(publishing, fault).await;
    assert_eq!(report.curt, 0, "a refusal says when to come again");
    assert!(!report.statuses.contains_key(&0), "{report:?}");
    report.recovers_within(RECOVERY);
}

#[tokio::test(flavor = "multi_thread")]
async fn serial_every_accepted_event_arrives_when_postgres_restarts() {
    scenario("PostgreSQL restarted", StopMode::Fast).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn serial_every_accepted_event_arrives_when_postgres_is_killed() {
    scenario("PostgreSQL killed and started again", StopMode::Kill).await;
}
