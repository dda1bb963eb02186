//! Jobs that wait: found by the safety poll and by scans, brought forward by people, put off while their
//! endpoint is disabled, cancelled.

use std::time::Duration;

use domain::attempt::Trigger;
use domain::clock::{Clock as _, Micros};
use domain::delivery::{SkipReason, Status};
use domain::endpoint::Owner;
use domain::id::{DeliveryId, EndpointId, Id, MerchantId, PauseId};
use domain::shard::{Shard, ShardSet};
use domain::tenancy::TenantScope;
use futures::FutureExt as _;
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, Statement, Value};
use sqlx::Row as _;
use uuid::Uuid;

use crate::audit::Change;
use crate::events::SKEW;
use crate::pauses::still_paused;
use crate::{Error, Hot, Storage};

/// A job as a worker needs to know it before the claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueJob {
    /// The job.
    pub delivery_id: DeliveryId,
    /// Where it goes.
    pub endpoint_id: EndpointId,
    /// Whose it is.
    pub merchant_id: MerchantId,
    /// When it may be claimed.
    pub due: Micros,
    /// Whether a bulk retry asked for it: it goes behind live work.
    pub bulk: bool,
}

/// What became of a manual retry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RetryResult {
    /// It is due now.
    Queued(DueJob),
    /// An attempt is in flight or about to be.
    Busy,
    /// No such delivery of this merchant.
    NotFound,
}

/// Which waiting jobs are meant: an endpoint's, of every merchant or of one. An app's endpoint has jobs of many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Waiting {
    /// Where they go.
    pub endpoint_id: EndpointId,
    /// Whose they are; everybody's when `None`.
    pub merchant_id: Option<MerchantId>,
}

impl From<EndpointId> for Waiting {
    fn from(endpoint_id: EndpointId) -> Self {
        Self {
            endpoint_id,
            merchant_id: None,
        }
    }
}

/// As long as what something is done to jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum While {
    /// Whatever happens meanwhile.
    Always,
    /// The endpoint has been disabled since just then.
    DisabledSince(Micros),
    /// The pause goes on.
    Paused(PauseId),
}

/// Where a paged scan goes on.
pub type ScanCursor = (Micros, DeliveryId);

impl Storage {
    /// Jobs of these shards that fell due in `(after, until]`, at most `limit`, earliest first.
    ///
    /// Errors: the database cannot be reached.
    pub async fn due_between(
        &self,
        shards: ShardSet,
        after: Micros,
        until: Micros,
        limit: i64,
    ) -> Result<Vec<DueJob>, Error> {
        match &self.hot {
            Hot::Postgres(pool) => {
                let numbers: Vec<i16> = shards.iter().map(|s| s.number().into()).collect();
                let read = sqlx::query(
                    // Shard by shard: each is a walk along the index that ends at the limit.
                    "select j.* from unnest($1::smallint[]) as s (shard), lateral (
                       select id, endpoint_id, merchant_id, due_us, bulk from jobs
                       where shard = s.shard and due_us > $2::bigint and due_us <= $3::bigint
                       order by due_us limit $4::bigint) as j
                     order by j.due_us limit $4::bigint",
                )
                .bind(numbers)
                .bind(after.0)
                .bind(until.0)
                .bind(limit)
                .fetch_all(pool);
                let rows = self.in_time(async { Ok(read.await?) }).await?;
                Ok(rows.iter().map(postgres_job).collect())
            }
            Hot::Sqlite(_) => {
                let numbers: Vec<String> = shards.iter().map(|s| s.number().to_string()).collect();
                let sql = format!(
                    "select id, endpoint_id, merchant_id, due_us, bulk from jobs
                     where shard in ({}) and due_us > ? and due_us <= ? order by due_us limit ?",
                    numbers.join(", ")
                );
                self.jobs_of(Statement::from_sql_and_values(
                    self.reads.get_database_backend(),
                    sql,
                    [after.0.into(), until.0.into(), limit.into()],
                ))
                .await
            }
        }
    }

    /// A page of all jobs of a shard that are due, earliest first, from `cursor` on.
    ///
    /// Errors: the database cannot be reached.
    pub async fn due_page(
        &self,
        shard: Shard,
        cursor: Option<ScanCursor>,
        now: Micros,
        limit: i64,
    ) -> Result<Vec<DueJob>, Error> {
        let (after, after_id) = cursor.unwrap_or((Micros(0), DeliveryId::from_uuid(Uuid::nil())));
        match &self.hot {
            Hot::Postgres(pool) => {
                let read = sqlx::query(
                    "select id, endpoint_id, merchant_id, due_us, bulk from jobs
                     where shard = $1::smallint and due_us >= $2::bigint and due_us <= $4::bigint
                       and (due_us > $2::bigint or id > $3::uuid)
                     order by due_us, id limit $5::bigint",
                )
                .bind(i16::from(shard.number()))
                .bind(after.0)
                .bind(after_id.uuid())
                .bind(now.0)
                .bind(limit)
                .fetch_all(pool);
                let rows = self.in_time(async { Ok(read.await?) }).await?;
                Ok(rows.iter().map(postgres_job).collect())
            }
            Hot::Sqlite(_) => {
                let statement = Statement::from_sql_and_values(
                    self.reads.get_database_backend(),
                    "select id, endpoint_id, merchant_id, due_us, bulk from jobs
                     where shard = ? and due_us >= ? and due_us <= ? and (due_us > ? or id > ?)
                     order by due_us, id limit ?",
                    [
                        i16::from(shard.number()).into(),
                        after.0.into(),
                        now.0.into(),
                        after.0.into(),
                        after_id.uuid().into(),
                        limit.into(),
                    ],
                );
                self.jobs_of(statement).await
            }
        }
    }

    async fn jobs_of(&self, statement: Statement) -> Result<Vec<DueJob>, Error> {
        let rows = self.reads.query_all_raw(statement).await?;
        rows.iter().map(api_job).collect()
    }

    /// Brings a delivery's next attempt forward to now, or makes one more attempt of a finished one.
    ///
    /// Errors: the database cannot be reached.
    pub async fn retry_now(
        &self,
        scope: TenantScope,
        id: DeliveryId,
        actor: &str,
    ) -> Result<RetryResult, Error> {
        let now = self.clock().now() - SKEW;
        let write = self.begin_write().await?;
        let ids: [Value; 4] = [
            now.0.into(),
            id.uuid().into(),
            scope.merchant_id().uuid().into(),
            actor.into(),
        ];
        let forward = query(
            &write.transaction,
            "update jobs set due_us = $1, actor = $4 where id = $2 and merchant_id = $3 and due_us > $1 and not open
             returning id, endpoint_id, merchant_id, due_us, bulk",
            ids,
        )
        .await?;
        if let Some(job) = forward {
            write.note(noted("retryDelivery", scope, id), now).await?;
            write.commit().await?;
            return Ok(RetryResult::Queued(job));
        }
        let Some(shard) = shard_of(&write.transaction, scope, id).await? else {
            return Ok(RetryResult::NotFound);
        };
        let added = query(
            &write.transaction,
            "insert into jobs (id, event_id, endpoint_id, merchant_id, shard, due_us, number, open, trigger, actor)
             select id, event_id, endpoint_id, merchant_id, $1, $2, attempt_count, false, $3, $4
             from deliveries where id = $5 and status in (2, 3, 4, 5) on conflict do nothing
             returning id, endpoint_id, merchant_id, due_us, bulk",
            [
                i16::from(shard.number()).into(),
                now.0.into(),
                Trigger::Manual.code().into(),
                actor.into(),
                id.uuid().into(),
            ],
        )
        .await?;
        if added.is_some() {
            write.note(noted("retryDelivery", scope, id), now).await?;
        }
        write.commit().await?;
        Ok(added.map_or(RetryResult::Busy, RetryResult::Queued))
    }

    /// Stops a delivery that waits; `None` when there is none of this merchant, false when it is in
    /// flight or finished. A job whose attempt has no result yet is in flight even when its lease is over:
    /// the POST must get into the log first.
    ///
    /// Errors: the database cannot be reached.
    pub async fn cancel(&self, scope: TenantScope, id: DeliveryId) -> Result<Option<bool>, Error> {
        let now = self.clock().now();
        let write = self.begin_write().await?;
        if shard_of(&write.transaction, scope, id).await?.is_none() {
            return Ok(None);
        }
        let gone = end(
            &write.transaction,
            "delete from jobs where id = $1 and merchant_id = $2 and not open
             returning id, trigger",
            [id.uuid().into(), scope.merchant_id().uuid().into()],
        )
        .await?;
        if gone.is_empty() {
            return Ok(Some(false));
        }
        finish(&write.transaction, &gone, Status::Cancelled, None, now).await?;
        write.note(noted("cancelDelivery", scope, id), now).await?;
        write.commit().await?;
        Ok(Some(true))
    }

    /// Ends the waiting jobs of an endpoint, or of a merchant, that is gone (`Cancelled`) or disabled for too long
    /// (`Skipped`), at most `limit` of them. Answers how many; fewer than `limit` means all. Jobs whose
    /// attempt has no result yet stay. Nothing is done unless what `holds` says holds.
    ///
    /// Errors: the database cannot be reached.
    pub async fn end_waiting(
        &self,
        of: impl Into<Waiting>,
        skip: Option<SkipReason>,
        limit: i64,
        holds: While,
    ) -> Result<usize, Error> {
        let of = of.into();
        let now = self.clock().now();
        let write = self.begin_write().await?;
        if !still_holds(&write.transaction, of.endpoint_id, holds).await? {
            return Ok(0);
        }
        // The state is asked for twice: a claim may come between the two looks.
        let gone = end(
            &write.transaction,
            "delete from jobs where id in (
               select id from jobs where shard = $1 and endpoint_id = $2
                 and merchant_id = coalesce($4, merchant_id) and not open limit $3)
               and not open
             returning id, trigger",
            [
                i16::from(Shard::of(of.endpoint_id).number()).into(),
                of.endpoint_id.uuid().into(),
                limit.into(),
                of.merchant_id.map(Id::uuid).into(),
            ],
        )
        .await?;
        let status = if skip.is_some() {
            Status::Skipped
        } else {
            Status::Cancelled
        };
        finish(&write.transaction, &gone, status, skip, now).await?;
        write.commit().await?;
        Ok(gone.len())
    }

    /// Puts off the due jobs of a disabled or paused endpoint, or of a suspended merchant, until `until`, at most
    /// `limit` of them. Nothing is done unless what `holds` says holds.
    ///
    /// Errors: the database cannot be reached.
    pub async fn put_off(
        &self,
        of: impl Into<Waiting>,
        until: Micros,
        limit: i64,
        holds: While,
    ) -> Result<u64, Error> {
        let of = of.into();
        let now = self.clock().now();
        let write = self.begin_write().await?;
        if !still_holds(&write.transaction, of.endpoint_id, holds).await? {
            return Ok(0);
        }
        let statement = Statement::from_sql_and_values(
            write.transaction.get_database_backend(),
            "update jobs set due_us = $1 where id in (
               select id from jobs where shard = $2 and endpoint_id = $3
                 and merchant_id = coalesce($6, merchant_id) and due_us <= $4 and not open limit $5)
               and due_us <= $4 and not open",
            [
                until.0.into(),
                i16::from(Shard::of(of.endpoint_id).number()).into(),
                of.endpoint_id.uuid().into(),
                now.0.into(),
                limit.into(),
                of.merchant_id.map(Id::uuid).into(),
            ],
        );
        let done = write.transaction.execute_raw(statement).await?;
        write.commit().await?;
        Ok(done.rows_affected())
    }

    /// Makes the jobs due again that were put off while the endpoint was disabled: those whose due
    /// time is exactly `put_off_until`, oldest delivery first by a microsecond each.
    ///
    /// Errors: the database cannot be reached.
    pub async fn redue(
        &self,
        endpoint_id: EndpointId,
        put_off_until: Micros,
    ) -> Result<u64, Error> {
        let now = self.clock().now();
        let write = self.begin_write().await?;
        let statement = Statement::from_sql_and_values(
            write.transaction.get_database_backend(),
            "update jobs set due_us = $1 + r.place from (
               select id as job_id, row_number() over (order by id) as place from jobs
               where shard = $2 and endpoint_id = $3 and due_us = $4 and not open) as r
             where id = r.job_id and not open",
            [
                (now - Duration::from_secs(1)).0.into(),
                i16::from(Shard::of(endpoint_id).number()).into(),
                endpoint_id.uuid().into(),
                put_off_until.0.into(),
            ],
        );
        let done = write.transaction.execute_raw(statement).await?;
        write.commit().await?;
        Ok(done.rows_affected())
    }

    /// Whether the database answers.
    ///
    /// Errors: it does not.
    pub async fn ping(&self) -> Result<(), Error> {
        match &self.hot {
            Hot::Postgres(pool) => {
                self.in_time(async { Ok(sqlx::query("select 1").execute(pool).await?) })
                    .await?;
            }
            Hot::Sqlite(writer) => {
                writer
                    .run(|connection| {
                        async move {
                            sqlx::query("select 1").execute(connection).await?;
                            Ok(())
                        }
                        .boxed()
                    })
                    .await?;
            }
        }
        Ok(())
    }
}

fn noted(action: &'static str, scope: TenantScope, id: DeliveryId) -> Change {
    Change::of(action, id, Some(Owner::Merchant(scope.merchant_id())))
}

fn postgres_job(row: &sqlx::postgres::PgRow) -> DueJob {
    DueJob {
        delivery_id: DeliveryId::from_uuid(row.get(0)),
        endpoint_id: EndpointId::from_uuid(row.get(1)),
        merchant_id: MerchantId::from_uuid(row.get(2)),
        due: Micros(row.get(3)),
        bulk: row.get(4),
    }
}

fn api_job(row: &sea_orm::QueryResult) -> Result<DueJob, Error> {
    Ok(DueJob {
        delivery_id: DeliveryId::from_uuid(row.try_get_by_index(0)?),
        endpoint_id: EndpointId::from_uuid(row.try_get_by_index(1)?),
        merchant_id: MerchantId::from_uuid(row.try_get_by_index(2)?),
        due: Micros(row.try_get_by_index(3)?),
        bulk: row.try_get_by_index(4)?,
    })
}

async fn query<const N: usize>(
    transaction: &DatabaseTransaction,
    sql: &str,
    values: [Value; N],
) -> Result<Option<DueJob>, Error> {
    let backend = transaction.get_database_backend();
    let row = transaction
        .query_one_raw(Statement::from_sql_and_values(backend, sql, values))
        .await?;
    row.as_ref().map(api_job).transpose()
}

/// Deletes jobs and answers which, each with its trigger.
pub(crate) async fn end<const N: usize>(
    transaction: &DatabaseTransaction,
    sql: &str,
    values: [Value; N],
) -> Result<Vec<(Uuid, Trigger)>, Error> {
    let backend = transaction.get_database_backend();
    let rows = transaction
        .query_all_raw(Statement::from_sql_and_values(backend, sql, values))
        .await?;
    rows.iter()
        .map(|row| {
            let trigger = Trigger::from_code(row.try_get_by_index(1)?);
            Ok((row.try_get_by_index(0)?, trigger))
        })
        .collect()
}

/// The shard of a delivery of this merchant, whatever its state.
async fn shard_of(
    transaction: &DatabaseTransaction,
    scope: TenantScope,
    id: DeliveryId,
) -> Result<Option<Shard>, Error> {
    let delivery = query(
        transaction,
        "select id, endpoint_id, merchant_id, cast(0 as bigint), false from deliveries where id = $1 and merchant_id = $2",
        [id.uuid().into(), scope.merchant_id().uuid().into()],
    )
    .await?;
    Ok(delivery.map(|found| Shard::of(found.endpoint_id)))
}

/// Whether it holds. What it is about stays locked until the transaction ends, so that whoever changes it waits, and
/// then finds what was done here.
async fn still_holds(
    transaction: &DatabaseTransaction,
    id: EndpointId,
    holds: While,
) -> Result<bool, Error> {
    use crate::entity::endpoint::Entity;
    use sea_orm::{EntityTrait as _, QuerySelect as _};
    let since = match holds {
        While::Always => return Ok(true),
        While::Paused(id) => return still_paused(transaction, id).await,
        While::DisabledSince(since) => since,
    };
    let endpoint = Entity::find_by_id(id.uuid())
        .lock_exclusive()
        .one(transaction)
        .await?;
    Ok(endpoint.and_then(|row| row.disabled_us) == Some(since.0))
}

/// Writes a final state that no attempt led to. What waited for a manual retry had ended before: it stays
/// what it was.
pub(crate) async fn finish(
    transaction: &DatabaseTransaction,
    gone: &[(Uuid, Trigger)],
    status: Status,
    skip: Option<SkipReason>,
    now: Micros,
) -> Result<(), Error> {
    use crate::entity::delivery::{Column, Entity};
    use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, sea_query::Expr};
    let ids: Vec<Uuid> = gone
        .iter()
        .filter(|(_, trigger)| *trigger == Trigger::Schedule)
        .map(|(id, _)| *id)
        .collect();
    if ids.is_empty() {
        return Ok(());
    }
    Entity::update_many()
        .col_expr(Column::Status, Expr::value(status.code()))
        .col_expr(Column::SkipReason, Expr::value(skip.map(SkipReason::code)))
        .col_expr(Column::FinishedUs, Expr::value(Some(now.0)))
        .filter(Column::Id.is_in(ids))
        .exec(transaction)
        .await?;
    Ok(())
}
