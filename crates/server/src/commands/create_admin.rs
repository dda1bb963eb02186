//! `hookyard create-admin`.

use std::io::Read as _;

use anyhow::{Context as _, bail};

use super::beside;
use crate::config::{
    ConfigError, FirstAdmin, Flags, Secret, Settings, parse_email, parse_password,
};
use crate::first_admin::{create, new_password, system_rng};
use crate::output::say;

/// There is somebody of this email.
#[derive(Debug, thiserror::Error)]
#[error("{0} exists already")]
pub(crate) struct Exists(String);

/// Who is added.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Their email
    #[arg(long)]
    email: String,
    /// Read the password from standard input; without it one is made and printed
    #[arg(long)]
    password_stdin: bool,
}

/// Adds a platform admin. Works while a server runs on the same database.
///
/// Errors: a setting is wrong; the email is taken; the database cannot be reached.
pub(crate) async fn run(flags: &Flags, arguments: Arguments) -> anyhow::Result<()> {
    let settings = Settings::load(flags)?;
    let mut rng = system_rng();
    let faulty = |right| ConfigError::of(format!("--email: must be {right}"));
    let Some(email) = parse_email(&arguments.email).map_err(faulty)? else {
        bail!("--email is empty")
    };
    let password = if arguments.password_stdin {
        Some(read_password()?)
    } else {
        None
    };
    let made = password.is_none();
    let login = FirstAdmin {
        email,
        password: password.unwrap_or_else(|| new_password(&mut rng)),
    };

    let (storage, _lock) = beside::open(&settings, &mut rng).await?;
    match create(&storage, &login, &mut rng).await {
        Err(error) if matches!(error.downcast_ref(), Some(storage::Error::Duplicate)) => {
            return Err(Exists(login.email).into());
        }
        other => other?,
    }
    say(format_args!("{} is an admin now.", login.email));
    if made {
        say(format_args!(
            "Their password, shown this once: {}",
            login.password.reveal()
        ));
    }
    Ok(())
}

fn read_password() -> anyhow::Result<Secret> {
    let mut text = zeroize::Zeroizing::new(String::new());
    std::io::stdin()
        .read_to_string(&mut text)
        .context("read the password")?;
    let password = parse_password(text.trim_end_matches(['\r', '\n']))
        .map_err(|right| ConfigError::of(format!("the password must have {right}")))?;
    password.context("standard input holds no password")
}
