//! Who is calling: people with a password and a short access token, programs with an API key.
//!
//! Roles and keys are cached for five seconds: a lowered role or a deleted key is out of work after that.

pub(crate) mod api_key;
pub(crate) mod caller;
pub(crate) mod fingerprint;
pub mod jwt;
pub(crate) mod login;
pub mod password;
pub(crate) mod scope;
pub(crate) mod table;
pub(crate) mod token;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::clock::Clock as _;
use domain::endpoint::Owner;
use domain::id::{ApiKeyId, AppId, LoginId, MerchantId, UserId};
use domain::tenancy::{AppScope, PlatformScope, TenantScope};
use moka::sync::Cache;
use poem::http::header::AUTHORIZATION;
use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use sha2::{Digest as _, Sha256};
use storage::Storage;
use storage::audit::Origin;
use storage::logins::{Login, LoginOf};

use crate::app::App;
use crate::limits::SharedCounts;
use crate::limits::throttle::Throttle;
use crate::operations::{Guard, Subject};
use crate::problem::{ApiError, Slug};
use crate::settings::Settings;
use caller::{Caller, Known};
use fingerprint::Fingerprints;
use jwt::Jwt;
use password::Passwords;
use table::Row;

/// How long a role or a key is believed without asking again.
const BELIEVED: Duration = Duration::from_secs(5);
/// Callers remembered at once.
const REMEMBERED: u64 = 10_000;

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
    people: Cache<LoginId, Arc<Known>>,
    keys: Cache<[u8; 32], Arc<Known>>,
    fingerprints: Fingerprints,
    cursor_key: [u8; 32],
    rng: Mutex<StdRng>,
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Auth")
    }
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
        let (login_id, actor) = self
            .jwt
            .verify(credential, self.storage.clock().now())
            .await?
            .ok_or_else(refused)?;
        let caller = self.logged_in(login_id).await?;
        caller
            .filter(|caller| caller.actor == actor)
            .ok_or_else(refused)
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
        let known = Arc::new(Known::from(found));
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

    /// The caller of a login that goes on.
    async fn logged_in(&self, id: LoginId) -> Result<Option<Arc<Caller>>, ApiError> {
        let now = self.storage.clock().now();
        if let Some(known) = self.people.get(&id) {
            return Ok(known.at(now));
        }
        let Some(login) = self.storage.login(id).await? else {
            return Ok(None);
        };
        let ends = login.expires_at;
        let Some(caller) = self.caller_of(login).await? else {
            return Ok(None);
        };
        let known = Arc::new(Known::new(caller, Some(ends)));
        self.people.insert(id, Arc::clone(&known));
        Ok(known.at(now))
    }

    /// Whether a caller who was proven before would be proven again, with the same rights.
    pub(crate) async fn still_holds(&self, caller: &Caller) -> bool {
        let now = self.storage.clock().now();
        if let Some(login) = caller.login {
            let found = self.logged_in(login.id).await;
            return found.is_ok_and(|found| found.is_some_and(|found| *found == *caller));
        }
        let key = self.storage.api_key(ApiKeyId::from_uuid(caller.id)).await;
        key.is_ok_and(|key| key.is_some_and(|key| key.expires_at.is_none_or(|end| now < end)))
    }

    /// Asks again who everybody is: somebody's rights or logins have just changed. Other processes notice within
    /// [`BELIEVED`].
    pub(crate) fn forget_people(&self) {
        self.people.invalidate_all();
    }

    /// Who is logged in, if they, or the merchant they were let in to, still exist.
    async fn caller_of(&self, login: Login) -> Result<Option<Caller>, ApiError> {
        Ok(match login.of {
            LoginOf::User(user_id) => {
                let user = self.storage.user(user_id).await?;
                user.map(|user| Caller::user(user, login.id))
            }
            LoginOf::Portal(portal) => {
                let merchant = TenantScope::of(portal.merchant_id);
                let merchant = self.storage.merchant(merchant).await?;
                merchant.map(|_| Caller::portal(&portal, login.id))
            }
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

    /// An access token as it would have been issued at another time, for a user's newest login: for tests of what
    /// expires.
    #[doc(hidden)]
    pub async fn issue_at(&self, user_id: UserId, now: domain::clock::Micros) -> Option<String> {
        let page = storage::PageRequest {
            limit: 1,
            before: None,
        };
        let mut logins = self.storage.logins(user_id, page).await.ok()?;
        let login = logins.rows.pop()?;
        self.jwt.issue(&login, user_id.to_string(), now).await.ok()
    }
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

    /// Whether they see the queries of the URLs of a merchant's, or an app's, or of all endpoints.
    pub(crate) fn sees_queries(&self, owner: Option<Owner>) -> bool {
        table::find(table::SEE_QUERIES).is_some_and(|row| match owner {
            Some(Owner::Merchant(id)) => self.caller.merchant(id, row).is_ok(),
            Some(Owner::App(id)) => self.caller.app(id, row).is_ok(),
            None => self.caller.platform(row).is_ok(),
        })
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
