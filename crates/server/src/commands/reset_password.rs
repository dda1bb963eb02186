//! `hookyard reset-password`.

use anyhow::bail;

use super::beside;
use crate::config::{Flags, Settings};
use crate::first_admin::system_rng;
use crate::output::say;

/// Whose password.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Their email
    #[arg(long)]
    email: String,
}

/// Prints a link to a new password. Works while a server runs on the same database.
///
/// Errors: a setting is wrong; nobody has the email; the database cannot be reached.
pub(crate) async fn run(flags: &Flags, arguments: Arguments) -> anyhow::Result<()> {
    let settings = Settings::load(flags)?;
    let mut rng = system_rng();
    let (storage, _lock) = beside::open(&settings, &mut rng).await?;
    let email = arguments.email.trim().to_lowercase();
    let Some(found) = storage.user_by_email(&email).await? else {
        bail!("nobody has the email {email}")
    };
    let url = settings.public_url();
    let (link, expires_at) =
        admin::password_reset_link(&storage, &url, found.user_id, &mut rng).await?;
    say(format_args!(
        "{email} sets a new password here, once, until {}:\n{link}",
        expires_at.rfc3339()
    ));
    Ok(())
}
