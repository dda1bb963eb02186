//! The only crate that speaks SQL: one concrete [`Storage`] over SQLite and PostgreSQL.
//!
//! Configuration and the log's reads go through sea-orm. The hot path (ingest, claim, settle and their
//! kin) is written by hand for each database, because its cost is round trips and commits: there every
//! batch is one statement on PostgreSQL and a share of one transaction on SQLite.

mod clock;
mod config_clock;
mod connect;
mod entity;
mod error;
mod keyring;
mod page;
mod partitions;
mod reencrypt;
mod sqlite_writer;

pub mod about;
pub mod acknowledgements;
pub mod api_keys;
pub mod apps;
pub mod attempts;
pub mod audit;
pub mod backlog;
pub mod catalog;
pub mod checkouts;
pub mod claims;
pub mod deliveries;
pub mod endpoints;
pub mod events;
pub mod idempotency;
pub mod installations;
pub mod invitations;
pub mod jobs;
pub mod links;
pub mod logins;
pub mod members;
pub mod merchants;
pub mod notices;
pub mod pauses;
pub mod retention;
pub mod retry_jobs;
pub mod search;
pub mod server_keys;
pub mod sessions;
pub mod settle;
pub mod stats;
pub mod timelines;
pub mod triggers;
pub mod users;
pub mod workers;

use std::future::Future;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use domain::clock::{Clock as _, SystemClock};
use migrations::Migrator;
use sea_orm::{DatabaseConnection, SqlxPostgresConnector, SqlxSqliteConnector};
use sea_orm_migration::MigratorTrait as _;
use sqlx::{Connection as _, PgPool};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::timeout;

pub use clock::DbClock;
pub use config_clock::ConfigVersion;
pub use connect::DatabaseSettings;
pub use error::Error;
pub use keyring::Keyring;
pub use page::{Page, PageRequest};

use sqlite_writer::SqliteWriter;

/// Taken while the schema changes, so that one process migrates at a time. Any fixed number will do.
const MIGRATION_LOCK: i64 = 0x686f_6f6b_7961_7264;

/// Longest a call of the hot path may take: over the statement timeout, so that the server ends it first.
const DEADLINE: Duration = Duration::from_secs(6);

/// Counts of a log at once.
const COUNTS: usize = 2;

/// The hot path's own connections.
pub(crate) enum Hot {
    /// A small pool with forced plans.
    Postgres(PgPool),
    /// The one writer.
    Sqlite(SqliteWriter),
}

/// All that is stored.
pub struct Storage {
    /// Reads of the API.
    pub(crate) reads: DatabaseConnection,
    /// Configuration changes.
    pub(crate) changes: DatabaseConnection,
    pub(crate) hot: Hot,
    /// Held while SQLite has a write transaction open.
    pub(crate) write_turn: Arc<Mutex<()>>,
    pub(crate) keyring: Keyring,
    /// Turns of what may read a whole log.
    pub(crate) counting: Semaphore,
    clock: Arc<DbClock>,
    settings: DatabaseSettings,
    /// When the database was last away.
    away_at: std::sync::Mutex<Option<Instant>>,
}

impl std::fmt::Debug for Storage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Storage")
    }
}

impl Storage {
    /// Opens the database. The schema must be there: see [`migrate`].
    ///
    /// Errors: it cannot be reached, or is none of ours.
    pub async fn open(settings: DatabaseSettings, keyring: Keyring) -> Result<Self, Error> {
        let write_turn = Arc::new(Mutex::new(()));
        let (reads, changes, hot) = if settings.is_postgres() {
            let api = connect::postgres_api(&settings).await?;
            let orm = SqlxPostgresConnector::from_sqlx_postgres_pool(api);
            let hot = connect::postgres_hot(&settings).await?;
            (orm.clone(), orm, Hot::Postgres(hot))
        } else {
            let writer = connect::sqlite_connection(&settings).await?;
            let changes = connect::sqlite_changes(&settings).await?;
            let reads = connect::sqlite_reads(&settings).await?;
            (
                SqlxSqliteConnector::from_sqlx_sqlite_pool(reads),
                SqlxSqliteConnector::from_sqlx_sqlite_pool(changes),
                Hot::Sqlite(SqliteWriter::start(writer, Arc::clone(&write_turn))),
            )
        };
        let clock = Arc::new(DbClock::new(SystemClock.now()));
        let storage = Self {
            reads,
            changes,
            hot,
            write_turn,
            keyring,
            counting: Semaphore::new(COUNTS),
            clock,
            settings,
            away_at: std::sync::Mutex::new(None),
        };
        storage.config_version().await?;
        Ok(storage)
    }

    /// Runs a call of the hot path under a deadline of its own: a connection that has gone dead says nothing
    /// for a quarter of an hour.
    pub(crate) async fn in_time<T>(
        &self,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let result = timeout(DEADLINE, call).await.unwrap_or_else(|_| {
            Err(Error::Unavailable(format!(
                "no answer within {} s",
                DEADLINE.as_secs()
            )))
        });
        if matches!(result, Err(Error::Unavailable(_))) {
            *self.away_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
        result
    }

    /// Whether the hot path has found the database away during the last `span`.
    pub fn was_away_within(&self, span: Duration) -> bool {
        let away_at = *self.away_at.lock().unwrap_or_else(PoisonError::into_inner);
        away_at.is_some_and(|at| at.elapsed() < span)
    }

    /// The database's clock. Followed by every call of [`Self::config_version`].
    pub fn clock(&self) -> Arc<DbClock> {
        Arc::clone(&self.clock)
    }

    /// Whether the one writer of the file has ended: the process should end too.
    pub fn is_broken(&self) -> bool {
        matches!(&self.hot, Hot::Sqlite(writer) if writer.is_broken())
    }

    /// Whether this is PostgreSQL, where other processes may share the data.
    pub const fn is_shared(&self) -> bool {
        matches!(self.hot, Hot::Postgres(_))
    }
}

/// Brings the schema up to date, one process at a time, and makes the partitions of the coming days.
///
/// Errors: the database cannot be reached, or refuses a step.
pub async fn migrate(settings: &DatabaseSettings) -> Result<(), Error> {
    if !settings.is_postgres() {
        let pool = connect::sqlite_changes(settings).await?;
        Migrator::up(
            &SqlxSqliteConnector::from_sqlx_sqlite_pool(pool.clone()),
            None,
        )
        .await?;
        pool.close().await;
        return Ok(());
    }
    let mut lock = connect::postgres_maintenance(settings).await?;
    sqlx::query("set lock_timeout = 0")
        .execute(&mut lock)
        .await?;
    sqlx::query("select pg_advisory_lock($1)")
        .bind(MIGRATION_LOCK)
        .execute(&mut lock)
        .await?;
    let pool = sqlx::postgres::PgPoolOptions::new()
        .max_connections(1)
        .connect(&settings.url)
        .await?;
    Migrator::up(
        &SqlxPostgresConnector::from_sqlx_postgres_pool(pool.clone()),
        None,
    )
    .await?;
    pool.close().await;
    partitions::make_ahead(&mut lock, SystemClock.now()).await?;
    lock.close().await?;
    Ok(())
}

/// The operating system's randomness: for nonces and keys, where a seed would be a hole.
#[expect(
    clippy::disallowed_methods,
    reason = "nonces must not be predictable, in tests neither"
)]
pub(crate) fn rng() -> rand::rngs::ThreadRng {
    rand::rng()
}
