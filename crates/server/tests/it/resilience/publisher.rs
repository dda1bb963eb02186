//! Publishes at a fixed pace, whatever the answers: an open loop. Each event is published until it is accepted, as
//! a client would.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hyper::Method;
use hyper::body::Bytes;
use serde_json::json;
use testkit::rest::Rest;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::RATE;

/// A client's pause before it publishes an event again.
const PAUSE: Duration = Duration::from_millis(250);
/// How long one event is tried.
const PATIENCE: Duration = Duration::from_mins(2);

/// Where the API is; it may move.
#[derive(Debug, Clone)]
pub(super) struct Api(Arc<Mutex<Rest>>);

impl Api {
    pub(super) fn new(rest: &Rest) -> Self {
        Self(Arc::new(Mutex::new(rest.clone())))
    }

    /// It is somewhere else now.
    pub(super) fn moved_to(&self, rest: &Rest) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = rest.clone();
    }

    fn rest(&self) -> Rest {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// One call.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// The answer's status; `None`: the outcome is unknown.
    pub(super) status: Option<u16>,
    /// Whether a refusal said when to come again.
    pub(super) retry_after: bool,
    /// From sending to the answer.
    pub(super) took: Duration,
    /// When the answer came.
    pub(super) at: Instant,
}

/// One event and its calls, the last of which accepted it.
#[derive(Debug)]
pub(super) struct Event {
    /// Its id on the wire.
    pub(super) id: String,
    /// Which of the merchants it belongs to.
    pub(super) merchant: usize,
    /// Its calls in order.
    pub(super) calls: Vec<Call>,
}

impl Event {
    /// When it was accepted, if it was.
    pub(super) fn accepted_at(&self) -> Option<Instant> {
        let last = self.calls.last()?;
        last.is_good().then_some(last.at)
    }
}

impl Call {
    /// Whether the event was accepted, now or by an earlier call.
    pub(super) fn is_good(&self) -> bool {
        matches!(self.status, Some(200 | 202))
    }
}

/// Publishes `count` events for these merchants in turn. `progress` is told how many have been begun.
pub(super) async fn publish(
    api: Api,
    merchants: Vec<String>,
    count: usize,
    progress: watch::Sender<usize>,
) -> Vec<Event> {
    let mut pace = interval(Duration::from_secs(1) / RATE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut tasks = JoinSet::new();
    for number in 0..count {
        pace.tick().await;
        let merchant = number % merchants.len();
        let path = format!("/v1/merchants/{}/events", merchants[merchant]);
        tasks.spawn(publish_one(api.clone(), path, merchant, number));
        progress.send_replace(number + 1);
    }
    tasks.join_all().await
}

async fn publish_one(api: Api, path: String, merchant: usize, number: usize) -> Event {
    let id = format!("event-{number}");
    let body = Bytes::from(body(&id, number));
    let (mut calls, began) = (Vec::new(), Instant::now());
    loop {
        let call = call(&api.rest(), &path, body.clone()).await;
        let done = call.is_good() || began.elapsed() > PATIENCE;
        calls.push(call);
        if done {
            return Event {
                id,
                merchant,
                calls,
            };
        }
        sleep(PAUSE).await;
    }
}

async fn call(rest: &Rest, path: &str, body: Bytes) -> Call {
    let began = Instant::now();
    let answer = rest.try_send(Method::POST, path, &[], body).await;
    let at = Instant::now();
    let retry_after = answer
        .as_ref()
        .is_ok_and(|answer| answer.header("retry-after").is_some());
    Call {
        status: answer.ok().map(|answer| answer.status),
        retry_after,
        took: at - began,
        at,
    }
}

fn body(id: &str, number: usize) -> String {
    let user = json!({"email": "jane@example.com", "full_name": "Jane Doe", "first_name": "Jane", "last_name": "Doe",
        "dial_code": null, "phone": null, "phone_with_dial_code": null});
    let product = json!({"product_id": number, "variant_id": null, "title": "Cool T-Shirt", "handle": "cool-t-shirt",
        "image": null, "timestamp": "2026-05-07T09:55:00Z", "price": 1.5});
    let payload = json!({"user": user, "product_viewed": product});
    json!({"event_type": "PRODUCT_VIEWED", "event_id": id, "payload": payload}).to_string()
}
