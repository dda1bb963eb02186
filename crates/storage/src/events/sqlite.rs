//! Ingest on SQLite: a share of the writer's transaction, many rows to a statement.

use domain::attempt::Trigger;
use domain::clock::Micros;
use domain::delivery::{SkipReason, Status};
use domain::event::Event;
use domain::id::MerchantId;
use domain::shard::Shard;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};

use super::{IngestResult, Ingested, NewDelivery, NewKey, Publication};
use crate::{ConfigVersion, Error};

/// Rows to a statement: 32,766 values may be bound, a row has at most 10.
const ROWS: usize = 1_000;

pub(super) async fn ingest(
    connection: &mut SqliteConnection,
    version: ConfigVersion,
    batch: &[Publication],
    now: Micros,
) -> Result<IngestResult, Error> {
    if crate::config_clock::sqlite_version(connection).await? != version {
        return Ok(IngestResult::Stale);
    }
    let taken = claim_keys(connection, batch, now).await?;
    let fates = super::fates(batch, &taken);
    for (merchant, key) in super::keys_of_losers(batch, &fates) {
        sqlx::query("delete from keys where merchant_id = ? and key_hash = ? and target_id = ?")
            .bind(merchant.uuid())
            .bind(key.hash.as_slice())
            .bind(key.target.uuid())
            .execute(&mut *connection)
            .await?;
    }
    let winners = batch
        .iter()
        .zip(&fates)
        .filter(|(_, fate)| **fate == Ingested::Stored);
    write(connection, winners.map(|(publication, _)| publication), now).await?;
    Ok(IngestResult::Done(fates))
}

/// Writes events, deliveries and jobs.
pub(crate) async fn write(
    connection: &mut SqliteConnection,
    publications: impl Iterator<Item = &Publication>,
    now: Micros,
) -> Result<(), Error> {
    let events: Vec<&(Event, Vec<NewDelivery>)> = publications
        .flat_map(|publication| &publication.events)
        .collect();
    insert_events(connection, &events).await?;
    let deliveries: Vec<(&Event, &NewDelivery)> = events
        .iter()
        .flat_map(|(event, deliveries)| deliveries.iter().map(move |delivery| (event, delivery)))
        .collect();
    insert_deliveries(connection, &deliveries, now).await?;
    insert_jobs(connection, &deliveries, now).await
}

async fn claim_keys(
    connection: &mut SqliteConnection,
    batch: &[Publication],
    now: Micros,
) -> Result<Vec<(MerchantId, NewKey)>, Error> {
    let mut taken = Vec::new();
    for (merchant, key) in super::keys_of(batch) {
        let inserted = sqlx::query(
            "insert into keys (merchant_id, key_hash, target_id, body_hash, created_us)
             values (?, ?, ?, ?, ?) on conflict do nothing",
        )
        .bind(merchant.uuid())
        .bind(key.hash.as_slice())
        .bind(key.target.uuid())
        .bind(key.body_hash.as_slice())
        .bind(now.0)
        .execute(&mut *connection)
        .await?;
        if inserted.rows_affected() == 0 {
            let row = sqlx::query(
                "select merchant_id, key_hash, target_id, body_hash from keys where merchant_id = ? and key_hash = ?",
            )
            .bind(merchant.uuid())
            .bind(key.hash.as_slice())
            .fetch_one(&mut *connection)
            .await?;
            taken.push(super::key_row(
                row.get(0),
                row.get(1),
                row.get(2),
                row.get(3),
            )?);
        }
    }
    Ok(taken)
}

async fn insert_events(
    connection: &mut SqliteConnection,
    events: &[&(Event, Vec<NewDelivery>)],
) -> Result<(), Error> {
    for rows in events.chunks(ROWS) {
        QueryBuilder::<Sqlite>::new(
            "insert into events (id, merchant_id, event_id, event_type, payload, store, occurred_us, is_test) ",
        )
        .push_values(rows, |mut row, (event, _)| {
            row.push_bind(event.id.uuid())
                .push_bind(event.merchant_id.uuid())
                .push_bind(&*event.event_id)
                .push_bind(&*event.event_type)
                .push_bind(&event.payload[..])
                .push_bind(&*event.store)
                .push_bind(event.occurred_at.0)
                .push_bind(event.is_test);
        })
        .build()
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

async fn insert_deliveries(
    connection: &mut SqliteConnection,
    deliveries: &[(&Event, &NewDelivery)],
    now: Micros,
) -> Result<(), Error> {
    for rows in deliveries.chunks(ROWS) {
        QueryBuilder::<Sqlite>::new(
            "insert into deliveries (id, event_id, endpoint_id, merchant_id, status, skip_reason, attempt_count, finished_us, is_test) ",
        )
        .push_values(rows, |mut row, (event, delivery)| {
            let status = if delivery.skip.is_some() { Status::Skipped } else { Status::Pending };
            row.push_bind(delivery.id.uuid())
                .push_bind(event.id.uuid())
                .push_bind(delivery.endpoint_id.uuid())
                .push_bind(event.merchant_id.uuid())
                .push_bind(status.code())
                .push_bind(delivery.skip.map(SkipReason::code))
                .push_bind(0)
                .push_bind(delivery.skip.map(|_| now.0))
                .push_bind(event.is_test);
        })
        .build()
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

async fn insert_jobs(
    connection: &mut SqliteConnection,
    deliveries: &[(&Event, &NewDelivery)],
    now: Micros,
) -> Result<(), Error> {
    let jobs: Vec<_> = deliveries
        .iter()
        .filter(|(_, delivery)| delivery.skip.is_none())
        .collect();
    for rows in jobs.chunks(ROWS) {
        QueryBuilder::<Sqlite>::new(
            "insert into jobs (id, event_id, endpoint_id, merchant_id, shard, due_us, number, open, trigger) ",
        )
        .push_values(rows, |mut row, (event, delivery)| {
            row.push_bind(delivery.id.uuid())
                .push_bind(event.id.uuid())
                .push_bind(delivery.endpoint_id.uuid())
                .push_bind(event.merchant_id.uuid())
                .push_bind(i16::from(Shard::of(delivery.endpoint_id).number()))
                .push_bind((now - super::SKEW).0)
                .push_bind(0)
                .push_bind(false)
                .push_bind(Trigger::Schedule.code());
        })
        .build()
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
