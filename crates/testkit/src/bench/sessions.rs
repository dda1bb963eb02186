//! Sessions in the database, past Hookyard: what makes them fall due, and what came of it.

use std::path::Path;
use std::time::Duration;

use domain::clock::Micros;
use sqlx::postgres::PgRow;
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _, SqliteConnection,
};
use uuid::Uuid;

/// A connection to either database.
#[derive(Debug)]
pub(super) enum Database {
    /// Of the cluster.
    Postgres(PgConnection),
    /// Of the embedded mode.
    Sqlite(SqliteConnection),
}

/// An event that a timer fired.
#[derive(Debug, Clone, Copy)]
pub(super) struct Firing {
    /// The session's deadline.
    pub(super) deadline: Micros,
    /// When it was decided, to the millisecond, as the event's id tells.
    pub(super) decided: Micros,
    /// When its first delivery began to be sent.
    pub(super) sent: Micros,
}

/// Chosen at random among sessions whose shopper is known: those of others end without an event.
const CHOOSE: &str = "create temporary table chosen as
    select id, row_number() over (order by random()) as place from
    (select id from sessions where state = 0 and shopper_id is not null order by random() limit COUNT) as any_of_them";

/// Their last activities were so long ago that they fall due one after another.
const MOVE_SESSIONS: &str = "update sessions set
    last_us = FROM + chosen.place * STEP - span_us, opened_us = FROM + chosen.place * STEP - span_us
    from chosen where chosen.id = sessions.id";

const MOVE_TIMERS: &str = "update timers set due_us = FROM + chosen.place * STEP
    from chosen where chosen.id = timers.subject_id";

const FIRINGS: &str = "select e.id, e.occurred_us, min(a.started_us) from events e
    join deliveries d on d.event_id = e.id join attempts a on a.delivery_id = d.id
    where e.event_type = 'ABANDONED_SESSION' group by e.id, e.occurred_us";

impl Database {
    /// Of a server.
    pub(super) async fn postgres(url: &str) -> Self {
        let connection = PgConnection::connect(url).await;
        Self::Postgres(connection.expect("a connection to PostgreSQL"))
    }

    /// Of a file.
    pub(super) async fn file(path: &Path) -> Self {
        let options = SqliteConnectOptions::new().filename(path);
        let connection = SqliteConnection::connect_with(&options).await;
        Self::Sqlite(connection.expect("a database file"))
    }

    /// Lets `count` sessions of shoppers who are known fall due from `from` on, evenly within `length`. To be done while
    /// Hookyard is stopped.
    pub(super) async fn let_fall_due(&mut self, count: u64, from: Micros, length: Duration) {
        let step_us = length.as_micros() / u128::from(count.max(1));
        for statement in [CHOOSE, MOVE_SESSIONS, MOVE_TIMERS] {
            let statement = statement
                .replace("COUNT", &count.to_string())
                .replace("FROM", &from.0.to_string())
                .replace("STEP", &step_us.to_string());
            self.execute(statement).await;
        }
    }

    /// How many open sessions there are.
    pub(super) async fn open_sessions(&mut self) -> i64 {
        let query = "select count(*) from sessions where state = 0";
        let count = match self {
            Self::Postgres(connection) => sqlx::query_scalar(query).fetch_one(connection).await,
            Self::Sqlite(connection) => sqlx::query_scalar(query).fetch_one(connection).await,
        };
        count.expect("a count of sessions")
    }

    /// How many sessions that were to end before a moment are still open, or told of nobody.
    pub(super) async fn waiting_before(&mut self, end: Micros) -> i64 {
        let query = "select (select count(*) from timers where due_us <= $1) + (select count(*) from jobs where due_us <= $1)";
        let count = match self {
            Self::Postgres(connection) => {
                sqlx::query_scalar(query)
                    .bind(end.0)
                    .fetch_one(connection)
                    .await
            }
            Self::Sqlite(connection) => {
                sqlx::query_scalar(query)
                    .bind(end.0)
                    .fetch_one(connection)
                    .await
            }
        };
        count.expect("a count of what waits")
    }

    /// Everything that timers of sessions fired and that was sent.
    pub(super) async fn firings(&mut self) -> Vec<Firing> {
        match self {
            Self::Postgres(connection) => {
                let rows = sqlx::query(FIRINGS).fetch_all(connection).await;
                let row = |row: &PgRow| firing(row.get(0), row.get(1), row.get(2));
                rows.expect("events").iter().map(row).collect()
            }
            Self::Sqlite(connection) => {
                let rows = sqlx::query(FIRINGS).fetch_all(connection).await;
                let row = |row: &SqliteRow| firing(row.get(0), row.get(1), row.get(2));
                rows.expect("events").iter().map(row).collect()
            }
        }
    }

    async fn execute(&mut self, statement: String) {
        // Made of our own words and numbers.
        let statement = AssertSqlSafe(statement);
        let done = match self {
            Self::Postgres(connection) => connection.execute(statement).await.map(drop),
            Self::Sqlite(connection) => connection.execute(statement).await.map(drop),
        };
        done.expect("a statement that runs");
    }
}

/// The first 48 bits of an event's id are the milliseconds since 1970. Source: RFC 9562, 5.7.
fn firing(event_id: Uuid, deadline_us: i64, sent_us: i64) -> Firing {
    let ms = i64::try_from(event_id.as_u128() >> 80).expect("48 bits");
    Firing {
        deadline: Micros(deadline_us),
        decided: Micros(ms * 1_000),
        sent: Micros(sent_us),
    }
}
