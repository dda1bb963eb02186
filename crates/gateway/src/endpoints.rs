//! Endpoints of merchants and of apps: made, changed, switched on and off, deleted; their subscriptions.

use std::sync::Arc;
use std::time::Duration;

use domain::audit::Actor;
use domain::catalog::EventType;
use domain::dialect::Dialect;
use domain::endpoint::{
    self, Batch, DESCRIPTION_MAX, Destination, DisabledReason, Endpoint, Owner, SCHEDULE_MAX,
};
use domain::error::FieldError;
use domain::event::make_canonical;
use domain::id::EndpointId;
use domain::tenancy::{OwnerScope, TenantScope};
use storage::audit::Origin;
use storage::jobs::{Waiting, While};

use crate::error::Faults;
use crate::merchants::set;
use crate::secrets::check_secret;
use crate::{Error, Gateway};

/// Shortest and longest timeout an endpoint may ask for.
const TIMEOUT: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_secs(30);
/// Longest delay a schedule may have.
const DELAY_MAX: Duration = Duration::from_hours(24 * 3);
/// Most event types an endpoint may subscribe to.
const SUBSCRIPTIONS_MAX: usize = 200;
/// Wrong fields of one request that are told of.
const FAULTS_MAX: usize = 100;
/// Jobs ended or moved in one transaction.
const CHUNK: i64 = 1_000;

/// An endpoint to be made.
#[derive(Debug, Clone)]
pub struct NewEndpoint {
    /// Where requests go.
    pub url: String,
    /// The wire format.
    pub dialect: Dialect,
    /// What it receives.
    pub event_types: Vec<String>,
    /// The secret its owner made up; made by us when absent.
    pub secret: Option<String>,
    /// What it is for.
    pub description: String,
    /// The payload version; the dialect's newest when absent.
    pub version: Option<String>,
    /// Custom headers.
    pub headers: Vec<(String, String)>,
    /// Most requests a second.
    pub rate_limit: Option<u32>,
    /// Its own timeout.
    pub timeout: Option<Duration>,
    /// Its own schedule.
    pub schedule: Option<Vec<Duration>>,
    /// Whether and how events are collected.
    pub batch: Option<Batch>,
    /// Whether requests are signed.
    pub signed: bool,
    /// Whether it receives at once.
    pub enabled: bool,
}

/// Changes to an endpoint: `None` leaves a field as it is, `Some(None)` empties it.
#[derive(Debug, Clone, Default)]
pub struct EndpointPatch {
    /// A new URL.
    pub url: Option<String>,
    /// A new list of event types.
    pub event_types: Option<Vec<String>>,
    /// A new description.
    pub description: Option<String>,
    /// New custom headers.
    pub headers: Option<Vec<(String, String)>>,
    /// A new rate limit.
    pub rate_limit: Option<Option<u32>>,
    /// A new timeout.
    pub timeout: Option<Option<Duration>>,
    /// A new schedule.
    pub schedule: Option<Option<Vec<Duration>>>,
    /// A new way to collect events.
    pub batch: Option<Option<Batch>>,
    /// Signed or not; requests of the standard dialect always are.
    pub signed: Option<bool>,
}

impl EndpointPatch {
    fn apply(self, endpoint: &mut Endpoint) {
        set(&mut endpoint.url, self.url);
        set(&mut endpoint.event_types, self.event_types.map(sorted));
        set(&mut endpoint.description, self.description);
        set(&mut endpoint.headers, self.headers);
        set(&mut endpoint.rate_limit, self.rate_limit);
        set(&mut endpoint.timeout, self.timeout);
        set(&mut endpoint.schedule, self.schedule);
        set(&mut endpoint.batch, self.batch);
        set(&mut endpoint.signed, self.signed);
        endpoint.signed |= endpoint.dialect == Dialect::Standard;
    }
}

impl Gateway {
    /// Makes an endpoint with its secrets.
    ///
    /// Errors: no such owner; fields are wrong; it has as many as it may; storage fails.
    pub async fn create_endpoint(
        &self,
        scope: impl Into<OwnerScope>,
        new: NewEndpoint,
    ) -> Result<Destination, Error> {
        let owner = scope.into().owner();
        self.check_owner(owner).await?;
        let now = self.now();
        let versions = new.dialect.format().versions();
        let version = new.version.unwrap_or_else(|| versions[0].to_owned());
        let mut faults = Faults::default();
        let given = check_secret(new.dialect, new.secret.as_deref(), &mut faults);
        let secrets = self.new_secrets(new.dialect, given);
        let mut endpoint = Endpoint {
            id: self.draw(|rng| EndpointId::new(now, rng)),
            owner,
            url: new.url,
            dialect: new.dialect,
            description: new.description,
            version,
            headers: new.headers,
            rate_limit: new.rate_limit,
            timeout: new.timeout,
            schedule: new.schedule,
            batch: new.batch,
            signed: new.signed || new.dialect == Dialect::Standard,
            disabled: (!new.enabled).then_some((DisabledReason::Manual, now)),
            event_types: sorted(new.event_types),
            failing_since: None,
            created_at: now,
            updated_at: now,
        };
        endpoint.url = self.check_url(endpoint.url, &mut faults);
        self.check_endpoint(&endpoint, faults).await?;
        let destination = Destination { endpoint, secrets };
        let limit = self.settings.endpoints_per_merchant;
        if self.storage.create_endpoint(&destination, limit).await? {
            Ok(destination)
        } else {
            Err(Error::LimitReached {
                detail: format!("A merchant or app may have {limit} endpoints; delete one first."),
            })
        }
    }

    /// Changes an endpoint.
    ///
    /// Errors: no such endpoint; fields are wrong; storage fails.
    pub async fn update_endpoint(
        &self,
        scope: impl Into<OwnerScope>,
        id: EndpointId,
        mut patch: EndpointPatch,
    ) -> Result<Endpoint, Error> {
        let scope = scope.into();
        let mut wanted = self
            .storage
            .endpoint(scope, id)
            .await?
            .ok_or(Error::NotFound)?;
        let mut faults = Faults::default();
        let url = patch.url.take();
        patch.url = url.map(|url| self.check_url(url, &mut faults));
        patch.clone().apply(&mut wanted);
        self.check_endpoint(&wanted, faults).await?;
        let changed = self
            .storage
            .update_endpoint(scope, id, |endpoint| patch.apply(endpoint));
        changed.await?.ok_or(Error::NotFound)
    }

    /// Replaces what an endpoint receives.
    ///
    /// Errors: no such endpoint; a type is unknown or of another dialect; storage fails.
    pub async fn set_subscriptions(
        &self,
        scope: impl Into<OwnerScope>,
        id: EndpointId,
        event_types: Vec<String>,
    ) -> Result<Endpoint, Error> {
        let patch = EndpointPatch {
            event_types: Some(event_types),
            ..EndpointPatch::default()
        };
        self.update_endpoint(scope, id, patch).await
    }

    /// Switches an endpoint on. What waited while it was off is sent, oldest first.
    ///
    /// Errors: no such endpoint; storage fails.
    pub async fn enable_endpoint(
        &self,
        scope: impl Into<OwnerScope>,
        id: EndpointId,
    ) -> Result<Endpoint, Error> {
        let mut since = None;
        let enabled = self
            .storage
            .update_endpoint(scope, id, |endpoint| {
                since = endpoint.disabled.take();
                endpoint.failing_since = None;
            })
            .await?
            .ok_or(Error::NotFound)?;
        if let Some((_, at)) = since {
            self.storage
                .redue(id, at + self.settings.disabled_wait)
                .await?;
        }
        Ok(enabled)
    }

    /// Switches an endpoint off: new events are skipped, what waits is kept for a while.
    ///
    /// Errors: no such endpoint; storage fails.
    pub async fn disable_endpoint(
        &self,
        scope: impl Into<OwnerScope>,
        id: EndpointId,
        reason: DisabledReason,
    ) -> Result<Endpoint, Error> {
        let now = self.now();
        let disabled = self.storage.update_endpoint(scope, id, |endpoint| {
            endpoint.disabled.get_or_insert((reason, now));
        });
        disabled.await?.ok_or(Error::NotFound)
    }

    /// As [`Self::disable_endpoint`], for a failing one; `None` when it was disabled already, so that whoever
    /// did it is the one to tell.
    ///
    /// Errors: no such endpoint; storage fails.
    pub async fn disable_failing(
        &self,
        scope: impl Into<OwnerScope>,
        id: EndpointId,
        reason: DisabledReason,
    ) -> Result<Option<Endpoint>, Error> {
        let now = self.now();
        let mut ours = false;
        let disabled = self.storage.update_endpoint(scope, id, |endpoint| {
            ours = endpoint.disabled.is_none();
            endpoint.disabled.get_or_insert((reason, now));
        });
        let origin = Origin::of("disableEndpoint", Actor::system());
        let disabled = Arc::new(origin).run(disabled);
        let endpoint = disabled.await?.ok_or(Error::NotFound)?;
        Ok(ours.then_some(endpoint))
    }

    /// Deletes an endpoint. What waits for it is cancelled; its log ages out.
    ///
    /// Errors: no such endpoint; storage fails.
    pub async fn delete_endpoint(
        &self,
        scope: impl Into<OwnerScope>,
        id: EndpointId,
    ) -> Result<(), Error> {
        if !self.storage.delete_endpoint(scope, id).await? {
            return Err(Error::NotFound);
        }
        self.cancel_waiting(id).await
    }

    /// Cancels whatever waits for an endpoint that is gone, or of a merchant that is gone.
    ///
    /// Errors: storage fails; the worker cancels the rest as it comes across it.
    pub async fn cancel_waiting(&self, of: impl Into<Waiting>) -> Result<(), Error> {
        let of = of.into();
        while self
            .storage
            .end_waiting(of, None, CHUNK, While::Always)
            .await?
            == usize::try_from(CHUNK).unwrap_or(0)
        {}
        Ok(())
    }

    async fn check_owner(&self, owner: Owner) -> Result<(), Error> {
        let there = match owner {
            Owner::Merchant(id) => self.storage.merchant(TenantScope::of(id)).await?.is_some(),
            Owner::App(id) => self.storage.app(id).await?.is_some(),
        };
        if there { Ok(()) } else { Err(Error::NotFound) }
    }

    /// The URL as it is stored; as it came if it may not be called.
    fn check_url(&self, url: String, faults: &mut Faults) -> String {
        match self.settings.address_policy.check_url(&url) {
            Ok(checked) => checked.as_str().to_owned(),
            Err(problem) => {
                let fault = FieldError::new("/url", problem.code.as_str(), problem.detail);
                faults.url.push(fault);
                url
            }
        }
    }

    /// Checks everything but the URL, and refuses with what was found before.
    async fn check_endpoint(&self, endpoint: &Endpoint, mut faults: Faults) -> Result<(), Error> {
        let headers = endpoint::check_headers("/headers", &endpoint.headers);
        faults.headers.extend(headers);
        faults.others.extend(check_shape(endpoint));
        let batch = endpoint::check_batch("/batch", endpoint.dialect, endpoint.batch);
        faults.others.extend(batch);
        let known = self.config_types().await?;
        for (index, name) in endpoint.event_types.iter().enumerate() {
            let fault = check_type(endpoint.dialect, name, known.get(name));
            faults.others.extend(fault.map(|(code, detail)| {
                FieldError::new(format!("/event_types/{index}"), code, detail)
            }));
        }
        faults.others.truncate(FAULTS_MAX);
        faults.refuse()
    }
}

/// Why an endpoint of this dialect may not subscribe to a type: code and detail.
fn check_type(
    dialect: Dialect,
    name: &str,
    entry: Option<&EventType>,
) -> Option<(&'static str, String)> {
    match entry {
        None => Some((
            "unknown_event_type",
            format!(
                "`{}` is not in the catalogue: see GET /v1/event-types",
                cut(name)
            ),
        )),
        Some(entry) if dialect != Dialect::Standard && entry.dialect != dialect => Some((
            "other_dialect",
            format!(
                "`{name}` is a {} event type; this endpoint speaks {}",
                entry.dialect.as_str(),
                dialect.as_str()
            ),
        )),
        Some(_) => None,
    }
}

/// A name as it is told back: nobody's name is longer than 100 characters.
fn cut(name: &str) -> &str {
    name.char_indices()
        .nth(100)
        .map_or(name, |(end, _)| &name[..end])
}

fn check_shape(endpoint: &Endpoint) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut refuse = |bad: bool, pointer: &str, code, detail: String| {
        if bad {
            errors.push(FieldError::new(pointer, code, detail));
        }
    };
    let versions = endpoint.dialect.format().versions();
    refuse(
        !versions.contains(&endpoint.version.as_str()),
        "/version",
        "unknown_version",
        format!(
            "{} knows {}",
            endpoint.dialect.as_str(),
            versions.join(", ")
        ),
    );
    let description = &endpoint.description;
    refuse(
        description.chars().count() > DESCRIPTION_MAX || description.chars().any(char::is_control),
        "/description",
        "text",
        format!("must have at most {DESCRIPTION_MAX} characters, none of them control characters"),
    );
    refuse(
        endpoint
            .rate_limit
            .is_some_and(|limit| !(1..=10_000).contains(&limit)),
        "/rate_limit",
        "range",
        "must be 1 to 10,000 requests a second".to_owned(),
    );
    refuse(
        endpoint
            .timeout
            .is_some_and(|timeout| !TIMEOUT.contains(&timeout)),
        "/timeout",
        "range",
        "must be 100ms to 30s".to_owned(),
    );
    let schedule = endpoint.schedule.as_deref().unwrap_or_default();
    refuse(
        schedule.len() > SCHEDULE_MAX
            || schedule
                .iter()
                .any(|delay| delay.is_zero() || *delay > DELAY_MAX),
        "/schedule",
        "range",
        format!("must have at most {SCHEDULE_MAX} delays, each more than none and at most 3 days"),
    );
    refuse(
        endpoint.event_types.is_empty() || endpoint.event_types.len() > SUBSCRIPTIONS_MAX,
        "/event_types",
        "count",
        format!("must name 1 to {SUBSCRIPTIONS_MAX} event types"),
    );
    errors
}

/// Each name once in its canonical spelling, in byte order: fan-out searches by it.
fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.iter_mut().for_each(make_canonical);
    names.sort_unstable();
    names.dedup();
    names
}
