//! Fingerprints of request bodies, by which a repeat is known: keyed, because a body may hold a password.

use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::Rng;
use sha2::Sha256;
use storage::{Error, Storage};

/// Name of the key in the database.
const KEY_NAME: &str = "idempotency-hmac";

/// Makes fingerprints: HMAC-SHA256 with a key of the server's own, the same in every process.
pub(crate) struct Fingerprints(Hmac<Sha256>);

impl Fingerprints {
    /// Reads the key from the database, making it at the very first start.
    ///
    /// Errors: the database cannot be reached; no master key opens the stored key.
    pub(crate) async fn open(
        storage: &Storage,
        rng: &mut (impl Rng + Send),
    ) -> Result<Self, Error> {
        let mut fresh = [0; 32];
        rng.fill_bytes(&mut fresh);
        Self::new(&storage.server_key(KEY_NAME, &fresh, rng).await?)
    }

    fn new(key: &[u8]) -> Result<Self, Error> {
        let keyed = Hmac::new_from_slice(key);
        keyed.map(Self).map_err(|_| Error::Corrupt {
            what: "server_keys",
        })
    }

    /// The fingerprint of a body with this SHA-256.
    pub(crate) fn of(&self, hash: [u8; 32]) -> [u8; 32] {
        let mut keyed = self.0.clone();
        keyed.update(&hash);
        keyed.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_depends_on_the_key_and_the_body() {
        let (one, other) = (
            Fingerprints::new(&[1; 32]).unwrap(),
            Fingerprints::new(&[2; 32]).unwrap(),
        );
        assert_eq!(one.of([7; 32]), one.of([7; 32]));
        assert_ne!(one.of([7; 32]), one.of([8; 32]));
        assert_ne!(one.of([7; 32]), other.of([7; 32]));
    }
}
