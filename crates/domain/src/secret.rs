//! Secrets of endpoints: the plain one that FlexyPe sends, the signing secret that is never sent, and
//! the overlap in which an old signing secret still signs.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::{Rng, RngExt as _};
use zeroize::Zeroize;

use crate::clock::Micros;
use crate::error::FieldError;

/// What signing secrets begin with. Source: Standard Webhooks, "Secret serialization".
pub const SIGNING_PREFIX: &str = "whsec_";
/// Bytes of a signing secret we make.
const SIGNING_BYTES: usize = 32;
/// Letters of a plain secret we make: 40 of 62 are 238 bits.
const PLAIN_LETTERS: usize = 40;

/// A secret text: printed as `[redacted]`, wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret that has been checked or comes from storage.
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The secret itself. Every caller either sends it, signs with it, encrypts it or was asked to reveal it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// A new plain secret of letters and digits.
    pub fn plain(rng: &mut impl Rng) -> Self {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        Self(
            (0..PLAIN_LETTERS)
                .map(|_| char::from(LETTERS[rng.random_range(0..LETTERS.len())]))
                .collect(),
        )
    }

    /// A new signing secret: `whsec_` and 32 random bytes in base64.
    pub fn signing(rng: &mut impl Rng) -> Self {
        let mut key = [0u8; SIGNING_BYTES];
        rng.fill_bytes(&mut key);
        Self(format!("{SIGNING_PREFIX}{}", STANDARD.encode(key)))
    }

    /// The key bytes of a signing secret, or nothing when it is not one.
    pub fn signing_key(&self) -> Option<Vec<u8>> {
        STANDARD.decode(self.0.strip_prefix(SIGNING_PREFIX)?).ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// The secrets of one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secrets {
    /// What the dialect calls the secret. For dialects that only sign it equals `signing`.
    pub secret: Secret,
    /// Signs every request, never sent.
    pub signing: Secret,
    /// Signs too, until the moment given.
    pub previous: Option<(Secret, Micros)>,
}

impl Secrets {
    /// The keys that sign at `now`: the present one first.
    pub fn signing_keys(&self, now: Micros) -> impl Iterator<Item = Vec<u8>> {
        let old = self
            .previous
            .as_ref()
            .filter(|(_, until)| now < *until)
            .map(|(secret, _)| secret);
        std::iter::once(&self.signing)
            .chain(old)
            .filter_map(Secret::signing_key)
    }

    /// The secrets after a rotation at `now`: the old signing secret signs on for `overlap`.
    #[must_use]
    pub fn rotated(&self, secret: Secret, signing: Secret, until: Micros) -> Self {
        Self {
            secret,
            signing,
            previous: Some((self.signing.clone(), until)),
        }
    }
}

/// Checks a plain secret that a person made up: 16 to 512 printable ASCII characters, no space at either end.
///
/// Errors: the field, with the rule it breaks.
pub fn check_plain(pointer: &str, text: &str) -> Result<Secret, FieldError> {
    let printable = text.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
    if !printable || text.trim() != text {
        return Err(FieldError::new(
            pointer,
            "invalid_header",
            "must be printable ASCII with no space at either end, as it is sent as a header",
        ));
    }
    if !(16..=512).contains(&text.len()) {
        return Err(FieldError::new(
            pointer,
            "length",
            "must have 16 to 512 characters",
        ));
    }
    Ok(Secret::new(text.to_owned()))
}

/// Checks a signing secret: `whsec_` and the base64 of 24 to 64 bytes.
///
/// Errors: the field, with the rule it breaks. Source: Standard Webhooks, "Secret serialization".
pub fn check_signing(pointer: &str, text: &str) -> Result<Secret, FieldError> {
    let secret = Secret::new(text.to_owned());
    match secret.signing_key() {
        Some(key) if (24..=64).contains(&key.len()) => Ok(secret),
        _ => Err(FieldError::new(
            pointer,
            "signing_secret",
            "must be `whsec_` followed by the base64 of 24 to 64 bytes",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test]
    fn contract_002_a_plain_secret_is_16_to_512_printable_ascii() {
        for bad in [
            "short",
            &"x".repeat(513),
            " 0123456789abcdef",
            "0123456789abcde\u{7f}",
            "0123456789abcdé0",
        ] {
            assert!(check_plain("/secret", bad).is_err(), "{bad:?}");
        }
        assert!(check_plain("/secret", "a secret of my own").is_ok());
    }

    #[test]
    fn contract_002_made_secrets_pass_their_own_checks() {
        let mut rng = StdRng::seed_from_u64(1);
        assert!(check_plain("/secret", Secret::plain(&mut rng).expose()).is_ok());
        assert!(check_signing("/secret", Secret::signing(&mut rng).expose()).is_ok());
        assert!(check_signing("/secret", "whsec_c2hvcnQ=").is_err());
    }

    #[test]
    fn an_old_secret_signs_until_the_overlap_ends() {
        let mut rng = StdRng::seed_from_u64(1);
        let first = Secrets {
            secret: Secret::plain(&mut rng),
            signing: Secret::signing(&mut rng),
            previous: None,
        };
        let second = first.rotated(
            Secret::plain(&mut rng),
            Secret::signing(&mut rng),
            Micros(100),
        );
        assert_eq!(second.signing_keys(Micros(99)).count(), 2);
        assert_eq!(second.signing_keys(Micros(100)).count(), 1);
        assert_eq!(format!("{:?}", second.secret), "[redacted]");
    }
}
