//! A running server with one merchant, and what cases do with it again and again.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::receiver::Receiver;
use testkit::rest::{Answer, Rest, text};
use testkit::server::{Hookyard, Mode};

/// How long anything that should happen at once may take on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(10);
/// How often a state that gives no signal is read again.
const POLL: Duration = Duration::from_millis(10);

/// The secret of endpoints whose case does not care.
pub(crate) const SECRET: &str = "a-secret-that-the-merchant-made";
/// An event type that endpoints are subscribed to unless a case says otherwise.
pub(crate) const EVENT: &str = "PRODUCT_VIEWED";
/// A payload for it.
pub(crate) const PAYLOAD: &str = r#"{"product_viewed":{"product_id":9945414435106}}"#;

/// Hours in milliseconds.
const SHORT: [(&str, &str); 8] = [
    ("HOOKYARD_DIALECTS__CARTHOOK__SCHEDULE", "100ms,200ms,300ms"),
    ("HOOKYARD_DIALECTS__CARTHOOK__TIMEOUT", "1s"),
    ("HOOKYARD_DIALECTS__FLASHY__SCHEDULE", "100ms,200ms,300ms"),
    ("HOOKYARD_DIALECTS__FLASHY__TIMEOUT", "1s"),
    ("HOOKYARD_DIALECTS__FLEXYPE__SCHEDULE", "100ms,200ms,300ms"),
    ("HOOKYARD_DIALECTS__FLEXYPE__TIMEOUT", "1s"),
    ("HOOKYARD_DIALECTS__STANDARD__SCHEDULE", "100ms,200ms,300ms"),
    ("HOOKYARD_DIALECTS__STANDARD__TIMEOUT", "1s"),
];

/// A schedule whose first retry does not come within a test.
pub(crate) const LATER: (&str, &str) = ("HOOKYARD_DIALECTS__FLEXYPE__SCHEDULE", "1h");

/// A server with a merchant.
pub(crate) struct Stage {
    pub(crate) server: Hookyard,
    pub(crate) merchant: String,
}

/// An event as publishing answered it.
#[derive(Debug, Clone)]
pub(crate) struct Published {
    /// Its id on the wire.
    pub(crate) event_id: String,
    /// Delivery and endpoint of each.
    pub(crate) deliveries: Vec<(String, String)>,
}

impl Published {
    /// Reads the answer to one event.
    pub(crate) fn of(answer: &Value) -> Self {
        let deliveries = answer["deliveries"].as_array().expect("deliveries");
        let pair = |delivery: &Value| {
            (
                text(delivery, "id").to_owned(),
                text(delivery, "endpoint_id").to_owned(),
            )
        };
        Self {
            event_id: text(answer, "event_id").to_owned(),
            deliveries: deliveries.iter().map(pair).collect(),
        }
    }

    /// The only delivery.
    pub(crate) fn only(&self) -> &str {
        assert_eq!(self.deliveries.len(), 1, "{self:?}");
        &self.deliveries[0].0
    }

    /// The delivery to this endpoint.
    pub(crate) fn to(&self, endpoint: &Value) -> &str {
        let found = self
            .deliveries
            .iter()
            .find(|(_, to)| *to == text(endpoint, "id"));
        &found.expect("a delivery to the endpoint").0
    }
}

impl Stage {
    /// A server on short time.
    pub(crate) async fn start(mode: Mode) -> Self {
        Self::start_with(mode, &[]).await
    }

    /// The same with settings of the case's own.
    pub(crate) async fn start_with(mode: Mode, settings: &[(&str, &str)]) -> Self {
        let all: Vec<_> = SHORT.iter().chain(settings).copied().collect();
        Self::on(Hookyard::start(env!("CARGO_BIN_EXE_hookyard"), mode, &all).await).await
    }

    /// A server as it is without any setting about time.
    pub(crate) async fn start_on_real_time(mode: Mode) -> Self {
        Self::on(Hookyard::start(env!("CARGO_BIN_EXE_hookyard"), mode, &[]).await).await
    }

    async fn on(server: Hookyard) -> Self {
        let merchant = create_merchant(server.rest(), "My Awesome Store").await;
        Self { server, merchant }
    }

    pub(crate) const fn rest(&self) -> &Rest {
        self.server.rest()
    }

    /// A path below the merchant's.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/v1/merchants/{}{rest}", self.merchant)
    }

    /// A path below an endpoint's.
    pub(crate) fn endpoint_path(&self, endpoint: &Value, rest: &str) -> String {
        self.path(&format!("/endpoints/{}{rest}", text(endpoint, "id")))
    }

    /// Creates an endpoint as `body` says.
    pub(crate) async fn endpoint(&self, body: &Value) -> Value {
        let made = self.rest().post(&self.path("/endpoints"), body).await;
        made.expect(201)
    }

    /// Creates a `flexype` endpoint for [`EVENT`] at the receiver.
    pub(crate) async fn flexype(&self, receiver: &Receiver) -> Value {
        self.endpoint(&flexype(&receiver.url())).await
    }

    /// Publishes [`PAYLOAD`] as [`EVENT`].
    pub(crate) async fn publish(&self) -> Published {
        self.publish_of(EVENT, PAYLOAD).await
    }

    /// Publishes a payload, byte for byte.
    pub(crate) async fn publish_of(&self, event_type: &str, payload: &str) -> Published {
        let body = format!(r#"{{"event_type":"{event_type}","payload":{payload}}}"#);
        Published::of(&self.publish_body(&body, &[]).await.expect(202))
    }

    /// Publishes a body as it is.
    pub(crate) async fn publish_body(&self, body: &str, headers: &[(&str, &str)]) -> Answer {
        let path = self.path("/events");
        self.rest()
            .send(http::Method::POST, &path, headers, body.to_owned())
            .await
    }

    /// The delivery as the log shows it.
    pub(crate) async fn delivery(&self, id: &str) -> Value {
        let answer = self
            .rest()
            .get(&self.path(&format!("/deliveries/{id}")))
            .await;
        answer.expect(200)
    }

    /// Its attempts, first to last.
    pub(crate) async fn attempts(&self, id: &str) -> Vec<Value> {
        let path = self.path(&format!("/deliveries/{id}/attempts"));
        let answer = self.rest().get(&path).await.expect(200);
        let mut attempts = answer["data"].as_array().expect("data").clone();
        attempts.sort_by_key(|attempt| attempt["number"].as_i64());
        attempts
    }

    /// Waits until the delivery's status is this, and returns the delivery.
    pub(crate) async fn wait_for(&self, id: &str, status: &str) -> Value {
        self.wait_until(id, |delivery| delivery["status"] == status)
            .await
    }

    /// Waits until the delivery is as asked for.
    pub(crate) async fn wait_until(&self, id: &str, enough: impl Fn(&Value) -> bool) -> Value {
        self.wait_within(SOON, id, enough).await
    }

    /// The same with a limit of the case's own.
    pub(crate) async fn wait_within(
        &self,
        limit: Duration,
        id: &str,
        enough: impl Fn(&Value) -> bool,
    ) -> Value {
        let end = Instant::now() + limit;
        loop {
            let delivery = self.delivery(id).await;
            if enough(&delivery) {
                return delivery;
            }
            assert!(Instant::now() < end, "after {limit:?} it is {delivery}");
            tokio::time::sleep(POLL).await;
        }
    }

    /// POSTs an action on a delivery: `retry` or `cancel`.
    pub(crate) async fn act(&self, id: &str, action: &str) -> Answer {
        let path = self.path(&format!("/deliveries/{id}/{action}"));
        self.rest().act(&path).await
    }

    /// Sends a test and returns its attempt.
    pub(crate) async fn test(&self, endpoint: &Value) -> Value {
        let path = self.endpoint_path(endpoint, "/test");
        self.rest().act(&path).await.expect(200)
    }
}

/// Creates a merchant and returns its id. It takes payloads as they come: most cases are not about them.
pub(crate) async fn create_merchant(rest: &Rest, name: &str) -> String {
    let store = json!({
        "id": "7607482d-ccf2-47a4-9a39-6a651357a1d5",
        "name": name,
        "shopify_domain": "my-store.myshopify.com",
        "main_domain": "my-store.com",
    });
    let body = json!({"name": name, "store": store, "settings": {"schema_mode": "warn"}});
    let made = rest.post("/v1/merchants", &body).await;
    text(&made.expect(201), "id").to_owned()
}

/// Creates a merchant that has the default settings, so that payloads must match, and returns its id.
pub(crate) async fn create_strict_merchant(rest: &Rest) -> String {
    let body = json!({"name": "Strict", "store": {"name": "Strict"}});
    let made = rest.post("/v1/merchants", &body).await;
    text(&made.expect(201), "id").to_owned()
}

/// The body of a new `flexype` endpoint for [`EVENT`].
pub(crate) fn flexype(url: &str) -> Value {
    json!({"url": url, "dialect": "flexype", "event_types": [EVENT], "secret": SECRET})
}

/// The body of a new `standard` endpoint for [`EVENT`], its secret made by the server.
pub(crate) fn standard(url: &str) -> Value {
    json!({"url": url, "dialect": "standard", "event_types": [EVENT]})
}

/// `value` with these members replaced.
pub(crate) fn with(mut value: Value, members: &Value) -> Value {
    for (name, member) in members.as_object().expect("an object") {
        value[name] = member.clone();
    }
    value
}

/// Milliseconds since 1970 of an RFC 3339 time.
pub(crate) fn millis(value: &Value) -> f64 {
    use time::OffsetDateTime;
    use time::format_description::well_known::Rfc3339;
    let text = value.as_str().expect("a time");
    let at = OffsetDateTime::parse(text, &Rfc3339).expect("RFC 3339");
    #[expect(
        clippy::cast_precision_loss,
        reason = "microseconds of this century fit"
    )]
    let micros = (at.unix_timestamp_nanos() / 1_000) as f64;
    micros / 1_000.0
}
