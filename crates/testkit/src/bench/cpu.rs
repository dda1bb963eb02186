//! CPU and memory of processes and of the machine, as `/proc` tells them.

use std::collections::BTreeMap;
use std::fs;

/// Clock ticks of `/proc` in a second. Source: proc(5); `USER_HZ` is 100 on every Linux of today.
const TICKS_PER_SECOND: f64 = 100.0;

/// The fields of `/proc/<pid>/stat` that are used, counted after the name in parentheses. Source: proc(5).
const PARENT: usize = 1;
const TIMES: std::ops::Range<usize> = 11..15;

/// CPU seconds that a process and all it ever started have used. Never falls: a child that ends is in its parent's sum.
pub(super) fn tree_seconds(root: u32) -> f64 {
    let mut children: BTreeMap<u32, Vec<(u32, u64)>> = BTreeMap::new();
    let mut ticks = 0;
    for pid in pids() {
        let Some((parent, own)) = stat(pid) else {
            continue;
        };
        if pid == root {
            ticks += own;
        }
        children.entry(parent).or_default().push((pid, own));
    }
    let mut parents = vec![root];
    while let Some(parent) = parents.pop() {
        for (child, own) in children.remove(&parent).unwrap_or_default() {
            ticks += own;
            parents.push(child);
        }
    }
    seconds(ticks)
}

/// CPU seconds of one process without what it started.
pub(super) fn process_seconds(pid: u32) -> f64 {
    let fields = stat_fields(pid).unwrap_or_default();
    seconds(fields.iter().skip(TIMES.start).take(2).sum())
}

/// Resident memory of a process, in MiB.
pub(super) fn resident_mib(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

fn pids() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The parent, and the ticks of the process and of its ended children.
fn stat(pid: u32) -> Option<(u32, u64)> {
    let fields = stat_fields(pid)?;
    let parent = u32::try_from(*fields.get(PARENT)?).ok()?;
    Some((parent, fields.get(TIMES)?.iter().sum()))
}

/// The numbers after the name, which itself may hold anything. What is no number counts as 0.
fn stat_fields(pid: u32) -> Option<Vec<u64>> {
    let line = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = line.rsplit_once(')')?;
    let fields = rest.split_whitespace();
    Some(fields.map(|field| field.parse().unwrap_or(0)).collect())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "2^53 ticks are three million years"
)]
fn seconds(ticks: u64) -> f64 {
    ticks as f64 / TICKS_PER_SECOND
}

/// What the whole machine has done: by it a reader judges how noisy a figure is.
#[derive(Debug, Clone, Default)]
pub(super) struct Machine {
    total: f64,
    idle: f64,
    steal: f64,
    load: String,
}

impl Machine {
    /// Since the machine's start.
    pub(super) fn now() -> Self {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let line = stat.lines().next().unwrap_or_default();
        let ticks: Vec<f64> = line
            .split_whitespace()
            .skip(1)
            .map_while(|field| field.parse().ok())
            .collect();
        let tick = |index: usize| ticks.get(index).copied().unwrap_or(0.0);
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Self {
            // The fields after steal are part of the first two.
            total: ticks.iter().take(8).sum(),
            idle: tick(3) + tick(4),
            steal: tick(7),
            load: load
                .split_whitespace()
                .take(3)
                .collect::<Vec<_>>()
                .join(" "),
        }
    }

    /// Between `before` and this.
    pub(super) fn since(&self, before: &Self) -> Self {
        Self {
            total: self.total - before.total,
            idle: self.idle - before.idle,
            steal: self.steal - before.steal,
            load: self.load.clone(),
        }
    }

    /// Share of the time in which the machine wanted to run and its host did not let it, in %.
    pub(super) fn steal_percent(&self) -> f64 {
        100.0 * self.steal / self.total.max(1.0)
    }

    /// One line.
    pub(super) fn text(&self) -> String {
        let idle = 100.0 * self.idle / self.total.max(1.0);
        let steal = self.steal_percent();
        format!(
            "Noise: steal {steal:.1} %, idle {idle:.1} %, load average at the end {}.",
            self.load
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_part_of_its_parents_tree() {
        let own = std::process::id();
        let mut child = std::process::Command::new("sh")
            .args(["-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"])
            .spawn()
            .unwrap();
        let before = tree_seconds(own);
        child.wait().unwrap();
        assert!(tree_seconds(own) >= before, "an ended child stays counted");
        assert!(tree_seconds(own) > 0.0);
        assert!(resident_mib(own) > 1.0);
    }
}
