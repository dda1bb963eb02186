//! Carrying bulk retry jobs on. A worker holds a job by a lease in its row; every step names the owner and the place
//! it started from, and is one commit: attempts queued, deliveries noted, cursor and counters moved, or none of it.
//! So a process that dies or is overtaken at any point neither loses a delivery nor queues one twice.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use domain::attempt::Trigger;
use domain::clock::{Clock as _, Micros};
use domain::delivery::{Delivery, Status};
use domain::id::{DeliveryId, EndpointId, MerchantId, RetryJobId, WorkerId};
use domain::retry_job::{RetryJob, RetryJobStatus, RetryResult, is_withdrawn, result_of};
use domain::tenancy::{PlatformScope, Reach, TenantScope};
use futures::FutureExt as _;
use sea_orm::{
    ColumnTrait as _, Condition, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
    sea_query::{Expr, ExprTrait as _},
};
use uuid::Uuid;

use super::selection::{self, RetryPlan};
use super::{job_of, postgres, sqlite};
use crate::entity::{delivery, job, retry_job, retry_job_item as item};
use crate::events::SKEW;
use crate::{Error, Hot, Storage};

/// Jobs that are read at once.
const LOOK: u64 = 100;

/// A job that has not finished, and who holds it.
#[derive(Debug, Clone)]
pub struct LeasedJob {
    /// The job.
    pub job: RetryJob,
    /// What it retries.
    pub plan: RetryPlan,
    /// The last delivery that was looked at.
    pub cursor: DeliveryId,
    /// Who runs it, as long as the lease lasts.
    pub owner: Option<WorkerId>,
    /// When the lease ends.
    pub lease_until: Micros,
}

impl LeasedJob {
    /// Whose deliveries it is about: whoever made it was proven then.
    pub fn reach(&self) -> Reach {
        match self.job.merchant_id {
            Some(id) => TenantScope::of(id).into(),
            None => PlatformScope::proven().into(),
        }
    }

    /// Whether this worker may take it.
    pub fn is_free_for(&self, worker: WorkerId, now: Micros) -> bool {
        self.owner == Some(worker) || self.lease_until <= now
    }
}

/// One step of a job: what came after its cursor, and which of it is to be queued.
#[derive(Debug, Clone)]
pub struct Step {
    /// The last delivery that was looked at.
    pub upto: DeliveryId,
    /// Whether there is nothing behind it.
    pub looked_through: bool,
    /// How many deliveries were looked at.
    pub looked_at: usize,
    /// Those to queue, in the order of their ids, each with where it goes.
    pub wanted: Vec<(DeliveryId, EndpointId)>,
}

/// A delivery whose attempt was queued, and what it came to, if that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waited {
    /// The delivery.
    pub delivery_id: DeliveryId,
    /// The result.
    pub result: Option<RetryResult>,
}

impl Storage {
    /// The jobs that have not finished and that this worker may carry on, oldest first.
    ///
    /// Errors: the database cannot be reached.
    pub async fn unfinished_retry_jobs(&self, worker: WorkerId) -> Result<Vec<LeasedJob>, Error> {
        let mut jobs = Vec::new();
        let mut after = Uuid::nil();
        loop {
            let free = Condition::any()
                .add(retry_job::Column::OwnerId.eq(worker.uuid()))
                .add(retry_job::Column::LeaseUntilUs.lte(self.clock().now().0));
            let rows = retry_job::Entity::find()
                .filter(retry_job::Column::FinishedUs.is_null())
                .filter(retry_job::Column::Id.gt(after))
                .filter(free)
                .order_by_asc(retry_job::Column::Id)
                .limit(LOOK)
                .all(&self.reads)
                .await?;
            for row in &rows {
                after = row.id;
                match leased_of(row) {
                    Ok(leased) => jobs.push(leased),
                    // One that a newer version wrote must not stop all others.
                    Err(error) => {
                        let id = RetryJobId::from_uuid(row.id);
                        tracing::warn!(retry_job.id = %id, %error, "retry_job.unreadable");
                    }
                }
            }
            if u64::try_from(rows.len()).is_ok_and(|count| count < LOOK) {
                return Ok(jobs);
            }
        }
    }

    /// Takes the lease of a job, or makes it longer; false when another worker holds it.
    ///
    /// Errors: the database cannot be reached.
    pub async fn lease_retry_job(
        &self,
        leased: &LeasedJob,
        worker: WorkerId,
        until: Micros,
    ) -> Result<bool, Error> {
        let free = Condition::any()
            .add(retry_job::Column::OwnerId.eq(worker.uuid()))
            .add(retry_job::Column::LeaseUntilUs.lte(self.clock().now().0));
        let write = self.begin_write().await?;
        let done = retry_job::Entity::update_many()
            .col_expr(retry_job::Column::OwnerId, Expr::value(Some(worker.uuid())))
            .col_expr(retry_job::Column::LeaseUntilUs, Expr::value(until.0))
            .filter(retry_job::Column::Id.eq(leased.job.id.uuid()))
            .filter(retry_job::Column::FinishedUs.is_null())
            .filter(free)
            .exec(&write.transaction)
            .await?;
        write.commit().await?;
        Ok(done.rows_affected == 1)
    }

    /// Gives all leases of a worker back, so that another may go on at once.
    ///
    /// Errors: the database cannot be reached.
    pub async fn release_retry_jobs(&self, worker: WorkerId) -> Result<(), Error> {
        let write = self.begin_write().await?;
        retry_job::Entity::update_many()
            .col_expr(retry_job::Column::LeaseUntilUs, Expr::value(0_i64))
            .filter(retry_job::Column::FinishedUs.is_null())
            .filter(retry_job::Column::OwnerId.eq(worker.uuid()))
            .exec(&write.transaction)
            .await?;
        write.commit().await
    }

    /// The next deliveries of a job, oldest first, at most `most`; fewer are the last.
    ///
    /// Errors: the database cannot be reached.
    pub async fn retry_candidates(
        &self,
        leased: &LeasedJob,
        most: u64,
    ) -> Result<Vec<Delivery>, Error> {
        let now = self.clock().now();
        let sort = !selection::is_in_order(&leased.plan);
        let reading = self.read_by_index(sort).await?;
        let rows = selection::candidates(&leased.plan, leased.reach(), now)
            .filter(delivery::Column::Id.gt(leased.cursor.uuid()))
            .order_by_asc(delivery::Column::Id)
            .limit(most)
            .all(&reading)
            .await?;
        // One connection at a time.
        reading.commit().await?;
        self.complete(rows).await
    }

    /// Does one step: queues what is wanted and still may be retried, and moves the cursor. Answers how many were
    /// queued; `None`, and nothing is done, when the job is another's, cancelled, or not where it was.
    ///
    /// Errors: the database cannot be reached or refuses; then nothing is done.
    pub async fn queue_retries(
        &self,
        leased: &LeasedJob,
        worker: WorkerId,
        step: Step,
    ) -> Result<Option<u64>, Error> {
        let due = self.clock().now() - SKEW;
        match &self.hot {
            Hot::Postgres(pool) => {
                self.in_time(postgres::queue(pool, leased, worker, &step, due))
                    .await
            }
            Hot::Sqlite(writer) => {
                let (leased, step) = (leased.clone(), Arc::new(step));
                writer
                    .run(move |connection| {
                        async move { sqlite::queue(connection, &leased, worker, &step, due).await }
                            .boxed()
                    })
                    .await
            }
        }
    }

    /// A page of the deliveries whose attempts a job has queued and whose results are not counted yet, after `after`,
    /// each with its result if there is one.
    ///
    /// Errors: the database cannot be reached.
    pub async fn awaited_retries(
        &self,
        leased: &LeasedJob,
        after: DeliveryId,
        most: u64,
    ) -> Result<Vec<Waited>, Error> {
        let items = item::Entity::find()
            .filter(item::Column::RetryJobId.eq(leased.job.id.uuid()))
            .filter(item::Column::DeliveryId.gt(after.uuid()))
            .order_by_asc(item::Column::DeliveryId)
            .limit(most)
            .all(&self.reads)
            .await?;
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<Uuid> = items.iter().map(|item| item.delivery_id).collect();
        // Jobs before deliveries: an attempt that is settled in between is found in the delivery.
        let waiting: HashMap<Uuid, i32> = job::Entity::find()
            .select_only()
            .columns([job::Column::Id, job::Column::Number])
            .filter(job::Column::Id.is_in(ids.clone()))
            .into_tuple::<(Uuid, i32)>()
            .all(&self.reads)
            .await?
            .into_iter()
            .collect();
        let deliveries: HashMap<Uuid, (i32, bool)> = delivery::Entity::find()
            .select_only()
            .columns([
                delivery::Column::Id,
                delivery::Column::AttemptCount,
                delivery::Column::Status,
            ])
            .filter(delivery::Column::Id.is_in(ids))
            .into_tuple::<(Uuid, i32, i16)>()
            .all(&self.reads)
            .await?
            .into_iter()
            .map(|(id, attempts, status)| (id, (attempts, status == Status::Succeeded.code())))
            .collect();
        let waited = |row: item::Model| Waited {
            delivery_id: DeliveryId::from_uuid(row.delivery_id),
            result: result_of(
                row.number,
                deliveries.get(&row.delivery_id).copied(),
                waiting.contains_key(&row.delivery_id),
            ),
        };
        Ok(items.into_iter().map(waited).collect())
    }

    /// Counts results, each once, however often they are given.
    ///
    /// Errors: the database cannot be reached or refuses; then nothing is counted.
    pub async fn count_results(
        &self,
        leased: &LeasedJob,
        results: &[(DeliveryId, RetryResult)],
    ) -> Result<(), Error> {
        if let Hot::Sqlite(writer) = &self.hot {
            // With what else is written: a commit of its own would hold live work up.
            let (id, results) = (leased.job.id, results.to_vec());
            return writer
                .run(move |connection| {
                    async move { sqlite::count(connection, id, &results).await }.boxed()
                })
                .await;
        }
        let mut by_result: BTreeMap<u8, (RetryResult, Vec<Uuid>)> = BTreeMap::new();
        for (id, result) in results {
            let entry = by_result.entry(*result as u8);
            let entry = entry.or_insert_with(|| (*result, Vec::new()));
            entry.1.push(id.uuid());
        }
        let write = self.begin_write().await?;
        lock(&write.transaction, leased).await?;
        for (result, ids) in by_result.into_values() {
            forget(&write.transaction, leased, result, ids).await?;
        }
        write.commit().await
    }

    /// Takes back those attempts of a cancelled job that have not begun. What the schedule sends anyway stays.
    ///
    /// Errors: the database cannot be reached or refuses; then nothing is taken back.
    pub async fn withdraw_retries(
        &self,
        leased: &LeasedJob,
        ids: &[DeliveryId],
    ) -> Result<(), Error> {
        let write = self.begin_write().await?;
        lock(&write.transaction, leased).await?;
        let waiting: Vec<(Uuid, i16)> = job::Entity::find()
            .select_only()
            .columns([job::Column::Id, job::Column::Trigger])
            .filter(job::Column::Id.is_in(ids.iter().map(|id| id.uuid())))
            .filter(job::Column::Open.eq(false))
            .filter(Expr::cust("bulk"))
            .order_by_asc(job::Column::Id)
            .lock_exclusive()
            .into_tuple()
            .all(&write.transaction)
            .await?;
        let back: Vec<Uuid> = waiting
            .into_iter()
            .filter(|(_, trigger)| is_withdrawn(Trigger::from_code(*trigger)))
            .map(|(id, _)| id)
            .collect();
        if !back.is_empty() {
            job::Entity::delete_many()
                .filter(job::Column::Id.is_in(back.iter().copied()))
                .exec(&write.transaction)
                .await?;
            forget(&write.transaction, leased, RetryResult::Withdrawn, back).await?;
        }
        write.commit().await
    }

    /// Ends a job that is done; false when results are still to come.
    ///
    /// Errors: the database cannot be reached.
    pub async fn finish_retry_job(&self, leased: &LeasedJob) -> Result<bool, Error> {
        let now = self.clock().now();
        let done = Condition::any()
            .add(retry_job::Column::LookedThrough.eq(true))
            .add(retry_job::Column::Status.eq(RetryJobStatus::Cancelled.code()));
        let items = item::Entity::find()
            .select_only()
            .column(item::Column::DeliveryId)
            .filter(item::Column::RetryJobId.eq(leased.job.id.uuid()));
        let completed = Expr::case(
            Expr::col(retry_job::Column::Status).eq(RetryJobStatus::Running.code()),
            RetryJobStatus::Completed.code(),
        )
        .finally(Expr::col(retry_job::Column::Status));
        let write = self.begin_write().await?;
        let ended = retry_job::Entity::update_many()
            .col_expr(retry_job::Column::Status, completed.into())
            .col_expr(retry_job::Column::FinishedUs, Expr::value(Some(now.0)))
            .filter(retry_job::Column::Id.eq(leased.job.id.uuid()))
            .filter(retry_job::Column::FinishedUs.is_null())
            .filter(done)
            .filter(Expr::exists(sea_orm::QueryTrait::into_query(items)).not())
            .exec(&write.transaction)
            .await?;
        write.commit().await?;
        Ok(ended.rows_affected == 1)
    }
}

fn leased_of(row: &retry_job::Model) -> Result<LeasedJob, Error> {
    let job = job_of(row)?;
    Ok(LeasedJob {
        plan: RetryPlan {
            selection: selection::read(&row.selection)?,
            include_succeeded: job.include_succeeded,
            asked_at: job.created_at,
        },
        job,
        cursor: DeliveryId::from_uuid(row.cursor_id),
        owner: row.owner_id.map(WorkerId::from_uuid),
        lease_until: Micros(row.lease_until_us),
    })
}

/// Whoever changes a job's counters locks its row first, so that no two wait for each other.
async fn lock(transaction: &DatabaseTransaction, leased: &LeasedJob) -> Result<(), Error> {
    retry_job::Entity::find_by_id(leased.job.id.uuid())
        .lock_exclusive()
        .one(transaction)
        .await?;
    Ok(())
}

/// Waits for these no longer, and counts those that were waited for.
async fn forget(
    transaction: &DatabaseTransaction,
    leased: &LeasedJob,
    result: RetryResult,
    ids: Vec<Uuid>,
) -> Result<(), Error> {
    let id = leased.job.id.uuid();
    let gone = item::Entity::delete_many()
        .filter(item::Column::RetryJobId.eq(id))
        .filter(item::Column::DeliveryId.is_in(ids))
        .exec(transaction)
        .await?;
    let counter = match result {
        RetryResult::Succeeded => retry_job::Column::Succeeded,
        RetryResult::Failed => retry_job::Column::Failed,
        RetryResult::Withdrawn => retry_job::Column::Withdrawn,
    };
    let more = Expr::col(counter).add(gone.rows_affected.cast_signed());
    retry_job::Entity::update_many()
        .col_expr(counter, more)
        .filter(retry_job::Column::Id.eq(id))
        .exec(transaction)
        .await?;
    Ok(())
}

/// The merchant of a job, as statements take it.
pub(super) fn merchant_of(leased: &LeasedJob) -> Option<Uuid> {
    leased.job.merchant_id.map(MerchantId::uuid)
}
