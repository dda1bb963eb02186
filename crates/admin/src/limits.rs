//! What one credential, one merchant and one address may ask of this process. Counts are shared between processes
//! where there is something to share them by; else, and while that is away, each process counts for itself.

pub(crate) mod address;
pub(crate) mod connections;
pub(crate) mod rates;
pub(crate) mod streams;
pub(crate) mod throttle;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::id::MerchantId;
use domain::rate::{Rate, Subject, Taken};
use poem::Request;
use tokio::sync::SemaphorePermit;

use self::address::{ClientAddress, TrustedProxies};
use self::rates::{Rates, TallySlot};
use self::streams::{OpenStream, Streams};
use self::throttle::Throttle;
use crate::auth::caller::Caller;
use crate::operations::PREFIX;
use crate::problem::ApiError;
use crate::settings::Settings;

/// The window of `refused_credentials`.
const REFUSED_WINDOW: Duration = Duration::from_mins(1);

/// Counts that several processes share. `None` while they cannot be reached, which must be told at once.
#[async_trait]
pub trait SharedCounts: Send + Sync + 'static {
    /// Takes one of each quota, or of none if one of them is used up.
    async fn take(&self, asked: &[(Subject, Rate)]) -> Option<Vec<Taken>>;

    /// Counts an entry in the subject's window, or says how long to wait for its end.
    async fn enter(
        &self,
        subject: Subject,
        limit: u32,
        window: Duration,
    ) -> Option<Result<(), Duration>>;

    /// Takes an entry back.
    async fn leave(&self, subject: Subject);

    /// The version of what they are shared by.
    async fn version(&self) -> Option<String>;
}

/// The limits of requests.
pub struct Limits {
    rates: Rates,
    proxies: TrustedProxies,
    refused: Throttle,
    body_timeout: Duration,
    streams: Arc<Streams>,
    shared: Option<Arc<dyn SharedCounts>>,
}

impl std::fmt::Debug for Limits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Limits")
    }
}

impl Limits {
    /// As the settings say, counted together with other processes by `shared`.
    pub fn new(settings: &Settings, shared: Option<Arc<dyn SharedCounts>>) -> Self {
        Self {
            rates: Rates::new(settings, shared.clone()),
            proxies: TrustedProxies::new(settings.trusted_proxies.clone()),
            // Never shared: it only spares this process work, and a flood would become one of Redis.
            refused: Throttle::new("refused", settings.refused_credentials, REFUSED_WINDOW),
            body_timeout: settings.body_timeout,
            streams: Arc::default(),
            shared,
        }
    }

    /// Whether requests are counted at all.
    pub(crate) const fn count_requests(&self) -> bool {
        self.rates.are_any()
    }

    /// Time for a whole body to come in.
    pub(crate) const fn body_timeout(&self) -> Duration {
        self.body_timeout
    }

    /// A place for one more stream of this caller.
    ///
    /// Errors: 429 or 503 when there are too many.
    pub(crate) fn open_stream(
        &self,
        caller: &Caller,
        merchant: Option<MerchantId>,
    ) -> Result<OpenStream, ApiError> {
        self.streams.open(caller.id, merchant.map(MerchantId::uuid))
    }

    /// A stream's turn to look at the log.
    pub(crate) async fn look_turn(&self) -> Option<SemaphorePermit<'_>> {
        self.streams.looks.acquire().await.ok()
    }

    /// Where processes count together.
    pub(crate) const fn shared(&self) -> Option<&Arc<dyn SharedCounts>> {
        self.shared.as_ref()
    }

    /// Where a request comes from.
    pub(crate) fn address(&self, request: &Request) -> ClientAddress {
        self.proxies.client_of(request)
    }

    /// Counts a request of a proven caller.
    ///
    /// Errors: 429 with the time to wait.
    pub(crate) async fn check(&self, caller: &Caller, request: &Request) -> Result<(), ApiError> {
        if !self.rates.are_any() {
            return Ok(());
        }
        let merchant = merchant_of(caller, request.original_uri().path());
        let tally = self.rates.take(caller.id, merchant).await;
        let refusal = tally.refusal();
        if let Some(slot) = request.data::<TallySlot>() {
            slot.fill(tally);
        }
        refusal.map_or(Ok(()), Err)
    }

    /// Counts a refused credential; what it is answered. A right one from there is never refused for it: behind
    /// an unknown proxy everybody has one address.
    pub(crate) async fn refuse(&self, from: ClientAddress, refusal: ApiError) -> ApiError {
        let entry = self.refused.enter(from.subject()).await;
        entry.err().unwrap_or(refusal)
    }
}

/// The merchant whose quota a request uses: the one it is about, if it is the caller's; else the caller's only one.
/// Nobody uses up a foreign quota.
fn merchant_of(caller: &Caller, path: &str) -> Option<MerchantId> {
    let about = path
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.strip_prefix("/merchants/"))
        .and_then(|rest| rest.split('/').next()?.parse().ok());
    match (about, caller.merchants.as_slice()) {
        (Some(id), held) => {
            let theirs = caller.platform.is_some() || held.iter().any(|(held, _)| *held == id);
            theirs.then_some(id)
        }
        (None, [(id, _)]) if caller.platform.is_none() => Some(*id),
        (None, _) => None,
    }
}
