//! What endpoints receive: a webhook for each event type of the catalogue, in its dialect's envelope, and one for
//! any type in the standard envelope. Bodies and headers of the examples are rendered as deliveries are.

mod sample;

use std::time::Duration;

use domain::catalog::{EventType, built_in};
use domain::dialect::{Dialect, DialectSettings};
use serde_json::{Map, Value, json};

use self::sample::sent;
use crate::text::Spelled as _;

/// Adds them and their tags to a 3.1 document.
pub(super) fn add(document: &mut Value) {
    let mut webhooks = Map::new();
    for entry in built_in() {
        let name = entry.dialect.as_str().to_owned() + &capitals(&entry.name);
        webhooks.insert(name, json!({ "post": operation(&entry) }));
    }
    webhooks.insert("standardEvent".to_owned(), json!({ "post": any() }));
    document["webhooks"] = Value::Object(webhooks);
    if let Some(tags) = document["tags"].as_array_mut() {
        let tag = |dialect| json!({ "name": tag(dialect), "description": about(dialect) });
        tags.extend(Dialect::ALL.map(tag));
    }
}

/// The dialect's vendor, as a person writes it.
const fn vendor(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Standard => "Standard Webhooks",
        Dialect::Flexype => "FlexyPe",
        Dialect::Flashy => "Flashy",
        Dialect::Carthook => "CartHook",
    }
}

fn tag(dialect: Dialect) -> String {
    format!("Webhooks: {}", vendor(dialect))
}

/// What holds for every request of a dialect.
fn about(dialect: Dialect) -> String {
    let envelope = match dialect {
        Dialect::Standard => {
            "`{type, timestamp, data}`. An endpoint may subscribe to any event type of the catalogue."
        }
        Dialect::Flexype => "`{event_time, event_type, event_id, store, payload}`.",
        Dialect::Flashy => {
            "An array of flat objects, one unless the endpoint collects events in batches."
        }
        Dialect::Carthook => "A flat object with `id`, `webhook_id` and `merchant_id`.",
    };
    format!(
        "What endpoints of the dialect `{}` receive. {envelope} Event types that the platform adds come in the same form. {}",
        dialect.as_str(),
        acknowledging(dialect)
    )
}

/// What counts as success, and what happens else. An endpoint may have a timeout and a schedule of its own.
fn acknowledging(dialect: Dialect) -> String {
    let settings = DialectSettings::default();
    let rules = settings.rules(dialect);
    let success = if dialect.format().acknowledges(204) {
        "any status from 200 to 299"
    } else {
        "exactly 200"
    };
    let gone = if dialect.format().hears_gone() {
        " 410 disables the endpoint. Retry-After is heard."
    } else {
        ""
    };
    format!(
        "Acknowledge with {success} within {}; after anything else it is sent again with the same event id, by default after {}.{gone}",
        spelled(rules.timeout),
        delays(&rules.schedule)
    )
}

/// A schedule in words: what repeats is said once.
fn delays(schedule: &[Duration]) -> String {
    let runs = schedule.chunk_by(|a, b| a == b).map(|run| match run {
        [delay, _, _, ..] => format!("{} ({} times)", spelled(*delay), run.len()),
        run => {
            let each: Vec<String> = run.iter().copied().map(spelled).collect();
            each.join(", ")
        }
    });
    runs.collect::<Vec<_>>().join(", ")
}

fn spelled(time: Duration) -> String {
    time.spell().into_owned()
}

/// `PRODUCT_VIEWED` as `ProductViewed`.
fn capitals(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words
        .filter_map(|word| word.split_at_checked(1))
        .map(|(first, rest)| first.to_ascii_uppercase() + &rest.to_ascii_lowercase())
        .collect()
}

/// The request for one event type of the catalogue.
fn operation(entry: &EventType) -> Value {
    let mut schema: Value = entry
        .schema
        .as_deref()
        .and_then(|schema| serde_json::from_str(schema).ok())
        .unwrap_or_else(|| json!({ "type": "object" }));
    if let Some(fields) = schema.as_object_mut() {
        fields.remove("$schema");
    }
    let kind = json!({ "type": "string", "const": entry.name });
    let mut operation = shared(entry.dialect, &capitals(&entry.name));
    operation["summary"] = json!(entry.name);
    operation["description"] = json!(format!(
        "{}\n\nIt fires: {}\n\n{}",
        entry.description,
        entry.fires_when,
        acknowledging(entry.dialect)
    ));
    operation["requestBody"] = body(&envelope(entry.dialect, schema, &kind), &sent(entry).body);
    operation
}

/// The request for any event type in the standard envelope.
fn any() -> Value {
    let dialect = Dialect::Standard;
    let kind = json!({ "type": "string" });
    let data =
        json!({ "type": "object", "description": "The payload, as the event type's schema says." });
    let entry = EventType {
        name: "order.created".to_owned(),
        dialect,
        description: String::new(),
        fires_when: String::new(),
        schema: None,
        example: r#"{"order_id":1001}"#.to_owned(),
        built_in: false,
    };
    let mut operation = shared(dialect, "Event");
    operation["summary"] = json!("Any event type");
    operation["description"] = json!(format!(
        "An event of whatever type the endpoint subscribes to, built in or added by the platform.\n\n{}",
        acknowledging(dialect)
    ));
    operation["requestBody"] = body(&envelope(dialect, data, &kind), &sent(&entry).body);
    operation
}

/// What requests of one dialect have in common; `name` ends the operation's id.
fn shared(dialect: Dialect, name: &str) -> Value {
    let success = if dialect.format().acknowledges(204) {
        "2XX"
    } else {
        "200"
    };
    let mut responses = json!({
        success: { "description": "Acknowledged." },
        "default": { "description": "Not acknowledged: it is sent again." },
    });
    if dialect.format().hears_gone() {
        responses["410"] = json!({ "description": "The endpoint is gone; it is disabled." });
    }
    json!({
        "tags": [tag(dialect)],
        "operationId": format!("receive{}{name}", capitals(dialect.as_str())),
        "security": [],
        "parameters": headers(dialect),
        "responses": responses,
    })
}

/// The headers of a request, as they are sent; `Content-Type` is said with the body.
fn headers(dialect: Dialect) -> Vec<Value> {
    let entry = built_in()
        .into_iter()
        .find(|entry| entry.dialect == dialect);
    entry
        .into_iter()
        .flat_map(|entry| sent(&entry).headers)
        .filter(|header| header.name != "content-type")
        .map(|header| {
            let signature = header.name.starts_with("webhook-");
            json!({
                "name": header.name,
                "in": "header",
                "required": !signature || dialect == Dialect::Standard,
                "description": meaning(&header.name),
                "schema": { "type": "string" },
                "example": header.value,
            })
        })
        .collect()
}

/// What a header of ours says.
fn meaning(header: &str) -> &'static str {
    match header {
        "user-agent" => "Hookyard and its version.",
        "x-flexype-authorization" => "The endpoint's secret.",
        "x-webhook-version" => "The payload version that the endpoint is fixed to.",
        "x-event-id" => "Equal to `event_id` of the body: the same in every attempt.",
        "x-carthook-topic" => "The event type.",
        "webhook-id" => {
            "The event's id, the same in every attempt; of a batch, the batch's. Left out where the endpoint has signing switched off."
        }
        "webhook-timestamp" => "Seconds since 1970 at the time of this attempt: refuse old ones.",
        "webhook-signature" => {
            "`v1,` and the HMAC-SHA256 of `id.timestamp.body` under the signing secret, in base64; several, separated by spaces, during a rotation. Source: Standard Webhooks."
        }
        _ => "A header of the dialect.",
    }
}

/// The body around a payload of this schema.
fn envelope(dialect: Dialect, payload: Value, kind: &Value) -> Value {
    let time =
        json!({ "type": "string", "format": "date-time", "description": "When it happened." });
    match dialect {
        Dialect::Standard => object(&json!({ "type": kind, "timestamp": time, "data": payload })),
        Dialect::Flexype => object(&json!({
            "event_time": time,
            "event_type": kind,
            "event_id": { "type": "string", "description": "The same in every attempt." },
            "store": store(),
            "payload": payload,
        })),
        Dialect::Flashy => json!({ "type": "array", "minItems": 1, "items": payload }),
        Dialect::Carthook => carthook(payload),
    }
}

/// An object whose properties are all there.
fn object(properties: &Value) -> Value {
    let names: Vec<String> = properties
        .as_object()
        .map(|fields| fields.keys().cloned().collect())
        .unwrap_or_default();
    json!({ "type": "object", "required": names, "properties": properties })
}

fn store() -> Value {
    let known = json!({ "type": "string" });
    let maybe = json!({ "type": ["string", "null"] });
    let mut store = object(&json!({
        "id": known, "name": known, "shopify_domain": maybe, "main_domain": maybe,
    }));
    store["description"] = json!("The store as it was when the event came in.");
    store
}

/// CartHook's payloads are whole objects; their three ids are always there.
fn carthook(mut payload: Value) -> Value {
    for (id, description) in [
        ("id", "The event's id, the same in every attempt."),
        ("webhook_id", "The endpoint, never changing."),
        ("merchant_id", "The merchant, never changing."),
    ] {
        if payload["properties"].get(id).is_none() {
            payload["properties"][id] = json!({ "type": "string", "description": description });
        }
        let mut required = payload["required"].as_array().cloned().unwrap_or_default();
        if !required.contains(&json!(id)) {
            required.push(json!(id));
        }
        payload["required"] = json!(required);
    }
    payload
}

fn body(schema: &Value, example: &[u8]) -> Value {
    let example: Value = serde_json::from_slice(example).unwrap_or_default();
    json!({
        "required": true,
        "content": { "application/json": { "schema": schema, "example": example } },
    })
}
