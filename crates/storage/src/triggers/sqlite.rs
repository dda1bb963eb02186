//! Decisions on SQLite: a share of the one writer's transaction.

mod lists;
mod rivals;

use sqlx::sqlite::SqliteRow;
use sqlx::{Sqlite, SqliteConnection};

use self::lists::{
    by_id, claim_keys, load_histories, named, save_activities, save_sessions, save_visitors,
};
use self::rivals::rivals;
use super::{LeftOut, Outcome, Rule};

super::rows::rows!(Sqlite, SqliteConnection, SqliteRow);

pub(super) async fn decide(
    connection: &mut SqliteConnection,
    case: &Case,
    decide: &Rule,
) -> Result<Outcome, Error> {
    if crate::config_clock::sqlite_version(connection).await? != case.version {
        return Ok(Outcome::Stale);
    }
    let (decision, left_out) = work(connection, case, LeftOut::default(), decide).await?;
    crate::events::write_sqlite(connection, decision.publications.iter(), case.now).await?;
    Ok(Outcome::Decided {
        decision: Box::new(decision),
        left_out,
    })
}
