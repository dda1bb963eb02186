//! Everything that is wrong with a body, found by holding it against its description. The parser stops at the first
//! fault; this goes on. It knows what the document says: fields, types, words, patterns and bounds.

use std::sync::LazyLock;

use domain::clock::Micros;
use domain::error::FieldError;
use domain::spelling::nearest;
use moka::sync::Cache;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use regex::Regex;
use serde_json::{Map, Value};

use super::escaped;
use crate::problem::FAULTS_MAX;

/// Bytes of a body that is looked at a second time: beyond, only the first fault is told.
const LOOKED_AT: usize = 1024 * 1024;

/// All faults of a body described as a `D`, those of the parser among them.
pub(super) fn all<D: Type>(bytes: &[u8], mut known: Vec<FieldError>) -> Vec<FieldError> {
    let Some(body) = (bytes.len() <= LOOKED_AT)
        .then(|| serde_json::from_slice(bytes).ok())
        .flatten()
    else {
        return known;
    };
    let mut registry = Registry::new();
    D::register(&mut registry);
    let mut look = Look {
        registry: &registry,
        faults: Vec::new(),
    };
    look.at("", &D::schema_ref(), &body);
    let mut faults = look.faults;
    // The parser knows best what a text should be.
    for fault in known.drain(..) {
        match faults
            .iter_mut()
            .find(|found| found.pointer == fault.pointer)
        {
            Some(found) if fault.code == "invalid" => *found = fault,
            Some(_) => {}
            None => faults.push(fault),
        }
    }
    faults.truncate(FAULTS_MAX);
    faults
}

struct Look<'a> {
    registry: &'a Registry,
    faults: Vec<FieldError>,
}

impl Look<'_> {
    fn at(&mut self, at: &str, schema: &MetaSchemaRef, value: &Value) {
        if self.faults.len() >= FAULTS_MAX {
            return;
        }
        match schema {
            MetaSchemaRef::Reference(name) => {
                if let Some(schema) = self.registry.schemas.get(name) {
                    self.holds(at, schema, value);
                }
            }
            MetaSchemaRef::Inline(schema) => self.holds(at, schema, value),
        }
    }

    fn holds(&mut self, at: &str, schema: &MetaSchema, value: &Value) {
        for part in &schema.all_of {
            self.at(at, part, value);
        }
        match (schema.ty, value) {
            ("object", Value::Object(members)) => self.object(at, schema, members),
            ("array", Value::Array(items)) => self.array(at, schema, items),
            ("string", Value::String(text)) => self.string(at, schema, text),
            ("integer" | "number", Value::Number(_)) => self.number(at, schema, value),
            ("boolean", Value::Bool(_)) | ("", _) => {}
            ("object", _) => self.fault(at, "type", "must be an object"),
            ("array", _) => self.fault(at, "type", "must be an array"),
            ("string", _) => self.fault(at, "type", "must be a string"),
            ("integer", _) => self.fault(at, "type", "must be a whole number"),
            ("boolean", _) => self.fault(at, "type", "must be true or false"),
            (other, _) => self.fault(at, "type", format!("must be a {other}")),
        }
    }

    fn object(&mut self, at: &str, schema: &MetaSchema, members: &Map<String, Value>) {
        if let Some(values) = &schema.additional_properties {
            for (name, value) in members {
                self.at(&format!("{at}/{}", escaped(name)), values, value);
            }
            return;
        }
        for (name, value) in members {
            let at = format!("{at}/{}", escaped(name));
            match schema.properties.iter().find(|(known, _)| known == name) {
                Some((name, _)) if value.is_null() && !schema.required.contains(name) => {}
                Some((_, field)) => self.at(&at, field, value),
                None => {
                    let known = schema.properties.iter().map(|(name, _)| *name);
                    let detail = nearest(name, known).map_or_else(
                        || "there is no such field".to_owned(),
                        |meant| format!("there is no such field: did you mean `{meant}`?"),
                    );
                    self.fault(&at, "unknown_field", detail);
                }
            }
        }
        for name in schema
            .required
            .iter()
            .filter(|name| !members.contains_key(**name))
        {
            self.fault(&format!("{at}/{name}"), "required", "must be given");
        }
    }

    fn array(&mut self, at: &str, schema: &MetaSchema, items: &[Value]) {
        let (least, most) = (schema.min_items.unwrap_or(0), schema.max_items);
        if items.len() < least || most.is_some_and(|most| items.len() > most) {
            self.fault(at, "count", bounds(least, most, "entries"));
        }
        for (place, item) in items.iter().enumerate() {
            if let Some(schema) = &schema.items {
                self.at(&format!("{at}/{place}"), schema, item);
            }
        }
    }

    fn string(&mut self, at: &str, schema: &MetaSchema, text: &str) {
        let (least, most) = (schema.min_length.unwrap_or(0), schema.max_length);
        let length = text.chars().count();
        if length < least || most.is_some_and(|most| length > most) {
            self.fault(at, "length", bounds(least, most, "characters"));
        }
        let words = &schema.enum_items;
        if !words.is_empty() && !words.iter().any(|word| word == text) {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            self.fault(
                at,
                "invalid",
                format!("must be one of {}", words.join(", ")),
            );
        }
        if schema
            .pattern
            .as_ref()
            .is_some_and(|pattern| !fits(pattern, text))
        {
            let like = schema.example.as_ref().and_then(Value::as_str);
            let like = like.map_or_else(
                || "of another form".to_owned(),
                |text| format!("like `{text}`"),
            );
            self.fault(at, "invalid", format!("must be {like}"));
        }
        if schema.format == Some("date-time") && Micros::parse_rfc3339(text).is_err() {
            self.fault(
                at,
                "invalid",
                "must be an RFC 3339 time with an offset, as 2026-05-07T10:00:00Z",
            );
        }
    }

    fn number(&mut self, at: &str, schema: &MetaSchema, value: &Value) {
        if schema.ty == "integer" && !value.is_i64() && !value.is_u64() {
            self.fault(at, "type", "must be a whole number");
            return;
        }
        let unsigned = schema
            .format
            .is_some_and(|format| format.starts_with("uint"));
        let least = schema.minimum.or(unsigned.then_some(0.0));
        let most = schema.maximum.or(match schema.format {
            Some("uint32") => Some(f64::from(u32::MAX)),
            Some("int32") => Some(f64::from(i32::MAX)),
            _ => None,
        });
        let number = value.as_f64().unwrap_or_default();
        if least.is_some_and(|least| number < least) || most.is_some_and(|most| number > most) {
            let detail = match (least, most) {
                (Some(least), Some(most)) => format!("must be {least} to {most}"),
                (Some(least), None) => format!("must be {least} or more"),
                (None, most) => format!("must be {} or less", most.unwrap_or_default()),
            };
            self.fault(at, "range", detail);
        }
    }

    fn fault(&mut self, at: &str, code: &'static str, detail: impl Into<String>) {
        self.faults.push(FieldError::new(at, code, detail));
    }
}

/// How many of something there must be.
fn bounds(least: usize, most: Option<usize>, what: &str) -> String {
    match most {
        Some(most) => format!("must have {least} to {most} {what}"),
        None => format!("must have at least {least} {what}"),
    }
}

/// Whether a text is of a schema's pattern. Each pattern, of which the document has few, is compiled once.
fn fits(pattern: &str, text: &str) -> bool {
    static KNOWN: LazyLock<Cache<String, Option<Regex>>> = LazyLock::new(|| Cache::new(1_000));
    let regex = KNOWN.get_with_by_ref(pattern, || Regex::new(pattern).ok());
    regex.is_some_and(|regex| regex.is_match(text))
}

#[cfg(test)]
mod tests {
    use poem_openapi::Object;
    use serde::Deserialize;

    use super::super::parse_described;
    use super::*;
    use crate::text::Text;
    use domain::dialect::Dialect;
    use domain::id::MerchantId;

    #[derive(Debug, Deserialize, Object)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        id: Text<MerchantId>,
        count: Option<u32>,
    }

    #[derive(Debug, Deserialize, Object)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[oai(validator(min_length = 2, max_length = 5))]
        name: String,
        dialect: Text<Dialect>,
        at: Option<Text<Micros>>,
        wait: Option<Text<std::time::Duration>>,
        #[oai(validator(max_items = 3))]
        list: Vec<Inner>,
        inner: Option<Inner>,
        on: Option<bool>,
    }

    fn faults(body: &str) -> Vec<(String, &'static str)> {
        let error = parse_described::<Outer, Outer>(body.as_bytes()).unwrap_err();
        let errors = error.errors.into_iter();
        errors.map(|fault| (fault.pointer, fault.code)).collect()
    }

    #[test]
    fn every_wrong_field_is_named_in_one_answer() {
        let body = r#"{"nmae":"x","name":"x","dialect":"flexy","at":"2026-02-30T00:00:00Z","wait":"soon",
            "list":[{"id":"ep_1"},{"count":-1},7,{"id":null}],"inner":{"id":"x","count":1.5,"more":0},"on":"true"}"#;
        let found = faults(body);
        let expected = [
            ("/nmae", "unknown_field"),
            ("/name", "length"),
            ("/dialect", "invalid"),
            ("/at", "invalid"),
            ("/wait", "invalid"),
            ("/list", "count"),
            ("/list/0/id", "invalid"),
            ("/list/1/count", "range"),
            ("/list/1/id", "required"),
            ("/list/2", "type"),
            ("/list/3/id", "type"),
            ("/inner/id", "invalid"),
            ("/inner/count", "type"),
            ("/inner/more", "unknown_field"),
            ("/on", "type"),
        ];
        let expected = expected.map(|(pointer, code)| (pointer.to_owned(), code));
        assert_eq!(found, expected);
    }

    #[test]
    fn null_stands_for_what_may_be_left_out_and_a_misspelt_field_is_guessed() {
        let body =
            r#"{"name":"abc","dialect":"flexype","at":null,"inner":null,"list":[],"dialct":1}"#;
        let error = parse_described::<Outer, Outer>(body.as_bytes()).unwrap_err();
        assert_eq!(error.errors.len(), 1);
        assert!(
            error.detail.contains("did you mean `dialect`?"),
            "{}",
            error.detail
        );
    }

    #[test]
    fn a_hundred_faults_are_told_at_most() {
        let list = vec!["1"; 5_000].join(",");
        let body = format!(r#"{{"name":"abc","dialect":"flexype","list":[{list}]}}"#);
        assert_eq!(faults(&body).len(), FAULTS_MAX);
    }
}
