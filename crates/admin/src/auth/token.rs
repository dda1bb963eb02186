//! Tokens that are looked up by their SHA-256: they are long and random, so a fast hash is enough.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::Rng;
use sha2::{Digest as _, Sha256};

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Trades for the next access token.
    Refresh,
    /// Accepts an invitation.
    Invitation,
    /// Sets a new password.
    PasswordReset,
    /// Opens a merchant's portal.
    Portal,
}

impl Kind {
    /// What such tokens begin with.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Refresh => "hyr_",
            Self::Invitation => "hyi_",
            Self::PasswordReset => "hyx_",
            Self::Portal => "hyp_",
        }
    }

    /// A new one, of 256 random bits.
    pub(crate) fn generate(self, rng: &mut impl Rng) -> String {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        format!("{}{}", self.prefix(), URL_SAFE_NO_PAD.encode(bytes))
    }
}

/// What is stored of a token.
pub(crate) fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}
