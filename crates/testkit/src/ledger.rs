//! What the database holds of deliveries, attempts and jobs, read past the product: the truth that checks need.

use domain::attempt::{Outcome, Trigger};
use domain::id::EndpointId;
use sqlx::{Connection, Executor as _, PgConnection, SqliteConnection};
use uuid::Uuid;

/// One row per delivery, the same statement on both databases.
const DELIVERIES: &str = "
select e.event_id, d.endpoint_id, cast(d.status as bigint), count(a.id),
  count(case when a.outcome in ($1, $2) then 1 end),
  count(case when a.outcome not in ($1, $2, $3) then 1 end),
  count(case when a.trigger = $4 then 1 end)
from deliveries d
join events e on e.id = d.event_id
left join attempts a on a.delivery_id = d.id
group by d.id, e.event_id, d.endpoint_id, d.status";

const JOBS: &str = "select count(*), count(case when open then 1 end) from jobs";

type Row = (String, Uuid, i64, i64, i64, i64, i64);

/// A delivery with its attempts counted.
#[derive(Debug, Clone)]
pub struct DeliveryRow {
    /// The event's id on the wire.
    pub event_id: String,
    /// Where it went.
    pub endpoint_id: EndpointId,
    /// The number of its `domain::delivery::Status`.
    pub status: i64,
    /// All its attempts.
    pub attempts: i64,
    /// Those that were answered: the receiver must have seen them.
    pub answered: i64,
    /// Those that failed without an answer, such as by a timeout; not those whose outcome is unknown.
    pub unanswered: i64,
    /// Those of the schedule.
    pub scheduled: i64,
}

/// How much work is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jobs {
    /// Deliveries that are not finished.
    pub all: i64,
    /// Those of them that are in flight.
    pub open: i64,
}

/// Every delivery there is. `url` as the server is given it.
pub async fn deliveries(url: &str) -> Vec<DeliveryRow> {
    let codes = [
        Outcome::Success.code(),
        Outcome::HttpStatus.code(),
        Outcome::Unknown.code(),
        Trigger::Schedule.code(),
    ];
    let rows: Vec<Row> = if is_postgres(url) {
        let query = sqlx::query_as(DELIVERIES);
        let query = codes.iter().fold(query, |query, code| query.bind(*code));
        query.fetch_all(&mut postgres(url).await).await
    } else {
        let query = sqlx::query_as(DELIVERIES);
        let query = codes.iter().fold(query, |query, code| query.bind(*code));
        query.fetch_all(&mut sqlite(url).await).await
    }
    .expect("deliveries that can be read");
    rows.into_iter()
        .map(
            |(event_id, endpoint, status, attempts, answered, unanswered, scheduled)| DeliveryRow {
                event_id,
                endpoint_id: EndpointId::from_uuid(endpoint),
                status,
                attempts,
                answered,
                unanswered,
                scheduled,
            },
        )
        .collect()
}

/// The work that is left.
pub async fn jobs(url: &str) -> Jobs {
    let (all, open) = if is_postgres(url) {
        let query = sqlx::query_as(JOBS);
        query.fetch_one(&mut postgres(url).await).await
    } else {
        let query = sqlx::query_as(JOBS);
        query.fetch_one(&mut sqlite(url).await).await
    }
    .expect("jobs that can be read");
    Jobs { all, open }
}

/// What stands in the rows that people may read, a line to a row.
#[derive(Debug)]
pub struct Texts {
    /// Of attempts.
    pub attempts: String,
    /// Of the audit log.
    pub audit: String,
}

/// The texts of all attempts and audit entries; `None` when the database is gone or not set up. `url` as the server is
/// given it.
pub async fn texts(url: &str) -> Option<Texts> {
    let body = if is_postgres(url) {
        "encode(response_body, 'escape')"
    } else {
        "cast(response_body as text)"
    };
    let attempt = format!("url, actor, request_headers, response_headers, error, {body}");
    let entry = "actor_name, action, target, before, after";
    // As bytes: a body may be no text.
    let select = |table: &str, columns: &str| {
        let text = format!("concat_ws(' ', {columns})");
        sqlx::AssertSqlSafe(if is_postgres(url) {
            format!("select convert_to({text}, 'UTF8') from {table}")
        } else {
            format!("select cast({text} as blob) from {table}")
        })
    };
    let mut texts = Vec::new();
    for sql in [select("attempts", &attempt), select("audit_log", entry)] {
        let rows: Vec<Vec<u8>> = if is_postgres(url) {
            let mut connection = PgConnection::connect(url).await.ok()?;
            let rows = sqlx::query_scalar(sql).fetch_all(&mut connection).await;
            rows.ok()?
        } else {
            let mut connection = SqliteConnection::connect(url).await.ok()?;
            let rows = sqlx::query_scalar(sql).fetch_all(&mut connection).await;
            rows.ok()?
        };
        let lines = rows.iter().map(|row| String::from_utf8_lossy(row));
        texts.push(lines.collect::<Vec<_>>().join("\n"));
    }
    let [attempts, audit] = texts.try_into().ok()?;
    Some(Texts { attempts, audit })
}

/// A database that takes no writes for as long as this lives, as one does whose disk is too slow.
#[derive(Debug)]
pub enum Held {
    /// One table of `PostgreSQL` is locked.
    Postgres(PgConnection),
    /// The file has another writer.
    Sqlite(SqliteConnection),
}

impl Held {
    /// Holds up writes to `table` (of `SQLite`: to everything). `url` as the server is given it.
    pub async fn writes_of(url: &str, table: &str) -> Self {
        if is_postgres(url) {
            let mut held = postgres(url).await;
            let lock = format!("begin; lock table {table} in access exclusive mode");
            let locked = held.execute(sqlx::AssertSqlSafe(lock)).await;
            locked.expect("a table that can be locked");
            return Self::Postgres(held);
        }
        let mut held = sqlite(url).await;
        let locked = held.execute("begin immediate").await;
        locked.expect("a file that can be locked");
        Self::Sqlite(held)
    }

    /// Lets them go on.
    pub async fn release(self) {
        let done = match self {
            Self::Postgres(held) => held.close().await,
            Self::Sqlite(held) => held.close().await,
        };
        done.expect("a connection that closes");
    }
}

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres")
}

async fn postgres(url: &str) -> PgConnection {
    let connection = PgConnection::connect(url).await;
    connection.expect("a connection to the test's PostgreSQL")
}

async fn sqlite(url: &str) -> SqliteConnection {
    let connection = SqliteConnection::connect(url).await;
    connection.expect("a SQLite file that opens")
}
