//! Housekeeping: partitions ahead of time, old days and old keys gone. Small steps behind live work.

use std::time::Duration;

use domain::clock::Clock as _;
use domain::id::DeliveryId;
use futures::FutureExt as _;

use crate::{Error, Hot, Storage, connect, partitions};

/// How long keys (client event ids, idempotency keys) keep their word.
pub const KEYS: Duration = Duration::from_hours(24 * 7);
/// Rows deleted in one step on SQLite.
const STEP: i64 = 500;

impl Storage {
    /// Makes the coming days' partitions. Nothing to do on SQLite.
    ///
    /// Errors: the database cannot be reached, or a lock could not be had: try again later.
    pub async fn prepare_days(&self) -> Result<(), Error> {
        if self.is_shared() {
            let mut connection = connect::postgres_maintenance(&self.settings).await?;
            partitions::make_ahead(&mut connection, self.clock().now()).await?;
        }
        Ok(())
    }

    /// Drops what is older than `keep`: whole days on PostgreSQL, a small step on SQLite. Unfinished
    /// deliveries are kept, and with them their day or row. Answers whether more is left for now.
    ///
    /// Errors: the database cannot be reached.
    pub async fn expire(&self, keep: Duration) -> Result<bool, Error> {
        let now = self.clock().now();
        let (log_before, keys_before) = (now - keep, now - KEYS);
        match &self.hot {
            Hot::Postgres(pool) => {
                sqlx::query("delete from keys where created_us < $1")
                    .bind(keys_before.0)
                    .execute(pool)
                    .await?;
                sqlx::query("delete from idempotent_answers where created_us < $1")
                    .bind((now - Duration::from_hours(24)).0)
                    .execute(pool)
                    .await?;
                sqlx::query("delete from failed_deliveries where delivery_id < $1")
                    .bind(DeliveryId::floor(log_before).uuid())
                    .execute(pool)
                    .await?;
                let mut connection = connect::postgres_maintenance(&self.settings).await?;
                partitions::drop_before(&mut connection, log_before).await?;
                Ok(false)
            }
            Hot::Sqlite(writer) => {
                let floor = DeliveryId::floor(log_before).uuid();
                let gone = writer
                    .run(move |connection| {
                        async move {
                            let mut gone = 0;
                            for statement in [
                                "delete from attempts where rowid in (select rowid from attempts where delivery_id < ?1
                                   and not exists (select 1 from jobs where jobs.id = delivery_id) limit ?2)",
                                "delete from deliveries where rowid in (select rowid from deliveries where id < ?1
                                   and not exists (select 1 from jobs where jobs.id = deliveries.id)
                                   and not exists (select 1 from attempts where delivery_id = deliveries.id) limit ?2)",
                                "delete from events where rowid in (select rowid from events where id < ?1
                                   and not exists (select 1 from jobs where event_id = events.id)
                                   and not exists (select 1 from deliveries where event_id = events.id
                                     and deliveries.id >= substr(events.id, 1, 6)
                                     and deliveries.id < substr(events.id, 1, 6) || x'ff') limit ?2)",
                                "delete from failed_deliveries where rowid in (
                                   select rowid from failed_deliveries where delivery_id < ?1 limit ?2)",
                            ] {
                                let done = sqlx::query(statement).bind(floor).bind(STEP).execute(&mut *connection).await?;
                                gone += done.rows_affected();
                            }
                            sqlx::query("delete from keys where rowid in (select rowid from keys where created_us < ? limit ?)")
                                .bind(keys_before.0)
                                .bind(STEP)
                                .execute(&mut *connection)
                                .await?;
                            Ok(gone)
                        }
                        .boxed()
                    })
                    .await?;
                Ok(gone > 0)
            }
        }
    }
}
