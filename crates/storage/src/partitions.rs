//! Day partitions of the append-heavy tables on PostgreSQL: made ahead of time, dropped by retention,
//! never while a job has an id in them.

use std::time::Duration;

use domain::clock::Micros;
use domain::id::EventId;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};
use uuid::Uuid;

use crate::error::Error;

/// Days that are always there in advance.
const AHEAD: i64 = 7;
/// The partitioned tables with the storage settings of their days. Settling updates deliveries in
/// place: room in the page keeps those updates HOT.
const TABLES: [(&str, &str, &str); 5] = [
    ("events", "id", ""),
    ("deliveries", "id", "with (fillfactor = 50)"),
    ("attempts", "delivery_id", ""),
    ("activities", "subject_id", ""),
    ("fired_events", "subject_id", ""),
];
const DAY: i64 = 86_400_000_000;
/// The lock of whoever makes days.
const MAKING: i64 = 0x6d61_6b65_5f64_6179;

/// One day of one table.
struct Day {
    name: String,
    from: Uuid,
    to: Uuid,
}

fn day(table: &str, number: i64) -> Day {
    let start = Micros(number * DAY);
    let date = start.date_time();
    Day {
        name: format!(
            "{table}_p{:04}{:02}{:02}",
            date.year(),
            u8::from(date.month()),
            date.day()
        ),
        from: EventId::floor(start).uuid(),
        to: EventId::floor(start + Duration::from_hours(24)).uuid(),
    }
}

/// Makes the partitions from yesterday to a week ahead that are missing. Each is built beside the table and
/// attached with its check already proven, so that writers are held for an instant only. What a process that died
/// left half made is made anew: the schema may have changed since. One process at a time.
pub(crate) async fn make_ahead(connection: &mut PgConnection, now: Micros) -> Result<(), Error> {
    sqlx::query("select pg_advisory_lock($1::bigint)")
        .bind(MAKING)
        .execute(&mut *connection)
        .await?;
    let made = make_missing(connection, now).await;
    sqlx::query("select pg_advisory_unlock($1::bigint)")
        .bind(MAKING)
        .execute(connection)
        .await?;
    made
}

async fn make_missing(connection: &mut PgConnection, now: Micros) -> Result<(), Error> {
    let today = now.0.div_euclid(DAY);
    for (table, key, with) in TABLES {
        for number in today - 1..=today + AHEAD {
            let day = day(table, number);
            match find(connection, &day.name).await? {
                Found::Attached => continue,
                Found::Alone => drop_table(connection, table, &day.name).await?,
                Found::Nothing | Found::Leaving => {}
            }
            make(connection, table, key, with, &day).await?;
        }
    }
    Ok(())
}

async fn make(
    connection: &mut PgConnection,
    table: &str,
    key: &str,
    with: &str,
    day: &Day,
) -> Result<(), Error> {
    let Day { name, from, to } = day;
    let statements = [
        format!(
            "create table if not exists {name} (like {table} including defaults including indexes, check ({key} >= '{from}' and {key} < '{to}')) {with}"
        ),
        format!(
            "alter table {table} attach partition {name} for values from ('{from}') to ('{to}')"
        ),
    ];
    for statement in statements {
        sqlx::raw_sql(AssertSqlSafe(statement))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// How far a partition has come: making and dropping take several steps, and a process may die in between.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    /// A table that is not attached (yet, or any more).
    Alone,
    /// Its detaching was interrupted.
    Leaving,
    Attached,
}

async fn find(connection: &mut PgConnection, name: &str) -> Result<Found, Error> {
    let row = sqlx::query(
        "select i.inhdetachpending from pg_class c left join pg_inherits i on i.inhrelid = c.oid
         where c.oid = to_regclass($1)",
    )
    .bind(name)
    .fetch_optional(connection)
    .await?;
    Ok(match row.map(|row| row.get::<Option<bool>, _>(0)) {
        None => Found::Nothing,
        Some(None) => Found::Alone,
        Some(Some(true)) => Found::Leaving,
        Some(Some(false)) => Found::Attached,
    })
}

/// Drops the days that ended before `before` and hold no unfinished delivery. Answers how many days went.
pub(crate) async fn drop_before(
    connection: &mut PgConnection,
    before: Micros,
) -> Result<u64, Error> {
    let last_day = before.0.div_euclid(DAY) - 1;
    let mut dropped = 0;
    for number in present_days(connection).await? {
        if number > last_day || holds_a_job(connection, number).await? {
            continue;
        }
        // The events last: the days are listed by them, so that a day half dropped is found again.
        for (table, ..) in TABLES.into_iter().rev() {
            drop_table(connection, table, &day(table, number).name).await?;
        }
        dropped += 1;
    }
    Ok(dropped)
}

async fn holds_a_job(connection: &mut PgConnection, number: i64) -> Result<bool, Error> {
    let Day { from, to, .. } = day("deliveries", number);
    let held = sqlx::query("select exists (select 1 from jobs where id >= $1 and id < $2)")
        .bind(from)
        .bind(to)
        .fetch_one(connection)
        .await?;
    Ok(held.get(0))
}

async fn drop_table(connection: &mut PgConnection, table: &str, name: &str) -> Result<(), Error> {
    let detach = match find(connection, name).await? {
        Found::Nothing => return Ok(()),
        Found::Alone => None,
        Found::Leaving => Some("finalize"),
        Found::Attached => Some("concurrently"),
    };
    if let Some(how) = detach {
        let statement = format!("alter table {table} detach partition {name} {how}");
        sqlx::raw_sql(AssertSqlSafe(statement))
            .execute(&mut *connection)
            .await?;
    }
    sqlx::raw_sql(AssertSqlSafe(format!("drop table {name}")))
        .execute(connection)
        .await?;
    Ok(())
}

/// The days that the events table has, or had, partitions for.
async fn present_days(connection: &mut PgConnection) -> Result<Vec<i64>, Error> {
    let names: Vec<(String,)> = sqlx::query_as(
        "select relname::text from pg_class where relnamespace = current_schema()::regnamespace
           and relkind = 'r' and relname ~ '^events_p[0-9]{8}$' order by 1",
    )
    .fetch_all(connection)
    .await?;
    Ok(names
        .iter()
        .filter_map(|(name,)| day_number(name.strip_prefix("events_p")?))
        .collect())
}

fn day_number(text: &str) -> Option<i64> {
    let part = |range: std::ops::Range<usize>| text.get(range)?.parse::<u16>().ok();
    let month = time::Month::try_from(u8::try_from(part(4..6)?).ok()?).ok()?;
    let date =
        time::Date::from_calendar_date(part(0..4)?.into(), month, u8::try_from(part(6..8)?).ok()?);
    Some(date.ok()?.midnight().assume_utc().unix_timestamp() / 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_named_for_its_date_and_read_back() {
        let today = day("events", 20_778);
        assert_eq!(today.name, "events_p20261121");
        assert_eq!(day_number("20261121"), Some(20_778));
        assert!(today.from < today.to);
    }
}
