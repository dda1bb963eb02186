//! What one merchant notices when the endpoint of another hangs.

use std::time::Duration;

use super::throughput::warm_up;
use super::{Bench, latency};

/// How long events go to the endpoint that hangs: two of its timeouts.
const HANGING: Duration = Duration::from_secs(20);
/// Events a second to it.
const HANGING_RATE: u32 = 100;
/// Events a second to the endpoint of the other merchant.
const RATE: u32 = 50;

/// Publishes evenly for a healthy merchant, first alone, then while another one's endpoint hangs.
pub(super) async fn run(bench: &mut Bench<'_>) {
    let section = "hanging neighbour";
    let (hanging, _) = bench.merchant("hanging", 1, "hang").await;
    let (load, mut observer) = bench.merchant("healthy", 1, "sink").await;
    let mut expected = warm_up(&load, &mut observer, 1).await;

    let alone = load.pace(RATE, bench.arguments.length()).await;
    expected += alone.accepted;
    observer.drain(expected).await;
    let before = observer.summary(alone.from, alone.to).await;

    let beside = (
        load.pace(RATE, HANGING),
        hanging.pace(HANGING_RATE, HANGING),
    );
    let (beside, _) = tokio::join!(beside.0, beside.1);
    expected += beside.accepted;
    observer.drain(expected).await;
    let during = observer.summary(beside.from, beside.to).await;

    latency::add(bench, section, " before", &before);
    latency::add(bench, section, " during", &during);
    if let Some((before, during)) = before.p99_us.zip(during.p99_us) {
        bench.add(section, "p99 during / before", during / before);
    }
}
