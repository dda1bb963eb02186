//! Rates of requests: for each credential and for each merchant, with the headers that tell of them.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use domain::id::MerchantId;
use domain::rate::{Rate, Subject, Taken};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use poem::http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

use super::SharedCounts;
use crate::problem::{ApiError, Slug};
use crate::settings::Settings;

static RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
static RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// Checks between two looks for subjects that have their whole quota again and need not be remembered.
const SWEEP: u32 = 10_000;

/// The rates that are set, and who counts.
pub(crate) struct Rates {
    key: Option<Policy>,
    merchant: Option<Policy>,
    shared: Option<Arc<dyn SharedCounts>>,
}

/// One rate, with this process's own counts.
struct Policy {
    /// As headers name it.
    name: &'static str,
    rate: Rate,
    local:
        RateLimiter<u128, DefaultKeyedStateStore<u128>, DefaultClock, StateInformationMiddleware>,
    checks: AtomicU32,
}

/// What a request has used of each quota.
#[derive(Debug)]
pub(crate) struct Tally(Vec<(&'static str, Rate, Taken)>);

/// Carries a tally from where it is made to the answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct TallySlot(Arc<OnceLock<Tally>>);

impl TallySlot {
    /// Puts the tally in; a request is counted once.
    pub(super) fn fill(&self, tally: Tally) {
        self.0.set(tally).ok();
    }

    /// Adds `RateLimit` and `RateLimit-Policy` if the request was counted.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        if let Some(tally) = self.0.get() {
            tally.write(headers);
        }
    }
}

impl Rates {
    pub(super) fn new(settings: &Settings, shared: Option<Arc<dyn SharedCounts>>) -> Self {
        let policy = |name, rate: Option<Rate>| rate.map(|rate| Policy::new(name, rate));
        Self {
            key: policy("key", settings.requests_per_key),
            merchant: policy("merchant", settings.requests_per_merchant),
            shared,
        }
    }

    pub(super) const fn are_any(&self) -> bool {
        self.key.is_some() || self.merchant.is_some()
    }

    /// Takes one of each quota that applies.
    pub(super) async fn take(&self, credential: Uuid, merchant: Option<MerchantId>) -> Tally {
        let key = self.key.as_ref().map(|policy| (policy, credential));
        let merchant = self.merchant.as_ref().zip(merchant);
        let merchant = merchant.map(|(policy, id)| (policy, id.uuid()));
        let asked: Vec<(&Policy, u128)> = key
            .into_iter()
            .chain(merchant)
            .map(|(policy, id)| (policy, id.as_u128()))
            .collect();
        if let Some(shared) = &self.shared
            && !asked.is_empty()
        {
            let subjects: Vec<_> = asked
                .iter()
                .map(|(policy, id)| (policy.subject(*id), policy.rate))
                .collect();
            if let Some(taken) = shared.take(&subjects).await {
                let parts = asked.iter().zip(taken);
                return Tally(
                    parts
                        .map(|((policy, _), taken)| (policy.name, policy.rate, taken))
                        .collect(),
                );
            }
        }
        Tally::alone(&asked)
    }
}

impl Policy {
    fn new(name: &'static str, rate: Rate) -> Self {
        let step = Duration::from_micros(rate.step_us());
        // A step is never zero, so this period is always one.
        let quota = Quota::with_period(step).unwrap_or_else(|| Quota::per_second(rate.count()));
        let local = RateLimiter::keyed(quota.allow_burst(rate.count()));
        Self {
            name,
            rate,
            local: local.with_middleware(),
            checks: AtomicU32::new(0),
        }
    }

    fn subject(&self, id: u128) -> Subject {
        Subject { of: self.name, id }
    }

    /// Takes one by this process's own counts.
    fn take(&self, id: u128) -> Taken {
        if self.checks.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            self.local.retain_recent();
        }
        let (step, count) = (self.rate.step_us(), u64::from(self.rate.count().get()));
        match self.local.check_key(&id) {
            Ok(state) => {
                let left = u64::from(state.remaining_burst_capacity());
                self.rate.taken(true, count.saturating_sub(left) * step)
            }
            Err(until) => {
                let wait = until.wait_time_from(DefaultClock::default().now());
                let wait = u64::try_from(wait.as_micros()).unwrap_or(u64::MAX);
                self.rate.taken(false, (count - 1) * step + wait)
            }
        }
    }
}

impl Tally {
    /// By this process's own counts, up to the first quota that is used up.
    fn alone(asked: &[(&Policy, u128)]) -> Self {
        let mut parts = Vec::with_capacity(asked.len());
        for (policy, id) in asked {
            let taken = policy.take(*id);
            parts.push((policy.name, policy.rate, taken));
            if taken.wait.is_some() {
                break;
            }
        }
        Self(parts)
    }

    /// Why the request must wait, if it must.
    pub(super) fn refusal(&self) -> Option<ApiError> {
        let waits = self.0.iter().filter_map(|(name, rate, taken)| {
            // Of several, those that had some left are not the reason.
            let wait = taken.wait.filter(|wait| !wait.is_zero())?;
            Some((name, rate, wait))
        });
        let (name, rate, wait) = waits.max_by_key(|(.., wait)| *wait)?;
        metrics::counter!("hookyard_requests_limited_total", "quota" => *name).increment(1);
        let (count, window) = (rate.count(), humantime::format_duration(rate.window()));
        let whose = if *name == "key" { "credential" } else { name };
        let detail = format!("This {whose} may make {count} requests in {window}.");
        Some(ApiError::new(Slug::QuotaExceeded, detail).retry_after(ceil_seconds(wait).max(1)))
    }

    /// Source: draft-ietf-httpapi-ratelimit-headers-10.
    fn write(&self, headers: &mut HeaderMap) {
        if self.0.is_empty() {
            return;
        }
        let (mut limits, mut policies) = (String::new(), String::new());
        for (name, rate, taken) in &self.0 {
            let between = if limits.is_empty() { "" } else { ", " };
            let (left, full) = (taken.left, ceil_seconds(taken.full_after));
            let (count, window) = (rate.count(), ceil_seconds(rate.window()));
            // Writing to a string cannot fail.
            write!(limits, "{between}\"{name}\";r={left};t={full}").ok();
            write!(policies, "{between}\"{name}\";q={count};w={window}").ok();
        }
        for (name, value) in [(&RATE_LIMIT, limits), (&RATE_LIMIT_POLICY, policies)] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
    }
}

fn ceil_seconds(time: Duration) -> u32 {
    let whole = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    u32::try_from(whole).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(key: Option<&str>, merchant: Option<&str>) -> Rates {
        let rate = |text: &str| text.parse().unwrap();
        let settings = Settings {
            requests_per_key: key.map(rate),
            requests_per_merchant: merchant.map(rate),
            ..Settings::default()
        };
        Rates::new(&settings, None)
    }

    fn merchant(number: u128) -> MerchantId {
        MerchantId::from_uuid(Uuid::from_u128(number))
    }

    #[tokio::test]
    async fn each_quota_is_told_of_and_the_used_up_one_is_named() {
        let rates = rates(Some("3/h"), Some("2/h"));
        let first = rates.take(Uuid::from_u128(1), Some(merchant(7))).await;
        assert!(first.refusal().is_none());
        let mut headers = HeaderMap::new();
        first.write(&mut headers);
        assert_eq!(
            headers["ratelimit"],
            "\"key\";r=2;t=1200, \"merchant\";r=1;t=1800"
        );
        assert_eq!(
            headers["ratelimit-policy"],
            "\"key\";q=3;w=3600, \"merchant\";q=2;w=3600"
        );
        assert!(
            rates
                .take(Uuid::from_u128(2), Some(merchant(7)))
                .await
                .refusal()
                .is_none()
        );
        let refused = rates.take(Uuid::from_u128(2), Some(merchant(7))).await;
        let refusal = refused.refusal().unwrap();
        assert_eq!(refusal.slug, Slug::QuotaExceeded);
        assert!(refusal.detail.contains("merchant"), "{}", refusal.detail);
        assert!((1_790..=1_800).contains(&refusal.retry_after_seconds.unwrap()));
        assert!(
            rates
                .take(Uuid::from_u128(3), Some(merchant(8)))
                .await
                .refusal()
                .is_none()
        );
    }

    #[tokio::test]
    async fn without_a_rate_nothing_is_counted() {
        let rates = rates(None, None);
        assert!(!rates.are_any());
        let tally = rates.take(Uuid::nil(), Some(merchant(1))).await;
        assert!(tally.0.is_empty());
    }
}
