//! Flashy's event types. Source: Flashy, "Webhooks"; contract 99 to 126.
//!
//! A payload is one object; the array around it is added when it is sent. Types that differ between fields of
//! one meaning (`value`, `order_id`, `step_id`) are as the samples have them.

use super::BuiltIn;

/// In order of name.
pub(super) const ENTRIES: [BuiltIn; 13] = [
    BuiltIn {
        name: "add_to_cart",
        description: "A shopper put products in the cart.",
        fires_when: "At once, each time the shopper adds to the cart.",
        schema: include_str!("schemas/flashy/add_to_cart.json"),
        example: include_str!("examples/flashy/add_to_cart.json"),
    },
    BuiltIn {
        name: "automation_completed",
        description: "A contact reached the end of an automation.",
        fires_when: "At once, after the automation's last step.",
        schema: include_str!("schemas/flashy/automation_completed.json"),
        example: include_str!("examples/flashy/automation_completed.json"),
    },
    BuiltIn {
        name: "contact_created",
        description: "A contact was added to the account.",
        fires_when: "At once, one time for each contact.",
        schema: include_str!("schemas/flashy/contact_created.json"),
        example: include_str!("examples/flashy/contact_created.json"),
    },
    BuiltIn {
        name: "contact_subscribed",
        description: "A contact joined a list.",
        fires_when: "At once, when the contact subscribes.",
        schema: include_str!("schemas/flashy/contact_subscribed.json"),
        example: include_str!("examples/flashy/contact_subscribed.json"),
    },
    BuiltIn {
        name: "contact_unsubscribed",
        description: "A contact left a list.",
        fires_when: "At once, when the contact unsubscribes.",
        schema: include_str!("schemas/flashy/contact_unsubscribed.json"),
        example: include_str!("examples/flashy/contact_unsubscribed.json"),
    },
    BuiltIn {
        name: "contact_updated",
        description: "A contact's details changed; the changed fields are told as they were and as they are.",
        fires_when: "At once, when a field changes.",
        schema: include_str!("schemas/flashy/contact_updated.json"),
        example: include_str!("examples/flashy/contact_updated.json"),
    },
    BuiltIn {
        name: "email_automation_clicked",
        description: "A contact clicked a link in an automation's e-mail.",
        fires_when: "At once, on the click.",
        schema: include_str!("schemas/flashy/email_automation_clicked.json"),
        example: include_str!("examples/flashy/email_automation_clicked.json"),
    },
    BuiltIn {
        name: "email_automation_delivered",
        description: "An automation's e-mail was delivered.",
        fires_when: "At once, when the contact's mail server has taken it.",
        schema: include_str!("schemas/flashy/email_automation_delivered.json"),
        example: include_str!("examples/flashy/email_automation_delivered.json"),
    },
    BuiltIn {
        name: "email_automation_opened",
        description: "A contact opened an automation's e-mail.",
        fires_when: "At once, when it is opened.",
        schema: include_str!("schemas/flashy/email_automation_opened.json"),
        example: include_str!("examples/flashy/email_automation_opened.json"),
    },
    BuiltIn {
        name: "email_campaign_bounced",
        description: "A campaign's e-mail could not be delivered.",
        fires_when: "At once, when the e-mail comes back.",
        schema: include_str!("schemas/flashy/email_campaign_bounced.json"),
        example: include_str!("examples/flashy/email_campaign_bounced.json"),
    },
    BuiltIn {
        name: "incoming_sms",
        description: "A text message came in.",
        fires_when: "At once, when the message is received.",
        schema: include_str!("schemas/flashy/incoming_sms.json"),
        example: include_str!("examples/flashy/incoming_sms.json"),
    },
    BuiltIn {
        name: "page_view",
        description: "A shopper viewed a page of the store.",
        fires_when: "At once, on each page view, whether the shopper is known or not.",
        schema: include_str!("schemas/flashy/page_view.json"),
        example: include_str!("examples/flashy/page_view.json"),
    },
    BuiltIn {
        name: "purchase",
        description: "A contact bought something.",
        fires_when: "At once, when the order is placed.",
        schema: include_str!("schemas/flashy/purchase.json"),
        example: include_str!("examples/flashy/purchase.json"),
    },
];
