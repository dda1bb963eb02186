//! Logs and metrics of the process. Both begin before anything that logs or counts.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, Settings};

/// Upper bounds of every histogram, in seconds: from a local answer to the longest timeout.
const BUCKETS: [f64; 16] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0,
];
/// How often what histograms were given is added up: between scrapes it takes memory.
const UPKEEP: Duration = Duration::from_secs(5);
/// Clock ticks of `/proc/self/stat` in a second. Source: `USER_HZ` of Linux.
const TICKS: f64 = 100.0;

/// Remarks that nobody needs to act on: of PostgreSQL on what migrations find, of the pool on connections that
/// it replaces. What fails for it fails a call of ours, which is logged.
const QUIET: &str = "sqlx=error";

/// Starts logging to standard error.
///
/// Errors: it was started before.
pub(crate) fn start_logs(settings: &Settings) -> anyhow::Result<()> {
    let filter = format!("{QUIET},{}", settings.log);
    let filter = EnvFilter::try_new(filter).context("read HOOKYARD_LOG")?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match settings.log_format {
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .try_init(),
        LogFormat::Text => lines
            .with_target(false)
            .with_ansi(std::io::stderr().is_terminal())
            .try_init(),
    }
    .map_err(|error| anyhow!(error))
}

/// Renders the metrics.
#[derive(Clone)]
pub(crate) struct Metrics(Arc<PrometheusHandle>);

impl Metrics {
    /// Installs the recorder. Whatever counted before is lost.
    ///
    /// Errors: one is installed already.
    pub(crate) fn install() -> anyhow::Result<Self> {
        let handle = PrometheusBuilder::new()
            .set_buckets(&BUCKETS)
            .context("set the buckets")?
            .install_recorder()
            .context("install the metrics recorder")?;
        metrics::gauge!("hookyard_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        Ok(Self(Arc::new(handle)))
    }

    /// Everything in Prometheus' text format, this process's memory and time included.
    pub(crate) fn render(&self) -> String {
        let mut text = self.0.render();
        // What the system does not tell is left out.
        process_metrics(&mut text).unwrap_or_default();
        text
    }

    /// Adds up histograms now and then, for ever.
    pub(crate) async fn upkeep(self) {
        let mut ticks = tokio::time::interval(UPKEEP);
        loop {
            ticks.tick().await;
            self.0.run_upkeep();
        }
    }
}

/// Memory, processor time and open files. `None` where there is no `/proc`.
fn process_metrics(text: &mut String) -> Option<()> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let resident = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = resident.trim().strip_suffix(" kB")?.parse().ok()?;
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The second field may hold spaces and ends with the last bracket; times are the 14th and 15th.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |index: usize| {
        fields
            .get(index)
            .and_then(|field| field.parse::<f64>().ok())
    };
    let seconds = (ticks(11)? + ticks(12)?) / TICKS;
    let files = std::fs::read_dir("/proc/self/fd").ok()?.count();
    for (name, kind, value) in [
        (
            "process_resident_memory_bytes",
            "gauge",
            (kib * 1_024).to_string(),
        ),
        ("process_cpu_seconds_total", "counter", seconds.to_string()),
        ("process_open_fds", "gauge", files.to_string()),
    ] {
        writeln!(text, "# TYPE {name} {kind}\n{name} {value}").ok()?;
    }
    Some(())
}
