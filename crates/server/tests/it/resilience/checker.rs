//! The checks after every scenario, and its row in the table.
//!
//! Checked are: no loss, nothing invented, bounded duplicates, same id and bytes, truth of the log, the schedule,
//! nothing stuck, and a log that can be read.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use domain::delivery::Status;
use serde_json::Value;
use testkit::ledger::{DeliveryRow, Jobs};

use super::publisher::{Call, Event};
use super::scene::{FIRST_RETRY, Fault};
use super::tally::{Pair, Seen};

/// What arrives later than this after it was accepted was held up.
const PROMPT: Duration = Duration::from_secs(1);
/// Lines that all processes together may log.
const LINES: usize = 5_000;
/// Attempts of the schedule: the first and three retries.
const ATTEMPTS: i64 = 4;
/// How much earlier than due a retry may seem to come: the receiver notes a request after it was sent.
const CLOCKS: Duration = Duration::from_millis(20);

/// What a scenario left behind.
pub(super) struct Evidence {
    pub(super) name: &'static str,
    pub(super) events: Vec<Event>,
    pub(super) seen: HashMap<Pair, Seen>,
    pub(super) deliveries: Vec<DeliveryRow>,
    pub(super) left: Jobs,
    pub(super) paths: HashMap<String, String>,
    pub(super) endpoints_each: usize,
    pub(super) log: Vec<String>,
    pub(super) fault: Fault,
}

/// What a scenario came to.
#[derive(Debug)]
pub(super) struct Report {
    /// The longest publish call of all.
    pub(super) longest: Duration,
    /// 9 of 10 publish calls took less.
    pub(super) p90: Duration,
    /// From the end of the fault until events were accepted and arrived promptly again.
    pub(super) recovered: Duration,
    /// Answers by status; 0: none came.
    pub(super) statuses: HashMap<u16, usize>,
    /// Refusals that did not say when to come again.
    pub(super) curt: usize,
}

impl Report {
    /// Checks everything and prints the row. Panics with all that is wrong.
    #[expect(clippy::print_stdout, reason = "the row is for the table in the docs")]
    pub(super) fn check(evidence: &Evidence) -> Self {
        let report = Self::of(evidence);
        let faults = evidence.faults();
        println!("\n{}\n{}", report.row(evidence), evidence.words_of_log());
        assert!(faults.is_empty(), "{}", faults.join("\n"));
        report
    }

    /// At full size: fails if events were not accepted and prompt again this long after the fault.
    pub(super) fn recovers_within(&self, limit: Duration) {
        assert!(
            !testkit::size::is_full() || self.recovered <= limit,
            "{self:?}"
        );
    }

    fn of(evidence: &Evidence) -> Self {
        let calls = || evidence.events.iter().flat_map(|event| &event.calls);
        let mut took: Vec<Duration> = calls().map(|call| call.took).collect();
        took.sort_unstable();
        let mut statuses = HashMap::new();
        for call in calls() {
            *statuses.entry(call.status.unwrap_or(0)).or_default() += 1;
        }
        let curt = |call: &&Call| call.status == Some(503) && !call.retry_after;
        Self {
            longest: *took.last().unwrap(),
            p90: took[took.len() * 9 / 10],
            recovered: evidence.recovered(),
            statuses,
            curt: calls().filter(curt).count(),
        }
    }

    fn row(&self, evidence: &Evidence) -> String {
        format!(
            "| {} | {} | {} of {} | {} | {:.0} | {:.0} | {:.1} | {} |",
            evidence.name,
            evidence.accepted().count(),
            evidence.arrived(),
            evidence.expected().count(),
            evidence.duplicates(),
            self.p90.as_secs_f64() * 1_000.0,
            self.longest.as_secs_f64() * 1_000.0,
            self.recovered.as_secs_f64(),
            evidence.log.len(),
        )
    }
}

impl Evidence {
    fn accepted(&self) -> impl Iterator<Item = (&Event, Instant)> {
        let accepted = |event| Some((event, Event::accepted_at(event)?));
        self.events.iter().filter_map(accepted)
    }

    /// Every accepted event at each endpoint of its merchant.
    fn expected(&self) -> impl Iterator<Item = (Pair, Instant)> {
        self.accepted().flat_map(|(event, at)| {
            (0..self.endpoints_each).map(move |endpoint| {
                let path = format!("/{}/{endpoint}", event.merchant);
                ((event.id.clone(), path), at)
            })
        })
    }

    fn arrived(&self) -> usize {
        let good = |pair: &Pair| self.seen.get(pair).is_some_and(|seen| seen.good > 0);
        self.expected().filter(|(pair, _)| good(pair)).count()
    }

    fn duplicates(&self) -> i64 {
        self.seen.values().map(|seen| (seen.good - 1).max(0)).sum()
    }

    /// Both must be over: refusals of publishes, and deliveries that were held up.
    fn recovered(&self) -> Duration {
        let ended = self.fault.ended;
        let good_after = |call: &&Call| call.is_good() && call.at > ended;
        let calls = self.events.iter().flat_map(|event| &event.calls);
        let accepts = calls.filter(good_after).map(|call| call.at).min();
        let held_up = |(pair, accepted): (Pair, Instant)| {
            let first = self.seen.get(&pair)?.first;
            (first.saturating_duration_since(accepted) > PROMPT).then_some(first)
        };
        let delivers = self.expected().filter_map(held_up).max();
        let last = accepts.max(delivers);
        last.map_or(Duration::ZERO, |last| last.saturating_duration_since(ended))
    }

    /// How often each message was logged.
    fn words_of_log(&self) -> String {
        let mut words: HashMap<String, usize> = HashMap::new();
        for line in &self.log {
            let line: Value = serde_json::from_str(line).unwrap_or_default();
            let message = line["message"].as_str().unwrap_or("no JSON");
            *words.entry(message.to_owned()).or_default() += 1;
        }
        format!("{words:?}")
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = self.faults_of_publishing();
        faults.extend(self.faults_of_arrival());
        faults.extend(self.faults_of_rows());
        if self.log.len() >= LINES {
            let last = &self.log[self.log.len() - 20..];
            faults.push(format!("{} log lines: {last:#?}", self.log.len()));
        }
        faults
    }

    fn faults_of_publishing(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let missing = self.events.len() - self.accepted().count();
        if missing > 0 {
            faults.push(format!("{missing} events were never accepted"));
        }
        let calls = self.events.iter().flat_map(|event| &event.calls);
        let odd: HashSet<u16> = calls
            .filter_map(|call| call.status)
            .filter(|status| !matches!(status, 200 | 202 | 503))
            .collect();
        if !odd.is_empty() {
            faults.push(format!("publishing was answered with {odd:?}"));
        }
        faults
    }

    fn faults_of_arrival(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let lost = self.expected().count() - self.arrived();
        if lost > 0 {
            faults.push(format!("{lost} deliveries of accepted events are lost"));
        }
        let tried: HashSet<&str> = self.events.iter().map(|event| event.id.as_str()).collect();
        for ((id, path), seen) in &self.seen {
            if !tried.contains(id.as_str()) {
                faults.push(format!("{id} was invented for {path}"));
            }
            if !seen.same_body {
                faults.push(format!("{id} had several bodies at {path}"));
            }
            let gap = seen.second.map(|second| second - seen.first);
            if seen.refused && gap.is_some_and(|gap| gap + CLOCKS < FIRST_RETRY) {
                faults.push(format!("{id} was retried at {path} after only {gap:?}"));
            }
        }
        // A POST that failed without an answer, by a timeout for example, was rightly repeated.
        let unanswered: i64 = self.deliveries.iter().map(|row| row.unanswered).sum();
        let most = self.fault.in_flight + unanswered;
        if self.duplicates() > most {
            let duplicates = self.duplicates();
            faults.push(format!("{duplicates} duplicates, at most {most} are right"));
        }
        faults
    }

    fn faults_of_rows(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.left.all > 0 {
            faults.push(format!("{:?} are stuck", self.left));
        }
        let mut logged: HashSet<Pair> = HashSet::new();
        for row in &self.deliveries {
            let pair = (
                row.event_id.clone(),
                self.paths[&row.endpoint_id.to_string()].clone(),
            );
            let posts = self.seen.get(&pair).map_or(0, |seen| seen.posts);
            if row.attempts < posts || row.answered > posts {
                faults.push(format!("{posts} POSTs are logged as {row:?}"));
            }
            if row.scheduled > ATTEMPTS {
                faults.push(format!("too many attempts: {row:?}"));
            }
            if row.status != i64::from(Status::Succeeded.code()) {
                faults.push(format!("not succeeded: {row:?}"));
            }
            if !logged.insert(pair) {
                faults.push(format!("a second delivery: {row:?}"));
            }
        }
        faults.truncate(20);
        faults
    }
}
