//! The simulator over HTTP: a script of activities in, what would fire out. Nothing is stored or sent.

use bytes::Bytes;
use domain::clock::Micros;
use domain::error::FieldError;
use domain::merchant::AcrClock;
use domain::trigger::simulation::{self, SimulatedEvent, Simulation, Step};
use domain::trigger::timeline::EntryKind;
use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::Semaphore;

use super::Tag;
use super::activities::ActivityIn;
use crate::answers::Json;
use crate::auth::Bearer;
use crate::body::{RawBody, parse};
use crate::problem::{ApiError, FAULTS_MAX, Slug};
use crate::raw_json::{PAYLOAD_MAX, RawJson};
use crate::text::Text;

/// Bytes of a script, as of a published event.
const BODY_MAX: usize = PAYLOAD_MAX + 64 * 1024;

static TURN: Semaphore = Semaphore::const_new(1);

pub(crate) struct SimulateApi;

/// The store that a script plays in.
#[derive(Object)]
#[oai(rename = "ScriptStore")]
struct StoreIn {
    /// The platform's id of the store.
    id: Option<String>,
    /// Its display name.
    name: Option<String>,
    /// `my-store.myshopify.com`, when it is a Shopify store.
    shopify_domain: Option<String>,
    /// The domain shoppers see.
    main_domain: Option<String>,
    /// ISO 4217, such as `USD`.
    currency: Option<String>,
}

/// The merchant's switches.
#[derive(Object)]
#[oai(rename = "ScriptSettings")]
struct SettingsIn {
    /// From when a checkout counts as abandoned.
    acr_clock: Option<Text<AcrClock>>,
}

/// How long timers run, as `15m`.
#[derive(Object)]
#[oai(rename = "ScriptTimers")]
struct TimersIn {
    /// From a session's last activity to its abandonment.
    session_inactivity: Option<String>,
    /// From a checkout's opening to its abandonment.
    checkout_abandonment: Option<String>,
    /// From the last move on an upsell page to the closing of the order.
    upsell_inactivity: Option<String>,
}

/// Something a shopper does in a script.
#[derive(Object)]
#[oai(rename = "ScriptActivity")]
struct ScriptActivity {
    /// When: `10:05` of the start's day, `+5m` after the start, or an RFC 3339 time. Either this or `occurred_at`.
    at: Option<String>,
    #[oai(flatten)]
    activity: ActivityIn,
}

/// Activities to be played in virtual time.
#[derive(Object)]
#[oai(rename = "SimulationScript")]
struct ScriptIn {
    /// What it is about.
    name: Option<String>,
    /// From when times count: an RFC 3339 time, by default 2026-05-07T10:00:00Z.
    start: Option<String>,
    /// The store.
    store: Option<StoreIn>,
    /// The merchant's switches.
    settings: Option<SettingsIn>,
    /// The merchant's account number at Flashy.
    flashy_account_id: Option<i64>,
    /// How long timers run; as long as FlexyPe and CartHook say when left out.
    timers: Option<TimersIn>,
    /// Event types that endpoints are subscribed to. By default all that triggers make, but for Flashy's where
    /// there is no account number.
    subscriptions: Option<Vec<String>>,
    /// When to stop, spelled as `at`; by default when no timer runs any more.
    until: Option<String>,
    /// 1 to 1,000 activities, in any order.
    activities: Vec<ScriptActivity>,
}

/// A script as it was played.
#[derive(Serialize, Object)]
#[oai(rename = "Simulation")]
struct SimulationOut {
    /// What the script calls itself.
    name: Option<String>,
    /// From when its times count.
    start: Text<Micros>,
    /// Everything that happened, in order.
    steps: Vec<StepOut>,
}

/// One thing that happened.
#[derive(Serialize, Object)]
#[oai(rename = "SimulationStep")]
struct StepOut {
    /// When.
    at: Text<Micros>,
    /// What it tells of.
    kind: Text<EntryKind>,
    /// The activity's or event's type, the state, the timer.
    r#type: String,
    /// The session or checkout, in words; null for what belongs to neither.
    subject: Option<String>,
    /// What happened, and why an event fired or did not. Times of day are UTC.
    text: String,
    /// The event that fired.
    event: Option<EventOut>,
}

/// An event that would be sent.
#[derive(Serialize, Object)]
#[oai(rename = "SimulatedEvent")]
struct EventOut {
    /// Its id on the wire.
    event_id: String,
    /// Its type.
    event_type: String,
    /// When it happened.
    occurred_at: Text<Micros>,
    /// Whether the script subscribes to it: otherwise it would only be logged.
    subscribed: bool,
    /// Its payload.
    payload: RawJson,
}

impl From<Simulation> for SimulationOut {
    fn from(played: Simulation) -> Self {
        Self {
            name: played.name,
            start: Text(played.start),
            steps: played.steps.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Step> for StepOut {
    fn from(step: Step) -> Self {
        Self {
            at: Text(step.at),
            kind: Text(step.kind),
            r#type: step.name,
            subject: step.subject,
            text: step.text,
            event: step.event.map(Into::into),
        }
    }
}

impl From<SimulatedEvent> for EventOut {
    fn from(event: SimulatedEvent) -> Self {
        Self {
            event_id: event.event_id,
            event_type: event.event_type.to_owned(),
            occurred_at: Text(event.occurred_at),
            subscribed: event.subscribed,
            payload: RawJson::new(&String::from_utf8_lossy(&event.payload)),
        }
    }
}

#[OpenApi(tag = "Tag::Simulation")]
impl SimulateApi {
    /// Simulate triggers
    ///
    /// Plays the activities in virtual time by the rules that run here. Nothing is stored or sent. The same
    /// script gives the same answer.
    #[oai(path = "/simulate", method = "post", operation_id = "simulate")]
    async fn simulate(
        &self,
        _caller: Bearer,
        body: RawBody<ScriptIn, BODY_MAX>,
    ) -> Result<Json<SimulationOut>, ApiError> {
        let script = body.bytes;
        parse::<&RawValue>(&script)?;
        // A long script is a second of work: one at a time.
        let busy = |_| ApiError::of(Slug::TemporaryReducedCapacity).retry_after(1);
        let _turn = TURN.try_acquire().map_err(busy)?;
        let played = tokio::task::spawn_blocking(move || simulation::simulate(&script)).await;
        match played.map_err(ApiError::internal)? {
            Ok(played) => Ok(Json(played.into())),
            Err(mut errors) => {
                errors.truncate(FAULTS_MAX);
                Err(ApiError::fields(Slug::ValidationFailed, errors))
            }
        }
    }
}

/// Plays a script and gives the answer of the operation `simulate`, as JSON.
///
/// Errors: everything that is wrong with the script.
pub fn simulate(script: &Bytes) -> Result<String, Vec<FieldError>> {
    let played = SimulationOut::from(simulation::simulate(script)?);
    serde_json::to_string_pretty(&played)
        .map_err(|error| vec![FieldError::new("", "json", error.to_string())])
}
