//! Storage's causes. Callers match on the variants, never on texts.

use sea_orm::{DbErr, RuntimeErr, SqlErr};

/// Why a storage call did not do its work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database cannot be reached or is overloaded: the same call may work in a moment.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The database is there, but what the call needs is held by others for now: the same call may work in
    /// a moment.
    #[error("the database is busy: {0}")]
    Busy(String),
    /// The disk, or the file's allowance, is full.
    #[error("the database has no space left")]
    Full,
    /// What must be unique exists already.
    #[error("it exists already")]
    Duplicate,
    /// A stored value does not read back; `what` says which.
    #[error("a stored value is unreadable: {what}")]
    Corrupt {
        /// The column or key.
        what: &'static str,
    },
    /// None of the master keys opens a stored secret.
    #[error(
        "no master key opens a stored secret: HOOKYARD_MASTER_KEY must list the key it was written with"
    )]
    WrongKey,
    /// The database refused: a fault of ours.
    #[error("database error: {0}")]
    Database(String),
    /// The process is ending.
    #[error("the storage is closed")]
    Closed,
}

impl Error {
    /// Whether the same call may be repeated.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Busy(_))
    }
}

/// SQLSTATE classes and codes of a database that is away. Source: PostgreSQL, appendix A.
fn is_away(code: &str) -> bool {
    code.starts_with("08")
        || code.starts_with("57P")
        || matches!(code, "53300" | "25006" | "25P02" | "53200")
}

/// Codes of work that others are in the way of: deadlock, serialization, lock and statement timeouts, and
/// SQLite's busy ones. Source: the same; SQLite, "Result codes".
fn is_busy(code: &str) -> bool {
    matches!(
        code,
        "55P03" | "57014" | "40001" | "40P01" | "5" | "261" | "517"
    )
}

impl From<&sqlx::Error> for Error {
    fn from(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(refusal) => {
                let code = refusal.code().unwrap_or_default();
                if refusal.is_unique_violation() {
                    Self::Duplicate
                } else if code == "53100" || code == "13" {
                    Self::Full
                } else if is_away(&code) {
                    Self::Unavailable(refusal.message().to_owned())
                } else if is_busy(&code) {
                    Self::Busy(refusal.message().to_owned())
                } else {
                    Self::Database(format!("{} ({code})", refusal.message()))
                }
            }
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error.to_string()),
            other => Self::Database(other.to_string()),
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::from(&error)
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) {
            return Self::Duplicate;
        }
        match &error {
            DbErr::Conn(RuntimeErr::SqlxError(inner))
            | DbErr::Exec(RuntimeErr::SqlxError(inner))
            | DbErr::Query(RuntimeErr::SqlxError(inner)) => Self::from(&**inner),
            DbErr::ConnectionAcquire(_) => Self::Unavailable(error.to_string()),
            other => Self::Database(other.to_string()),
        }
    }
}
