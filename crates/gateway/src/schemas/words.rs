//! What a schema's keyword says, in words a person reads. Values never stand in them: they may be personal.

use std::fmt::Write as _;

use domain::error::FieldError;
use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::types::JsonType;
use serde_json::Value;

/// The code of every mismatch.
pub(super) const CODE: &str = "schema";
/// Characters of a detail.
const LONGEST: usize = 300;

/// The mismatch as a bad field. A missing property is named itself, not the object that lacks it.
pub(super) fn field(at: &str, error: &ValidationError<'_>) -> FieldError {
    let mut pointer = format!("{at}{}", error.instance_path().as_str());
    if let Kind::Required {
        property: Value::String(name),
    } = error.kind()
    {
        pointer.push('/');
        pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
    }
    let mut detail = detail(error);
    if let Some((end, _)) = detail.char_indices().nth(LONGEST) {
        detail.truncate(end);
        detail.push('…');
    }
    FieldError::new(pointer, CODE, detail)
}

fn detail(error: &ValidationError<'_>) -> String {
    match error.kind() {
        Kind::Required { .. } => "is missing".to_owned(),
        Kind::Type { kind } => format!("must be {}", types(kind)),
        Kind::Enum { options } => match options.as_array() {
            Some(options) => format!("must be one of {}", listed(options)),
            None => "must be one of those allowed".to_owned(),
        },
        Kind::Constant { expected_value } => format!("must be `{expected_value}`"),
        Kind::Pattern { pattern } => format!("must match the pattern `{pattern}`"),
        Kind::Format { format } => format!("must have the format `{format}`"),
        Kind::Minimum { limit } => format!("must be {limit} or more"),
        Kind::ExclusiveMinimum { limit } => format!("must be more than {limit}"),
        Kind::Maximum { limit } => format!("must be {limit} or less"),
        Kind::ExclusiveMaximum { limit } => format!("must be less than {limit}"),
        Kind::MultipleOf { multiple_of } => format!("must be a multiple of {multiple_of}"),
        Kind::MinLength { limit } => format!("must have {limit} characters or more"),
        Kind::MaxLength { limit } => format!("must have {limit} characters or less"),
        Kind::MinItems { limit } => format!("must have {limit} items or more"),
        Kind::MaxItems { limit } => format!("must have {limit} items or less"),
        Kind::MinProperties { limit } => format!("must have {limit} properties or more"),
        Kind::MaxProperties { limit } => format!("must have {limit} properties or less"),
        Kind::UniqueItems => "must have no item twice".to_owned(),
        Kind::FalseSchema => "is not what its schema allows".to_owned(),
        Kind::Not { .. } => "has a value that its schema rules out".to_owned(),
        Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } => {
            "matches none of the forms its schema allows".to_owned()
        }
        Kind::OneOfMultipleValid { .. } => {
            "matches more than one of the forms its schema tells apart".to_owned()
        }
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            format!(
                "has properties its schema rules out: {}",
                unexpected.join(", ")
            )
        }
        _ => error.masked_with("the value").to_string(),
    }
}

fn types(kind: &TypeKind) -> String {
    let article = |kind: JsonType| match kind {
        JsonType::Array => "an array",
        JsonType::Boolean => "true or false",
        JsonType::Integer => "an integer",
        JsonType::Null => "null",
        JsonType::Number => "a number",
        JsonType::Object => "an object",
        JsonType::String => "a string",
    };
    match kind {
        TypeKind::Single(kind) => article(*kind).to_owned(),
        TypeKind::Multiple(kinds) => {
            let names: Vec<&str> = kinds.iter().map(article).collect();
            names.join(" or ")
        }
    }
}

fn listed(options: &[Value]) -> String {
    let mut words = String::new();
    for option in options {
        if !words.is_empty() {
            words.push_str(", ");
        }
        if words.len() > LONGEST {
            break;
        }
        // Writing to a string cannot fail.
        if write!(words, "`{option}`").is_err() {
            break;
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(schema: &Value, value: &Value) -> (String, String) {
        let validator = jsonschema::validator_for(schema).unwrap();
        let error = validator.iter_errors(value).next().unwrap();
        let FieldError {
            pointer, detail, ..
        } = field("/payload", &error);
        (pointer, detail)
    }

    #[test]
    fn a_mismatch_is_told_in_words_at_its_pointer() {
        let table = [
            (
                json!({"required": ["a/b"]}),
                json!({}),
                "/payload/a~1b",
                "is missing",
            ),
            (
                json!({"properties": {"a": {"type": ["string", "null"]}}}),
                json!({"a": 1}),
                "/payload/a",
                "must be null or a string",
            ),
            (
                json!({"items": {"enum": ["x", "y"]}}),
                json!(["x", "z"]),
                "/payload/1",
                "must be one of `\"x\"`, `\"y\"`",
            ),
            (
                json!({"properties": {"a": {"pattern": "^[0-9]+$"}}}),
                json!({"a": "jane@example.com"}),
                "/payload/a",
                "must match the pattern `^[0-9]+$`",
            ),
            (
                json!({"properties": {"a": {}}, "additionalProperties": false}),
                json!({"b": 1}),
                "/payload",
                "has properties its schema rules out: b",
            ),
        ];
        for (schema, value, pointer, detail) in table {
            assert_eq!(
                told(&schema, &value),
                (pointer.to_owned(), detail.to_owned())
            );
        }
    }

    #[test]
    fn a_detail_is_short_and_shows_no_value() {
        let options: Vec<String> = (0..1_000).map(|n| format!("option {n}")).collect();
        let (_, detail) = told(&json!({"enum": options}), &json!("jane@example.com"));
        assert!(detail.chars().count() <= LONGEST + 1, "{detail}");
        let (_, detail) = told(&json!({"contains": {"type": "null"}}), &json!(["jane"]));
        assert!(!detail.contains("jane"), "{detail}");
    }
}
