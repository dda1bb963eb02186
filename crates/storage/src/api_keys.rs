//! API keys: stored as hashes, shown once, owned by the platform or by one merchant.

use domain::clock::{Clock as _, Micros};
use domain::endpoint::Owner;
use domain::id::{ApiKeyId, MerchantId};
use domain::tenancy::TenantScope;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Set,
    sea_query::Expr,
};

use crate::audit::Change;
use crate::entity::{api_key, merchant};
use crate::{Error, Page, PageRequest, Storage};

/// An API key without the key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// The merchant that owns it; `None` for the platform.
    pub merchant_id: Option<MerchantId>,
    /// What people call it.
    pub name: String,
    /// What it may do, as `<resource>:read` and `<resource>:write`.
    pub scopes: Vec<String>,
    /// When it ends.
    pub expires_at: Option<Micros>,
    /// When it was last seen, to the minute.
    pub last_used_at: Option<Micros>,
    /// When it was made.
    pub created_at: Micros,
}

impl Storage {
    /// Stores a new key under the SHA-256 of its text.
    ///
    /// Errors: the database cannot be reached.
    pub async fn create_api_key(&self, key: &ApiKey, key_hash: [u8; 32]) -> Result<(), Error> {
        let row = api_key::ActiveModel {
            id: Set(key.id.uuid()),
            merchant_id: Set(key.merchant_id.map(MerchantId::uuid)),
            name: Set(key.name.clone()),
            key_hash: Set(key_hash.to_vec()),
            scopes: Set(key.scopes.join(" ")),
            expires_us: Set(key.expires_at.map(|at| at.0)),
            last_used_us: Set(None),
            created_us: Set(key.created_at.0),
        };
        let write = self.begin_write().await?;
        api_key::Entity::insert(row)
            .exec_without_returning(&write.transaction)
            .await?;
        let note = noted("createApiKey", key).states(None, Some(key));
        write.note(note, self.clock().now()).await?;
        write.commit().await?;
        Ok(())
    }

    /// The key with this hash, unless it or its merchant has been deleted. Whether it has expired is for
    /// the caller to see.
    ///
    /// Errors: the database cannot be reached.
    pub async fn api_key_by_hash(&self, key_hash: [u8; 32]) -> Result<Option<ApiKey>, Error> {
        let found = api_key::Entity::find()
            .filter(api_key::Column::KeyHash.eq(key_hash.to_vec()))
            .one(&self.reads)
            .await?;
        let Some(row) = found else { return Ok(None) };
        if let Some(owner) = row.merchant_id
            && merchant::Entity::find_by_id(owner)
                .filter(merchant::Column::DeletedUs.is_null())
                .one(&self.reads)
                .await?
                .is_none()
        {
            return Ok(None);
        }
        Ok(Some(row.into()))
    }

    /// The keys of a merchant, newest first.
    ///
    /// Errors: the database cannot be reached.
    pub async fn api_keys(
        &self,
        scope: TenantScope,
        page: PageRequest,
    ) -> Result<Page<ApiKey>, Error> {
        let mut query = api_key::Entity::find()
            .filter(api_key::Column::MerchantId.eq(scope.merchant_id().uuid()))
            .order_by_desc(api_key::Column::Id)
            .limit(page.limit + 1);
        if let Some(before) = page.before {
            query = query.filter(api_key::Column::Id.lt(before));
        }
        let rows = query.all(&self.reads).await?;
        page.cut(rows, |row| row.id).try_map(|row| Ok(row.into()))
    }

    /// Deletes a merchant's key and returns it; `None` when there is none.
    ///
    /// Errors: the database cannot be reached.
    pub async fn delete_api_key(
        &self,
        scope: TenantScope,
        id: ApiKeyId,
    ) -> Result<Option<ApiKey>, Error> {
        let write = self.begin_write().await?;
        let found = api_key::Entity::find_by_id(id.uuid())
            .filter(api_key::Column::MerchantId.eq(scope.merchant_id().uuid()))
            .one(&write.transaction)
            .await?;
        let Some(row) = found else { return Ok(None) };
        api_key::Entity::delete_by_id(id.uuid())
            .exec(&write.transaction)
            .await?;
        let key = ApiKey::from(row);
        let note = noted("deleteApiKey", &key).states(Some(&key), None);
        write.note(note, self.clock().now()).await?;
        write.commit().await?;
        Ok(Some(key))
    }

    /// Notes that a key has been used now.
    ///
    /// Errors: the database cannot be reached.
    pub async fn touch_api_key(&self, id: ApiKeyId) -> Result<(), Error> {
        let write = self.begin_write().await?;
        api_key::Entity::update_many()
            .col_expr(
                api_key::Column::LastUsedUs,
                Expr::value(Some(self.clock().now().0)),
            )
            .filter(api_key::Column::Id.eq(id.uuid()))
            .exec(&write.transaction)
            .await?;
        write.commit().await?;
        Ok(())
    }
}

fn noted(action: &'static str, key: &ApiKey) -> Change {
    Change::of(action, key.id, key.merchant_id.map(Owner::Merchant))
}

impl From<api_key::Model> for ApiKey {
    fn from(row: api_key::Model) -> Self {
        Self {
            id: ApiKeyId::from_uuid(row.id),
            merchant_id: row.merchant_id.map(MerchantId::from_uuid),
            name: row.name,
            scopes: row.scopes.split_whitespace().map(str::to_owned).collect(),
            expires_at: row.expires_us.map(Micros),
            last_used_at: row.last_used_us.map(Micros),
            created_at: Micros(row.created_us),
        }
    }
}
