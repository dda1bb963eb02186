//! Embedded mode killed under load.

use std::path::Path;
use std::time::{Duration, Instant};

use testkit::ledger;

use super::scene::{Fault, Scene, sqlite_url};

/// From the kill: a start, and no lease to wait for.
const RECOVERY: Duration = Duration::from_secs(8);

#[tokio::test(flavor = "multi_thread")]
async fn serial_nothing_is_lost_when_embedded_mode_is_killed_and_started_again() {
    let mut scene = Scene::embedded("Embedded mode: kill -9, started again").await;
    let mut publishing = scene.publish(scene.size);
    publishing.half().await;
    scene.servers[0].kill().await;
    let ended = Instant::now();
    let in_flight = in_flight(&scene.servers[0].data_dir()).await;
    scene.start_api_again().await;
    let report = scene.finish(publishing, Fault { ended, in_flight }).await;
    report.recovers_within(RECOVERY);
}

/// What the dead process had in flight, read from a copy: the file itself is left for the next start to recover.
async fn in_flight(data_dir: &Path) -> i64 {
    let copy = tempfile::tempdir().unwrap();
    for name in ["hookyard.db", "hookyard.db-wal"] {
        std::fs::copy(data_dir.join(name), copy.path().join(name)).unwrap();
    }
    ledger::jobs(&sqlite_url(copy.path())).await.open
}
