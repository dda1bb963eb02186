//! Installations: which merchants have which apps.

use std::sync::Arc;

use domain::app::Installation;
use domain::clock::Micros;
use domain::id::{AppId, InstallationId, MerchantId};
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use super::Tag;
use crate::answers::{Json, NoContent, Placed};
use crate::app::App;
use crate::auth::Bearer;
use crate::body::NoBody;
use crate::page::{List, ListOf};
use crate::problem::{ApiError, Slug};
use crate::text::Text;

pub(crate) struct InstallationsApi;

/// A merchant has an app.
#[derive(Serialize, Object)]
#[oai(rename = "Installation")]
struct InstallationOut {
    /// Its id; the same when the app is installed again.
    id: Text<InstallationId>,
    /// Who installed it.
    merchant_id: Text<MerchantId>,
    /// What is installed.
    app_id: Text<AppId>,
    /// When it was installed last.
    installed_at: Text<Micros>,
}

impl From<Installation> for InstallationOut {
    fn from(installation: Installation) -> Self {
        Self {
            id: Text(installation.id),
            merchant_id: Text(installation.merchant_id),
            app_id: Text(installation.app_id),
            installed_at: Text(installation.installed_at),
        }
    }
}

#[OpenApi(tag = "Tag::Installations")]
impl InstallationsApi {
    /// List a merchant's installations
    ///
    /// Newest first: the apps that the merchant has, and since when.
    #[oai(
        path = "/merchants/:merchant_id/installations",
        method = "get",
        operation_id = "listInstallations"
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
    ) -> Result<Json<List<InstallationOut>>, ApiError> {
        let scope = app.scope(&caller, merchant_id.0.0).await?;
        let page = list.page(cursor.0.as_deref(), limit.0)?;
        let found = app.storage.installations(scope, page).await?;
        Ok(Json(list.answer(found, InstallationOut::from)))
    }

    /// Get an installation
    ///
    /// Since when the merchant has the app; 404 when it has not.
    #[oai(
        path = "/merchants/:merchant_id/installations/:app_id",
        method = "get",
        operation_id = "getInstallation"
    )]
    async fn get(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// The app.
        app_id: Path<Text<AppId>>,
    ) -> Result<Json<InstallationOut>, ApiError> {
        let scope = caller.merchant(merchant_id.0.0)?;
        let found = app.storage.installation(scope, app_id.0.0).await?;
        Ok(Json(
            found.ok_or_else(|| ApiError::of(Slug::NotFound))?.into(),
        ))
    }

    /// Install an app
    ///
    /// From the very next event on the app's endpoints receive what they subscribe to. Installing it twice
    /// changes nothing.
    #[oai(
        path = "/merchants/:merchant_id/installations/:app_id",
        method = "put",
        operation_id = "installApp"
    )]
    async fn install(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// The app.
        app_id: Path<Text<AppId>>,
        _body: NoBody,
    ) -> Result<Placed<InstallationOut>, ApiError> {
        let scope = caller.merchant(merchant_id.0.0)?;
        let app_id = app_id.0.0;
        let (installation, new) = app.gateway.install_app(scope, app_id).await?;
        let place = format!(
            "/v1/merchants/{}/installations/{app_id}",
            scope.merchant_id()
        );
        Ok(Placed {
            body: installation.into(),
            created_at: new.then_some(place),
        })
    }

    /// Uninstall an app
    ///
    /// What waits for the app's endpoints is cancelled and nothing new goes to them. Those that subscribe to
    /// `app/uninstalled` receive that, last of all, with every retry of their schedule.
    #[oai(
        path = "/merchants/:merchant_id/installations/:app_id",
        method = "delete",
        operation_id = "uninstallApp"
    )]
    async fn uninstall(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// The app.
        app_id: Path<Text<AppId>>,
    ) -> Result<NoContent, ApiError> {
        let scope = caller.merchant(merchant_id.0.0)?;
        app.gateway.uninstall_app(scope, app_id.0.0).await?;
        Ok(NoContent)
    }
}
