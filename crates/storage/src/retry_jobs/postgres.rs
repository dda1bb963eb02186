//! One step of a bulk retry job on PostgreSQL: one statement, one commit.

use domain::attempt::Trigger;
use domain::clock::Micros;
use domain::id::WorkerId;
use domain::retry_job::RetryJobStatus;
use domain::shard::Shard;
use sqlx::{PgPool, Row as _};
use uuid::Uuid;

use super::run::{LeasedJob, Step, merchant_of};
use crate::Error;

/// Nothing happens unless the job's row is where the step started from. A delivery that has a job at that moment is
/// brought forward or left alone, whatever its state: its number is still to be counted.
const QUEUE: &str = "
with ours as materialized (
  select id from retry_jobs
  where id = $1::uuid and owner_id = $2::uuid and cursor_id = $3::uuid and status = $4::smallint
    and not looked_through
  for update),
wanted as materialized (
  select w.id, w.shard from unnest($5::uuid[], $6::smallint[]) as w (id, shard)
  where exists (select 1 from ours)),
forward as (
  update jobs j set due_us = $7::bigint, bulk = true from wanted w
  where j.id = w.id and j.due_us > $7::bigint and not j.open
    and j.merchant_id = coalesce($8::uuid, j.merchant_id)
  returning j.id, j.number),
added as (
  insert into jobs (id, event_id, endpoint_id, merchant_id, shard, due_us, number, open, trigger, actor, bulk)
  select d.id, d.event_id, d.endpoint_id, d.merchant_id, w.shard, $7::bigint, d.attempt_count, false, $9::smallint,
    $10::text, true
  from wanted w join deliveries d on d.id = w.id
  where (d.status in (3, 4, 5) or (d.status = 2 and $11::boolean)) and d.merchant_id = coalesce($8::uuid, d.merchant_id)
    and not exists (select 1 from jobs j where j.id = d.id)
  on conflict do nothing
  returning id, number),
noted as (
  insert into retry_job_items (retry_job_id, delivery_id, number)
  select $1::uuid, q.id, q.number from (select * from forward union all select * from added) as q
  on conflict do nothing
  returning 1),
counted as (select count(*) as n from noted)
update retry_jobs r set cursor_id = $12::uuid, looked_through = $13::boolean, queued = r.queued + c.n,
  skipped = r.skipped + $14::bigint - c.n
from counted c where r.id = (select id from ours)
returning c.n";

pub(super) async fn queue(
    pool: &PgPool,
    leased: &LeasedJob,
    worker: WorkerId,
    step: &Step,
    due: Micros,
) -> Result<Option<u64>, Error> {
    let ids: Vec<Uuid> = step.wanted.iter().map(|(id, _)| id.uuid()).collect();
    let shards: Vec<i16> = step
        .wanted
        .iter()
        .map(|(_, endpoint_id)| Shard::of(*endpoint_id).number().into())
        .collect();
    let row = sqlx::query(QUEUE)
        .bind(leased.job.id.uuid())
        .bind(worker.uuid())
        .bind(leased.cursor.uuid())
        .bind(RetryJobStatus::Running.code())
        .bind(ids)
        .bind(shards)
        .bind(due.0)
        .bind(merchant_of(leased))
        .bind(Trigger::Manual.code())
        .bind(&leased.job.actor)
        .bind(leased.plan.include_succeeded)
        .bind(step.upto.uuid())
        .bind(step.looked_through)
        .bind(i64::try_from(step.looked_at).unwrap_or(i64::MAX))
        .fetch_optional(pool)
        .await?;
    Ok(row.map(|row| row.get::<i64, _>(0).unsigned_abs()))
}
