//! `hookyard rotate-token-key` and `hookyard reencrypt`: new keys without a logged-out user or an unreadable row.

use anyhow::Context as _;

use super::beside;
use crate::config::{Flags, Settings};
use crate::first_admin::system_rng;
use crate::output::say;

/// Replaces the key that signs access tokens. Works while servers run on the same database: they learn of it.
///
/// Errors: a setting is wrong; the database cannot be reached.
pub(crate) async fn rotate_token_key(flags: &Flags) -> anyhow::Result<()> {
    let settings = Settings::load(flags)?;
    let mut rng = system_rng();
    let (storage, _lock) = beside::open(&settings, &mut rng).await?;
    let life = settings.admin.access_token;
    let left = admin::auth::jwt::rotate_key(&storage, life, &mut rng)
        .await
        .context("rotate the key")?;
    say(format_args!(
        "A new key signs access tokens from now on; {left} keys verify them. Nobody is logged out."
    ));
    Ok(())
}

/// Encrypts everything anew under the first master key. Works while servers run on the same database, if all of them
/// have been started with the new key first.
///
/// Errors: a setting is wrong; a value is under a key that is not given; the database cannot be reached.
pub(crate) async fn reencrypt(flags: &Flags) -> anyhow::Result<()> {
    let settings = Settings::load(flags)?;
    let (storage, _lock) = beside::open(&settings, &mut system_rng()).await?;
    let done = storage.reencrypt().await.context("encrypt anew")?;
    say(format_args!(
        "{done} values were encrypted anew: all are under the first master key now."
    ));
    Ok(())
}
