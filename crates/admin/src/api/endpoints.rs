//! Endpoints: URLs that receive events, with their secrets and subscriptions.

mod bodies;

use std::sync::Arc;

use domain::endpoint::DisabledReason;
use domain::id::{EndpointId, MerchantId};
use gateway::endpoints::NewEndpoint;
use gateway::test_send::TestSend;
use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path, Query};

use self::bodies::{
    CreateEndpoint, CreatedEndpoint, EndpointOut, RotateSecretIn, SecretsOut, Subscriptions,
    TestSendIn, UpdateEndpoint, check_unmasked,
};
use super::Tag;
use super::deliveries::{AttemptOut, attempt_out};
use crate::answers::{Created, Json, NoContent};
use crate::app::App;
use crate::auth::Bearer;
use crate::auth::permissions::Permission;
use crate::body::{Body, NoBody, Optional, Patch};
use crate::idempotency::Once;
use crate::page::{List, ListOf};
use crate::problem::{ApiError, Slug};
use crate::raw_json::{check_payload, check_size};
use crate::text::Text;

pub(crate) struct EndpointsApi;

#[OpenApi(tag = "Tag::Endpoints")]
impl EndpointsApi {
    /// List a merchant's endpoints
    #[oai(
        path = "/merchants/:merchant_id/endpoints",
        method = "get",
        operation_id = "listEndpoints"
    )]
    async fn list(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        list: ListOf,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Rows of the page, 1 to 250.
        limit: Query<Option<u64>>,
    ) -> Result<Json<List<EndpointOut>>, ApiError> {
        let scope = app
            .scope(&caller, merchant_id.0.0, Permission::ReadEndpoints)
            .await?;
        let page = list.page(cursor.0.as_deref(), limit.0)?;
        Ok(Json(list.answer(
            app.storage.endpoints(scope, page).await?,
            EndpointOut::from,
        )))
    }

    /// List all merchants' endpoints
    #[oai(path = "/endpoints", method = "get", operation_id = "listAllEndpoints")]
    async fn list_all(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        list: ListOf,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Rows of the page, 1 to 250.
        limit: Query<Option<u64>>,
    ) -> Result<Json<List<EndpointOut>>, ApiError> {
        caller.platform(Permission::ReadEndpoints)?;
        let page = list.page(cursor.0.as_deref(), limit.0)?;
        Ok(Json(list.answer(
            app.storage.all_endpoints(page).await?,
            EndpointOut::from,
        )))
    }

    /// Create an endpoint
    ///
    /// Its secrets are in this answer; later they are shown on request only.
    #[oai(
        path = "/merchants/:merchant_id/endpoints",
        method = "post",
        operation_id = "createEndpoint"
    )]
    async fn create(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// Makes a repeat of this request harmless.
        #[oai(name = "Idempotency-Key")]
        key: Header<Option<String>>,
        body: Body<CreateEndpoint>,
    ) -> Result<Created<CreatedEndpoint>, ApiError> {
        let scope = caller.scope(merchant_id.0.0, Permission::ChangeEndpoints)?;
        let new = NewEndpoint::from(body.value);
        check_unmasked(&new.headers)?;
        let once = Once {
            scope_id: scope.merchant_id().uuid(),
            operation: "createEndpoint",
            key: key.0,
            body_hash: body.hash,
        };
        let gateway = Arc::clone(&app.gateway);
        let work = async move {
            let made = gateway.create_endpoint(scope, new).await?;
            let location = format!(
                "/v1/merchants/{}/endpoints/{}",
                scope.merchant_id(),
                made.endpoint.id
            );
            Ok((location, CreatedEndpoint::from(made)))
        };
        let created = Box::pin(once.create(&app, work)).await?;
        if created.replayed {
            let place = &created.location;
            tracing::info!(actor = caller.actor, place, "endpoint.secret_replayed");
        }
        Ok(created)
    }

    /// Get an endpoint
    #[oai(
        path = "/merchants/:merchant_id/endpoints/:endpoint_id",
        method = "get",
        operation_id = "getEndpoint"
    )]
    async fn get(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// The endpoint.
        endpoint_id: Path<Text<EndpointId>>,
    ) -> Result<Json<EndpointOut>, ApiError> {
        let scope = caller.scope(merchant_id.0.0, Permission::ReadEndpoints)?;
        let found = app.storage.endpoint(scope, endpoint_id.0.0).await?;
        Ok(Json(
            found.ok_or_else(|| ApiError::of(Slug::NotFound))?.into(),
        ))
    }

    /// Change an endpoint
    #[oai(
        path = "/merchants/:merchant_id/endpoints/:endpoint_id",
        method = "patch",
        operation_id = "updateEndpoint"
    )]
    async fn update(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// The endpoint.
        endpoint_id: Path<Text<EndpointId>>,
        body: Body<UpdateEndpoint, Patch>,
    ) -> Result<Json<EndpointOut>, ApiError> {
        let scope = caller.scope(merchant_id.0.0, Permission::ChangeEndpoints)?;
        let id = endpoint_id.0.0;
        let present = app.storage.endpoint(scope, id).await?;
        let present = present.ok_or_else(|| ApiError::of(Slug::NotFound))?;
        let enabled = body.value.enabled;
        let patch = body.value.patch(present.headers);
        check_unmasked(patch.headers.as_deref().unwrap_or_default())?;
        let changed = app.gateway.update_endpoint(scope, id, patch).await?;
        let shown = match enabled {
            Some(true) if !changed.enabled() => app.gateway.enable_endpoint(scope, id).await?,
            Some(false) if changed.enabled() => {
                app.gateway
                    .disable_endpoint(scope, id, DisabledReason::Manual)
                    .await?
            }
            _ => changed,
        };
        Ok(Json(shown.into()))
    }

    /// Delete an endpoint
    ///
    /// What waits for it is cancelled; what is in flight finishes and is recorded. Its log ages out.
    #[oai(
        path = "/merchants/:merchant_id/endpoints/:endpoint_id",
        method = "delete",
        operation_id = "deleteEndpoint"
    )]
    async fn delete(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// The endpoint.
        endpoint_id: Path<Text<EndpointId>>,
    ) -> Result<NoContent, ApiError> {
        let scope = caller.scope(merchant_id.0.0, Permission::ChangeEndpoints)?;
        app.gateway.delete_endpoint(scope, endpoint_id.0.0).await?;
        Ok(NoContent)
    }

    /// Reveal an endpoint's secrets
    #[oai(
        path = "/merchants/:merchant_id/endpoints/:endpoint_id/secret",
        method = "get",
        operation_id = "revealSecret"
    )]
    async fn reveal(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// The endpoint.
        endpoint_id: Path<Text<EndpointId>>,
    ) -> Result<Json<SecretsOut>, ApiError> {
        let scope = caller.scope(merchant_id.0.0, Permission::RevealSecrets)?;
        let id = endpoint_id.0.0;
        let secrets = app.gateway.reveal_secrets(scope, id).await?;
        tracing::info!(actor = caller.actor, endpoint.id = %id, "endpoint.secret_revealed");
        Ok(Json(secrets.into()))
    }

    /// Rotate an endpoint's secrets
    ///
    /// The plain secret changes at once; signatures carry the old and the new one until the overlap ends.
    #[oai(
        path = "/merchants/:merchant_id/endpoints/:endpoint_id/secret/rotate",
        method = "post",
        operation_id = "rotateSecret"
    )]
    async fn rotate(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// The endpoint.
        endpoint_id: Path<Text<EndpointId>>,
        body: Body<RotateSecretIn, Optional>,
    ) -> Result<Json<SecretsOut>, ApiError> {
        let scope = caller.scope(merchant_id.0.0, Permission::RevealSecrets)?;
        let id = endpoint_id.0.0;
        let secrets = app
            .gateway
            .rotate_secrets(scope, id, body.value.into())
            .await?;
        tracing::info!(actor = caller.actor, endpoint.id = %id, "endpoint.secret_rotated");
        Ok(Json(secrets.into()))
    }

    /// Get an endpoint's subscriptions
    #[oai(
        path = "/merchants/:merchant_id/endpoints/:endpoint_id/subscriptions",
        method = "get",
        operation_id = "getSubscriptions"
    )]
    async fn subscriptions(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// The endpoint.
        endpoint_id: Path<Text<EndpointId>>,
    ) -> Result<Json<Subscriptions>, ApiError> {
        let scope = caller.scope(merchant_id.0.0, Permission::ReadEndpoints)?;
        let found = app.storage.endpoint(scope, endpoint_id.0.0).await?;
        let endpoint = found.ok_or_else(|| ApiError::of(Slug::NotFound))?;
        Ok(Json(Subscriptions {
            event_types: endpoint.event_types,
        }))
    }

    /// Replace an endpoint's subscriptions
    ///
    /// The very next event follows them.
    #[oai(
        path = "/merchants/:merchant_id/endpoints/:endpoint_id/subscriptions",
        method = "put",
        operation_id = "putSubscriptions"
    )]
    async fn subscribe(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// The endpoint.
        endpoint_id: Path<Text<EndpointId>>,
        body: Body<Subscriptions>,
    ) -> Result<Json<Subscriptions>, ApiError> {
        let scope = caller.scope(merchant_id.0.0, Permission::ChangeEndpoints)?;
        let wanted = body.value.event_types;
        let endpoint = app
            .gateway
            .set_subscriptions(scope, endpoint_id.0.0, wanted)
            .await?;
        Ok(Json(Subscriptions {
            event_types: endpoint.event_types,
        }))
    }

    /// Send a test
    ///
    /// A sample of a subscribed event type with the real headers and secret, and the attempt in the answer.
    /// It is logged as a test, never retried, and works while the endpoint is disabled.
    #[oai(
        path = "/merchants/:merchant_id/endpoints/:endpoint_id/test",
        method = "post",
        operation_id = "testEndpoint"
    )]
    async fn test(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// The endpoint.
        endpoint_id: Path<Text<EndpointId>>,
        body: Body<TestSendIn, Optional>,
    ) -> Result<Json<AttemptOut>, ApiError> {
        let scope = caller.scope(merchant_id.0.0, Permission::TestEndpoints)?;
        let TestSendIn {
            event_type,
            payload,
        } = body.value;
        if let Some(payload) = &payload {
            check_size(payload.get())?;
            check_payload(payload.get())
                .map_err(|error| ApiError::field("/payload", "payload", error.to_string()))?;
        }
        let test = TestSend {
            event_type,
            payload: payload.map(|payload| payload.bytes()),
        };
        let attempt = app
            .gateway
            .test_send(scope, endpoint_id.0.0, test, &caller.actor)
            .await?;
        Ok(Json(attempt_out(&app, scope, attempt, false).await?))
    }

    /// Enable an endpoint
    ///
    /// What waited while it was disabled is sent, oldest first.
    #[oai(
        path = "/merchants/:merchant_id/endpoints/:endpoint_id/enable",
        method = "post",
        operation_id = "enableEndpoint"
    )]
    async fn enable(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// The endpoint.
        endpoint_id: Path<Text<EndpointId>>,
        _body: NoBody,
    ) -> Result<Json<EndpointOut>, ApiError> {
        let scope = caller.scope(merchant_id.0.0, Permission::ChangeEndpoints)?;
        Ok(Json(
            app.gateway
                .enable_endpoint(scope, endpoint_id.0.0)
                .await?
                .into(),
        ))
    }

    /// Disable an endpoint
    ///
    /// New events are skipped; what is pending waits up to 72 hours for the endpoint to be enabled.
    #[oai(
        path = "/merchants/:merchant_id/endpoints/:endpoint_id/disable",
        method = "post",
        operation_id = "disableEndpoint"
    )]
    async fn disable(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// The endpoint.
        endpoint_id: Path<Text<EndpointId>>,
        _body: NoBody,
    ) -> Result<Json<EndpointOut>, ApiError> {
        let scope = caller.scope(merchant_id.0.0, Permission::ChangeEndpoints)?;
        let id = endpoint_id.0.0;
        Ok(Json(
            app.gateway
                .disable_endpoint(scope, id, DisabledReason::Manual)
                .await?
                .into(),
        ))
    }
}
