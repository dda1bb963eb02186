//! Idempotency-Key on POSTs that create: the first request does the work, a repeat gets its answer.

use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use storage::audit::Origin;
use storage::idempotency::{Answer, AnswerKey, Begun};
use uuid::Uuid;

use crate::answers::Created;
use crate::app::App;
use crate::problem::{ApiError, Slug};

/// Longest key, in characters.
const KEY_MAX: usize = 128;
/// What a key looks like in its header.
pub(crate) const KEY_PATTERN: &str = r#"^("[!-~]{1,128}"|[!#-~][!-~]{0,127})$"#;

/// A request that may be a repeat.
pub(crate) struct Once {
    /// Whose keys these are: the merchant's or the platform caller's.
    pub(crate) scope_id: Uuid,
    /// The same key may be used for another operation.
    pub(crate) operation: &'static str,
    /// The Idempotency-Key, if there is one.
    pub(crate) key: Option<String>,
    /// SHA-256 of the body; what is stored is its keyed fingerprint.
    pub(crate) body_hash: [u8; 32],
}

/// Checks a key: 1 to 128 visible ASCII characters, quoted or not. One that begins with a quote must end in one.
///
/// Errors: 400.
pub(crate) fn check_key(key: Option<String>) -> Result<Option<String>, ApiError> {
    let Some(given) = key else { return Ok(None) };
    let key = match given.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"').unwrap_or_default(),
        None => &given,
    };
    if !(1..=KEY_MAX).contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ApiError::of(Slug::InvalidIdempotencyKey));
    }
    Ok(Some(key.to_owned()))
}

impl Once {
    /// Does `work` unless it has been done; it returns where the new thing is, and what to show of it.
    ///
    /// Errors: those of the work; the key was used with another body, or its first request is running.
    pub(crate) async fn create<T, F>(self, app: &Arc<App>, work: F) -> Result<Created<T>, ApiError>
    where
        T: Serialize + Send + 'static,
        F: Future<Output = Result<(String, T), ApiError>> + Send + 'static,
    {
        let Some(key) = check_key(self.key)? else {
            let (location, body) = work.await?;
            return Created::new(location, &body);
        };
        let hash = Sha256::digest(format!("{}\n{key}", self.operation));
        let key = AnswerKey {
            scope_id: self.scope_id,
            key_hash: hash.into(),
        };
        let body = app.auth.fingerprint(self.body_hash);
        match app.storage.begin_answer(key, body).await? {
            Begun::Mismatch => Err(ApiError::of(Slug::IdempotencyKeyReused)),
            Begun::InProgress => Err(ApiError::of(Slug::IdempotencyInProgress).retry_after(1)),
            Begun::Replay(answer) => Ok(Created {
                location: answer.location.unwrap_or_default(),
                body: answer.body.into(),
                replayed: true,
                shows: PhantomData,
            }),
            // In a task of its own: a caller that hangs up must not leave the work half done.
            Begun::Fresh => {
                let origin = Origin::current().unwrap_or_default();
                tokio::spawn(origin.run(finish(Arc::clone(app), key, work)))
                    .await
                    .map_err(ApiError::internal)?
            }
        }
    }
}

async fn finish<T: Serialize>(
    app: Arc<App>,
    key: AnswerKey,
    work: impl Future<Output = Result<(String, T), ApiError>>,
) -> Result<Created<T>, ApiError> {
    let done = work
        .await
        .and_then(|(location, body)| Created::new(location, &body));
    let kept = match &done {
        Ok(created) => {
            let answer = Answer {
                status: 201,
                location: Some(created.location.clone()),
                body: created.body.to_vec(),
            };
            let mut rng = app.auth.fork_rng();
            app.storage.finish_answer(key, &answer, &mut rng).await
        }
        Err(_) => app.storage.abandon_answer(key).await,
    };
    if let Err(error) = kept {
        // The work itself is done or refused: what the caller learns is that. A repeat within a minute
        // is told that it is still running.
        tracing::warn!(%error, "idempotency.not_kept");
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_1_to_128_visible_characters_quoted_or_not() {
        let check = |key: &str| check_key(Some(key.to_owned()));
        assert_eq!(check("\"abc\"").unwrap().as_deref(), Some("abc"));
        assert_eq!(check("abc").unwrap().as_deref(), Some("abc"));
        assert_eq!(check("a\"b\"").unwrap().as_deref(), Some("a\"b\""));
        for bad in ["", "\"\"", "\"abc", "a b", "é", &"x".repeat(129)] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert_eq!(check_key(None).unwrap(), None);
    }
}
