use super::super::samples::{activity, assert_suits, compact, text, value};
use super::*;
use crate::trigger::activity::Identity;

macro_rules! sample {
    ($name:literal) => {
        without_ids(include_str!(concat!(
            "../../../../../testkit/fixtures/payloads/carthook/checkouts/",
            $name,
            ".json"
        )))
    };
}

macro_rules! suits {
    ($name:literal, $payload:expr) => {
        assert_suits(
            include_str!(concat!(
                "../../../catalog/schemas/carthook/checkouts_",
                $name,
                ".json"
            )),
            $payload,
        );
    };
}

/// A printed sample before the dialect sets its ids.
fn without_ids(sample: &str) -> String {
    compact(sample)
        .replace(
            r#""id":"cev_P12jn3Qzexr","webhook_id":"cwe_Sai45cWed","#,
            r#""id":"cev_","webhook_id":"cwe_","#,
        )
        .replace("cmid_PxVEpmJar8xr9Qe86ZvD", "cmid_")
}

/// The printed items; what Hookyard can work out is left to it.
const ITEMS: &str = r#"[{"product_id":"39117609670","variant_id":39607609670,"discounted_price":48.8,"price":49,"quantity":5,"sku":"SKU-XL-RED","tax_rate":0.09,"taxable":true,"title":"Average Oceanic Rock"},{"product_id":39117609670,"variant_id":"39607609670","price":"2.5","quantity":1,"sku":"SKU-XL-RED","tax_rate":"0.09","taxable":true,"title":"Average Oceanic Rock"}]"#;
const ADDRESS: &str = r#"{"first_name":"First","last_name":"Last","company":"Company","address1":"Address 1","address2":"Address 2","city":"New York","province":"New York","zip":"10001","country":"United States","phone":"12345678"}"#;
const RATES: &str = r#"[{"title":"Priority Mail","price":7.29,"code":"Priority","source":"usps"}]"#;
const COUPONS: &str = r#"[{"coupon_code":"1DOLLAROFF","coupon_type":"amount_off","coupon_source":"shopify","amount":1,"title":"Some Coupon"}]"#;

fn store() -> Store {
    Store {
        shopify_domain: Some("store.myshopify.com".to_owned()),
        main_domain: Some("store.com".to_owned()),
        currency: Some("USD".to_owned()),
        ..Store::default()
    }
}

fn opened() -> Activity {
    let data = format!(
        r#"{{"funnel_id":"cfu_Sa9473Cf21","cid":"cid_xxxxxx","cart_url":"<CARTHOOK_CHECKOUT_CART_URL>","line_items":{ITEMS}}}"#
    );
    activity("funnel_checkout_created", 1, &data)
}

fn told(kind: &str, data: &str) -> Activity {
    activity(kind, 2, data)
}

fn number(phone: &str, dial_code: Option<&str>, data: &str) -> Activity {
    let mut typed = told("funnel_sms_entered", data);
    typed.identity = Some(Identity {
        phone: Some(phone.to_owned()),
        dial_code: dial_code.map(str::to_owned),
        ..Identity::default()
    });
    typed
}

/// Everything that the samples know, in several steps.
fn whole() -> Vec<Activity> {
    let mut email = told(
        "funnel_email_entered",
        r#"{"customer":{"buyer_accepts_marketing":true}}"#,
    );
    email.identity = Some(Identity {
        email: Some("customer+email@carthook.com".to_owned()),
        first_name: Some("First".to_owned()),
        ..Identity::default()
    });
    vec![
        opened(),
        email,
        told(
            "funnel_email_entered",
            &format!(
                r#"{{"customer":{{"last_name":"Last","email":null}},"coupons":{COUPONS},"billing_address":{ADDRESS},"shipping_address":{}}}"#,
                ADDRESS.replace("12345678", "")
            ),
        ),
        number("12345678", None, r#"{"consent":true,"line_items":null}"#),
        told(
            "funnel_email_entered",
            &format!(r#"{{"selected_shipping_rates":{RATES}}}"#),
        ),
    ]
}

#[test]
fn contract_143_146_153_created_is_the_printed_one_but_for_its_total() {
    let payload = created(&store(), &[opened()]);
    let printed = sample!("created").replace(r#""total_price":275.97"#, r#""total_price":268.68"#);
    assert_eq!(text(&payload), printed);
    suits!("created", &payload);
}

#[test]
fn contract_134_a_checkout_that_was_just_created_tells_what_is_known() {
    let bare = activity("funnel_checkout_created", 1, r#"{"funnel_id":"cfu_1"}"#);
    let payload = created(&store(), &[bare]);
    assert_eq!(
        text(&payload),
        r#"{"id":"cev_","webhook_id":"cwe_","cid":null,"merchant_id":"cmid_","store_url":"store.myshopify.com","funnel_id":"cfu_1","currency":"USD","subtotal_price":0,"total_price":0,"cart_url":null,"funnel_step":"checkout_page","line_items":[]}"#
    );
    suits!("created", &payload);
}

#[test]
fn contract_132_144_147_148_149_150_152_updated_is_the_printed_one() {
    let payload = updated(&store(), &whole());
    assert_eq!(text(&payload), sample!("updated"));
    suits!("updated", &payload);
}

#[test]
fn contract_145_151_152_154_completed_is_the_printed_one() {
    let mut history = whole();
    history.push(told("funnel_completed", r#"{"order_id":"4214124124124124121241","order_number":"CH-1234","carthook_order_id":"PcA4raUZdta1vTsJdcLb","payment_gateway":"stripe"}"#));
    let payload = completed(&store(), &history);
    assert_eq!(text(&payload), sample!("completed"));
    suits!("completed", &payload);
}

#[test]
fn contract_151_an_order_id_is_text_even_if_it_was_given_as_a_number() {
    let done = told("funnel_completed", r#"{"order_id":18446744073709551615}"#);
    let payload = completed(&store(), &[opened(), done]);
    assert_eq!(value(&payload)["order_id"], "18446744073709551615");
}

#[test]
fn contract_139_145_148_an_order_that_the_timer_closed_has_all_keys() {
    let payload = completed(&store(), &[opened()]);
    let closed = value(&payload);
    for unknown in [
        "order_id",
        "order_number",
        "carthook_order_id",
        "payment_gateway",
    ] {
        assert!(closed[unknown].is_null(), "{unknown}");
    }
    let keys: Vec<_> = closed["billing_address"]
        .as_object()
        .unwrap()
        .values()
        .collect();
    assert_eq!(keys, [""; 10]);
    suits!("completed", &payload);
    suits!("updated", &updated(&store(), &[opened()]));
}

#[test]
fn contract_137_the_newest_page_is_told_and_nulls_erase_nothing() {
    let history = [
        opened(),
        told(
            "funnel_step",
            r#"{"page":"upsell_1","decision":"accepted","currency":"EUR"}"#,
        ),
        told(
            "funnel_step",
            r#"{"page":"downsell_1","decision":"rejected","currency":null,"line_items":[{"product_id":1,"price":9.99,"quantity":2}]}"#,
        ),
        told("funnel_sms_entered", r#"{"page":null}"#),
    ];
    let payload = value(&updated(&store(), &history));
    assert_eq!(payload["funnel_step"], "downsell_1");
    assert_eq!(payload["currency"], "EUR");
    assert_eq!(payload["subtotal_price"].to_string(), "19.98");
}

#[test]
fn contract_136_147_a_number_is_told_only_with_consent_to_it() {
    let yes = r#"{"consent":true}"#;
    for (history, phone) in [
        (vec![number("12345678", None, yes)], "12345678"),
        (
            vec![number("98765 43210", Some("91"), yes)],
            "+919876543210",
        ),
        (vec![number("12345678", None, r#"{"consent":false}"#)], ""),
        (vec![number("12345678", None, "{}")], ""),
        (vec![number("1", None, yes), number("2", None, "{}")], ""),
        (
            vec![
                number("1", None, yes),
                told("funnel_step", r#"{"consent":false}"#),
            ],
            "",
        ),
        (vec![number("1", None, yes), number("2", None, yes)], "2"),
        (
            vec![told("funnel_step", r#"{"shipping_address":{"phone":"7"}}"#)],
            "7",
        ),
    ] {
        let payload = value(&updated(&store(), &history));
        assert_eq!(payload["shipping_address"]["phone"], phone, "{history:?}");
        assert_eq!(payload["billing_address"]["phone"], "");
    }
}

#[test]
fn contract_155_the_store_is_a_bare_domain() {
    let main = Store {
        shopify_domain: None,
        ..store()
    };
    for (store, data, domain) in [
        (store(), "{}", "store.myshopify.com"),
        (main, "{}", "store.com"),
        (Store::default(), "{}", ""),
        (
            store(),
            r#"{"store_url":"https://shop.example/path"}"#,
            "shop.example",
        ),
    ] {
        let payload = value(&updated(&store, &[told("funnel_step", data)]));
        assert_eq!(payload["store_url"], domain);
    }
}

/// Discounted prices, taxes and totals of items that give neither.
#[test]
fn contract_152_what_is_missing_is_worked_out() {
    for (items, coupons, prices, taxes, totals) in [
        (
            r#"{"price":49,"quantity":5,"tax_rate":0.09},{"price":2.5,"tax_rate":0.09}"#,
            r#"{"amount":1}"#,
            ["48.8", "2.5"],
            ["4.39", "0.23"],
            ["247.5", "268.68", "1"],
        ),
        (
            r#"{"price":10,"tax_rate":0.1,"taxable":false},{"price":10}"#,
            r#"{"amount":15,"coupon_type":"amount_off"}"#,
            ["0", "5"],
            ["0", "null"],
            ["20", "5", "15"],
        ),
        (
            r#"{"price":1,"quantity":3},{"price":1}"#,
            r#"{"amount":"1.00"}"#,
            ["0.67", "0.99"],
            ["null", "null"],
            ["4", "3", "1"],
        ),
        (
            r#"{"price":10,"discounted_price":8},{"price":10}"#,
            r#"{"amount":2},{"amount":50,"coupon_type":"percent_off"}"#,
            ["8", "10"],
            ["null", "null"],
            ["20", "18", "2"],
        ),
        (
            r#"{"discounted_price":8,"tax_amount":"0.10"},{"quantity":0,"price":7}"#,
            "",
            ["8", "7"],
            ["0.10", "null"],
            ["8", "8.1", "0"],
        ),
    ] {
        let data = format!(r#"{{"line_items":[{items}],"coupons":[{coupons}]}}"#);
        let payload = completed(&store(), &[told("funnel_step", &data)]);
        let spelled = text(&payload);
        let found = |name: &str| -> Vec<String> {
            let key = format!(r#""{name}":"#);
            let rest = spelled.split(&key).skip(1);
            rest.map(|rest| rest.split([',', '}']).next().unwrap().to_owned())
                .collect()
        };
        assert_eq!(found("discounted_price"), prices, "{data}");
        assert_eq!(found("tax_amount"), taxes, "{data}");
        let sums = ["subtotal_price", "total_price", "total_coupons_amount"];
        assert_eq!(sums.map(|name| found(name)[0].clone()), totals, "{data}");
    }
}
