//! One attempt, start to end: render in the dialect, sign, send, judge, decide what follows.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::attempt::{Attempt, Exchange, Outcome, Timings};
use domain::clock::Clock;
use domain::delivery::{Ended, after};
use domain::dialect::{DialectSettings, Outgoing, judge, render, retry_after};
use domain::id::AttemptId;
use futures::FutureExt as _;
use gateway::test_send::Sender;
use http::{HeaderMap, HeaderName, HeaderValue};
use storage::settle::Settlement;

use crate::lanes::{Done, Ready};
use crate::outbound::{Outbound, PostRequest};

/// Carries deliveries out.
pub(crate) struct Courier {
    pub outbound: Arc<Outbound>,
    pub dialects: DialectSettings,
    pub clock: Arc<dyn Clock>,
}

/// Makes the one POST of a claim and says what follows. A panic is settled like a failure.
pub(crate) async fn deliver(
    courier: &Courier,
    ready: Ready,
    attempt_id: AttemptId,
    chance: f64,
) -> (Settlement, Done) {
    let Ready {
        claimed,
        destination,
        event,
        ..
    } = ready;
    let endpoint = &destination.endpoint;
    let started_at = courier.clock.now();
    let timeout = courier.dialects.timeout(endpoint);
    let sending = async {
        let outgoing = render(&event, &destination, started_at);
        let exchange = courier
            .outbound
            .send(&endpoint.url, &outgoing, timeout)
            .await;
        (outgoing.masked_headers(), judge(endpoint.dialect, exchange))
    };
    let sent = AssertUnwindSafe(sending).catch_unwind().await;
    let (request_headers, exchange) = sent.unwrap_or_else(|_| (Vec::new(), crashed()));
    let ended_at = courier.clock.now();
    let outcome = exchange.outcome;
    let ended = Ended {
        outcome,
        number: claimed.number,
        trigger: claimed.trigger,
        at: ended_at,
        retry_after: retry_after(&exchange),
        chance,
    };
    let next = after(ended, &courier.dialects.retry_policy(endpoint));
    let done = Done {
        endpoint_id: endpoint.id,
        outcome,
        took: exchange.duration,
    };
    let http_status = exchange.response.as_ref().map(|response| response.status);
    let attempt = Attempt {
        id: attempt_id,
        delivery_id: claimed.delivery_id,
        merchant_id: claimed.merchant_id,
        endpoint_id: endpoint.id,
        number: claimed.number,
        trigger: claimed.trigger,
        actor: claimed.actor,
        started_at,
        url: endpoint.url.clone(),
        request_headers,
        exchange,
    };
    let settlement = Settlement {
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
    };
    (settlement, done)
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
}
