//! What a shopper does, put together word by word.

use bytes::Bytes;
use domain::clock::Micros;
use domain::id::ActivityId;
use domain::trigger::activity::{Activity, ActivityKind, Identity, VisitorIds};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Scene;

/// Something a shopper does, as it is put together. The device is `phone` unless another is named.
pub(crate) struct Doing<'a> {
    scene: &'a mut Scene,
    at: Micros,
    visitor: VisitorIds,
    identity: Option<Identity>,
}

impl<'a> Doing<'a> {
    /// In this scene, at this time.
    pub(super) fn new(scene: &'a mut Scene, at: Micros) -> Self {
        Self {
            scene,
            at,
            visitor: VisitorIds {
                device_id: "phone".to_owned(),
                session_id: None,
                checkout_id: None,
            },
            identity: None,
        }
    }

    /// On this device.
    pub(crate) fn on(mut self, device: &str) -> Self {
        device.clone_into(&mut self.visitor.device_id);
        self
    }

    /// In the session of this name.
    pub(crate) fn session(mut self, name: &str) -> Self {
        self.visitor.session_id = Some(name.to_owned());
        self
    }

    /// In the checkout of this name.
    pub(crate) fn checkout(mut self, name: &str) -> Self {
        self.visitor.checkout_id = Some(name.to_owned());
        self
    }

    /// By the person with this email address.
    pub(crate) fn by(self, email: &str) -> Self {
        self.identified(Identity {
            email: Some(email.to_owned()),
            ..Identity::default()
        })
    }

    /// By this person.
    pub(crate) fn identified(mut self, identity: Identity) -> Self {
        self.identity = Some(identity);
        self
    }

    /// Does `kind`, with the least of data that it needs.
    pub(crate) fn does(self, kind: ActivityKind) -> ActivityId {
        let data = match kind {
            ActivityKind::PageViewed => json!({"url": "https://my-store.com/"}),
            ActivityKind::ProductViewed => json!({"product_id": 1}),
            ActivityKind::CollectionViewed => json!({"collection_id": 2}),
            ActivityKind::CustomerCreated => json!({"customer_id": 3}),
            ActivityKind::CheckoutStep => json!({"state": "ADDRESS_LOADED"}),
            ActivityKind::OrderCompleted => json!({"order_id": "449"}),
            ActivityKind::FunnelCheckoutCreated => json!({"funnel_id": "cfu_1"}),
            _ => json!({}),
        };
        self.does_with(kind, &data)
    }

    /// Does `kind` with these data.
    pub(crate) fn does_with(self, kind: ActivityKind, data: &Value) -> ActivityId {
        self.scene.activities += 1;
        let number = self.scene.activities;
        let id = ActivityId::from_uuid(Uuid::from_u128(number));
        let activity = Activity {
            id,
            client_id: None,
            kind,
            at: self.at,
            visitor: self.visitor,
            identity: self.identity,
            client: None,
            data: Bytes::from(data.to_string()),
            body: Bytes::new(),
        };
        self.scene.decide(|rules| rules.apply(activity));
        id
    }
}
