//! What Hookyard takes while nothing happens.

use std::time::Duration;

use super::Bench;

/// Long enough for what a start leaves to do.
const SETTLED: Duration = Duration::from_secs(5);

/// How long CPU is measured: `/proc` counts in 10 ms, so this tells 0.7 ms/s apart.
const IDLE: Duration = Duration::from_secs(15);

/// Looks on.
pub(super) async fn run(bench: &mut Bench<'_>) {
    tokio::time::sleep(SETTLED).await;
    bench.add("idle", "resident MiB", bench.system.resident_mib());
    let before = bench.system.cpu_seconds();
    tokio::time::sleep(IDLE).await;
    let after = bench.system.cpu_seconds();
    let parts = ["Hookyard", "PostgreSQL", "Redis"]
        .into_iter()
        .zip(after.into_iter().zip(before));
    for (part, (after, before)) in parts {
        if after > 0.0 {
            let share = (after - before) / IDLE.as_secs_f64();
            bench.add("idle", &format!("CPU ms per s: {part}"), share * 1_000.0);
        }
    }
}
