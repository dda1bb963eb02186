//! Claims on PostgreSQL: one statement a batch.

use domain::attempt::{Outcome, Trigger};
use domain::clock::Micros;
use domain::id::{DeliveryId, EndpointId, EventId, MerchantId};
use sqlx::{PgPool, Row as _};
use uuid::Uuid;

use super::{Claimed, LOST, Undo, Want};
use crate::{ConfigVersion, Error};

/// Takes the lease on due jobs, logging lost attempts. SKIP LOCKED keeps two workers apart while a shard
/// changes hands; no query builder has it inside a data-modifying CTE.
const CLAIM: &str = "
with picked as materialized (
  select j.id, j.open as was_open, j.number, j.endpoint_id, j.trigger, j.actor, w.lease, w.lost_id
  from unnest($1::uuid[], $2::bigint[], $3::uuid[]) as w (id, lease, lost_id)
  join jobs j on j.id = w.id
  where j.due_us <= $4::bigint and (select v from config_clock) = $5::bigint
    and (not j.open or $8::boolean)
  for update of j skip locked),
lost as (
  insert into attempts (delivery_id, number, id, endpoint_id, trigger, actor, late, started_us, duration_us,
    url, request_headers, outcome, error, response_headers, response_body, body_state)
  select id, number, lost_id, endpoint_id, trigger, actor, false, $4::bigint, 0,
    '', '[]', $6::smallint, $7::text, '[]', '', 0
  from picked where was_open)
update jobs j set due_us = p.lease, number = j.number + 1, open = true
from picked p where j.id = p.id
returning j.id, j.event_id, j.endpoint_id, j.merchant_id, j.number, p.was_open, j.trigger, j.actor, j.due_us";

pub(super) async fn claim(
    pool: &PgPool,
    version: ConfigVersion,
    wants: &[Want],
    take_open: bool,
    now: Micros,
) -> Result<Vec<Claimed>, Error> {
    let ids: Vec<Uuid> = wants.iter().map(|want| want.delivery_id.uuid()).collect();
    let leases: Vec<i64> = wants.iter().map(|want| want.lease_until.0).collect();
    let lost: Vec<Uuid> = wants
        .iter()
        .map(|want| want.lost_attempt_id.uuid())
        .collect();
    let rows = sqlx::query(CLAIM)
        .bind(ids)
        .bind(leases)
        .bind(lost)
        .bind(now.0)
        .bind(version)
        .bind(Outcome::Unknown.code())
        .bind(LOST)
        .bind(take_open)
        .fetch_all(pool)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| Claimed {
            delivery_id: DeliveryId::from_uuid(row.get(0)),
            lease_until: Micros(row.get(8)),
            event_id: EventId::from_uuid(row.get(1)),
            endpoint_id: EndpointId::from_uuid(row.get(2)),
            merchant_id: MerchantId::from_uuid(row.get(3)),
            number: row.get(4),
            was_lost: row.get(5),
            trigger: Trigger::from_code(row.get(6)),
            actor: row.get(7),
        })
        .collect())
}

/// A lease that is named without its number is told by its end alone.
const UNDO: &str = "
update jobs j set due_us = $4::bigint, number = j.number - 1, open = false
from unnest($1::uuid[], $2::bigint[], $3::integer[]) as c (id, lease, number)
where j.id = c.id and j.open and j.due_us = c.lease and j.number = coalesce(c.number, j.number)";

pub(super) async fn undo(pool: &PgPool, claims: &[Undo], due: Micros) -> Result<(), Error> {
    let ids: Vec<Uuid> = claims
        .iter()
        .map(|claim| claim.delivery_id.uuid())
        .collect();
    let leases: Vec<i64> = claims.iter().map(|claim| claim.until.0).collect();
    let numbers: Vec<Option<i32>> = claims.iter().map(|claim| claim.number).collect();
    sqlx::query(UNDO)
        .bind(ids)
        .bind(leases)
        .bind(numbers)
        .bind(due.0)
        .execute(pool)
        .await?;
    Ok(())
}
