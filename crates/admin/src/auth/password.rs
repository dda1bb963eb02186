//! Passwords: argon2id, off the async threads, a few at a time.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use rand::Rng;
use tokio::sync::Semaphore;

use crate::problem::{ApiError, Slug};

/// KiB of memory for one hash. Source: OWASP, "Password Storage Cheat Sheet".
const MEMORY_KIB: u32 = 19_456;
/// Hashes at once: each takes a core for some 20 ms and 19 MiB.
const AT_ONCE: usize = 2;
/// How long a login may wait for its turn.
const TURN: Duration = Duration::from_secs(5);
/// Longest password that is looked at, in bytes.
const PASSWORD_MAX: usize = 1_024;

/// Hashes and verifies.
pub(crate) struct Passwords {
    turns: Semaphore,
    /// Nobody's password: verified against when there is no such user, so that it costs the same.
    nobody: Arc<str>,
}

/// The hash of a password, as it is stored.
///
/// Errors: argon2 refuses (it takes any password up to 4 GiB).
pub fn hash(password: &str, rng: &mut impl Rng) -> Result<String, argon2::password_hash::Error> {
    let mut salt = [0; 16];
    rng.fill_bytes(&mut salt);
    let hash: PasswordHash = argon2()?.hash_password_with_salt(password.as_bytes(), &salt)?;
    Ok(hash.to_string())
}

fn argon2() -> Result<Argon2<'static>, argon2::Error> {
    Ok(Argon2::new(
        Algorithm::Argon2id,
        Version::V0x13,
        Params::new(MEMORY_KIB, 2, 1, None)?,
    ))
}

impl Passwords {
    pub(crate) fn new(rng: &mut impl Rng) -> Self {
        let nobody = hash("nobody's password", rng).unwrap_or_default().into();
        Self {
            turns: Semaphore::new(AT_ONCE),
            nobody,
        }
    }

    /// Whether this is the password of that hash; `None`, an unknown user, takes as long and is false.
    ///
    /// Errors: too many logins at once.
    pub(crate) async fn verify(
        &self,
        stored: Option<String>,
        password: String,
    ) -> Result<bool, ApiError> {
        let known = stored.is_some() && password.len() <= PASSWORD_MAX;
        let against: Arc<str> = stored.map_or_else(|| Arc::clone(&self.nobody), Into::into);
        let right = self
            .in_turn(move || {
                PasswordHash::new(&against).is_ok_and(|parsed| {
                    let password = &password.as_bytes()[..password.len().min(PASSWORD_MAX)];
                    Argon2::default().verify_password(password, &parsed).is_ok()
                })
            })
            .await?;
        Ok(known && right)
    }

    /// The hash of a new password.
    ///
    /// Errors: too many at once.
    pub(crate) async fn hash(
        &self,
        password: String,
        mut rng: impl Rng + Send + 'static,
    ) -> Result<String, ApiError> {
        self.in_turn(move || hash(&password, &mut rng))
            .await?
            .map_err(ApiError::internal)
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let busy = || ApiError::of(Slug::TemporaryReducedCapacity).retry_after(1);
        let _turn = tokio::time::timeout(TURN, self.turns.acquire())
            .await
            .map_err(|_| busy())?
            .map_err(ApiError::internal)?;
        tokio::task::spawn_blocking(work)
            .await
            .map_err(ApiError::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    #[tokio::test]
    async fn only_the_right_password_of_a_known_user_is_right() {
        let mut rng = StdRng::seed_from_u64(5);
        let passwords = Passwords::new(&mut rng);
        let stored = passwords
            .hash("correct horse".to_owned(), rng)
            .await
            .unwrap();
        assert!(
            stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{stored}"
        );
        assert!(
            passwords
                .verify(Some(stored.clone()), "correct horse".to_owned())
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify(Some(stored), "wrong".to_owned())
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify(None, "nobody's password".to_owned())
                .await
                .unwrap()
        );
    }
}
