//! The delivery log: events on their way to endpoints, attempt by attempt.

mod bodies;
mod live;
mod of_apps;
mod tails;

use std::sync::Arc;
use std::time::Duration;

use domain::attempt::{Attempt, Outcome};
use domain::clock::Micros;
use domain::delivery::{Delivery, Status};
use domain::endpoint::{Endpoint, Owner};
use domain::id::{DeliveryId, EndpointId, EventId, MerchantId};
use domain::redaction::without_query;
use domain::tenancy::{OwnerScope, TenantScope};
use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use storage::deliveries::DeliveryFilter;
use storage::{Page, PageRequest};

pub(crate) use self::bodies::{AttemptOut, DeliveryOut};
pub(crate) use self::of_apps::AppDeliveriesApi;
pub(crate) use self::tails::TailsApi;
use super::Tag;
use crate::answers::{Accepted, Json};
use crate::app::App;
use crate::auth::Bearer;
use crate::auth::table::SEE_APP_URLS;
use crate::body::NoBody;
use crate::page::{List, ListOf};
use crate::problem::{ApiError, Slug};
use crate::text::Text;

pub(crate) struct DeliveriesApi;

/// Longest time range that may be asked for by both its ends.
const RANGE_MAX: Duration = Duration::from_hours(24 * 90);

/// Checks that a time range runs forward, and not for too long.
///
/// Errors: 400 naming `from`.
pub(super) fn check_range(
    from: Option<Text<Micros>>,
    to: Option<Text<Micros>>,
) -> Result<(Option<Micros>, Option<Micros>), ApiError> {
    let (from, to) = (from.map(|at| at.0), to.map(|at| at.0));
    match (from, to) {
        (Some(from), Some(to)) if from > to => {
            Err(ApiError::parameter("from", "must not be later than `to`"))
        }
        (Some(from), Some(to)) if to.since(from) > RANGE_MAX => Err(ApiError::parameter(
            "from",
            "must not lie more than 90 days before `to`",
        )),
        range => Ok(range),
    }
}

/// A test's attempt, as its sender sees it; the request body is rendered again from the event, which gives the
/// same bytes.
pub(super) async fn test_out(
    app: &App,
    owner: impl Into<OwnerScope>,
    attempt: Attempt,
) -> Result<AttemptOut, ApiError> {
    let scope = TenantScope::of(attempt.merchant_id);
    let endpoint = app.storage.endpoint(owner, attempt.endpoint_id).await?;
    let delivery = app.storage.delivery(scope, attempt.delivery_id).await?;
    let body = match delivery.zip(endpoint) {
        Some((delivery, endpoint)) => {
            request_body(app, scope, delivery.event_id, &endpoint).await?
        }
        None => None,
    };
    Ok(AttemptOut::new(attempt, false, body))
}

async fn request_body(
    app: &App,
    scope: TenantScope,
    event_id: EventId,
    endpoint: &Endpoint,
) -> Result<Option<String>, ApiError> {
    let event = app.storage.event(scope, event_id).await?;
    Ok(event.map(|event| {
        let body = endpoint.dialect.format().body(&event, endpoint);
        app.shown(&body)
    }))
}

/// A URL without its path: all that a merchant is shown of an app's endpoint.
fn origin(url: &str) -> String {
    let parts: Vec<&str> = url.splitn(4, '/').collect();
    parts[..parts.len().min(3)].join("/")
}

/// Leaves viewers no query of a URL.
fn hide_queries(attempts: &mut Json<List<AttemptOut>>, caller: &Bearer, of: Owner) {
    if !caller.sees_queries(Some(of)) {
        for attempt in &mut attempts.0.data {
            attempt.url = without_query(&attempt.url);
        }
    }
}

/// A page of a delivery's attempts; the whole URL of an app's endpoint only where `whole` says so.
async fn attempts_of(
    app: &App,
    delivery: &Delivery,
    list: ListOf,
    page: PageRequest,
    whole: bool,
) -> Result<Json<List<AttemptOut>>, ApiError> {
    let scope = TenantScope::of(delivery.merchant_id);
    let attempts = app.storage.attempts_page(scope, delivery.id, page).await?;
    let to = delivery.endpoint_id;
    let endpoint = app.storage.endpoint_even_deleted(scope, to).await?;
    let body = match &endpoint {
        Some(endpoint) => request_body(app, scope, delivery.event_id, endpoint).await?,
        None => None,
    };
    let is_apps = endpoint.is_some_and(|endpoint| endpoint.owner.app_id().is_some());
    Ok(Json(list.answer(attempts, |(mut attempt, late)| {
        if is_apps && !whole {
            attempt.url = origin(&attempt.url);
        }
        AttemptOut::new(attempt, late, body.clone())
    })))
}

fn bare<T>(list: Vec<Text<T>>) -> Vec<T> {
    list.into_iter().map(|text| text.0).collect()
}

#[OpenApi(tag = "Tag::Deliveries")]
impl DeliveriesApi {
    /// List a merchant's deliveries
    ///
    /// A filter given more than once means any of its values; different filters must all hold.
    #[oai(
        path = "/merchants/:merchant_id/deliveries",
        method = "get",
        operation_id = "listDeliveries"
    )]
    #[expect(
        clippy::too_many_arguments,
        reason = "each filter is a parameter of the document"
    )]
    async fn list(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        list: ListOf,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// In this state.
        status: Query<Vec<Text<Status>>>,
        /// To this endpoint.
        endpoint_id: Query<Vec<Text<EndpointId>>>,
        /// Of an event of this type.
        event_type: Query<Vec<String>>,
        /// Of this event: our id or the id on the wire. Once only.
        event_id: Query<Option<String>>,
        /// Whose last attempt ended like this.
        outcome: Query<Vec<Text<Outcome>>>,
        /// Whose last attempt was answered with this status.
        http_status: Query<Vec<u16>>,
        /// With at least this many attempts.
        #[oai(validator(minimum(value = "0")))]
        min_attempts: Query<Option<i32>>,
        /// Test sends only, or none of them.
        is_test: Query<Option<bool>>,
        /// Made at or after, at most 90 days before `to` where both are given.
        from: Query<Option<Text<Micros>>>,
        /// Made before.
        to: Query<Option<Text<Micros>>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Rows of the page, 1 to 250.
        limit: Query<Option<u64>>,
    ) -> Result<Json<List<DeliveryOut>>, ApiError> {
        let scope = app.scope(&caller, merchant_id.0.0).await?;
        let page = list.page(cursor.0.as_deref(), limit.0)?;
        let (from, to) = check_range(from.0, to.0)?;
        let mut wanted = None;
        if let Some(id) = event_id.0 {
            wanted = app
                .storage
                .find_event(scope, &id)
                .await?
                .map(|event| event.id);
            if wanted.is_none() {
                let none: Page<Delivery> = Page {
                    rows: Vec::new(),
                    next: None,
                };
                return Ok(Json(list.answer(none, DeliveryOut::from)));
            }
        }
        let filter = DeliveryFilter {
            statuses: bare(status.0),
            endpoint_ids: bare(endpoint_id.0),
            event_types: event_type.0,
            event_id: wanted,
            outcomes: bare(outcome.0),
            http_statuses: http_status.0,
            min_attempts: min_attempts.0,
            is_test: is_test.0,
            from,
            to,
        };
        let found = app.storage.deliveries(scope, &filter, page).await?;
        Ok(Json(list.answer(found, DeliveryOut::from)))
    }

    /// List all merchants' deliveries
    ///
    /// A filter given more than once means any of its values; different filters must all hold.
    #[oai(
        path = "/deliveries",
        method = "get",
        operation_id = "listAllDeliveries"
    )]
    #[expect(
        clippy::too_many_arguments,
        reason = "each filter is a parameter of the document"
    )]
    async fn list_all(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        list: ListOf,
        /// In this state.
        status: Query<Vec<Text<Status>>>,
        /// To this endpoint.
        endpoint_id: Query<Vec<Text<EndpointId>>>,
        /// Of an event of this type.
        event_type: Query<Vec<String>>,
        /// Of this event, by our id. Once only.
        event_id: Query<Option<Text<EventId>>>,
        /// Whose last attempt ended like this.
        outcome: Query<Vec<Text<Outcome>>>,
        /// Whose last attempt was answered with this status.
        http_status: Query<Vec<u16>>,
        /// With at least this many attempts.
        #[oai(validator(minimum(value = "0")))]
        min_attempts: Query<Option<i32>>,
        /// Test sends only, or none of them.
        is_test: Query<Option<bool>>,
        /// Made at or after, at most 90 days before `to` where both are given.
        from: Query<Option<Text<Micros>>>,
        /// Made before.
        to: Query<Option<Text<Micros>>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Rows of the page, 1 to 250.
        limit: Query<Option<u64>>,
    ) -> Result<Json<List<DeliveryOut>>, ApiError> {
        let scope = caller.platform()?;
        let page = list.page(cursor.0.as_deref(), limit.0)?;
        let (from, to) = check_range(from.0, to.0)?;
        let filter = DeliveryFilter {
            statuses: bare(status.0),
            endpoint_ids: bare(endpoint_id.0),
            event_types: event_type.0,
            event_id: event_id.0.map(|id| id.0),
            outcomes: bare(outcome.0),
            http_statuses: http_status.0,
            min_attempts: min_attempts.0,
            is_test: is_test.0,
            from,
            to,
        };
        let found = app.storage.deliveries(scope, &filter, page).await?;
        Ok(Json(list.answer(found, DeliveryOut::from)))
    }

    /// Get a delivery
    ///
    /// Where it stands, how often it was tried, and when it is tried next.
    #[oai(
        path = "/merchants/:merchant_id/deliveries/:delivery_id",
        method = "get",
        operation_id = "getDelivery"
    )]
    async fn get(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// The delivery.
        delivery_id: Path<Text<DeliveryId>>,
    ) -> Result<Json<DeliveryOut>, ApiError> {
        let scope = caller.merchant(merchant_id.0.0)?;
        let found = app.storage.delivery(scope, delivery_id.0.0).await?;
        Ok(Json(
            found.ok_or_else(|| ApiError::of(Slug::NotFound))?.into(),
        ))
    }

    /// List a delivery's attempts
    ///
    /// In the order they were made, the first ones on the first page. Of the URL of an app's endpoint merchants see the origin only,
    /// viewers see no query.
    #[oai(
        path = "/merchants/:merchant_id/deliveries/:delivery_id/attempts",
        method = "get",
        operation_id = "listAttempts"
    )]
    #[expect(
        clippy::too_many_arguments,
        reason = "each part of the page is a parameter of the document"
    )]
    async fn attempts(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        list: ListOf,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// The delivery.
        delivery_id: Path<Text<DeliveryId>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Rows of the page, 1 to 250.
        limit: Query<Option<u64>>,
    ) -> Result<Json<List<AttemptOut>>, ApiError> {
        let scope = caller.merchant(merchant_id.0.0)?;
        let page = list.page(cursor.0.as_deref(), limit.0)?;
        let delivery = app.storage.delivery(scope, delivery_id.0.0).await?;
        let delivery = delivery.ok_or_else(|| ApiError::of(Slug::NotFound))?;
        let whole = caller.part(SEE_APP_URLS).is_ok();
        let mut found = attempts_of(&app, &delivery, list, page, whole).await?;
        hide_queries(&mut found, &caller, Owner::Merchant(merchant_id.0.0));
        Ok(found)
    }

    /// Retry a delivery
    ///
    /// One attempt now, with the same event id and the same bytes. A delivery that waits for its retry has
    /// it brought forward. 409 while an attempt is in flight.
    #[oai(
        path = "/merchants/:merchant_id/deliveries/:delivery_id/retry",
        method = "post",
        operation_id = "retryDelivery"
    )]
    async fn retry(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// The delivery.
        delivery_id: Path<Text<DeliveryId>>,
        _body: NoBody,
    ) -> Result<Accepted<DeliveryOut>, ApiError> {
        let scope = caller.merchant(merchant_id.0.0)?;
        let id = delivery_id.0.0;
        Ok(Accepted(
            app.gateway
                .retry_delivery(scope, id, &caller.actor)
                .await?
                .into(),
        ))
    }

    /// Get any merchant's delivery
    ///
    /// Whoever's it is, by its id.
    #[oai(
        path = "/deliveries/:delivery_id",
        method = "get",
        operation_id = "getAnyDelivery"
    )]
    async fn get_any(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The delivery.
        delivery_id: Path<Text<DeliveryId>>,
    ) -> Result<Json<DeliveryOut>, ApiError> {
        let scope = caller.platform()?;
        let found = app.storage.any_delivery(scope, delivery_id.0.0).await?;
        let found = found.ok_or_else(|| ApiError::of(Slug::NotFound))?;
        Ok(Json(found.into()))
    }

    /// Cancel a delivery
    ///
    /// 409 while an attempt is in flight, or when it is finished.
    #[oai(
        path = "/merchants/:merchant_id/deliveries/:delivery_id/cancel",
        method = "post",
        operation_id = "cancelDelivery"
    )]
    async fn cancel(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// The delivery.
        delivery_id: Path<Text<DeliveryId>>,
        _body: NoBody,
    ) -> Result<Json<DeliveryOut>, ApiError> {
        let scope = caller.merchant(merchant_id.0.0)?;
        Ok(Json(
            app.gateway
                .cancel_delivery(scope, delivery_id.0.0)
                .await?
                .into(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn the_origin_of_a_url_has_no_path() {
        for (url, shown) in [
            (
                "https://app.example/hooks/secret?x=1",
                "https://app.example",
            ),
            ("https://app.example:8443/", "https://app.example:8443"),
            ("http://[::1]:9000/a", "http://[::1]:9000"),
        ] {
            assert_eq!(origin(url), shown);
        }
    }
}
