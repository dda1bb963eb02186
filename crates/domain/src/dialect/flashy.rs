//! Flashy webhooks: arrays of flat objects. Source: Flashy, "Webhooks payloads".

use bytes::Bytes;

use super::{Format, Header};
use crate::endpoint::Endpoint;
use crate::event::Event;
use crate::secret::Secrets;

/// The Flashy format.
pub(super) struct Flashy;

/// `[`, the payloads' bytes untouched with commas between them, `]`.
fn array(events: &[&Event]) -> Bytes {
    let size: usize = events.iter().map(|event| event.payload.len() + 1).sum();
    let mut body = Vec::with_capacity(size + 1);
    body.push(b'[');
    for (place, event) in events.iter().enumerate() {
        if place > 0 {
            body.push(b',');
        }
        body.extend_from_slice(&event.payload);
    }
    body.push(b']');
    body.into()
}

impl Format for Flashy {
    fn versions(&self) -> &'static [&'static str] {
        &["v1"]
    }

    fn body(&self, event: &Event, _: &Endpoint) -> Bytes {
        array(&[event])
    }

    fn batch_body(&self, events: &[&Event]) -> Option<Bytes> {
        Some(array(events))
    }

    fn headers(&self, _: &Event, _: &Endpoint, _: &Secrets) -> Vec<Header> {
        Vec::new()
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
