//! Event types: what may be published and subscribed to. Built-in ones live here; platforms add their own.

use crate::dialect::Dialect;

/// A catalogue entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventType {
    /// Its name on the wire.
    pub name: String,
    /// The dialect whose endpoints may subscribe to it; `standard` endpoints may subscribe to any.
    pub dialect: Dialect,
    /// What it means.
    pub description: String,
    /// When it fires.
    pub fires_when: String,
    /// JSON Schema of the payload, when there is one.
    pub schema: Option<String>,
    /// An example payload: what a test send sends.
    pub example: String,
    /// Whether it ships with the product.
    pub built_in: bool,
}

/// The example of a custom type that came without one.
pub const PLAIN_EXAMPLE: &str = "{}";

const USER: &str = r#""user":{"email":"jane@example.com","full_name":"Jane Doe","first_name":"Jane","last_name":"Doe","dial_code":"91","phone":"9876543210","phone_with_dial_code":"+919876543210"}"#;
const CART: &str = r#""cart":[{"product_id":9945414435106,"variant_id":50597437931810,"quantity":1,"price":189,"title":"Cool T-Shirt","handle":"cool-t-shirt","image":"https://cdn.shopify.com/products/item.jpg"}]"#;
const CLIENT: &str = r#""client_meta":{"client_ip":"1.1.1.1","http_referer":"https://google.com","user_agent":"Mozilla/5.0..."},"metadata":null"#;
const PRODUCT: &str = r#"{"product_id":9945414435106,"variant_id":50597437931810,"title":"Cool T-Shirt","handle":"cool-t-shirt","image":"https://cdn.shopify.com/products/item.jpg","timestamp":"2026-05-07T09:55:00Z"}"#;
const PAGE: &str =
    r#"{"url":"https://my-store.com/products/cool-t-shirt","timestamp":"2026-05-07T09:55:00Z"}"#;

/// The event types that ship with the product.
pub fn built_in() -> Vec<EventType> {
    let flexype = |name: &str, description: &str, fires_when: &str, example: String| EventType {
        name: name.to_owned(),
        dialect: Dialect::Flexype,
        description: description.to_owned(),
        fires_when: fires_when.to_owned(),
        schema: None,
        example,
        built_in: true,
    };
    vec![
        flexype(
            "ABANDONED_CHECKOUT",
            "Abandoned Checkout Recovery (ACR): a shopper opened checkout and did not complete the order.",
            "15 minutes after the checkout opened",
            format!(
                r#"{{{USER},{CART},{CLIENT},"session_id":"cs_456789123","session_state":"ADDRESS_LOADED","checkout_url":"https://my-store.com/checkout/cs_456789123","discount":0,"total_payable":189,"address":null}}"#
            ),
        ),
        flexype(
            "ABANDONED_SESSION",
            "Abandoned Session Recovery (ASR): a shopper browsed and left without opening checkout.",
            "15 minutes after the last activity",
            format!(
                r#"{{{USER},{CART},{CLIENT},"page_viewed":[{PAGE}],"products_viewed":[{PRODUCT}],"collection_viewed":[],"last_page_visited":{PAGE}}}"#
            ),
        ),
        flexype(
            "COLLECTION_VIEWED",
            "A shopper viewed a collection page.",
            "at once, while browsing",
            format!(
                r#"{{{USER},"collection_viewed":{{"collection_id":456789123,"name":"Summer","handle":"summer","image":"https://cdn.shopify.com/collections/summer.jpg","timestamp":"2026-05-07T09:55:00Z"}}}}"#
            ),
        ),
        flexype(
            "NEW_CUSTOMER",
            "A first-time shopper logged in and a store account was created.",
            "at once, one time for each customer",
            format!(r#"{{{USER},"shopify_customer_id":"gid://shopify/Customer/456789123"}}"#),
        ),
        flexype(
            "PRODUCT_VIEWED",
            "A shopper viewed a product page.",
            "at once, while browsing",
            format!(r#"{{{USER},"product_viewed":{PRODUCT}}}"#),
        ),
        EventType {
            name: "endpoint.disabled".to_owned(),
            dialect: Dialect::Standard,
            description: "Hookyard disabled one of the merchant's endpoints.".to_owned(),
            fires_when: "after days of nothing but failures, or at once on 410".to_owned(),
            schema: None,
            example: r#"{"endpoint_id":"ep_01h455vb4pex5vsknk084sn02q","url":"https://example.com/hook","reason":"failing","failing_since":"2026-05-07T10:00:00.000Z"}"#.to_owned(),
            built_in: true,
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contract_015_the_five_flexype_names_are_in_the_catalogue() {
        let flexype = |entry: &EventType| entry.dialect == Dialect::Flexype;
        let names: Vec<String> = built_in()
            .into_iter()
            .filter(flexype)
            .map(|entry| entry.name)
            .collect();
        assert_eq!(
            names,
            [
                "ABANDONED_CHECKOUT",
                "ABANDONED_SESSION",
                "COLLECTION_VIEWED",
                "NEW_CUSTOMER",
                "PRODUCT_VIEWED"
            ]
        );
    }

    #[test]
    fn every_example_is_valid_json() {
        for entry in built_in() {
            let value: serde_json::Value = serde_json::from_str(&entry.example).expect(&entry.name);
            let flexype = entry.dialect == Dialect::Flexype;
            assert_eq!(
                value["user"]["email"].is_string(),
                flexype,
                "{}",
                entry.name
            );
        }
    }
}
