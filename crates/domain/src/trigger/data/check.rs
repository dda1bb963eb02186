//! Checks given data against the table: all that is wrong at once, each with its place.

use rust_decimal::Decimal;
use serde_json::Value;
use serde_json::value::RawValue;

use super::table::{FREE_MAX, Field, ID_MAX, LIST_MAX, TEXT_MAX, Type, URL_MAX};
use super::view::{View, count};
use crate::error::FieldError;
use crate::spelling::nearest;
use crate::trigger::money;

/// Errors after which the rest of an object is not looked at: who has so many can learn the rest later.
const ERRORS_MAX: usize = 100;

/// Checks an object at `pointer`.
pub(super) fn object(
    fields: &'static [Field],
    raw: &RawValue,
    pointer: &str,
    errors: &mut Vec<FieldError>,
) {
    let Ok(view) = serde_json::from_str::<View<'_>>(raw.get()) else {
        errors.push(FieldError::new(pointer, "type", "must be an object"));
        return;
    };
    let mut seen: Vec<&str> = Vec::new();
    for (name, raw) in view.members() {
        if errors.len() >= ERRORS_MAX {
            return;
        }
        let at = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
        let Some(field) = fields.iter().find(|field| field.name == name) else {
            errors.push(FieldError::new(at, "unknown_field", unknown(fields, name)));
            continue;
        };
        if seen.contains(&field.name) {
            errors.push(FieldError::new(at, "repeated", "comes twice"));
            continue;
        }
        seen.push(field.name);
        if raw.get() != "null" {
            value(field.holds, raw, &at, errors);
        }
    }
    for field in fields.iter().filter(|field| field.required) {
        if view.get(field.name).is_none() {
            let at = format!("{pointer}/{}", field.name);
            errors.push(FieldError::new(at, "required", "must be given"));
        }
    }
}

/// What to say of a name that is no field's.
fn unknown(fields: &[Field], name: &str) -> String {
    match nearest(name, fields.iter().map(|field| field.name)) {
        Some(meant) => format!("there is no such field: did you mean `{meant}`?"),
        None if fields.is_empty() => "there is no such field".to_owned(),
        None => {
            let known: Vec<_> = fields.iter().map(|field| field.name).collect();
            format!("there is no such field, only {}", known.join(", "))
        }
    }
}

fn value(holds: Type, raw: &RawValue, pointer: &str, errors: &mut Vec<FieldError>) {
    match holds {
        Type::Object(fields) => object(fields, raw, pointer, errors),
        Type::List(fields) => list(raw, pointer, holds, errors, |element, at, errors| {
            object(fields, element, at, errors);
        }),
        Type::Ids => list(raw, pointer, holds, errors, |element, at, errors| {
            value(Type::Id, element, at, errors);
        }),
        Type::Added(fields) if raw.get().starts_with('[') => {
            list(raw, pointer, holds, errors, |element, at, errors| {
                added(fields, element, at, errors);
            });
        }
        Type::Added(fields) => added(fields, raw, pointer, errors),
        _ => {
            if let Some(code) = scalar(holds, raw) {
                let detail = format!("must be {}", holds.words());
                errors.push(FieldError::new(pointer, code, detail));
            }
        }
    }
}

fn added(fields: &'static [Field], raw: &RawValue, pointer: &str, errors: &mut Vec<FieldError>) {
    if raw.get().starts_with('{') {
        object(fields, raw, pointer, errors);
    } else {
        value(Type::Id, raw, pointer, errors);
    }
}

fn list(
    raw: &RawValue,
    pointer: &str,
    holds: Type,
    errors: &mut Vec<FieldError>,
    mut check: impl FnMut(&RawValue, &str, &mut Vec<FieldError>),
) {
    let elements = serde_json::from_str::<Vec<&RawValue>>(raw.get()).unwrap_or_default();
    if !raw.get().starts_with('[') {
        let detail = format!("must be {}", holds.words());
        errors.push(FieldError::new(pointer, "type", detail));
    } else if elements.len() > LIST_MAX {
        let detail = format!("must be {}", holds.words());
        errors.push(FieldError::new(pointer, "too_many", detail));
    } else {
        for (place, element) in elements.into_iter().enumerate() {
            check(element, &format!("{pointer}/{place}"), errors);
        }
    }
}

/// The rule that a value without fields breaks.
fn scalar(holds: Type, raw: &RawValue) -> Option<&'static str> {
    let json = raw.get();
    let (fits, otherwise) = match holds {
        Type::Id if json.starts_with('"') => return text(json, 1, ID_MAX),
        Type::Id => (serde_json::from_str::<u64>(json).is_ok(), "type"),
        Type::Money => (money::read(raw).is_some(), "type"),
        Type::Rate => match money::read(raw) {
            Some(rate) => (
                (Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(&rate),
                "range",
            ),
            None => (false, "type"),
        },
        Type::Count => (count(raw).is_some(), "type"),
        Type::Flag => (matches!(json, "true" | "false"), "type"),
        Type::UrlOrFalse if json == "false" => (true, "type"),
        Type::Url | Type::UrlOrFalse => return text(json, 0, URL_MAX),
        Type::OneOf(names) => {
            let name = serde_json::from_str::<String>(json).unwrap_or_default();
            (names.contains(&name.as_str()), "invalid")
        }
        Type::Free if json.len() > FREE_MAX => (false, "length"),
        Type::Free => (
            serde_json::from_str::<Value>(json).is_ok_and(|value| value.is_object()),
            "type",
        ),
        _ => return text(json, 0, TEXT_MAX),
    };
    (!fits).then_some(otherwise)
}

fn text(json: &str, least: usize, most: usize) -> Option<&'static str> {
    let Ok(text) = serde_json::from_str::<String>(json) else {
        return Some("type");
    };
    let length = text.chars().count();
    (length < least || length > most).then_some("length")
}
