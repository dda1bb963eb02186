//! Endpoints with their subscriptions and encrypted secrets.

mod rows;

use std::collections::HashMap;

use domain::clock::{Clock as _, Micros};
use domain::endpoint::{Destination, Endpoint, Owner};
use domain::id::EndpointId;
use domain::secret::Secrets;
use domain::tenancy::{OwnerScope, PlatformScope, TenantScope};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, DatabaseTransaction,
    EntityTrait as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    Set,
    sea_query::{self, Expr, ExprTrait as _},
};
use uuid::Uuid;

use crate::audit::Change;
use crate::config_clock::Write;
use crate::entity::{app, endpoint, endpoint_secret, installation, merchant, subscription};
use crate::search::EndpointFilter;
use crate::{Error, Page, PageRequest, Storage};

fn noted(action: &'static str, endpoint: &Endpoint) -> Change {
    Change::of(action, endpoint.id, Some(endpoint.owner))
}

impl Storage {
    /// Stores a new endpoint unless its owner has `limit` of them already (then false).
    ///
    /// Errors: the database cannot be reached.
    pub async fn create_endpoint(&self, new: &Destination, limit: u64) -> Result<bool, Error> {
        let change = self.begin_write().await?;
        let Destination { endpoint, secrets } = new;
        // Calls for one owner take turns, or two would each find room for one more.
        lock_owner(&change.transaction, endpoint.owner).await?;
        let present = of_owner(OwnerScope::of(endpoint.owner))
            .count(&change.transaction)
            .await?;
        if present >= limit {
            return Ok(false);
        }
        self.row(endpoint)?.insert(&change.transaction).await?;
        self.secret_row(endpoint.id, secrets)?
            .insert(&change.transaction)
            .await?;
        replace_subscriptions(&change.transaction, endpoint).await?;
        let note = noted("createEndpoint", endpoint).states(None, Some(endpoint));
        change.note(note, self.clock().now()).await?;
        change.commit_change_of(endpoint.owner).await?;
        Ok(true)
    }

    /// Changes an endpoint and its subscriptions; `None` when there is none.
    ///
    /// Errors: the database cannot be reached.
    pub async fn update_endpoint(
        &self,
        scope: impl Into<OwnerScope>,
        id: EndpointId,
        edit: impl FnOnce(&mut Endpoint) + Send,
    ) -> Result<Option<Endpoint>, Error> {
        let scope = scope.into();
        let change = self.begin_write().await?;
        let Some(before) = self.locked(&change, scope, id).await? else {
            return Ok(None);
        };
        let mut endpoint = before.clone();
        edit(&mut endpoint);
        if endpoint == before {
            return Ok(Some(before));
        }
        endpoint.updated_at = self.clock().now();
        self.row(&endpoint)?.update(&change.transaction).await?;
        if endpoint.event_types != before.event_types {
            replace_subscriptions(&change.transaction, &endpoint).await?;
        }
        let note = noted("updateEndpoint", &endpoint).states(Some(&before), Some(&endpoint));
        change.note(note, endpoint.updated_at).await?;
        change.commit_change_of(scope.owner()).await?;
        Ok(Some(endpoint))
    }

    /// Deletes an endpoint; false when there is none. Its log is kept until it ages out.
    ///
    /// Errors: the database cannot be reached.
    pub async fn delete_endpoint(
        &self,
        scope: impl Into<OwnerScope>,
        id: EndpointId,
    ) -> Result<bool, Error> {
        let scope = scope.into();
        let change = self.begin_write().await?;
        let Some(endpoint) = self.locked(&change, scope, id).await? else {
            return Ok(false);
        };
        endpoint::Entity::update_many()
            .col_expr(
                endpoint::Column::DeletedUs,
                Expr::value(Some(self.clock().now().0)),
            )
            .filter(endpoint::Column::Id.eq(id.uuid()))
            .exec(&change.transaction)
            .await?;
        subscription::Entity::delete_many()
            .filter(subscription::Column::EndpointId.eq(id.uuid()))
            .exec(&change.transaction)
            .await?;
        let note = noted("deleteEndpoint", &endpoint).states(Some(&endpoint), None);
        change.note(note, self.clock().now()).await?;
        change.commit_change_of(scope.owner()).await?;
        Ok(true)
    }

    /// Replaces an endpoint's secrets by what `edit` makes of them; `None` when there is no endpoint.
    ///
    /// Errors: the database cannot be reached; no master key opens the present ones.
    pub async fn update_secrets(
        &self,
        scope: impl Into<OwnerScope>,
        id: EndpointId,
        edit: impl FnOnce(&Secrets) -> Secrets + Send,
    ) -> Result<Option<Secrets>, Error> {
        let scope = scope.into();
        let change = self.begin_write().await?;
        let Some(endpoint) = self.locked(&change, scope, id).await? else {
            return Ok(None);
        };
        let row = endpoint_secret::Entity::find_by_id(id.uuid())
            .one(&change.transaction)
            .await?;
        let secrets = edit(&self.open_secrets(&row.ok_or(Error::Corrupt {
            what: "endpoint_secrets",
        })?)?);
        self.secret_row(id, &secrets)?
            .update(&change.transaction)
            .await?;
        let note = noted("rotateSecret", &endpoint);
        change.note(note, self.clock().now()).await?;
        change.commit_change_of(scope.owner()).await?;
        Ok(Some(secrets))
    }

    /// Notes since when an endpoint has only failed, or that it works again. Delivery does not depend on it, so
    /// the configuration clock stands still.
    ///
    /// Errors: the database cannot be reached.
    pub async fn set_failing_since(
        &self,
        scope: impl Into<OwnerScope>,
        id: EndpointId,
        since: Option<Micros>,
    ) -> Result<(), Error> {
        let owner = owned_by(scope.into());
        let change = self.begin_write().await?;
        endpoint::Entity::update_many()
            .col_expr(
                endpoint::Column::FailingSinceUs,
                Expr::value(since.map(|at| at.0)),
            )
            .filter(endpoint::Column::Id.eq(id.uuid()))
            .filter(owner)
            .exec(&change.transaction)
            .await?;
        change.commit().await
    }

    /// An endpoint's secrets in the clear; `None` when there is no endpoint.
    ///
    /// Errors: the database cannot be reached; no master key opens them.
    pub async fn secrets(
        &self,
        scope: impl Into<OwnerScope>,
        id: EndpointId,
    ) -> Result<Option<Secrets>, Error> {
        let scope = scope.into();
        if self.endpoint(scope, id).await?.is_none() {
            return Ok(None);
        }
        let row = endpoint_secret::Entity::find_by_id(id.uuid())
            .one(&self.reads)
            .await?;
        row.map(|row| self.open_secrets(&row)).transpose()
    }

    /// One endpoint of the merchant or app.
    ///
    /// Errors: the database cannot be reached.
    pub async fn endpoint(
        &self,
        scope: impl Into<OwnerScope>,
        id: EndpointId,
    ) -> Result<Option<Endpoint>, Error> {
        let row = of_owner(scope.into())
            .filter(endpoint::Column::Id.eq(id.uuid()))
            .one(&self.reads);
        let rows = row.await?.into_iter().collect();
        Ok(self.with_subscriptions(&self.reads, rows).await?.pop())
    }

    /// An endpoint of the merchant or of an app that it has or had, deleted or not: what the log's old
    /// deliveries point to.
    ///
    /// Errors: the database cannot be reached.
    pub async fn endpoint_even_deleted(
        &self,
        scope: TenantScope,
        id: EndpointId,
    ) -> Result<Option<Endpoint>, Error> {
        let merchant = scope.merchant_id().uuid();
        let apps = sea_query::Query::select()
            .column(installation::Column::AppId)
            .from(installation::Entity)
            .and_where(installation::Column::MerchantId.eq(merchant))
            .to_owned();
        let row = endpoint::Entity::find_by_id(id.uuid())
            .filter(
                endpoint::Column::MerchantId
                    .eq(merchant)
                    .or(endpoint::Column::AppId.in_subquery(apps)),
            )
            .one(&self.reads)
            .await?;
        Ok(self
            .with_subscriptions(&self.reads, row.into_iter().collect())
            .await?
            .pop())
    }

    /// Those of the merchant's or app's endpoints that are wanted, newest first.
    ///
    /// Errors: the database cannot be reached.
    pub async fn endpoints(
        &self,
        scope: impl Into<OwnerScope>,
        filter: &EndpointFilter,
        page: PageRequest,
    ) -> Result<Page<Endpoint>, Error> {
        let wanted = of_owner(scope.into()).filter(filter.condition());
        self.page_of(wanted, page).await
    }

    /// Any merchant's or app's endpoint: for ops.
    ///
    /// Errors: the database cannot be reached.
    pub async fn any_endpoint(
        &self,
        _scope: PlatformScope,
        id: EndpointId,
    ) -> Result<Option<Endpoint>, Error> {
        let row = endpoint::Entity::find_by_id(id.uuid())
            .filter(endpoint::Column::DeletedUs.is_null())
            .one(&self.reads);
        let rows = row.await?.into_iter().collect();
        Ok(self.with_subscriptions(&self.reads, rows).await?.pop())
    }

    /// Of every merchant's and app's endpoints those that are wanted, newest first: for ops.
    ///
    /// Errors: the database cannot be reached.
    pub async fn all_endpoints(
        &self,
        _: PlatformScope,
        filter: &EndpointFilter,
        page: PageRequest,
    ) -> Result<Page<Endpoint>, Error> {
        let wanted = endpoint::Entity::find()
            .filter(endpoint::Column::DeletedUs.is_null())
            .filter(filter.condition());
        self.page_of(wanted, page).await
    }

    async fn page_of(
        &self,
        query: sea_orm::Select<endpoint::Entity>,
        page: PageRequest,
    ) -> Result<Page<Endpoint>, Error> {
        let mut query = query
            .order_by_desc(endpoint::Column::Id)
            .limit(page.limit + 1);
        if let Some(before) = page.before {
            query = query.filter(endpoint::Column::Id.lt(before));
        }
        let cut = page.cut(query.all(&self.reads).await?, |row| row.id);
        let rows = self.with_subscriptions(&self.reads, cut.rows).await?;
        Ok(Page {
            rows,
            next: cut.next,
        })
    }

    /// The endpoints of the merchant and of these apps with their secrets, oldest first.
    pub(crate) async fn destinations(
        &self,
        scope: TenantScope,
        apps: Vec<Uuid>,
    ) -> Result<Vec<Destination>, Error> {
        let merchant = scope.merchant_id().uuid();
        let owned = endpoint::Column::MerchantId.eq(merchant);
        let rows = endpoint::Entity::find()
            .filter(owned.or(endpoint::Column::AppId.is_in(apps)))
            .filter(endpoint::Column::DeletedUs.is_null())
            .order_by_asc(endpoint::Column::Id)
            .all(&self.reads)
            .await?;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let mut secrets: HashMap<Uuid, endpoint_secret::Model> = endpoint_secret::Entity::find()
            .filter(endpoint_secret::Column::EndpointId.is_in(ids))
            .all(&self.reads)
            .await?
            .into_iter()
            .map(|row| (row.endpoint_id, row))
            .collect();
        self.with_subscriptions(&self.reads, rows)
            .await?
            .into_iter()
            .map(|endpoint| {
                let row = secrets.remove(&endpoint.id.uuid()).ok_or(Error::Corrupt {
                    what: "endpoint_secrets",
                })?;
                Ok(Destination {
                    secrets: self.open_secrets(&row)?,
                    endpoint,
                })
            })
            .collect()
    }

    /// The endpoint under a row lock.
    async fn locked(
        &self,
        change: &Write,
        scope: OwnerScope,
        id: EndpointId,
    ) -> Result<Option<Endpoint>, Error> {
        let row = of_owner(scope)
            .filter(endpoint::Column::Id.eq(id.uuid()))
            .lock_exclusive()
            .one(&change.transaction)
            .await?;
        let rows = row.into_iter().collect();
        Ok(self
            .with_subscriptions(&change.transaction, rows)
            .await?
            .pop())
    }

    pub(crate) async fn with_subscriptions(
        &self,
        connection: &impl ConnectionTrait,
        rows: Vec<endpoint::Model>,
    ) -> Result<Vec<Endpoint>, Error> {
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let mut types: HashMap<Uuid, Vec<String>> = HashMap::new();
        let subscriptions = subscription::Entity::find()
            .filter(subscription::Column::EndpointId.is_in(ids))
            .order_by_asc(subscription::Column::EventType)
            .all(connection)
            .await?;
        for row in subscriptions {
            types
                .entry(row.endpoint_id)
                .or_default()
                .push(row.event_type);
        }
        rows.into_iter()
            .map(|row| {
                let mut event_types = types.remove(&row.id).unwrap_or_default();
                // Byte order, whatever the database's collation: fan-out searches by it.
                event_types.sort_unstable();
                self.endpoint_of(row, event_types)
            })
            .collect()
    }
}

fn owned_by(scope: OwnerScope) -> sea_query::SimpleExpr {
    match scope.owner() {
        Owner::Merchant(id) => endpoint::Column::MerchantId.eq(id.uuid()),
        Owner::App(id) => endpoint::Column::AppId.eq(id.uuid()),
    }
}

fn of_owner(scope: OwnerScope) -> sea_orm::Select<endpoint::Entity> {
    endpoint::Entity::find()
        .filter(owned_by(scope))
        .filter(endpoint::Column::DeletedUs.is_null())
}

async fn lock_owner(transaction: &DatabaseTransaction, owner: Owner) -> Result<(), Error> {
    match owner {
        Owner::Merchant(id) => {
            let row = merchant::Entity::find_by_id(id.uuid()).lock_exclusive();
            row.one(transaction).await?;
        }
        Owner::App(id) => {
            let row = app::Entity::find_by_id(id.uuid()).lock_exclusive();
            row.one(transaction).await?;
        }
    }
    Ok(())
}

async fn replace_subscriptions(
    connection: &impl ConnectionTrait,
    endpoint: &Endpoint,
) -> Result<(), Error> {
    subscription::Entity::delete_many()
        .filter(subscription::Column::EndpointId.eq(endpoint.id.uuid()))
        .exec(connection)
        .await?;
    let rows: Vec<_> = endpoint
        .event_types
        .iter()
        .map(|name| subscription::ActiveModel {
            endpoint_id: Set(endpoint.id.uuid()),
            event_type: Set(name.clone()),
        })
        .collect();
    if !rows.is_empty() {
        subscription::Entity::insert_many(rows)
            .exec_without_returning(connection)
            .await?;
    }
    Ok(())
}
