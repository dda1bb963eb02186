//! FlexyPe webhooks, version 2026-05. Source: FlexyPe, "Webhooks overview" and "Abandoned Session".

use bytes::Bytes;

use super::{Format, Header};
use crate::endpoint::Endpoint;
use crate::event::Event;
use crate::secret::Secrets;

/// The FlexyPe format.
pub(super) struct Flexype;

impl Format for Flexype {
    fn versions(&self) -> &'static [&'static str] {
        &["2026-05"]
    }

    /// `{event_time, event_type, event_id, store, payload}`, the payload's bytes untouched.
    fn body(&self, event: &Event, _: &Endpoint) -> Bytes {
        let mut body = Vec::with_capacity(160 + event.store.len() + event.payload.len());
        for part in [
            br#"{"event_time":""#,
            event.occurred_at.rfc3339_seconds().as_bytes(),
            br#"","event_type":""#,
            event.event_type.as_bytes(),
            br#"","event_id":""#,
            event.event_id.as_bytes(),
            br#"","store":"#,
            event.store.as_bytes(),
            br#","payload":"#,
            &event.payload,
            b"}",
        ] {
            body.extend_from_slice(part);
        }
        body.into()
    }

    fn headers(&self, event: &Event, endpoint: &Endpoint, secrets: &Secrets) -> Vec<Header> {
        vec![
            Header::secret("x-flexype-authorization", secrets.secret.expose()),
            Header::open("x-webhook-version", &*endpoint.version),
            Header::open("x-event-id", &*event.event_id),
        ]
    }

    fn acknowledges(&self, status: u16) -> bool {
        status == 200
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

#[cfg(test)]
mod tests {
    use super::super::Dialect;
    use super::super::samples::{destination, event};
    use super::*;

    #[test]
    fn contract_011_the_body_has_exactly_five_keys_in_order() {
        let endpoint = destination(Dialect::Flexype).endpoint;
        let payload = r#"{"price": 1.10,"id":12345678901234567890}"#;
        let body = Flexype.body(&event("ABANDONED_SESSION", payload), &endpoint);
        assert_eq!(
            std::str::from_utf8(&body).unwrap(),
            r#"{"event_time":"2026-05-07T10:00:00Z","event_type":"ABANDONED_SESSION","event_id":"evt_456789123","store":{"id":"s","name":"My Store","shopify_domain":null,"main_domain":null},"payload":{"price": 1.10,"id":12345678901234567890}}"#
        );
    }

    #[test]
    fn contract_017_only_200_acknowledges() {
        let accepted: Vec<u16> = (100..600).filter(|s| Flexype.acknowledges(*s)).collect();
        assert_eq!(accepted, [200]);
    }
}
