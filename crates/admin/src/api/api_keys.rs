//! Keys for programs: shown once, stored hashed, limited by scopes.

use std::sync::Arc;

use domain::clock::{Clock as _, Micros};
use domain::endpoint::Owner;
use domain::error::FieldError;
use domain::id::{ApiKeyId, AppId, MerchantId};
use domain::tenancy::{Holder, OwnerScope, PlatformScope};
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::{Object, OpenApi};
use serde::{Deserialize, Serialize};
use storage::PageRequest;
use storage::api_keys::{ApiKey, Environment};
use uuid::Uuid;

use super::Tag;
use crate::answers::{Created, Json, NoContent};
use crate::app::App;
use crate::auth::caller::Caller;
use crate::auth::scope::Scope;
use crate::auth::{Bearer, api_key};
use crate::body::Body;
use crate::idempotency::Once;
use crate::page::{List, ListOf};
use crate::problem::{ApiError, FAULTS_MAX, Slug};
use crate::text::{Text, plain_fault};

/// Longest name of a key, in characters.
const NAME_MAX: usize = 120;

pub(crate) struct ApiKeysApi;

/// A new API key.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct CreateApiKey {
    /// What people call it.
    #[oai(validator(min_length = 1, max_length = 120))]
    name: String,
    /// What it may do; `write` includes `read`. Each once.
    #[oai(validator(min_items = 1, max_items = 50))]
    scopes: Vec<Text<Scope>>,
    /// When it ends; never when left out.
    expires_at: Option<Text<Micros>>,
    /// What it is made for: `live` (the default) or `test`. A label for people: nothing else depends on it.
    environment: Option<Text<Environment>>,
}

/// An API key without the key itself.
#[derive(Serialize, Object)]
#[oai(rename = "ApiKey")]
struct ApiKeyOut {
    /// Its id.
    id: Text<ApiKeyId>,
    /// The merchant that holds it.
    merchant_id: Option<Text<MerchantId>>,
    /// The app that holds it; where neither does, it is the platform's.
    app_id: Option<Text<AppId>>,
    /// What people call it.
    name: String,
    /// Its first letters; null for keys from before they were kept.
    prefix: Option<String>,
    /// What it is made for.
    environment: Text<Environment>,
    /// What it may do.
    scopes: Vec<String>,
    /// When it ends.
    expires_at: Option<Text<Micros>>,
    /// When it was last seen, to the minute.
    last_used_at: Option<Text<Micros>>,
    /// When it was made.
    created_at: Text<Micros>,
}

/// A new API key, with the key itself this once.
#[derive(Serialize, Object)]
struct CreatedApiKey {
    /// Its id.
    id: Text<ApiKeyId>,
    /// The merchant that holds it.
    merchant_id: Option<Text<MerchantId>>,
    /// The app that holds it; where neither does, it is the platform's.
    app_id: Option<Text<AppId>>,
    /// What people call it.
    name: String,
    /// The key: for `Authorization: Bearer`. It is not shown again.
    key: String,
    /// What it is made for.
    environment: Text<Environment>,
    /// What it may do.
    scopes: Vec<String>,
    /// When it ends.
    expires_at: Option<Text<Micros>>,
    /// When it was made.
    created_at: Text<Micros>,
}

impl From<ApiKey> for ApiKeyOut {
    fn from(key: ApiKey) -> Self {
        Self {
            id: Text(key.id),
            merchant_id: key.merchant_id().map(Text),
            app_id: key.app_id().map(Text),
            name: key.name,
            prefix: key.prefix,
            environment: Text(key.environment),
            scopes: key.scopes,
            expires_at: key.expires_at.map(Text),
            last_used_at: key.last_used_at.map(Text),
            created_at: Text(key.created_at),
        }
    }
}

impl CreatedApiKey {
    fn new(key: ApiKey, text: String) -> Self {
        Self {
            id: Text(key.id),
            merchant_id: key.merchant_id().map(Text),
            app_id: key.app_id().map(Text),
            name: key.name,
            key: text,
            environment: Text(key.environment),
            scopes: key.scopes,
            expires_at: key.expires_at.map(Text),
            created_at: Text(key.created_at),
        }
    }
}

impl CreateApiKey {
    /// Checks a new key.
    ///
    /// Errors: everything that is wrong with it.
    fn check(&self, now: Micros) -> Result<(), ApiError> {
        let mut faults = Vec::new();
        let name = self.name.trim();
        if name.is_empty() || name.chars().count() > NAME_MAX {
            let detail = format!("must have 1 to {NAME_MAX} characters");
            faults.push(FieldError::new("/name", "length", detail));
        }
        faults.extend(plain_fault("/name", name));
        if self.scopes.is_empty() {
            let detail = "must name what the key may do";
            faults.push(FieldError::new("/scopes", "required", detail));
        }
        for (index, scope) in self.scopes.iter().enumerate() {
            if self.scopes[..index].contains(scope) {
                let at = format!("/scopes/{index}");
                faults.push(FieldError::new(at, "repeated", "stands twice"));
            }
            if faults.len() >= FAULTS_MAX {
                break;
            }
        }
        if self.expires_at.is_some_and(|end| end.0 <= now) {
            let detail = "must lie in the future";
            faults.push(FieldError::new("/expires_at", "range", detail));
        }
        ApiError::of_fields(faults)
    }
}

/// Whose keys are meant, and where they are found.
struct Place {
    holder: Holder,
    /// Whose Idempotency-Keys count.
    keys_of: Uuid,
    operation: &'static str,
    path: String,
}

impl Place {
    fn of(scope: impl Into<OwnerScope>) -> Self {
        let scope = scope.into();
        let (keys_of, operation, path) = match scope.owner() {
            Owner::Merchant(id) => (
                id.uuid(),
                "createApiKey",
                format!("/v1/merchants/{id}/api-keys"),
            ),
            Owner::App(id) => (
                id.uuid(),
                "createAppApiKey",
                format!("/v1/apps/{id}/api-keys"),
            ),
        };
        Self {
            holder: scope.into(),
            keys_of,
            operation,
            path,
        }
    }

    fn platform(scope: PlatformScope, caller: &Caller) -> Self {
        Self {
            holder: scope.into(),
            keys_of: caller.id,
            operation: "createPlatformApiKey",
            path: "/v1/api-keys".to_owned(),
        }
    }
}

async fn list(
    app: &App,
    holder: impl Into<Holder>,
    list: ListOf,
    page: PageRequest,
) -> Result<Json<List<ApiKeyOut>>, ApiError> {
    let found = app.storage.api_keys(holder, page).await?;
    Ok(Json(list.answer(found, ApiKeyOut::from)))
}

async fn create(
    app: &Arc<App>,
    place: Place,
    key: Option<String>,
    body: Body<CreateApiKey>,
) -> Result<Created<CreatedApiKey>, ApiError> {
    let now = app.storage.clock().now();
    body.value.check(now)?;
    let once = Once {
        scope_id: place.keys_of,
        operation: place.operation,
        key,
        body_hash: body.hash,
    };
    let owner = place.holder.owner();
    let storage = Arc::clone(&app.storage);
    let mut rng = app.auth.fork_rng();
    let work = async move {
        let text = api_key::generate(&mut rng);
        let hash =
            api_key::hash(&text).ok_or_else(|| ApiError::internal("a key of ours is no key"))?;
        let scopes = body.value.scopes.iter();
        let new = ApiKey {
            id: ApiKeyId::new(now, &mut rng),
            owner,
            name: body.value.name.trim().to_owned(),
            scopes: scopes.map(|scope| scope.0.as_str().to_owned()).collect(),
            expires_at: body.value.expires_at.map(|end| end.0),
            last_used_at: None,
            created_at: now,
            prefix: Some(api_key::shown(&text)),
            environment: body
                .value
                .environment
                .map_or_else(Environment::default, |given| given.0),
        };
        storage.create_api_key(&new, hash).await?;
        let location = format!("{}/{}", place.path, new.id);
        Ok((location, CreatedApiKey::new(new, text)))
    };
    let created = once.create(app, work).await?;
    if created.replayed {
        // The answer shows the key once more.
        let place = &created.location;
        app.storage.note_use("createApiKey", place, owner).await?;
    }
    Ok(created)
}

async fn delete(app: &App, holder: impl Into<Holder>, id: ApiKeyId) -> Result<NoContent, ApiError> {
    let deleted = app.storage.delete_api_key(holder, id).await?;
    deleted
        .map(|_| NoContent)
        .ok_or_else(|| ApiError::of(Slug::NotFound))
}

/// Checks that an app is there.
///
/// Errors: 404.
pub(super) async fn check_app(app: &App, id: AppId) -> Result<(), ApiError> {
    let found = app.storage.app(id).await?;
    found.map(drop).ok_or_else(|| ApiError::of(Slug::NotFound))
}

#[OpenApi(tag = "Tag::ApiKeys")]
impl ApiKeysApi {
    /// List a merchant's API keys
    #[oai(
        path = "/merchants/:merchant_id/api-keys",
        method = "get",
        operation_id = "listApiKeys"
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
    ) -> Result<Json<List<ApiKeyOut>>, ApiError> {
        let scope = app.scope(&caller, merchant_id.0.0).await?;
        let page = list_of.page(cursor.0.as_deref(), limit.0)?;
        list(&app, scope, list_of, page).await
    }

    /// Create an API key
    ///
    /// The key is shown in this answer and never again.
    #[oai(
        path = "/merchants/:merchant_id/api-keys",
        method = "post",
        operation_id = "createApiKey"
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
        body: Body<CreateApiKey>,
    ) -> Result<Created<CreatedApiKey>, ApiError> {
        let scope = app.scope(&caller, merchant_id.0.0).await?;
        create(&app, Place::of(scope), key.0, body).await
    }

    /// Delete an API key
    ///
    /// It stops working within five seconds.
    #[oai(
        path = "/merchants/:merchant_id/api-keys/:key_id",
        method = "delete",
        operation_id = "deleteApiKey"
    )]
    async fn delete(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// The key.
        key_id: Path<Text<ApiKeyId>>,
    ) -> Result<NoContent, ApiError> {
        let scope = caller.merchant(merchant_id.0.0)?;
        delete(&app, scope, key_id.0.0).await
    }

    /// List an app's API keys
    #[oai(
        path = "/apps/:app_id/api-keys",
        method = "get",
        operation_id = "listAppApiKeys"
    )]
    async fn app_list(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        list_of: ListOf,
        /// The app.
        app_id: Path<Text<AppId>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Rows of the page, 1 to 250.
        limit: Query<Option<u64>>,
    ) -> Result<Json<List<ApiKeyOut>>, ApiError> {
        let scope = caller.app(app_id.0.0)?;
        check_app(&app, app_id.0.0).await?;
        let page = list_of.page(cursor.0.as_deref(), limit.0)?;
        list(&app, scope, list_of, page).await
    }

    /// Create an API key of an app
    ///
    /// It reaches the app's own endpoints and deliveries only.
    ///
    /// The key is shown in this answer and never again.
    #[oai(
        path = "/apps/:app_id/api-keys",
        method = "post",
        operation_id = "createAppApiKey"
    )]
    async fn app_create(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The app.
        app_id: Path<Text<AppId>>,
        /// Makes a repeat of this request harmless.
        #[oai(name = "Idempotency-Key")]
        key: Header<Option<String>>,
        body: Body<CreateApiKey>,
    ) -> Result<Created<CreatedApiKey>, ApiError> {
        let scope = caller.app(app_id.0.0)?;
        check_app(&app, app_id.0.0).await?;
        create(&app, Place::of(scope), key.0, body).await
    }

    /// Delete an API key of an app
    ///
    /// It stops working within five seconds.
    #[oai(
        path = "/apps/:app_id/api-keys/:key_id",
        method = "delete",
        operation_id = "deleteAppApiKey"
    )]
    async fn app_delete(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The app.
        app_id: Path<Text<AppId>>,
        /// The key.
        key_id: Path<Text<ApiKeyId>>,
    ) -> Result<NoContent, ApiError> {
        let scope = caller.app(app_id.0.0)?;
        delete(&app, scope, key_id.0.0).await
    }

    /// List the platform's API keys
    #[oai(
        path = "/api-keys",
        method = "get",
        operation_id = "listPlatformApiKeys"
    )]
    async fn platform_list(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        list_of: ListOf,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Rows of the page, 1 to 250.
        limit: Query<Option<u64>>,
    ) -> Result<Json<List<ApiKeyOut>>, ApiError> {
        let scope = caller.platform()?;
        let page = list_of.page(cursor.0.as_deref(), limit.0)?;
        list(&app, scope, list_of, page).await
    }

    /// Create an API key of the platform
    ///
    /// The key is shown in this answer and never again.
    #[oai(
        path = "/api-keys",
        method = "post",
        operation_id = "createPlatformApiKey"
    )]
    async fn platform_create(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// Makes a repeat of this request harmless.
        #[oai(name = "Idempotency-Key")]
        key: Header<Option<String>>,
        body: Body<CreateApiKey>,
    ) -> Result<Created<CreatedApiKey>, ApiError> {
        let scope = caller.platform()?;
        create(&app, Place::platform(scope, &caller), key.0, body).await
    }

    /// Delete an API key of the platform
    ///
    /// It stops working within five seconds.
    #[oai(
        path = "/api-keys/:key_id",
        method = "delete",
        operation_id = "deletePlatformApiKey"
    )]
    async fn platform_delete(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The key.
        key_id: Path<Text<ApiKeyId>>,
    ) -> Result<NoContent, ApiError> {
        let scope = caller.platform()?;
        delete(&app, scope, key_id.0.0).await
    }
}
