//! Which fields the `data` of an activity may have: the table that is checked is the table that is documented.

use crate::trigger::activity::ActivityKind;
use crate::trigger::checkout::Progress;

/// Most characters of a text.
pub const TEXT_MAX: usize = 500;
/// Most characters of a URL.
pub const URL_MAX: usize = 2_048;
/// Most characters of an id.
pub const ID_MAX: usize = 128;
/// Most elements of a list.
pub const LIST_MAX: usize = 250;
/// Most bytes of an object of the platform's own.
pub const FREE_MAX: usize = 16 * 1_024;

/// One field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub holds: Type,
    /// Whether it must be there; otherwise null is as good as absent.
    pub required: bool,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// An id: whoever gave it decides whether it is a number.
    Id,
    /// An amount in major units of the store's currency.
    Money,
    /// A share: 0.09 is 9 %.
    Rate,
    /// How many.
    Count,
    /// True or false.
    Flag,
    /// Some words.
    Text,
    /// A URL, as it was given.
    Url,
    /// A URL, or false when there is none.
    UrlOrFalse,
    /// One of these names.
    OneOf(&'static [&'static str]),
    /// An object of the platform's own, passed on as it is.
    Free,
    /// An object.
    Object(&'static [Field]),
    /// A list of objects.
    List(&'static [Field]),
    /// A list of ids.
    Ids,
    /// What was added: objects, or the ids of products, in a list or alone.
    Added(&'static [Field]),
}

impl Type {
    /// What is right, as it follows "must be".
    pub fn words(self) -> String {
        match self {
            Self::Id => {
                format!("a whole number of at most 64 bits, or text of 1 to {ID_MAX} characters")
            }
            Self::Money => "a number, or a decimal number as text, below 10^12".to_owned(),
            Self::Rate => "a number, or a decimal number as text, from 0 to 100".to_owned(),
            Self::Count => "a whole number from 0 to 1,000,000".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Text => format!("text of at most {TEXT_MAX} characters"),
            Self::Url => format!("text of at most {URL_MAX} characters"),
            Self::UrlOrFalse => format!("text of at most {URL_MAX} characters, or false"),
            Self::OneOf(names) => format!("one of {}", names.join(", ")),
            Self::Free => format!("an object of at most {FREE_MAX} bytes"),
            Self::Object(_) => "an object".to_owned(),
            Self::List(_) => format!("a list of at most {LIST_MAX} objects"),
            Self::Ids => format!("a list of at most {LIST_MAX} ids"),
            Self::Added(_) => {
                format!("an object or an id, or a list of at most {LIST_MAX} of them")
            }
        }
    }

    /// The fields of its objects.
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::Object(fields) | Self::List(fields) | Self::Added(fields) => fields,
            _ => &[],
        }
    }
}

/// A field that may be absent.
const fn may(name: &'static str, holds: Type) -> Field {
    Field {
        name,
        holds,
        required: false,
    }
}

/// A field that must be there.
const fn must(name: &'static str, holds: Type) -> Field {
    Field {
        name,
        holds,
        required: true,
    }
}

/// Becomes `metadata` of the payload.
const METADATA: Field = may("metadata", Type::Free);

const UTM: &[Field] = &[
    may("campaign", Type::Text),
    may("source", Type::Text),
    may("medium", Type::Text),
    may("term", Type::Text),
    may("content", Type::Text),
];

/// What is in a cart. Prices are of one.
const ITEM: &[Field] = &[
    must("product_id", Type::Id),
    may("variant_id", Type::Id),
    may("quantity", Type::Count),
    may("price", Type::Money),
    may("title", Type::Text),
    may("handle", Type::Text),
    may("image", Type::Url),
];

const PAGE_VIEWED: &[Field] = &[
    may("url", Type::Url),
    may("title", Type::Text),
    may("referrer", Type::Url),
    may("timezone", Type::Text),
    may("utm", Type::Object(UTM)),
    may("gclid", Type::Text),
    may("cid", Type::Text),
    may("flsid", Type::Text),
    METADATA,
];

const PRODUCT_VIEWED: &[Field] = &[
    may("url", Type::Url),
    must("product_id", Type::Id),
    may("variant_id", Type::Id),
    may("title", Type::Text),
    may("handle", Type::Text),
    may("image", Type::Url),
    METADATA,
];

const COLLECTION_VIEWED: &[Field] = &[
    may("url", Type::Url),
    must("collection_id", Type::Id),
    may("name", Type::Text),
    may("handle", Type::Text),
    may("image", Type::Url),
    METADATA,
];

const CART_UPDATED: &[Field] = &[
    may("items", Type::List(ITEM)),
    may("added", Type::Added(ITEM)),
    may("currency", Type::Text),
    may("flsid", Type::Text),
    METADATA,
];

const IDENTIFIED: &[Field] = &[METADATA];

const CUSTOMER_CREATED: &[Field] = &[must("customer_id", Type::Id)];

const CHECKOUT_OPENED: &[Field] = &[
    may("checkout_url", Type::Url),
    may("total", Type::Money),
    may("discount", Type::Money),
    may("items", Type::List(ITEM)),
    may("address", Type::Free),
    METADATA,
];

const CHECKOUT_STEP: &[Field] = &[
    must("state", Type::OneOf(&Progress::NAMES)),
    may("checkout_url", Type::Url),
    may("total", Type::Money),
    may("discount", Type::Money),
    may("items", Type::List(ITEM)),
    may("address", Type::Free),
    METADATA,
];

/// What was ordered: `total` is of all of it, `price` of one.
const ORDER_ITEM: &[Field] = &[
    may("product_id", Type::Id),
    may("variant_id", Type::Id),
    may("image_link", Type::UrlOrFalse),
    may("title", Type::Text),
    may("quantity", Type::Count),
    may("price", Type::Money),
    may("total", Type::Money),
];

const BILLING: &[Field] = &[
    may("address", Type::Text),
    may("city", Type::Text),
    may("state", Type::Text),
    may("postcode", Type::Text),
    may("country", Type::Text),
];

const SHIPPING: &[Field] = &[
    may("address", Type::Text),
    may("city", Type::Text),
    may("state", Type::Text),
    may("postcode", Type::Text),
    may("country", Type::Text),
    may("method", Type::Text),
    may("price", Type::Money),
];

const ORDER_COMPLETED: &[Field] = &[
    must("order_id", Type::Id),
    may("value", Type::Money),
    may("total", Type::Money),
    may("currency", Type::Text),
    may("status", Type::Text),
    may("checkout_url", Type::Url),
    may("content_ids", Type::Ids),
    may("items", Type::List(ORDER_ITEM)),
    may("billing", Type::Object(BILLING)),
    may("shipping", Type::Object(SHIPPING)),
    may("delayed", Type::Flag),
    METADATA,
];

/// What is in a funnel's cart. Amounts are of one.
const LINE_ITEM: &[Field] = &[
    must("product_id", Type::Id),
    may("variant_id", Type::Id),
    may("discounted_price", Type::Money),
    may("price", Type::Money),
    may("quantity", Type::Count),
    may("sku", Type::Text),
    may("tax_amount", Type::Money),
    may("tax_rate", Type::Rate),
    may("taxable", Type::Flag),
    may("title", Type::Text),
];

const CUSTOMER: &[Field] = &[
    may("email", Type::Text),
    may("first_name", Type::Text),
    may("last_name", Type::Text),
    may("buyer_accepts_marketing", Type::Flag),
];

const COUPON: &[Field] = &[
    may("coupon_code", Type::Text),
    may("coupon_type", Type::Text),
    may("coupon_source", Type::Text),
    may("amount", Type::Money),
    may("title", Type::Text),
];

const RATE: &[Field] = &[
    may("title", Type::Text),
    may("price", Type::Money),
    may("code", Type::Text),
    may("source", Type::Text),
    may("carrier_identifier", Type::Text),
    may("requested_fulfillment_service_id", Type::Text),
];

const ADDRESS: &[Field] = &[
    may("first_name", Type::Text),
    may("last_name", Type::Text),
    may("company", Type::Text),
    may("address1", Type::Text),
    may("address2", Type::Text),
    may("city", Type::Text),
    may("province", Type::Text),
    may("zip", Type::Text),
    may("country", Type::Text),
    may("phone", Type::Text),
];

/// Every activity of a funnel may tell what is known by then; `funnel_id` at the latest when it begins. The fields
/// have the names of CartHook's payloads, so the shipping rates are `selected_shipping_rates`. The number that
/// `consent` is for is the phone number of the identity.
const fn funnel(funnel_id: Field) -> [Field; 18] {
    [
        funnel_id,
        may("cid", Type::Id),
        may("store_url", Type::Url),
        may("page", Type::Text),
        may("decision", Type::OneOf(&["accepted", "rejected"])),
        may("currency", Type::Text),
        may("cart_url", Type::Url),
        may("line_items", Type::List(LINE_ITEM)),
        may("customer", Type::Object(CUSTOMER)),
        may("consent", Type::Flag),
        may("coupons", Type::List(COUPON)),
        may("selected_shipping_rates", Type::List(RATE)),
        may("shipping_address", Type::Object(ADDRESS)),
        may("billing_address", Type::Object(ADDRESS)),
        may("payment_gateway", Type::Text),
        may("order_id", Type::Id),
        may("order_number", Type::Id),
        may("carthook_order_id", Type::Id),
    ]
}

const FUNNEL_CREATED: &[Field] = &funnel(must("funnel_id", Type::Id));
const FUNNEL: &[Field] = &funnel(may("funnel_id", Type::Id));

/// The fields that the `data` of an activity may have.
pub const fn fields(kind: ActivityKind) -> &'static [Field] {
    match kind {
        ActivityKind::PageViewed => PAGE_VIEWED,
        ActivityKind::ProductViewed => PRODUCT_VIEWED,
        ActivityKind::CollectionViewed => COLLECTION_VIEWED,
        ActivityKind::CartUpdated => CART_UPDATED,
        ActivityKind::Identified => IDENTIFIED,
        ActivityKind::CustomerCreated => CUSTOMER_CREATED,
        ActivityKind::CheckoutOpened => CHECKOUT_OPENED,
        ActivityKind::CheckoutStep => CHECKOUT_STEP,
        ActivityKind::OrderCompleted => ORDER_COMPLETED,
        ActivityKind::FunnelCheckoutCreated => FUNNEL_CREATED,
        ActivityKind::FunnelEmailEntered
        | ActivityKind::FunnelSmsEntered
        | ActivityKind::FunnelStep
        | ActivityKind::FunnelCompleted => FUNNEL,
    }
}
