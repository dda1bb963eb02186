//! Who is calling: people with a password and a short access token, programs with an API key.
//!
//! Roles and keys are cached for five seconds: a lowered role or a deleted key is out of work after that.

pub(crate) mod api_key;
pub(crate) mod caller;
pub(crate) mod fingerprint;
pub mod jwt;
pub mod password;
pub(crate) mod scope;
pub(crate) mod table;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::clock::Clock as _;
use domain::id::{AppId, MerchantId, UserId};
use domain::tenancy::{AppScope, PlatformScope, TenantScope};
use moka::sync::Cache;
use poem::http::header::AUTHORIZATION;
use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};
use storage::Storage;
use storage::audit::Origin;
use storage::users::Rotation;
use uuid::Uuid;

use crate::app::App;
use crate::limits::SharedCounts;
use crate::limits::address::ClientAddress;
use crate::limits::throttle::Throttle;
use crate::operations::{Guard, Subject};
use crate::problem::{ApiError, Slug};
use crate::settings::Settings;
use caller::Caller;
use fingerprint::Fingerprints;
use jwt::Jwt;
use password::Passwords;
use table::Row;

/// How long a role or a key is believed without asking again.
const BELIEVED: Duration = Duration::from_secs(5);
/// Callers remembered at once.
const REMEMBERED: u64 = 10_000;
/// What refresh tokens begin with.
const REFRESH_PREFIX: &str = "hyr_";

/// Proves callers and logs people in.
pub struct Auth {
    storage: Arc<Storage>,
    jwt: Jwt,
    passwords: Passwords,
    /// Failed logins by account.
    logins: Throttle,
    /// Failed logins by address.
    places: Throttle,
    refresh_life: Duration,
    people: Cache<UserId, Arc<Caller>>,
    keys: Cache<[u8; 32], Arc<api_key::Known>>,
    fingerprints: Fingerprints,
    cursor_key: [u8; 32],
    rng: Mutex<StdRng>,
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Auth")
    }
}

/// What a login gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// For `Authorization: Bearer`.
    pub access: String,
    /// For the next access token.
    pub refresh: String,
    /// Life of the access token.
    pub expires_in: Duration,
}

impl Auth {
    /// Reads the server's keys from the database, making them at the very first start.
    ///
    /// Errors: the database cannot be reached, or no master key opens a stored key.
    pub async fn open(
        storage: Arc<Storage>,
        settings: &Settings,
        mut rng: StdRng,
    ) -> Result<Self, storage::Error> {
        let jwt = Jwt::open(&storage, settings.access_token, &mut rng).await?;
        let fingerprints = Fingerprints::open(&storage, &mut rng).await?;
        Ok(Self {
            jwt,
            cursor_key: fingerprints.of(Sha256::digest("cursors of lists").into()),
            fingerprints,
            passwords: Passwords::new(&mut rng),
            logins: Throttle::new("login", settings.logins, settings.login_window),
            places: Throttle::new(
                "login_from",
                settings.logins_per_address,
                settings.login_window,
            ),
            refresh_life: settings.refresh_token,
            people: Cache::builder()
                .max_capacity(REMEMBERED)
                .time_to_live(BELIEVED)
                .build(),
            keys: Cache::builder()
                .max_capacity(REMEMBERED)
                .time_to_live(BELIEVED)
                .build(),
            rng: Mutex::new(rng),
            storage,
        })
    }

    /// The same, with failed logins counted together with other processes.
    #[must_use]
    pub fn sharing(self, shared: Option<Arc<dyn SharedCounts>>) -> Self {
        Self {
            logins: self.logins.sharing(shared.clone()),
            places: self.places.sharing(shared),
            ..self
        }
    }

    /// A generator of its own for a piece of work.
    pub(crate) fn fork_rng(&self) -> StdRng {
        StdRng::from_rng(&mut *self.rng.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Proves the caller of a request.
    ///
    /// Errors: 401 without a valid credential; the database cannot be reached.
    async fn prove(&self, authorization: Option<&str>) -> Result<Arc<Caller>, ApiError> {
        let refused = || ApiError::of(Slug::Unauthenticated);
        let (scheme, credential) = authorization
            .and_then(|header| header.split_once(' '))
            .ok_or_else(refused)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(refused());
        }
        if credential.starts_with(api_key::PREFIX) {
            return self.prove_key(credential).await;
        }
        let user_id = self
            .jwt
            .verify(credential, self.storage.clock().now())
            .await?
            .ok_or_else(refused)?;
        self.person(user_id).await?.ok_or_else(refused)
    }

    async fn prove_key(&self, key: &str) -> Result<Arc<Caller>, ApiError> {
        let refused = || ApiError::of(Slug::Unauthenticated);
        let hash = api_key::hash(key).ok_or_else(refused)?;
        let now = self.storage.clock().now();
        if let Some(known) = self.keys.get(&hash) {
            return known.at(now).ok_or_else(refused);
        }
        let found = self
            .storage
            .api_key_by_hash(hash)
            .await?
            .ok_or_else(refused)?;
        self.note_use(&found);
        let known = Arc::new(api_key::Known::from(found));
        self.keys.insert(hash, Arc::clone(&known));
        known.at(now).ok_or_else(refused)
    }

    /// Notes, at most once a minute and beside the request, that a key is in use.
    fn note_use(&self, key: &storage::api_keys::ApiKey) {
        let now = self.storage.clock().now();
        if key
            .last_used_at
            .is_some_and(|seen| now.since(seen) < Duration::from_mins(1))
        {
            return;
        }
        let (storage, id) = (Arc::clone(&self.storage), key.id);
        tokio::spawn(async move {
            if let Err(error) = storage.touch_api_key(id).await {
                tracing::debug!(%error, "api_key.not_touched");
            }
        });
    }

    /// The caller that a user is, if they still exist.
    async fn person(&self, id: UserId) -> Result<Option<Arc<Caller>>, ApiError> {
        if let Some(caller) = self.people.get(&id) {
            return Ok(Some(caller));
        }
        let Some(user) = self.storage.user(id).await? else {
            return Ok(None);
        };
        let caller = Arc::new(Caller::from(user));
        self.people.insert(id, Arc::clone(&caller));
        Ok(Some(caller))
    }

    /// Logs in. A wrong email and a wrong password look and cost the same.
    ///
    /// Errors: 401; 429 after too many failures for this account or from this address, right or wrong.
    pub(crate) async fn log_in(
        &self,
        email: &str,
        password: String,
        from: ClientAddress,
    ) -> Result<Tokens, ApiError> {
        let email = email.trim().to_lowercase();
        let account = u128::from_be_bytes(first_16(&Sha256::digest(&email)));
        let entry = self.logins.enter(account).await?;
        let place = match self.places.enter(from.subject()).await {
            Ok(place) => place,
            Err(refusal) => {
                entry.give_back().await;
                return Err(refusal);
            }
        };
        let proven = self.prove_password(&email, password).await;
        // Only wrong passwords count: not the right one, not a database that is away.
        if !matches!(proven, Ok(None)) {
            entry.give_back().await;
            place.give_back().await;
        }
        match proven? {
            Some(user_id) => self.first_tokens(user_id).await,
            None => Err(ApiError::new(
                Slug::Unauthenticated,
                "The email or the password is wrong.",
            )),
        }
    }

    /// Whose email and password these are.
    ///
    /// Errors: too many at once; the database cannot be reached.
    async fn prove_password(
        &self,
        email: &str,
        password: String,
    ) -> Result<Option<UserId>, ApiError> {
        let found = if email.contains(char::is_control) {
            None
        } else {
            self.storage.user_by_email(email).await?
        };
        let (user_id, hash) = found.unzip();
        let right = self.passwords.verify(hash, password).await?;
        Ok(user_id.filter(|_| right))
    }

    async fn first_tokens(&self, user_id: UserId) -> Result<Tokens, ApiError> {
        let (refresh, family) = {
            let mut rng = self.fork_rng();
            let mut family = [0; 16];
            rng.fill_bytes(&mut family);
            (refresh_token(&mut rng), Uuid::from_bytes(family))
        };
        let expires = self.storage.clock().now() + self.refresh_life;
        self.storage
            .create_refresh_token(user_id, family, hash(&refresh), expires)
            .await?;
        self.tokens(user_id, refresh).await
    }

    /// Trades a refresh token for new tokens.
    ///
    /// Errors: 401 for one that is unknown, expired, or was used before (which ends that login).
    pub(crate) async fn refresh(&self, shown: &str) -> Result<Tokens, ApiError> {
        let fresh = refresh_token(&mut self.fork_rng());
        let expires = self.storage.clock().now() + self.refresh_life;
        match self
            .storage
            .rotate_refresh_token(hash(shown), hash(&fresh), expires)
            .await?
        {
            Rotation::Rotated(user_id) => self.tokens(user_id, fresh).await,
            Rotation::Reused => Err(ApiError::new(
                Slug::Unauthenticated,
                "This refresh token was used before, so its login has been ended. Log in again.",
            )),
            Rotation::Invalid => Err(ApiError::new(
                Slug::Unauthenticated,
                "The refresh token is not valid.",
            )),
        }
    }

    /// Ends the login that a refresh token belongs to.
    ///
    /// Errors: the database cannot be reached.
    pub(crate) async fn log_out(&self, shown: &str) -> Result<(), ApiError> {
        Ok(self.storage.revoke_refresh_token(hash(shown)).await?)
    }

    async fn tokens(&self, user_id: UserId, refresh: String) -> Result<Tokens, ApiError> {
        let access = self.jwt.issue(user_id, self.storage.clock().now()).await?;
        Ok(Tokens {
            access,
            refresh,
            expires_in: self.jwt.life(),
        })
    }

    /// The stored form of a body's SHA-256: worth nothing to who guesses at the body.
    pub(crate) fn fingerprint(&self, hash: [u8; 32]) -> [u8; 32] {
        self.fingerprints.of(hash)
    }

    /// What cursors are told apart by, the same in every process.
    pub(crate) const fn cursor_key(&self) -> [u8; 32] {
        self.cursor_key
    }

    /// Hashes a new password.
    ///
    /// Errors: too many at once.
    pub(crate) async fn hash_password(&self, password: String) -> Result<String, ApiError> {
        self.passwords.hash(password, self.fork_rng()).await
    }

    /// An access token as it would have been issued at another time: for tests of what expires.
    #[doc(hidden)]
    pub async fn issue_at(&self, user_id: UserId, now: domain::clock::Micros) -> Option<String> {
        self.jwt.issue(user_id, now).await.ok()
    }
}

fn refresh_token(rng: &mut StdRng) -> String {
    let mut bytes = [0; 32];
    rng.fill_bytes(&mut bytes);
    format!("{REFRESH_PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

fn first_16(hash: &[u8]) -> [u8; 16] {
    let mut first = [0; 16];
    first.copy_from_slice(&hash[..16]);
    first
}

/// Asks for a proven caller who may do the operation at hand: by the table, for the merchant or app that the path
/// names.
pub(crate) struct Bearer {
    caller: Arc<Caller>,
    row: &'static Row,
}

impl std::ops::Deref for Bearer {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl Bearer {
    /// Lets the caller through, or not.
    ///
    /// Errors: 404 for somebody else's merchant or app, 403 for a role or scope that does not reach.
    fn admit(caller: Arc<Caller>, guard: &Guard) -> Result<Self, ApiError> {
        let row = guard.row.ok_or_else(|| ApiError::of(Slug::Forbidden))?;
        let missing = || ApiError::of(Slug::NotFound);
        match &guard.of {
            Subject::Merchant(id) => {
                caller.merchant(id.parse().map_err(|_| missing())?, row)?;
            }
            Subject::App(id) => {
                caller.app(id.parse().map_err(|_| missing())?, row)?;
            }
            Subject::Anybody => caller.anywhere(row)?,
        }
        Ok(Self { caller, row })
    }

    /// The scope of a merchant.
    ///
    /// Errors: 404 for a merchant that is not theirs, 403 for a wrong role or scope.
    pub(crate) fn merchant(&self, id: MerchantId) -> Result<TenantScope, ApiError> {
        self.caller.merchant(id, self.row)
    }

    /// The scope of an app.
    ///
    /// Errors: 404 for an app that is not theirs, 403 for a wrong role or scope.
    pub(crate) fn app(&self, id: AppId) -> Result<AppScope, ApiError> {
        self.caller.app(id, self.row)
    }

    /// The scope of the whole platform.
    ///
    /// Errors: 403.
    pub(crate) fn platform(&self) -> Result<PlatformScope, ApiError> {
        self.caller.platform(self.row)
    }

    /// Whether they may do this part of the operation across the platform.
    ///
    /// Errors: 403.
    pub(crate) fn part(&self, row: &str) -> Result<PlatformScope, ApiError> {
        let row = table::find(row).ok_or_else(|| ApiError::of(Slug::Forbidden))?;
        self.caller.platform(row)
    }
}

impl<'a> ApiExtractor<'a> for Bearer {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        registry.create_security_scheme(
            "bearer",
            MetaSecurityScheme {
                ty: "http",
                description: Some("An access token from `/v1/auth/token`, or an API key (`hy_…`)."),
                name: None,
                key_in: None,
                scheme: Some("bearer"),
                bearer_format: Some("JWT or API key"),
                flows: None,
                openid_connect_url: None,
            },
        );
    }

    fn security_schemes() -> Vec<&'static str> {
        vec!["bearer"]
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let app: &Arc<App> = request
            .data()
            .ok_or_else(|| ApiError::internal("no App in the request"))?;
        let header = request
            .headers()
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let caller = match app.auth.prove(header).await {
            Ok(caller) => caller,
            Err(error) if error.slug == Slug::Unauthenticated && header.is_some() => {
                let from = app.limits.address(request);
                return Err(app.limits.refuse(from, error).await.into());
            }
            Err(error) => return Err(error.into()),
        };
        if let Some(origin) = Origin::current() {
            origin.proven(|| caller.as_actor());
        }
        app.limits.check(&caller, request).await?;
        let guard = request.extensions().get::<Guard>();
        let guard = guard.ok_or_else(|| ApiError::of(Slug::Forbidden))?;
        Ok(Self::admit(caller, guard)?)
    }
}
