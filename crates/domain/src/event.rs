//! An event: one occurrence, immutable, stored once, delivered as the bytes it came in.

use std::sync::Arc;

use bytes::Bytes;

use crate::clock::Micros;
use crate::error::FieldError;
use crate::id::{EventId, MerchantId};

/// One occurrence. Its envelope is a pure function of this row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Our id.
    pub id: EventId,
    /// The merchant it happened to.
    pub merchant_id: MerchantId,
    /// The id on the wire: the client's, or our id's spelling.
    pub event_id: Arc<str>,
    /// The catalogue entry.
    pub event_type: Arc<str>,
    /// The payload, byte for byte.
    pub payload: Bytes,
    /// The store as it was, as the JSON object that envelopes carry.
    pub store: Arc<str>,
    /// When it happened.
    pub occurred_at: Micros,
    /// When we took it in.
    pub created_at: Micros,
    /// Whether it is the sample of a test send.
    pub is_test: bool,
}

/// Checks a client's own event id: `[A-Za-z0-9_-]{1,64}`. One that looks like ours is as good as any other.
///
/// Errors: the field, with the rule it breaks.
pub fn check_event_id(pointer: &str, text: &str) -> Result<(), FieldError> {
    let letters = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if !letters || !(1..=64).contains(&text.len()) {
        return Err(FieldError::new(
            pointer,
            "event_id",
            "must have 1 to 64 letters, digits, `_` or `-`",
        ));
    }
    Ok(())
}

/// Makes the name of an event type canonical, wherever one comes in: a leading slash, as CartHook writes some of
/// its topics, is no part of it. Source: contract 127.
pub fn make_canonical(type_name: &mut String) {
    if type_name.starts_with('/') {
        type_name.remove(0);
    }
}

/// Checks the canonical name of an event type: 1 to 100 letters, digits and `_ . / -`, no slash at its start.
///
/// Errors: the field, with the rule it breaks.
pub fn check_type_name(pointer: &str, text: &str) -> Result<(), FieldError> {
    let letters = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"_./-".contains(&b));
    if !letters || text.starts_with('/') || !(1..=100).contains(&text.len()) {
        return Err(FieldError::new(
            pointer,
            "event_type",
            "must have 1 to 100 letters, digits, `_`, `.`, `/` or `-`, and begin with no more than one `/`",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contract_127_a_topic_is_canonical_without_its_leading_slash() {
        for (written, canonical) in [
            ("/checkouts/created", "checkouts/created"),
            ("checkouts/created", "checkouts/created"),
            ("app/uninstalled", "app/uninstalled"),
            ("/", ""),
        ] {
            let mut name = written.to_owned();
            make_canonical(&mut name);
            assert_eq!(name, canonical);
        }
        assert!(check_type_name("/name", "checkouts/created").is_ok());
        assert!(check_type_name("/name", "/checkouts/created").is_err());
    }
}
