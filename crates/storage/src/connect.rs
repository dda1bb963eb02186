//! Opens the two databases with the settings that each promise rests on.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, PgPool, SqliteConnection, SqlitePool};

use crate::error::Error;

/// How long a caller waits for a connection before it is told that the database is not available.
const ACQUIRE: Duration = Duration::from_secs(3);
/// The same for a batch of the hot path. A caller may wait for the batch before its own, too, and shall be told within 3 s.
const ACQUIRE_HOT: Duration = Duration::from_millis(1_400);
/// How long SQLite waits for another process's lock.
const BUSY: Duration = Duration::from_secs(5);

/// Where the data is and how many connections may be held.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// `sqlite:/path/hookyard.db` or `postgres://…`.
    pub url: String,
    /// Connections of the hot path. Few: they are always busy with batches.
    pub hot_connections: u32,
    /// Connections of the API's reads and configuration changes.
    pub api_connections: u32,
}

impl DatabaseSettings {
    /// The defaults for a URL: 6 hot connections and 10 for the API.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            hot_connections: 6,
            api_connections: 10,
        }
    }

    /// Whether the URL names PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        self.url.starts_with("postgres:") || self.url.starts_with("postgresql:")
    }
}

/// Connections of the hot path. Its statements are few and known, so their plans are forced: generic,
/// by index, in the order of the given arrays.
pub(crate) async fn postgres_hot(settings: &DatabaseSettings) -> Result<PgPool, Error> {
    let options = postgres_options(settings, "hookyard-hot")?.options([
        ("plan_cache_mode", "force_generic_plan"),
        ("jit", "off"),
        ("statement_timeout", "4s"),
        ("lock_timeout", "2s"),
        ("enable_seqscan", "off"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
        ("enable_bitmapscan", "off"),
        ("max_parallel_workers_per_gather", "0"),
    ]);
    let pool = PgPoolOptions::new()
        .max_connections(settings.hot_connections)
        .acquire_timeout(ACQUIRE_HOT)
        .test_before_acquire(false)
        .connect_with(options)
        .await?;
    Ok(pool)
}

/// Connections of the API.
pub(crate) async fn postgres_api(settings: &DatabaseSettings) -> Result<PgPool, Error> {
    let options = postgres_options(settings, "hookyard-api")?.options([
        ("jit", "off"),
        ("statement_timeout", "5s"),
        ("lock_timeout", "2s"),
    ]);
    let pool = PgPoolOptions::new()
        .max_connections(settings.api_connections)
        .acquire_timeout(ACQUIRE)
        .connect_with(options)
        .await?;
    Ok(pool)
}

/// One connection with no statement timeout: for migrations and for making partitions.
pub(crate) async fn postgres_maintenance(
    settings: &DatabaseSettings,
) -> Result<sqlx::PgConnection, Error> {
    let options =
        postgres_options(settings, "hookyard-maintenance")?.options([("lock_timeout", "2s")]);
    Ok(options.connect().await?)
}

fn postgres_options(settings: &DatabaseSettings, name: &str) -> Result<PgConnectOptions, Error> {
    Ok(PgConnectOptions::from_str(&settings.url)?
        .application_name(name)
        .statement_cache_capacity(200)
        .disable_statement_logging())
}

/// The writer's own connection.
pub(crate) async fn sqlite_connection(
    settings: &DatabaseSettings,
) -> Result<SqliteConnection, Error> {
    Ok(sqlite_options(settings)?.connect().await?)
}

/// One connection for configuration changes.
pub(crate) async fn sqlite_changes(settings: &DatabaseSettings) -> Result<SqlitePool, Error> {
    let options = sqlite_options(settings)?;
    Ok(SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(BUSY)
        .connect_with(options)
        .await?)
}

/// Connections that only read.
pub(crate) async fn sqlite_reads(settings: &DatabaseSettings) -> Result<SqlitePool, Error> {
    let options = sqlite_options(settings)?.pragma("query_only", "on");
    Ok(SqlitePoolOptions::new()
        .max_connections(settings.api_connections)
        .min_connections(1)
        .acquire_timeout(BUSY)
        .connect_with(options)
        .await?)
}

fn sqlite_options(settings: &DatabaseSettings) -> Result<SqliteConnectOptions, Error> {
    Ok(SqliteConnectOptions::from_str(&settings.url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY)
        .foreign_keys(true)
        .pragma("cache_size", "-16384")
        .pragma("temp_store", "memory")
        .statement_cache_capacity(200)
        .disable_statement_logging())
}
