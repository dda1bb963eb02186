//! What is shown of figures.

use domain::attempt::Outcome;
use domain::clock::Micros;
use domain::id::{EndpointId, MerchantId};
use domain::stats::{Tally, What};
use poem_openapi::Object;
use serde::Serialize;
use storage::acknowledgements::Acknowledgement;
use storage::backlog::{Backlog, Upcoming, WaitingFor};
use storage::stats::{ByAnswer, ByType};

use crate::api::deliveries::DeliveryOut;
use crate::api::endpoints::EndpointOut;
use crate::text::Text;

/// A sum of attempts, tests left out.
#[derive(Serialize, Object)]
pub(super) struct Totals {
    /// Attempts that the receiver took.
    pub(super) succeeded: u64,
    /// Attempts that it did not.
    pub(super) failed: u64,
    /// What half of the attempts took at most, in milliseconds; null without attempts.
    pub(super) p50_ms: Option<f64>,
    /// What nine of ten took at most.
    pub(super) p90_ms: Option<f64>,
    /// What 99 of 100 took at most.
    pub(super) p99_ms: Option<f64>,
}

/// A point of a chart.
#[derive(Serialize, Object)]
pub(super) struct Point {
    /// Where its span of time begins.
    pub(super) at: Text<Micros>,
    #[serde(flatten)]
    #[oai(flatten)]
    pub(super) totals: Totals,
}

/// A sum of events and attempts.
#[derive(Serialize, Object)]
pub(super) struct PlatformTotals {
    /// Events that happened.
    pub(super) events: u64,
    #[serde(flatten)]
    #[oai(flatten)]
    pub(super) attempts: Totals,
    /// Timers that have fired.
    pub(super) timers: u64,
    /// How late half of them were at most, in milliseconds; null without timers.
    pub(super) late_p50_ms: Option<f64>,
    /// How late 99 of 100 were at most.
    pub(super) late_p99_ms: Option<f64>,
}

/// A point of the platform's charts.
#[derive(Serialize, Object)]
pub(super) struct PlatformPoint {
    /// Where its span of time begins.
    pub(super) at: Text<Micros>,
    #[serde(flatten)]
    #[oai(flatten)]
    pub(super) totals: PlatformTotals,
}

/// Attempts that ended alike.
#[derive(Serialize, Object)]
pub(super) struct AnswerCount {
    /// How.
    pub(super) outcome: Text<Outcome>,
    /// The answer's status; null without one.
    pub(super) http_status: Option<u16>,
    /// How many.
    pub(super) count: u64,
}

/// Attempts of one event type.
#[derive(Serialize, Object)]
pub(super) struct TypeCount {
    /// The type.
    pub(super) event_type: String,
    /// Attempts that the receiver took.
    pub(super) succeeded: u64,
    /// Attempts that it did not.
    pub(super) failed: u64,
}

/// Events and attempts of one event type.
#[derive(Serialize, Object)]
pub(super) struct PlatformTypeCount {
    /// Events that happened.
    pub(super) events: u64,
    #[serde(flatten)]
    #[oai(flatten)]
    pub(super) attempts: TypeCount,
}

/// What waits for an endpoint.
#[derive(Serialize, Object)]
pub(super) struct Waiting {
    /// Deliveries that have not ended.
    pub(super) count: u64,
    /// When the first of them was made.
    pub(super) oldest_at: Option<Text<Micros>>,
    /// When the next attempt is due.
    pub(super) next_attempt_at: Option<Text<Micros>>,
}

/// The figures of an endpoint.
#[derive(Serialize, Object)]
pub(super) struct EndpointStats {
    /// Whose figures.
    pub(super) endpoint_id: Text<EndpointId>,
    /// Where the range begins.
    pub(super) from: Text<Micros>,
    /// Where it ends: now.
    pub(super) to: Text<Micros>,
    /// The distance of two points, in seconds.
    pub(super) step_seconds: u64,
    /// Of the whole range.
    pub(super) totals: Totals,
    /// Point by point, oldest first.
    pub(super) series: Vec<Point>,
    /// By how attempts ended, the most frequent first.
    pub(super) by_answer: Vec<AnswerCount>,
    /// By event type, in order of name.
    pub(super) by_event_type: Vec<TypeCount>,
    /// What waits now.
    pub(super) waiting: Waiting,
    /// The newest delivery; null when there was none.
    pub(super) last_delivery: Option<DeliveryOut>,
    /// Since when its deliveries are held back by the platform's operators; null when they are not.
    pub(super) paused_at: Option<Text<Micros>>,
}

/// The figures of an endpoint, in short.
#[derive(Serialize, Object)]
pub(super) struct EndpointSummary {
    /// Whose figures.
    pub(super) endpoint_id: Text<EndpointId>,
    /// Of the whole range.
    pub(super) totals: Totals,
    /// Point by point, oldest first.
    pub(super) series: Vec<Point>,
    /// What waits now.
    pub(super) waiting: Waiting,
    /// The newest delivery; null when there was none.
    pub(super) last_delivery: Option<DeliveryOut>,
    /// Since when its deliveries are held back by the platform's operators; null when they are not.
    pub(super) paused_at: Option<Text<Micros>>,
}

/// The figures of a merchant's endpoints, in short.
#[derive(Serialize, Object)]
pub(super) struct EndpointSummaries {
    /// The endpoints, newest first.
    pub(super) data: Vec<EndpointSummary>,
}

/// What waits on the platform now.
#[derive(Serialize, Object)]
#[oai(rename = "Queue")]
pub(super) struct QueueOut {
    /// Deliveries whose attempt could begin.
    pub(super) due: u64,
    /// Since when the first of them could; null when none waits.
    pub(super) oldest_due_at: Option<Text<Micros>>,
    /// Attempts under way.
    pub(super) in_flight: u64,
    /// Deliveries that wait for their next attempt, or for their endpoint.
    pub(super) retries_waiting: u64,
    /// Timers that are set.
    pub(super) timers_waiting: u64,
    /// Timers whose time has come.
    pub(super) timers_overdue: u64,
    /// Since when the first of them should have fired; null when none is overdue.
    pub(super) oldest_timer_at: Option<Text<Micros>>,
}

/// Timers that are due within a minute.
#[derive(Serialize, Object)]
#[oai(rename = "UpcomingTimers")]
pub(super) struct UpcomingOut {
    /// Where the minute begins.
    pub(super) at: Text<Micros>,
    /// How many.
    pub(super) timers: u64,
}

/// Somebody looks after an endpoint that fails. It stands until the endpoint works.
#[derive(Serialize, Object)]
#[oai(rename = "Acknowledgement")]
pub(in crate::api) struct AcknowledgementOut {
    /// Since when the endpoint had failed.
    failing_since: Text<Micros>,
    /// What they say about it.
    note: String,
    /// Who: `usr_…` or `key_…`.
    acknowledged_by: String,
    /// When.
    acknowledged_at: Text<Micros>,
}

impl From<Acknowledgement> for AcknowledgementOut {
    fn from(given: Acknowledgement) -> Self {
        Self {
            failing_since: Text(given.since),
            note: given.note,
            acknowledged_by: given.by,
            acknowledged_at: Text(given.at),
        }
    }
}

/// An endpoint that only fails, or was disabled for it.
#[derive(Serialize, Object)]
pub(super) struct FailingEndpoint {
    /// The endpoint.
    pub(super) endpoint: EndpointOut,
    /// Its merchant's name; null for an app's.
    pub(super) merchant_name: Option<String>,
    /// Deliveries that have not ended.
    pub(super) waiting: u64,
    /// The newest delivery.
    pub(super) last_delivery: Option<DeliveryOut>,
    /// Who looks after it; null when nobody does.
    pub(super) acknowledged: Option<AcknowledgementOut>,
}

/// What was counted of a merchant.
#[derive(Serialize, Object)]
pub(super) struct MerchantCount {
    /// The merchant.
    pub(super) merchant_id: Text<MerchantId>,
    /// Events that happened.
    pub(super) events: u64,
    /// Attempts that receivers took.
    pub(super) succeeded: u64,
    /// Attempts that they did not.
    pub(super) failed: u64,
}

/// The figures of the platform.
#[derive(Serialize, Object)]
pub(super) struct PlatformStats {
    /// Where the range begins.
    pub(super) from: Text<Micros>,
    /// Where it ends: now.
    pub(super) to: Text<Micros>,
    /// The distance of two points, in seconds.
    pub(super) step_seconds: u64,
    /// What waits now.
    pub(super) queue: QueueOut,
    /// Timers that are due in each of the next 15 minutes.
    pub(super) upcoming_timers: Vec<UpcomingOut>,
    /// Of the whole range.
    pub(super) totals: PlatformTotals,
    /// Point by point, oldest first.
    pub(super) series: Vec<PlatformPoint>,
    /// By how attempts ended, the most frequent first.
    pub(super) by_answer: Vec<AnswerCount>,
    /// By event type, in order of name.
    pub(super) by_event_type: Vec<PlatformTypeCount>,
    /// At most 100: those that have failed for longest, then those that were disabled for it.
    pub(super) failing_endpoints: Vec<FailingEndpoint>,
    /// At most 100: the busiest first.
    pub(super) merchants: Vec<MerchantCount>,
}

impl From<&Tally> for Totals {
    fn from(tally: &Tally) -> Self {
        let percentile = |share| tally.percentile(share).map(tenth);
        Self {
            succeeded: tally.succeeded,
            failed: tally.failed,
            p50_ms: percentile(0.5),
            p90_ms: percentile(0.9),
            p99_ms: percentile(0.99),
        }
    }
}

impl From<ByAnswer> for AnswerCount {
    fn from(row: ByAnswer) -> Self {
        Self {
            outcome: Text(row.outcome),
            http_status: row.http_status,
            count: row.count,
        }
    }
}

impl From<ByType> for TypeCount {
    fn from(row: ByType) -> Self {
        let tally = sum(&row.counts);
        Self {
            event_type: row.event_type,
            succeeded: tally.succeeded,
            failed: tally.failed,
        }
    }
}

impl From<ByType> for PlatformTypeCount {
    fn from(row: ByType) -> Self {
        Self {
            events: sum(&row.counts).events,
            attempts: row.into(),
        }
    }
}

impl From<&Tally> for PlatformTotals {
    fn from(tally: &Tally) -> Self {
        Self {
            events: tally.events,
            attempts: tally.into(),
            timers: tally.timers,
            late_p50_ms: tally.late(0.5).map(tenth),
            late_p99_ms: tally.late(0.99).map(tenth),
        }
    }
}

impl From<Option<&WaitingFor>> for Waiting {
    fn from(waiting: Option<&WaitingFor>) -> Self {
        let waiting = waiting.copied().unwrap_or_default();
        Self {
            count: waiting.count,
            oldest_at: waiting.oldest.map(Text),
            next_attempt_at: waiting.next.map(Text),
        }
    }
}

impl From<Backlog> for QueueOut {
    fn from(backlog: Backlog) -> Self {
        Self {
            due: backlog.due,
            oldest_due_at: backlog.oldest_due.map(Text),
            in_flight: backlog.in_flight,
            retries_waiting: backlog.later,
            timers_waiting: backlog.timers,
            timers_overdue: backlog.timers_overdue,
            oldest_timer_at: backlog.oldest_timer.map(Text),
        }
    }
}

/// To a tenth of a millisecond.
fn tenth(ms: f64) -> f64 {
    (ms * 10.0).round() / 10.0
}

impl From<Upcoming> for UpcomingOut {
    fn from(upcoming: Upcoming) -> Self {
        Self {
            at: Text(upcoming.at),
            timers: upcoming.timers,
        }
    }
}

pub(super) fn sum(counts: &[(What, u64)]) -> Tally {
    let mut tally = Tally::default();
    for (what, count) in counts {
        tally.add(*what, *count);
    }
    tally
}

pub(super) fn points(series: &[(Micros, Tally)]) -> Vec<Point> {
    let point = |(at, tally): &(Micros, Tally)| Point {
        at: Text(*at),
        totals: tally.into(),
    };
    series.iter().map(point).collect()
}

pub(super) fn platform_points(series: &[(Micros, Tally)]) -> Vec<PlatformPoint> {
    let point = |(at, tally): &(Micros, Tally)| PlatformPoint {
        at: Text(*at),
        totals: tally.into(),
    };
    series.iter().map(point).collect()
}
