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

#[cfg(test)]
mod tests {
    use super::super::samples::{destination, event};
    use super::super::{Dialect, render, render_batch};
    use super::*;
    use crate::clock::Micros;
    use crate::signing::signature_header;

    const UPDATED: &str = r#"{"old":{"birthday":null}, "total":"35.00","event":"contact_updated"}"#;
    const SMS: &str = r#"{"message":"שלום","event":"incoming_sms"}"#;

    #[test]
    fn contract_099_the_body_is_an_array_of_the_payload_as_it_is() {
        let endpoint = destination(Dialect::Flashy).endpoint;
        let body = Flashy.body(&event("contact_updated", UPDATED), &endpoint);
        assert_eq!(body, format!("[{UPDATED}]"));
    }

    #[test]
    fn contract_099_a_batch_is_one_array_in_order() {
        let (one, other) = (
            event("incoming_sms", SMS),
            event("contact_updated", UPDATED),
        );
        let body = Flashy.batch_body(&[&one, &other, &one]).unwrap();
        assert_eq!(body, format!("[{SMS},{UPDATED},{SMS}]"));
    }

    #[test]
    fn contract_099_a_batch_is_signed_under_its_own_id() {
        let to = destination(Dialect::Flashy);
        let events = [
            event("incoming_sms", SMS),
            event("contact_updated", UPDATED),
        ];
        let now = Micros(1_778_148_000_500_000);
        let batch: Vec<_> = events.iter().collect();
        let sent = render_batch(&batch, "bat_1", &to, now).unwrap();
        let header = |name: &str| {
            let found = sent.headers.iter().find(|header| header.name == name);
            found.map(|header| header.value.as_str())
        };
        let keys = to.secrets.signing_keys(now);
        let signature = signature_header(keys, "bat_1", 1_778_148_000, &sent.body);
        assert_eq!(header("webhook-id"), Some("bat_1"));
        assert_eq!(header("webhook-signature"), Some(signature.as_str()));
        let alone = render(&events[0], &to, now);
        let names = |headers: &[Header]| headers.iter().map(|h| h.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&sent.headers), names(&alone.headers));
    }

    #[test]
    fn contract_125_only_2xx_acknowledges() {
        let accepted: Vec<u16> = (100..600).filter(|s| Flashy.acknowledges(*s)).collect();
        assert_eq!(accepted, (200..300).collect::<Vec<_>>());
    }
}
