//! Access tokens: JWTs signed with HS256 by keys of the server's own. The keys form a ring in the database: a new one
//! takes over while tokens of the old one are still good.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::clock::{Clock as _, Micros};
use domain::id::LoginId;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rand::Rng;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use storage::Storage;
use storage::logins::Login;

use crate::problem::ApiError;

const ISSUER: &str = "hookyard";
const AUDIENCE: &str = "hookyard-api";
/// Name of the ring of keys in the database.
const RING: &str = "jwt-hs256";

/// How long after it was made a key begins to sign: by then every process that reads the ring finds it.
const SETTLE: Duration = Duration::from_secs(10);
/// How old the ring may be when a token is issued.
const FRESH: Duration = Duration::from_secs(5);
/// The least time between two readings of the ring for the sake of a key that is not in it: anybody can name one.
const PAUSE: Duration = Duration::from_secs(1);

/// How old the ring may be when a token is verified: by then a deleted or replaced key is known to be one.
const TRUSTED: Duration = Duration::from_mins(1);

/// Issues and verifies access tokens by the keys of the ring in the database.
pub(crate) struct Jwt {
    storage: Arc<Storage>,
    ring: RwLock<Arc<Ring>>,
    /// Held while the ring is read again.
    reading: tokio::sync::Mutex<()>,
    validation: Validation,
    life: Duration,
}

/// The keys as they were read. All of them verify, so that tokens outlive the change of the key that signs.
struct Ring {
    read: Instant,
    /// By key id; with when its successor was made, if it has one.
    keys: HashMap<String, (DecodingKey, Option<Micros>)>,
    /// Oldest first, with when each was made.
    signing: Vec<(Micros, String, EncodingKey)>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    aud: String,
    /// Who it is.
    sub: String,
    /// The login that it belongs to.
    sid: LoginId,
    iat: i64,
    exp: i64,
}

/// All that a header of ours says. One that says more (`b64`, `crit`, `jwk`, …) is not ours.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OurHeader {
    alg: String,
    #[serde(rename = "typ")]
    _typ: Option<String>,
    kid: String,
}

impl Jwt {
    /// Reads the ring from the database, making its first key at the very first start.
    ///
    /// Errors: the database cannot be reached; no master key opens the stored keys.
    pub(crate) async fn open(
        storage: &Arc<Storage>,
        life: Duration,
        rng: &mut (impl Rng + Send),
    ) -> Result<Self, storage::Error> {
        storage.server_key(RING, &fresh_key(rng), rng).await?;
        let keys = storage.key_ring(RING).await?;
        Ok(Self {
            storage: Arc::clone(storage),
            ring: RwLock::new(Arc::new(Ring::of(&keys))),
            reading: tokio::sync::Mutex::new(()),
            validation: validation(),
            life,
        })
    }

    /// Life of a token.
    pub(crate) const fn life(&self) -> Duration {
        self.life
    }

    fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The ring, read again if it is older than this.
    async fn ring_of(&self, age: Duration) -> Result<Arc<Ring>, storage::Error> {
        let known = self.ring();
        if known.read.elapsed() <= age {
            return Ok(known);
        }
        let _turn = self.reading.lock().await;
        let known = self.ring();
        if known.read.elapsed() <= age {
            return Ok(known);
        }
        let fresh = Arc::new(Ring::of(&self.storage.key_ring(RING).await?));
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&fresh);
        Ok(fresh)
    }

    /// A token for a login of this actor, good from now on for as long as the login is.
    ///
    /// Errors: the database cannot be reached; signing fails, a fault of ours.
    pub(crate) async fn issue(
        &self,
        login: &Login,
        actor: String,
        now: Micros,
    ) -> Result<String, ApiError> {
        let ring = self.ring_of(FRESH).await?;
        let settled = ring.signing.iter().rev();
        let mut settled = settled.filter(|(made, ..)| *made + SETTLE <= now);
        // The very first key has nobody to wait for.
        let (_, kid, key) = settled
            .next()
            .or(ring.signing.first())
            .ok_or_else(|| ApiError::internal("there is no key for tokens"))?;
        let header = Header {
            kid: Some(kid.clone()),
            ..Header::new(Algorithm::HS256)
        };
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: actor,
            sid: login.id,
            iat: now.seconds(),
            exp: (now + self.life).min(login.expires_at).seconds(),
        };
        jsonwebtoken::encode(&header, &claims, key).map_err(ApiError::internal)
    }

    /// Which login's token this is, and whose, if it is a good one now.
    ///
    /// Errors: its key is not known yet and the database cannot be reached.
    pub(crate) async fn verify(
        &self,
        token: &str,
        now: Micros,
    ) -> Result<Option<(LoginId, String)>, storage::Error> {
        let Some(kid) = kid_of(token) else {
            return Ok(None);
        };
        let mut ring = self.ring();
        if !ring.keys.contains_key(&kid) {
            ring = self.ring_of(PAUSE).await?;
        } else if let Ok(newer) = self.ring_of(TRUSTED).await {
            // A key that is known stays good while the database is away.
            ring = newer;
        }
        Ok(ring.verify(token, &kid, &self.validation, now, self.life))
    }
}

/// Replaces the key that signs access tokens; the keys that are left. Tokens signed with the old key stay good for
/// their life, so nobody is logged out.
///
/// Errors: the database cannot be reached.
pub async fn rotate_key(
    storage: &Storage,
    life: Duration,
    rng: &mut (impl Rng + Send),
) -> Result<u64, storage::Error> {
    let now = storage.clock().now();
    // A replaced key signs for as long as its successor settles, and its last token lives on from there.
    let forget = now - life - SETTLE - FRESH;
    storage
        .rotate_key_ring(RING, &fresh_key(rng), now, forget)
        .await
}

fn fresh_key(rng: &mut impl Rng) -> [u8; 32] {
    let mut fresh = [0; 32];
    rng.fill_bytes(&mut fresh);
    fresh
}

fn validation() -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    // Checked by the database's clock, like every other time.
    validation.validate_exp = false;
    validation
}

/// The key that a token's header names, if the header is like ours.
fn kid_of(token: &str) -> Option<String> {
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next()?).ok()?;
    let header: OurHeader = serde_json::from_slice(&header).ok()?;
    (header.alg == "HS256").then_some(header.kid)
}

impl Ring {
    fn of(keys: &[(Micros, Vec<u8>)]) -> Self {
        let named = keys.iter().map(|(made, key)| {
            let kid = URL_SAFE_NO_PAD.encode(&Sha256::digest(key)[..6]);
            (*made, kid, key)
        });
        Self {
            read: Instant::now(),
            keys: named
                .clone()
                .enumerate()
                .map(|(place, (_, kid, key))| {
                    let successor = keys.get(place + 1).map(|(made, _)| *made);
                    (kid, (DecodingKey::from_secret(key), successor))
                })
                .collect(),
            signing: named
                .map(|(made, kid, key)| (made, kid, EncodingKey::from_secret(key)))
                .collect(),
        }
    }

    fn verify(
        &self,
        token: &str,
        kid: &str,
        validation: &Validation,
        now: Micros,
        life: Duration,
    ) -> Option<(LoginId, String)> {
        let (key, replaced) = self.keys.get(kid)?;
        // The last token that a replaced key signed has ended by then: whoever shows one more has stolen the key.
        if replaced.is_some_and(|at| at + SETTLE + FRESH + life < now) {
            return None;
        }
        let claims = jsonwebtoken::decode::<Claims>(token, key, validation)
            .ok()?
            .claims;
        (now.seconds() < claims.exp).then_some((claims.sid, claims.sub))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const NOW: Micros = Micros(1_778_148_000_000_000);
    const LIFE: Duration = Duration::from_mins(15);

    /// A token of a key that was replaced is good for as long as one that it signed may live, and no longer.
    #[test]
    fn a_replaced_key_is_retired() {
        let made = NOW - Duration::from_hours(1);
        let ring = Ring::of(&[(made, vec![7; 32]), (NOW, vec![8; 32])]);
        let kid = &ring.signing[0].1;
        let login = LoginId::from_uuid(Uuid::from_u128(1));
        let exp = NOW.seconds() + 100_000;
        let token = signed(
            &format!(r#"{{"alg":"HS256","typ":"JWT","kid":"{kid}"}}"#),
            &format!(
                r#"{{"iss":"hookyard","aud":"hookyard-api","sub":"usr_x","sid":"{login}","iat":1,"exp":{exp}}}"#
            ),
            &[7; 32],
        );
        let verify = |at| ring.verify(&token, kid, &validation(), at, LIFE).is_some();
        assert!(verify(NOW + LIFE));
        assert!(!verify(
            NOW + LIFE + SETTLE + FRESH + Duration::from_secs(1)
        ));
    }

    fn signed(header: &str, claims: &str, key: &[u8]) -> String {
        let body = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims)
        );
        let mac = jsonwebtoken::crypto::sign(
            body.as_bytes(),
            &EncodingKey::from_secret(key),
            Algorithm::HS256,
        );
        format!("{body}.{}", mac.unwrap())
    }

    #[test]
    fn only_a_token_exactly_like_ours_is_taken() {
        let key = [7; 32];
        let ring = Ring::of(&[(NOW, key.to_vec())]);
        let kid = ring.signing[0].1.clone();
        let verify = |token: &str| ring.verify(token, &kid_of(token)?, &validation(), NOW, LIFE);
        let login = LoginId::from_uuid(Uuid::from_u128(1));
        let exp = NOW.seconds() + 60;
        let good_header = format!(r#"{{"alg":"HS256","typ":"JWT","kid":"{kid}"}}"#);
        let good = format!(
            r#"{{"iss":"hookyard","aud":"hookyard-api","sub":"usr_x","sid":"{login}","iat":1,"exp":{exp}}}"#
        );
        assert_eq!(
            verify(&signed(&good_header, &good, &key)),
            Some((login, "usr_x".to_owned()))
        );

        let headers = [
            format!(r#"{{"alg":"none","kid":"{kid}"}}"#),
            format!(r#"{{"alg":"RS256","kid":"{kid}"}}"#),
            r#"{"alg":"HS256"}"#.to_owned(),
            r#"{"alg":"HS256","kid":"../../dev/null"}"#.to_owned(),
            format!(r#"{{"alg":"HS256","kid":"{kid}","b64":false}}"#),
            format!(r#"{{"alg":"HS256","kid":"{kid}","jwk":{{}}}}"#),
        ];
        for header in headers {
            assert_eq!(verify(&signed(&header, &good, &key)), None, "{header}");
        }
        let claims = [
            good.replace("hookyard-api", "other"),
            good.replace(r#""iss":"hookyard""#, r#""iss":"other""#),
            good.replace(&format!(r#","exp":{exp}"#), ""),
            good.replace(r#""iat":1"#, &format!(r#""iat":1,"sid":"{login}""#)),
            good.replace("lgn_", "usr_"),
        ];
        for claims in claims {
            assert_eq!(
                verify(&signed(&good_header, &claims, &key)),
                None,
                "{claims}"
            );
        }
        let token = signed(&good_header, &good, &key);
        let unsigned = token.rsplit_once('.').unwrap().0;
        for bad in [
            unsigned.to_owned(),
            format!("{unsigned}."),
            format!("{token}.x"),
            "..".to_owned(),
        ] {
            assert_eq!(verify(&bad), None, "{bad}");
        }
    }
}
