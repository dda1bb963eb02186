//! Merchants with their store, and everything that ingest and delivery need to know of one.

use domain::clock::{Clock as _, Micros};
use domain::endpoint::{Destination, Owner};
use domain::id::MerchantId;
use domain::merchant::{Merchant, Store};
use domain::tenancy::{PlatformScope, TenantScope};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Select, Set, sea_query::Expr,
};
use uuid::Uuid;

use crate::audit::Change;
use crate::entity::{endpoint, installation, invitation, merchant};
use crate::links::end_portals;
use crate::search::Search;
use crate::{Error, Page, PageRequest, Storage};

/// What ingest and delivery need to know of a merchant. Kept in caches, exact by the configuration clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MerchantConfig {
    /// The merchant.
    pub merchant: Merchant,
    /// Its endpoints and those of the apps it has installed, the deleted ones left out.
    pub destinations: Vec<Destination>,
    /// The endpoints of apps it has removed: they are told of that and of nothing else.
    pub departing: Vec<Destination>,
}

impl Storage {
    /// Stores a new merchant.
    ///
    /// Errors: the database cannot be reached.
    pub async fn create_merchant(&self, merchant: &Merchant) -> Result<(), Error> {
        let change = self.begin_write().await?;
        row(merchant)?.insert(&change.transaction).await?;
        let note = noted("createMerchant", merchant.id).states(None, Some(merchant));
        change.note(note, self.clock().now()).await?;
        change.commit_change(merchant.id).await?;
        Ok(())
    }

    /// Changes a merchant; `None` when there is none.
    ///
    /// Errors: the database cannot be reached.
    pub async fn update_merchant(
        &self,
        scope: TenantScope,
        edit: impl FnOnce(&mut Merchant) + Send,
    ) -> Result<Option<Merchant>, Error> {
        let change = self.begin_write().await?;
        let Some(model) = find(&change.transaction, scope.merchant_id().uuid(), true).await? else {
            return Ok(None);
        };
        let before = Merchant::try_from(model)?;
        let mut merchant = before.clone();
        edit(&mut merchant);
        if merchant == before {
            return Ok(Some(before));
        }
        merchant.updated_at = self.clock().now();
        row(&merchant)?.update(&change.transaction).await?;
        let note = noted("updateMerchant", merchant.id).states(Some(&before), Some(&merchant));
        change.note(note, merchant.updated_at).await?;
        change.commit_change(merchant.id).await?;
        Ok(Some(merchant))
    }

    /// Deletes a merchant, its endpoints and its installations; false when there is none. Its log is kept until it ages out.
    ///
    /// Errors: the database cannot be reached.
    pub async fn delete_merchant(&self, scope: TenantScope) -> Result<bool, Error> {
        let change = self.begin_write().await?;
        let id = scope.merchant_id();
        let Some(model) = find(&change.transaction, id.uuid(), true).await? else {
            return Ok(false);
        };
        let at = self.clock().now();
        let now = at.0;
        merchant::Entity::update_many()
            .col_expr(merchant::Column::DeletedUs, Expr::value(Some(now)))
            .filter(merchant::Column::Id.eq(id.uuid()))
            .exec(&change.transaction)
            .await?;
        endpoint::Entity::update_many()
            .col_expr(endpoint::Column::DeletedUs, Expr::value(Some(now)))
            .filter(endpoint::Column::MerchantId.eq(id.uuid()))
            .exec(&change.transaction)
            .await?;
        installation::Entity::update_many()
            .col_expr(installation::Column::UninstalledUs, Expr::value(Some(now)))
            .filter(installation::Column::MerchantId.eq(id.uuid()))
            .filter(installation::Column::UninstalledUs.is_null())
            .exec(&change.transaction)
            .await?;
        end_portals(&change, id).await?;
        invitation::Entity::delete_many()
            .filter(invitation::Column::MerchantId.eq(id.uuid()))
            .exec(&change.transaction)
            .await?;
        let note = noted("deleteMerchant", id).states(Some(&Merchant::try_from(model)?), None);
        change.note(note, at).await?;
        change.commit_change(id).await?;
        Ok(true)
    }

    /// The merchant of this scope, if it exists.
    ///
    /// Errors: the database cannot be reached.
    pub async fn merchant(&self, scope: TenantScope) -> Result<Option<Merchant>, Error> {
        let model = find(&self.reads, scope.merchant_id().uuid(), false).await?;
        model.map(Merchant::try_from).transpose()
    }

    /// All merchants, or those with this in their name or their store's, newest first.
    ///
    /// Errors: the database cannot be reached.
    pub async fn merchants(
        &self,
        _: PlatformScope,
        search: Option<&Search>,
        page: PageRequest,
    ) -> Result<Page<Merchant>, Error> {
        let all = merchant::Entity::find();
        self.page_of_merchants(all, search, page).await
    }

    /// The same of these merchants only.
    ///
    /// Errors: the database cannot be reached.
    pub async fn merchants_of(
        &self,
        scopes: &[TenantScope],
        search: Option<&Search>,
        page: PageRequest,
    ) -> Result<Page<Merchant>, Error> {
        let ids = scopes.iter().map(|scope| scope.merchant_id().uuid());
        let own = merchant::Entity::find().filter(merchant::Column::Id.is_in(ids));
        self.page_of_merchants(own, search, page).await
    }

    async fn page_of_merchants(
        &self,
        of: Select<merchant::Entity>,
        search: Option<&Search>,
        page: PageRequest,
    ) -> Result<Page<Merchant>, Error> {
        let names = [
            merchant::Column::Name,
            merchant::Column::StoreName,
            merchant::Column::StoreId,
            merchant::Column::ShopifyDomain,
            merchant::Column::MainDomain,
        ];
        let mut query = of
            .filter(merchant::Column::DeletedUs.is_null())
            .order_by_desc(merchant::Column::Id)
            .limit(page.limit + 1);
        if let Some(search) = search {
            query = query.filter(search.within(names));
        }
        if let Some(before) = page.before {
            query = query.filter(merchant::Column::Id.lt(before));
        }
        let rows = query.all(&self.reads).await?;
        page.cut(rows, |row| row.id).try_map(Merchant::try_from)
    }

    /// The configuration of a merchant, `None` when it does not exist.
    ///
    /// Errors: the database cannot be reached; no master key opens its secrets.
    pub async fn merchant_config(&self, id: MerchantId) -> Result<Option<MerchantConfig>, Error> {
        let Some(merchant) = self.merchant(TenantScope::of(id)).await? else {
            return Ok(None);
        };
        let (installed, removed) = self.apps_of(TenantScope::of(id)).await?;
        let apps = installed.iter().chain(&removed).copied().collect();
        let all = self.destinations(TenantScope::of(id), apps).await?;
        let is_removed = |destination: &Destination| {
            let app_id = destination.endpoint.owner.app_id();
            app_id.is_some_and(|app_id| removed.contains(&app_id.uuid()))
        };
        let (departing, destinations) = all.into_iter().partition(is_removed);
        Ok(Some(MerchantConfig {
            merchant,
            destinations,
            departing,
        }))
    }
}

fn noted(action: &'static str, id: MerchantId) -> Change {
    Change::of(action, id, Some(Owner::Merchant(id)))
}

pub(crate) async fn find(
    connection: &impl ConnectionTrait,
    id: Uuid,
    lock: bool,
) -> Result<Option<merchant::Model>, Error> {
    let mut query = merchant::Entity::find_by_id(id).filter(merchant::Column::DeletedUs.is_null());
    if lock {
        query = query.lock_exclusive();
    }
    Ok(query.one(connection).await?)
}

fn row(merchant: &Merchant) -> Result<merchant::ActiveModel, Error> {
    let Merchant {
        id,
        name,
        store,
        flashy_account_id,
        settings,
        suspended,
        created_at,
        updated_at,
    } = merchant.clone();
    Ok(merchant::ActiveModel {
        id: Set(id.uuid()),
        name: Set(name),
        store_id: Set(store.id),
        store_name: Set(store.name),
        shopify_domain: Set(store.shopify_domain),
        main_domain: Set(store.main_domain),
        currency: Set(store.currency),
        flashy_account_id: Set(flashy_account_id),
        settings: Set(
            serde_json::to_string(&settings).map_err(|_| Error::Corrupt {
                what: "merchants.settings",
            })?,
        ),
        suspended: Set(suspended),
        deleted_us: Set(None),
        created_us: Set(created_at.0),
        updated_us: Set(updated_at.0),
        time_zone: Set(store.time_zone),
    })
}

impl TryFrom<merchant::Model> for Merchant {
    type Error = Error;

    fn try_from(row: merchant::Model) -> Result<Self, Error> {
        Ok(Self {
            id: MerchantId::from_uuid(row.id),
            name: row.name,
            store: Store {
                id: row.store_id,
                name: row.store_name,
                shopify_domain: row.shopify_domain,
                main_domain: row.main_domain,
                currency: row.currency,
                time_zone: row.time_zone,
            },
            flashy_account_id: row.flashy_account_id,
            settings: serde_json::from_str(&row.settings).map_err(|_| Error::Corrupt {
                what: "merchants.settings",
            })?,
            suspended: row.suspended,
            created_at: Micros(row.created_us),
            updated_at: Micros(row.updated_us),
        })
    }
}
