//! API keys: `hy_` and 40 letters and digits, kept as their SHA-256. They are long and random, so a fast
//! hash is enough.

use domain::secret::Secret;
use rand::Rng;
use sha2::{Digest as _, Sha256};
use storage::api_keys::ApiKey;
use storage::users::{MerchantRole, PlatformRole};

use super::caller::{Caller, Known};
use super::scope::Scope;

/// What API keys begin with.
pub(crate) const PREFIX: &str = "hy_";
/// Letters that lists show, the prefix included: 5 of 40 tell keys apart and give nothing away.
const SHOWN: usize = 8;
/// Letters after the prefix: 40 of 62 are 238 bits.
const LETTERS: usize = 40;

/// A new key.
pub(crate) fn generate(rng: &mut impl Rng) -> String {
    format!("{PREFIX}{}", Secret::plain(rng).expose())
}

/// The hash of a key; `None` for what cannot be one.
pub(crate) fn hash(key: &str) -> Option<[u8; 32]> {
    let letters = key.strip_prefix(PREFIX)?;
    let shaped =
        letters.len() == LETTERS && letters.bytes().all(|byte| byte.is_ascii_alphanumeric());
    shaped.then(|| Sha256::digest(key).into())
}

impl From<ApiKey> for Known {
    fn from(key: ApiKey) -> Self {
        let scopes = key
            .scopes
            .iter()
            .filter_map(|scope| Scope::from_name(scope))
            .collect();
        let platform = key.owner.is_none().then_some(PlatformRole::Admin);
        let merchant = key.merchant_id().map(|id| (id, MerchantRole::Owner));
        let app = key.app_id();
        let caller = Caller {
            actor: key.id.to_string(),
            id: key.id.uuid(),
            name: key.name,
            platform,
            merchants: Vec::from_iter(merchant),
            apps: Vec::from_iter(app),
            scopes: Some(scopes),
            login: None,
        };
        Self::new(caller, key.expires_at)
    }
}

/// What lists show of a key.
pub(crate) fn shown(key: &str) -> String {
    key.chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    #[test]
    fn a_key_is_hy_and_40_letters_and_nothing_else() {
        let key = generate(&mut StdRng::seed_from_u64(1));
        assert_eq!(key.len(), 43);
        assert!(hash(&key).is_some());
        for bad in [
            "hy_",
            "hy_short",
            &format!("{key}\n"),
            &key[1..],
            &format!("{key}x"),
        ] {
            assert!(hash(bad).is_none(), "{bad:?}");
        }
    }
}
