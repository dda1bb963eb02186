//! The catalogue of what may be published and subscribed to.

use std::sync::Arc;

use domain::catalog::EventType;
use domain::dialect::Dialect;
use gateway::catalog::NewEventType;
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::{Object, OpenApi};
use serde::{Deserialize, Serialize};

use super::Tag;
use crate::answers::{Created, Json};
use crate::app::App;
use crate::auth::Bearer;
use crate::auth::permissions::Permission;
use crate::body::Body;
use crate::idempotency::Once;
use crate::page::List;
use crate::problem::{ApiError, Slug};
use crate::raw_json::{RawJson, check_payload};
use crate::text::{Text, check_plain};

pub(crate) struct EventTypesApi;

/// A new event type of the platform's own.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct CreateEventType {
    /// Its name on the wire: 1 to 100 letters, digits and `_ . / -`.
    name: String,
    /// The dialect whose endpoints may subscribe to it; `standard` endpoints may subscribe to any.
    dialect: Text<Dialect>,
    /// What it means.
    description: String,
    /// JSON Schema of its payload.
    schema: Option<RawJson>,
    /// An example payload, sent by test sends.
    example: Option<RawJson>,
}

/// An entry of the catalogue.
#[derive(Serialize, Object)]
#[oai(rename = "EventType")]
struct EventTypeOut {
    /// Its name on the wire.
    name: String,
    /// The dialect whose endpoints may subscribe to it; `standard` endpoints may subscribe to any.
    dialect: Text<Dialect>,
    /// What it means.
    description: String,
    /// When it fires.
    fires_when: String,
    /// JSON Schema of its payload.
    schema: Option<RawJson>,
    /// An example payload.
    example: RawJson,
    /// Whether it ships with the product.
    built_in: bool,
}

impl From<EventType> for EventTypeOut {
    fn from(entry: EventType) -> Self {
        Self {
            name: entry.name,
            dialect: Text(entry.dialect),
            description: entry.description,
            fires_when: entry.fires_when,
            schema: entry.schema.as_deref().map(RawJson::new),
            example: RawJson::new(&entry.example),
            built_in: entry.built_in,
        }
    }
}

/// An optional JSON object of the body, as text.
fn object(pointer: &str, json: Option<&RawJson>) -> Result<Option<String>, ApiError> {
    let Some(json) = json else { return Ok(None) };
    check_payload(json.get())
        .map_err(|error| ApiError::field(pointer, "object", error.to_string()))?;
    Ok(Some(json.get().to_owned()))
}

#[OpenApi(tag = "Tag::EventTypes")]
impl EventTypesApi {
    /// List event types
    ///
    /// The whole catalogue, in order of name; it has one page.
    #[oai(path = "/event-types", method = "get", operation_id = "listEventTypes")]
    async fn list(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// Of this dialect only.
        dialect: Query<Option<Text<Dialect>>>,
    ) -> Result<Json<List<EventTypeOut>>, ApiError> {
        caller.anywhere(Permission::ReadEventTypes)?;
        let types = app.storage.event_types().await?.into_iter();
        let wanted = |entry: &EventType| dialect.0.is_none_or(|wanted| wanted.0 == entry.dialect);
        Ok(Json(List {
            data: types.filter(wanted).map(EventTypeOut::from).collect(),
            next_cursor: None,
        }))
    }

    /// Create an event type
    ///
    /// From then on it may be published and subscribed to. Its schema, where it has one, is what payloads are
    /// checked with.
    #[oai(
        path = "/event-types",
        method = "post",
        operation_id = "createEventType"
    )]
    async fn create(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// Makes a repeat of this request harmless.
        #[oai(name = "Idempotency-Key")]
        key: Header<Option<String>>,
        body: Body<CreateEventType>,
    ) -> Result<Created<EventTypeOut>, ApiError> {
        caller.platform(Permission::ChangeEventTypes)?;
        check_plain("/description", &body.value.description)?;
        let new = NewEventType {
            schema: object("/schema", body.value.schema.as_ref())?,
            example: object("/example", body.value.example.as_ref())?,
            name: body.value.name,
            dialect: body.value.dialect.0,
            description: body.value.description,
        };
        let once = Once {
            scope_id: caller.id,
            operation: "createEventType",
            key: key.0,
            body_hash: body.hash,
        };
        let gateway = Arc::clone(&app.gateway);
        once.create(&app, async move {
            let entry = gateway.create_event_type(new).await?;
            let escaped = entry.name.replace('/', "%2F");
            Ok((format!("/v1/event-types/{escaped}"), entry.into()))
        })
        .await
    }

    /// Get an event type
    ///
    /// When it fires, its JSON Schema and an example of its payload. Slashes in the name are written `%2F`.
    #[oai(
        path = "/event-types/:name",
        method = "get",
        operation_id = "getEventType"
    )]
    async fn get(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// Its name; a `/` in it is written `%2F`.
        name: Path<String>,
    ) -> Result<Json<EventTypeOut>, ApiError> {
        caller.anywhere(Permission::ReadEventTypes)?;
        let found = app.storage.event_type(&name.0).await?;
        Ok(Json(
            found.ok_or_else(|| ApiError::of(Slug::NotFound))?.into(),
        ))
    }
}
