//! FlexyPe's payloads. Source: FlexyPe, "Abandoned Session" and "When each event fires"; contract 41 to 95.

mod history;
#[cfg(test)]
mod tests;

use bytes::Bytes;

use self::history::{History, Page};
use super::json::{list, nullable, object, or_null, quoted, whole};
use crate::clock::Micros;
use crate::trigger::activity::{Activity, ActivityKind, Family};
use crate::trigger::checkout::Checkout;
use crate::trigger::data::{View, customer_id};
use crate::trigger::shopper::Shopper;

/// `PRODUCT_VIEWED`: the user and the product.
pub fn product_viewed(shopper: &Shopper, activity: &Activity) -> Bytes {
    object([
        ("user", user(shopper)),
        ("product_viewed", product(&View::of(activity), activity.at)),
    ])
    .into()
}

/// `COLLECTION_VIEWED`: the user and the collection.
pub fn collection_viewed(shopper: &Shopper, activity: &Activity) -> Bytes {
    object([
        ("user", user(shopper)),
        (
            "collection_viewed",
            collection(&View::of(activity), activity.at),
        ),
    ])
    .into()
}

/// `NEW_CUSTOMER`: the user and Shopify's global id of the account; an id that is not bare digits stays as it is.
pub fn new_customer(shopper: &Shopper, activity: &Activity) -> Bytes {
    let id = customer_id(activity).unwrap_or_default();
    let bare = !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit());
    let id = if bare {
        format!("gid://shopify/Customer/{id}")
    } else {
        id
    };
    object([
        ("user", user(shopper)),
        ("shopify_customer_id", quoted(&id)),
    ])
    .into()
}

/// `ABANDONED_SESSION`: the last known state of the visit. `history` holds its activities, oldest first.
pub fn abandoned_session(shopper: &Shopper, history: &[Activity]) -> Bytes {
    let history = History::new(history);
    let pages = history.pages();
    object([
        ("user", user(shopper)),
        ("cart", cart(&history)),
        ("client_meta", client_meta(&history)),
        ("metadata", metadata(&history)),
        ("page_viewed", list(pages.iter().map(page))),
        (
            "products_viewed",
            list(history.each(ActivityKind::ProductViewed, product)),
        ),
        (
            "collection_viewed",
            list(history.each(ActivityKind::CollectionViewed, collection)),
        ),
        ("last_page_visited", or_null(pages.last().map(page))),
    ])
    .into()
}

/// `ABANDONED_CHECKOUT`: the last known state of the checkout. `history` holds the activities of its session and
/// its own, oldest first; those of other checkouts are passed over.
pub fn abandoned_checkout(shopper: &Shopper, checkout: &Checkout, history: &[Activity]) -> Bytes {
    let history = History::new(history.iter().filter(|activity| {
        activity.kind.family() != Family::Checkout
            || activity.visitor.checkout_id.as_ref() == Some(&checkout.client_id)
    }));
    object([
        ("user", user(shopper)),
        ("cart", cart(&history)),
        ("client_meta", client_meta(&history)),
        ("metadata", metadata(&history)),
        ("session_id", quoted(&checkout.client_id)),
        ("session_state", quoted(checkout.step.0.as_str())),
        (
            "checkout_url",
            or_null(history.newest_of_checkout(|view| view.text_json("checkout_url"))),
        ),
        (
            "discount",
            or_null(history.newest_of_checkout(|view| view.digits("discount"))),
        ),
        (
            "total_payable",
            or_null(history.newest_of_checkout(|view| view.digits("total"))),
        ),
        (
            "address",
            or_null(history.newest_of_checkout(|view| view.object_json("address"))),
        ),
    ])
    .into()
}

/// All keys, what is unknown as null. The international number is there only if its dial code is known too.
fn user(shopper: &Shopper) -> String {
    let names: Vec<_> = [&shopper.first_name, &shopper.last_name]
        .into_iter()
        .filter_map(|name| name.as_deref())
        .collect();
    let full_name = (!names.is_empty()).then(|| names.join(" "));
    let phone = shopper.phone.as_deref();
    // A number that came whole, with its plus, is international as it stands.
    let whole = phone.filter(|phone| phone.starts_with('+'));
    let international = match (shopper.dial_code.as_deref(), phone) {
        (Some(code), Some(phone)) if whole.is_none() => Some(format!("+{code}{phone}")),
        _ => whole.map(str::to_owned),
    };
    object([
        ("email", nullable(shopper.email.as_deref())),
        ("full_name", nullable(full_name.as_deref())),
        ("first_name", nullable(shopper.first_name.as_deref())),
        ("last_name", nullable(shopper.last_name.as_deref())),
        ("dial_code", nullable(shopper.dial_code.as_deref())),
        ("phone", nullable(phone)),
        ("phone_with_dial_code", nullable(international.as_deref())),
    ])
}

/// The newest cart: what a cart update or the checkout gave last.
fn cart(history: &History<'_>) -> String {
    let items = history.newest(|view| view.list("items"));
    list(items.unwrap_or_default().iter().map(item))
}

fn item(view: &View<'_>) -> String {
    object([
        ("product_id", id(view, "product_id")),
        ("variant_id", id(view, "variant_id")),
        (
            "quantity",
            or_null(view.count("quantity").map(|n| n.to_string())),
        ),
        ("price", or_null(view.digits("price"))),
        ("title", or_null(view.text_json("title"))),
        ("handle", or_null(view.text_json("handle"))),
        ("image", or_null(view.text_json("image"))),
    ])
}

fn product(view: &View<'_>, at: Micros) -> String {
    object([
        ("product_id", id(view, "product_id")),
        ("variant_id", id(view, "variant_id")),
        ("title", or_null(view.text_json("title"))),
        ("handle", or_null(view.text_json("handle"))),
        ("image", or_null(view.text_json("image"))),
        ("timestamp", quoted(&at.rfc3339_seconds())),
    ])
}

fn collection(view: &View<'_>, at: Micros) -> String {
    object([
        ("collection_id", id(view, "collection_id")),
        ("name", or_null(view.text_json("name"))),
        ("handle", or_null(view.text_json("handle"))),
        ("image", or_null(view.text_json("image"))),
        ("timestamp", quoted(&at.rfc3339_seconds())),
    ])
}

fn page(page: &Page<'_>) -> String {
    object([
        ("url", page.url.to_owned()),
        ("timestamp", quoted(&page.at.rfc3339_seconds())),
    ])
}

fn client_meta(history: &History<'_>) -> String {
    let [ip, referer, user_agent] = history.client();
    object([
        ("client_ip", nullable(ip)),
        ("http_referer", nullable(referer)),
        ("user_agent", nullable(user_agent)),
    ])
}

fn metadata(history: &History<'_>) -> String {
    or_null(history.newest(|view| view.object_json("metadata")))
}

/// FlexyPe's ids are numbers.
fn id(view: &View<'_>, name: &str) -> String {
    or_null(view.id(name).map(|id| whole(&id)))
}
