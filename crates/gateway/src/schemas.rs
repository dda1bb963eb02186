//! Payloads against the schemas of their types. A schema is compiled when it is first needed and kept; a payload is
//! parsed once, for this alone, and passed on byte for byte whatever comes of it.

pub(crate) mod rules;
mod words;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use domain::catalog::EventType;
use domain::error::FieldError;
use domain::merchant::SchemaMode;
use domain::tenancy::TenantScope;
use jsonschema::Validator;
use serde_json::Value;

use crate::ingest::PublishEvent;
use crate::{Error, Gateway};

/// Mismatches told of one payload. Whoever gets ten knows that more than a typo is wrong.
const OF_PAYLOAD: usize = 10;
/// Mismatches told of one call.
pub(crate) const OF_CALL: usize = 100;
/// Compiled schemas kept, about 50 KiB each. Beyond, the cache starts anew.
const KEPT: usize = 500;
/// Bytes checked at a stretch before other tasks get their turn: about a millisecond.
const STRETCH: usize = 128 * 1024;

/// Mismatches by the place of their event; pointers are in the event, such as `/payload/user/email`.
pub(crate) type Mismatches = HashMap<usize, Vec<FieldError>>;

/// A schema ready for use.
#[derive(Debug)]
struct Compiled {
    source: String,
    /// `None` when it is no schema: types made before schemas were checked may have such.
    validator: Option<Validator>,
}

/// The compiled schemas by event type.
#[derive(Debug, Default)]
pub(crate) struct Schemas(RwLock<HashMap<String, Arc<Compiled>>>);

impl Schemas {
    /// What in the payload does not match its type's schema, at most [`OF_PAYLOAD`], in pointers below `at`.
    pub(crate) fn mismatches(
        &self,
        entry: &EventType,
        at: &str,
        payload: &[u8],
    ) -> Vec<FieldError> {
        let Some(compiled) = self.compiled(entry) else {
            return Vec::new();
        };
        let Some(validator) = &compiled.validator else {
            return Vec::new();
        };
        mismatches(validator, at, payload)
    }

    fn compiled(&self, entry: &EventType) -> Option<Arc<Compiled>> {
        let source = entry.schema.as_deref()?;
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = kept.get(&entry.name)
            && found.source == source
        {
            return Some(Arc::clone(found));
        }
        drop(kept);
        let validator = match rules::compile(source) {
            Ok(validator) => Some(validator),
            Err(error) => {
                tracing::warn!(event.r#type = entry.name, %error, "payloads are not checked: their schema is none");
                None
            }
        };
        let compiled = Arc::new(Compiled {
            source: source.to_owned(),
            validator,
        });
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(entry.name.clone(), Arc::clone(&compiled));
        Some(compiled)
    }
}

/// What does not match, at most [`OF_PAYLOAD`], in pointers below `at`.
fn mismatches(validator: &Validator, at: &str, json: &[u8]) -> Vec<FieldError> {
    let Ok(value) = serde_json::from_slice::<Value>(json) else {
        // JSON it is: that was seen when the body was read. What fails here is a number such as 1e400.
        let detail = "holds a number that is too large to be checked";
        return vec![FieldError::new(at, words::CODE, detail)];
    };
    if validator.is_valid(&value) {
        return Vec::new();
    }
    let errors = validator.iter_errors(&value).take(OF_PAYLOAD);
    errors.map(|error| words::field(at, &error)).collect()
}

impl Gateway {
    /// What in these events' payloads does not match the schemas of their types.
    pub(crate) async fn mismatches(
        &self,
        events: &[PublishEvent],
        types: &HashMap<String, EventType>,
    ) -> Mismatches {
        let mut found = Mismatches::new();
        let mut stretch = 0;
        for (place, event) in events.iter().enumerate() {
            let Some(entry) = types.get(&event.event_type) else {
                continue;
            };
            let errors = self.schemas.mismatches(entry, "/payload", &event.payload);
            if !errors.is_empty() {
                found.insert(place, errors);
            }
            stretch += event.payload.len();
            if stretch >= STRETCH {
                stretch = 0;
                tokio::task::yield_now().await;
            }
        }
        found
    }

    /// What becomes of payloads that do not match; `None` when there is no such merchant. It is asked for only then,
    /// so it can afford to be the newest.
    ///
    /// Errors: storage fails.
    pub(crate) async fn schema_mode(
        &self,
        scope: TenantScope,
    ) -> Result<Option<SchemaMode>, Error> {
        self.config.catch_up().await?;
        let config = self.config.merchant(scope.merchant_id()).await?;
        Ok(config.map(|config| config.merchant.settings.schema_mode))
    }
}

/// Logs mismatches that were let through: where, never what.
pub(crate) fn log_warnings(scope: TenantScope, events: &[PublishEvent], found: &Mismatches) {
    for (place, errors) in found {
        let (Some(event), Some(first)) = (events.get(*place), errors.first()) else {
            continue;
        };
        tracing::debug!(
            merchant.id = %scope.merchant_id(),
            event.r#type = event.event_type,
            pointer = first.pointer,
            mismatches = errors.len(),
            "a payload does not match its schema"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(schema: &str, payload: &str) -> Vec<(String, String)> {
        let validator = rules::compile(schema).unwrap();
        let errors = mismatches(&validator, "/payload", payload.as_bytes());
        let pair = |error: FieldError| (error.pointer, error.detail);
        errors.into_iter().map(pair).collect()
    }

    #[test]
    fn numbers_of_any_size_are_checked_or_refused_and_never_break() {
        let schema = r#"{"properties":{"n":{"type":"integer","maximum":9223372036854775807},"m":{"type":"number"}}}"#;
        for fine in ["9223372036854775807", "0", "-5", "1e3", "1.0"] {
            assert_eq!(found(schema, &format!(r#"{{"n":{fine}}}"#)), [], "{fine}");
        }
        for wrong in [
            "4214124124124124121241",
            "9223372036854775808",
            "1e300",
            "1.5",
        ] {
            let errors = found(schema, &format!(r#"{{"n":{wrong}}}"#));
            assert_eq!(errors[0].0, "/payload/n", "{wrong}");
        }
        let errors = found(schema, r#"{"m":1e400}"#);
        assert_eq!(errors[0].0, "/payload");
        assert!(found(schema, r#"{"m":4214124124124124121241,"x":1e-400}"#).is_empty());
    }

    #[test]
    fn ten_mismatches_are_told_at_most() {
        let schema = r#"{"items":{"type":"string"}}"#;
        let payload = format!("[{}]", vec!["1"; 50].join(","));
        assert_eq!(found(schema, &payload).len(), OF_PAYLOAD);
    }
}
