//! CartHook webhooks: flat objects that carry the ids of event, webhook and merchant, and a topic header.
//! Source: CartHook, "Webhooks"; contract 127 to 156.

mod members;

use bytes::Bytes;

use self::members::members;
use super::{Format, Header};
use crate::endpoint::Endpoint;
use crate::event::Event;
use crate::id::{EndpointId, MerchantId};
use crate::secret::Secrets;

/// The topic whose body has the three ids and nothing else.
const UNINSTALLED: &str = "app/uninstalled";

/// How CartHook spells an endpoint: the `webhook_id` of its bodies, one for all its topics, never changing.
pub fn webhook_id(endpoint_id: EndpointId) -> String {
    format!("cwe_{}", endpoint_id.suffix())
}

/// How CartHook spells a merchant: the `merchant_id` of its bodies, never changing.
pub fn merchant_id(merchant_id: MerchantId) -> String {
    format!("cmid_{}", merchant_id.suffix())
}

/// The CartHook format.
pub(super) struct Carthook;

impl Format for Carthook {
    fn versions(&self) -> &'static [&'static str] {
        &["v1"]
    }

    /// The payload with its three ids set, every other byte untouched.
    fn body(&self, event: &Event, endpoint: &Endpoint) -> Bytes {
        let ids = [
            ("id", event.event_id.to_string()),
            ("webhook_id", webhook_id(endpoint.id)),
            ("merchant_id", merchant_id(event.merchant_id)),
        ];
        let payload: &[u8] = if &*event.event_type == UNINSTALLED {
            b"{}"
        } else {
            &event.payload
        };
        with_ids(payload, &ids).map_or_else(|| event.payload.clone(), Bytes::from)
    }

    fn headers(&self, event: &Event, _: &Endpoint, _: &Secrets) -> Vec<Header> {
        vec![Header::open("x-carthook-topic", &*event.event_type)]
    }

    fn acknowledges(&self, status: u16) -> bool {
        (200..300).contains(&status)
    }

    fn secret_signs(&self) -> bool {
        false
    }

    fn hears_gone(&self) -> bool {
        false
    }

    fn adaptive(&self) -> bool {
        false
    }
}

/// The object with these members: each replaced wherever it stands, or put first. `None` when it is no JSON
/// object. The values need no escaping.
fn with_ids(object: &[u8], ids: &[(&str, String)]) -> Option<Vec<u8>> {
    let members = members(object)?;
    let mut missing: Vec<_> = ids.iter().collect();
    let mut replaced = Vec::new();
    for member in &members.list {
        if let Some(wanted) = ids.iter().find(|(name, _)| member.is(object, name)) {
            missing.retain(|id| id.0 != wanted.0);
            replaced.push((member.value.clone(), &wanted.1));
        }
    }
    let mut body = Vec::with_capacity(object.len() + 192);
    body.extend_from_slice(&object[..members.start]);
    for (place, (name, value)) in missing.iter().enumerate() {
        let comma = if place > 0 { "," } else { "" };
        body.extend_from_slice(format!(r#"{comma}"{name}":"{value}""#).as_bytes());
    }
    if !missing.is_empty() && !members.list.is_empty() {
        body.push(b',');
    }
    let mut at = members.start;
    for (range, value) in replaced {
        body.extend_from_slice(&object[at..range.start]);
        body.extend_from_slice(format!(r#""{value}""#).as_bytes());
        at = range.end;
    }
    body.extend_from_slice(&object[at..]);
    Some(body)
}
