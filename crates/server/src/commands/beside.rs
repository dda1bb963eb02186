//! How commands open the database: whether a server runs on it or not.

use anyhow::Context as _;
use rand::Rng;
use storage::Storage;

use crate::config::Settings;
use crate::embedded::{self, InUse, Lock};

/// The database with its schema up to date, and the lock on the embedded one where no server holds it.
///
/// Errors: the master key is missing; the database cannot be reached.
pub(super) async fn open(
    settings: &Settings,
    rng: &mut impl Rng,
) -> anyhow::Result<(Storage, Option<Lock>)> {
    let lock = match embedded::take(settings) {
        Err(error) if error.downcast_ref::<InUse>().is_some() => None,
        other => other?,
    };
    if lock.is_some() || settings.migrate {
        storage::migrate(&settings.database())
            .await
            .context("migrate the database")?;
    }
    let keyring = embedded::keyring(&embedded::master_keys(settings, rng)?);
    let storage = Storage::open(settings.database(), keyring)
        .await
        .context("open the database")?;
    Ok((storage, lock))
}
