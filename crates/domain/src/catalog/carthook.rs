//! CartHook's topics. Source: CartHook, "API Push Calls"; contract 127 to 155.
//!
//! `id`, `webhook_id` and `merchant_id` are in every body that is sent; Hookyard fills them in, so the schemas do
//! not ask for them.

use super::BuiltIn;

/// In order of name.
pub(super) const ENTRIES: [BuiltIn; 4] = [
    BuiltIn {
        name: "app/uninstalled",
        description: "A merchant uninstalled the app from the store.",
        fires_when: "At once, after everything else the app is sent.",
        schema: include_str!("schemas/carthook/app_uninstalled.json"),
        example: include_str!("examples/carthook/app_uninstalled.json"),
    },
    BuiltIn {
        name: "checkouts/completed",
        description: "A checkout was closed and became an order.",
        fires_when: "When the shopper reaches the thank-you page, or after 10 minutes (the default) without activity on an upsell page; once for each checkout.",
        schema: include_str!("schemas/carthook/checkouts_completed.json"),
        example: include_str!("examples/carthook/checkouts_completed.json"),
    },
    BuiltIn {
        name: "checkouts/created",
        description: "A shopper started a checkout.",
        fires_when: "At once, when the first product is put in the cart on a landing or checkout page; once for each checkout.",
        schema: include_str!("schemas/carthook/checkouts_created.json"),
        example: include_str!("examples/carthook/checkouts_created.json"),
    },
    BuiltIn {
        name: "checkouts/updated",
        description: "A checkout changed: it is told as it is now.",
        fires_when: "At once, when the shopper enters an e-mail address, enters a phone number and consents to text messages, or accepts or rejects an upsell and comes to the next page.",
        schema: include_str!("schemas/carthook/checkouts_updated.json"),
        example: include_str!("examples/carthook/checkouts_updated.json"),
    },
];
