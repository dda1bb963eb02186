//! Bulk retries: many deliveries sent again at once, of one merchant or, for ops, of all.

mod bodies;

use std::sync::Arc;

use domain::id::{EventId, MerchantId, RetryJobId};
use domain::tenancy::{PlatformScope, Reach, TenantScope};
use gateway::retry_jobs::NewRetryJob;
use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path, Query};
use storage::PageRequest;
use uuid::Uuid;

use self::bodies::{CreateRetryJob, GivenEvent, RetryJobOut, about, no_such_event};
use super::Tag;
use crate::answers::{Json, Started};
use crate::app::App;
use crate::auth::Bearer;
use crate::auth::caller::Caller;
use crate::body::{Body, NoBody};
use crate::idempotency::Once;
use crate::page::{List, ListOf};
use crate::problem::{ApiError, Slug};
use crate::text::Text;

pub(crate) struct RetryJobsApi;

/// Whose bulk retries are meant, and where they are found.
struct Place {
    of: Reach,
    /// Whose Idempotency-Keys count.
    keys_of: Uuid,
    operation: &'static str,
    path: String,
}

impl Place {
    fn of(scope: TenantScope) -> Self {
        let id = scope.merchant_id();
        Self {
            of: scope.into(),
            keys_of: id.uuid(),
            operation: "createRetryJob",
            path: format!("/v1/merchants/{id}/retry-jobs"),
        }
    }

    fn across(caller: &Caller, scope: PlatformScope) -> Self {
        Self {
            of: scope.into(),
            keys_of: caller.id,
            operation: "createPlatformRetryJob",
            path: "/v1/retry-jobs".to_owned(),
        }
    }
}

async fn create(
    app: &Arc<App>,
    caller: &Caller,
    place: Place,
    key: Option<String>,
    body: Body<CreateRetryJob>,
) -> Result<Started<RetryJobOut>, ApiError> {
    let dry = body.value.is_dry();
    let (new, event) = body.value.read(place.of.merchant_id().is_none())?;
    let new = with_event(app, place.of, new, event).await?;
    if dry {
        let (job, endpoints) = app.gateway.estimate_retry_job(place.of, &new).await?;
        let mut estimated = RetryJobOut::from(job);
        estimated.endpoints = Some(endpoints);
        return Ok(Started::Dry(estimated));
    }
    let once = Once {
        scope_id: place.keys_of,
        operation: place.operation,
        key,
        body_hash: body.hash,
    };
    let (gateway, actor) = (Arc::clone(&app.gateway), caller.actor.clone());
    let work = async move {
        let job = gateway.create_retry_job(place.of, &new, &actor).await?;
        let location = format!("{}/{}", place.path, job.id);
        Ok((location, RetryJobOut::from(job)))
    };
    Ok(Started::Begun(Box::pin(once.create(app, work)).await?))
}

/// Finds the event that a filter names: of a merchant by either of its ids, across merchants by ours.
async fn with_event(
    app: &App,
    of: Reach,
    new: NewRetryJob,
    event: GivenEvent,
) -> Result<NewRetryJob, ApiError> {
    let Some(given) = event.0 else {
        return Ok(new);
    };
    let found = match of {
        Reach::Merchant(scope) => {
            let event = app.storage.find_event(scope, &given).await?;
            event.map(|event| event.id)
        }
        Reach::Platform(_) => given.parse::<EventId>().ok(),
    };
    Ok(about(new, found.ok_or_else(no_such_event)?))
}

async fn list(
    app: &App,
    of: Reach,
    list: ListOf,
    page: PageRequest,
) -> Result<Json<List<RetryJobOut>>, ApiError> {
    let found = app.storage.retry_jobs(of, page).await?;
    Ok(Json(list.answer(found, RetryJobOut::from)))
}

async fn get(app: &App, of: Reach, id: RetryJobId) -> Result<Json<RetryJobOut>, ApiError> {
    let found = app.storage.retry_job(of, id).await?;
    Ok(Json(
        found.ok_or_else(|| ApiError::of(Slug::NotFound))?.into(),
    ))
}

async fn cancel(
    app: &App,
    caller: &Caller,
    of: Reach,
    id: RetryJobId,
) -> Result<Json<RetryJobOut>, ApiError> {
    let cancelled = app.gateway.cancel_retry_job(of, id, &caller.actor);
    Ok(Json(cancelled.await?.into()))
}

#[OpenApi(tag = "Tag::RetryJobs")]
impl RetryJobsApi {
    /// List a merchant's bulk retries
    #[oai(
        path = "/merchants/:merchant_id/retry-jobs",
        method = "get",
        operation_id = "listRetryJobs"
    )]
    async fn list(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        list_of: ListOf,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Rows of the page, 1 to 250.
        limit: Query<Option<u64>>,
    ) -> Result<Json<List<RetryJobOut>>, ApiError> {
        let scope = app.scope(&caller, merchant_id.0.0).await?;
        let page = list_of.page(cursor.0.as_deref(), limit.0)?;
        list(&app, scope.into(), list_of, page).await
    }

    /// Retry many deliveries
    ///
    /// One attempt of each, behind live events, with the same event id and the same bytes. What waits for its retry
    /// has it brought forward; what is in flight, or whose endpoint takes nothing now, is skipped, and so is what has
    /// succeeded unless `include_succeeded` says otherwise. What is made or fails after this request is no part of it.
    /// It goes on after a crash where it was. With `dry_run` the answer is 200 with the estimate.
    #[oai(
        path = "/merchants/:merchant_id/retry-jobs",
        method = "post",
        operation_id = "createRetryJob"
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
        body: Body<CreateRetryJob>,
    ) -> Result<Started<RetryJobOut>, ApiError> {
        let scope = app.scope(&caller, merchant_id.0.0).await?;
        create(&app, &caller, Place::of(scope), key.0, body).await
    }

    /// Get a bulk retry
    #[oai(
        path = "/merchants/:merchant_id/retry-jobs/:job_id",
        method = "get",
        operation_id = "getRetryJob"
    )]
    async fn get(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// The bulk retry.
        job_id: Path<Text<RetryJobId>>,
    ) -> Result<Json<RetryJobOut>, ApiError> {
        let scope = caller.merchant(merchant_id.0.0)?;
        get(&app, scope.into(), job_id.0.0).await
    }

    /// Cancel a bulk retry
    ///
    /// Nothing more is queued. Attempts that are queued and have not begun are taken back within moments. 409 when it
    /// does not run any more.
    #[oai(
        path = "/merchants/:merchant_id/retry-jobs/:job_id/cancel",
        method = "post",
        operation_id = "cancelRetryJob"
    )]
    async fn cancel(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// The bulk retry.
        job_id: Path<Text<RetryJobId>>,
        _body: NoBody,
    ) -> Result<Json<RetryJobOut>, ApiError> {
        let scope = caller.merchant(merchant_id.0.0)?;
        cancel(&app, &caller, scope.into(), job_id.0.0).await
    }

    /// List all bulk retries
    ///
    /// Those of merchants and those across merchants.
    #[oai(
        path = "/retry-jobs",
        method = "get",
        operation_id = "listAllRetryJobs"
    )]
    async fn list_all(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        list_of: ListOf,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Rows of the page, 1 to 250.
        limit: Query<Option<u64>>,
    ) -> Result<Json<List<RetryJobOut>>, ApiError> {
        let scope = caller.platform()?;
        let page = list_of.page(cursor.0.as_deref(), limit.0)?;
        list(&app, scope.into(), list_of, page).await
    }

    /// Retry many deliveries across merchants
    ///
    /// As for one merchant; the filter may name merchants.
    #[oai(
        path = "/retry-jobs",
        method = "post",
        operation_id = "createPlatformRetryJob"
    )]
    async fn create_across(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// Makes a repeat of this request harmless.
        #[oai(name = "Idempotency-Key")]
        key: Header<Option<String>>,
        body: Body<CreateRetryJob>,
    ) -> Result<Started<RetryJobOut>, ApiError> {
        let scope = caller.platform()?;
        create(&app, &caller, Place::across(&caller, scope), key.0, body).await
    }

    /// Get any bulk retry
    #[oai(
        path = "/retry-jobs/:job_id",
        method = "get",
        operation_id = "getAnyRetryJob"
    )]
    async fn get_any(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The bulk retry.
        job_id: Path<Text<RetryJobId>>,
    ) -> Result<Json<RetryJobOut>, ApiError> {
        let scope = caller.platform()?;
        get(&app, scope.into(), job_id.0.0).await
    }

    /// Cancel any bulk retry
    ///
    /// Nothing more is queued. Attempts that are queued and have not begun are taken back within moments. 409 when it
    /// does not run any more.
    #[oai(
        path = "/retry-jobs/:job_id/cancel",
        method = "post",
        operation_id = "cancelAnyRetryJob"
    )]
    async fn cancel_any(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The bulk retry.
        job_id: Path<Text<RetryJobId>>,
        _body: NoBody,
    ) -> Result<Json<RetryJobOut>, ApiError> {
        let scope = caller.platform()?;
        cancel(&app, &caller, scope.into(), job_id.0.0).await
    }
}
