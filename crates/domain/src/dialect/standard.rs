//! Standard Webhooks. Source: the Standard Webhooks specification, version 1.

use bytes::Bytes;

use super::{Format, Header};
use crate::endpoint::Endpoint;
use crate::event::Event;
use crate::secret::Secrets;

/// The Standard Webhooks format.
pub(super) struct Standard;

impl Format for Standard {
    fn versions(&self) -> &'static [&'static str] {
        &["1"]
    }

    /// `{type, timestamp, data}`, the payload's bytes untouched.
    fn body(&self, event: &Event, _: &Endpoint) -> Bytes {
        let mut body = Vec::with_capacity(96 + event.payload.len());
        for part in [
            br#"{"type":""#,
            event.event_type.as_bytes(),
            br#"","timestamp":""#,
            event.occurred_at.rfc3339().as_bytes(),
            br#"","data":"#,
            &event.payload,
            b"}",
        ] {
            body.extend_from_slice(part);
        }
        body.into()
    }

    fn headers(&self, _: &Event, _: &Endpoint, _: &Secrets) -> Vec<Header> {
        Vec::new()
    }

    fn acknowledges(&self, status: u16) -> bool {
        (200..300).contains(&status)
    }

    fn secret_signs(&self) -> bool {
        true
    }

    fn hears_gone(&self) -> bool {
        true
    }

    fn adaptive(&self) -> bool {
        true
    }
}
