//! An event and a destination for the tests of the formats.

use bytes::Bytes;
use uuid::Uuid;

use super::Dialect;
use crate::clock::Micros;
use crate::endpoint::{Destination, Endpoint, Owner};
use crate::event::Event;
use crate::id::{EndpointId, EventId, MerchantId};
use crate::secret::{Secret, Secrets};

/// An event of this type with this payload; its wire id is `evt_456789123`.
pub(super) fn event(event_type: &str, payload: &'static str) -> Event {
    Event {
        id: EventId::from_uuid(Uuid::nil()),
        merchant_id: MerchantId::from_uuid(Uuid::from_u128(1)),
        event_id: "evt_456789123".into(),
        event_type: event_type.into(),
        payload: Bytes::from_static(payload.as_bytes()),
        store: r#"{"id":"s","name":"My Store","shopify_domain":null,"main_domain":null}"#.into(),
        occurred_at: Micros(1_778_148_000_500_000),
        created_at: Micros(0),
        is_test: false,
    }
}

/// An endpoint that speaks this dialect, with its secrets.
pub(super) fn destination(dialect: Dialect) -> Destination {
    let endpoint = Endpoint {
        id: EndpointId::from_uuid(Uuid::from_u128(2)),
        owner: Owner::Merchant(MerchantId::from_uuid(Uuid::from_u128(1))),
        url: "https://shop.example/hooks".to_owned(),
        dialect,
        description: String::new(),
        version: dialect.format().versions()[0].to_owned(),
        headers: Vec::new(),
        rate_limit: None,
        timeout: None,
        schedule: None,
        batch: None,
        signed: true,
        disabled: None,
        event_types: Vec::new(),
        failing_since: None,
        created_at: Micros(0),
        updated_at: Micros(0),
    };
    let signing = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned();
    let secrets = Secrets {
        secret: Secret::new("a secret of my own".to_owned()),
        signing: Secret::new(signing),
        previous: None,
    };
    Destination { endpoint, secrets }
}
