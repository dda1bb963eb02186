//! What a schema of the platform's own may be: a JSON Schema of draft 2020-12 that refers to nothing outside itself
//! and can be checked in bounded time.

use domain::catalog::SCHEMA_DIALECT;
use domain::error::FieldError;
use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::Value;

use super::{mismatches, words};
use crate::Error;

/// Bytes of a schema.
const SIZE: usize = 64 * 1024;
/// Objects and arrays a schema may come to when its references are followed: it bounds the work of one check.
const PARTS: usize = 5_000;
/// References that lead one to the next.
const CHAIN: usize = 16;
/// Bytes a compiled pattern may take. Patterns are matched in linear time, so there is no look-around.
const PATTERN: usize = 256 * 1024;

/// Compiles a schema. Nothing is fetched, `format` is not checked.
///
/// Errors: it is no JSON, or no schema, in words for the log.
pub(super) fn compile(source: &str) -> Result<Validator, String> {
    let schema: Value = serde_json::from_str(source).map_err(|error| error.to_string())?;
    build(&schema).map_err(|error| error.masked().to_string())
}

fn build(schema: &Value) -> Result<Validator, ValidationError<'static>> {
    let patterns = PatternOptions::regex()
        .size_limit(PATTERN)
        .dfa_size_limit(PATTERN);
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .offline()
        .should_validate_formats(false)
        .with_pattern_options(patterns)
        .build(schema)
}

/// Checks the schema and the example of a new event type: `/schema` and `/example` of the caller's body.
///
/// Errors: the schema is too large, no schema of draft 2020-12, or refers to what it may not; the example does not
/// match it.
pub(crate) fn check_custom(schema: &str, example: Option<&str>) -> Result<(), Error> {
    let refused = |pointer: &str, detail: &str| Error::field(pointer, words::CODE, detail);
    if schema.len() > SIZE {
        return Err(refused("/schema", "must have 64 KiB or less"));
    }
    let Ok(schema) = serde_json::from_str::<Value>(schema) else {
        return Err(refused("/schema", "holds a number that is too large"));
    };
    if let Some(dialect) = schema.get("$schema")
        && dialect.as_str().map(|uri| uri.trim_end_matches('#')) != Some(SCHEMA_DIALECT)
    {
        let detail = format!("must be `{SCHEMA_DIALECT}`");
        return Err(refused("/schema/$schema", &detail));
    }
    let mut parts = Parts {
        root: &schema,
        left: PARTS,
        followed: Vec::new(),
    };
    let checked = parts.take("/schema", &schema);
    checked.map_err(|error| Error::Invalid(vec![error]))?;
    let validator =
        build(&schema).map_err(|error| Error::Invalid(vec![words::field("/schema", &error)]))?;
    let errors = example.map_or_else(Vec::new, |example| {
        mismatches(&validator, "/example", example.as_bytes())
    });
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(errors))
    }
}

/// Walks a schema and what it refers to. Whatever is called `$ref` counts as a reference, wherever it stands.
struct Parts<'a> {
    root: &'a Value,
    left: usize,
    followed: Vec<&'a str>,
}

impl<'a> Parts<'a> {
    fn take(&mut self, at: &str, part: &'a Value) -> Result<(), FieldError> {
        let refused = |at: &str, detail: &str| Err(FieldError::new(at, words::CODE, detail));
        match part {
            Value::Object(members) => {
                self.spend(at)?;
                for (name, value) in members {
                    let at = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                    match (name.as_str(), value) {
                        ("$ref", Value::String(target)) => self.follow(&at, target)?,
                        ("$dynamicRef" | "$recursiveRef", Value::String(_)) => {
                            return refused(&at, "is not supported: use `$ref`");
                        }
                        ("$id", Value::String(_))
                            if !self.followed.is_empty() || at != "/schema/$id" =>
                        {
                            return refused(&at, "may stand at the root only");
                        }
                        _ => self.take(&at, value)?,
                    }
                }
            }
            Value::Array(items) => {
                self.spend(at)?;
                for (index, item) in items.iter().enumerate() {
                    self.take(&format!("{at}/{index}"), item)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn follow(&mut self, at: &str, target: &'a str) -> Result<(), FieldError> {
        let refused = |detail: &str| Err(FieldError::new(at, words::CODE, detail));
        let Some(pointer) = target
            .strip_prefix('#')
            .filter(|p| p.is_empty() || p.starts_with('/'))
        else {
            return refused("must point into this schema, as `#/$defs/name` does");
        };
        let Some(part) = self.root.pointer(pointer) else {
            return refused("points to nothing in this schema");
        };
        if pointer.is_empty() || self.followed.contains(&pointer) {
            return refused("refers to itself: a schema may not be recursive");
        }
        if self.followed.len() >= CHAIN {
            return refused("is the last of more than 16 references in a row");
        }
        self.followed.push(pointer);
        self.take(at, part)?;
        self.followed.pop();
        Ok(())
    }

    fn spend(&mut self, at: &str) -> Result<(), FieldError> {
        self.left = self.left.checked_sub(1).ok_or_else(|| {
            FieldError::new(
                at,
                words::CODE,
                "comes to more than 5,000 parts when its references are followed",
            )
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(schema: &Value, example: Option<&Value>) -> Option<String> {
        let example = example.map(Value::to_string);
        match check_custom(&schema.to_string(), example.as_deref()) {
            Err(Error::Invalid(errors)) => Some(errors[0].pointer.clone()),
            other => {
                other.unwrap();
                None
            }
        }
    }

    #[test]
    fn a_schema_of_the_draft_is_taken() {
        let item = json!({"$ref": "#/$defs/item"});
        let schema = json!({
            "$schema": SCHEMA_DIALECT,
            "$id": "https://example.com/order",
            "type": "object",
            "properties": {"first": item, "items": {"type": "array", "items": item}},
            "$defs": {"item": {"type": "object", "required": ["sku"], "properties": {"sku": {"pattern": "^[A-Z]+$"}}}},
        });
        assert_eq!(
            refused(&schema, Some(&json!({"items": [{"sku": "A"}]}))),
            None
        );
        assert_eq!(refused(&json!({}), Some(&json!({}))), None);
        let pointer = refused(&schema, Some(&json!({"items": [{"sku": "1"}]})));
        assert_eq!(pointer.as_deref(), Some("/example/items/0/sku"));
    }

    #[test]
    fn what_is_no_schema_is_refused_at_its_pointer() {
        for (schema, pointer) in [
            (json!({"type": "objct"}), "/schema/type"),
            (
                json!({"properties": {"a": {"minimum": "x"}}}),
                "/schema/properties/a/minimum",
            ),
            (
                json!({"properties": {"a": {"pattern": "("}}}),
                "/schema/properties/a/pattern",
            ),
            (
                json!({"properties": {"a": {"pattern": "(?=a)"}}}),
                "/schema/properties/a/pattern",
            ),
            (
                json!({"properties": {"a": {"pattern": "(a{1000}){1000}"}}}),
                "/schema/properties/a/pattern",
            ),
            (
                json!({"$schema": "http://json-schema.org/draft-07/schema#"}),
                "/schema/$schema",
            ),
            (json!({"$schema": 7}), "/schema/$schema"),
        ] {
            assert_eq!(refused(&schema, None).as_deref(), Some(pointer), "{schema}");
        }
    }

    #[test]
    fn nothing_is_fetched_and_no_reference_leads_in_a_circle() {
        for (schema, pointer) in [
            (
                json!({"$ref": "https://example.com/schema"}),
                "/schema/$ref",
            ),
            (
                json!({"properties": {"a": {"$ref": "file:///etc/passwd"}}}),
                "/schema/properties/a/$ref",
            ),
            (json!({"$ref": "other.json"}), "/schema/$ref"),
            (json!({"$ref": "#"}), "/schema/$ref"),
            (json!({"$ref": "#/$defs/none"}), "/schema/$ref"),
            (json!({"$dynamicRef": "#a"}), "/schema/$dynamicRef"),
            (
                json!({"allOf": [{"$id": "https://example.com/"}]}),
                "/schema/allOf/0/$id",
            ),
        ] {
            assert_eq!(refused(&schema, None).as_deref(), Some(pointer), "{schema}");
        }
        let circle = json!({"$ref": "#/$defs/a", "$defs": {"a": {"not": {"$ref": "#/$defs/b"}}, "b": {"$ref": "#/$defs/a"}}});
        assert!(refused(&circle, None).is_some());
    }

    #[test]
    fn a_schema_that_grows_without_bound_is_refused() {
        let doubled = |n: usize| {
            let next = json!({"$ref": format!("#/$defs/d{}", n + 1)});
            json!({"allOf": [next, next]})
        };
        let mut defs: serde_json::Map<String, Value> =
            (0..15).map(|n| (format!("d{n}"), doubled(n))).collect();
        defs.insert("d15".to_owned(), json!({"type": "object"}));
        assert!(refused(&json!({"$ref": "#/$defs/d0", "$defs": defs}), None).is_some());
        let long: Vec<Value> = (0..PARTS).map(|_| json!({})).collect();
        assert!(refused(&json!({"allOf": long}), None).is_some());
        let large = json!({"description": "x".repeat(SIZE)});
        assert_eq!(refused(&large, None).as_deref(), Some("/schema"));
    }

    #[test]
    fn a_deep_schema_can_be_compiled_and_checked() {
        let nested = |levels: usize, inner: Value| {
            (0..levels).fold(inner, |inner, _| json!({"properties": {"a": inner}}))
        };
        let flat = nested(30, json!({"type": "string"}));
        assert_eq!(refused(&flat, None), None);
        let mut defs = serde_json::Map::new();
        for n in 0..CHAIN - 1 {
            let next = json!({"$ref": format!("#/$defs/d{}", n + 1)});
            defs.insert(format!("d{n}"), nested(10, next));
        }
        defs.insert(format!("d{}", CHAIN - 1), json!({"type": "string"}));
        let chained = json!({"$ref": "#/$defs/d0", "$defs": defs});
        let mut example = json!(1);
        for _ in 0..60 {
            example = json!({"a": example});
        }
        assert_eq!(refused(&chained, Some(&example)), None);
    }
}
