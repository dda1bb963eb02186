//! What a measurement cost the machine: CPU, statements, log, batches.

use std::time::Duration;

use super::{Bench, figure};
use crate::bench::cpu;
use crate::bench::database::Counters;
use crate::bench::metrics::Batches;

/// The last results are committed by then.
const SETTLED: Duration = Duration::from_millis(200);

/// What costs are told of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unit {
    Delivery,
    Activity,
}

impl Unit {
    const fn one(self) -> &'static str {
        match self {
            Self::Delivery => "delivery",
            Self::Activity => "activity",
        }
    }

    const fn many(self) -> &'static str {
        match self {
            Self::Delivery => "deliveries",
            Self::Activity => "activities",
        }
    }
}

/// The state of everything that counts, at the start of a measurement.
#[derive(Debug)]
pub(super) struct Cost {
    counters: Option<Counters>,
    batches: Batches,
    machine: cpu::Machine,
    cpu_seconds: [f64; 3],
}

impl Cost {
    /// From now on.
    pub(super) async fn start(bench: &Bench<'_>) -> Self {
        Self {
            counters: counters(bench).await,
            batches: Batches::read(bench.system.address).await,
            machine: cpu::Machine::now(),
            cpu_seconds: bench.system.cpu_seconds(),
        }
    }

    /// Adds to `section` what was used since the start for each of `count` units.
    pub(super) async fn report(self, bench: &mut Bench<'_>, section: &str, count: u64, unit: Unit) {
        tokio::time::sleep(SETTLED).await;
        let used = bench.system.cpu_seconds();
        let machine = cpu::Machine::now().since(&self.machine);
        let count = figure(count.max(1));
        let many = unit.many();
        let parts = ["Hookyard", "PostgreSQL", "Redis"]
            .into_iter()
            .zip(used.into_iter().zip(self.cpu_seconds));
        let mut total = 0.0;
        for (part, (after, before)) in parts {
            let cost = (after - before) / count * 1_000.0;
            total += cost;
            if after > 0.0 {
                bench.add(section, &format!("CPU s per 1,000 {many}: {part}"), cost);
            }
        }
        bench.add(section, &format!("CPU s per 1,000 {many}: all"), total);
        if let (Some(after), Some(before)) = (counters(bench).await, self.counters) {
            database(bench, section, after.since(before), count, unit);
        }
        let batches = Batches::read(bench.system.address).await;
        for (batcher, mean) in batches.means_since(&self.batches) {
            bench.add(section, &format!("mean rows per batch: {batcher}"), mean);
        }
        bench.add(section, "steal %", machine.steal_percent());
    }
}

async fn counters(bench: &Bench<'_>) -> Option<Counters> {
    match &bench.system.postgres {
        Some(server) => Some(Counters::read(server).await),
        None => None,
    }
}

fn database(bench: &mut Bench<'_>, section: &str, work: Counters, units: f64, unit: Unit) {
    let one = unit.one();
    let mut each = |what: &str, count: i64| {
        let share = figure(u64::try_from(count).unwrap_or(0)) / units;
        bench.add(section, &format!("{what} per {one}"), share);
    };
    if let Some(statements) = work.statements {
        each("statements", statements);
    }
    each("commits", work.commits);
    each("WAL bytes", work.wal_bytes);
}
