//! Encryption at rest: XChaCha20-Poly1305 under a ring of master keys. The first key encrypts, all decrypt.

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use rand::Rng;
use sha2::{Digest as _, Sha256};

use crate::error::Error;

/// First byte of everything we encrypt: the format's version.
const FORMAT: u8 = 1;
/// Bytes of the key's fingerprint, so that the right key is tried first.
const FINGERPRINT: usize = 4;
/// Bytes of the nonce.
const NONCE: usize = 24;

/// The master keys.
pub struct Keyring(Vec<(Vec<u8>, XChaCha20Poly1305)>);

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keyring({} keys)", self.0.len())
    }
}

impl Keyring {
    /// A ring of 32-byte keys; the first one encrypts.
    pub fn new(keys: &[[u8; 32]]) -> Self {
        Self(
            keys.iter()
                .map(|key| {
                    let fingerprint = Sha256::digest(key)[..FINGERPRINT].to_vec();
                    (fingerprint, XChaCha20Poly1305::new(&(*key).into()))
                })
                .collect(),
        )
    }

    /// The fingerprint of the key that encrypts, as it stands in every value after the format's byte.
    pub(crate) fn current(&self) -> &[u8] {
        self.0.first().map_or(&[], |(fingerprint, _)| fingerprint)
    }

    /// Encrypts; `context` (a table and an id) must be given again to decrypt.
    ///
    /// Errors: the ring is empty.
    pub fn encrypt(
        &self,
        context: &[u8],
        plain: &[u8],
        rng: &mut impl Rng,
    ) -> Result<Vec<u8>, Error> {
        let (fingerprint, cipher) = self.0.first().ok_or(Error::WrongKey)?;
        let mut nonce = [0u8; NONCE];
        rng.fill_bytes(&mut nonce);
        let sealed = cipher
            .encrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: plain,
                    aad: context,
                },
            )
            .map_err(|_| Error::WrongKey)?;
        let mut stored = Vec::with_capacity(1 + FINGERPRINT + NONCE + sealed.len());
        stored.push(FORMAT);
        stored.extend_from_slice(fingerprint);
        stored.extend_from_slice(&nonce);
        stored.extend_from_slice(&sealed);
        Ok(stored)
    }

    /// Decrypts what [`Self::encrypt`] made under any key of the ring.
    ///
    /// Errors: no key of the ring opens it, or it belongs to another context.
    pub fn decrypt(&self, context: &[u8], stored: &[u8]) -> Result<Vec<u8>, Error> {
        let (head, sealed) = stored
            .split_at_checked(1 + FINGERPRINT + NONCE)
            .ok_or(Error::WrongKey)?;
        let (fingerprint, nonce) = (&head[1..=FINGERPRINT], &head[1 + FINGERPRINT..]);
        let nonce = <[u8; NONCE]>::try_from(nonce).map_err(|_| Error::WrongKey)?;
        self.0
            .iter()
            .filter(|(known, _)| head[0] == FORMAT && known == fingerprint)
            .find_map(|(_, cipher)| {
                cipher
                    .decrypt(
                        &XNonce::from(nonce),
                        Payload {
                            msg: sealed,
                            aad: context,
                        },
                    )
                    .ok()
            })
            .ok_or(Error::WrongKey)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test]
    fn a_new_first_key_still_reads_what_the_old_one_wrote() {
        let mut rng = StdRng::seed_from_u64(3);
        let old = Keyring::new(&[[1; 32]]);
        let stored = old.encrypt(b"ep", b"secret", &mut rng).unwrap();
        assert_eq!(
            Keyring::new(&[[2; 32], [1; 32]])
                .decrypt(b"ep", &stored)
                .unwrap(),
            b"secret"
        );
        assert!(Keyring::new(&[[2; 32]]).decrypt(b"ep", &stored).is_err());
        assert!(old.decrypt(b"other", &stored).is_err());
        assert!(!stored.windows(6).any(|w| w == b"secret"));
    }
}
