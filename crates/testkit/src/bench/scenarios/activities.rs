//! How many activities are taken in.

use std::sync::Arc;
use std::time::Duration;

use super::cost::{Cost, Unit};
use super::{Bench, figure};
use crate::bench::api::Api;
use crate::bench::browsing::Shoppers;
use crate::bench::latency::Latency;
use crate::bench::recording::{Recording, Rhythm};

/// Merchants whose shoppers browse at the same time, in the measurements of several.
const MERCHANTS: u32 = 8;
/// Activities of a call that reports many.
const BATCH: u64 = 50;
/// Connections of a platform that posts such calls.
const CONNECTIONS: usize = 32;
/// What a shopper does in a visit.
const EACH: u64 = 20;
/// Before a measurement: connections are opened and caches filled.
const WARM_UP: Duration = Duration::from_secs(1);
/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// Posts as fast as it is taken in: in batches and one at a time, for one merchant and for several.
pub(super) async fn run(bench: &mut Bench<'_>) {
    for (batch, connections) in [(BATCH, CONNECTIONS), (1, bench.arguments.connections)] {
        for merchants in [1, MERCHANTS] {
            let calls = match batch {
                1 => "single activities".to_owned(),
                _ => format!("activities in batches of {batch}"),
            };
            let section = match merchants {
                1 => format!("{calls}, 1 merchant"),
                _ => format!("{calls}, {merchants} merchants"),
            };
            let recording = Recording {
                shoppers: Arc::new(bench.shops(&section, merchants, EACH).await),
                connections,
                batch,
            };
            measure(bench, &section, &recording).await;
        }
    }
}

async fn measure(bench: &mut Bench<'_>, section: &str, recording: &Recording) {
    recording.run(Rhythm::For(WARM_UP)).await;
    let cost = Cost::start(bench).await;
    let mut peak_mib: f64 = 0.0;
    let look_on = async {
        loop {
            peak_mib = peak_mib.max(bench.system.resident_mib());
            tokio::time::sleep(LOOK).await;
        }
    };
    let recorded = tokio::select! {
        recorded = recording.run(Rhythm::For(bench.arguments.length())) => recorded,
        () = look_on => unreachable!("it looks on for ever"),
    };
    let rate = figure(recorded.accepted) / recorded.seconds;
    bench.add(section, "activities accepted/s", rate);
    add_latency(bench, section, ("call", ""), recorded.latency);
    cost.report(bench, section, recorded.accepted, Unit::Activity)
        .await;
    bench.add(section, "peak resident MiB", peak_mib);
    bench.add(section, "refused calls", figure(recorded.refused));
    bench.add(section, "duplicates", figure(recorded.duplicates));
}

/// Adds latencies of `what` in milliseconds; `when` is put behind their names.
pub(super) fn add_latency(
    bench: &mut Bench<'_>,
    section: &str,
    (what, when): (&str, &str),
    latency: Option<Latency>,
) {
    let percentiles = latency.map(|latency| [latency.p50_us, latency.p99_us, latency.max_us]);
    let percentiles = percentiles.map_or([f64::NAN; 3], |us| us.map(|us| f64::from(us) / 1e3));
    for (name, ms) in ["p50", "p99", "longest"].into_iter().zip(percentiles) {
        bench.add(section, &format!("{what} {name} ms{when}"), ms);
    }
}

impl Bench<'_> {
    /// New merchants whose shoppers do `each` things; what fires goes to the receiver.
    pub(super) async fn shops(&mut self, name: &str, count: u32, each: u64) -> Vec<Shoppers> {
        self.sinks += 1;
        let url = format!("http://{}/sink/{}", self.receiver.address, self.sinks);
        let mut api = Api::log_in(self.system.address).await;
        let mut shops = Vec::new();
        for number in 1..=count {
            let name = format!("{name} {number}");
            shops.push(api.shop(&name, format!("{url}/{number}"), each).await);
        }
        shops
    }
}
