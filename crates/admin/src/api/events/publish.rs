//! The bodies of publishing. This path is the product's busiest: bodies are parsed in place and payloads
//! are slices of what came in, passed on byte for byte.

use std::borrow::Cow;

use bytes::Bytes;
use domain::clock::Micros;
use domain::error::FieldError;
use domain::id::{DeliveryId, EndpointId, EventId};
use gateway::ingest::{IdempotencyKey, Publish, PublishEvent, Published, PublishedEvent};
use poem_openapi::Object;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::auth::Auth;
use crate::body::{RawBody, parse_described};
use crate::idempotency::check_key;
use crate::problem::{ApiError, FAULTS_MAX, Slug};
use crate::raw_json::{PAYLOAD_MAX, RawJson, Unfit, check_payload, check_size};
use crate::text::Text;

/// Bytes of a single event's body: the payload and room for the rest.
const EVENT_BODY_MAX: usize = PAYLOAD_MAX + 64 * 1024;
/// Bytes of a batch's body. 1,000 events of 16 KiB fit.
const BATCH_BODY_MAX: usize = 16 * 1024 * 1024;
/// Events of a batch.
const BATCH_MAX: usize = 1_000;

/// The body of `publishEvent`.
pub(super) type EventBody = RawBody<PublishEventIn, EVENT_BODY_MAX>;
/// The body of `publishEvents`.
pub(super) type BatchBody = RawBody<PublishEventsIn, BATCH_BODY_MAX>;

/// An event to be published.
#[derive(Object)]
#[oai(rename = "PublishEvent")]
pub(super) struct PublishEventIn {
    /// A type of the catalogue.
    event_type: String,
    /// A JSON object of at most 256 KiB and 64 levels, delivered byte for byte.
    payload: RawJson,
    /// Your own id for it: 1 to 64 letters, digits, `_` or `-`. A repeat with the same id is not published again.
    event_id: Option<String>,
    /// When it happened; now when left out.
    occurred_at: Option<Text<Micros>>,
}

/// Events to be published together.
#[derive(Object)]
#[oai(rename = "PublishEvents")]
pub(super) struct PublishEventsIn {
    /// 1 to 1,000 events.
    events: Vec<PublishEventIn>,
}

/// A delivery on its way.
#[derive(Serialize, Object)]
struct PublishedDelivery {
    /// The delivery.
    id: Text<DeliveryId>,
    /// Where it goes.
    endpoint_id: Text<EndpointId>,
}

/// Where a payload does not match the schema of its type.
#[derive(Serialize, Object)]
struct PublishWarning {
    /// JSON pointer in the event, such as `/payload/user/email`.
    pointer: String,
    /// What the schema asks for.
    detail: String,
}

/// A published event.
#[derive(Serialize, Object)]
#[oai(rename = "PublishedEvent")]
pub(super) struct PublishedOut {
    /// Our id.
    id: Text<EventId>,
    /// Its id on the wire: yours, where you chose one.
    event_id: String,
    /// Its deliveries.
    deliveries: Vec<PublishedDelivery>,
    /// Where its payload does not match the schema of its type, if the merchant's `schema_mode` is `warn`.
    warnings: Vec<PublishWarning>,
}

/// Published events, in the order they were sent.
#[derive(Serialize, Object)]
#[oai(rename = "PublishedEvents")]
pub(super) struct BatchOut {
    /// The events.
    pub(super) events: Vec<PublishedOut>,
}

/// [`PublishEventIn`] as it is parsed: in place.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parsed<'a> {
    #[serde(borrow)]
    event_type: Cow<'a, str>,
    #[serde(borrow)]
    payload: &'a RawValue,
    event_id: Option<String>,
    occurred_at: Option<Text<Micros>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ParsedBatch<'a> {
    #[serde(borrow)]
    events: Vec<Parsed<'a>>,
}

impl From<PublishedEvent> for PublishedOut {
    fn from(event: PublishedEvent) -> Self {
        let deliveries = event
            .deliveries
            .into_iter()
            .map(|(id, endpoint_id)| PublishedDelivery {
                id: Text(id),
                endpoint_id: Text(endpoint_id),
            });
        Self {
            id: Text(event.id),
            event_id: event.event_id.as_ref().to_owned(),
            deliveries: deliveries.collect(),
            warnings: Vec::new(),
        }
    }
}

/// The answer to each event of a call, in the order they were sent.
pub(super) fn published(mut published: Published) -> Vec<PublishedOut> {
    let warning = |FieldError {
                       pointer, detail, ..
                   }| PublishWarning { pointer, detail };
    let events = published.events.into_iter().enumerate();
    let out = events.map(|(place, event)| PublishedOut {
        warnings: published
            .warnings
            .remove(&place)
            .into_iter()
            .flatten()
            .map(warning)
            .collect(),
        ..event.into()
    });
    out.collect()
}

/// Reads the body of `publishEvent`.
///
/// Errors: it is no JSON, a field is wrong, the payload is too large.
pub(super) fn read_event(body: &Bytes, key: Option<String>) -> Result<Publish, ApiError> {
    let idempotency = idempotency(body, key)?;
    let event = parse_described::<PublishEventIn, _>(body)?;
    let event = planned(body, event, "")?;
    Ok(Publish {
        events: vec![event],
        idempotency,
    })
}

/// Reads the body of `publishEvents`.
///
/// Errors: it is no JSON, a field is wrong, a payload is too large, there are none or too many.
pub(super) fn read_batch(body: &Bytes, key: Option<String>) -> Result<Publish, ApiError> {
    let idempotency = idempotency(body, key)?;
    let batch: ParsedBatch<'_> = parse_described::<PublishEventsIn, _>(body)?;
    if !(1..=BATCH_MAX).contains(&batch.events.len()) {
        return Err(ApiError::field(
            "/events",
            "length",
            "must have 1 to 1,000 events",
        ));
    }
    let mut events = Vec::with_capacity(batch.events.len());
    let mut faults = Vec::new();
    for (index, event) in batch.events.into_iter().enumerate() {
        match planned(body, event, &format!("/events/{index}")) {
            Ok(event) => events.push(event),
            Err(error) if error.slug == Slug::ValidationFailed => faults.extend(error.errors),
            Err(error) => return Err(error),
        }
    }
    if faults.is_empty() {
        Ok(Publish {
            events,
            idempotency,
        })
    } else {
        faults.truncate(FAULTS_MAX);
        Err(ApiError::fields(Slug::ValidationFailed, faults))
    }
}

/// A refusal of a batch of one: the use case names its fields as if it had come alone.
pub(super) fn in_batch(error: gateway::Error) -> ApiError {
    let mut error = ApiError::from(error);
    for field in &mut error.errors {
        if !field.pointer.starts_with("/events/") {
            field.pointer.insert_str(0, "/events/0");
        }
    }
    error
}

/// The call as it is stored: the body's hash becomes its keyed fingerprint.
pub(super) fn keyed(call: Publish, auth: &Auth) -> Publish {
    let keyed = |key: IdempotencyKey| IdempotencyKey {
        body_hash: auth.fingerprint(key.body_hash),
        ..key
    };
    Publish {
        idempotency: call.idempotency.map(keyed),
        ..call
    }
}

fn idempotency(body: &Bytes, key: Option<String>) -> Result<Option<IdempotencyKey>, ApiError> {
    let key = check_key(key)?;
    Ok(key.map(|key| IdempotencyKey {
        key,
        body_hash: Sha256::digest(body).into(),
    }))
}

fn planned(body: &Bytes, event: Parsed<'_>, base: &str) -> Result<PublishEvent, ApiError> {
    let payload = event.payload.get();
    check_size(payload)?;
    check_payload(payload).map_err(|error| match error {
        Unfit::NoObject => ApiError::field(format!("{base}/payload"), "type", error.to_string()),
        Unfit::TooDeep | Unfit::LoneSurrogate => {
            ApiError::new(Slug::MalformedRequest, format!("The payload {error}."))
        }
    })?;
    Ok(PublishEvent {
        event_type: event.event_type.into_owned(),
        payload: body.slice_ref(payload.as_bytes()),
        event_id: event.event_id,
        occurred_at: event.occurred_at.map(|at| at.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_comes_as_an_event_is_read_byte_for_byte_or_refused(
            bytes: Vec<u8>, payload in "[{}\\[\\]\":,0-9a-z\\\\ .\\-+]{0,40}", id in "\\PC{0,12}",
        ) {
            let _refused = read_event(&Bytes::from(bytes), None).is_err();
            let body = format!(r#"{{"event_type":"x","payload":{payload},"event_id":{id:?}}}"#);
            if let Ok(call) = read_event(&Bytes::from(body), None) {
                prop_assert_eq!(&call.events[0].payload, payload.trim().as_bytes());
            }
        }
    }

    /// Any JSON object that is nested no deeper than a payload may be.
    fn object() -> impl Strategy<Value = serde_json::Value> {
        use serde_json::Value;
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        let value = leaf.prop_recursive(8, 64, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::hash_map(any::<String>(), inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        });
        let members = prop::collection::hash_map(any::<String>(), value, 0..6);
        members.prop_map(|members| Value::Object(members.into_iter().collect()))
    }

    proptest! {
        #[test]
        fn any_object_is_taken_as_a_payload_byte_for_byte_alone_or_among_others(object in object(), pretty: bool) {
            let payload = if pretty { serde_json::to_string_pretty(&object) } else { serde_json::to_string(&object) };
            let payload = payload.unwrap();
            let event = format!(r#"{{ "payload" : {payload} , "event_type":"x"}}"#);
            let call = read_event(&Bytes::from(event.clone()), None).unwrap();
            prop_assert_eq!(&call.events[0].payload, payload.as_bytes());
            let batch = format!(r#"{{"events":[{event},{event}]}}"#);
            let call = read_batch(&Bytes::from(batch), None).unwrap();
            prop_assert!(call.events.iter().all(|event| event.payload == payload.as_bytes()));
        }
    }

    fn refused(body: &str) -> (Slug, Option<(String, &'static str)>) {
        let error = read_event(&Bytes::copy_from_slice(body.as_bytes()), None).unwrap_err();
        (
            error.slug,
            error
                .errors
                .first()
                .map(|field| (field.pointer.clone(), field.code)),
        )
    }

    #[test]
    fn a_payload_is_taken_byte_for_byte() {
        let payload = "{ \"a\" : 247.50,\r\n \"b\":\"\\u00e9\\/\" , \"c\":1E+2}";
        let body = format!(r#"{{"event_type":"x","payload":{payload},"event_id":"a-1"}}"#);
        let call = read_event(&Bytes::from(body), None).unwrap();
        assert_eq!(call.events[0].payload, payload.as_bytes());
        assert_eq!(call.events[0].event_id.as_deref(), Some("a-1"));
    }

    #[test]
    fn a_wrong_field_is_named() {
        let field =
            |pointer: &str, code| (Slug::ValidationFailed, Some((pointer.to_owned(), code)));
        assert_eq!(
            refused(r#"{"payload":{}}"#),
            field("/event_type", "required")
        );
        assert_eq!(
            refused(r#"{"event_type":"x","payload":[]}"#),
            field("/payload", "type")
        );
        assert_eq!(
            refused(r#"{"event_type":"x","payload":{},"typ":1}"#),
            field("/typ", "unknown_field")
        );
        assert_eq!(
            refused(r#"{"event_type":1,"payload":{}}"#),
            field("/event_type", "type")
        );
        assert_eq!(
            refused(r#"{"event_type":"x","payload":{},"occurred_at":"yesterday"}"#),
            field("/occurred_at", "invalid")
        );
    }

    #[test]
    fn what_parsers_disagree_on_is_malformed() {
        for body in [
            r#"{"event_type":"x","event_type":"y","payload":{}}"#.to_owned(),
            r#"{"event_type":"x","payload":{"a":"\ud800"}}"#.to_owned(),
            format!(
                r#"{{"event_type":"x","payload":{{"a":{}1{}}}}}"#,
                "[".repeat(100_000),
                "]".repeat(100_000)
            ),
            "{\"event_type\":\"x\",\"payload\":{\"a\":Infinity}}".to_owned(),
        ] {
            assert_eq!(refused(&body).0, Slug::MalformedRequest, "{}", &body[..60]);
        }
    }

    #[test]
    fn a_payload_has_256_kib_at_most() {
        let body = |size: usize| {
            format!(
                r#"{{"event_type":"x","payload":{{"a":"{}"}}}}"#,
                "x".repeat(size - 8)
            )
        };
        assert!(read_event(&Bytes::from(body(PAYLOAD_MAX)), None).is_ok());
        assert_eq!(refused(&body(PAYLOAD_MAX + 1)).0, Slug::PayloadTooLarge);
    }

    #[test]
    fn a_batch_has_1_to_1000_events_and_names_the_wrong_one() {
        let read =
            |events: &str| read_batch(&Bytes::from(format!(r#"{{"events":[{events}]}}"#)), None);
        let event = r#"{"event_type":"x","payload":{}}"#;
        assert_eq!(read("").unwrap_err().errors[0].pointer, "/events");
        assert_eq!(
            read(&vec![event; 1_000].join(",")).unwrap().events.len(),
            1_000
        );
        assert!(read(&vec![event; 1_001].join(",")).is_err());
        let wrong = format!(r#"{event},{{"event_type":"x","payload":1}}"#);
        assert_eq!(
            read(&wrong).unwrap_err().errors[0].pointer,
            "/events/1/payload"
        );
    }
}
