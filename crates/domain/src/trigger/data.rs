//! What the `data` of an activity may hold, and what the rules read of it.

mod check;
mod table;
#[cfg(test)]
mod tests;
mod view;

use serde_json::value::RawValue;

pub use table::{FREE_MAX, Field, ID_MAX, LIST_MAX, TEXT_MAX, Type, URL_MAX, fields};
pub(crate) use view::{View, id};

use super::activity::{Activity, ActivityKind};
use super::checkout::Progress;
use crate::error::FieldError;

/// Checks the `data` of an activity against its [`fields`]: all that is wrong, at JSON pointers below `pointer`
/// (after a hundred errors it looks no further). Nothing is wrong with data for which this is empty.
pub fn check(kind: ActivityKind, data: &RawValue, pointer: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    check::object(fields(kind), data, pointer, &mut errors);
    errors
}

/// Checks any object against a table of its fields, as [`check`] does.
pub(crate) fn check_object(
    fields: &'static [Field],
    raw: &RawValue,
    pointer: &str,
) -> Vec<FieldError> {
    let mut errors = Vec::new();
    check::object(fields, raw, pointer, &mut errors);
    errors
}

/// How far a checkout has come: the `state` of a `checkout_step`.
pub fn progress(activity: &Activity) -> Option<Progress> {
    Progress::from_name(&View::of(activity).text("state")?)
}

/// The `customer_id`, without quotes.
pub fn customer_id(activity: &Activity) -> Option<String> {
    View::of(activity).id("customer_id")
}

/// The `order_id`, without quotes.
pub fn order_id(activity: &Activity) -> Option<String> {
    View::of(activity).id("order_id")
}

/// Whether a cart update names what was added.
pub fn added(activity: &Activity) -> bool {
    let view = View::of(activity);
    match view.elements("added") {
        Some(list) => !list.is_empty(),
        None => view.get("added").is_some(),
    }
}

/// Whether a shopper consents to text messages.
pub fn consent(activity: &Activity) -> bool {
    View::of(activity).flag("consent") == Some(true)
}
