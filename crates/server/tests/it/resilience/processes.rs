//! Processes of Hookyard killed in the middle of their work.

use std::time::{Duration, Instant};

use testkit::postgres::PostgresServer;
use testkit::redis::RedisServer;

use super::scene::{Fault, Processes, Scene};
use super::tally::Flaky;

/// The other worker notices within 5 s and a beat; what was in flight waits for its lease, 1 s and 15 s.
const TAKE_OVER: Duration = Duration::from_secs(6 + 16 + 2);

async fn cluster(name: &'static str) -> Scene {
    let settings = [("fsync", "off")];
    let (redis, postgres) =
        tokio::join!(RedisServer::start(), PostgresServer::start_with(&settings));
    Scene::cluster(name, Processes::Split, Flaky(0), &redis, &postgres).await
}

#[tokio::test(flavor = "multi_thread")]
async fn serial_every_event_arrives_when_one_of_two_workers_is_killed() {
    let mut scene = cluster("kill -9 of one of two workers").await;
    let mut publishing = scene.publish(scene.size);
    publishing.half().await;
    // The last worker is never started again: the other one takes over.
    scene.kill_last().await;
    let fault = Fault {
        ended: Instant::now(),
        in_flight: scene.in_flight().await,
    };
    let report = scene.finish(publishing, fault).await;
    report.recovers_within(TAKE_OVER);
}

#[tokio::test(flavor = "multi_thread")]
async fn serial_every_accepted_event_arrives_when_the_api_is_killed() {
    let mut scene = cluster("kill -9 of the API, started again").await;
    let mut publishing = scene.publish(scene.size);
    publishing.half().await;
    scene.servers[0].kill().await;
    let fault = Fault {
        ended: Instant::now(),
        in_flight: 0,
    };
    scene.start_api_again().await;
    scene.finish(publishing, fault).await;
}
