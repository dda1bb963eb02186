//! Which workers live: each writes its heartbeat; a shard's owner is computed from those seen lately.

use std::time::Duration;

use domain::clock::{Clock as _, Micros};
use futures::FutureExt as _;
use sqlx::{PgPool, Row as _};
use uuid::Uuid;

use crate::{Error, Hot, Storage};

/// A worker not seen for this long is dead.
pub const LIVE: Duration = Duration::from_secs(5);

impl Storage {
    /// Writes this worker's heartbeat and answers all workers that live by the database's clock.
    ///
    /// Errors: the database cannot be reached.
    pub async fn heartbeat(&self, worker: Uuid) -> Result<Vec<Uuid>, Error> {
        let Hot::Postgres(pool) = &self.hot else {
            // The file's lock proves that this process is alone.
            return Ok(vec![worker]);
        };
        let now = self.clock().now();
        self.in_time(beat(pool, worker, now)).await
    }
}

async fn beat(pool: &PgPool, worker: Uuid, now: Micros) -> Result<Vec<Uuid>, Error> {
    let rows = sqlx::query(
        "with mine as (
               insert into workers (id, seen_us) values ($1, $2)
               on conflict (id) do update set seen_us = excluded.seen_us returning id)
             select id from workers where seen_us > $3 union select id from mine",
    )
    .bind(worker)
    .bind(now.0)
    .bind((now - LIVE).0)
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| row.get(0)).collect())
}

impl Storage {
    /// Removes this worker's heartbeat, and those of workers dead for a day.
    ///
    /// Errors: the database cannot be reached.
    pub async fn leave(&self, worker: Uuid) -> Result<(), Error> {
        if let Hot::Postgres(pool) = &self.hot {
            sqlx::query("delete from workers where id = $1 or seen_us < $2")
                .bind(worker)
                .bind((self.clock().now() - Duration::from_hours(24)).0)
                .execute(pool)
                .await?;
        }
        Ok(())
    }

    /// At the start of the one process on a SQLite file: whatever was in flight is due again, and no
    /// bulk retry job is anybody's.
    ///
    /// Errors: the database refuses.
    pub async fn reopen_own_jobs(&self) -> Result<u64, Error> {
        let Hot::Sqlite(writer) = &self.hot else {
            return Ok(0);
        };
        let now = self.clock().now().0;
        writer
            .run(move |connection| {
                async move {
                    let done = sqlx::query("update jobs set due_us = ? where open and due_us > ?")
                        .bind(now)
                        .bind(now)
                        .execute(&mut *connection)
                        .await?;
                    sqlx::query(
                        "update retry_jobs set lease_until_us = 0 where finished_us is null",
                    )
                    .execute(connection)
                    .await?;
                    Ok(done.rows_affected())
                }
                .boxed()
            })
            .await
    }
}
