//! Passwords: argon2id, off the async threads, a few at a time.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rand::Rng;
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;

use crate::problem::{ApiError, Slug};

/// KiB of memory for one hash. Source: OWASP, "Password Storage Cheat Sheet".
const MEMORY_KIB: u32 = 19_456;
/// Passes over it. Source: the same.
const PASSES: u32 = 2;
/// Bytes of salt and of hash.
const SALT: usize = 16;
const OUTPUT: usize = 32;
/// Blocks of 1 KiB asked for, of which only those needed are touched. The C library keeps freed blocks of up to
/// 32 MiB for later; larger ones go back to the system at once, and with them the 19 MiB of a login.
const APART: usize = 33 * 1_024;
/// Hashes at once: each takes a core for some 20 ms and 19 MiB.
const AT_ONCE: usize = 2;
/// How long a login may wait for its turn.
const TURN: Duration = Duration::from_secs(5);
/// Longest password that is looked at, in bytes.
const PASSWORD_MAX: usize = 1_024;

/// Hashes and verifies.
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
    /// Nobody's password: verified against when there is no such user, so that it costs the same.
    nobody: Arc<str>,
}

/// The hash of a password, as it is stored: a PHC string.
///
/// Errors: argon2 refuses (it takes any password up to 4 GiB).
pub fn hash(password: &str, rng: &mut impl Rng) -> Result<String, argon2::Error> {
    let mut salt = [0; SALT];
    rng.fill_bytes(&mut salt);
    let output = compute(
        Params::new(MEMORY_KIB, PASSES, 1, None)?,
        password.as_bytes(),
        &salt,
    )?;
    let (salt, output) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(output));
    Ok(format!(
        "$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p=1${salt}${output}"
    ))
}

/// Whether the password is the one of a stored hash, whatever its costs were. An unreadable hash is nobody's.
fn matches(stored: &str, password: &[u8]) -> bool {
    let Ok(parsed) = PasswordHash::new(stored) else {
        return false;
    };
    let (Ok(params), Some(salt), Some(wanted)) = (
        Params::try_from(&parsed),
        parsed.salt.as_ref(),
        parsed.hash.as_ref(),
    ) else {
        return false;
    };
    compute(params, password, salt.as_ref())
        .is_ok_and(|output| output.ct_eq(wanted.as_bytes()).into())
}

/// One argon2id hash, in memory of its own.
fn compute(params: Params, password: &[u8], salt: &[u8]) -> Result<[u8; OUTPUT], argon2::Error> {
    let mut blocks = Vec::with_capacity(APART.max(params.block_count()));
    blocks.resize(params.block_count(), Block::default());
    let mut output = [0; OUTPUT];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into_with_memory(
        password,
        salt,
        &mut output,
        &mut blocks,
    )?;
    Ok(output)
}

impl Passwords {
    pub(crate) fn new(rng: &mut impl Rng) -> Self {
        let nobody = hash("nobody's password", rng).unwrap_or_default().into();
        Self {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
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
                matches(
                    &against,
                    &password.as_bytes()[..password.len().min(PASSWORD_MAX)],
                )
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
        let turn = tokio::time::timeout(TURN, Arc::clone(&self.turns).acquire_owned())
            .await
            .map_err(|_| busy())?
            .map_err(ApiError::internal)?;
        // The turn goes with the work, which goes on when the caller is gone.
        let work = move || {
            let done = work();
            drop(turn);
            done
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(ApiError::internal)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    #[tokio::test]
    async fn a_caller_that_hangs_up_keeps_its_turn_until_the_work_is_done() {
        let passwords = Passwords::new(&mut StdRng::seed_from_u64(5));
        let ((tell, begun), (release, wait)) = (mpsc::channel(), mpsc::channel::<()>());
        let mut caller = Box::pin(passwords.in_turn(move || {
            tell.send(()).ok();
            wait.recv().ok();
        }));
        assert!(futures::poll!(&mut caller).is_pending());
        begun.recv().unwrap();
        drop(caller);
        assert_eq!(passwords.turns.available_permits(), AT_ONCE - 1);
        drop(release);
        let all = passwords.turns.acquire_many(2).await.unwrap();
        assert_eq!(all.num_permits(), AT_ONCE);
    }

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
