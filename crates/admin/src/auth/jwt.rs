//! Access tokens: JWTs signed with HS256 by a key of the server's own.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::clock::Micros;
use domain::id::UserId;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rand::Rng;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use storage::Storage;

use crate::problem::ApiError;

const ISSUER: &str = "hookyard";
const AUDIENCE: &str = "hookyard-api";
/// Name of the signing key in the database.
const KEY_NAME: &str = "jwt-hs256";

/// Issues and verifies access tokens.
pub(crate) struct Jwt {
    /// By key id, so that a key can be replaced while tokens of the old one are about.
    keys: HashMap<String, DecodingKey>,
    signing: EncodingKey,
    kid: String,
    validation: Validation,
    life: Duration,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    aud: String,
    sub: UserId,
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
    /// Reads the key from the database, making it at the very first start.
    ///
    /// Errors: the database cannot be reached; no master key opens the stored key.
    pub(crate) async fn open(
        storage: &Storage,
        life: Duration,
        rng: &mut (impl Rng + Send),
    ) -> Result<Self, storage::Error> {
        let mut fresh = [0; 32];
        rng.fill_bytes(&mut fresh);
        let key = storage.server_key(KEY_NAME, &fresh, rng).await?;
        Ok(Self::new(&key, life))
    }

    fn new(key: &[u8], life: Duration) -> Self {
        let kid = URL_SAFE_NO_PAD.encode(&Sha256::digest(key)[..6]);
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Checked below by the database's clock, like every other time.
        validation.validate_exp = false;
        Self {
            keys: HashMap::from([(kid.clone(), DecodingKey::from_secret(key))]),
            signing: EncodingKey::from_secret(key),
            kid,
            validation,
            life,
        }
    }

    /// Life of a token.
    pub(crate) const fn life(&self) -> Duration {
        self.life
    }

    /// A token for a user, good from now on.
    ///
    /// Errors: signing fails, a fault of ours.
    pub(crate) fn issue(&self, user_id: UserId, now: Micros) -> Result<String, ApiError> {
        let header = Header {
            kid: Some(self.kid.clone()),
            ..Header::new(Algorithm::HS256)
        };
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: user_id,
            iat: now.seconds(),
            exp: (now + self.life).seconds(),
        };
        jsonwebtoken::encode(&header, &claims, &self.signing).map_err(ApiError::internal)
    }

    /// Whose token this is, if it is a good one now.
    pub(crate) fn verify(&self, token: &str, now: Micros) -> Option<UserId> {
        let header = URL_SAFE_NO_PAD.decode(token.split('.').next()?).ok()?;
        let header: OurHeader = serde_json::from_slice(&header).ok()?;
        let key = self
            .keys
            .get(&header.kid)
            .filter(|_| header.alg == "HS256")?;
        let claims = jsonwebtoken::decode::<Claims>(token, key, &self.validation)
            .ok()?
            .claims;
        (now.seconds() < claims.exp).then_some(claims.sub)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const NOW: Micros = Micros(1_778_148_000_000_000);

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
    fn a_token_is_good_for_its_life_and_no_longer() {
        let jwt = Jwt::new(&[7; 32], Duration::from_mins(15));
        let user = UserId::from_uuid(Uuid::from_u128(1));
        let token = jwt.issue(user, NOW).unwrap();
        assert_eq!(jwt.verify(&token, NOW), Some(user));
        assert_eq!(
            jwt.verify(&token, NOW + Duration::from_secs(899)),
            Some(user)
        );
        assert_eq!(jwt.verify(&token, NOW + Duration::from_mins(15)), None);
        assert_eq!(
            Jwt::new(&[8; 32], Duration::from_mins(15)).verify(&token, NOW),
            None
        );
    }

    #[test]
    fn only_a_token_exactly_like_ours_is_taken() {
        let key = [7; 32];
        let jwt = Jwt::new(&key, Duration::from_mins(15));
        let kid = jwt.kid.clone();
        let user = UserId::from_uuid(Uuid::from_u128(1));
        let exp = NOW.seconds() + 60;
        let good_header = format!(r#"{{"alg":"HS256","typ":"JWT","kid":"{kid}"}}"#);
        let good = format!(
            r#"{{"iss":"hookyard","aud":"hookyard-api","sub":"{user}","iat":1,"exp":{exp}}}"#
        );
        assert_eq!(
            jwt.verify(&signed(&good_header, &good, &key), NOW),
            Some(user)
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
            assert_eq!(
                jwt.verify(&signed(&header, &good, &key), NOW),
                None,
                "{header}"
            );
        }
        let claims = [
            good.replace("hookyard-api", "other"),
            good.replace(r#""iss":"hookyard""#, r#""iss":"other""#),
            good.replace(&format!(r#","exp":{exp}"#), ""),
            good.replace(r#""iat":1"#, &format!(r#""iat":1,"sub":"{user}""#)),
            good.replace("usr_", "key_"),
        ];
        for claims in claims {
            assert_eq!(
                jwt.verify(&signed(&good_header, &claims, &key), NOW),
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
            assert_eq!(jwt.verify(&bad, NOW), None, "{bad}");
        }
    }
}
