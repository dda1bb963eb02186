//! JSON that is passed on byte for byte, and headers as a JSON object.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef};
use poem_openapi::types::{ParseError, ParseFromJSON, ParseResult, ToJSON, Type};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::problem::{ApiError, Slug};

/// Deepest nesting of a published payload. Receivers' parsers stop not far beyond.
pub(crate) const MAX_DEPTH: usize = 64;
/// Bytes of a payload.
pub(crate) const PAYLOAD_MAX: usize = 256 * 1024;
/// What stands for a value that is not shown.
pub(crate) const MASK: &str = "****";

/// A JSON value kept as the bytes it came in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct RawJson(Box<RawValue>);

impl RawJson {
    /// Wraps JSON text; what is no JSON (it never is) reads as null.
    pub(crate) fn new(text: &str) -> Self {
        Self(RawValue::from_string(text.to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned()))
    }

    /// The text.
    pub(crate) fn get(&self) -> &str {
        self.0.get()
    }

    /// The bytes.
    pub(crate) fn bytes(&self) -> Bytes {
        Bytes::copy_from_slice(self.0.get().as_bytes())
    }
}

impl Type for RawJson {
    const IS_REQUIRED: bool = true;
    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "object".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        let anything = MetaSchemaRef::Inline(Box::new(MetaSchema::ANY));
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            additional_properties: Some(Box::new(anything)),
            ..MetaSchema::new("object")
        }))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl ParseFromJSON for RawJson {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        serde_json::value::to_raw_value(&value)
            .map(Self)
            .map_err(ParseError::custom)
    }
}

impl ToJSON for RawJson {
    fn to_json(&self) -> Option<Value> {
        serde_json::from_str(self.0.get()).ok()
    }
}

/// Header names and values in order, as a JSON object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Headers(pub(crate) Vec<(String, String)>);

impl Serialize for Headers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A name that came more than once is one key with all its values: objects have no repeats.
        let mut joined: Vec<(&str, String)> = Vec::with_capacity(self.0.len());
        for (name, value) in &self.0 {
            match joined
                .iter_mut()
                .find(|(known, _)| known.eq_ignore_ascii_case(name))
            {
                Some((_, values)) => {
                    values.push_str(", ");
                    values.push_str(value);
                }
                None => joined.push((name, value.clone())),
            }
        }
        serializer.collect_map(joined)
    }
}

/// Changes to headers: a value sets its header, null takes it away, and the mask, read back from us, keeps
/// what is there. Source: RFC 7396.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct HeadersPatch(Vec<(String, Option<String>)>);

impl Serialize for HeadersPatch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl HeadersPatch {
    /// The headers after the change.
    pub(crate) fn apply(self, mut headers: Vec<(String, String)>) -> Vec<(String, String)> {
        for (name, value) in self.0 {
            let known = |(known, _): &(String, String)| known.eq_ignore_ascii_case(&name);
            if value.as_deref() == Some(MASK) && headers.iter().any(known) {
                continue;
            }
            headers.retain(|(known, _)| !known.eq_ignore_ascii_case(&name));
            headers.extend(value.map(|value| (name, value)));
        }
        headers
    }
}

/// Reads an object as pairs in their order, repeated keys included.
struct Pairs<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for Pairs<V> {
    type Value = Vec<(String, V)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of header names and values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(pairs)
    }
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Pairs(PhantomData)).map(Self)
    }
}

impl<'de> Deserialize<'de> for HeadersPatch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Pairs(PhantomData)).map(Self)
    }
}

/// Describes a type as an object of headers, whose values may be null or not: what the document needs of
/// both.
macro_rules! header_object {
    ($headers:ty, $nullable:literal) => {
        impl Type for $headers {
            const IS_REQUIRED: bool = true;
            type RawValueType = Self;
            type RawElementValueType = Self;

            fn name() -> Cow<'static, str> {
                "object".into()
            }

            fn schema_ref() -> MetaSchemaRef {
                let text = MetaSchemaRef::Inline(Box::new(MetaSchema {
                    nullable: $nullable,
                    ..MetaSchema::new("string")
                }));
                MetaSchemaRef::Inline(Box::new(MetaSchema {
                    additional_properties: Some(Box::new(text)),
                    ..MetaSchema::new("object")
                }))
            }

            fn as_raw_value(&self) -> Option<&Self> {
                Some(self)
            }

            fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
                Box::new(std::iter::once(self))
            }
        }

        impl ParseFromJSON for $headers {
            fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
                serde_json::from_value(value.unwrap_or_default()).map_err(ParseError::custom)
            }
        }

        impl ToJSON for $headers {
            fn to_json(&self) -> Option<Value> {
                serde_json::to_value(self).ok()
            }
        }
    };
}

header_object!(Headers, false);
header_object!(HeadersPatch, true);

/// Why a payload that is JSON may not be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    /// It is a string, a number, an array…
    #[error("must be a JSON object")]
    NoObject,
    /// It nests too deep.
    #[error("nests deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// Half of a surrogate pair: parsers disagree on it.
    #[error("has half of a surrogate pair in a string")]
    LoneSurrogate,
}

/// Checks the size of a payload.
///
/// Errors: 413.
pub(crate) fn check_size(payload: &str) -> Result<(), ApiError> {
    if payload.len() > PAYLOAD_MAX {
        return Err(ApiError::new(
            Slug::PayloadTooLarge,
            format!("A payload may have {PAYLOAD_MAX} bytes at most."),
        ));
    }
    Ok(())
}

/// Checks what the parser passes over in raw JSON: that it is an object, its depth, and that every
/// `\u` escape of a surrogate has its other half. The text must be JSON already.
pub(crate) fn check_payload(text: &str) -> Result<(), Unfit> {
    let bytes = text.as_bytes();
    if bytes.first() != Some(&b'{') {
        return Err(Unfit::NoObject);
    }
    let (mut at, mut depth, mut in_string) = (0, 0usize, false);
    while let Some(byte) = bytes.get(at) {
        match (in_string, byte) {
            (false, b'{' | b'[') => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(Unfit::TooDeep);
                }
            }
            (false, b'}' | b']') => depth = depth.saturating_sub(1),
            (_, b'"') => in_string = !in_string,
            (true, b'\\') => {
                at += escape_length(bytes.get(at..).unwrap_or_default())?;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// How many bytes the escape at the start of `rest` takes, its surrogate partner included.
fn escape_length(rest: &[u8]) -> Result<usize, Unfit> {
    match unit(rest) {
        None => Ok(2),
        Some(0xd800..=0xdbff) => match rest.get(6..).and_then(unit) {
            Some(0xdc00..=0xdfff) => Ok(12),
            _ => Err(Unfit::LoneSurrogate),
        },
        Some(0xdc00..=0xdfff) => Err(Unfit::LoneSurrogate),
        Some(_) => Ok(6),
    }
}

/// The code unit of a `\uXXXX` escape at the start.
fn unit(rest: &[u8]) -> Option<u16> {
    let digits = rest.strip_prefix(b"\\u")?.get(..4)?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_may_nest_64_levels_and_no_more() {
        let nested = |levels: usize| {
            format!(
                r#"{{"a":{}{}}}"#,
                "[".repeat(levels - 1),
                "]".repeat(levels - 1)
            )
        };
        assert_eq!(check_payload(&nested(64)), Ok(()));
        assert_eq!(check_payload(&nested(65)), Err(Unfit::TooDeep));
        assert_eq!(
            check_payload(r#"{"a":"[[[[{{{{\"[[["}"#),
            Ok(()),
            "brackets in strings do not count"
        );
    }

    #[test]
    fn half_a_surrogate_pair_is_refused_and_a_whole_one_is_not() {
        assert_eq!(check_payload(r#"{"a":"\ud83d\ude00"}"#), Ok(()));
        assert_eq!(check_payload(r#"{"a":"\u0000 \\ud800"}"#), Ok(()));
        for bad in [
            r#"{"a":"\ud800"}"#,
            r#"{"a":"\ud800x"}"#,
            r#"{"a":"\udc00"}"#,
        ] {
            assert_eq!(check_payload(bad), Err(Unfit::LoneSurrogate), "{bad}");
        }
    }

    #[test]
    fn only_an_object_is_a_payload() {
        for bad in ["[]", "1", "\"a\"", "null"] {
            assert_eq!(check_payload(bad), Err(Unfit::NoObject), "{bad}");
        }
    }

    #[test]
    fn digits_survive() {
        let text = r#"{"a":247.50,"b":1E+2,"c":12345678901234567890123}"#;
        let raw: RawJson = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&raw).unwrap(), text);
    }
}
