//! Holding deliveries back: everybody's, a merchant's, a host's, an endpoint's. For ops.

use std::sync::Arc;

use domain::clock::Micros;
use domain::error::FieldError;
use domain::id::{EndpointId, MerchantId, PauseId};
use domain::pause::{Held, Pause, PauseScope};
use poem::web::Data;
use poem_openapi::param::{Header, Path};
use poem_openapi::{Object, OpenApi};
use serde::{Deserialize, Serialize};

use super::Tag;
use crate::answers::{Created, Json, NoContent};
use crate::app::App;
use crate::auth::Bearer;
use crate::body::Body;
use crate::idempotency::Once;
use crate::page::List;
use crate::problem::ApiError;
use crate::text::Text;

pub(crate) struct PausesApi;

/// What to hold back.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct CreatePause {
    /// What kind of thing; what it is stands in the field of that name.
    scope: Text<PauseScope>,
    /// The merchant, for `merchant`.
    merchant_id: Option<Text<MerchantId>>,
    /// The host as it stands in URLs, for `host`.
    #[oai(validator(max_length = 255))]
    host: Option<String>,
    /// The endpoint, for `endpoint`.
    endpoint_id: Option<Text<EndpointId>>,
    /// Why, for other people.
    #[oai(validator(max_length = 500))]
    reason: Option<String>,
}

impl CreatePause {
    /// What it names: exactly what its scope asks for.
    ///
    /// Errors: the field that is missing, or is too much.
    fn held(&self) -> Result<Held, ApiError> {
        let fields = [
            (
                PauseScope::Merchant,
                "merchant_id",
                self.merchant_id.is_some(),
            ),
            (PauseScope::Host, "host", self.host.is_some()),
            (
                PauseScope::Endpoint,
                "endpoint_id",
                self.endpoint_id.is_some(),
            ),
        ];
        let scope = self.scope.0;
        let faults = fields
            .into_iter()
            .filter(|(of, _, given)| (*of == scope) != *given)
            .map(|(of, name, _)| {
                let detail = if of == scope {
                    format!("must be given with the scope `{}`", scope.as_str())
                } else {
                    format!("must be left out with the scope `{}`", scope.as_str())
                };
                FieldError::new(format!("/{name}"), "scope", detail)
            });
        ApiError::of_fields(faults.collect())?;
        let of_host = || self.host.clone().unwrap_or_default().to_ascii_lowercase();
        Ok(match (scope, &self.merchant_id, &self.endpoint_id) {
            (PauseScope::Merchant, Some(id), _) => Held::Merchant(id.0),
            (PauseScope::Endpoint, _, Some(id)) => Held::Endpoint(id.0),
            (PauseScope::Host, _, _) => Held::Host(of_host()),
            _ => Held::All,
        })
    }
}

/// Deliveries held back, until the pause is ended.
#[derive(Serialize, Object)]
#[oai(rename = "Pause")]
struct PauseOut {
    /// Its id.
    id: Text<PauseId>,
    /// What kind of thing is held back.
    scope: Text<PauseScope>,
    /// The merchant, where it is one.
    merchant_id: Option<Text<MerchantId>>,
    /// The host, where it is one.
    host: Option<String>,
    /// The endpoint, where it is one.
    endpoint_id: Option<Text<EndpointId>>,
    /// Why.
    reason: String,
    /// Who paused: `usr_…` or `key_…`.
    paused_by: String,
    /// Since when.
    paused_at: Text<Micros>,
}

impl From<Pause> for PauseOut {
    fn from(pause: Pause) -> Self {
        let scope = pause.held.kind();
        let (mut merchant_id, mut host, mut endpoint_id) = (None, None, None);
        match pause.held {
            Held::All => {}
            Held::Merchant(id) => merchant_id = Some(Text(id)),
            Held::Host(name) => host = Some(name),
            Held::Endpoint(id) => endpoint_id = Some(Text(id)),
        }
        Self {
            id: Text(pause.id),
            scope: Text(scope),
            merchant_id,
            host,
            endpoint_id,
            reason: pause.reason,
            paused_by: pause.paused_by,
            paused_at: Text(pause.paused_at),
        }
    }
}

#[OpenApi(tag = "Tag::Pauses")]
impl PausesApi {
    /// List pauses
    ///
    /// What is held back now, oldest first; it has one page.
    #[oai(path = "/pauses", method = "get", operation_id = "listPauses")]
    async fn list(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
    ) -> Result<Json<List<PauseOut>>, ApiError> {
        caller.platform()?;
        let pauses = app.storage.pauses().await?;
        Ok(Json(List {
            data: pauses.into_iter().map(PauseOut::from).collect(),
            next_cursor: None,
        }))
    }

    /// Pause deliveries
    ///
    /// Attempts under way finish, no other begins. Events are taken in all the same, and nothing is counted as failed.
    #[oai(path = "/pauses", method = "post", operation_id = "createPause")]
    async fn create(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// Makes a repeat of this request harmless.
        #[oai(name = "Idempotency-Key")]
        key: Header<Option<String>>,
        body: Body<CreatePause>,
    ) -> Result<Created<PauseOut>, ApiError> {
        let scope = caller.platform()?;
        let held = body.value.held()?;
        let reason = body.value.reason.unwrap_or_default();
        let once = Once {
            scope_id: caller.id,
            operation: "createPause",
            key: key.0,
            body_hash: body.hash,
        };
        let (gateway, actor) = (Arc::clone(&app.gateway), caller.actor.clone());
        once.create(&app, async move {
            let pause = Box::pin(gateway.create_pause(scope, held, reason, &actor)).await?;
            Ok((format!("/v1/pauses/{}", pause.id), pause.into()))
        })
        .await
    }

    /// End a pause
    ///
    /// What waited becomes due, oldest first, unless another pause holds it.
    #[oai(
        path = "/pauses/:pause_id",
        method = "delete",
        operation_id = "deletePause"
    )]
    async fn delete(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The pause.
        pause_id: Path<Text<PauseId>>,
    ) -> Result<NoContent, ApiError> {
        let scope = caller.platform()?;
        app.gateway.delete_pause(scope, pause_id.0.0).await?;
        Ok(NoContent)
    }
}
