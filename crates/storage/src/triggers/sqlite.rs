//! Decisions on SQLite: a share of the one writer's transaction.

use sqlx::sqlite::SqliteRow;
use sqlx::{Sqlite, SqliteConnection};

use super::Outcome;

super::rows::rows!(Sqlite, SqliteConnection, SqliteRow);

pub(super) async fn decide(
    connection: &mut SqliteConnection,
    case: &Case,
    decide: &(dyn Fn(&World, &HashSet<ActivityId>) -> Decision + Send + Sync),
) -> Result<Outcome, Error> {
    if crate::config_clock::sqlite_version(connection).await? != case.version {
        return Ok(Outcome::Stale);
    }
    let (decision, repeated) = work(connection, case, decide).await?;
    crate::events::write_sqlite(connection, decision.publications.iter(), case.now).await?;
    Ok(Outcome::Decided {
        decision: Box::new(decision),
        repeated,
    })
}
