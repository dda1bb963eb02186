//! FlexyPe's event types. Source: FlexyPe, "Abandoned Session" and "When each event fires"; contract 15, 41 to 72 and 95.
//!
//! The schemas ask for every key that the samples have; what may be unknown may be null.

use super::BuiltIn;

/// In order of name.
pub(super) const ENTRIES: [BuiltIn; 5] = [
    BuiltIn {
        name: "ABANDONED_CHECKOUT",
        description: "Abandoned Checkout Recovery (ACR): a shopper opened checkout and did not complete the order.",
        fires_when: "15 minutes (the default) after the checkout was opened, if the order is not completed by then; once for each checkout.",
        schema: include_str!("schemas/flexype/abandoned_checkout.json"),
        example: include_str!("examples/flexype/abandoned_checkout.json"),
    },
    BuiltIn {
        name: "ABANDONED_SESSION",
        description: "Abandoned Session Recovery (ASR): a shopper browsed and left without opening checkout.",
        fires_when: "15 minutes (the default) after the shopper's last activity, if the shopper is known and opened no checkout; once for each visit.",
        schema: include_str!("schemas/flexype/abandoned_session.json"),
        example: include_str!("examples/flexype/abandoned_session.json"),
    },
    BuiltIn {
        name: "COLLECTION_VIEWED",
        description: "A shopper viewed a collection page.",
        fires_when: "At once, each time a known shopper views a collection page.",
        schema: include_str!("schemas/flexype/collection_viewed.json"),
        example: include_str!("examples/flexype/collection_viewed.json"),
    },
    BuiltIn {
        name: "NEW_CUSTOMER",
        description: "A first-time shopper logged in and a store account was created.",
        fires_when: "At once, one time for each customer of the store.",
        schema: include_str!("schemas/flexype/new_customer.json"),
        example: include_str!("examples/flexype/new_customer.json"),
    },
    BuiltIn {
        name: "PRODUCT_VIEWED",
        description: "A shopper viewed a product page.",
        fires_when: "At once, each time a known shopper views a product page.",
        schema: include_str!("schemas/flexype/product_viewed.json"),
        example: include_str!("examples/flexype/product_viewed.json"),
    },
];
