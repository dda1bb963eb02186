//! How long an event is on its way when there is room.

use super::Bench;
use super::cost::{Cost, Unit};
use super::throughput::warm_up;
use crate::bench::observer::Summary;

/// Publishes evenly at `per_second` to one endpoint.
pub(super) async fn run(bench: &mut Bench<'_>, per_second: u32) {
    let section = format!("{per_second} events/s, 1 endpoint");
    let (load, mut observer) = bench.merchant(&section, 1, "sink").await;
    let warm_up = warm_up(&load, &mut observer, 1).await;
    let cost = Cost::start(bench).await;
    let sent = load.pace(per_second, bench.arguments.length()).await;
    observer.drain(warm_up + sent.accepted).await;
    let summary = observer.summary(sent.from, sent.to).await;
    add(bench, &section, "", &summary);
    cost.report(bench, &section, summary.count, Unit::Delivery)
        .await;
}

/// Adds the latencies of a summary, in milliseconds; `when` is put behind their names.
pub(super) fn add(bench: &mut Bench<'_>, section: &str, when: &str, summary: &Summary) {
    let percentiles = [
        ("p50", summary.p50_us),
        ("p99", summary.p99_us),
        ("longest", summary.max_us),
    ];
    for (name, us) in percentiles {
        bench.add(
            section,
            &format!("latency {name} ms{when}"),
            us.unwrap_or(f64::NAN) / 1e3,
        );
    }
}
