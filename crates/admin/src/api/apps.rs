//! Apps: third parties that merchants install.

use std::sync::Arc;

use domain::app::App as ThirdParty;
use domain::clock::Micros;
use domain::id::AppId;
use gateway::apps::{AppPatch, NewApp};
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::types::MaybeUndefined;
use poem_openapi::{Object, OpenApi};
use serde::{Deserialize, Serialize};
use storage::Page;

use super::Tag;
use crate::answers::{Created, Json, NoContent};
use crate::app::App;
use crate::auth::Bearer;
use crate::auth::caller::Caller;
use crate::body::{Body, Patch};
use crate::idempotency::Once;
use crate::page::{List, ListOf};
use crate::problem::{ApiError, Slug};
use crate::text::Text;

pub(crate) struct AppsApi;

/// A new app.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct CreateApp {
    /// What people call it.
    name: String,
    /// What it does.
    description: Option<String>,
}

/// Changes to an app; what is left out stays, null empties.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
struct UpdateApp {
    /// A new name.
    name: Option<String>,
    /// A new description.
    description: MaybeUndefined<String>,
}

/// An app.
#[derive(Serialize, Object)]
#[oai(rename = "App")]
struct AppOut {
    /// Its id.
    id: Text<AppId>,
    /// What people call it.
    name: String,
    /// What it does.
    description: String,
    /// When it was made.
    created_at: Text<Micros>,
    /// When it was last changed.
    updated_at: Text<Micros>,
}

impl From<ThirdParty> for AppOut {
    fn from(app: ThirdParty) -> Self {
        Self {
            id: Text(app.id),
            name: app.name,
            description: app.description,
            created_at: Text(app.created_at),
            updated_at: Text(app.updated_at),
        }
    }
}

/// The apps that the caller develops, newest first: a person has a few.
async fn own_apps(app: &App, caller: &Caller) -> Result<Page<ThirdParty>, ApiError> {
    let mut rows = Vec::new();
    for id in &caller.apps {
        rows.extend(app.storage.app(*id).await?);
    }
    rows.sort_by_key(|app| std::cmp::Reverse(app.id));
    Ok(Page { rows, next: None })
}

#[OpenApi(tag = "Tag::Apps")]
impl AppsApi {
    /// List apps
    ///
    /// Everybody sees them: merchants choose what to install.
    #[oai(path = "/apps", method = "get", operation_id = "listApps")]
    async fn list(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        list: ListOf,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Rows of the page, 1 to 250.
        limit: Query<Option<u64>>,
    ) -> Result<Json<List<AppOut>>, ApiError> {
        let page = list.page(cursor.0.as_deref(), limit.0)?;
        let found = if caller.sees_all_apps() {
            app.storage.apps(page).await?
        } else {
            own_apps(&app, &caller).await?
        };
        Ok(Json(list.answer(found, AppOut::from)))
    }

    /// Create an app
    ///
    /// An app receives the events of merchants that have it installed, by endpoints of its own.
    #[oai(path = "/apps", method = "post", operation_id = "createApp")]
    async fn create(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// Makes a repeat of this request harmless.
        #[oai(name = "Idempotency-Key")]
        key: Header<Option<String>>,
        body: Body<CreateApp>,
    ) -> Result<Created<AppOut>, ApiError> {
        let once = Once {
            scope_id: caller.id,
            operation: "createApp",
            key: key.0,
            body_hash: body.hash,
        };
        let new = NewApp {
            name: body.value.name.trim().to_owned(),
            description: body.value.description.unwrap_or_default(),
        };
        let gateway = Arc::clone(&app.gateway);
        once.create(&app, async move {
            let made = gateway.create_app(new).await?;
            Ok((format!("/v1/apps/{}", made.id), made.into()))
        })
        .await
    }

    /// Get an app
    ///
    /// Its name and what it is for.
    #[oai(path = "/apps/:app_id", method = "get", operation_id = "getApp")]
    async fn get(
        &self,
        app: Data<&Arc<App>>,
        _caller: Bearer,
        /// The app.
        app_id: Path<Text<AppId>>,
    ) -> Result<Json<AppOut>, ApiError> {
        let found = app.storage.app(app_id.0.0).await?;
        Ok(Json(
            found.ok_or_else(|| ApiError::of(Slug::NotFound))?.into(),
        ))
    }

    /// Change an app
    ///
    /// What is left out stays, null empties.
    #[oai(path = "/apps/:app_id", method = "patch", operation_id = "updateApp")]
    async fn update(
        &self,
        app: Data<&Arc<App>>,
        _caller: Bearer,
        /// The app.
        app_id: Path<Text<AppId>>,
        body: Body<UpdateApp, Patch>,
    ) -> Result<Json<AppOut>, ApiError> {
        let description: Option<Option<String>> = body.value.description.into();
        let patch = AppPatch {
            name: body.value.name.map(|name| name.trim().to_owned()),
            description: description.map(Option::unwrap_or_default),
        };
        let changed = app.gateway.update_app(app_id.0.0, patch).await?;
        Ok(Json(changed.into()))
    }

    /// Delete an app
    ///
    /// 409 while a merchant has it installed. Its endpoints go with it, and what still waits for them is
    /// cancelled, the news of removals too. The log ages out.
    #[oai(path = "/apps/:app_id", method = "delete", operation_id = "deleteApp")]
    async fn delete(
        &self,
        app: Data<&Arc<App>>,
        _caller: Bearer,
        /// The app.
        app_id: Path<Text<AppId>>,
    ) -> Result<NoContent, ApiError> {
        app.gateway.delete_app(app_id.0.0).await?;
        Ok(NoContent)
    }
}
