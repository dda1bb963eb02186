//! Exact freshness of configuration. Every change of a merchant's configuration bumps one counter and
//! notes the merchant in its own transaction (a change of an app, every merchant that has it); whoever works from a cache carries the counter it saw, and
//! the database refuses work done on an older one.

use std::time::Instant;

use domain::clock::{Clock as _, Micros, SystemClock};
use domain::endpoint::Owner;
use domain::id::MerchantId;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, DatabaseConnection, DatabaseTransaction,
    EntityTrait as _, QueryFilter as _, SqliteTransactionMode, Statement, TransactionOptions,
    TransactionTrait as _,
    sea_query::{Expr, ExprTrait as _},
};
use sqlx::PgPool;
use tokio::sync::OwnedMutexGuard;

use crate::entity::{config_change, config_clock};
use crate::{Error, Hot, Storage};

/// How many configuration changes there have been.
pub type ConfigVersion = i64;

/// A transaction of the API: a few rows, seldom. On SQLite it holds the turn to write.
pub(crate) struct Write {
    pub(crate) transaction: DatabaseTransaction,
    _turn: Option<OwnedMutexGuard<()>>,
}

impl Write {
    /// Commits a write that no cache depends on.
    pub(crate) async fn commit(self) -> Result<(), Error> {
        Ok(self.transaction.commit().await?)
    }

    /// Commits a change of this merchant's configuration: the counter moves with it.
    pub(crate) async fn commit_change(
        self,
        merchant_id: MerchantId,
    ) -> Result<ConfigVersion, Error> {
        self.commit_change_of(Owner::Merchant(merchant_id)).await
    }

    /// Commits a change of what this owner has. An app's concerns every merchant that has or had it installed.
    pub(crate) async fn commit_change_of(self, owner: Owner) -> Result<ConfigVersion, Error> {
        config_clock::Entity::update_many()
            .col_expr(
                config_clock::Column::V,
                Expr::col(config_clock::Column::V).add(1),
            )
            .exec(&self.transaction)
            .await?;
        let v = config_clock::Entity::find()
            .one(&self.transaction)
            .await?
            .ok_or(Error::Corrupt {
                what: "config_clock",
            })?
            .v;
        match owner {
            Owner::Merchant(merchant_id) => {
                let note = config_change::ActiveModel {
                    v: sea_orm::Set(v),
                    merchant_id: sea_orm::Set(merchant_id.uuid()),
                };
                config_change::Entity::insert(note)
                    .exec_without_returning(&self.transaction)
                    .await?;
            }
            Owner::App(app_id) => {
                // After the counter has moved: whoever installs the app meanwhile waits for it, and notes itself.
                let notes = Statement::from_sql_and_values(
                    self.transaction.get_database_backend(),
                    "insert into config_changes (v, merchant_id)
                     select cast($1 as bigint), merchant_id from installations where app_id = $2",
                    [v.into(), app_id.uuid().into()],
                );
                self.transaction.execute_raw(notes).await?;
            }
        }
        self.transaction.commit().await?;
        Ok(v)
    }
}

impl Storage {
    /// Opens a transaction that writes. On SQLite it waits for its turn.
    pub(crate) async fn begin_write(&self) -> Result<Write, Error> {
        let turn = match self.hot {
            Hot::Sqlite(_) => Some(self.write_turn.clone().lock_owned().await),
            Hot::Postgres(_) => None,
        };
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        let transaction = self.changes.begin_with_options(options).await?;
        Ok(Write {
            transaction,
            _turn: turn,
        })
    }

    /// The counter, and on PostgreSQL a reading of the database's clock.
    ///
    /// Errors: the database cannot be reached.
    pub async fn config_version(&self) -> Result<ConfigVersion, Error> {
        match &self.hot {
            Hot::Postgres(pool) => self.in_time(self.postgres_version(pool)).await,
            Hot::Sqlite(_) => {
                // The file has no clock of its own: the machine's, whose steps (sleep, NTP) are followed.
                self.clock.read(Instant::now(), SystemClock.now());
                config_v(&self.reads).await
            }
        }
    }

    async fn postgres_version(&self, pool: &PgPool) -> Result<ConfigVersion, Error> {
        // The wait for a connection is not part of the reading.
        let mut connection = pool.acquire().await?;
        let asked = Instant::now();
        let (v, now): (i64, i64) = sqlx::query_as(
            "select v, (extract(epoch from clock_timestamp()) * 1000000)::bigint from config_clock",
        )
        .fetch_one(&mut *connection)
        .await?;
        self.clock.read(asked, Micros(now));
        Ok(v)
    }

    /// The counter as it stands and the merchants whose configuration has changed after `since`.
    ///
    /// Errors: the database cannot be reached.
    pub async fn config_changes(
        &self,
        since: ConfigVersion,
    ) -> Result<(ConfigVersion, Vec<MerchantId>), Error> {
        let v = self.config_version().await?;
        let changed = config_change::Entity::find()
            .filter(config_change::Column::V.gt(since))
            .filter(config_change::Column::V.lte(v))
            .all(&self.reads)
            .await?;
        Ok((
            v,
            changed
                .into_iter()
                .map(|row| MerchantId::from_uuid(row.merchant_id))
                .collect(),
        ))
    }
}

async fn config_v(connection: &DatabaseConnection) -> Result<ConfigVersion, Error> {
    let row = config_clock::Entity::find().one(connection).await?;
    Ok(row
        .ok_or(Error::Corrupt {
            what: "config_clock",
        })?
        .v)
}

/// The counter as the writer's own transaction sees it.
pub(crate) async fn sqlite_version(
    connection: &mut sqlx::SqliteConnection,
) -> Result<ConfigVersion, Error> {
    Ok(sqlx::query_scalar("select v from config_clock")
        .fetch_one(connection)
        .await?)
}

/// The counter as a transaction of the hot path sees it.
pub(crate) async fn postgres_v(
    connection: &mut sqlx::PgConnection,
) -> Result<ConfigVersion, Error> {
    Ok(sqlx::query_scalar("select v from config_clock")
        .fetch_one(connection)
        .await?)
}
