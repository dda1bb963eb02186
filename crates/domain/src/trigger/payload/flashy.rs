//! Flashy's payloads. Source: Flashy, "Webhooks payloads"; contract 99 to 117 and 126. Its types are kept field by
//! field, quirks included: the same amount may be text in one place and a number in another.

#[cfg(test)]
mod tests;

use bytes::Bytes;
use rust_decimal::Decimal;
use sha2::{Digest as _, Sha256};

use super::json::{NULL, list, nullable, object, or_null, quoted, whole};
use crate::clock::Micros;
use crate::trigger::activity::Activity;
use crate::trigger::data::{View, id};
use crate::trigger::money::{spelled, two_decimals};
use crate::trigger::shopper::{Shopper, Visitor, hex};

/// Hex digits of a device's hash in an `anonymous_id`.
const DEVICE_DIGITS: usize = 30;
/// What an order stands at of which the platform says no more than that it was placed.
const STATUS: &str = "completed";

/// `page_view`. `shopper` is none for the anonymous.
pub fn page_view(
    account_id: i64,
    visitor: &Visitor,
    shopper: Option<&Shopper>,
    activity: &Activity,
) -> Bytes {
    let view = View::of(activity);
    let utm = view.object("utm");
    let text = |name: &str| or_null(view.text_json(name));
    let text_or_empty = |name: &str| view.text_json(name).unwrap_or("\"\"").to_owned();
    object([
        ("page_url", text_or_empty("url")),
        ("page_title", text("title")),
        ("timezone", text("timezone")),
        ("referral", text_or_empty("referrer")),
        (
            "utm",
            object(
                ["campaign", "source", "medium", "term", "content"]
                    .map(|name| (name, or_null(utm.text_json(name)))),
            ),
        ),
        ("gclid", text("gclid")),
        ("cid", text("cid")),
        ("account_id", account_id.to_string()),
        ("first_visit", visitor.first_seen.seconds().to_string()),
        ("session_count", visitor.sessions.to_string()),
        ("timestamp", activity.at.seconds().to_string()),
        ("anonymous_id", anonymous_id(account_id, activity)),
        ("flsid", text("flsid")),
        ("contact_id", contact_id(shopper)),
        ("event", quoted("page_view")),
    ])
    .into()
}

/// `add_to_cart`: what was added and what it costs. `currency` is the store's.
pub fn add_to_cart(
    account_id: i64,
    shopper: Option<&Shopper>,
    currency: Option<&str>,
    activity: &Activity,
) -> Bytes {
    let view = View::of(activity);
    let added = Added::of(&view);
    let value: Decimal = added.iter().map(|added| added.value).sum();
    object([
        ("value", quoted(&spelled(value))),
        (
            "content_ids",
            list(added.iter().map(|added| whole(&added.product_id))),
        ),
        ("currency", currency_of(&view, currency)),
        ("timestamp", activity.at.seconds().to_string()),
        ("account_id", account_id.to_string()),
        ("anonymous_id", anonymous_id(account_id, activity)),
        ("flsid", or_null(view.text_json("flsid"))),
        ("contact_id", contact_id(shopper)),
        ("event", quoted("add_to_cart")),
    ])
    .into()
}

/// `purchase`. `currency` is the store's, for an order that names none; `delayed`: it is sent after the fact.
pub fn purchase(
    account_id: i64,
    shopper: &Shopper,
    currency: Option<&str>,
    delayed: bool,
    activity: &Activity,
) -> Bytes {
    let view = View::of(activity);
    let order_id = view.id("order_id");
    let items = view.list("items").unwrap_or_default();
    let delayed = delayed || view.flag("delayed") == Some(true);
    object([
        ("account_id", account_id.to_string()),
        ("contact_id", quoted(&shopper.contact_id)),
        ("order_id", nullable(order_id.as_deref())),
        ("content_ids", content_ids(&view, &items)),
        ("value", value(&view, &items)),
        ("status", status(&view)),
        ("currency", currency_of(&view, currency)),
        ("context", context(&view, order_id.as_deref(), &items)),
        ("delayed", delayed.to_string()),
        ("created_at", activity.at.seconds().to_string()),
        ("event", quoted("purchase")),
    ])
    .into()
}

/// `contact_created`: a person became known at `at`.
pub fn contact_created(account_id: i64, shopper: &Shopper, at: Micros) -> Bytes {
    object([
        ("account_id", account_id.to_string()),
        ("contact_id", quoted(&shopper.contact_id)),
        ("created_at", at.seconds().to_string()),
        ("event", quoted("contact_created")),
    ])
    .into()
}

/// The account and a hash of the device id, which may be personal.
fn anonymous_id(account_id: i64, activity: &Activity) -> String {
    let hash = Sha256::digest(activity.visitor.device_id.as_bytes());
    let digits = hex(&hash);
    quoted(&format!("{account_id}:{}", &digits[..DEVICE_DIGITS]))
}

fn contact_id(shopper: Option<&Shopper>) -> String {
    nullable(shopper.map(|shopper| shopper.contact_id.as_str()))
}

fn currency_of(view: &View<'_>, store: Option<&str>) -> String {
    view.text_json("currency")
        .map_or_else(|| nullable(store), str::to_owned)
}

fn status(view: &View<'_>) -> String {
    view.text_json("status")
        .map_or_else(|| quoted(STATUS), str::to_owned)
}

/// One thing that was put in the cart.
struct Added {
    product_id: String,
    /// Price times quantity.
    value: Decimal,
}

impl Added {
    /// What `added` names. A price it does not give is that of the same thing in the cart; no quantity is one.
    fn of(view: &View<'_>) -> Vec<Self> {
        let cart = view.list("items").unwrap_or_default();
        let alone = || view.get("added").into_iter().collect();
        let elements = view.elements("added").unwrap_or_else(alone);
        let read = elements.into_iter().filter_map(|raw| {
            let item = View::read(raw);
            let product_id = item.id("product_id").or_else(|| id(raw))?;
            let variant_id = item.id("variant_id");
            let same = cart.iter().find(|held| {
                held.id("product_id").as_ref() == Some(&product_id)
                    && (variant_id.is_none() || held.id("variant_id") == variant_id)
            });
            let price = item.amount("price").or_else(|| same?.amount("price"));
            Some(Self {
                product_id,
                value: price.unwrap_or_default() * quantity(&item),
            })
        });
        read.collect()
    }
}

fn quantity(item: &View<'_>) -> Decimal {
    item.count("quantity").unwrap_or(1).into()
}

/// What was ordered: as the order says, otherwise the products of its items, each once.
fn content_ids(view: &View<'_>, items: &[View<'_>]) -> String {
    let mut ids: Vec<String> = match view.elements("content_ids") {
        Some(given) => given.into_iter().filter_map(id).collect(),
        None => items
            .iter()
            .filter_map(|item| item.id("product_id"))
            .collect(),
    };
    let mut seen = std::collections::HashSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    list(ids.iter().map(|id| whole(id)))
}

/// What the order is worth, as a number.
fn value(view: &View<'_>, items: &[View<'_>]) -> String {
    let given = view.digits("value").or_else(|| view.digits("total"));
    given.unwrap_or_else(|| spelled(sum(view, items)))
}

/// Items and shipping.
fn sum(view: &View<'_>, items: &[View<'_>]) -> Decimal {
    let shipping = view.object("shipping").amount("price").unwrap_or_default();
    items.iter().map(item_total).sum::<Decimal>() + shipping
}

fn item_total(item: &View<'_>) -> Decimal {
    item.amount("total")
        .unwrap_or_else(|| item.amount("price").unwrap_or_default() * quantity(item))
}

fn context(view: &View<'_>, order_id: Option<&str>, items: &[View<'_>]) -> String {
    let total = view.amount("total").or_else(|| view.amount("value"));
    object([
        ("checkout_url", or_null(view.text_json("checkout_url"))),
        ("status", status(view)),
        ("items", list(items.iter().map(item))),
        (
            "total",
            quoted(&two_decimals(total.unwrap_or_else(|| sum(view, items)))),
        ),
        ("order_id", or_null(order_id.map(whole))),
        ("billing", address(view, "billing", object)),
        (
            "shipping",
            address(
                view,
                "shipping",
                |[address, city, state, postcode, country]| {
                    let shipping = view.object("shipping");
                    object([
                        address,
                        city,
                        state,
                        postcode,
                        country,
                        ("method", or_null(shipping.text_json("method"))),
                        ("price", nullable(shipping.digits("price").as_deref())),
                    ])
                },
            ),
        ),
    ])
}

fn item(item: &View<'_>) -> String {
    let total = item
        .digits("total")
        .unwrap_or_else(|| spelled(item_total(item)));
    object([
        (
            "image_link",
            item.text_json("image_link").unwrap_or("false").to_owned(),
        ),
        ("title", or_null(item.text_json("title"))),
        ("quantity", quantity(item).to_string()),
        ("total", quoted(&total)),
    ])
}

/// The five members of an address, written by `write`; null when the order has no such address.
fn address(
    view: &View<'_>,
    name: &str,
    write: impl FnOnce([(&'static str, String); 5]) -> String,
) -> String {
    if view.object_json(name).is_none() {
        return NULL.to_owned();
    }
    let given = view.object(name);
    write(
        ["address", "city", "state", "postcode", "country"]
            .map(|name| (name, or_null(given.text_json(name)))),
    )
}
