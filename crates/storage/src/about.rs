//! What the database is, for who operates it.

use domain::clock::{Clock as _, Micros, SystemClock};
use domain::id::WorkerId;
use domain::tenancy::PlatformScope;
use sea_orm::{ConnectionTrait as _, Statement};

use crate::{Error, Storage};

/// The database, as it says itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Its version.
    pub version: String,
    /// The last step of the schema.
    pub schema: String,
    /// How far this machine's clock is ahead of the database's, in milliseconds.
    pub clock_ahead_ms: i64,
}

impl Storage {
    /// What the database is.
    ///
    /// Errors: it cannot be reached.
    pub async fn about(&self, _scope: PlatformScope) -> Result<About, Error> {
        let version = if self.is_shared() {
            "select current_setting('server_version')"
        } else {
            "select sqlite_version()"
        };
        let schema = "select version from seaql_migrations order by version desc limit 1";
        Ok(About {
            version: self.one_text(version).await?,
            schema: self.one_text(schema).await?,
            clock_ahead_ms: SystemClock.now().millis() - self.clock().now().millis(),
        })
    }

    async fn one_text(&self, sql: &str) -> Result<String, Error> {
        let statement = Statement::from_string(self.reads.get_database_backend(), sql);
        let row = self.reads.query_one_raw(statement).await?;
        let row = row.ok_or(Error::Corrupt { what: "version" })?;
        Ok(row.try_get_by_index(0)?)
    }

    /// The workers that have been seen within a day, and when; none on SQLite, where the only one is this process.
    ///
    /// Errors: the database cannot be reached.
    pub async fn workers(&self, _scope: PlatformScope) -> Result<Vec<(WorkerId, Micros)>, Error> {
        let backend = self.reads.get_database_backend();
        let statement = Statement::from_string(
            backend,
            "select id, seen_us from workers order by seen_us desc",
        );
        let rows = self.reads.query_all_raw(statement).await?;
        rows.iter()
            .map(|row| {
                Ok((
                    WorkerId::from_uuid(row.try_get_by_index(0)?),
                    Micros(row.try_get_by_index(1)?),
                ))
            })
            .collect()
    }
}
