//! Events: publish them, look them up.

mod publish;

use std::sync::Arc;

use domain::clock::Micros;
use domain::event::Event;
use domain::id::{EventId, MerchantId};
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use storage::events::EventFilter;

use self::publish::{BatchBody, BatchOut, EventBody, PublishedOut, keyed, read_batch, read_event};
use super::Tag;
use super::deliveries::{DeliveryOut, check_range};
use crate::answers::{Json, Published};
use crate::app::App;
use crate::auth::Bearer;
use crate::page::{List, ListOf};
use crate::problem::{ApiError, Slug};
use crate::raw_json::RawJson;
use crate::text::Text;

pub(crate) struct EventsApi;

/// An event.
#[derive(Serialize, Object)]
#[oai(rename = "Event")]
struct EventOut {
    /// Our id.
    id: Text<EventId>,
    /// Its id on the wire: the client's, where it chose one.
    event_id: String,
    /// The merchant it happened to.
    merchant_id: Text<MerchantId>,
    /// Its type.
    event_type: String,
    /// When it happened.
    occurred_at: Text<Micros>,
    /// When it was taken in.
    created_at: Text<Micros>,
    /// Whether it is the sample of a test send.
    is_test: bool,
}

/// An event with its payload and its deliveries.
#[derive(Serialize, Object)]
struct EventDetail {
    #[serde(flatten)]
    #[oai(flatten)]
    event: EventOut,
    /// The payload, byte for byte.
    payload: RawJson,
    /// The store as it was.
    store: RawJson,
    /// Its deliveries.
    deliveries: Vec<DeliveryOut>,
}

impl From<&Event> for EventOut {
    fn from(event: &Event) -> Self {
        Self {
            id: Text(event.id),
            event_id: event.event_id.as_ref().to_owned(),
            merchant_id: Text(event.merchant_id),
            event_type: event.event_type.as_ref().to_owned(),
            occurred_at: Text(event.occurred_at),
            created_at: Text(event.created_at),
            is_test: event.is_test,
        }
    }
}

#[OpenApi(tag = "Tag::Events")]
impl EventsApi {
    /// Publish an event
    ///
    /// Answers 202 once the event and its deliveries are stored. A repeat by `event_id` answers 200 with
    /// the first answer's body. A payload that does not match the schema of its type is refused, or taken with
    /// `warnings` if the merchant's `schema_mode` is `warn`.
    #[oai(
        path = "/merchants/:merchant_id/events",
        method = "post",
        operation_id = "publishEvent"
    )]
    async fn publish(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// Makes a repeat of this request harmless.
        #[oai(name = "Idempotency-Key")]
        key: Header<Option<String>>,
        body: EventBody,
    ) -> Result<Published<PublishedOut>, ApiError> {
        let scope = caller.merchant(merchant_id.0.0)?;
        let call = keyed(read_event(&body.bytes, key.0)?, &app.auth);
        let published = app.gateway.publish(scope, call).await?;
        let how = published.how;
        let event = publish::published(published).into_iter().next();
        let body = event.ok_or_else(|| ApiError::internal("nothing was published"))?;
        Ok(Published { body, how })
    }

    /// Publish up to 1,000 events
    ///
    /// All of them or none.
    #[oai(
        path = "/merchants/:merchant_id/events/batch",
        method = "post",
        operation_id = "publishEvents"
    )]
    async fn publish_batch(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// Makes a repeat of this request harmless.
        #[oai(name = "Idempotency-Key")]
        key: Header<Option<String>>,
        body: BatchBody,
    ) -> Result<Published<BatchOut>, ApiError> {
        let scope = caller.merchant(merchant_id.0.0)?;
        let call = keyed(read_batch(&body.bytes, key.0)?, &app.auth);
        let published = app
            .gateway
            .publish(scope, call)
            .await
            .map_err(publish::in_batch)?;
        let how = published.how;
        let events = publish::published(published);
        Ok(Published {
            body: BatchOut { events },
            how,
        })
    }

    /// List a merchant's events
    ///
    /// Newest first, without their payloads. A filter given more than once means any of its values.
    #[oai(
        path = "/merchants/:merchant_id/events",
        method = "get",
        operation_id = "listEvents"
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
        /// Of this type; repeated, of any of them.
        event_type: Query<Vec<String>>,
        /// Taken in at or after, at most 90 days before `to` where both are given.
        from: Query<Option<Text<Micros>>>,
        /// Taken in before.
        to: Query<Option<Text<Micros>>>,
        /// Samples of test sends only, or none of them.
        is_test: Query<Option<bool>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Rows of the page, 1 to 250.
        limit: Query<Option<u64>>,
    ) -> Result<Json<List<EventOut>>, ApiError> {
        let scope = app.scope(&caller, merchant_id.0.0).await?;
        let page = list.page(cursor.0.as_deref(), limit.0)?;
        let (from, to) = check_range(from.0, to.0)?;
        let filter = EventFilter {
            event_types: event_type.0,
            from,
            to,
            is_test: is_test.0,
        };
        let found = app.storage.events(scope, &filter, page).await?;
        Ok(Json(list.answer(found, |event| EventOut::from(&event))))
    }

    /// Get an event with its deliveries
    ///
    /// By our id or by the id on the wire, with the payload as it was published.
    #[oai(
        path = "/merchants/:merchant_id/events/:event_id",
        method = "get",
        operation_id = "getEvent"
    )]
    async fn get(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// Our id or the id on the wire.
        event_id: Path<String>,
    ) -> Result<Json<EventDetail>, ApiError> {
        let scope = caller.merchant(merchant_id.0.0)?;
        let found = match event_id.0.len() {
            1..=64 => app.storage.find_event(scope, &event_id.0).await?,
            _ => None,
        };
        let event = found.ok_or_else(|| ApiError::of(Slug::NotFound))?;
        let deliveries = app.storage.event_deliveries(scope, event.id).await?;
        Ok(Json(EventDetail {
            event: EventOut::from(&event),
            payload: RawJson::new(&app.shown(&event.payload)),
            store: RawJson::new(&event.store),
            deliveries: deliveries.into_iter().map(DeliveryOut::from).collect(),
        }))
    }
}
