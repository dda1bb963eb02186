//! What sessions and checkouts show alike: who it was, and what happened when and why.

use std::collections::HashMap;

use domain::clock::Micros;
use domain::delivery::Status;
use domain::id::{ActivityId, CheckoutId, DeliveryId, EndpointId, EventId, SessionId, ShopperId};
use domain::trigger::activity::{Activity, ActivityKind, Note};
use domain::trigger::shopper::Shopper;
use domain::trigger::timeline::{Entry, EntryKind, Told};
use poem_openapi::Object;
use serde::Serialize;
use storage::sessions::SubjectFilter;
use storage::timelines::FiredEvent;

use crate::raw_json::RawJson;
use crate::text::Text;

/// A shopper that a store knows.
#[derive(Serialize, Object)]
#[oai(rename = "Shopper")]
pub(super) struct ShopperOut {
    /// Our id.
    id: Text<ShopperId>,
    /// The contact's id in Flashy's payloads: 32 hex digits.
    contact_id: String,
    /// Email address.
    email: Option<String>,
    /// Phone number without its dial code.
    phone: Option<String>,
    /// Dial code of the country, without `+`.
    dial_code: Option<String>,
    /// First name.
    first_name: Option<String>,
    /// Last name.
    last_name: Option<String>,
}

/// A session that something else points at.
#[derive(Serialize, Object)]
#[oai(rename = "SessionLink")]
pub(super) struct SessionLinkOut {
    /// Our id.
    pub(super) id: Text<SessionId>,
    /// The platform's own id.
    pub(super) session_id: Option<String>,
}

/// A checkout that something else points at.
#[derive(Serialize, Object)]
#[oai(rename = "CheckoutLink")]
pub(super) struct CheckoutLinkOut {
    /// Our id.
    pub(super) id: Text<CheckoutId>,
    /// The platform's own id.
    pub(super) checkout_id: Option<String>,
}

/// One line of a timeline.
#[derive(Serialize, Object)]
#[oai(rename = "TimelineEntry")]
pub(super) struct EntryOut {
    /// When it happened; of a timer that still runs, when it is due.
    at: Text<Micros>,
    /// What it tells of.
    kind: Text<EntryKind>,
    /// The activity's or event's type, the state, the timer.
    r#type: String,
    /// What happened, and why an event fired or did not. Times of day are UTC.
    text: String,
    /// The activity, where it tells of one.
    activity: Option<ActivityOut>,
    /// The event, where it tells of one.
    event: Option<EventOut>,
}

/// An activity as it was recorded.
#[derive(Clone, Serialize, Object)]
#[oai(rename = "TimelineActivity")]
struct ActivityOut {
    /// Our id.
    id: Text<ActivityId>,
    /// The platform's own id.
    client_id: Option<String>,
    /// What was done.
    r#type: Text<ActivityKind>,
    /// When.
    occurred_at: Text<Micros>,
    /// What came with it, byte for byte.
    data: RawJson,
}

/// An event that fired.
#[derive(Serialize, Object)]
#[oai(rename = "TimelineEvent")]
struct EventOut {
    /// Our id.
    id: Text<EventId>,
    /// Its id on the wire.
    event_id: String,
    /// Its type.
    event_type: String,
    /// When it happened.
    occurred_at: Text<Micros>,
    /// Its deliveries.
    deliveries: Vec<DeliveryOut>,
}

/// A delivery of an event that fired.
#[derive(Serialize, Object)]
#[oai(rename = "TimelineDelivery")]
struct DeliveryOut {
    /// The delivery.
    id: Text<DeliveryId>,
    /// Where it goes.
    endpoint_id: Text<EndpointId>,
    /// Where it stands.
    status: Text<Status>,
}

impl From<Shopper> for ShopperOut {
    fn from(shopper: Shopper) -> Self {
        Self {
            id: Text(shopper.id),
            contact_id: shopper.contact_id,
            email: shopper.email,
            phone: shopper.phone,
            dial_code: shopper.dial_code,
            first_name: shopper.first_name,
            last_name: shopper.last_name,
        }
    }
}

impl From<&Activity> for ActivityOut {
    fn from(activity: &Activity) -> Self {
        Self {
            id: Text(activity.id),
            client_id: activity.client_id.clone(),
            r#type: Text(activity.kind),
            occurred_at: Text(activity.at),
            data: RawJson::new(&String::from_utf8_lossy(&activity.data)),
        }
    }
}

impl From<FiredEvent> for EventOut {
    fn from(fired: FiredEvent) -> Self {
        let deliveries = fired.deliveries.into_iter().map(|delivery| DeliveryOut {
            id: Text(delivery.id),
            endpoint_id: Text(delivery.endpoint_id),
            status: Text(delivery.status),
        });
        Self {
            id: Text(fired.event.id),
            event_id: fired.event.event_id.as_ref().to_owned(),
            event_type: fired.event.event_type.as_ref().to_owned(),
            occurred_at: Text(fired.event.occurred_at),
            deliveries: deliveries.collect(),
        }
    }
}

/// The filters of both lists.
pub(super) fn filter<S>(
    states: Vec<Text<S>>,
    session_id: Option<String>,
    checkout_id: Option<String>,
    email: Option<String>,
    phone: Option<String>,
) -> SubjectFilter<S> {
    SubjectFilter {
        states: states.into_iter().map(|state| state.0).collect(),
        session_id,
        checkout_id,
        email,
        phone,
    }
}

/// What fired, as timelines are made of it.
pub(super) fn told(fired: &[FiredEvent]) -> Vec<Told<'_>> {
    let told = fired.iter().map(|fired| Told {
        event_type: &fired.event.event_type,
        at: fired.event.occurred_at,
        activity: fired.activity,
        endpoints: fired.deliveries.len(),
    });
    told.collect()
}

/// The lines of a timeline with what they tell of.
pub(super) fn shown(
    entries: Vec<Entry>,
    recorded: &[(Activity, Note)],
    fired: Vec<FiredEvent>,
) -> Vec<EntryOut> {
    let mut events: HashMap<usize, EventOut> =
        fired.into_iter().map(EventOut::from).enumerate().collect();
    let show = |entry: Entry| {
        let activity = entry.activity.and_then(|place| recorded.get(place));
        EntryOut {
            at: Text(entry.at),
            kind: Text(entry.kind),
            r#type: entry.name,
            text: entry.text,
            activity: activity.map(|(activity, _)| ActivityOut::from(activity)),
            event: entry.event.and_then(|place| events.remove(&place)),
        }
    };
    entries.into_iter().map(show).collect()
}
