//! The operations that follow the log.

use std::sync::Arc;

use domain::attempt::Outcome;
use domain::delivery::Status;
use domain::id::{DeliveryId, EndpointId, MerchantId};
use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path, Query};
use storage::deliveries::DeliveryFilter;

use super::bare;
use super::live::{Live, follow};
use crate::api::Tag;
use crate::app::App;
use crate::auth::Bearer;
use crate::problem::{ApiError, Slug};
use crate::text::Text;

pub(crate) struct TailsApi;

#[OpenApi(tag = "Tag::Deliveries")]
impl TailsApi {
    /// Follow a merchant's deliveries
    ///
    /// Server-sent events, one for each delivery that is new or has changed among the newest 250 of the last hour that match:
    /// `event: delivery`, its id, and the delivery as the list shows it. It begins with what happens from now on, or
    /// after the delivery in `Last-Event-ID`. It ends after ten minutes, or when the credential does; come back then.
    #[oai(
        path = "/merchants/:merchant_id/delivery-stream",
        method = "get",
        operation_id = "streamDeliveries"
    )]
    #[expect(
        clippy::too_many_arguments,
        reason = "each filter is a parameter of the document"
    )]
    async fn of_merchant(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
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
        /// Test sends only, or none of them.
        is_test: Query<Option<bool>>,
        /// The last delivery that was heard of: what came after it is told first.
        #[oai(name = "Last-Event-ID")]
        last_event_id: Header<Option<Text<DeliveryId>>>,
    ) -> Result<Live, ApiError> {
        let scope = app.scope(&caller, merchant_id.0.0).await?;
        for id in &endpoint_id.0 {
            let known = app.storage.endpoint_even_deleted(scope, id.0).await?;
            known.ok_or_else(|| ApiError::of(Slug::NotFound))?;
        }
        let filter = DeliveryFilter {
            statuses: bare(status.0),
            endpoint_ids: bare(endpoint_id.0),
            event_types: event_type.0,
            outcomes: bare(outcome.0),
            http_statuses: http_status.0,
            is_test: is_test.0,
            ..DeliveryFilter::default()
        };
        follow(&app, caller, scope, filter, last_event_id.0.map(|id| id.0))
    }

    /// Follow all merchants' deliveries
    ///
    /// As of one merchant.
    #[oai(
        path = "/delivery-stream",
        method = "get",
        operation_id = "streamAllDeliveries"
    )]
    #[expect(
        clippy::too_many_arguments,
        clippy::unused_async,
        reason = "each filter is a parameter of the document; handlers are async"
    )]
    async fn of_all(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
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
        /// Test sends only, or none of them.
        is_test: Query<Option<bool>>,
        /// The last delivery that was heard of: what came after it is told first.
        #[oai(name = "Last-Event-ID")]
        last_event_id: Header<Option<Text<DeliveryId>>>,
    ) -> Result<Live, ApiError> {
        let scope = caller.platform()?;
        let filter = DeliveryFilter {
            statuses: bare(status.0),
            endpoint_ids: bare(endpoint_id.0),
            event_types: event_type.0,
            outcomes: bare(outcome.0),
            http_statuses: http_status.0,
            is_test: is_test.0,
            ..DeliveryFilter::default()
        };
        follow(&app, caller, scope, filter, last_event_id.0.map(|id| id.0))
    }
}
