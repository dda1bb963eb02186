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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::Dialect;
    use super::super::samples::{destination, event};
    use super::*;

    const CWE: &str = "cwe_00000000000000000000000002";
    const CMID: &str = "cmid_00000000000000000000000001";

    /// The body of `checkouts/created` with this payload, its ids in short.
    fn body(payload: &'static str) -> String {
        body_of("checkouts/created", payload)
    }

    fn body_of(topic: &str, payload: &'static str) -> String {
        let endpoint = destination(Dialect::Carthook).endpoint;
        let mut event = event(topic, payload);
        event.event_id = "cev_1".into();
        let body = Carthook.body(&event, &endpoint);
        let text = String::from_utf8(body.to_vec()).unwrap();
        text.replace(CWE, "CWE").replace(CMID, "CMID")
    }

    #[test]
    fn contract_129_130_131_the_three_ids_are_replaced_where_they_stand() {
        assert_eq!(
            body(
                r#" { "id" : "cev_P12" ,"a":1.10,"webhook_id":null,  "merchant_id":{"id":[1]}, "z":"é" } "#
            ),
            r#" { "id" : "cev_1" ,"a":1.10,"webhook_id":"CWE",  "merchant_id":"CMID", "z":"é" } "#
        );
    }

    #[test]
    fn contract_129_130_131_ids_that_are_missing_are_put_first() {
        for (payload, expected) in [
            (
                "{}",
                r#"{"id":"cev_1","webhook_id":"CWE","merchant_id":"CMID"}"#,
            ),
            (
                "{ }",
                r#"{"id":"cev_1","webhook_id":"CWE","merchant_id":"CMID" }"#,
            ),
            (
                r#"{ "cid":"cid_1"}"#,
                r#"{"id":"cev_1","webhook_id":"CWE","merchant_id":"CMID", "cid":"cid_1"}"#,
            ),
            (
                r#"{"cid":"cid_1","webhook_id":7}"#,
                r#"{"id":"cev_1","merchant_id":"CMID","cid":"cid_1","webhook_id":"CWE"}"#,
            ),
        ] {
            assert_eq!(body(payload), expected);
        }
    }

    #[test]
    fn what_only_looks_like_an_id_is_untouched() {
        let inner = r#""a":{"id":1,"webhook_id":[{"merchant_id":"x"}]},"b":"\"id\":\"}{","c\\":["\\","]"],"id ":3,"ID":4,"n":-1.50E+2,"m":[],"o":{}"#;
        let payload = format!(r#"{{"id":0,"webhook_id":0,"merchant_id":0,{inner}}}"#).leak();
        assert_eq!(
            body(payload),
            format!(r#"{{"id":"cev_1","webhook_id":"CWE","merchant_id":"CMID",{inner}}}"#)
        );
    }

    #[test]
    fn a_key_is_known_in_any_spelling_and_each_time_it_stands() {
        let payload = r#"{"\u0069d":1,"web\u0068ook_id":2,"merchant\u005fid":"3","id":4}"#;
        let expected =
            r#"{"\u0069d":"cev_1","web\u0068ook_id":"CWE","merchant\u005fid":"CMID","id":"cev_1"}"#;
        assert_eq!(body(payload), expected);
    }

    #[test]
    fn what_is_no_object_is_sent_as_it_is() {
        for payload in [
            "",
            "[1]",
            "{",
            r#"{"a""#,
            r#"{"a":}"#,
            r#"{"a":"x\"#,
            r#"{"a":[}"#,
            "null",
        ] {
            assert_eq!(body(payload), payload);
        }
    }

    #[test]
    fn contract_141_an_uninstall_has_the_three_ids_and_nothing_else() {
        assert_eq!(
            body_of("app/uninstalled", r#"{ "id":"cev_9", "reason":"price"}"#),
            r#"{"id":"cev_1","webhook_id":"CWE","merchant_id":"CMID"}"#
        );
    }

    #[test]
    fn contract_127_the_topic_is_a_header() {
        let made = destination(Dialect::Carthook);
        let headers = Carthook.headers(
            &event("checkouts/updated", "{}"),
            &made.endpoint,
            &made.secrets,
        );
        assert_eq!(
            headers,
            [Header::open("x-carthook-topic", "checkouts/updated")]
        );
    }

    /// Any JSON value of a few levels, with keys and strings that are easily taken for one another.
    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            text().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 64, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::hash_map(text(), inner, 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            prop::sample::select(vec!["id", "webhook_id", "merchant_id"]).prop_map(str::to_owned),
            r#"[a"\\\\{}\[\]:, \n\u{e9}]{0,6}"#,
        ]
    }

    proptest! {
        #[test]
        fn of_any_object_only_the_three_ids_change(
            members in prop::collection::hash_map(text(), any_json(), 0..6),
            pretty: bool,
        ) {
            let mut object = Value::Object(members.into_iter().collect());
            let bytes = if pretty { serde_json::to_vec_pretty(&object) } else { serde_json::to_vec(&object) };
            let ids = ["id", "webhook_id", "merchant_id"].map(|name| (name, format!("the {name}")));
            let changed = with_ids(&bytes.unwrap(), &ids).unwrap();
            for (name, value) in ids {
                object[name] = json!(value);
            }
            prop_assert_eq!(serde_json::from_slice::<Value>(&changed).unwrap(), object);
        }
    }
}
