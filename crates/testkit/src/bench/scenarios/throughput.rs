//! How much goes through when nothing holds publishing back, or only what is still on its way.

use std::sync::Arc;
use std::time::Duration;

use domain::clock::Micros;

use super::cost::{Cost, Unit};
use super::{Bench, figure};
use crate::bench::load::{Gate, Load, Sent, seconds_between};
use crate::bench::observer::Observer;

/// Before a measurement, at a low rate: connections are opened and caches filled.
pub(super) const WARM_UP: Duration = Duration::from_secs(1);
/// The events a second of it.
pub(super) const WARM_UP_RATE: u32 = 100;

/// Publishes for as long as a measurement takes, to one endpoint, then waits until all is delivered.
pub(super) async fn accept(bench: &mut Bench<'_>) {
    measure(bench, "publish without limit, 1 endpoint", 1, None).await;
}

/// The same with a bounded backlog: what is accepted is what is delivered.
pub(super) async fn deliver(bench: &mut Bench<'_>, endpoints: u32) {
    let gate = Gate::new(bench.arguments.backlog, u64::from(endpoints));
    let section = match endpoints {
        1 => "saturated, 1 endpoint".to_owned(),
        _ => format!("saturated, {endpoints} endpoints"),
    };
    measure(bench, &section, endpoints, Some(Arc::new(gate))).await;
}

async fn measure(bench: &mut Bench<'_>, section: &str, endpoints: u32, gate: Option<Arc<Gate>>) {
    let (load, mut observer) = bench.merchant(section, endpoints, "sink").await;
    let warm_up = warm_up(&load, &mut observer, endpoints).await;
    let cost = Cost::start(bench).await;
    let (sent, resident_mib) = saturate(bench, &load, &mut observer, gate).await;
    let expected = warm_up + sent.accepted * u64::from(endpoints);
    observer.drain(expected).await;
    let summary = observer.summary(sent.from, sent.to).await;
    let delivered = summary.received - warm_up;
    let seconds = seconds_between(sent.from, Micros(summary.last_us));
    bench.add(
        section,
        "accepted/s",
        figure(sent.accepted) / sent.seconds(),
    );
    bench.add(section, "delivered/s", figure(delivered) / seconds);
    bench.add(
        section,
        "latency p50 ms",
        summary.p50_us.unwrap_or(f64::NAN) / 1e3,
    );
    bench.add(
        section,
        "latency p99 ms",
        summary.p99_us.unwrap_or(f64::NAN) / 1e3,
    );
    cost.report(bench, section, delivered, Unit::Delivery).await;
    bench.add(section, "peak resident MiB", resident_mib);
    bench.add(section, "refused calls", figure(sent.refused));
    bench.add(
        section,
        "missing deliveries",
        figure(expected.saturating_sub(summary.received)),
    );
    bench.add(
        section,
        "repeated deliveries",
        figure(summary.received.saturating_sub(expected)),
    );
}

/// Publishes a little, waits for it, and says how many deliveries that was.
pub(super) async fn warm_up(load: &Load, observer: &mut Observer, endpoints: u32) -> u64 {
    let sent = load.pace(WARM_UP_RATE, WARM_UP).await;
    observer.drain(sent.accepted * u64::from(endpoints)).await;
    observer.received().await
}

/// Publishes at full speed; also says how much memory Hookyard held at most meanwhile.
async fn saturate(
    bench: &Bench<'_>,
    load: &Load,
    observer: &mut Observer,
    gate: Option<Arc<Gate>>,
) -> (Sent, f64) {
    let mut peak_mib: f64 = 0.0;
    let told = gate.clone();
    let follow = observer.follow(told.as_deref(), || {
        peak_mib = peak_mib.max(bench.system.resident_mib());
    });
    let sent = tokio::select! {
        sent = load.saturate(bench.arguments.length(), gate) => sent,
        never = follow => match never {},
    };
    (sent, peak_mib)
}
