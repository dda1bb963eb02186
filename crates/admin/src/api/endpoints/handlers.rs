//! What is done with endpoints, whoever owns them.

use std::sync::Arc;

use domain::endpoint::{DisabledReason, Owner};
use domain::id::EndpointId;
use domain::tenancy::OwnerScope;
use gateway::endpoints::NewEndpoint;
use gateway::test_send::TestSend;
use storage::PageRequest;
use storage::search::{EndpointFilter, EndpointState, Search};

use super::bodies::{
    CreateEndpoint, CreatedEndpoint, EndpointOut, RotateSecretIn, SecretsOut, Subscriptions,
    UpdateEndpoint, check_unmasked,
};
use crate::answers::{Created, Json};
use crate::app::App;
use crate::auth::Bearer;
use crate::body::Body;
use crate::idempotency::Once;
use crate::page::{List, ListOf};
use crate::problem::{ApiError, Slug};
use crate::raw_json::{RawJson, check_payload, check_size};
use crate::text::Text;

/// What a list is asked for.
pub(super) fn wanted(
    search: Option<Text<Search>>,
    state: Option<Text<EndpointState>>,
) -> EndpointFilter {
    EndpointFilter {
        search: search.map(|search| search.0),
        state: state.map(|state| state.0),
    }
}

pub(super) async fn list(
    app: &App,
    scope: impl Into<OwnerScope>,
    list: ListOf,
    filter: &EndpointFilter,
    page: PageRequest,
    caller: &Bearer,
) -> Result<Json<List<EndpointOut>>, ApiError> {
    let found = app.storage.endpoints(scope, filter, page).await?;
    let show = |endpoint| EndpointOut::shown(endpoint, caller);
    Ok(Json(list.answer(found, show)))
}

pub(super) async fn create(
    app: &Arc<App>,
    scope: impl Into<OwnerScope>,
    key: Option<String>,
    body: Body<CreateEndpoint>,
) -> Result<Created<CreatedEndpoint>, ApiError> {
    let scope = scope.into();
    let new = NewEndpoint::from(body.value);
    check_unmasked(&new.headers)?;
    let (scope_id, place) = match scope.owner() {
        Owner::Merchant(id) => (id.uuid(), format!("/v1/merchants/{id}/endpoints")),
        Owner::App(id) => (id.uuid(), format!("/v1/apps/{id}/endpoints")),
    };
    let once = Once {
        scope_id,
        operation: "createEndpoint",
        key,
        body_hash: body.hash,
    };
    let gateway = Arc::clone(&app.gateway);
    let work = async move {
        let made = gateway.create_endpoint(scope, new).await?;
        let location = format!("{place}/{}", made.endpoint.id);
        Ok((location, CreatedEndpoint::from(made)))
    };
    let created = Box::pin(once.create(app, work)).await?;
    if created.replayed {
        // The answer shows the secrets once more.
        let place = &created.location;
        app.storage
            .note_use("createEndpoint", place, Some(scope.owner()))
            .await?;
    }
    Ok(created)
}

pub(super) async fn get(
    app: &App,
    scope: impl Into<OwnerScope>,
    id: EndpointId,
    caller: &Bearer,
) -> Result<Json<EndpointOut>, ApiError> {
    let found = app.storage.endpoint(scope, id).await?;
    let found = found.ok_or_else(|| ApiError::of(Slug::NotFound))?;
    Ok(Json(EndpointOut::shown(found, caller)))
}

pub(super) async fn update(
    app: &App,
    scope: impl Into<OwnerScope>,
    id: EndpointId,
    change: UpdateEndpoint,
) -> Result<Json<EndpointOut>, ApiError> {
    let scope = scope.into();
    let present = app.storage.endpoint(scope, id).await?;
    let present = present.ok_or_else(|| ApiError::of(Slug::NotFound))?;
    let enabled = change.enabled;
    let patch = change.patch(present.headers);
    check_unmasked(patch.headers.as_deref().unwrap_or_default())?;
    let changed = app.gateway.update_endpoint(scope, id, patch).await?;
    match enabled {
        Some(true) if !changed.enabled() => enable(app, scope, id).await,
        Some(false) if changed.enabled() => disable(app, scope, id).await,
        _ => Ok(Json(changed.into())),
    }
}

pub(super) async fn reveal(
    app: &App,
    scope: impl Into<OwnerScope>,
    id: EndpointId,
) -> Result<Json<SecretsOut>, ApiError> {
    let secrets = app.gateway.reveal_secrets(scope, id).await?;
    Ok(Json(secrets.into()))
}

pub(super) async fn rotate(
    app: &App,
    scope: impl Into<OwnerScope>,
    id: EndpointId,
    how: RotateSecretIn,
) -> Result<Json<SecretsOut>, ApiError> {
    let secrets = app.gateway.rotate_secrets(scope, id, how.into()).await?;
    Ok(Json(secrets.into()))
}

pub(super) async fn subscriptions(
    app: &App,
    scope: impl Into<OwnerScope>,
    id: EndpointId,
) -> Result<Json<Subscriptions>, ApiError> {
    let found = app.storage.endpoint(scope, id).await?;
    let endpoint = found.ok_or_else(|| ApiError::of(Slug::NotFound))?;
    Ok(Json(Subscriptions {
        event_types: endpoint.event_types,
    }))
}

pub(super) async fn subscribe(
    app: &App,
    scope: impl Into<OwnerScope>,
    id: EndpointId,
    wanted: Subscriptions,
) -> Result<Json<Subscriptions>, ApiError> {
    let wanted = wanted.event_types;
    let endpoint = app.gateway.set_subscriptions(scope, id, wanted).await?;
    Ok(Json(Subscriptions {
        event_types: endpoint.event_types,
    }))
}

pub(super) async fn enable(
    app: &App,
    scope: impl Into<OwnerScope>,
    id: EndpointId,
) -> Result<Json<EndpointOut>, ApiError> {
    let enabled = app.gateway.enable_endpoint(scope, id).await?;
    Ok(Json(enabled.into()))
}

pub(super) async fn disable(
    app: &App,
    scope: impl Into<OwnerScope>,
    id: EndpointId,
) -> Result<Json<EndpointOut>, ApiError> {
    let disabled = app
        .gateway
        .disable_endpoint(scope, id, DisabledReason::Manual)
        .await?;
    Ok(Json(disabled.into()))
}

/// What to send as a test.
///
/// Errors: the payload is too large or no JSON object.
pub(super) fn test_send(
    event_type: Option<String>,
    payload: Option<RawJson>,
) -> Result<TestSend, ApiError> {
    if let Some(payload) = &payload {
        check_size(payload.get())?;
        check_payload(payload.get())
            .map_err(|error| ApiError::field("/payload", "payload", error.to_string()))?;
    }
    Ok(TestSend {
        event_type,
        payload: payload.map(|payload| payload.bytes()),
    })
}
