//! Bulk retry jobs: made, shown and cancelled here; leased and carried on, step by step, in `retry_jobs/run.rs`.

mod postgres;
mod run;
mod selection;
mod sqlite;

use std::collections::HashSet;
use std::time::Duration;

use domain::clock::{Clock as _, Micros};
use domain::endpoint::Owner;
use domain::id::{DeliveryId, MerchantId, RetryJobId};
use domain::retry_job::{Progress, RetryJob, RetryJobStatus};
use domain::tenancy::Reach;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait as _, DatabaseTransaction,
    EntityTrait as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    QueryTrait as _, Select, Set, TransactionTrait as _, sea_query,
    sea_query::{Alias, Expr, ExprTrait as _},
};
use tokio::time::timeout;
use uuid::Uuid;

pub use self::run::{LeasedJob, Step, Waited};
pub use self::selection::{RetryPlan, Selection};
use crate::audit::{Change, wait_for_turn};
use crate::entity::{delivery, retry_job};
use crate::{Error, Page, PageRequest, Storage};

/// How long a count waits for its turn.
const COUNT_TURN: Duration = Duration::from_secs(2);
/// Deliveries that an estimate counts at most.
pub const COUNT_MAX: u64 = 1_000_000;

impl Storage {
    /// How many deliveries of the plan may be retried, up to [`COUNT_MAX`], and to how many endpoints they go.
    ///
    /// Errors: the database cannot be reached.
    pub async fn count_retries(
        &self,
        scope: impl Into<Reach>,
        plan: &RetryPlan,
    ) -> Result<(u64, u64), Error> {
        let rows = selection::candidates(plan, scope.into(), self.clock().now())
            .select_only()
            .column(delivery::Column::EndpointId)
            .limit(COUNT_MAX)
            .into_query();
        let by_endpoint = sea_query::Query::select()
            .expr_as(Expr::col(sea_query::Asterisk).count(), "deliveries")
            .from_subquery(rows, Alias::new("found"))
            .group_by_col(delivery::Column::EndpointId)
            .to_owned();
        let count = sea_query::Query::select()
            .expr(Expr::cust("cast(coalesce(sum(deliveries), 0) as bigint)"))
            .expr(Expr::col(sea_query::Asterisk).count())
            .from_subquery(by_endpoint, Alias::new("by_endpoint"))
            .to_owned();
        // A count may read a whole log: few at once, so that everybody else finds a connection.
        let turn = timeout(COUNT_TURN, self.counting.acquire()).await;
        let _turn = turn
            .map_err(|_| Error::Busy("too many are counting".to_owned()))?
            .map_err(|_| Error::Closed)?;
        let reading = self.read_by_index(true).await?;
        let row = reading.query_one(&count).await?;
        let row = row.ok_or(Error::Corrupt { what: "deliveries" })?;
        let count = |at| Ok::<_, Error>(row.try_get_by_index::<i64>(at)?.unsigned_abs());
        Ok((count(0)?, count(1)?))
    }

    /// A transaction that reads the log by its indexes whatever the statistics say: jobs come and go so fast that a
    /// plan made for an empty table would scan a full one for each delivery. It may `sort` only where no index has the
    /// order: where one has, a plan that sorts reads everything first.
    pub(crate) async fn read_by_index(&self, sort: bool) -> Result<DatabaseTransaction, Error> {
        let reading = self.reads.begin().await?;
        if self.is_shared() {
            let unscanned = "set local enable_seqscan = off";
            reading.execute_unprepared(unscanned).await?;
            if !sort {
                let unsorted = "set local enable_sort = off";
                reading.execute_unprepared(unsorted).await?;
            }
        }
        Ok(reading)
    }

    /// Those of the ids that are no deliveries of this merchant, or of anybody.
    ///
    /// Errors: the database cannot be reached.
    pub async fn unknown_deliveries(
        &self,
        scope: impl Into<Reach>,
        ids: &[DeliveryId],
    ) -> Result<HashSet<DeliveryId>, Error> {
        let found: Vec<Uuid> = selection::by_ids(ids, scope.into())
            .select_only()
            .column(delivery::Column::Id)
            .into_tuple()
            .all(&self.reads)
            .await?;
        let mut unknown: HashSet<DeliveryId> = ids.iter().copied().collect();
        for id in found {
            unknown.remove(&DeliveryId::from_uuid(id));
        }
        Ok(unknown)
    }

    /// Stores a new job, unless its merchant (or the platform, for a job across merchants) has `most` that are not
    /// finished: then false.
    ///
    /// Errors: the database cannot be reached.
    pub async fn create_retry_job(
        &self,
        job: &RetryJob,
        plan: &RetryPlan,
        most: u64,
    ) -> Result<bool, Error> {
        let row = row_of(job, plan)?;
        let write = self.begin_write().await?;
        // One is made at a time, so that two cannot both find room for the last.
        wait_for_turn(&write).await?;
        let unfinished = of_owner(job.merchant_id)
            .filter(retry_job::Column::FinishedUs.is_null())
            .count(&write.transaction)
            .await?;
        if unfinished >= most {
            return Ok(false);
        }
        row.insert(&write.transaction).await?;
        let mut note = noted("createRetryJob", job).states(None, Some(job));
        if let Some(after) = &mut note.after {
            after["selection"] = selection::view(&plan.selection)?;
        }
        write.note(note, self.clock().now()).await?;
        write.commit().await?;
        Ok(true)
    }

    /// One job: of the merchant, or anybody's for ops.
    ///
    /// Errors: the database cannot be reached.
    pub async fn retry_job(
        &self,
        scope: impl Into<Reach>,
        id: RetryJobId,
    ) -> Result<Option<RetryJob>, Error> {
        let found = seen_by(scope.into())
            .filter(retry_job::Column::Id.eq(id.uuid()))
            .one(&self.reads)
            .await?;
        found.as_ref().map(job_of).transpose()
    }

    /// Jobs, newest first: of the merchant, or everybody's for ops.
    ///
    /// Errors: the database cannot be reached.
    pub async fn retry_jobs(
        &self,
        scope: impl Into<Reach>,
        page: PageRequest,
    ) -> Result<Page<RetryJob>, Error> {
        let mut query = seen_by(scope.into())
            .order_by_desc(retry_job::Column::Id)
            .limit(page.limit + 1);
        if let Some(before) = page.before {
            query = query.filter(retry_job::Column::Id.lt(before));
        }
        let rows = query.all(&self.reads).await?;
        page.cut(rows, |row| row.id).try_map(|row| job_of(&row))
    }

    /// Cancels a job that runs: nothing more is queued from now on. `None` when there is none, false when it does not
    /// run any more.
    ///
    /// Errors: the database cannot be reached.
    pub async fn cancel_retry_job(
        &self,
        scope: impl Into<Reach>,
        id: RetryJobId,
    ) -> Result<Option<bool>, Error> {
        let Some(job) = self.retry_job(scope, id).await? else {
            return Ok(None);
        };
        let write = self.begin_write().await?;
        let done = retry_job::Entity::update_many()
            .col_expr(
                retry_job::Column::Status,
                Expr::value(RetryJobStatus::Cancelled.code()),
            )
            .filter(retry_job::Column::Id.eq(id.uuid()))
            .filter(retry_job::Column::Status.eq(RetryJobStatus::Running.code()))
            .exec(&write.transaction)
            .await?;
        if done.rows_affected == 1 {
            let note = noted("cancelRetryJob", &job);
            write.note(note, self.clock().now()).await?;
        }
        write.commit().await?;
        Ok(Some(done.rows_affected == 1))
    }
}

fn noted(action: &'static str, job: &RetryJob) -> Change {
    Change::of(action, job.id, job.merchant_id.map(Owner::Merchant))
}

/// The jobs that a merchant sees, or ops.
fn seen_by(of: Reach) -> Select<retry_job::Entity> {
    match of {
        Reach::Merchant(scope) => of_owner(Some(scope.merchant_id())),
        Reach::Platform(_) => retry_job::Entity::find(),
    }
}

/// The jobs of a merchant, or those across merchants.
fn of_owner(merchant_id: Option<MerchantId>) -> Select<retry_job::Entity> {
    let owner = retry_job::Column::MerchantId;
    retry_job::Entity::find().filter(match merchant_id {
        Some(id) => owner.eq(id.uuid()),
        None => owner.is_null(),
    })
}

fn row_of(job: &RetryJob, plan: &RetryPlan) -> Result<retry_job::ActiveModel, Error> {
    let progress = job.progress;
    Ok(retry_job::ActiveModel {
        id: Set(job.id.uuid()),
        merchant_id: Set(job.merchant_id.map(MerchantId::uuid)),
        actor: Set(job.actor.clone()),
        selection: Set(selection::write(&plan.selection)?),
        include_succeeded: Set(job.include_succeeded),
        rate: Set(i32::try_from(job.rate).unwrap_or(i32::MAX)),
        status: Set(job.status.code()),
        estimate: Set(progress.estimate.cast_signed()),
        queued: Set(progress.queued.cast_signed()),
        skipped: Set(progress.skipped.cast_signed()),
        succeeded: Set(progress.succeeded.cast_signed()),
        failed: Set(progress.failed.cast_signed()),
        withdrawn: Set(progress.withdrawn.cast_signed()),
        cursor_id: Set(Uuid::nil()),
        looked_through: Set(job.looked_through),
        owner_id: Set(None),
        lease_until_us: Set(0),
        created_us: Set(job.created_at.0),
        finished_us: Set(job.finished_at.map(|at| at.0)),
    })
}

fn job_of(row: &retry_job::Model) -> Result<RetryJob, Error> {
    Ok(RetryJob {
        id: RetryJobId::from_uuid(row.id),
        merchant_id: row.merchant_id.map(MerchantId::from_uuid),
        actor: row.actor.clone(),
        rate: row.rate.unsigned_abs(),
        include_succeeded: row.include_succeeded,
        status: RetryJobStatus::from_code(row.status).ok_or(Error::Corrupt {
            what: "retry_jobs.status",
        })?,
        progress: Progress {
            estimate: row.estimate.unsigned_abs(),
            queued: row.queued.unsigned_abs(),
            skipped: row.skipped.unsigned_abs(),
            succeeded: row.succeeded.unsigned_abs(),
            failed: row.failed.unsigned_abs(),
            withdrawn: row.withdrawn.unsigned_abs(),
        },
        looked_through: row.looked_through,
        created_at: Micros(row.created_us),
        finished_at: row.finished_us.map(Micros),
    })
}
