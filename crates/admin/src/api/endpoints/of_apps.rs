//! The endpoints of apps, for the platform only: the same shapes as merchants' endpoints.

use std::sync::Arc;

use domain::id::{AppId, EndpointId};
use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path, Query};
use storage::search::{EndpointState, Search};

use super::bodies::{
    AppTestSendIn, CreateEndpoint, CreatedEndpoint, EndpointOut, RotateSecretIn, SecretsOut,
    Subscriptions, UpdateEndpoint,
};
use super::handlers::{self, wanted};
use crate::answers::{Created, Json, NoContent};
use crate::api::Tag;
use crate::api::deliveries::{AttemptOut, test_out};
use crate::app::App;
use crate::auth::Bearer;
use crate::auth::table::TEST_AS_MERCHANT;
use crate::body::{Body, NoBody, Optional, Patch};
use crate::page::{List, ListOf};
use crate::problem::{ApiError, Slug};
use crate::text::Text;

pub(crate) struct AppEndpointsApi;

#[OpenApi(tag = "Tag::Endpoints")]
impl AppEndpointsApi {
    /// List an app's endpoints
    ///
    /// Newest first, without their secrets.
    #[oai(
        path = "/apps/:app_id/endpoints",
        method = "get",
        operation_id = "listAppEndpoints"
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
        /// Those with this in their URL or description, in whatever case.
        search: Query<Option<Text<Search>>>,
        /// Those that stand so.
        state: Query<Option<Text<EndpointState>>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Rows of the page, 1 to 250.
        limit: Query<Option<u64>>,
    ) -> Result<Json<List<EndpointOut>>, ApiError> {
        let scope = caller.app(app_id.0.0)?;
        let there = app.storage.app(app_id.0.0).await?;
        there.ok_or_else(|| ApiError::of(Slug::NotFound))?;
        let page = list.page(cursor.0.as_deref(), limit.0)?;
        handlers::list(&app, scope, list, &wanted(search.0, state.0), page, &caller).await
    }

    /// Create an app's endpoint
    ///
    /// It receives the events of every merchant that has the app installed. Its secrets are in this answer;
    /// later they are shown on request only.
    #[oai(
        path = "/apps/:app_id/endpoints",
        method = "post",
        operation_id = "createAppEndpoint"
    )]
    async fn create(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The app.
        app_id: Path<Text<AppId>>,
        /// Makes a repeat of this request harmless.
        #[oai(name = "Idempotency-Key")]
        key: Header<Option<String>>,
        body: Body<CreateEndpoint>,
    ) -> Result<Created<CreatedEndpoint>, ApiError> {
        let scope = caller.app(app_id.0.0)?;
        handlers::create(&app, scope, key.0, body).await
    }

    /// Get an app's endpoint
    ///
    /// Without its secrets; whether it is disabled, and since when it only fails.
    #[oai(
        path = "/apps/:app_id/endpoints/:endpoint_id",
        method = "get",
        operation_id = "getAppEndpoint"
    )]
    async fn get(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The app.
        app_id: Path<Text<AppId>>,
        /// The endpoint.
        endpoint_id: Path<Text<EndpointId>>,
    ) -> Result<Json<EndpointOut>, ApiError> {
        let scope = caller.app(app_id.0.0)?;
        handlers::get(&app, scope, endpoint_id.0.0, &caller).await
    }

    /// Change an app's endpoint
    ///
    /// What is left out stays, null empties. The very next event follows the change; what waits is sent as changed.
    #[oai(
        path = "/apps/:app_id/endpoints/:endpoint_id",
        method = "patch",
        operation_id = "updateAppEndpoint"
    )]
    async fn update(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The app.
        app_id: Path<Text<AppId>>,
        /// The endpoint.
        endpoint_id: Path<Text<EndpointId>>,
        body: Body<UpdateEndpoint, Patch>,
    ) -> Result<Json<EndpointOut>, ApiError> {
        let scope = caller.app(app_id.0.0)?;
        handlers::update(&app, scope, endpoint_id.0.0, body.value).await
    }

    /// Delete an app's endpoint
    ///
    /// What waits for it is cancelled; what is in flight finishes and is recorded. Its log ages out.
    #[oai(
        path = "/apps/:app_id/endpoints/:endpoint_id",
        method = "delete",
        operation_id = "deleteAppEndpoint"
    )]
    async fn delete(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The app.
        app_id: Path<Text<AppId>>,
        /// The endpoint.
        endpoint_id: Path<Text<EndpointId>>,
    ) -> Result<NoContent, ApiError> {
        let scope = caller.app(app_id.0.0)?;
        app.gateway.delete_endpoint(scope, endpoint_id.0.0).await?;
        Ok(NoContent)
    }

    /// Reveal the secrets of an app's endpoint
    ///
    /// The secret and the signing secret in the clear, and until when an old one signs on. Each look is noted.
    #[oai(
        path = "/apps/:app_id/endpoints/:endpoint_id/secret",
        method = "get",
        operation_id = "revealAppSecret"
    )]
    async fn reveal(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The app.
        app_id: Path<Text<AppId>>,
        /// The endpoint.
        endpoint_id: Path<Text<EndpointId>>,
    ) -> Result<Json<SecretsOut>, ApiError> {
        let scope = caller.app(app_id.0.0)?;
        handlers::reveal(&app, scope, endpoint_id.0.0).await
    }

    /// Rotate the secrets of an app's endpoint
    ///
    /// The plain secret changes at once; signatures carry the old and the new one until the overlap ends.
    #[oai(
        path = "/apps/:app_id/endpoints/:endpoint_id/secret/rotate",
        method = "post",
        operation_id = "rotateAppSecret"
    )]
    async fn rotate(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The app.
        app_id: Path<Text<AppId>>,
        /// The endpoint.
        endpoint_id: Path<Text<EndpointId>>,
        body: Body<RotateSecretIn, Optional>,
    ) -> Result<Json<SecretsOut>, ApiError> {
        let scope = caller.app(app_id.0.0)?;
        handlers::rotate(&app, scope, endpoint_id.0.0, body.value).await
    }

    /// Revoke the previous secret of an app's endpoint
    ///
    /// Ends the overlap of the last rotation now: requests are signed with the present secret only.
    #[oai(
        path = "/apps/:app_id/endpoints/:endpoint_id/secret/previous",
        method = "delete",
        operation_id = "revokePreviousAppSecret"
    )]
    async fn revoke_previous(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The app.
        app_id: Path<Text<AppId>>,
        /// The endpoint.
        endpoint_id: Path<Text<EndpointId>>,
    ) -> Result<NoContent, ApiError> {
        let scope = caller.app(app_id.0.0)?;
        app.gateway
            .revoke_previous_secret(scope, endpoint_id.0.0)
            .await?;
        Ok(NoContent)
    }

    /// Get the subscriptions of an app's endpoint
    ///
    /// The event types that the endpoint receives.
    #[oai(
        path = "/apps/:app_id/endpoints/:endpoint_id/subscriptions",
        method = "get",
        operation_id = "getAppSubscriptions"
    )]
    async fn subscriptions(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The app.
        app_id: Path<Text<AppId>>,
        /// The endpoint.
        endpoint_id: Path<Text<EndpointId>>,
    ) -> Result<Json<Subscriptions>, ApiError> {
        let scope = caller.app(app_id.0.0)?;
        handlers::subscriptions(&app, scope, endpoint_id.0.0).await
    }

    /// Replace the subscriptions of an app's endpoint
    ///
    /// The very next event follows them.
    #[oai(
        path = "/apps/:app_id/endpoints/:endpoint_id/subscriptions",
        method = "put",
        operation_id = "putAppSubscriptions"
    )]
    async fn subscribe(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The app.
        app_id: Path<Text<AppId>>,
        /// The endpoint.
        endpoint_id: Path<Text<EndpointId>>,
        body: Body<Subscriptions>,
    ) -> Result<Json<Subscriptions>, ApiError> {
        let scope = caller.app(app_id.0.0)?;
        handlers::subscribe(&app, scope, endpoint_id.0.0, body.value).await
    }

    /// Send a test to an app's endpoint
    ///
    /// A sample of a subscribed event type with the real headers and secret, and the attempt in the answer.
    /// It is logged as a test, never retried, and works while the endpoint is disabled. Without `merchant_id` it
    /// comes from a sample merchant with a sample store.
    #[oai(
        path = "/apps/:app_id/endpoints/:endpoint_id/test",
        method = "post",
        operation_id = "testAppEndpoint"
    )]
    async fn test(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The app.
        app_id: Path<Text<AppId>>,
        /// The endpoint.
        endpoint_id: Path<Text<EndpointId>>,
        body: Body<AppTestSendIn, Optional>,
    ) -> Result<Json<AttemptOut>, ApiError> {
        let scope = caller.app(app_id.0.0)?;
        let AppTestSendIn {
            event_type,
            payload,
            merchant_id,
        } = body.value;
        if merchant_id.is_some() {
            caller.part(TEST_AS_MERCHANT)?;
        }
        let test = handlers::test_send(event_type, payload)?;
        let (id, merchant_id) = (endpoint_id.0.0, merchant_id.map(|id| id.0));
        let attempt = app
            .gateway
            .test_app_endpoint(app_id.0.0, id, merchant_id, test, &caller.actor)
            .await?;
        Ok(Json(test_out(&app, scope, attempt).await?))
    }

    /// Enable an app's endpoint
    ///
    /// What waited while it was disabled is sent, oldest first.
    #[oai(
        path = "/apps/:app_id/endpoints/:endpoint_id/enable",
        method = "post",
        operation_id = "enableAppEndpoint"
    )]
    async fn enable(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The app.
        app_id: Path<Text<AppId>>,
        /// The endpoint.
        endpoint_id: Path<Text<EndpointId>>,
        _body: NoBody,
    ) -> Result<Json<EndpointOut>, ApiError> {
        let scope = caller.app(app_id.0.0)?;
        handlers::enable(&app, scope, endpoint_id.0.0).await
    }

    /// Disable an app's endpoint
    ///
    /// New events are skipped; what is pending waits up to 72 hours for the endpoint to be enabled.
    #[oai(
        path = "/apps/:app_id/endpoints/:endpoint_id/disable",
        method = "post",
        operation_id = "disableAppEndpoint"
    )]
    async fn disable(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The app.
        app_id: Path<Text<AppId>>,
        /// The endpoint.
        endpoint_id: Path<Text<EndpointId>>,
        _body: NoBody,
    ) -> Result<Json<EndpointOut>, ApiError> {
        let scope = caller.app(app_id.0.0)?;
        handlers::disable(&app, scope, endpoint_id.0.0).await
    }
}
