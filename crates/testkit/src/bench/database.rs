//! What `PostgreSQL` counts by itself.

use std::time::Duration;

use sqlx::{Connection as _, PgConnection, Row as _};

use crate::postgres::PostgresServer;

/// Sessions hand in what they counted about once a second.
const COUNTED_LATE: Duration = Duration::from_millis(1_200);

/// Gives statements' numbers.
const STATEMENTS: &str = "pg_stat_statements";

/// Settings of a production server of this size; what is committed is on the disk.
const SETTINGS: [(&str, &str); 5] = [
    ("shared_buffers", "256MB"),
    ("synchronous_commit", "on"),
    ("max_wal_size", "2GB"),
    ("checkpoint_timeout", "15min"),
    ("wal_compression", "off"),
];

/// Starts a server with fsync on, counting statements where the machine has the extension for it.
pub(super) async fn start() -> PostgresServer {
    let counts = {
        let probe = PostgresServer::start().await;
        let mut connection = connect(&probe).await;
        let query = "SELECT count(*) FROM pg_available_extensions WHERE name = $1";
        let found = sqlx::query_scalar::<_, i64>(query).bind(STATEMENTS);
        found
            .fetch_one(&mut connection)
            .await
            .expect("a list of extensions")
            > 0
    };
    if !counts {
        return PostgresServer::start_with(&SETTINGS).await;
    }
    let preload = ("shared_preload_libraries", STATEMENTS);
    let settings: Vec<_> = SETTINGS.into_iter().chain([preload]).collect();
    let server = PostgresServer::start_with(&settings).await;
    let create = sqlx::query("CREATE EXTENSION pg_stat_statements");
    let created = create.execute(&mut connect(&server).await).await;
    created.expect("the extension is made");
    server
}

/// Work done since the server's start.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counters {
    /// Transactions committed, of every database.
    pub(super) commits: i64,
    /// Statements run, `BEGIN` and `COMMIT` included; `None` where nothing counts them.
    pub(super) statements: Option<i64>,
    /// Bytes of write-ahead log.
    pub(super) wal_bytes: i64,
}

impl Counters {
    /// Waits until sessions have handed in their counts, and reads them.
    pub(super) async fn read(server: &PostgresServer) -> Self {
        tokio::time::sleep(COUNTED_LATE).await;
        let mut connection = connect(server).await;
        let query = "SELECT (SELECT sum(xact_commit)::bigint FROM pg_stat_database), \
                     pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint";
        let row = sqlx::query(query)
            .fetch_one(&mut connection)
            .await
            .expect("counters");
        let query = "SELECT sum(calls)::bigint FROM pg_stat_statements";
        let statements = sqlx::query_scalar(query).fetch_one(&mut connection).await;
        Self {
            commits: row.get(0),
            statements: statements.ok(),
            wal_bytes: row.get(1),
        }
    }

    /// The work between `before` and this.
    pub(super) fn since(self, before: Self) -> Self {
        let statements = self.statements.zip(before.statements);
        Self {
            commits: self.commits - before.commits,
            statements: statements.map(|(after, before)| after - before),
            wal_bytes: self.wal_bytes - before.wal_bytes,
        }
    }
}

/// The version of the installed server, as it says it.
pub(super) async fn version() -> String {
    let server = PostgresServer::start().await;
    let query = sqlx::query_scalar("SHOW server_version");
    let version = query.fetch_one(&mut connect(&server).await).await;
    version.expect("a version")
}

async fn connect(server: &PostgresServer) -> PgConnection {
    let connection = PgConnection::connect(&server.url("postgres")).await;
    connection.expect("a connection to PostgreSQL")
}
