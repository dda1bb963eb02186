use jsonschema::Validator;
use serde_json::{Value, json};

use super::*;

fn entry(name: &str) -> EventType {
    let found = built_in().into_iter().find(|entry| entry.name == name);
    found.unwrap_or_else(|| panic!("no entry {name}"))
}

fn schema(entry: &EventType) -> Value {
    serde_json::from_str(entry.schema.as_deref().expect("a schema")).expect(&entry.name)
}

fn validator(entry: &EventType) -> Validator {
    jsonschema::options()
        .offline()
        .build(&schema(entry))
        .expect(&entry.name)
}

fn example(name: &str) -> Value {
    serde_json::from_str(&entry(name).example).expect(name)
}

/// Whether the example is valid once the value at the pointer is this one.
fn takes(name: &str, pointer: &str, value: Value) -> bool {
    let mut changed = example(name);
    *changed.pointer_mut(pointer).expect(pointer) = value;
    validator(&entry(name)).is_valid(&changed)
}

/// Whether the example is valid once the key at the pointer is taken away.
fn spares(name: &str, pointer: &str) -> bool {
    let mut changed = example(name);
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let parent = changed.pointer_mut(parent).expect(pointer).as_object_mut();
    parent.expect("an object").remove(key).expect(pointer);
    validator(&entry(name)).is_valid(&changed)
}

fn names(dialect: Dialect) -> Vec<String> {
    let all = built_in().into_iter();
    let of = all.filter(|entry| entry.dialect == dialect);
    of.map(|entry| entry.name).collect()
}

#[test]
fn every_example_is_valid_under_its_schema() {
    for entry in built_in() {
        let value: Value = serde_json::from_str(&entry.example).expect(&entry.name);
        let errors: Vec<String> = validator(&entry)
            .iter_errors(&value)
            .map(|error| format!("{} at {}", error, error.instance_path()))
            .collect();
        assert_eq!(errors, Vec::<String>::new(), "{}", entry.name);
    }
}

#[test]
fn every_entry_says_what_it_means_and_when_it_fires() {
    for entry in built_in() {
        let schema = schema(&entry);
        assert_eq!(schema["$schema"], SCHEMA_DIALECT, "{}", entry.name);
        assert_eq!(schema["title"], *entry.name);
        for words in [&entry.description, &entry.fires_when] {
            assert!(words.ends_with('.') && words.len() > 15, "{}", entry.name);
        }
    }
}

#[test]
fn every_object_leaves_extra_properties_allowed() {
    for entry in built_in() {
        let text = entry.schema.clone().unwrap_or_default();
        assert!(!text.contains("additionalProperties"), "{}", entry.name);
        let mut more = example(&entry.name);
        more["added_later"] = json!({"a": 1});
        assert!(validator(&entry).is_valid(&more), "{}", entry.name);
    }
}

#[test]
fn every_top_level_key_of_a_sample_is_required_but_the_ids_hookyard_fills_in() {
    for entry in built_in() {
        let filled_in = |key: &str| {
            entry.dialect == Dialect::Carthook && ["id", "webhook_id", "merchant_id"].contains(&key)
        };
        let optional = entry.name == "endpoint.disabled";
        for key in example(&entry.name).as_object().expect("an object").keys() {
            let spared = spares(&entry.name, &format!("/{key}"));
            assert!(
                spared == filled_in(key) || optional,
                "{}: {key}",
                entry.name
            );
        }
    }
}

#[test]
fn contract_015_the_five_flexype_names_are_in_the_catalogue() {
    let five = [
        "ABANDONED_CHECKOUT",
        "ABANDONED_SESSION",
        "COLLECTION_VIEWED",
        "NEW_CUSTOMER",
        "PRODUCT_VIEWED",
    ];
    assert_eq!(names(Dialect::Flexype), five);
}

#[test]
fn contract_016_the_two_labels_are_in_the_descriptions() {
    assert!(entry("ABANDONED_SESSION").description.contains("(ASR)"));
    assert!(entry("ABANDONED_CHECKOUT").description.contains("(ACR)"));
}

#[test]
fn contract_100_127_the_thirteen_flashy_names_and_the_four_topics_are_in_the_catalogue() {
    let flashy = names(Dialect::Flashy);
    assert_eq!(flashy.len(), 13);
    for name in flashy {
        assert_eq!(example(&name)["event"], *name);
        assert!(!takes(&name, "/event", json!("another")), "{name}");
    }
    let topics = [
        "app/uninstalled",
        "checkouts/completed",
        "checkouts/created",
        "checkouts/updated",
    ];
    assert_eq!(names(Dialect::Carthook), topics);
}

#[test]
fn contract_041_042_043_a_user_has_seven_keys_and_unknown_ones_are_null() {
    let keys = [
        "email",
        "full_name",
        "first_name",
        "last_name",
        "dial_code",
        "phone",
        "phone_with_dial_code",
    ];
    for name in names(Dialect::Flexype) {
        for key in keys {
            let pointer = format!("/user/{key}");
            assert!(!spares(&name, &pointer), "{name} {key}");
            assert!(takes(&name, &pointer, Value::Null), "{name} {key}");
            assert!(!takes(&name, &pointer, json!(91)), "{name} {key}");
        }
        assert!(!takes(&name, "/user/dial_code", json!("+91")));
        assert!(!takes(&name, "/user/phone", json!("+919876543210")));
        assert!(!takes(
            &name,
            "/user/phone_with_dial_code",
            json!("919876543210")
        ));
    }
}

#[test]
fn contract_052_the_three_browsing_payloads_have_a_user_and_their_own_part() {
    assert!(!takes(
        "PRODUCT_VIEWED",
        "/product_viewed/product_id",
        json!("9945414435106")
    ));
    assert!(!spares("PRODUCT_VIEWED", "/product_viewed/timestamp"));
    assert!(!spares(
        "COLLECTION_VIEWED",
        "/collection_viewed/collection_id"
    ));
    assert!(takes(
        "COLLECTION_VIEWED",
        "/collection_viewed/image",
        Value::Null
    ));
    assert!(!takes(
        "NEW_CUSTOMER",
        "/shopify_customer_id",
        json!(8_867_391_537_442_i64)
    ));
}

#[test]
fn contract_060_061_062_063_064_065_066_067_a_session_is_checked_key_by_key() {
    let name = "ABANDONED_SESSION";
    assert!(!takes(name, "/cart/0/product_id", json!("9945414435106")));
    assert!(takes(name, "/cart/0/product_id", json!(i64::MAX)));
    assert!(!takes(name, "/cart/0/product_id", json!(u64::MAX)));
    assert!(!takes(name, "/cart/0/quantity", json!(1.5)));
    assert!(takes(name, "/cart/0/price", json!(189.5)));
    assert!(!takes(name, "/cart/0/price", json!("189")));
    assert!(!spares(name, "/cart/0/handle"));
    assert!(takes(name, "/cart", json!([])));
    assert!(!spares(name, "/client_meta/http_referer"));
    assert!(takes(name, "/metadata", json!({"utm": "a"})));
    assert!(!takes(
        name,
        "/page_viewed/0/timestamp",
        json!(1_674_573_859)
    ));
    assert!(!takes(name, "/page_viewed/0/timestamp", json!("yesterday")));
    assert!(!spares(name, "/products_viewed/0/variant_id"));
    assert!(!takes(name, "/collection_viewed", Value::Null));
    let collection = &example("COLLECTION_VIEWED")["collection_viewed"];
    assert!(takes(name, "/collection_viewed", json!([collection])));
    assert!(takes(name, "/last_page_visited", Value::Null));
    assert!(!spares(name, "/last_page_visited/url"));
}

#[test]
fn contract_078_095_a_checkout_names_its_session_and_one_of_four_states() {
    let name = "ABANDONED_CHECKOUT";
    for state in [
        "INITIATED",
        "PHONE_ENTERED",
        "ADDRESS_LOADED",
        "ADDRESS_SHIPPING_SELECTED",
    ] {
        assert!(takes(name, "/session_state", json!(state)), "{state}");
    }
    assert!(!takes(name, "/session_state", json!("OTP_VERIFIED")));
    assert!(!takes(name, "/session_id", Value::Null));
    for pointer in ["/discount", "/total_payable"] {
        assert!(takes(name, pointer, json!(12.5)) && takes(name, pointer, Value::Null));
        assert!(!takes(name, pointer, json!("12.5")), "{pointer}");
    }
    assert!(takes(name, "/address", Value::Null));
    assert!(!takes(name, "/address", json!("12 Residency Road")));
}

#[test]
fn contract_101_102_103_104_times_accounts_and_contacts_are_what_the_samples_have() {
    for name in names(Dialect::Flashy) {
        let stamped = ["page_view", "add_to_cart", "contact_subscribed"].contains(&&*name);
        let time = if stamped { "/timestamp" } else { "/created_at" };
        assert!(!spares(&name, time), "{name}");
        assert!(!takes(&name, time, json!("1674573859")), "{name}");
        assert!(!takes(&name, time, json!(1_674_573_859.5)), "{name}");
        assert!(!takes(&name, "/account_id", json!("246")), "{name}");
        let contact = example(&name).get("contact_id").is_some();
        assert_eq!(contact, name != "incoming_sms");
        if contact {
            assert!(!takes(&name, "/contact_id", json!("246")), "{name}");
        }
    }
}

#[test]
fn contract_105_106_107_124_126_a_page_view_may_be_anonymous() {
    for name in ["page_view", "add_to_cart"] {
        assert!(takes(name, "/contact_id", Value::Null), "{name}");
        assert!(!takes(name, "/anonymous_id", json!("246")), "{name}");
        assert!(takes(name, "/flsid", json!("a")), "{name}");
    }
    assert!(!takes("contact_created", "/contact_id", Value::Null));
    for key in ["campaign", "source", "medium", "term", "content"] {
        assert!(!spares("page_view", &format!("/utm/{key}")), "{key}");
    }
    assert!(takes("page_view", "/gclid", json!("a")));
    assert!(takes("page_view", "/cid", json!("a")));
    assert!(!takes("page_view", "/referral", Value::Null));
}

#[test]
fn contract_108_116_each_field_keeps_the_type_of_its_sample() {
    let typed = |name, pointer, number: bool| {
        let (right, wrong) = if number {
            (json!(20), json!("20"))
        } else {
            (json!("20"), json!(20))
        };
        assert!(takes(name, pointer, right), "{name}{pointer}");
        assert!(!takes(name, pointer, wrong), "{name}{pointer}");
    };
    typed("add_to_cart", "/value", false);
    typed("add_to_cart", "/content_ids/0", true);
    typed("purchase", "/value", true);
    typed("purchase", "/order_id", false);
    typed("purchase", "/context/order_id", true);
    typed("purchase", "/context/total", false);
    typed("purchase", "/context/items/0/total", false);
    typed("purchase", "/context/shipping/price", false);
}

#[test]
fn contract_109_110_111_112_113_114_115_117_contacts_and_purchases_are_checked() {
    assert!(!spares("contact_subscribed", "/feed_id"));
    assert!(!takes("contact_updated", "/new", json!([])));
    assert!(takes("contact_updated", "/old", json!({"city": "Haifa"})));
    for key in ["checkout_url", "status", "billing", "shipping"] {
        assert!(!spares("purchase", &format!("/context/{key}")), "{key}");
    }
    let image = "/context/items/0/image_link";
    assert!(takes("purchase", image, json!("https://example.com/a.jpg")));
    assert!(!takes("purchase", image, json!(true)));
    assert!(takes("purchase", "/context/billing/state", json!("NY")));
    assert!(takes("purchase", "/context/shipping", Value::Null));
    assert!(!takes("purchase", "/delayed", json!("true")));
}

#[test]
fn contract_118_119_120_121_122_messages_are_checked() {
    assert!(!takes("automation_completed", "/last_step", json!("1")));
    assert!(!takes("email_automation_delivered", "/step_id", json!("1")));
    for name in ["email_automation_opened", "email_automation_clicked"] {
        assert!(!takes(name, "/step_id", json!(1)), "{name}");
    }
    assert!(
        example("email_automation_clicked")
            .get("template_id")
            .is_none()
    );
    let bounced = |kind: &str| takes("email_campaign_bounced", "/bounce_type", json!(kind));
    assert!(bounced("soft_bounced") && bounced("hard_bounced") && !bounced("bounced"));
    assert!(!takes("incoming_sms", "/from", json!(972_526_999_999_i64)));
}

#[test]
fn contract_129_130_131_132_ids_of_carthook_have_their_prefixes() {
    for name in names(Dialect::Carthook) {
        for (key, good, bad) in [
            ("id", "cev_1", "evt_1"),
            ("webhook_id", "cwe_1", "1"),
            ("merchant_id", "cmid_1", "mer_1"),
        ] {
            assert!(takes(&name, &format!("/{key}"), json!(good)), "{name}");
            assert!(!takes(&name, &format!("/{key}"), json!(bad)), "{name}");
        }
    }
    assert!(!takes("checkouts/created", "/funnel_id", json!("Sa9")));
    assert!(!takes("checkouts/created", "/cid", json!("Sa9")));
}

#[test]
fn contract_143_144_145_146_147_148_149_150_151_checkouts_are_checked() {
    for name in [
        "checkouts/created",
        "checkouts/updated",
        "checkouts/completed",
    ] {
        assert!(!takes(
            name,
            "/line_items/0/product_id",
            json!(39_117_609_670_i64)
        ));
        assert!(!takes(name, "/line_items/0/price", json!("49")));
        assert!(!spares(name, "/line_items/0/tax_rate"));
        assert!(!takes(name, "/total_price", json!("275.97")));
    }
    for name in ["checkouts/updated", "checkouts/completed"] {
        assert!(takes(name, "/customer/email", Value::Null));
        assert!(!spares(name, "/customer/buyer_accepts_marketing"));
        assert!(!takes(name, "/shipping_address/zip", json!(10_001)));
        assert!(takes(name, "/shipping_address/phone", Value::Null));
        let rate = "/selected_shipping_rates/0/carrier_identifier";
        assert!(takes(name, rate, json!("usps")) && takes(name, rate, Value::Null));
        assert!(!takes(name, "/coupons/0/amount", json!("1")));
    }
    let order: Value = serde_json::from_str("4214124124124124121241").expect("JSON");
    assert!(!takes("checkouts/completed", "/order_id", order));
    assert!(!spares("checkouts/completed", "/total_coupons_amount"));
    assert!(example("checkouts/completed").get("cart_url").is_none());
}
