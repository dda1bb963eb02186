//! Endpoints with their subscriptions and encrypted secrets.

use std::collections::HashMap;
use std::time::Duration;

use domain::clock::{Clock as _, Micros};
use domain::dialect::Dialect;
use domain::endpoint::{Destination, DisabledReason, Endpoint};
use domain::id::{EndpointId, MerchantId};
use domain::secret::{Secret, Secrets};
use domain::tenancy::TenantScope;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, EntityTrait as _,
    PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Set, sea_query::Expr,
};
use uuid::Uuid;

use crate::config_clock::Write;
use crate::entity::{endpoint, endpoint_secret, merchant, subscription};
use crate::{Error, Page, PageRequest, Storage};

impl Storage {
    /// Stores a new endpoint unless the merchant has `limit` of them already (then false).
    ///
    /// Errors: the database cannot be reached.
    pub async fn create_endpoint(&self, new: &Destination, limit: u64) -> Result<bool, Error> {
        let change = self.begin_write().await?;
        let Destination { endpoint, secrets } = new;
        // Calls for one merchant take turns, or two would each find room for one more.
        merchant::Entity::find_by_id(endpoint.merchant_id.uuid())
            .lock_exclusive()
            .one(&change.transaction)
            .await?;
        let present = endpoint::Entity::find()
            .filter(endpoint::Column::MerchantId.eq(endpoint.merchant_id.uuid()))
            .filter(endpoint::Column::DeletedUs.is_null())
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
        change.commit_change(endpoint.merchant_id).await?;
        Ok(true)
    }

    /// Changes an endpoint and its subscriptions; `None` when there is none.
    ///
    /// Errors: the database cannot be reached.
    pub async fn update_endpoint(
        &self,
        scope: TenantScope,
        id: EndpointId,
        edit: impl FnOnce(&mut Endpoint) + Send,
    ) -> Result<Option<Endpoint>, Error> {
        let change = self.begin_write().await?;
        let Some(before) = self.locked(&change, scope, id).await? else {
            return Ok(None);
        };
        let mut endpoint = before.clone();
        edit(&mut endpoint);
        endpoint.updated_at = self.clock().now();
        self.row(&endpoint)?.update(&change.transaction).await?;
        if endpoint.event_types != before.event_types {
            replace_subscriptions(&change.transaction, &endpoint).await?;
        }
        change.commit_change(scope.merchant_id()).await?;
        Ok(Some(endpoint))
    }

    /// Deletes an endpoint; false when there is none. Its log is kept until it ages out.
    ///
    /// Errors: the database cannot be reached.
    pub async fn delete_endpoint(&self, scope: TenantScope, id: EndpointId) -> Result<bool, Error> {
        let change = self.begin_write().await?;
        if self.locked(&change, scope, id).await?.is_none() {
            return Ok(false);
        }
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
        change.commit_change(scope.merchant_id()).await?;
        Ok(true)
    }

    /// Replaces an endpoint's secrets by what `edit` makes of them; `None` when there is no endpoint.
    ///
    /// Errors: the database cannot be reached; no master key opens the present ones.
    pub async fn update_secrets(
        &self,
        scope: TenantScope,
        id: EndpointId,
        edit: impl FnOnce(&Secrets) -> Secrets + Send,
    ) -> Result<Option<Secrets>, Error> {
        let change = self.begin_write().await?;
        if self.locked(&change, scope, id).await?.is_none() {
            return Ok(None);
        }
        let row = endpoint_secret::Entity::find_by_id(id.uuid())
            .one(&change.transaction)
            .await?;
        let secrets = edit(&self.open_secrets(&row.ok_or(Error::Corrupt {
            what: "endpoint_secrets",
        })?)?);
        self.secret_row(id, &secrets)?
            .update(&change.transaction)
            .await?;
        change.commit_change(scope.merchant_id()).await?;
        Ok(Some(secrets))
    }

    /// Notes since when an endpoint has only failed, or that it works again. Delivery does not depend on it, so
    /// the configuration clock stands still.
    ///
    /// Errors: the database cannot be reached.
    pub async fn set_failing_since(
        &self,
        scope: TenantScope,
        id: EndpointId,
        since: Option<Micros>,
    ) -> Result<(), Error> {
        let change = self.begin_write().await?;
        endpoint::Entity::update_many()
            .col_expr(
                endpoint::Column::FailingSinceUs,
                Expr::value(since.map(|at| at.0)),
            )
            .filter(endpoint::Column::Id.eq(id.uuid()))
            .filter(endpoint::Column::MerchantId.eq(scope.merchant_id().uuid()))
            .exec(&change.transaction)
            .await?;
        change.commit().await
    }

    /// An endpoint's secrets in the clear; `None` when there is no endpoint.
    ///
    /// Errors: the database cannot be reached; no master key opens them.
    pub async fn secrets(
        &self,
        scope: TenantScope,
        id: EndpointId,
    ) -> Result<Option<Secrets>, Error> {
        if self.endpoint(scope, id).await?.is_none() {
            return Ok(None);
        }
        let row = endpoint_secret::Entity::find_by_id(id.uuid())
            .one(&self.reads)
            .await?;
        row.map(|row| self.open_secrets(&row)).transpose()
    }

    /// One endpoint of the merchant.
    ///
    /// Errors: the database cannot be reached.
    pub async fn endpoint(
        &self,
        scope: TenantScope,
        id: EndpointId,
    ) -> Result<Option<Endpoint>, Error> {
        let row = of_merchant(scope)
            .filter(endpoint::Column::Id.eq(id.uuid()))
            .one(&self.reads);
        let rows = row.await?.into_iter().collect();
        Ok(self.with_subscriptions(&self.reads, rows).await?.pop())
    }

    /// An endpoint of the merchant, deleted or not: what the log's old deliveries point to.
    ///
    /// Errors: the database cannot be reached.
    pub async fn endpoint_even_deleted(
        &self,
        scope: TenantScope,
        id: EndpointId,
    ) -> Result<Option<Endpoint>, Error> {
        let row = endpoint::Entity::find_by_id(id.uuid())
            .filter(endpoint::Column::MerchantId.eq(scope.merchant_id().uuid()))
            .one(&self.reads)
            .await?;
        Ok(self
            .with_subscriptions(&self.reads, row.into_iter().collect())
            .await?
            .pop())
    }

    /// The merchant's endpoints, newest first.
    ///
    /// Errors: the database cannot be reached.
    pub async fn endpoints(
        &self,
        scope: TenantScope,
        page: PageRequest,
    ) -> Result<Page<Endpoint>, Error> {
        self.page_of(of_merchant(scope), page).await
    }

    /// Every merchant's endpoints, newest first: for ops.
    ///
    /// Errors: the database cannot be reached.
    pub async fn all_endpoints(&self, page: PageRequest) -> Result<Page<Endpoint>, Error> {
        let all = endpoint::Entity::find().filter(endpoint::Column::DeletedUs.is_null());
        self.page_of(all, page).await
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

    /// The merchant's endpoints with their secrets, oldest first.
    pub(crate) async fn destinations(&self, scope: TenantScope) -> Result<Vec<Destination>, Error> {
        let rows = of_merchant(scope)
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
        scope: TenantScope,
        id: EndpointId,
    ) -> Result<Option<Endpoint>, Error> {
        let row = of_merchant(scope)
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

    async fn with_subscriptions(
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

    fn endpoint_of(
        &self,
        row: endpoint::Model,
        event_types: Vec<String>,
    ) -> Result<Endpoint, Error> {
        let headers = self.keyring.decrypt(row.id.as_bytes(), &row.headers)?;
        Ok(Endpoint {
            id: EndpointId::from_uuid(row.id),
            merchant_id: MerchantId::from_uuid(row.merchant_id),
            url: row.url,
            dialect: Dialect::from_code(row.dialect).ok_or(Error::Corrupt {
                what: "endpoints.dialect",
            })?,
            description: row.description,
            version: row.version,
            headers: serde_json::from_slice(&headers).map_err(|_| Error::Corrupt {
                what: "endpoints.headers",
            })?,
            rate_limit: row.rate_limit.map(i32::unsigned_abs),
            timeout: row
                .timeout_us
                .map(|us| Duration::from_micros(us.unsigned_abs())),
            schedule: row.schedule.as_deref().map(parse_schedule).transpose()?,
            signed: row.signed,
            disabled: row
                .disabled_reason
                .and_then(DisabledReason::from_code)
                .zip(row.disabled_us.map(Micros)),
            event_types,
            failing_since: row.failing_since_us.map(Micros),
            created_at: Micros(row.created_us),
            updated_at: Micros(row.updated_us),
        })
    }

    fn row(&self, endpoint: &Endpoint) -> Result<endpoint::ActiveModel, Error> {
        let headers = serde_json::to_vec(&endpoint.headers).map_err(|_| Error::Corrupt {
            what: "endpoints.headers",
        })?;
        let id = endpoint.id.uuid();
        Ok(endpoint::ActiveModel {
            id: Set(id),
            merchant_id: Set(endpoint.merchant_id.uuid()),
            url: Set(endpoint.url.clone()),
            dialect: Set(endpoint.dialect.code()),
            description: Set(endpoint.description.clone()),
            version: Set(endpoint.version.clone()),
            headers: Set(self
                .keyring
                .encrypt(id.as_bytes(), &headers, &mut crate::rng())?),
            rate_limit: Set(endpoint
                .rate_limit
                .and_then(|limit| i32::try_from(limit).ok())),
            timeout_us: Set(endpoint.timeout.map(micros)),
            schedule: Set(endpoint.schedule.as_deref().map(print_schedule)),
            signed: Set(endpoint.signed),
            disabled_reason: Set(endpoint.disabled.map(|(reason, _)| reason.code())),
            disabled_us: Set(endpoint.disabled.map(|(_, at)| at.0)),
            failing_since_us: Set(endpoint.failing_since.map(|at| at.0)),
            deleted_us: Set(None),
            created_us: Set(endpoint.created_at.0),
            updated_us: Set(endpoint.updated_at.0),
        })
    }

    fn secret_row(
        &self,
        id: EndpointId,
        secrets: &Secrets,
    ) -> Result<endpoint_secret::ActiveModel, Error> {
        let seal = |secret: &Secret| {
            self.keyring.encrypt(
                id.uuid().as_bytes(),
                secret.expose().as_bytes(),
                &mut crate::rng(),
            )
        };
        let previous = secrets.previous.as_ref();
        Ok(endpoint_secret::ActiveModel {
            endpoint_id: Set(id.uuid()),
            secret: Set(seal(&secrets.secret)?),
            signing: Set(seal(&secrets.signing)?),
            previous: Set(previous.map(|(secret, _)| seal(secret)).transpose()?),
            previous_until_us: Set(previous.map(|(_, until)| until.0)),
        })
    }

    fn open_secrets(&self, row: &endpoint_secret::Model) -> Result<Secrets, Error> {
        let context = row.endpoint_id;
        let open = |stored: &[u8]| {
            let plain = self.keyring.decrypt(context.as_bytes(), stored)?;
            let text = String::from_utf8(plain).map_err(|_| Error::Corrupt {
                what: "endpoint_secrets",
            })?;
            Ok::<_, Error>(Secret::new(text))
        };
        let previous = row.previous.as_deref().map(open).transpose()?;
        Ok(Secrets {
            secret: open(&row.secret)?,
            signing: open(&row.signing)?,
            previous: previous.zip(row.previous_until_us.map(Micros)),
        })
    }
}

fn of_merchant(scope: TenantScope) -> sea_orm::Select<endpoint::Entity> {
    endpoint::Entity::find()
        .filter(endpoint::Column::MerchantId.eq(scope.merchant_id().uuid()))
        .filter(endpoint::Column::DeletedUs.is_null())
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

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

/// A schedule as text: microseconds separated by commas.
fn print_schedule(schedule: &[Duration]) -> String {
    schedule
        .iter()
        .map(|delay| delay.as_micros().to_string())
        .collect::<Vec<_>>()
        .join(",")
}

fn parse_schedule(text: &str) -> Result<Vec<Duration>, Error> {
    text.split(',')
        .filter(|part| !part.is_empty())
        .map(|part| part.parse().map(Duration::from_micros))
        .collect::<Result<_, _>>()
        .map_err(|_| Error::Corrupt {
            what: "endpoints.schedule",
        })
}
