//! Endpoints: URLs that receive events, with their secrets and subscriptions. Those of merchants are here, those
//! of apps in `of_apps`; what both do is in `handlers`.

mod bodies;
mod handlers;
mod of_apps;

use std::sync::Arc;

use domain::id::{EndpointId, MerchantId};
use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path, Query};
use storage::search::{EndpointState, Search};

pub(super) use self::bodies::EndpointOut;
use self::bodies::{
    CreateEndpoint, CreatedEndpoint, RotateSecretIn, SecretsOut, Subscriptions, TestSendIn,
    UpdateEndpoint,
};
use self::handlers::wanted;
pub(crate) use self::of_apps::AppEndpointsApi;
use super::Tag;
use super::deliveries::{AttemptOut, test_out};
use crate::answers::{Created, Json, NoContent};
use crate::app::App;
use crate::auth::Bearer;
use crate::body::{Body, NoBody, Optional, Patch};
use crate::page::{List, ListOf};
use crate::problem::ApiError;
use crate::text::Text;

pub(crate) struct EndpointsApi;

#[OpenApi(tag = "Tag::Endpoints")]
impl EndpointsApi {
    /// List a merchant's endpoints
    ///
    /// Newest first, without their secrets; those of apps that the merchant has installed are not among them.
    #[oai(
        path = "/merchants/:merchant_id/endpoints",
        method = "get",
        operation_id = "listEndpoints"
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
        /// Those with this in their URL or description, in whatever case.
        search: Query<Option<Text<Search>>>,
        /// Those that stand so.
        state: Query<Option<Text<EndpointState>>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Rows of the page, 1 to 250.
        limit: Query<Option<u64>>,
    ) -> Result<Json<List<EndpointOut>>, ApiError> {
        let scope = app.scope(&caller, merchant_id.0.0).await?;
        let page = list.page(cursor.0.as_deref(), limit.0)?;
        handlers::list(&app, scope, list, &wanted(search.0, state.0), page, &caller).await
    }

    /// List all endpoints
    ///
    /// Those of all merchants and of all apps.
    #[oai(path = "/endpoints", method = "get", operation_id = "listAllEndpoints")]
    #[expect(
        clippy::too_many_arguments,
        reason = "each filter is a parameter of the document"
    )]
    async fn list_all(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        list: ListOf,
        /// Those with this in their URL or description, in whatever case.
        search: Query<Option<Text<Search>>>,
        /// Those that stand so.
        state: Query<Option<Text<EndpointState>>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Rows of the page, 1 to 250.
        limit: Query<Option<u64>>,
    ) -> Result<Json<List<EndpointOut>>, ApiError> {
        let scope = caller.platform()?;
        let page = list.page(cursor.0.as_deref(), limit.0)?;
        Ok(Json(
            list.answer(
                app.storage
                    .all_endpoints(scope, &wanted(search.0, state.0), page)
                    .await?,
                |endpoint| EndpointOut::shown(endpoint, &caller),
            ),
        ))
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
        let scope = caller.merchant(merchant_id.0.0)?;
        handlers::create(&app, scope, key.0, body).await
    }

    /// Get an endpoint
    ///
    /// Without its secrets; whether it is disabled, and since when it only fails. Viewers see its URL without the query.
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
        let scope = caller.merchant(merchant_id.0.0)?;
        handlers::get(&app, scope, endpoint_id.0.0, &caller).await
    }

    /// Change an endpoint
    ///
    /// What is left out stays, null empties. The very next event follows the change; what waits is sent as changed.
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
        let scope = caller.merchant(merchant_id.0.0)?;
        handlers::update(&app, scope, endpoint_id.0.0, body.value).await
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
        let scope = caller.merchant(merchant_id.0.0)?;
        app.gateway.delete_endpoint(scope, endpoint_id.0.0).await?;
        Ok(NoContent)
    }

    /// Reveal an endpoint's secrets
    ///
    /// The secret and the signing secret in the clear, and until when an old one signs on. Each look is noted.
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
        let scope = caller.merchant(merchant_id.0.0)?;
        handlers::reveal(&app, scope, endpoint_id.0.0).await
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
        let scope = caller.merchant(merchant_id.0.0)?;
        handlers::rotate(&app, scope, endpoint_id.0.0, body.value).await
    }

    /// Revoke an endpoint's previous secret
    ///
    /// Ends the overlap of the last rotation now: requests are signed with the present secret only.
    #[oai(
        path = "/merchants/:merchant_id/endpoints/:endpoint_id/secret/previous",
        method = "delete",
        operation_id = "revokePreviousSecret"
    )]
    async fn revoke_previous(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// The endpoint.
        endpoint_id: Path<Text<EndpointId>>,
    ) -> Result<NoContent, ApiError> {
        let scope = caller.merchant(merchant_id.0.0)?;
        app.gateway
            .revoke_previous_secret(scope, endpoint_id.0.0)
            .await?;
        Ok(NoContent)
    }

    /// Get an endpoint's subscriptions
    ///
    /// The event types that the endpoint receives.
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
        let scope = caller.merchant(merchant_id.0.0)?;
        handlers::subscriptions(&app, scope, endpoint_id.0.0).await
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
        let scope = caller.merchant(merchant_id.0.0)?;
        handlers::subscribe(&app, scope, endpoint_id.0.0, body.value).await
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
        let scope = caller.merchant(merchant_id.0.0)?;
        let test = handlers::test_send(body.value.event_type, body.value.payload)?;
        let attempt = app
            .gateway
            .test_send(scope, endpoint_id.0.0, test, &caller.actor)
            .await?;
        Ok(Json(test_out(&app, scope, attempt).await?))
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
        let scope = caller.merchant(merchant_id.0.0)?;
        handlers::enable(&app, scope, endpoint_id.0.0).await
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
        let scope = caller.merchant(merchant_id.0.0)?;
        handlers::disable(&app, scope, endpoint_id.0.0).await
    }
}
