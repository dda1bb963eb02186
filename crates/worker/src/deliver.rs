//! One POST, start to end: render in the dialect, sign, send, judge, decide what follows.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::attempt::{Attempt, Exchange, Outcome, Timings};
use domain::clock::{Clock, Micros};
use domain::delivery::{Ended, after};
use domain::dialect::{DialectSettings, Outgoing, judge, render, render_batch, retry_after};
use domain::endpoint::Endpoint;
use domain::event::Event;
use domain::id::{AttemptId, BatchId};
use domain::retry::RetryPolicy;
use futures::FutureExt as _;
use gateway::endpoint_checks::Probed;
use gateway::stats::Stats;
use gateway::test_send::Sender;
use http::{HeaderMap, HeaderName, HeaderValue};
use storage::claims::Claimed;
use storage::settle::Settlement;

use crate::lanes::{Done, Post, Ready};
use crate::outbound::{Outbound, PostRequest};

/// Carries deliveries out.
pub(crate) struct Courier {
    pub outbound: Arc<Outbound>,
    pub dialects: DialectSettings,
    pub clock: Arc<dyn Clock>,
    pub stats: Arc<Stats>,
}

/// A POST to be made.
pub(crate) struct Posting {
    pub post: Post,
    /// One for each of its deliveries, in order.
    pub attempt_ids: Vec<AttemptId>,
    /// Names a POST of several deliveries.
    pub batch_id: Option<BatchId>,
    /// 0 to 1, for jitter. One for all: those that fail together fall due together.
    pub chance: f64,
}

/// What a POST came to, for each of its deliveries alike.
#[derive(Clone)]
struct Sent {
    batch_id: Option<BatchId>,
    chance: f64,
    started_at: Micros,
    ended_at: Micros,
    request_headers: Vec<(String, String)>,
    exchange: Exchange,
}

/// Makes one POST and says what follows for each of its deliveries: all are acknowledged or none. A panic is
/// settled like a failure.
pub(crate) async fn deliver(courier: &Courier, posting: Posting) -> (Vec<Settlement>, Done) {
    let Posting {
        post,
        attempt_ids,
        batch_id,
        chance,
    } = posting;
    let destination = Arc::clone(&post.first.destination);
    let endpoint = &destination.endpoint;
    let started_at = courier.clock.now();
    let timeout = courier.dialects.timeout(endpoint);
    let sending = async {
        let outgoing = rendered(&post, batch_id, started_at)?;
        let exchange = courier
            .outbound
            .send(&endpoint.url, &outgoing, timeout)
            .await;
        let exchange = judge(endpoint.dialect, exchange);
        Some((outgoing.masked_headers(), exchange))
    };
    let sent = AssertUnwindSafe(sending).catch_unwind().await;
    let (request_headers, exchange) = sent
        .ok()
        .flatten()
        .unwrap_or_else(|| (Vec::new(), crashed()));
    let done = Done {
        endpoint_id: endpoint.id,
        outcome: exchange.outcome,
        took: exchange.duration,
    };
    let ended_at = courier.clock.now();
    for ready in post.all() {
        courier
            .stats
            .attempt(&ready.event, endpoint.id, &exchange, ended_at);
    }
    let sent = Sent {
        batch_id,
        chance,
        started_at,
        ended_at,
        request_headers,
        exchange,
    };
    let policy = courier.dialects.retry_policy(endpoint);
    let copies = std::iter::repeat_n(sent, attempt_ids.len());
    let claims = std::iter::once(post.first).chain(post.others);
    let settlements = claims
        .zip(attempt_ids.into_iter().zip(copies))
        .map(|(ready, (id, sent))| settlement(endpoint, &policy, ready.claimed, id, sent))
        .collect();
    (settlements, done)
}

/// The request; `None` for a batch in a dialect that has none.
fn rendered(post: &Post, batch_id: Option<BatchId>, now: Micros) -> Option<Outgoing> {
    let Ready {
        event, destination, ..
    } = &post.first;
    let Some(id) = batch_id else {
        return Some(render(event, destination, now));
    };
    let events: Vec<&Event> = post.all().map(|ready| &*ready.event).collect();
    render_batch(&events, &id.to_string(), destination, now)
}

fn settlement(
    endpoint: &Endpoint,
    policy: &RetryPolicy,
    claimed: Claimed,
    attempt_id: AttemptId,
    sent: Sent,
) -> Settlement {
    let exchange = sent.exchange;
    let (outcome, ended_at) = (exchange.outcome, sent.ended_at);
    let ended = Ended {
        outcome,
        number: claimed.number,
        trigger: claimed.trigger,
        at: ended_at,
        retry_after: retry_after(&exchange),
        chance: sent.chance,
    };
    let next = after(ended, policy);
    let http_status = exchange.response.as_ref().map(|response| response.status);
    let attempt = Attempt {
        id: attempt_id,
        delivery_id: claimed.delivery_id,
        merchant_id: claimed.merchant_id,
        endpoint_id: endpoint.id,
        number: claimed.number,
        batch_id: sent.batch_id,
        trigger: claimed.trigger,
        actor: claimed.actor,
        started_at: sent.started_at,
        url: endpoint.url.clone(),
        request_headers: sent.request_headers,
        exchange,
    };
    Settlement {
        delivery_id: claimed.delivery_id,
        merchant_id: claimed.merchant_id,
        endpoint_id: endpoint.id,
        number: claimed.number,
        lease_until: claimed.lease_until,
        attempt_count: claimed.number,
        trigger: claimed.trigger,
        attempt: Some(Arc::new(attempt)),
        outcome,
        http_status,
        ended_at,
        next,
    }
}

fn crashed() -> Exchange {
    tracing::error!("an attempt panicked");
    Exchange {
        outcome: Outcome::Unknown,
        error: "Hookyard failed during this attempt; the receiver may have seen it.".to_owned(),
        response: None,
        remote_ip: None,
        timings: Timings::default(),
        duration: Duration::ZERO,
    }
}

#[async_trait]
impl Sender for Outbound {
    async fn send(&self, url: &str, outgoing: &Outgoing, timeout: Duration) -> Exchange {
        let mut headers = HeaderMap::with_capacity(outgoing.headers.len());
        for header in &outgoing.headers {
            // Names and values were checked when the endpoint was made.
            if let (Ok(name), Ok(value)) = (
                HeaderName::try_from(&*header.name),
                HeaderValue::try_from(&*header.value),
            ) {
                headers.append(name, value);
            }
        }
        let body = outgoing.body.clone();
        self.post(PostRequest {
            url: url.to_owned(),
            headers,
            body,
            timeout,
        })
        .await
    }

    async fn probe(&self, url: &str, timeout: Duration) -> Probed {
        self.probe_url(url, timeout).await
    }
}
