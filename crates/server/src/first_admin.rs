//! The first person who may log in.

use anyhow::Context as _;
use domain::clock::Clock as _;
use domain::id::UserId;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use storage::Storage;
use storage::users::{PlatformRole, User};

use crate::config::{FirstAdmin, Secret, Settings};

/// The admin that embedded mode makes by itself.
const EMAIL: &str = "admin@localhost";
/// Characters of a made password, and how many: 119 bits.
const ALPHABET: &[u8] = b"abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const LENGTH: usize = 20;

/// The operating system's randomness: for keys, passwords and seeds.
#[expect(
    clippy::disallowed_methods,
    reason = "keys and passwords come from the system"
)]
pub(crate) fn system_rng() -> StdRng {
    StdRng::from_rng(&mut rand::rng())
}

/// A password nobody can guess.
pub(crate) fn new_password(rng: &mut StdRng) -> Secret {
    let pick = |_| {
        let index = rng.next_u64() % ALPHABET.len() as u64;
        ALPHABET
            .get(usize::try_from(index).unwrap_or(0))
            .map_or('a', |byte| char::from(*byte))
    };
    Secret::new((0..LENGTH).map(pick).collect::<String>())
}

/// Makes the first admin where there is none: the one that is set, or in embedded mode one of our own,
/// which is returned so that it can be shown once.
///
/// Errors: the database cannot be reached.
pub(crate) async fn ensure(
    storage: &Storage,
    settings: &Settings,
    rng: &mut StdRng,
) -> anyhow::Result<Option<FirstAdmin>> {
    if storage.any_admin_exists().await? {
        return Ok(None);
    }
    let (login, made) = match &settings.first_admin {
        Some(login) => (login.clone(), false),
        None if storage.is_shared() => {
            tracing::warn!("there is no admin yet: run `hookyard create-admin`");
            return Ok(None);
        }
        None => (
            FirstAdmin {
                email: EMAIL.to_owned(),
                password: new_password(rng),
            },
            true,
        ),
    };
    match create(storage, &login, rng).await {
        Ok(()) => {
            tracing::info!(email = login.email, "admin.made");
            Ok(made.then_some(login))
        }
        // Another process was faster.
        Err(error) if matches!(error.downcast_ref(), Some(storage::Error::Duplicate)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Stores an admin.
///
/// Errors: `Duplicate` when the email is taken; the database cannot be reached.
pub(crate) async fn create(
    storage: &Storage,
    login: &FirstAdmin,
    rng: &mut StdRng,
) -> anyhow::Result<()> {
    let created_at = storage.clock().now();
    let user = User {
        id: UserId::new(created_at, rng),
        email: login.email.clone(),
        platform_role: Some(PlatformRole::Admin),
        memberships: Vec::new(),
        apps: Vec::new(),
        created_at,
    };
    let (password, mut salt) = (login.password.clone(), StdRng::from_rng(rng));
    let hash = move || admin::auth::password::hash(password.reveal(), &mut salt);
    let hash = tokio::task::spawn_blocking(hash)
        .await?
        .context("hash the password")?;
    Ok(storage.create_user(&user, &hash).await?)
}
