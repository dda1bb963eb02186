//! The catalogue of what may be published and subscribed to.

use std::sync::Arc;

use domain::catalog::EventType;
use domain::dialect::Dialect;
use domain::error::FieldError;
use gateway::catalog::NewEventType;
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::{Object, OpenApi};
use serde::{Deserialize, Serialize};

use super::Tag;
use crate::answers::{Created, Json};
use crate::app::App;
use crate::auth::Bearer;
use crate::body::Body;
use crate::idempotency::Once;
use crate::page::List;
use crate::problem::{ApiError, Slug};
use crate::raw_json::{RawJson, check_payload};
use crate::text::{Text, plain_fault};

/// Longest description, in characters.
const DESCRIPTION_MAX: usize = 1_000;
/// Bytes of a schema, and of an example: the catalogue is held in memory and shown in one page.
const JSON_MAX: usize = 64 * 1024;

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
    #[oai(validator(max_length = 1000))]
    description: String,
    /// JSON Schema of its payload, 64 KiB at most.
    schema: Option<RawJson>,
    /// An example payload, 64 KiB at most, sent by test sends.
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

impl CreateEventType {
    /// Checks a new event type, but for what the catalogue and its schema say.
    ///
    /// Errors: everything that is wrong with it.
    fn check(&self) -> Result<(), ApiError> {
        let mut faults = Vec::from_iter(plain_fault("/description", &self.description));
        if self.description.chars().count() > DESCRIPTION_MAX {
            let detail = format!("must have {DESCRIPTION_MAX} characters at most");
            faults.push(FieldError::new("/description", "length", detail));
        }
        for (at, json) in [("/schema", &self.schema), ("/example", &self.example)] {
            let Some(json) = json else { continue };
            if let Err(error) = check_payload(json.get()) {
                faults.push(FieldError::new(at, "object", error.to_string()));
            }
            if json.get().len() > JSON_MAX {
                faults.push(FieldError::new(at, "length", "must have 64 KiB at most"));
            }
        }
        ApiError::of_fields(faults)
    }
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
        _caller: Bearer,
        /// Of this dialect only.
        dialect: Query<Option<Text<Dialect>>>,
    ) -> Result<Json<List<EventTypeOut>>, ApiError> {
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
        body.value.check()?;
        let text = |json: RawJson| json.get().to_owned();
        let new = NewEventType {
            schema: body.value.schema.map(text),
            example: body.value.example.map(text),
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
        _caller: Bearer,
        /// Its name; a `/` in it is written `%2F`.
        name: Path<String>,
    ) -> Result<Json<EventTypeOut>, ApiError> {
        let found = app.storage.event_type(&name.0).await?;
        Ok(Json(
            found.ok_or_else(|| ApiError::of(Slug::NotFound))?.into(),
        ))
    }
}
