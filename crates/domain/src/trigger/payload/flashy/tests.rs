use uuid::Uuid;

use super::super::samples::{activity, assert_suits, compact, jane, second, text, value};
use super::*;
use crate::id::MerchantId;
use crate::trigger::Key;

macro_rules! sample {
    ($name:literal) => {
        compact(include_str!(concat!(
            "../../../../../testkit/fixtures/payloads/flashy/",
            $name,
            ".json"
        )))
    };
}

macro_rules! suits {
    ($name:literal, $payload:expr) => {
        assert_suits(
            include_str!(concat!("../../../catalog/schemas/flashy/", $name, ".json")),
            $payload,
        );
    };
}

/// The first 30 digits of the SHA-256 of `d1`.
const D1: &str = "8b53639f152c8fc6ef30802fde462b";

fn visitor() -> Visitor {
    Visitor {
        merchant_id: MerchantId::from_uuid(Uuid::nil()),
        device: Key::device("d1"),
        shopper_id: None,
        session_id: None,
        sessions: 4,
        first_seen: second(1_674_573_460),
        known_since: None,
    }
}

fn contact(id: &str) -> Shopper {
    Shopper {
        contact_id: id.to_owned(),
        ..jane()
    }
}

#[test]
fn contract_101_103_105_106_107_a_page_view_is_the_printed_one() {
    let data = r#"{"url":"https://example.com/?email=name@email.com","title":"woocommerce – Just another WordPress site","timezone":"Asia/Jerusalem"}"#;
    let viewed = activity("page_viewed", 1_674_573_859, data);
    let shopper = contact("ab734a688a56c24863e5d8313b80892b");
    let payload = page_view(246, &visitor(), Some(&shopper), &viewed);
    let printed = sample!("page_view").replace("3deb8de9123544d010b690a3a1a637", D1);
    assert_eq!(text(&payload), printed);
    suits!("page_view", &payload);
}

#[test]
fn contract_106_126_the_anonymous_have_no_contact_and_what_is_known_is_told() {
    let data = r#"{"referrer":"https://google.com","utm":{"source":"mail","term":null},"gclid":"g","cid":"c","flsid":"f"}"#;
    let payload = page_view(246, &visitor(), None, &activity("page_viewed", 1, data));
    let page = value(&payload);
    assert_eq!(
        page["utm"].to_string(),
        r#"{"campaign":null,"source":"mail","medium":null,"term":null,"content":null}"#
    );
    assert_eq!(page["referral"], "https://google.com");
    assert_eq!(
        [&page["gclid"], &page["cid"], &page["flsid"]],
        ["g", "c", "f"]
    );
    assert!(page["contact_id"].is_null());
    suits!("page_view", &payload);
    let payload = add_to_cart(
        246,
        None,
        None,
        &activity("cart_updated", 1, r#"{"added":65}"#),
    );
    assert!(value(&payload)["contact_id"].is_null());
    suits!("add_to_cart", &payload);
}

#[test]
fn contract_107_the_anonymous_id_is_the_account_and_30_digits_of_the_devices_hash() {
    let viewed = activity("page_viewed", 1, "{}");
    let payload = value(&page_view(5125, &visitor(), None, &viewed));
    assert_eq!(payload["anonymous_id"], format!("5125:{D1}"));
    let added = value(&add_to_cart(5125, None, None, &viewed));
    assert_eq!(added["anonymous_id"], payload["anonymous_id"]);
}

#[test]
fn contract_102_108_116_an_add_to_cart_is_the_printed_one() {
    let data = r#"{"items":[{"product_id":65,"quantity":1,"price":20.00}],"added":[{"product_id":65,"quantity":1,"price":"20.00"}]}"#;
    let added = activity("cart_updated", 1_674_654_971, data);
    let payload = add_to_cart(246, Some(&jane()), Some("USD"), &added);
    let printed = sample!("add_to_cart").replace("ba4bb952a996d670671a3b749e17be", D1);
    assert_eq!(text(&payload), printed);
    suits!("add_to_cart", &payload);
}

#[test]
fn contract_108_the_value_is_that_of_what_was_added() {
    let cart = r#""items":[{"product_id":1,"variant_id":10,"price":5},{"product_id":1,"variant_id":11,"price":"7.25"},{"product_id":2,"quantity":9,"price":0.10}]"#;
    for (added, value_of, ids) in [
        (
            r#"[{"product_id":1,"quantity":2,"price":3.35}]"#,
            "6.7",
            "[1]",
        ),
        (
            r#"[{"product_id":1,"variant_id":"11","quantity":2}]"#,
            "14.5",
            "[1]",
        ),
        (r#"{"product_id":"2","quantity":3}"#, "0.3", "[2]"),
        (r#"[1,"2"]"#, "5.1", "[1,2]"),
        (r#""sku-9""#, "0", r#"["sku-9"]"#),
        ("[]", "0", "[]"),
    ] {
        let data = format!(r#"{{{cart},"added":{added}}}"#);
        let payload = value(&add_to_cart(
            1,
            None,
            None,
            &activity("cart_updated", 1, &data),
        ));
        assert_eq!(payload["value"], value_of, "{added}");
        assert_eq!(payload["content_ids"].to_string(), ids, "{added}");
    }
}

#[test]
fn contract_102_112_a_contact_is_the_printed_one() {
    let shopper = contact("7a69527d87e6a3e708d1d4c12e3d45cc");
    let payload = contact_created(246, &shopper, second(1_674_656_958));
    assert_eq!(text(&payload), sample!("contact_created"));
    suits!("contact_created", &payload);
}

const ADDRESS: &str =
    r#""address":"בן גוריון 33","city":"באר שבע","postcode":"2352353","country":"IL""#;

fn order(rest: &str) -> Activity {
    let data = format!(
        r#"{{"checkout_url":"https://exmaple.com/checkout/order-pay/449/?pay_for_order=true&key=wc_order_uSj75cooEQGc6","status":"processing","currency":"USD","billing":{{{ADDRESS}}},"shipping":{{{ADDRESS},"method":"Flat rate","price":15}},{rest}}}"#
    );
    activity("order_completed", 1_674_657_507, &data)
}

#[test]
fn contract_113_114_115_116_117_123_a_purchase_is_the_printed_one() {
    let item = r#""product_id":65,"image_link":false,"title":"product","quantity":1"#;
    for order in [
        order(&format!(
            r#""order_id":"449","value":35,"total":"35.00","content_ids":[65],"delayed":true,"items":[{{{item},"total":"20"}}]"#
        )),
        order(&format!(
            r#""order_id":449,"value":"35","items":[{{{item},"total":20}}]"#
        )),
        order(&format!(
            r#""order_id":449,"items":[{{{item},"price":20}}]"#
        )),
    ] {
        let payload = purchase(246, &jane(), Some("ILS"), true, &order);
        assert_eq!(text(&payload), sample!("purchase"));
        suits!("purchase", &payload);
    }
}

#[test]
fn contract_116_the_order_id_in_the_context_is_a_number_only_if_it_is_one() {
    for (given, outside, inside) in [
        ("449", r#""449""#, "449"),
        (r#""A-449""#, r#""A-449""#, r#""A-449""#),
        (r#""0449""#, r#""0449""#, r#""0449""#),
        (
            r#""4214124124124124121241""#,
            r#""4214124124124124121241""#,
            r#""4214124124124124121241""#,
        ),
    ] {
        let order = order(&format!(r#""order_id":{given}"#));
        let payload = value(&purchase(246, &jane(), None, false, &order));
        assert_eq!(payload["order_id"].to_string(), outside);
        assert_eq!(payload["context"]["order_id"].to_string(), inside);
    }
}

#[test]
fn contract_113_an_order_of_which_little_is_known_has_all_keys() {
    let order = activity(
        "order_completed",
        7,
        r#"{"order_id":1,"items":[{},{"product_id":5,"image_link":"https://x/1.png","price":"2.505","quantity":2},{"product_id":5}]}"#,
    );
    let payload = purchase(246, &jane(), Some("USD"), false, &order);
    assert_eq!(
        text(&payload),
        r#"{"account_id":246,"contact_id":"c3b0b4e1eb2128776a06e7e5b9ae630e","order_id":"1","content_ids":[5],"value":5.01,"status":"completed","currency":"USD","context":{"checkout_url":null,"status":"completed","items":[{"image_link":false,"title":null,"quantity":1,"total":"0"},{"image_link":"https://x/1.png","title":null,"quantity":2,"total":"5.01"},{"image_link":false,"title":null,"quantity":1,"total":"0"}],"total":"5.01","order_id":1,"billing":null,"shipping":null},"delayed":false,"created_at":7,"event":"purchase"}"#
    );
    suits!("purchase", &payload);
}
