//! Settling on PostgreSQL: one statement and one commit a batch.

use std::collections::HashSet;

use domain::attempt::{Attempt, Trigger};
use domain::clock::Micros;
use domain::delivery::Status;
use domain::id::{DeliveryId, Id};
use sqlx::{PgPool, Row as _};
use uuid::Uuid;

use super::{Settlement, headers_json, span, status};
use crate::Error;

/// Ends or moves jobs whose lease is still ours, updates the deliveries of those only, and logs all attempts,
/// the others' as late.
/// The rows travel through RETURNING, so that each join is an index lookup by id in the arrays' order.
/// An attempt that is logged already is a batch sent again because the answer to its commit was lost: it
/// changes nothing, as its jobs are open no more.
const SETTLE: &str = "
with ended as materialized (
  select * from unnest($22::uuid[], $23::integer[], $24::bigint[], $25::smallint[], $26::smallint[], $27::smallint[],
    $28::bigint[], $29::uuid[], $30::boolean[], $31::integer[], $33::bigint[])
    as e (id, number, due_us, status, outcome, http_status, finished_us, merchant_id, manual, attempt_count, lease)),
gone as (
  delete from jobs j using ended e
  where j.id = e.id and j.number = e.number and j.open and j.due_us = e.lease and e.due_us is null returning e.*),
moved as (
  update jobs j set due_us = e.due_us, open = false, bulk = false, actor = null
  from ended e
  where j.id = e.id and j.number = e.number and j.open and j.due_us = e.lease and e.due_us is not null returning e.*),
done as (select * from gone union all select * from moved),
logged as (
  insert into attempts (delivery_id, number, id, endpoint_id, trigger, actor, late, started_us, duration_us,
    dns_us, connect_us, tls_us, first_byte_us, url, remote_ip, request_headers, outcome, error, http_status,
    response_headers, response_body, body_state, batch_id)
  select a.delivery_id, a.number, a.id, a.endpoint_id, a.trigger, a.actor,
    (a.delivery_id, a.number, a.lease) not in (select id, number, lease from done), a.started_us, a.duration_us,
    a.dns_us, a.connect_us, a.tls_us, a.first_byte_us, a.url, a.remote_ip, a.request_headers, a.outcome, a.error,
    a.http_status, a.response_headers, a.response_body, a.body_state, a.batch_id
  from unnest($1::uuid[], $2::integer[], $3::uuid[], $4::uuid[], $5::smallint[], $6::text[], $7::bigint[],
    $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::text[], $14::text[], $15::text[],
    $16::smallint[], $17::text[], $18::smallint[], $19::text[], $20::bytea[], $21::smallint[],
    $34::bigint[], $35::uuid[])
    as a (delivery_id, number, id, endpoint_id, trigger, actor, started_us, duration_us, dns_us, connect_us, tls_us,
      first_byte_us, url, remote_ip, request_headers, outcome, error, http_status, response_headers, response_body,
      body_state, lease, batch_id)
  on conflict do nothing),
delivery as (
  update deliveries d set status = n.status, attempt_count = n.attempt_count, last_outcome = n.outcome,
    last_http_status = n.http_status, finished_us = n.finished_us
  from done n where d.id = n.id),
failed as (
  insert into failed_deliveries (merchant_id, delivery_id)
  select merchant_id, id from gone where status = $32::smallint on conflict do nothing),
recovered as (
  delete from failed_deliveries f using gone g
  where g.manual and g.status <> $32::smallint and f.merchant_id = g.merchant_id and f.delivery_id = g.id)
select id from done";

#[derive(Default)]
struct Attempts<'a> {
    delivery_ids: Vec<Uuid>,
    numbers: Vec<i32>,
    ids: Vec<Uuid>,
    endpoints: Vec<Uuid>,
    triggers: Vec<i16>,
    actors: Vec<Option<&'a str>>,
    started: Vec<i64>,
    durations: Vec<i64>,
    dns: Vec<Option<i64>>,
    connects: Vec<Option<i64>>,
    tls: Vec<Option<i64>>,
    first_bytes: Vec<Option<i64>>,
    urls: Vec<&'a str>,
    remote_ips: Vec<Option<String>>,
    request_headers: Vec<String>,
    outcomes: Vec<i16>,
    errors: Vec<&'a str>,
    statuses: Vec<Option<i16>>,
    response_headers: Vec<String>,
    response_bodies: Vec<&'a [u8]>,
    body_states: Vec<i16>,
    /// Of their claims.
    leases: Vec<i64>,
    batches: Vec<Option<Uuid>>,
}

impl<'a> Attempts<'a> {
    fn push(&mut self, attempt: &'a Attempt, lease: Micros) -> Result<(), Error> {
        let exchange = &attempt.exchange;
        let response = exchange.response.as_ref();
        self.delivery_ids.push(attempt.delivery_id.uuid());
        self.numbers.push(attempt.number);
        self.ids.push(attempt.id.uuid());
        self.endpoints.push(attempt.endpoint_id.uuid());
        self.triggers.push(attempt.trigger.code());
        self.actors.push(attempt.actor.as_deref());
        self.started.push(attempt.started_at.0);
        self.durations.push(span(exchange.duration));
        self.dns.push(exchange.timings.dns.map(span));
        self.connects.push(exchange.timings.connect.map(span));
        self.tls.push(exchange.timings.tls.map(span));
        self.first_bytes.push(exchange.timings.first_byte.map(span));
        self.urls.push(&attempt.url);
        self.remote_ips
            .push(exchange.remote_ip.map(|ip| ip.to_string()));
        self.request_headers
            .push(headers_json(&attempt.request_headers)?);
        self.outcomes.push(exchange.outcome.code());
        self.errors.push(&exchange.error);
        self.statuses.push(status(response.map(|r| r.status)));
        self.response_headers
            .push(headers_json(response.map_or(&[], |r| &r.headers))?);
        self.response_bodies.push(response.map_or(&[], |r| &r.body));
        self.body_states
            .push(response.map_or(0, |r| r.body_state.code()));
        self.leases.push(lease.0);
        self.batches.push(attempt.batch_id.map(Id::uuid));
        Ok(())
    }
}

#[derive(Default)]
struct Ended {
    ids: Vec<Uuid>,
    numbers: Vec<i32>,
    due: Vec<Option<i64>>,
    statuses: Vec<i16>,
    outcomes: Vec<i16>,
    http_statuses: Vec<Option<i16>>,
    finished: Vec<Option<i64>>,
    merchants: Vec<Uuid>,
    manual: Vec<bool>,
    attempt_counts: Vec<i32>,
    leases: Vec<i64>,
}

impl Ended {
    fn push(&mut self, settlement: &Settlement) {
        let due = settlement.due();
        self.ids.push(settlement.delivery_id.uuid());
        self.numbers.push(settlement.number);
        self.due.push(due);
        self.statuses.push(settlement.next.status().code());
        self.outcomes.push(settlement.outcome.code());
        self.http_statuses.push(status(settlement.http_status));
        self.finished
            .push(due.is_none().then_some(settlement.ended_at.0));
        self.merchants.push(settlement.merchant_id.uuid());
        self.manual.push(settlement.trigger == Trigger::Manual);
        self.attempt_counts.push(settlement.attempt_count);
        self.leases.push(settlement.lease_until.0);
    }
}

pub(super) async fn settle(
    pool: &PgPool,
    batch: &[Settlement],
) -> Result<HashSet<DeliveryId>, Error> {
    let mut sorted: Vec<&Settlement> = batch.iter().collect();
    sorted.sort_unstable_by_key(|settlement| settlement.delivery_id);
    let mut attempts = Attempts::default();
    let mut ended = Ended::default();
    for settlement in sorted {
        if let Some(attempt) = &settlement.attempt {
            attempts.push(attempt, settlement.lease_until)?;
        }
        ended.push(settlement);
    }
    write(pool, &attempts, &ended).await
}

async fn write(
    pool: &PgPool,
    attempts: &Attempts<'_>,
    ended: &Ended,
) -> Result<HashSet<DeliveryId>, Error> {
    let rows = sqlx::query(SETTLE)
        .bind(&attempts.delivery_ids)
        .bind(&attempts.numbers)
        .bind(&attempts.ids)
        .bind(&attempts.endpoints)
        .bind(&attempts.triggers)
        .bind(&attempts.actors)
        .bind(&attempts.started)
        .bind(&attempts.durations)
        .bind(&attempts.dns)
        .bind(&attempts.connects)
        .bind(&attempts.tls)
        .bind(&attempts.first_bytes)
        .bind(&attempts.urls)
        .bind(&attempts.remote_ips)
        .bind(&attempts.request_headers)
        .bind(&attempts.outcomes)
        .bind(&attempts.errors)
        .bind(&attempts.statuses)
        .bind(&attempts.response_headers)
        .bind(&attempts.response_bodies)
        .bind(&attempts.body_states)
        .bind(&ended.ids)
        .bind(&ended.numbers)
        .bind(&ended.due)
        .bind(&ended.statuses)
        .bind(&ended.outcomes)
        .bind(&ended.http_statuses)
        .bind(&ended.finished)
        .bind(&ended.merchants)
        .bind(&ended.manual)
        .bind(&ended.attempt_counts)
        .bind(Status::Failed.code())
        .bind(&ended.leases)
        .bind(&attempts.leases)
        .bind(&attempts.batches)
        .fetch_all(pool)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| DeliveryId::from_uuid(row.get(0)))
        .collect())
}
