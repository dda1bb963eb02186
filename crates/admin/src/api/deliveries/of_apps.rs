//! What is sent to the endpoints of an app, of whatever merchants: for its developers and for the platform.

use std::sync::Arc;

use domain::attempt::Outcome;
use domain::clock::Micros;
use domain::delivery::{Delivery, Status};
use domain::endpoint::Owner;
use domain::id::{AppId, DeliveryId, EndpointId};
use domain::tenancy::{AppScope, TenantScope};
use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use storage::deliveries::DeliveryFilter;

use super::bodies::{AttemptOut, DeliveryOut};
use super::{attempts_of, bare, check_range, hide_queries};
use crate::answers::{Accepted, Json};
use crate::api::Tag;
use crate::app::App;
use crate::auth::Bearer;
use crate::body::NoBody;
use crate::page::{List, ListOf};
use crate::problem::{ApiError, Slug};
use crate::text::Text;

pub(crate) struct AppDeliveriesApi;

async fn find(app: &App, scope: AppScope, id: DeliveryId) -> Result<Delivery, ApiError> {
    let found = app.storage.app_delivery(scope, id).await?;
    found.ok_or_else(|| ApiError::of(Slug::NotFound))
}

#[OpenApi(tag = "Tag::Deliveries")]
impl AppDeliveriesApi {
    /// List an app's deliveries
    ///
    /// What was sent to its endpoints, of every merchant that has it installed or had it then. A filter given more
    /// than once means any of its values; different filters must all hold.
    #[oai(
        path = "/apps/:app_id/deliveries",
        method = "get",
        operation_id = "listAppDeliveries"
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
        /// The app.
        app_id: Path<Text<AppId>>,
        /// In this state.
        status: Query<Vec<Text<Status>>>,
        /// To this endpoint.
        endpoint_id: Query<Vec<Text<EndpointId>>>,
        /// Of an event of this type.
        event_type: Query<Vec<String>>,
        /// Whose last attempt ended like this.
        outcome: Query<Vec<Text<Outcome>>>,
        /// Whose last attempt was answered with this status.
        http_status: Query<Vec<u16>>,
        /// Made at or after, at most 90 days before `to` where both are given.
        from: Query<Option<Text<Micros>>>,
        /// Made before.
        to: Query<Option<Text<Micros>>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Rows of the page, 1 to 250.
        limit: Query<Option<u64>>,
    ) -> Result<Json<List<DeliveryOut>>, ApiError> {
        let scope = caller.app(app_id.0.0)?;
        let there = app.storage.app(app_id.0.0).await?;
        there.ok_or_else(|| ApiError::of(Slug::NotFound))?;
        let page = list.page(cursor.0.as_deref(), limit.0)?;
        let (from, to) = check_range(from.0, to.0)?;
        let filter = DeliveryFilter {
            statuses: bare(status.0),
            endpoint_ids: bare(endpoint_id.0),
            event_types: event_type.0,
            outcomes: bare(outcome.0),
            http_statuses: http_status.0,
            from,
            to,
            ..DeliveryFilter::default()
        };
        let found = app.storage.app_deliveries(scope, &filter, page).await?;
        Ok(Json(list.answer(found, DeliveryOut::from)))
    }

    /// Get an app's delivery
    #[oai(
        path = "/apps/:app_id/deliveries/:delivery_id",
        method = "get",
        operation_id = "getAppDelivery"
    )]
    async fn get(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The app.
        app_id: Path<Text<AppId>>,
        /// The delivery.
        delivery_id: Path<Text<DeliveryId>>,
    ) -> Result<Json<DeliveryOut>, ApiError> {
        let scope = caller.app(app_id.0.0)?;
        Ok(Json(find(&app, scope, delivery_id.0.0).await?.into()))
    }

    /// List the attempts of an app's delivery
    ///
    /// In the order they were made, the first ones on the first page.
    #[oai(
        path = "/apps/:app_id/deliveries/:delivery_id/attempts",
        method = "get",
        operation_id = "listAppAttempts"
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
        /// The app.
        app_id: Path<Text<AppId>>,
        /// The delivery.
        delivery_id: Path<Text<DeliveryId>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Rows of the page, 1 to 250.
        limit: Query<Option<u64>>,
    ) -> Result<Json<List<AttemptOut>>, ApiError> {
        let scope = caller.app(app_id.0.0)?;
        let page = list.page(cursor.0.as_deref(), limit.0)?;
        let delivery = find(&app, scope, delivery_id.0.0).await?;
        let mut found = attempts_of(&app, &delivery, list, page, true).await?;
        hide_queries(&mut found, &caller, Owner::App(app_id.0.0));
        Ok(found)
    }

    /// Retry an app's delivery
    ///
    /// As for a merchant's: one attempt now, with the same event id and the same bytes. 409 while one is in flight.
    #[oai(
        path = "/apps/:app_id/deliveries/:delivery_id/retry",
        method = "post",
        operation_id = "retryAppDelivery"
    )]
    async fn retry(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The app.
        app_id: Path<Text<AppId>>,
        /// The delivery.
        delivery_id: Path<Text<DeliveryId>>,
        _body: NoBody,
    ) -> Result<Accepted<DeliveryOut>, ApiError> {
        let scope = caller.app(app_id.0.0)?;
        let delivery = find(&app, scope, delivery_id.0.0).await?;
        let merchant = TenantScope::of(delivery.merchant_id);
        let retried = app
            .gateway
            .retry_delivery(merchant, delivery.id, &caller.actor);
        Ok(Accepted(retried.await?.into()))
    }
}
