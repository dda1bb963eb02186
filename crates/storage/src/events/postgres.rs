//! Ingest on PostgreSQL: one statement for a batch without keys, one transaction for one with.

use bytes::Bytes;
use domain::attempt::Trigger;
use domain::clock::Micros;
use domain::delivery::Status;
use domain::event::Event;
use domain::id::{EventId, MerchantId};
use domain::shard::Shard;
use sqlx::{Executor, PgConnection, PgPool, Postgres, Row as _};
use uuid::Uuid;

use super::{IngestResult, Ingested, NewKey, Publication};
use crate::{ConfigVersion, Error};

/// Writes events, deliveries and jobs, if the configuration is at the version given. One round trip and
/// one commit for the whole batch; arrays, so that the statement is prepared once whatever the size.
/// Answers 1 when it wrote. No query builder has data-modifying CTEs over UNNEST.
const INGEST: &str = "
with fresh as (select 1 from config_clock where v = $1::bigint),
event as (
  insert into events (id, merchant_id, event_id, event_type, payload, store, occurred_us, is_test)
  select e.* from fresh, unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bytea[], $7::text[],
    $8::bigint[], $9::boolean[]) as e),
delivery as (
  insert into deliveries (id, event_id, endpoint_id, merchant_id, status, skip_reason, attempt_count,
    finished_us, is_test)
  select d.id, d.event_id, d.endpoint_id, d.merchant_id, d.status, d.skip_reason, 0, d.finished_us, d.is_test
  from fresh, unnest($10::uuid[], $11::uuid[], $12::uuid[], $13::uuid[], $14::smallint[], $15::smallint[],
    $16::bigint[], $17::boolean[])
    as d (id, event_id, endpoint_id, merchant_id, status, skip_reason, finished_us, is_test)),
job as (
  insert into jobs (id, event_id, endpoint_id, merchant_id, shard, due_us, number, open, trigger)
  select j.id, j.event_id, j.endpoint_id, j.merchant_id, j.shard, $23::bigint, 0, false, j.trigger
  from fresh, unnest($18::uuid[], $19::uuid[], $20::uuid[], $21::uuid[], $22::smallint[], $24::smallint[])
    as j (id, event_id, endpoint_id, merchant_id, shard, trigger))
select count(*) from fresh";

/// The arrays of one batch.
#[derive(Default)]
struct Columns<'a> {
    event_ids: Vec<Uuid>,
    event_merchants: Vec<Uuid>,
    wire_ids: Vec<&'a str>,
    types: Vec<&'a str>,
    payloads: Vec<&'a [u8]>,
    stores: Vec<&'a str>,
    occurred: Vec<i64>,
    event_tests: Vec<bool>,
    ids: Vec<Uuid>,
    events: Vec<Uuid>,
    endpoints: Vec<Uuid>,
    merchants: Vec<Uuid>,
    statuses: Vec<i16>,
    skips: Vec<Option<i16>>,
    finished: Vec<Option<i64>>,
    tests: Vec<bool>,
    job_ids: Vec<Uuid>,
    job_events: Vec<Uuid>,
    job_endpoints: Vec<Uuid>,
    job_merchants: Vec<Uuid>,
    job_shards: Vec<i16>,
    job_triggers: Vec<i16>,
}

impl<'a> Columns<'a> {
    fn of(publications: impl Iterator<Item = &'a Publication>, now: Micros) -> Self {
        let mut columns = Self::default();
        for (event, deliveries) in publications.flat_map(|publication| &publication.events) {
            columns.push_event(event);
            for delivery in deliveries {
                columns.push_delivery(event, delivery, now);
            }
        }
        columns
    }

    fn push_event(&mut self, event: &'a Event) {
        self.event_ids.push(event.id.uuid());
        self.event_merchants.push(event.merchant_id.uuid());
        self.wire_ids.push(&event.event_id);
        self.types.push(&event.event_type);
        self.payloads.push(&event.payload);
        self.stores.push(&event.store);
        self.occurred.push(event.occurred_at.0);
        self.event_tests.push(event.is_test);
    }

    fn push_delivery(&mut self, event: &Event, delivery: &super::NewDelivery, now: Micros) {
        let status = if delivery.skip.is_some() {
            Status::Skipped
        } else {
            Status::Pending
        };
        self.ids.push(delivery.id.uuid());
        self.events.push(event.id.uuid());
        self.endpoints.push(delivery.endpoint_id.uuid());
        self.merchants.push(event.merchant_id.uuid());
        self.statuses.push(status.code());
        self.skips
            .push(delivery.skip.map(domain::delivery::SkipReason::code));
        self.finished.push(delivery.skip.map(|_| now.0));
        self.tests.push(event.is_test);
        if delivery.skip.is_none() {
            self.job_ids.push(delivery.id.uuid());
            self.job_events.push(event.id.uuid());
            self.job_endpoints.push(delivery.endpoint_id.uuid());
            self.job_merchants.push(event.merchant_id.uuid());
            self.job_shards
                .push(Shard::of(delivery.endpoint_id).number().into());
            self.job_triggers.push(Trigger::Schedule.code());
        }
    }

    /// Writes the columns; false when the configuration has moved on.
    async fn write<'e>(
        &self,
        executor: impl Executor<'e, Database = Postgres>,
        version: ConfigVersion,
        now: Micros,
    ) -> Result<bool, Error> {
        let row = sqlx::query(INGEST)
            .bind(version)
            .bind(&self.event_ids)
            .bind(&self.event_merchants)
            .bind(&self.wire_ids)
            .bind(&self.types)
            .bind(&self.payloads)
            .bind(&self.stores)
            .bind(&self.occurred)
            .bind(&self.event_tests)
            .bind(&self.ids)
            .bind(&self.events)
            .bind(&self.endpoints)
            .bind(&self.merchants)
            .bind(&self.statuses)
            .bind(&self.skips)
            .bind(&self.finished)
            .bind(&self.tests)
            .bind(&self.job_ids)
            .bind(&self.job_events)
            .bind(&self.job_endpoints)
            .bind(&self.job_merchants)
            .bind(&self.job_shards)
            .bind((now - super::SKEW).0)
            .bind(&self.job_triggers)
            .fetch_one(executor)
            .await?;
        Ok(row.get::<i64, _>(0) == 1)
    }
}

pub(super) async fn ingest(
    pool: &PgPool,
    version: ConfigVersion,
    batch: &[Publication],
    now: Micros,
) -> Result<IngestResult, Error> {
    if batch.iter().all(|publication| publication.keys.is_empty()) {
        let fresh = Columns::of(batch.iter(), now)
            .write(pool, version, now)
            .await?;
        return Ok(if fresh {
            IngestResult::Done(vec![Ingested::Stored; batch.len()])
        } else {
            IngestResult::Stale
        });
    }
    let mut transaction = pool.begin().await?;
    let taken = claim_keys(&mut transaction, batch, now).await?;
    let fates: Vec<Ingested> = super::fates(batch, &taken);
    release_keys_of_losers(&mut transaction, batch, &fates).await?;
    let winners = batch
        .iter()
        .zip(&fates)
        .filter(|(_, fate)| **fate == Ingested::Stored)
        .map(|(p, _)| p);
    let fresh = Columns::of(winners, now)
        .write(&mut *transaction, version, now)
        .await?;
    if fresh {
        transaction.commit().await?;
        Ok(IngestResult::Done(fates))
    } else {
        transaction.rollback().await?;
        Ok(IngestResult::Stale)
    }
}

/// Writes events, deliveries and jobs in a transaction of the caller's; false when the configuration has moved on.
pub(crate) async fn write(
    connection: &mut PgConnection,
    version: ConfigVersion,
    publications: &[Publication],
    now: Micros,
) -> Result<bool, Error> {
    Columns::of(publications.iter(), now)
        .write(connection, version, now)
        .await
}

/// Inserts all keys of the batch in their order, so that batches cannot deadlock, and answers those that
/// others hold.
async fn claim_keys(
    connection: &mut PgConnection,
    batch: &[Publication],
    now: Micros,
) -> Result<Vec<(MerchantId, NewKey)>, Error> {
    let mut keys = super::keys_of(batch);
    keys.sort_unstable_by_key(|(merchant, key)| (*merchant, key.hash));
    let merchants: Vec<Uuid> = keys.iter().map(|(merchant, _)| merchant.uuid()).collect();
    let hashes: Vec<&[u8]> = keys.iter().map(|(_, key)| key.hash.as_slice()).collect();
    let targets: Vec<Uuid> = keys.iter().map(|(_, key)| key.target.uuid()).collect();
    let bodies: Vec<&[u8]> = keys
        .iter()
        .map(|(_, key)| key.body_hash.as_slice())
        .collect();
    sqlx::query(
        "insert into keys (merchant_id, key_hash, target_id, body_hash, created_us)
         select k.*, $5::bigint from unnest($1::uuid[], $2::bytea[], $3::uuid[], $4::bytea[]) as k
         on conflict do nothing",
    )
    .bind(&merchants)
    .bind(&hashes)
    .bind(&targets)
    .bind(&bodies)
    .bind(now.0)
    .execute(&mut *connection)
    .await?;
    let rows = sqlx::query(
        "select k.merchant_id, k.key_hash, k.target_id, k.body_hash
         from unnest($1::uuid[], $2::bytea[], $3::uuid[]) as mine (merchant_id, key_hash, target_id)
         join keys k on k.merchant_id = mine.merchant_id and k.key_hash = mine.key_hash
         where k.target_id <> mine.target_id",
    )
    .bind(&merchants)
    .bind(&hashes)
    .bind(&targets)
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            super::key_row(
                row.get(0),
                &row.get::<Vec<u8>, _>(1),
                row.get(2),
                &row.get::<Vec<u8>, _>(3),
            )
        })
        .collect()
}

async fn release_keys_of_losers(
    connection: &mut PgConnection,
    batch: &[Publication],
    fates: &[Ingested],
) -> Result<(), Error> {
    let keys = super::keys_of_losers(batch, fates);
    if keys.is_empty() {
        return Ok(());
    }
    let merchants: Vec<Uuid> = keys.iter().map(|(merchant, _)| merchant.uuid()).collect();
    let hashes: Vec<&[u8]> = keys.iter().map(|(_, key)| key.hash.as_slice()).collect();
    let targets: Vec<Uuid> = keys.iter().map(|(_, key)| key.target.uuid()).collect();
    sqlx::query(
        "delete from keys k using unnest($1::uuid[], $2::bytea[], $3::uuid[]) as mine (merchant_id, key_hash, target_id)
         where k.merchant_id = mine.merchant_id and k.key_hash = mine.key_hash and k.target_id = mine.target_id",
    )
    .bind(merchants)
    .bind(hashes)
    .bind(targets)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn by_id(pool: &PgPool, ids: Vec<Uuid>) -> Result<Vec<Event>, Error> {
    let rows = sqlx::query(
        "select e.id, e.merchant_id, e.event_id, e.event_type, e.payload, e.store, e.occurred_us, e.is_test
         from unnest($1::uuid[]) as wanted (id) join events e on e.id = wanted.id",
    )
    .bind(ids)
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let id = EventId::from_uuid(row.get(0));
            Event {
                id,
                merchant_id: MerchantId::from_uuid(row.get(1)),
                event_id: row.get::<&str, _>(2).into(),
                event_type: row.get::<&str, _>(3).into(),
                payload: Bytes::from(row.get::<Vec<u8>, _>(4)),
                store: row.get::<&str, _>(5).into(),
                occurred_at: Micros(row.get(6)),
                created_at: id.made_at(),
                is_test: row.get(7),
            }
        })
        .collect())
}
