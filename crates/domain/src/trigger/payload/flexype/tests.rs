use super::super::samples::{MAY_7, activity, assert_suits, checkout, compact, jane, text, value};
use super::*;
use crate::trigger::activity::ClientMeta;
use crate::trigger::checkout::Step;
use serde_json::json;

macro_rules! sample {
    ($name:literal) => {
        compact(include_str!(concat!(
            "../../../../../testkit/fixtures/payloads/flexype/",
            $name,
            ".json"
        )))
    };
}

macro_rules! suits {
    ($name:literal, $payload:expr) => {
        assert_suits(
            include_str!(concat!("../../../catalog/schemas/flexype/", $name, ".json")),
            $payload,
        );
    };
}

const PRODUCT: &str = r#"{"url":"https://my-store.com/products/cool-t-shirt","product_id":"9945414435106","variant_id":50597437931810,"title":"Cool T-Shirt","handle":"cool-t-shirt","image":"https://cdn.shopify.com/products/item.jpg"}"#;
const CART: &str = r#"{"items":[{"product_id":9945414435106,"variant_id":"50597437931810","quantity":1,"price":"189","title":"Cool T-Shirt","handle":"cool-t-shirt","image":"https://cdn.shopify.com/products/item.jpg"}]}"#;

fn with_client(
    mut of: Activity,
    ip: Option<&str>,
    referer: Option<&str>,
    agent: Option<&str>,
) -> Activity {
    let text = |text: Option<&str>| text.map(str::to_owned);
    of.client = Some(ClientMeta {
        ip: text(ip),
        referer: text(referer),
        user_agent: text(agent),
    });
    of
}

#[test]
fn contract_060_061_062_063_064_065_066_067_070_072_the_printed_abandoned_session_comes_out() {
    let history = [
        with_client(
            activity("cart_updated", MAY_7 - 60, CART),
            Some("9.9.9.9"),
            Some("https://google.com"),
            None,
        ),
        with_client(
            activity("product_viewed", MAY_7, PRODUCT),
            Some("1.1.1.1"),
            None,
            Some("Mozilla/5.0..."),
        ),
    ];
    let payload = abandoned_session(&jane(), &history);
    assert_eq!(text(&payload), sample!("abandoned_session"));
    suits!("abandoned_session", &payload);
}

#[test]
fn contract_052_the_views_are_those_of_the_samples() {
    let payload = product_viewed(&jane(), &activity("product_viewed", MAY_7, PRODUCT));
    assert_eq!(text(&payload), sample!("product_viewed"));
    let summer = r#"{"url":"https://my-store.com/collections/summer-shirts","collection_id":497520148770,"name":"Summer Shirts","handle":"summer-shirts","image":"https://cdn.shopify.com/collections/summer.jpg"}"#;
    let viewed = activity("collection_viewed", MAY_7 - 60, summer);
    let payload = collection_viewed(&jane(), &viewed);
    assert_eq!(text(&payload), sample!("collection_viewed"));
}

#[test]
fn contract_052_a_customer_is_named_by_shopifys_global_id() {
    for (data, id) in [
        (
            r#"{"customer_id":8867391537442}"#,
            "gid://shopify/Customer/8867391537442",
        ),
        (
            r#"{"customer_id":"8867391537442"}"#,
            "gid://shopify/Customer/8867391537442",
        ),
        (
            r#"{"customer_id":"gid://shopify/Customer/1"}"#,
            "gid://shopify/Customer/1",
        ),
        (r#"{"customer_id":"cus_42"}"#, "cus_42"),
    ] {
        let payload = new_customer(&jane(), &activity("customer_created", MAY_7, data));
        assert_eq!(value(&payload)["shopify_customer_id"], id);
        suits!("new_customer", &payload);
    }
    let data = r#"{"customer_id":8867391537442}"#;
    let payload = new_customer(&jane(), &activity("customer_created", MAY_7, data));
    assert_eq!(text(&payload), sample!("new_customer"));
}

#[test]
fn contract_041_042_043_what_is_unknown_of_a_user_is_null() {
    let mut shopper = jane();
    shopper.email = None;
    shopper.last_name = None;
    let known = value(&abandoned_session(&shopper, &[]));
    assert_eq!(known["user"]["full_name"], "Jane");
    assert_eq!(known["user"]["phone_with_dial_code"], "+919876543210");
    shopper.first_name = None;
    shopper.dial_code = None;
    let known = abandoned_session(&shopper, &[]);
    assert_eq!(
        value(&known)["user"].to_string(),
        r#"{"email":null,"full_name":null,"first_name":null,"last_name":null,"dial_code":null,"phone":"9876543210","phone_with_dial_code":null}"#
    );
    shopper.phone = None;
    shopper.dial_code = Some("91".to_owned());
    let known = abandoned_session(&shopper, &[]);
    assert_eq!(value(&known)["user"]["phone_with_dial_code"], json!(null));
    suits!("abandoned_session", &known);
}

#[test]
fn contract_060_066_067_a_session_of_which_nothing_is_known_has_all_keys() {
    let payload = abandoned_session(&jane(), &[activity("identified", MAY_7, "{}")]);
    let (_, rest) = text(&payload)
        .split_once(r#""cart":"#)
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    assert_eq!(
        rest,
        r#"[],"client_meta":{"client_ip":null,"http_referer":null,"user_agent":null},"metadata":null,"page_viewed":[],"products_viewed":[],"collection_viewed":[],"last_page_visited":null}"#
    );
}

#[test]
fn contract_061_071_ids_and_prices_keep_every_digit() {
    let items = r#"{"items":[{"product_id":"18446744073709551615","variant_id":"sku-1","quantity":3,"price":"10.50"},{"product_id":9007199254740993,"price":0.30}]}"#;
    let payload = text(&abandoned_session(
        &jane(),
        &[activity("cart_updated", MAY_7, items)],
    ));
    assert!(payload.contains(r#"{"product_id":18446744073709551615,"variant_id":"sku-1","quantity":3,"price":10.50,"title":null,"handle":null,"image":null}"#), "{payload}");
    assert!(
        payload.contains(
            r#"{"product_id":9007199254740993,"variant_id":null,"quantity":null,"price":0.30,"#
        ),
        "{payload}"
    );
}

#[test]
fn contract_061_063_the_newest_cart_and_metadata_count() {
    let payload = abandoned_session(
        &jane(),
        &[
            activity("cart_updated", 1, CART),
            activity("page_viewed", 2, r#"{"metadata":{"b": [1.50]}}"#),
            activity("cart_updated", 3, r#"{"items":[],"metadata":null}"#),
            activity("cart_updated", 4, r#"{"added":[{"product_id":1}]}"#),
        ],
    );
    let payload = text(&payload);
    assert!(payload.contains(r#""cart":[]"#), "{payload}");
    assert!(payload.contains(r#""metadata":{"b": [1.50]}"#), "{payload}");
}

#[test]
fn contract_064_067_068_pages_are_in_visit_order_and_no_view_is_listed_twice() {
    let at = |kind: &str, micros: i64, url: &str| {
        let data = format!(r#"{{"url":"{url}","product_id":1,"collection_id":1}}"#);
        let mut viewed = activity(kind, 0, &data);
        viewed.at = Micros(micros);
        viewed
    };
    let history = [
        at("page_viewed", 0, "/"),
        at("page_viewed", 0, "/"),
        at("product_viewed", 5_000_000, "/p"),
        at("page_viewed", 5_300_000, "/p"),
        at("page_viewed", 5_400_000, "/p"),
        at("page_viewed", 7_900_000, "/c"),
        at("collection_viewed", 8_800_000, "/c"),
        at("product_viewed", 9_800_000, "/c"),
        activity("product_viewed", 11, r#"{"product_id":2}"#),
    ];
    let payload = value(&abandoned_session(&jane(), &history));
    let pages: Vec<_> = payload["page_viewed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|page| {
            (
                page["url"].as_str().unwrap(),
                page["timestamp"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        pages,
        [
            ("/", "1970-01-01T00:00:00Z"),
            ("/", "1970-01-01T00:00:00Z"),
            ("/p", "1970-01-01T00:00:05Z"),
            ("/p", "1970-01-01T00:00:05Z"),
            ("/c", "1970-01-01T00:00:07Z"),
            ("/c", "1970-01-01T00:00:09Z"),
        ]
    );
    assert_eq!(payload["last_page_visited"], payload["page_viewed"][5]);
    let products: Vec<_> = payload["products_viewed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|product| product["product_id"].as_i64().unwrap())
        .collect();
    assert_eq!(products, [1, 1, 2]);
    assert_eq!(payload["collection_viewed"].as_array().unwrap().len(), 1);
}

#[test]
fn contract_082_095_an_abandoned_checkout_is_the_sample() {
    const ID: &str = "b3a1f0de-4c55-4a0e-9f0b-6f2f5b0c7d11";
    let own = |mut of: Activity| {
        of.visitor.checkout_id = Some(ID.to_owned());
        of
    };
    let address = r#"{"first_name":"Jane","last_name":"Doe","address1":"12 Residency Road","address2":null,"city":"Bengaluru","province":"Karnataka","zip":"560025","country":"India","phone":"9876543210"}"#;
    let history = [
        with_client(
            activity("cart_updated", 1, CART),
            Some("1.1.1.1"),
            Some("https://google.com"),
            Some("Mozilla/5.0..."),
        ),
        own(activity(
            "checkout_opened",
            2,
            &format!(
                r#"{{"checkout_url":"https://my-store.com/checkouts/{ID}","total":"200","discount":0,"address":null}}"#
            ),
        )),
        own(activity(
            "checkout_step",
            3,
            &format!(r#"{{"state":"ADDRESS_LOADED","total":189,"address":{address}}}"#),
        )),
        activity(
            "checkout_opened",
            4,
            r#"{"checkout_url":"https://other/","total":7,"items":[]}"#,
        ),
    ];
    let payload = abandoned_checkout(&jane(), &checkout(ID, Step::AddressLoaded), &history);
    assert_eq!(text(&payload), sample!("abandoned_checkout"));
    suits!("abandoned_checkout", &payload);
}

#[test]
fn contract_095_a_checkout_of_which_nothing_is_known_has_all_keys() {
    let payload = abandoned_checkout(&jane(), &checkout("c1", Step::Initiated), &[]);
    assert!(text(&payload).ends_with(
        r#","session_id":"c1","session_state":"INITIATED","checkout_url":null,"discount":null,"total_payable":null,"address":null}"#
    ));
    suits!("abandoned_checkout", &payload);
}

#[test]
fn contract_095_items_of_the_checkout_replace_the_cart_if_they_are_newer() {
    let items = |kind: &str, at, product: u8| {
        let data = format!(r#"{{"items":[{{"product_id":{product}}}]}}"#);
        activity(kind, at, &data)
    };
    for (history, newest) in [
        (
            [items("cart_updated", 1, 1), items("checkout_opened", 2, 2)],
            2,
        ),
        (
            [items("checkout_step", 1, 1), items("cart_updated", 2, 2)],
            2,
        ),
    ] {
        let payload = abandoned_checkout(&jane(), &checkout("c1", Step::Initiated), &history);
        assert_eq!(value(&payload)["cart"][0]["product_id"], newest);
    }
}
