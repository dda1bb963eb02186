//! Housekeeping: partitions ahead of time, old days and old keys gone. Small steps behind live work.

use std::time::Duration;

use domain::clock::{Clock as _, Micros};
use domain::id::DeliveryId;
use domain::stats::Span;
use futures::FutureExt as _;
use sqlx::postgres::PgQueryResult;
use sqlx::{AssertSqlSafe, Connection as _, PgPool, SqliteConnection};
use uuid::Uuid;

use crate::stats::seconds;
use crate::{Error, Hot, Storage, connect, partitions};

/// How long keys (client event ids, idempotency keys) keep their word.
pub const KEYS: Duration = Duration::from_hours(24 * 7);
/// How long the ids of activities are remembered: an activity may be sent for the first time, and again, as long as
/// it may be taken, which is 30 days.
pub const ACTIVITY_KEYS: Duration = Duration::from_hours(24 * 31);
/// How long the answers of calls with an Idempotency-Key are given again.
pub const ANSWERS: Duration = Duration::from_hours(24);
/// How long it is remembered at least that a merchant was told of a failing endpoint. As long as the failure lasts it is
/// remembered anyway, or the merchant would be told again.
const NOTICES: Duration = Duration::from_hours(24 * 31);
/// How many configuration changes are remembered. No running process falls behind this far.
const CHANGES: i64 = 100_000;
/// Rows deleted in one step on SQLite.
const STEP: i64 = 500;
/// Rows deleted in one step on PostgreSQL, well within the statement timeout.
const LIST_STEP: i64 = 5_000;

impl Storage {
    /// Makes the coming days' partitions. Nothing to do on SQLite.
    ///
    /// Errors: the database cannot be reached, or a lock could not be had: try again later.
    pub async fn prepare_days(&self) -> Result<(), Error> {
        if self.is_shared() {
            let mut connection = connect::postgres_maintenance(&self.settings).await?;
            partitions::make_ahead(&mut connection, self.clock().now()).await?;
            connection.close().await?;
        }
        Ok(())
    }

    /// Caps the SQLite file at so many pages; beyond, calls end with [`Error::Full`]. Nothing on PostgreSQL.
    ///
    /// Errors: the database refuses.
    pub async fn limit_pages(&self, pages: i64) -> Result<(), Error> {
        let Hot::Sqlite(writer) = &self.hot else {
            return Ok(());
        };
        let sql = AssertSqlSafe(format!("pragma max_page_count = {pages}"));
        writer
            .run(move |connection| {
                async move {
                    sqlx::raw_sql(sql).execute(connection).await?;
                    Ok(())
                }
                .boxed()
            })
            .await
    }

    /// Drops what is older than `keep`: whole days on PostgreSQL, a small step on SQLite. Unfinished
    /// deliveries are kept, and with them their day or row. Answers whether more is left for now.
    ///
    /// Errors: the database cannot be reached.
    pub async fn expire(&self, keep: Duration) -> Result<bool, Error> {
        let now = self.clock().now();
        let before = Before {
            log: DeliveryId::floor(now - keep).uuid(),
            log_us: (now - keep).0,
            keys: (now - KEYS).0,
            answers: (now - ANSWERS).0,
            notices: (now - NOTICES).0,
            now,
        };
        match &self.hot {
            Hot::Postgres(pool) => {
                // An activity must never meet a session whose day is gone: the sessions go first. The days free
                // the room. Neither half's error stops the other.
                let dropped = match expire_subjects(pool, before).await {
                    Ok(()) => self.drop_days(now - keep).await,
                    Err(error) => Err(error),
                };
                let more = expire_lists(pool, before).await?;
                dropped?;
                Ok(more)
            }
            Hot::Sqlite(writer) => {
                writer
                    .run(move |connection| expire_rows(connection, before).boxed())
                    .await
            }
        }
    }

    async fn drop_days(&self, before: Micros) -> Result<(), Error> {
        let mut connection = connect::postgres_maintenance(&self.settings).await?;
        partitions::drop_before(&mut connection, before).await?;
        Ok(connection.close().await?)
    }
}

/// The edges of a step.
#[derive(Debug, Clone, Copy)]
struct Before {
    /// Events, deliveries and attempts below this id; sessions and checkouts with their activities, too.
    log: Uuid,
    /// Bulk retry jobs that finished before.
    log_us: i64,
    /// Keys made before.
    keys: i64,
    /// Answers given before.
    answers: i64,
    /// Notices sent before.
    notices: i64,
    now: Micros,
}

impl Before {
    /// Slots of counts that began before.
    fn stats(self, span: Span) -> i64 {
        (self.now - span.kept()).0
    }
}

/// A step through the tables that have no days. True when one of them has more.
async fn expire_lists(pool: &PgPool, before: Before) -> Result<bool, Error> {
    let keys = sqlx::query(
        "delete from keys where ctid = any (array(select ctid from keys where created_us < $1 limit $2))",
    )
    .bind(before.keys)
    .bind(LIST_STEP)
    .execute(pool)
    .await?;
    let answers = sqlx::query(
        "delete from idempotent_answers where ctid = any (array(
           select ctid from idempotent_answers where created_us < $1 limit $2))",
    )
    .bind(before.answers)
    .bind(LIST_STEP)
    .execute(pool)
    .await?;
    let failed = sqlx::query(
        "delete from failed_deliveries where ctid = any (array(
           select ctid from failed_deliveries where delivery_id < $1 limit $2))",
    )
    .bind(before.log)
    .bind(LIST_STEP)
    .execute(pool)
    .await?;
    let retry_jobs = sqlx::query(
        "delete from retry_jobs where ctid = any (array(
           select ctid from retry_jobs where finished_us < $1 limit $2))",
    )
    .bind(before.log_us)
    .bind(LIST_STEP)
    .execute(pool)
    .await?;
    let mut full_stats = false;
    for span in Span::ALL {
        let done = sqlx::query(
            "delete from stats where ctid = any (array(
               select ctid from stats where scope in (0, 1, 2) and span_s = $1 and slot_us < $2 limit $3))",
        )
        .bind(seconds(span))
        .bind(before.stats(span))
        .bind(LIST_STEP)
        .execute(pool)
        .await?;
        full_stats |= i64::try_from(done.rows_affected()) == Ok(LIST_STEP);
    }
    let changes = sqlx::query(
        "delete from config_changes where ctid = any (array(
           select ctid from config_changes where v < (select v from config_clock) - $1 limit $2))",
    )
    .bind(CHANGES)
    .bind(LIST_STEP)
    .execute(pool)
    .await?;
    let notices = expire_notices(pool, before).await?;
    let full = |done: PgQueryResult| i64::try_from(done.rows_affected()) == Ok(LIST_STEP);
    Ok(full_stats
        || full(notices)
        || full(keys)
        || full(answers)
        || full(failed)
        || full(changes)
        || full(retry_jobs))
}

/// Old notices of failures that are over.
async fn expire_notices(pool: &PgPool, before: Before) -> Result<PgQueryResult, Error> {
    Ok(sqlx::query(
        "delete from notices where ctid = any (array(
           select n.ctid from notices n where n.sent_us < $1
             and not exists (select 1 from endpoints e where e.id = n.endpoint_id
               and e.failing_since_us = n.since_us and e.deleted_us is null) limit $2))",
    )
    .bind(before.notices)
    .bind(LIST_STEP)
    .execute(pool)
    .await?)
}

/// All old sessions and checkouts, open ones too, step by step: the days that hold their activities go after them.
/// With a session goes the visitor that was last seen in it, if nobody knows who it is.
async fn expire_subjects(pool: &PgPool, before: Before) -> Result<(), Error> {
    for statement in [
        "with gone as (
           delete from sessions where ctid = any (array(
             select ctid from sessions where id < $1 order by id limit $2))
           returning id, merchant_id, device),
         forgotten as (
           delete from visitors v using gone g where v.merchant_id = g.merchant_id and v.device = g.device
             and v.session_id = g.id and v.shopper_id is null)
         select count(*) from gone",
        "with gone as (
           delete from checkouts where ctid = any (array(
             select ctid from checkouts where id < $1 order by id limit $2))
           returning id)
         select count(*) from gone",
    ] {
        loop {
            let gone: i64 = sqlx::query_scalar(statement)
                .bind(before.log)
                .bind(LIST_STEP)
                .fetch_one(pool)
                .await?;
            if gone < LIST_STEP {
                break;
            }
        }
    }
    Ok(())
}

/// A step on SQLite: attempts before their deliveries, deliveries before their events, so that what is cut
/// short hangs together. True when anything went.
async fn expire_rows(connection: &mut SqliteConnection, before: Before) -> Result<bool, Error> {
    let mut gone = 0;
    for statement in [
        "delete from attempts where rowid in (select rowid from attempts where delivery_id < ?1
           and not exists (select 1 from jobs where jobs.id = delivery_id) limit ?2)",
        "delete from deliveries where rowid in (select rowid from deliveries where id < ?1
           and not exists (select 1 from jobs where jobs.id = deliveries.id)
           and not exists (select 1 from attempts where delivery_id = deliveries.id) limit ?2)",
        // Deliveries carry their event's millisecond, the first six bytes. `||` makes text, which is less
        // than any blob: hence the cast.
        "delete from events where rowid in (select rowid from events where id < ?1
           and not exists (select 1 from deliveries where event_id = events.id
             and deliveries.id >= substr(events.id, 1, 6)
             and deliveries.id < cast(substr(events.id, 1, 6) || x'ff' as blob)) limit ?2)",
        "delete from failed_deliveries where rowid in (
           select rowid from failed_deliveries where delivery_id < ?1
           and not exists (select 1 from deliveries where id = delivery_id) limit ?2)",
        // Visitors of whom nothing is known but the session they were last seen in go with it, sessions before
        // their activities.
        "delete from visitors where shopper_id is null and rowid in (
           select v.rowid from (select id, merchant_id, device from sessions where id < ?1 order by id limit ?2) as s
           cross join visitors v on v.merchant_id = s.merchant_id and v.device = s.device and v.session_id = s.id)",
        "delete from sessions where rowid in (select rowid from sessions where id < ?1 order by id limit ?2)",
        "delete from checkouts where rowid in (select rowid from checkouts where id < ?1 order by id limit ?2)",
        "delete from activities where rowid in (
           select rowid from activities where subject_id < ?1 order by subject_id limit ?2)",
        "delete from fired_events where rowid in (
           select rowid from fired_events where subject_id < ?1 order by subject_id limit ?2)",
    ] {
        let done = sqlx::query(statement).bind(before.log).bind(STEP);
        gone += done.execute(&mut *connection).await?.rows_affected();
    }
    for (statement, edge) in [
        (
            "delete from keys where rowid in (select rowid from keys where created_us < ? limit ?)",
            before.keys,
        ),
        (
            "delete from retry_jobs where rowid in (
               select rowid from retry_jobs where finished_us < ? limit ?)",
            before.log_us,
        ),
        (
            "delete from idempotent_answers where rowid in (
               select rowid from idempotent_answers where created_us < ? limit ?)",
            before.answers,
        ),
        (
            "delete from notices where rowid in (
               select n.rowid from notices n where n.sent_us < ?
                 and not exists (select 1 from endpoints e where e.id = n.endpoint_id
                   and e.failing_since_us = n.since_us and e.deleted_us is null) limit ?)",
            before.notices,
        ),
        (
            "delete from config_changes where rowid in (
               select rowid from config_changes where v < (select v from config_clock) - ? limit ?)",
            CHANGES,
        ),
    ] {
        let done = sqlx::query(statement).bind(edge).bind(STEP);
        gone += done.execute(&mut *connection).await?.rows_affected();
    }
    for span in Span::ALL {
        let done = sqlx::query(
            "delete from stats where rowid in (
               select rowid from stats where scope in (0, 1, 2) and span_s = ? and slot_us < ? limit ?)",
        )
        .bind(seconds(span))
        .bind(before.stats(span))
        .bind(STEP);
        gone += done.execute(&mut *connection).await?.rows_affected();
    }
    Ok(gone > 0)
}
