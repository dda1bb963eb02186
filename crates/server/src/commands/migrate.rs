//! `hookyard migrate`.

use anyhow::Context as _;

use crate::config::{Flags, Settings};
use crate::embedded;
use crate::output::say;

/// Brings the schema up to date.
///
/// Errors: a setting is wrong; the database is in use by another process (SQLite) or cannot be reached.
pub(crate) async fn run(flags: &Flags) -> anyhow::Result<()> {
    let settings = Settings::load(flags)?;
    let _lock = embedded::take(&settings)?;
    storage::migrate(&settings.database())
        .await
        .context("migrate the database")?;
    say("The schema is up to date.");
    Ok(())
}
