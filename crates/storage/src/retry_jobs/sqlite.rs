//! One step of a bulk retry job on SQLite: a share of the writer's transaction, in which nobody else writes.

use domain::attempt::Trigger;
use domain::clock::Micros;
use domain::id::{DeliveryId, EndpointId, RetryJobId, WorkerId};
use domain::retry_job::{RetryJobStatus, RetryResult};
use domain::shard::Shard;
use sqlx::{Row as _, SqliteConnection};

use super::run::{LeasedJob, Step, merchant_of};
use crate::Error;

pub(super) async fn queue(
    connection: &mut SqliteConnection,
    leased: &LeasedJob,
    worker: WorkerId,
    step: &Step,
    due: Micros,
) -> Result<Option<u64>, Error> {
    let moved = sqlx::query(
        "update retry_jobs set cursor_id = ?, looked_through = ?
         where id = ? and owner_id = ? and cursor_id = ? and status = ? and not looked_through",
    )
    .bind(step.upto.uuid())
    .bind(step.looked_through)
    .bind(leased.job.id.uuid())
    .bind(worker.uuid())
    .bind(leased.cursor.uuid())
    .bind(RetryJobStatus::Running.code())
    .execute(&mut *connection)
    .await?;
    if moved.rows_affected() == 0 {
        return Ok(None);
    }
    let mut queued = 0;
    for (id, endpoint_id) in &step.wanted {
        if let Some(number) = queue_one(connection, leased, (*id, *endpoint_id), due).await? {
            queued += note(connection, leased, *id, number).await?;
        }
    }
    let looked_at = i64::try_from(step.looked_at).unwrap_or(i64::MAX);
    sqlx::query("update retry_jobs set queued = queued + ?, skipped = skipped + ? where id = ?")
        .bind(queued)
        .bind(looked_at - queued)
        .bind(leased.job.id.uuid())
        .execute(connection)
        .await?;
    Ok(Some(queued.unsigned_abs()))
}

/// Counts results, each of which is waited for once.
pub(super) async fn count(
    connection: &mut SqliteConnection,
    id: RetryJobId,
    results: &[(DeliveryId, RetryResult)],
) -> Result<(), Error> {
    let (mut succeeded, mut failed, mut withdrawn) = (0, 0, 0);
    for (delivery_id, result) in results {
        let gone =
            sqlx::query("delete from retry_job_items where retry_job_id = ? and delivery_id = ?")
                .bind(id.uuid())
                .bind(delivery_id.uuid())
                .execute(&mut *connection)
                .await?;
        let counter = match result {
            RetryResult::Succeeded => &mut succeeded,
            RetryResult::Failed => &mut failed,
            RetryResult::Withdrawn => &mut withdrawn,
        };
        *counter += i64::try_from(gone.rows_affected()).unwrap_or(i64::MAX);
    }
    sqlx::query(
        "update retry_jobs set succeeded = succeeded + ?, failed = failed + ?, withdrawn = withdrawn + ? where id = ?",
    )
    .bind(succeeded)
    .bind(failed)
    .bind(withdrawn)
    .bind(id.uuid())
    .execute(connection)
    .await?;
    Ok(())
}

/// Brings an attempt forward or adds one; answers how many there were before it. `None` for a delivery that is to be
/// left alone.
async fn queue_one(
    connection: &mut SqliteConnection,
    leased: &LeasedJob,
    (id, endpoint_id): (DeliveryId, EndpointId),
    due: Micros,
) -> Result<Option<i32>, Error> {
    let forward = sqlx::query(
        "update jobs set due_us = ?1, bulk = true
         where id = ?2 and due_us > ?1 and not open and merchant_id = coalesce(?3, merchant_id) returning number",
    )
    .bind(due.0)
    .bind(id.uuid())
    .bind(merchant_of(leased))
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(row) = forward {
        return Ok(Some(row.get(0)));
    }
    let added = sqlx::query(
        "insert into jobs (id, event_id, endpoint_id, merchant_id, shard, due_us, number, open, trigger, actor, bulk)
         select id, event_id, endpoint_id, merchant_id, ?, ?, attempt_count, false, ?, ?, true
         from deliveries where id = ? and (status in (3, 4, 5) or (status = 2 and ?))
           and merchant_id = coalesce(?, merchant_id)
         on conflict do nothing returning number",
    )
    .bind(i16::from(Shard::of(endpoint_id).number()))
    .bind(due.0)
    .bind(Trigger::Manual.code())
    .bind(&leased.job.actor)
    .bind(id.uuid())
    .bind(leased.plan.include_succeeded)
    .bind(merchant_of(leased))
    .fetch_optional(connection)
    .await?;
    Ok(added.map(|row| row.get(0)))
}

/// Notes that a result is waited for; 0 when it was already.
async fn note(
    connection: &mut SqliteConnection,
    leased: &LeasedJob,
    id: DeliveryId,
    number: i32,
) -> Result<i64, Error> {
    let noted = sqlx::query(
        "insert into retry_job_items (retry_job_id, delivery_id, number) values (?, ?, ?) on conflict do nothing",
    )
    .bind(leased.job.id.uuid())
    .bind(id.uuid())
    .bind(number)
    .execute(connection)
    .await?;
    Ok(i64::try_from(noted.rows_affected()).unwrap_or(i64::MAX))
}
