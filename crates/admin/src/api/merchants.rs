//! Merchants with their one store.

use std::sync::Arc;

use domain::clock::Micros;
use domain::dialect::carthook;
use domain::id::MerchantId;
use domain::merchant::{AcrClock, Merchant, MerchantSettings, SchemaMode, Store};
use domain::tenancy::TenantScope;
use gateway::merchants::{MerchantPatch, NewMerchant};
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::types::MaybeUndefined;
use poem_openapi::{Object, OpenApi};
use serde::{Deserialize, Serialize};
use storage::search::Search;

use super::Tag;
use crate::answers::{Created, Json, NoContent};
use crate::app::App;
use crate::auth::Bearer;
use crate::auth::table::SUSPEND;
use crate::body::{Body, Patch};
use crate::idempotency::Once;
use crate::page::{List, ListOf};
use crate::problem::{ApiError, Slug};
use crate::text::Text;

pub(crate) struct MerchantsApi;

/// A merchant's switches; what is left out has its default.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
#[oai(rename = "ChangeSettings")]
struct SettingsIn {
    /// The clock of abandoned checkouts: from `open`ing (the default) or from the last `activity`.
    acr_clock: Option<Text<AcrClock>>,
    /// Published payloads that break their type's schema: refused (`strict`, the default) or accepted with a warning.
    schema_mode: Option<Text<SchemaMode>>,
}

/// The store of a new merchant.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(rename = "CreateStore")]
struct StoreIn {
    /// The platform's id of the store; the merchant's own id when left out.
    id: Option<String>,
    /// Its display name.
    name: String,
    /// Such as `my-store.myshopify.com`.
    shopify_domain: Option<String>,
    /// The domain shoppers see.
    main_domain: Option<String>,
    /// ISO 4217, such as `USD`.
    currency: Option<String>,
    /// Its zone by the IANA's name, such as `Asia/Kolkata`; the dashboard shows times in it.
    time_zone: Option<String>,
}

/// A new merchant.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct CreateMerchant {
    /// What people call it.
    name: String,
    /// Its one store.
    store: StoreIn,
    /// The account number that Flashy's payloads carry.
    flashy_account_id: Option<i64>,
    /// Its switches.
    settings: Option<SettingsIn>,
}

/// Changes to a store; what is left out stays, null empties.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
#[oai(rename = "UpdateStore")]
struct StorePatch {
    /// A new id.
    id: Option<String>,
    /// A new name.
    name: Option<String>,
    /// A new Shopify domain.
    shopify_domain: MaybeUndefined<String>,
    /// A new domain.
    main_domain: MaybeUndefined<String>,
    /// A new currency.
    currency: MaybeUndefined<String>,
    /// A new zone.
    time_zone: MaybeUndefined<String>,
}

/// Changes to a merchant; what is left out stays, null empties.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
struct UpdateMerchant {
    /// A new name.
    name: Option<String>,
    /// Changes to its store.
    store: Option<StorePatch>,
    /// A new account number.
    flashy_account_id: MaybeUndefined<i64>,
    /// Changes to its switches.
    settings: Option<SettingsIn>,
    /// Whether its events are refused and its deliveries wait. For the platform only.
    suspended: Option<bool>,
}

/// A merchant's switches.
#[derive(Serialize, Object)]
#[oai(rename = "MerchantSettings")]
struct SettingsOut {
    /// The clock of abandoned checkouts.
    acr_clock: Text<AcrClock>,
    /// How strictly published payloads are checked.
    schema_mode: Text<SchemaMode>,
}

/// A merchant's store.
#[derive(Serialize, Object)]
#[oai(rename = "Store")]
struct StoreOut {
    /// The platform's id of the store.
    id: String,
    /// Its display name.
    name: String,
    /// Its Shopify domain.
    shopify_domain: Option<String>,
    /// The domain shoppers see.
    main_domain: Option<String>,
    /// ISO 4217.
    currency: Option<String>,
    /// Its zone by the IANA's name.
    time_zone: Option<String>,
}

/// A merchant.
#[derive(Serialize, Object)]
#[oai(rename = "Merchant")]
struct MerchantOut {
    /// Its id.
    id: Text<MerchantId>,
    /// What people call it.
    name: String,
    /// Its one store.
    store: StoreOut,
    /// The account number that Flashy's payloads carry.
    flashy_account_id: Option<i64>,
    /// How CartHook's payloads spell it. Never changes.
    carthook_merchant_id: String,
    /// Its switches.
    settings: SettingsOut,
    /// Whether its events are refused and its deliveries wait.
    suspended: bool,
    /// When it was made.
    created_at: Text<Micros>,
    /// When it was last changed.
    updated_at: Text<Micros>,
}

impl From<Merchant> for MerchantOut {
    fn from(merchant: Merchant) -> Self {
        let Store {
            id,
            name,
            shopify_domain,
            main_domain,
            currency,
            time_zone,
        } = merchant.store;
        Self {
            id: Text(merchant.id),
            name: merchant.name,
            store: StoreOut {
                id,
                name,
                shopify_domain,
                main_domain,
                currency,
                time_zone,
            },
            flashy_account_id: merchant.flashy_account_id,
            carthook_merchant_id: carthook::merchant_id(merchant.id),
            settings: SettingsOut {
                acr_clock: Text(merchant.settings.acr_clock),
                schema_mode: Text(merchant.settings.schema_mode),
            },
            suspended: merchant.suspended,
            created_at: Text(merchant.created_at),
            updated_at: Text(merchant.updated_at),
        }
    }
}

impl SettingsIn {
    fn over(self, present: MerchantSettings) -> MerchantSettings {
        MerchantSettings {
            acr_clock: self.acr_clock.map_or(present.acr_clock, |clock| clock.0),
            schema_mode: self.schema_mode.map_or(present.schema_mode, |mode| mode.0),
        }
    }
}

impl From<CreateMerchant> for NewMerchant {
    fn from(new: CreateMerchant) -> Self {
        let StoreIn {
            id,
            name,
            shopify_domain,
            main_domain,
            currency,
            time_zone,
        } = new.store;
        Self {
            name: new.name.trim().to_owned(),
            store: Store {
                id: id.unwrap_or_default(),
                name,
                shopify_domain,
                main_domain,
                currency,
                time_zone,
            },
            flashy_account_id: new.flashy_account_id,
            settings: new
                .settings
                .unwrap_or_default()
                .over(MerchantSettings::default()),
        }
    }
}

impl UpdateMerchant {
    fn patch(self, present: MerchantSettings) -> MerchantPatch {
        let store = self.store.unwrap_or_default();
        MerchantPatch {
            name: self.name.map(|name| name.trim().to_owned()),
            store_id: store.id,
            store_name: store.name,
            shopify_domain: store.shopify_domain.into(),
            main_domain: store.main_domain.into(),
            currency: store.currency.into(),
            time_zone: store.time_zone.into(),
            flashy_account_id: self.flashy_account_id.into(),
            settings: self.settings.map(|settings| settings.over(present)),
            suspended: self.suspended,
        }
    }
}

#[OpenApi(tag = "Tag::Merchants")]
impl MerchantsApi {
    /// List merchants
    ///
    /// The platform sees all of them, others those they belong to.
    #[oai(path = "/merchants", method = "get", operation_id = "listMerchants")]
    async fn list(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        list: ListOf,
        /// Those with this in their name, or in their store's name, id or domains; in whatever case.
        search: Query<Option<Text<Search>>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Rows of the page, 1 to 250.
        limit: Query<Option<u64>>,
    ) -> Result<Json<List<MerchantOut>>, ApiError> {
        let page = list.page(cursor.0.as_deref(), limit.0)?;
        let search = search.0.as_ref().map(|search| &search.0);
        let merchants = if let Ok(scope) = caller.platform() {
            app.storage.merchants(scope, search, page).await?
        } else {
            let own: Vec<_> = caller
                .merchants
                .iter()
                .map(|(merchant_id, _)| TenantScope::of(*merchant_id))
                .collect();
            app.storage.merchants_of(&own, search, page).await?
        };
        Ok(Json(list.answer(merchants, MerchantOut::from)))
    }

    /// Create a merchant
    ///
    /// A merchant has exactly one store, which is made with it.
    #[oai(path = "/merchants", method = "post", operation_id = "createMerchant")]
    async fn create(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// Makes a repeat of this request harmless.
        #[oai(name = "Idempotency-Key")]
        key: Header<Option<String>>,
        body: Body<CreateMerchant>,
    ) -> Result<Created<MerchantOut>, ApiError> {
        let once = Once {
            scope_id: caller.id,
            operation: "createMerchant",
            key: key.0,
            body_hash: body.hash,
        };
        let gateway = Arc::clone(&app.gateway);
        once.create(&app, async move {
            let merchant = gateway.create_merchant(body.value.into()).await?;
            Ok((format!("/v1/merchants/{}", merchant.id), merchant.into()))
        })
        .await
    }

    /// Get a merchant
    ///
    /// With its store and its switches.
    #[oai(
        path = "/merchants/:merchant_id",
        method = "get",
        operation_id = "getMerchant"
    )]
    async fn get(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
    ) -> Result<Json<MerchantOut>, ApiError> {
        let scope = caller.merchant(merchant_id.0.0)?;
        let found = app.storage.merchant(scope).await?;
        Ok(Json(
            found.ok_or_else(|| ApiError::of(Slug::NotFound))?.into(),
        ))
    }

    /// Change a merchant
    ///
    /// What is left out stays, null empties. While a merchant is suspended its events are refused and its
    /// deliveries wait.
    #[oai(
        path = "/merchants/:merchant_id",
        method = "patch",
        operation_id = "updateMerchant"
    )]
    async fn update(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        body: Body<UpdateMerchant, Patch>,
    ) -> Result<Json<MerchantOut>, ApiError> {
        let scope = caller.merchant(merchant_id.0.0)?;
        if body.value.suspended.is_some() {
            caller.part(SUSPEND)?;
        }
        let found = app.storage.merchant(scope).await?;
        let present = found.ok_or_else(|| ApiError::of(Slug::NotFound))?.settings;
        Ok(Json(
            app.gateway
                .update_merchant(scope, body.value.patch(present))
                .await?
                .into(),
        ))
    }

    /// Delete a merchant
    ///
    /// Its endpoints go with it, and what waits for them is cancelled. Its log ages out.
    #[oai(
        path = "/merchants/:merchant_id",
        method = "delete",
        operation_id = "deleteMerchant"
    )]
    async fn delete(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
    ) -> Result<NoContent, ApiError> {
        let scope = caller.merchant(merchant_id.0.0)?;
        app.gateway.delete_merchant(scope).await?;
        Ok(NoContent)
    }
}
