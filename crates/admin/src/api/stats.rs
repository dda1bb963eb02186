//! Figures: of an endpoint and of all endpoints of a merchant, for their owner; of the whole platform, for ops.

mod bodies;

use std::sync::Arc;

use domain::clock::{Clock as _, Micros};
use domain::delivery::Delivery;
use domain::endpoint::Endpoint;
use domain::id::{AppId, EndpointId, MerchantId};
use domain::merchant::SAMPLE_MERCHANT;
use domain::stats::{Range, series, total};
use domain::tenancy::{OwnerScope, TenantScope};
use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use storage::PageRequest;
use storage::backlog::Failing;
use storage::search::EndpointFilter;
use storage::stats::StatsOf;

pub(super) use self::bodies::AcknowledgementOut;
use self::bodies::{
    EndpointStats, EndpointSummaries, EndpointSummary, FailingEndpoint, MerchantCount,
    PlatformStats, platform_points, points, sum,
};
use super::Tag;
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
        let upcoming = storage.upcoming_timers(scope).await?;
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
            upcoming_timers: upcoming.into_iter().map(Into::into).collect(),
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
    let endpoints = storage
        .endpoints(scope, &EndpointFilter::default(), page)
        .await?
        .rows;
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
    for Failing {
        endpoint,
        merchant,
        acknowledged,
    } in failing
    {
        let (owner, id) = (OwnerScope::of(endpoint.owner), endpoint.id);
        let waiting = app.storage.waiting_for(owner, &[id]).await?;
        let mut last = app.storage.last_deliveries(owner, &[id]).await?;
        shown.push(FailingEndpoint {
            endpoint: EndpointOut::shown(endpoint, caller),
            merchant_name: merchant.map(|(_, name)| name),
            waiting: waiting.get(&id).map_or(0, |waiting| waiting.count),
            last_delivery: last.remove(&id).map(Into::into),
            acknowledged: acknowledged.map(Into::into),
        });
    }
    Ok(shown)
}
