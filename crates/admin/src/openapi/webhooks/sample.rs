//! A request as the examples show it: an event of a type of the catalogue, with its example, on its way to an
//! endpoint of its dialect.

use bytes::Bytes;
use domain::catalog::EventType;
use domain::clock::Micros;
use domain::dialect::{Dialect, Outgoing, render, wire_id};
use domain::endpoint::{Destination, Endpoint, Owner};
use domain::event::Event;
use domain::id::{EndpointId, EventId, MerchantId};
use domain::merchant::Store;
use domain::secret::{Secret, Secrets};
use uuid::Uuid;

/// 01h455vb4pex5vsknk084sn02q as ids end.
const ID: Uuid = Uuid::from_u128(0x0189_0a5d_ac96_774b_bcce_b302_099a_8057);
/// 2026-05-07T10:00:00Z.
const TIME: Micros = Micros(1_778_148_000_000_000);
/// The secrets of the endpoint that the examples go to.
const SECRET: &str = "a secret of our own";
const SIGNING: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// The request for this event type.
pub(super) fn sent(entry: &EventType) -> Outgoing {
    render(&event(entry), &destination(entry.dialect), TIME)
}

/// The catalogue's example as an event.
fn event(entry: &EventType) -> Event {
    let id = EventId::from_uuid(ID);
    Event {
        id,
        merchant_id: MerchantId::from_uuid(ID),
        event_id: wire_id(entry.dialect, id).into(),
        event_type: entry.name.as_str().into(),
        payload: Bytes::copy_from_slice(entry.example.as_bytes()),
        store: Store::sample().envelope_json().into(),
        occurred_at: TIME,
        created_at: TIME,
        is_test: false,
    }
}

/// Where the examples go.
fn destination(dialect: Dialect) -> Destination {
    let version = dialect.format().versions().first().copied();
    let endpoint = Endpoint {
        id: EndpointId::from_uuid(ID),
        owner: Owner::Merchant(MerchantId::from_uuid(ID)),
        url: "https://hooks.example.com/".to_owned(),
        dialect,
        description: String::new(),
        version: version.unwrap_or_default().to_owned(),
        headers: Vec::new(),
        rate_limit: None,
        timeout: None,
        schedule: None,
        batch: None,
        signed: true,
        disabled: None,
        event_types: Vec::new(),
        failing_since: None,
        created_at: TIME,
        updated_at: TIME,
    };
    let secrets = Secrets {
        secret: Secret::new(SECRET.to_owned()),
        signing: Secret::new(SIGNING.to_owned()),
        previous: None,
    };
    Destination { endpoint, secrets }
}
