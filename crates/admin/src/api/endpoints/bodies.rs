//! What is sent and shown about endpoints.

use std::time::Duration;

use domain::clock::Micros;
use domain::dialect::{Dialect, carthook};
use domain::endpoint::{Batch, Destination, DisabledReason, Endpoint};
use domain::error::FieldError;
use domain::id::{AppId, EndpointId, MerchantId};
use domain::redaction::without_query;
use domain::secret::Secrets;
use gateway::endpoints::{EndpointPatch, NewEndpoint};
use gateway::secrets::RotateSecret;
use poem_openapi::Object;
use poem_openapi::types::MaybeUndefined;
use serde::{Deserialize, Serialize};

use crate::auth::Bearer;
use crate::body::escaped;
use crate::problem::{ApiError, FAULTS_MAX, Slug};
use crate::raw_json::{Headers, HeadersPatch, MASK, RawJson};
use crate::text::Text;

/// Several events in one request, an array of them: of `flashy` endpoints. A 2xx acknowledges all of them; after
/// anything else all are retried. `webhook-id` is then the attempt's `batch_id`.
#[derive(Serialize, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(rename = "Batch")]
struct BatchSetting {
    /// Most events in one request, 2 to 100. As many are sent at once.
    max_events: u32,
    /// How long the first event waits for others, `100ms` to `1m`. A manual retry, which goes alone, waits as long.
    max_wait: Text<Duration>,
}

/// A new endpoint.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateEndpoint {
    /// Where requests go: a public https URL.
    url: String,
    /// The wire format it speaks.
    dialect: Text<Dialect>,
    /// What it receives, of its dialect; a `standard` endpoint may receive any.
    #[oai(validator(min_items = 1, max_items = 200))]
    event_types: Vec<String>,
    /// The secret: 16 to 512 printable ASCII characters, for `standard` a signing secret. Made when left out.
    secret: Option<String>,
    /// What it is for.
    #[oai(validator(max_length = 500))]
    description: Option<String>,
    /// The payload version; the dialect's newest when left out.
    version: Option<String>,
    /// Custom headers sent with every request: 20 and 8 KiB at most.
    headers: Option<Headers>,
    /// Most requests a second.
    rate_limit: Option<u32>,
    /// Time for a whole attempt, instead of the dialect's.
    timeout: Option<Text<Duration>>,
    /// Delays between attempts, instead of the dialect's: 20 at most.
    #[oai(validator(max_items = 20))]
    schedule: Option<Vec<Text<Duration>>>,
    /// Whether and how events are collected; each is sent alone when left out.
    batch: Option<BatchSetting>,
    /// Whether the Standard Webhooks signature headers are sent; they are unless this is false.
    signed: Option<bool>,
    /// Whether it receives at once; it does unless this is false.
    enabled: Option<bool>,
}

/// Changes to an endpoint; what is left out stays, null empties.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
pub(super) struct UpdateEndpoint {
    /// A new URL. Deliveries that wait go there too.
    url: Option<String>,
    /// A new list of event types.
    event_types: Option<Vec<String>>,
    /// A new description.
    description: MaybeUndefined<String>,
    /// Custom headers to set; null takes one away, `****` leaves it as it is.
    headers: MaybeUndefined<HeadersPatch>,
    /// A new rate limit.
    rate_limit: MaybeUndefined<u32>,
    /// A new timeout.
    timeout: MaybeUndefined<Text<Duration>>,
    /// A new schedule.
    schedule: MaybeUndefined<Vec<Text<Duration>>>,
    /// A new way to collect events, whole.
    batch: MaybeUndefined<BatchSetting>,
    /// Signed or not.
    signed: Option<bool>,
    /// Enabled or not.
    pub(super) enabled: Option<bool>,
}

/// What an endpoint receives.
#[derive(Serialize, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(super) struct Subscriptions {
    /// Event types, in order of name.
    pub(super) event_types: Vec<String>,
}

/// How to rotate.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
#[oai(rename = "RotateSecret")]
pub(super) struct RotateSecretIn {
    /// The new secret; made when left out.
    secret: Option<String>,
    /// How long the old signing secret signs on.
    overlap: Option<Text<Duration>>,
}

/// What to send as a test.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
#[oai(rename = "TestSend")]
pub(super) struct TestSendIn {
    /// A subscribed event type; the first one when left out.
    pub(super) event_type: Option<String>,
    /// The payload; the type's example when left out.
    pub(super) payload: Option<RawJson>,
}

/// What to send to an app's endpoint as a test.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
#[oai(rename = "AppTestSend")]
pub(super) struct AppTestSendIn {
    /// A subscribed event type; the first one when left out.
    pub(super) event_type: Option<String>,
    /// The payload; the type's example when left out.
    pub(super) payload: Option<RawJson>,
    /// The merchant it seems to have happened to, which must have the app installed; a sample merchant with a
    /// sample store when left out.
    pub(super) merchant_id: Option<Text<MerchantId>>,
}

/// An endpoint's secrets.
#[derive(Serialize, Object)]
#[oai(rename = "Secrets")]
pub(super) struct SecretsOut {
    /// What the dialect calls the secret.
    secret: String,
    /// Signs every request, never sent.
    signing_secret: String,
    /// Until when the signing secret before this one signs too.
    previous_signs_until: Option<Text<Micros>>,
}

/// An endpoint.
#[derive(Serialize, Object)]
#[oai(rename = "Endpoint")]
pub(crate) struct EndpointOut {
    /// Its id.
    id: Text<EndpointId>,
    /// The merchant that owns it; null where an app does.
    merchant_id: Option<Text<MerchantId>>,
    /// The app that owns it; null where a merchant does.
    app_id: Option<Text<AppId>>,
    /// Where requests go, normalised.
    url: String,
    /// The wire format it speaks.
    dialect: Text<Dialect>,
    /// How CartHook's payloads spell it, where it speaks `carthook`. Never changes.
    webhook_id: Option<String>,
    /// What it receives, in order of name.
    event_types: Vec<String>,
    /// What it is for.
    description: String,
    /// The payload version it is fixed to.
    version: String,
    /// Custom headers; their values are not shown.
    headers: Headers,
    /// Most requests a second.
    rate_limit: Option<u32>,
    /// Its own timeout.
    timeout: Option<Text<Duration>>,
    /// Its own schedule.
    schedule: Option<Vec<Text<Duration>>>,
    /// How events are collected; null where each is sent alone.
    batch: Option<BatchSetting>,
    /// Whether the Standard Webhooks signature headers are sent.
    signed: bool,
    /// Whether it receives.
    enabled: bool,
    /// Why it does not.
    disabled_reason: Option<Text<DisabledReason>>,
    /// Since when it does not.
    disabled_at: Option<Text<Micros>>,
    /// Since when it has only failed.
    failing_since: Option<Text<Micros>>,
    /// When it was made.
    created_at: Text<Micros>,
    /// When it was last changed.
    updated_at: Text<Micros>,
}

/// A new endpoint with its secrets.
#[derive(Serialize, Object)]
pub(super) struct CreatedEndpoint {
    #[serde(flatten)]
    #[oai(flatten)]
    endpoint: EndpointOut,
    /// What the dialect calls the secret. Later it is shown on request only.
    secret: String,
    /// Signs every request, never sent. Later it is shown on request only.
    signing_secret: String,
}

impl From<BatchSetting> for Batch {
    fn from(setting: BatchSetting) -> Self {
        Self {
            max_events: setting.max_events,
            max_wait: setting.max_wait.0,
        }
    }
}

impl From<Batch> for BatchSetting {
    fn from(batch: Batch) -> Self {
        Self {
            max_events: batch.max_events,
            max_wait: Text(batch.max_wait),
        }
    }
}

impl From<CreateEndpoint> for NewEndpoint {
    fn from(new: CreateEndpoint) -> Self {
        Self {
            url: new.url,
            dialect: new.dialect.0,
            event_types: new.event_types,
            secret: new.secret,
            description: new.description.unwrap_or_default(),
            version: new.version,
            headers: new.headers.unwrap_or_default().0,
            rate_limit: new.rate_limit,
            timeout: new.timeout.map(|timeout| timeout.0),
            schedule: new.schedule.map(durations),
            batch: new.batch.map(Batch::from),
            signed: new.signed.unwrap_or(true),
            enabled: new.enabled.unwrap_or(true),
        }
    }
}

impl UpdateEndpoint {
    /// The change, given the present custom headers.
    pub(super) fn patch(self, headers: Vec<(String, String)>) -> EndpointPatch {
        let timeout: Option<Option<Text<Duration>>> = self.timeout.into();
        let schedule: Option<Option<Vec<Text<Duration>>>> = self.schedule.into();
        let batch: Option<Option<BatchSetting>> = self.batch.into();
        let description: Option<Option<String>> = self.description.into();
        let changed: Option<Option<HeadersPatch>> = self.headers.into();
        EndpointPatch {
            url: self.url,
            event_types: self.event_types,
            description: description.map(Option::unwrap_or_default),
            headers: changed
                .map(|patch| patch.map(|patch| patch.apply(headers)).unwrap_or_default()),
            rate_limit: self.rate_limit.into(),
            timeout: timeout.map(|timeout| timeout.map(|text| text.0)),
            schedule: schedule.map(|schedule| schedule.map(durations)),
            batch: batch.map(|batch| batch.map(Batch::from)),
            signed: self.signed,
        }
    }
}

/// Refuses a header whose value is the mask: it was read back from us, and would be sent as it is.
///
/// Errors: 422 naming the headers.
pub(super) fn check_unmasked(headers: &[(String, String)]) -> Result<(), ApiError> {
    let masked = headers.iter().filter(|(_, value)| value == MASK);
    let faults: Vec<_> = masked
        .map(|(name, _)| {
            let pointer = format!("/headers/{}", escaped(name));
            FieldError::new(pointer, "mask", "must be the value, not its mask")
        })
        .take(FAULTS_MAX)
        .collect();
    if faults.is_empty() {
        Ok(())
    } else {
        Err(ApiError::fields(Slug::InvalidHeader, faults))
    }
}

fn durations(list: Vec<Text<Duration>>) -> Vec<Duration> {
    list.into_iter().map(|delay| delay.0).collect()
}

impl From<RotateSecretIn> for RotateSecret {
    fn from(rotate: RotateSecretIn) -> Self {
        Self {
            secret: rotate.secret,
            overlap: rotate.overlap.map(|overlap| overlap.0),
        }
    }
}

impl From<Secrets> for SecretsOut {
    fn from(secrets: Secrets) -> Self {
        Self {
            secret: secrets.secret.expose().to_owned(),
            signing_secret: secrets.signing.expose().to_owned(),
            previous_signs_until: secrets.previous.map(|(_, until)| Text(until)),
        }
    }
}

impl EndpointOut {
    /// As this caller may see it: viewers without the query of the URL.
    pub(in crate::api) fn shown(endpoint: Endpoint, caller: &Bearer) -> Self {
        let whole = caller.sees_queries(Some(endpoint.owner));
        let mut shown = Self::from(endpoint);
        if !whole {
            shown.url = without_query(&shown.url);
        }
        shown
    }
}

impl From<Endpoint> for EndpointOut {
    fn from(endpoint: Endpoint) -> Self {
        let enabled = endpoint.enabled();
        // Any of them may be a credential, whatever its name.
        let names = endpoint.headers.into_iter().map(|(name, _)| name);
        let headers = names.map(|name| (name, MASK.to_owned()));
        Self {
            id: Text(endpoint.id),
            merchant_id: endpoint.owner.merchant_id().map(Text),
            app_id: endpoint.owner.app_id().map(Text),
            url: endpoint.url,
            dialect: Text(endpoint.dialect),
            webhook_id: (endpoint.dialect == Dialect::Carthook)
                .then(|| carthook::webhook_id(endpoint.id)),
            event_types: endpoint.event_types,
            description: endpoint.description,
            version: endpoint.version,
            headers: Headers(headers.collect()),
            rate_limit: endpoint.rate_limit,
            timeout: endpoint.timeout.map(Text),
            schedule: endpoint
                .schedule
                .map(|list| list.into_iter().map(Text).collect()),
            batch: endpoint.batch.map(BatchSetting::from),
            signed: endpoint.signed,
            enabled,
            disabled_reason: endpoint.disabled.map(|(reason, _)| Text(reason)),
            disabled_at: endpoint.disabled.map(|(_, at)| Text(at)),
            failing_since: endpoint.failing_since.map(Text),
            created_at: Text(endpoint.created_at),
            updated_at: Text(endpoint.updated_at),
        }
    }
}

impl From<Destination> for CreatedEndpoint {
    fn from(made: Destination) -> Self {
        Self {
            endpoint: made.endpoint.into(),
            secret: made.secrets.secret.expose().to_owned(),
            signing_secret: made.secrets.signing.expose().to_owned(),
        }
    }
}
