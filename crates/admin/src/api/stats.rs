//! Figures: of an endpoint and of all endpoints of a merchant, for their owner; of the whole platform, for ops.

use std::sync::Arc;

use domain::attempt::Outcome;
use domain::clock::{Clock as _, Micros};
use domain::delivery::Delivery;
use domain::endpoint::Endpoint;
use domain::id::{AppId, EndpointId, MerchantId};
use domain::merchant::SAMPLE_MERCHANT;
use domain::stats::{Range, Tally, What, series, total};
use domain::tenancy::{OwnerScope, TenantScope};
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use storage::PageRequest;
use storage::backlog::{Backlog, Failing, WaitingFor};
use storage::stats::{ByAnswer, ByType, StatsOf};

use super::Tag;
use super::deliveries::DeliveryOut;
use super::endpoints::EndpointOut;
use crate::answers::Json;
use crate::app::App;
use crate::auth::Bearer;
use crate::problem::{ApiError, Slug};
use crate::text::Text;

/// Rows of the lists that rank merchants and failing endpoints.
const RANKED: u64 = 100;
/// Endpoints of one answer: more than a merchant may have by default.
const ENDPOINTS: u64 = 250;

pub(crate) struct StatsApi;

/// A sum of attempts, tests left out.
#[derive(Serialize, Object)]
struct Totals {
    /// Attempts that the receiver took.
    succeeded: u64,
    /// Attempts that it did not.
    failed: u64,
    /// What half of the attempts took at most, in milliseconds; null without attempts.
    p50_ms: Option<f64>,
    /// What nine of ten took at most.
    p90_ms: Option<f64>,
    /// What 99 of 100 took at most.
    p99_ms: Option<f64>,
}

/// A point of a chart.
#[derive(Serialize, Object)]
struct Point {
    /// Where its span of time begins.
    at: Text<Micros>,
    #[serde(flatten)]
    #[oai(flatten)]
    totals: Totals,
}

/// A sum of events and attempts.
#[derive(Serialize, Object)]
struct PlatformTotals {
    /// Events that happened.
    events: u64,
    #[serde(flatten)]
    #[oai(flatten)]
    attempts: Totals,
}

/// A point of the platform's charts.
#[derive(Serialize, Object)]
struct PlatformPoint {
    /// Where its span of time begins.
    at: Text<Micros>,
    #[serde(flatten)]
    #[oai(flatten)]
    totals: PlatformTotals,
}

/// Attempts that ended alike.
#[derive(Serialize, Object)]
struct AnswerCount {
    /// How.
    outcome: Text<Outcome>,
    /// The answer's status; null without one.
    http_status: Option<u16>,
    /// How many.
    count: u64,
}

/// Attempts of one event type.
#[derive(Serialize, Object)]
struct TypeCount {
    /// The type.
    event_type: String,
    /// Attempts that the receiver took.
    succeeded: u64,
    /// Attempts that it did not.
    failed: u64,
}

/// Events and attempts of one event type.
#[derive(Serialize, Object)]
struct PlatformTypeCount {
    /// Events that happened.
    events: u64,
    #[serde(flatten)]
    #[oai(flatten)]
    attempts: TypeCount,
}

/// What waits for an endpoint.
#[derive(Serialize, Object)]
struct Waiting {
    /// Deliveries that have not ended.
    count: u64,
    /// When the first of them was made.
    oldest_at: Option<Text<Micros>>,
    /// When the next attempt is due.
    next_attempt_at: Option<Text<Micros>>,
}

/// The figures of an endpoint.
#[derive(Serialize, Object)]
struct EndpointStats {
    /// Whose figures.
    endpoint_id: Text<EndpointId>,
    /// Where the range begins.
    from: Text<Micros>,
    /// Where it ends: now.
    to: Text<Micros>,
    /// The distance of two points, in seconds.
    step_seconds: u64,
    /// Of the whole range.
    totals: Totals,
    /// Point by point, oldest first.
    series: Vec<Point>,
    /// By how attempts ended, the most frequent first.
    by_answer: Vec<AnswerCount>,
    /// By event type, in order of name.
    by_event_type: Vec<TypeCount>,
    /// What waits now.
    waiting: Waiting,
    /// The newest delivery; null when there was none.
    last_delivery: Option<DeliveryOut>,
    /// Since when its deliveries are held back by the platform's operators; null when they are not.
    paused_at: Option<Text<Micros>>,
}

/// The figures of an endpoint, in short.
#[derive(Serialize, Object)]
struct EndpointSummary {
    /// Whose figures.
    endpoint_id: Text<EndpointId>,
    /// Of the whole range.
    totals: Totals,
    /// Point by point, oldest first.
    series: Vec<Point>,
    /// What waits now.
    waiting: Waiting,
    /// The newest delivery; null when there was none.
    last_delivery: Option<DeliveryOut>,
    /// Since when its deliveries are held back by the platform's operators; null when they are not.
    paused_at: Option<Text<Micros>>,
}

/// The figures of a merchant's endpoints, in short.
#[derive(Serialize, Object)]
struct EndpointSummaries {
    /// The endpoints, newest first.
    data: Vec<EndpointSummary>,
}

/// What waits on the platform now.
#[derive(Serialize, Object)]
#[oai(rename = "Queue")]
struct QueueOut {
    /// Deliveries whose attempt could begin.
    due: u64,
    /// Since when the first of them could; null when none waits.
    oldest_due_at: Option<Text<Micros>>,
    /// Attempts under way.
    in_flight: u64,
    /// Deliveries that wait for their next attempt, or for their endpoint.
    retries_waiting: u64,
    /// Timers that are set.
    timers_waiting: u64,
    /// Timers whose time has come.
    timers_overdue: u64,
    /// Since when the first of them should have fired; null when none is overdue.
    oldest_timer_at: Option<Text<Micros>>,
}

/// An endpoint that only fails, or was disabled for it.
#[derive(Serialize, Object)]
struct FailingEndpoint {
    /// The endpoint.
    endpoint: EndpointOut,
    /// Its merchant's name; null for an app's.
    merchant_name: Option<String>,
    /// Deliveries that have not ended.
    waiting: u64,
    /// The newest delivery.
    last_delivery: Option<DeliveryOut>,
}

/// What was counted of a merchant.
#[derive(Serialize, Object)]
struct MerchantCount {
    /// The merchant.
    merchant_id: Text<MerchantId>,
    /// Events that happened.
    events: u64,
    /// Attempts that receivers took.
    succeeded: u64,
    /// Attempts that they did not.
    failed: u64,
}

/// The figures of the platform.
#[derive(Serialize, Object)]
struct PlatformStats {
    /// Where the range begins.
    from: Text<Micros>,
    /// Where it ends: now.
    to: Text<Micros>,
    /// The distance of two points, in seconds.
    step_seconds: u64,
    /// What waits now.
    queue: QueueOut,
    /// Of the whole range.
    totals: PlatformTotals,
    /// Point by point, oldest first.
    series: Vec<PlatformPoint>,
    /// By how attempts ended, the most frequent first.
    by_answer: Vec<AnswerCount>,
    /// By event type, in order of name.
    by_event_type: Vec<PlatformTypeCount>,
    /// At most 100: those that have failed for longest, then those that were disabled for it.
    failing_endpoints: Vec<FailingEndpoint>,
    /// At most 100: the busiest first.
    merchants: Vec<MerchantCount>,
}

impl From<&Tally> for Totals {
    fn from(tally: &Tally) -> Self {
        let percentile = |share| tally.percentile(share).map(|ms| (ms * 10.0).round() / 10.0);
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

fn sum(counts: &[(What, u64)]) -> Tally {
    let mut tally = Tally::default();
    for (what, count) in counts {
        tally.add(*what, *count);
    }
    tally
}

fn points(series: &[(Micros, Tally)]) -> Vec<Point> {
    let point = |(at, tally): &(Micros, Tally)| Point {
        at: Text(*at),
        totals: tally.into(),
    };
    series.iter().map(point).collect()
}

fn platform_points(series: &[(Micros, Tally)]) -> Vec<PlatformPoint> {
    let point = |(at, tally): &(Micros, Tally)| PlatformPoint {
        at: Text(*at),
        totals: tally.into(),
    };
    series.iter().map(point).collect()
}

/// The ends of a range: the start of its first point, and now.
fn ends(range: Range, now: Micros) -> (Micros, Micros) {
    (range.starts(now).first().copied().unwrap_or(now), now)
}

/// The one endpoint's figures.
///
/// Errors: the database cannot be reached.
async fn stats_of(
    app: &App,
    owner: OwnerScope,
    endpoint: &Endpoint,
    range: Range,
) -> Result<EndpointStats, ApiError> {
    let (storage, id) = (&app.storage, endpoint.id);
    let now = storage.clock().now();
    let (from, to) = ends(range, now);
    let of = StatsOf::Endpoint(owner, id);
    let counts = storage.stats(of, range.span(), from).await?;
    let by_answer = storage.stats_by_answer(of, range.span(), from).await?;
    let by_type = storage.stats_by_type(of, range.span(), from).await?;
    let waiting = storage.waiting_for(owner, &[id]).await?;
    let mut last = storage.last_deliveries(owner, &[id]).await?;
    let series = series(range, now, &counts);
    Ok(EndpointStats {
        endpoint_id: Text(id),
        from: Text(from),
        to: Text(to),
        step_seconds: range.step().as_secs(),
        totals: (&total(&series)).into(),
        series: points(&series),
        by_answer: by_answer.into_iter().map(Into::into).collect(),
        by_event_type: by_type.into_iter().map(Into::into).collect(),
        waiting: waiting.get(&id).into(),
        last_delivery: last.remove(&id).map(Into::into),
        paused_at: paused_at(app, endpoint),
    })
}

/// Since when an endpoint's deliveries are held back. An app's endpoint has those of many merchants: some of them may be.
fn paused_at(app: &App, endpoint: &Endpoint) -> Option<Text<Micros>> {
    let merchant = endpoint.owner.merchant_id().unwrap_or(SAMPLE_MERCHANT);
    let pause = app.gateway.config().pause_of(merchant, endpoint)?;
    Some(Text(pause.paused_at))
}

#[OpenApi(tag = "Tag::Stats")]
impl StatsApi {
    /// Get an endpoint's figures
    ///
    /// How many attempts succeeded and failed and what they took, over time, by answer and by event type; what waits,
    /// and the last delivery. Tests are not counted. Counts are a few seconds behind, and are kept for 31 days.
    #[oai(
        path = "/merchants/:merchant_id/endpoints/:endpoint_id/stats",
        method = "get",
        operation_id = "getEndpointStats"
    )]
    async fn of_endpoint(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// The endpoint.
        endpoint_id: Path<Text<EndpointId>>,
        /// The span of time; 24h by default.
        range: Query<Option<Text<Range>>>,
    ) -> Result<Json<EndpointStats>, ApiError> {
        let scope = caller.merchant(merchant_id.0.0)?;
        let range = range.0.map_or_else(Range::default, |range| range.0);
        let endpoint = app.storage.endpoint(scope, endpoint_id.0.0).await?;
        let endpoint = endpoint.ok_or_else(|| ApiError::of(Slug::NotFound))?;
        Ok(Json(stats_of(&app, scope.into(), &endpoint, range).await?))
    }

    /// Get the figures of an app's endpoint
    ///
    /// As of a merchant's endpoint, over all merchants that have the app.
    #[oai(
        path = "/apps/:app_id/endpoints/:endpoint_id/stats",
        method = "get",
        operation_id = "getAppEndpointStats"
    )]
    async fn of_app_endpoint(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The app.
        app_id: Path<Text<AppId>>,
        /// The endpoint.
        endpoint_id: Path<Text<EndpointId>>,
        /// The span of time; 24h by default.
        range: Query<Option<Text<Range>>>,
    ) -> Result<Json<EndpointStats>, ApiError> {
        let scope = caller.app(app_id.0.0)?;
        let range = range.0.map_or_else(Range::default, |range| range.0);
        let endpoint = app.storage.endpoint(scope, endpoint_id.0.0).await?;
        let endpoint = endpoint.ok_or_else(|| ApiError::of(Slug::NotFound))?;
        Ok(Json(stats_of(&app, scope.into(), &endpoint, range).await?))
    }

    /// Get the figures of all endpoints of a merchant
    ///
    /// In short, for lists: attempts over time, what waits, the last delivery. Of the newest 250 endpoints.
    #[oai(
        path = "/merchants/:merchant_id/endpoint-stats",
        method = "get",
        operation_id = "listEndpointStats"
    )]
    async fn of_endpoints(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// The span of time; 24h by default.
        range: Query<Option<Text<Range>>>,
    ) -> Result<Json<EndpointSummaries>, ApiError> {
        let scope = app.scope(&caller, merchant_id.0.0).await?;
        let range = range.0.map_or_else(Range::default, |range| range.0);
        Ok(Json(EndpointSummaries {
            data: summaries(&app, scope, range).await?,
        }))
    }

    /// Get the platform's figures
    ///
    /// What waits, what came in and went out over time, which endpoints fail, which merchants are busy.
    #[oai(path = "/stats", method = "get", operation_id = "getStats")]
    async fn of_platform(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The span of time; 24h by default.
        range: Query<Option<Text<Range>>>,
    ) -> Result<Json<PlatformStats>, ApiError> {
        let scope = caller.platform()?;
        let range = range.0.map_or_else(Range::default, |range| range.0);
        let (storage, span) = (&app.storage, range.span());
        let now = storage.clock().now();
        let (from, to) = ends(range, now);
        let of = StatsOf::Platform(scope);
        let series = series(range, now, &storage.stats(of, span, from).await?);
        let by_answer = storage.stats_by_answer(of, span, from).await?;
        let by_type = storage.stats_by_type(of, span, from).await?;
        let failing = storage.failing_endpoints(scope, RANKED).await?;
        let merchants = storage.busiest_merchants(scope, span, from, RANKED).await?;
        let merchants = merchants.into_iter().map(|(id, counts)| {
            let tally = sum(&counts);
            MerchantCount {
                merchant_id: Text(id),
                events: tally.events,
                succeeded: tally.succeeded,
                failed: tally.failed,
            }
        });
        Ok(Json(PlatformStats {
            from: Text(from),
            to: Text(to),
            step_seconds: range.step().as_secs(),
            queue: storage.backlog(scope).await?.into(),
            totals: (&total(&series)).into(),
            series: platform_points(&series),
            by_answer: by_answer.into_iter().map(Into::into).collect(),
            by_event_type: by_type.into_iter().map(Into::into).collect(),
            failing_endpoints: failing_out(&app, &caller, failing).await?,
            merchants: merchants.collect(),
        }))
    }
}

async fn summaries(
    app: &App,
    scope: TenantScope,
    range: Range,
) -> Result<Vec<EndpointSummary>, ApiError> {
    let (storage, owner) = (&app.storage, OwnerScope::from(scope));
    let now = storage.clock().now();
    let (from, _) = ends(range, now);
    let page = PageRequest::new::<domain::id::EndpointKind>(ENDPOINTS, None);
    let endpoints = storage.endpoints(scope, page).await?.rows;
    let ids: Vec<EndpointId> = endpoints.iter().map(|endpoint| endpoint.id).collect();
    let counts = storage
        .stats_of_endpoints(owner, &ids, range.span(), from)
        .await?;
    let waiting = storage.waiting_for(owner, &ids).await?;
    let mut last = storage.last_deliveries(owner, &ids).await?;
    let summary = |endpoint: &Endpoint| {
        let id = endpoint.id;
        let own: Vec<_> = counts
            .iter()
            .filter(|(of, _)| *of == id)
            .map(|(_, counted)| *counted)
            .collect();
        let series = series(range, now, &own);
        EndpointSummary {
            endpoint_id: Text(id),
            totals: (&total(&series)).into(),
            series: points(&series),
            waiting: waiting.get(&id).into(),
            last_delivery: last.remove(&id).map(Delivery::into),
            paused_at: paused_at(app, endpoint),
        }
    };
    Ok(endpoints.iter().map(summary).collect())
}

async fn failing_out(
    app: &App,
    caller: &Bearer,
    failing: Vec<Failing>,
) -> Result<Vec<FailingEndpoint>, ApiError> {
    let mut shown = Vec::with_capacity(failing.len());
    for Failing { endpoint, merchant } in failing {
        let (owner, id) = (OwnerScope::of(endpoint.owner), endpoint.id);
        let waiting = app.storage.waiting_for(owner, &[id]).await?;
        let mut last = app.storage.last_deliveries(owner, &[id]).await?;
        shown.push(FailingEndpoint {
            endpoint: EndpointOut::shown(endpoint, caller),
            merchant_name: merchant.map(|(_, name)| name),
            waiting: waiting.get(&id).map_or(0, |waiting| waiting.count),
            last_delivery: last.remove(&id).map(Into::into),
        });
    }
    Ok(shown)
}
