//! What a reader must know of the machine to compare figures.

use std::fs::{self, File};
use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use super::database;

/// Syncs measured. Enough for a steady median, and done in a second on a slow disk.
const SYNCS: usize = 200;

/// Bytes of each: a page of `PostgreSQL`.
const PAGE: usize = 8 * 1024;

/// Facts of the machine and of the programs, each with its name.
#[derive(Debug)]
pub(super) struct Description(Vec<(&'static str, String)>);

/// Asks the machine, and the programs that are measured.
pub(super) async fn describe(binary: &Path) -> Description {
    let cpu = field("/proc/cpuinfo", "model name");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = field("/proc/meminfo", "MemTotal");
    let memory_kib: f64 = memory.trim_end_matches(" kB").parse().unwrap_or(0.0);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    Description(vec![
        ("CPU", format!("{cores} x {cpu}")),
        ("memory", format!("{:.1} GiB", memory_kib / 1024.0 / 1024.0)),
        ("kernel", format!("Linux {}", kernel.trim())),
        (
            "disk",
            format!(
                "{:.0} us for a write and fdatasync of 8 KiB (median)",
                sync_us()
            ),
        ),
        ("PostgreSQL", database::version().await),
        ("Redis", first_line(Path::new("redis-server"))),
        ("Hookyard", first_line(binary)),
        (
            "load average before",
            load.split_whitespace()
                .take(3)
                .collect::<Vec<_>>()
                .join(" "),
        ),
    ])
}

impl Description {
    /// One line for each fact.
    pub(super) fn text(&self) -> String {
        let lines = self.0.iter().map(|(name, fact)| format!("{name}: {fact}"));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The same as a list.
    pub(super) fn markdown(&self) -> String {
        let lines = self
            .0
            .iter()
            .map(|(name, fact)| format!("- {name}: {fact}\n"));
        lines.collect()
    }
}

/// The median time of a write and `fdatasync` where the databases will be, in microseconds.
fn sync_us() -> f64 {
    let mut file = tempfile::tempfile().expect("a temporary file");
    let mut times: Vec<f64> = (0..SYNCS).map(|_| time_sync(&mut file)).collect();
    times.sort_by(f64::total_cmp);
    times[SYNCS / 2]
}

fn time_sync(file: &mut File) -> f64 {
    let started = Instant::now();
    file.rewind().expect("a file that can be rewound");
    file.write_all(&[7; PAGE]).expect("room for a page");
    file.sync_data().expect("a disk that syncs");
    started.elapsed().as_secs_f64() * 1e6
}

/// The value after `name:` in a file of `/proc`.
fn field(path: &str, name: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    let found = lines.find(|(key, _)| key.trim() == name);
    found.map_or_else(
        || "unknown".to_owned(),
        |(_, value)| value.trim().to_owned(),
    )
}

/// What a program says to `--version`.
fn first_line(program: &Path) -> String {
    let output = Command::new(program).arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let text = text.unwrap_or_default();
    text.lines().next().unwrap_or("unknown").to_owned()
}
