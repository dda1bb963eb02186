//! API keys: stored as hashes, shown once, held by the platform, by one merchant or by one app.

use domain::clock::{Clock as _, Micros};
use domain::endpoint::Owner;
use domain::id::{ApiKeyId, AppId, Id, MerchantId};
use domain::tenancy::{Holder, TenantScope};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Set, sea_query::Expr,
};

use crate::audit::Change;
use crate::entity::api_key;
use crate::{Error, Page, PageRequest, Storage};

/// What a key is made for. Told to people, and nothing else depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(i16)]
pub enum Environment {
    /// Shoppers' data.
    #[default]
    Live = 0,
    /// Trying things out.
    Test = 1,
}

impl Environment {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Live, Self::Test];

    /// How the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Test => "test",
        }
    }

    fn from_code(code: i16) -> Self {
        let found = Self::ALL.into_iter().find(|known| *known as i16 == code);
        found.unwrap_or_default()
    }
}

/// An API key without the key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// The merchant or app that holds it; `None` for the platform.
    pub owner: Option<Owner>,
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
    /// Its first letters; `None` for keys from before they were kept.
    pub prefix: Option<String>,
    /// What it is made for.
    pub environment: Environment,
}

impl ApiKey {
    /// The merchant that holds it.
    pub fn merchant_id(&self) -> Option<MerchantId> {
        self.owner.and_then(Owner::merchant_id)
    }

    /// The app that holds it.
    pub fn app_id(&self) -> Option<AppId> {
        self.owner.and_then(Owner::app_id)
    }
}

impl Storage {
    /// Stores a new key under the SHA-256 of its text.
    ///
    /// Errors: the database cannot be reached.
    pub async fn create_api_key(&self, key: &ApiKey, key_hash: [u8; 32]) -> Result<(), Error> {
        let row = api_key::ActiveModel {
            id: Set(key.id.uuid()),
            merchant_id: Set(key.merchant_id().map(Id::uuid)),
            app_id: Set(key.app_id().map(Id::uuid)),
            name: Set(key.name.clone()),
            key_hash: Set(key_hash.to_vec()),
            scopes: Set(key.scopes.join(" ")),
            expires_us: Set(key.expires_at.map(|at| at.0)),
            last_used_us: Set(None),
            created_us: Set(key.created_at.0),
            prefix: Set(key.prefix.clone()),
            environment: Set(key.environment as i16),
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

    /// The key with this hash, unless it, its merchant or its app has been deleted. Whether it has expired is for
    /// the caller to see.
    ///
    /// Errors: the database cannot be reached.
    pub async fn api_key_by_hash(&self, key_hash: [u8; 32]) -> Result<Option<ApiKey>, Error> {
        let found = api_key::Entity::find()
            .filter(api_key::Column::KeyHash.eq(key_hash.to_vec()))
            .one(&self.reads)
            .await?;
        self.with_holder(found).await
    }

    /// The key with this id, under the same conditions.
    ///
    /// Errors: the database cannot be reached.
    pub async fn api_key(&self, id: ApiKeyId) -> Result<Option<ApiKey>, Error> {
        let found = api_key::Entity::find_by_id(id.uuid())
            .one(&self.reads)
            .await?;
        self.with_holder(found).await
    }

    async fn with_holder(&self, found: Option<api_key::Model>) -> Result<Option<ApiKey>, Error> {
        let Some(row) = found else { return Ok(None) };
        let key = ApiKey::from(row);
        let there = match key.owner {
            None => true,
            Some(Owner::Merchant(id)) => self.merchant(TenantScope::of(id)).await?.is_some(),
            Some(Owner::App(id)) => self.app(id).await?.is_some(),
        };
        Ok(there.then_some(key))
    }

    /// The keys of one holder, newest first.
    ///
    /// Errors: the database cannot be reached.
    pub async fn api_keys(
        &self,
        holder: impl Into<Holder>,
        page: PageRequest,
    ) -> Result<Page<ApiKey>, Error> {
        let mut query = api_key::Entity::find()
            .filter(held_by(holder.into()))
            .order_by_desc(api_key::Column::Id)
            .limit(page.limit + 1);
        if let Some(before) = page.before {
            query = query.filter(api_key::Column::Id.lt(before));
        }
        let rows = query.all(&self.reads).await?;
        page.cut(rows, |row| row.id).try_map(|row| Ok(row.into()))
    }

    /// Deletes a holder's key and returns it; `None` when there is none.
    ///
    /// Errors: the database cannot be reached.
    pub async fn delete_api_key(
        &self,
        holder: impl Into<Holder>,
        id: ApiKeyId,
    ) -> Result<Option<ApiKey>, Error> {
        let write = self.begin_write().await?;
        let found = api_key::Entity::find_by_id(id.uuid())
            .filter(held_by(holder.into()))
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

fn held_by(holder: Holder) -> Condition {
    let (merchant, app) = (api_key::Column::MerchantId, api_key::Column::AppId);
    match holder.owner() {
        Some(Owner::Merchant(id)) => Condition::all().add(merchant.eq(id.uuid())),
        Some(Owner::App(id)) => Condition::all().add(app.eq(id.uuid())),
        None => Condition::all().add(merchant.is_null()).add(app.is_null()),
    }
}

fn noted(action: &'static str, key: &ApiKey) -> Change {
    Change::of(action, key.id, key.owner)
}

impl From<api_key::Model> for ApiKey {
    fn from(row: api_key::Model) -> Self {
        Self {
            id: ApiKeyId::from_uuid(row.id),
            owner: row
                .merchant_id
                .map(|id| Owner::Merchant(MerchantId::from_uuid(id)))
                .or(row.app_id.map(|id| Owner::App(AppId::from_uuid(id)))),
            name: row.name,
            scopes: row.scopes.split_whitespace().map(str::to_owned).collect(),
            expires_at: row.expires_us.map(Micros),
            last_used_at: row.last_used_us.map(Micros),
            created_at: Micros(row.created_us),
            prefix: row.prefix,
            environment: Environment::from_code(row.environment),
        }
    }
}
