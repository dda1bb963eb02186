//! Access tokens made with the server's own key: what is refused of them is refused for what they say, not for
//! their signature.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::Value;
use sha2::Sha256;
use storage::{DatabaseSettings, Keyring, Storage};
use testkit::rest::Answer;

use super::scene::Scene;

/// Under which the server keeps its key.
const KEY_NAME: &str = "jwt-hs256";

/// Makes tokens.
pub(super) struct Forge {
    key: Vec<u8>,
    /// Header and claims of a genuine token of the owner's.
    pub(super) header: Value,
    pub(super) claims: Value,
    /// The token itself.
    pub(super) genuine: String,
}

impl Forge {
    /// Takes the key from the server's database.
    pub(super) async fn of(scene: &Scene) -> Self {
        let server = &scene.stage.server;
        let master = STANDARD.decode(server.master_key()).expect("base64");
        let keyring = Keyring::new(&[master.try_into().expect("32 bytes")]);
        let settings = DatabaseSettings::new(server.database_url());
        let storage = Storage::open(settings, keyring).await.unwrap();
        let mut rng = StdRng::seed_from_u64(1);
        let key = storage.server_key(KEY_NAME, &[0; 32], &mut rng).await;
        let genuine = scene.owner.token().to_owned();
        let part = |index| {
            let part: &str = genuine
                .split('.')
                .nth(index)
                .expect("a token of three parts");
            let json = URL_SAFE_NO_PAD.decode(part).expect("base64");
            serde_json::from_slice(&json).expect("JSON")
        };
        Self {
            key: key.unwrap(),
            header: part(0),
            claims: part(1),
            genuine,
        }
    }

    /// A token of this header and these claims, as JSON text, rightly signed.
    pub(super) fn token(&self, header: &str, claims: &str) -> String {
        sign(&self.key, header, claims)
    }

    /// A token with this member of its header replaced.
    pub(super) fn with_header(&self, name: &str, value: impl Into<Value>) -> String {
        let mut header = self.header.clone();
        header[name] = value.into();
        self.token(&header.to_string(), &self.claims.to_string())
    }

    /// A token with this claim replaced.
    pub(super) fn with_claim(&self, name: &str, value: impl Into<Value>) -> String {
        let mut claims = self.claims.clone();
        claims[name] = value.into();
        self.token(&self.header.to_string(), &claims.to_string())
    }
}

/// A token signed with HS256 and this key, whatever its header says.
pub(super) fn sign(key: &[u8], header: &str, claims: &str) -> String {
    let parts = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
    let said = parts.join(".");
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key");
    mac.update(said.as_bytes());
    format!(
        "{said}.{}",
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    )
}

/// Calls with a token.
pub(super) async fn call(scene: &Scene, token: &str) -> Answer {
    scene.owner.with_token(token).get("/v1/me").await
}
