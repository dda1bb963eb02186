//! What the command line may ask for.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

/// Measures Hookyard end to end, beside the ceiling of this machine.
#[derive(Debug, Parser)]
#[command(name = "bench")]
pub(super) struct Arguments {
    /// The `hookyard` binary to measure, built for release
    #[arg(long, default_value = "target/release/hookyard")]
    pub(super) binary: PathBuf,
    /// Length of each measurement
    #[arg(long, default_value_t = 10)]
    pub(super) seconds: u64,
    /// Connections that publish
    #[arg(long, default_value_t = 64)]
    pub(super) connections: usize,
    /// Deliveries on their way at most while throughput is measured
    #[arg(long, default_value_t = 5_000)]
    pub(super) backlog: u64,
    /// Repeat everything and report medians with their spread
    #[arg(long, default_value_t = 1)]
    pub(super) runs: u32,
    /// Only measurements whose name holds this text, such as `raw`, `embedded/` or `cluster/deliver-1`; may be repeated
    #[arg(long)]
    only: Vec<String>,
    /// Print the tables of docs/benchmarks.md
    #[arg(long)]
    pub(super) markdown: bool,
    /// Also write every figure to this file
    #[arg(long)]
    pub(super) json: Option<PathBuf>,
    /// Be the receiver: how the benchmark starts its own
    #[arg(long, hide = true)]
    pub(super) receiver: bool,
}

impl Arguments {
    /// Whether a measurement is asked for.
    pub(super) fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| name.contains(part.as_str()))
    }

    /// Length of each measurement.
    pub(super) const fn length(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}
