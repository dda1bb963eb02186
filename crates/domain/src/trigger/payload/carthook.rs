//! CartHook's payloads. Three ids depend on the endpoint: their prefixes keep the place, the dialect fills them in.
//! Source: CartHook, "Webhooks"; contract
//! 143 to 155.

mod funnel;
mod lines;
#[cfg(test)]
mod tests;

use bytes::Bytes;

use self::funnel::Funnel;
use self::lines::Lines;
use super::json::{list, nullable, object, or_null, quoted};
use crate::merchant::Store;
use crate::trigger::activity::Activity;
use crate::trigger::data::View;
use crate::trigger::money::spelled;

/// Where the shopper is as long as no activity names a page.
const FIRST_PAGE: &str = "checkout_page";

/// `checkouts/created`. `history` holds the checkout's activities, oldest first.
pub fn created(store: &Store, history: &[Activity]) -> Bytes {
    let funnel = Funnel::of(history);
    let lines = Lines::of(&funnel);
    object([
        ("id", quoted("cev_")),
        ("webhook_id", quoted("cwe_")),
        ("cid", id(&funnel, "cid")),
        ("merchant_id", quoted("cmid_")),
        ("store_url", store_url(store, &funnel)),
        ("funnel_id", id(&funnel, "funnel_id")),
        ("currency", currency(store, &funnel)),
        ("subtotal_price", spelled(lines.subtotal())),
        ("total_price", spelled(lines.total())),
        ("cart_url", or_null(funnel.known.text_json("cart_url"))),
        ("funnel_step", funnel_step(&funnel)),
        ("line_items", lines.json()),
    ])
    .into()
}

/// `checkouts/updated`. `history` holds the checkout's activities, oldest first.
pub fn updated(store: &Store, history: &[Activity]) -> Bytes {
    let funnel = Funnel::of(history);
    let lines = Lines::of(&funnel);
    object([
        ("id", quoted("cev_")),
        ("webhook_id", quoted("cwe_")),
        ("cid", id(&funnel, "cid")),
        ("merchant_id", quoted("cmid_")),
        ("store_url", store_url(store, &funnel)),
        ("funnel_id", id(&funnel, "funnel_id")),
        ("currency", currency(store, &funnel)),
        ("subtotal_price", spelled(lines.subtotal())),
        ("total_price", spelled(lines.total())),
        ("cart_url", or_null(funnel.known.text_json("cart_url"))),
        ("funnel_step", funnel_step(&funnel)),
        ("customer", customer(&funnel)),
        ("selected_shipping_rates", shipping_rates(&funnel)),
        ("coupons", coupons(&funnel)),
        (
            "shipping_address",
            address(&funnel.shipping, funnel.sms.as_deref()),
        ),
        ("billing_address", address(&funnel.billing, None)),
        ("line_items", lines.json()),
    ])
    .into()
}

/// `checkouts/completed`. `history` holds the checkout's activities, oldest first.
pub fn completed(store: &Store, history: &[Activity]) -> Bytes {
    let funnel = Funnel::of(history);
    let lines = Lines::of(&funnel);
    object([
        ("id", quoted("cev_")),
        ("webhook_id", quoted("cwe_")),
        ("cid", id(&funnel, "cid")),
        ("merchant_id", quoted("cmid_")),
        ("store_url", store_url(store, &funnel)),
        ("funnel_id", id(&funnel, "funnel_id")),
        ("customer", customer(&funnel)),
        ("carthook_order_id", id(&funnel, "carthook_order_id")),
        ("currency", currency(store, &funnel)),
        ("subtotal_price", spelled(lines.subtotal())),
        ("total_price", spelled(lines.total())),
        ("total_coupons_amount", spelled(lines.discount())),
        ("order_number", id(&funnel, "order_number")),
        ("order_id", id(&funnel, "order_id")),
        (
            "payment_gateway",
            or_null(funnel.known.text_json("payment_gateway")),
        ),
        (
            "shipping_address",
            address(&funnel.shipping, funnel.sms.as_deref()),
        ),
        ("billing_address", address(&funnel.billing, None)),
        ("line_items", lines.json()),
        ("selected_shipping_rates", shipping_rates(&funnel)),
        ("coupons", coupons(&funnel)),
    ])
    .into()
}

/// CartHook's ids are text, however many digits they have.
fn id(funnel: &Funnel<'_>, name: &str) -> String {
    nullable(funnel.known.id(name).as_deref())
}

/// A bare domain: the one given, otherwise the store's.
fn store_url(store: &Store, funnel: &Funnel<'_>) -> String {
    let given = funnel.known.text("store_url");
    let url = given
        .as_deref()
        .or(store.shopify_domain.as_deref())
        .or(store.main_domain.as_deref())
        .unwrap_or_default();
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    quoted(rest.split('/').next().unwrap_or_default())
}

fn currency(store: &Store, funnel: &Funnel<'_>) -> String {
    let given = funnel.known.text_json("currency");
    given.map_or_else(|| nullable(store.currency.as_deref()), str::to_owned)
}

fn funnel_step(funnel: &Funnel<'_>) -> String {
    let page = funnel.known.text_json("page");
    page.map_or_else(|| quoted(FIRST_PAGE), str::to_owned)
}

fn customer(funnel: &Funnel<'_>) -> String {
    object([
        ("email", nullable(funnel.email.as_deref())),
        ("first_name", nullable(funnel.first_name.as_deref())),
        ("last_name", nullable(funnel.last_name.as_deref())),
        (
            "buyer_accepts_marketing",
            or_null(funnel.accepts_marketing.map(|accepts| accepts.to_string())),
        ),
    ])
}

/// Ten texts, empty where nothing is known. `sms` is the number that messages may be sent to.
fn address(given: &View<'_>, sms: Option<&str>) -> String {
    let text = |name| given.text_json(name).unwrap_or("\"\"").to_owned();
    object([
        ("first_name", text("first_name")),
        ("last_name", text("last_name")),
        ("company", text("company")),
        ("address1", text("address1")),
        ("address2", text("address2")),
        ("city", text("city")),
        ("province", text("province")),
        ("zip", text("zip")),
        ("country", text("country")),
        ("phone", sms.map_or_else(|| text("phone"), quoted)),
    ])
}

fn shipping_rates(funnel: &Funnel<'_>) -> String {
    let rates = funnel.known.list("selected_shipping_rates");
    list(rates.unwrap_or_default().iter().map(|rate| {
        let text = |name| or_null(rate.text_json(name));
        object([
            ("title", text("title")),
            ("price", or_null(rate.digits("price"))),
            ("code", text("code")),
            ("source", text("source")),
            ("carrier_identifier", text("carrier_identifier")),
            (
                "requested_fulfillment_service_id",
                text("requested_fulfillment_service_id"),
            ),
        ])
    }))
}

fn coupons(funnel: &Funnel<'_>) -> String {
    let coupons = funnel.known.list("coupons");
    list(coupons.unwrap_or_default().iter().map(|coupon| {
        let text = |name| or_null(coupon.text_json(name));
        object([
            ("coupon_code", text("coupon_code")),
            ("coupon_type", text("coupon_type")),
            ("coupon_source", text("coupon_source")),
            ("amount", or_null(coupon.digits("amount"))),
            ("title", text("title")),
        ])
    }))
}
