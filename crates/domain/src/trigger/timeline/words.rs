//! The words of timelines.

use std::time::Duration;

use super::{Subject, Told};
use crate::clock::Micros;
use crate::trigger::activity::{Activity, ActivityKind, Note};
use crate::trigger::checkout::{Checkout, CheckoutKind, CheckoutState, Progress};
use crate::trigger::data::{self, View};
use crate::trigger::session::{Session, SessionState};

/// Most characters of a text of the platform's that is repeated.
const QUOTED_MAX: usize = 80;

impl Subject<'_> {
    /// How the words name it.
    pub(crate) fn label(self) -> String {
        match self {
            Self::Session(session) => match &session.client_id {
                Some(name) => format!("session {}", short(name)),
                None => "the session".to_owned(),
            },
            Self::Checkout(checkout) => format!("checkout {}", short(&checkout.client_id)),
        }
    }

    /// Why nothing fires any more.
    fn ended(self, near: Micros) -> String {
        let (how, ended) = match self {
            Self::Session(session) => {
                let how = match session.state {
                    SessionState::Active => "goes on",
                    SessionState::Converted => "had led to a checkout already",
                    SessionState::Abandoned => "is abandoned already",
                    SessionState::ExpiredAnonymous => "had expired with nobody identified",
                };
                (how, session.ended)
            }
            Self::Checkout(checkout) => {
                let how = match checkout.state {
                    CheckoutState::Open => "goes on",
                    CheckoutState::Completed => "was completed already",
                    CheckoutState::Superseded => "had been superseded already",
                    CheckoutState::Abandoned => "is abandoned already",
                    CheckoutState::ExpiredAnonymous => "had expired with nobody identified",
                };
                (how, checkout.ended)
            }
        };
        let when = ended.map_or_else(String::new, |at| format!(" since {}", clock(at, near)));
        format!("No new event: {} {how}{when}.", self.label())
    }
}

/// What the shopper did, and why nothing fired on it.
pub(crate) fn about_activity(
    activity: &Activity,
    note: Note,
    subject: Option<Subject<'_>>,
) -> String {
    let mut words = vec![deed(activity)];
    if activity.kind != ActivityKind::Identified {
        words.extend(identity(activity).map(|name| format!("The shopper is {name}.")));
    }
    words.extend(why_not(activity, note, subject));
    words.join(" ")
}

/// What was done.
fn deed(activity: &Activity) -> String {
    let data = View::of(activity);
    let text = |name: &str| data.text(name).map(|text| short(&text));
    let named = |names: &[&str], id: &str| {
        names
            .iter()
            .find_map(|name| text(name))
            .or_else(|| data.id(id).map(|id| short(&id)))
            .unwrap_or_default()
    };
    let checkout = activity.visitor.checkout_id.as_deref().map(short);
    let checkout = checkout.unwrap_or_default();
    match activity.kind {
        ActivityKind::PageViewed => format!("Viewed the page {}.", named(&["url", "title"], "cid")),
        ActivityKind::ProductViewed => {
            format!("Viewed the product {}.", named(&["title"], "product_id"))
        }
        ActivityKind::CollectionViewed => {
            format!(
                "Viewed the collection {}.",
                named(&["name"], "collection_id")
            )
        }
        ActivityKind::CartUpdated => cart(&data),
        ActivityKind::Identified => match identity(activity) {
            Some(name) => format!("Was identified as {name}."),
            None => "Told neither an email address nor a phone number.".to_owned(),
        },
        ActivityKind::CustomerCreated => {
            format!("Got the store account {}.", named(&[], "customer_id"))
        }
        ActivityKind::CheckoutOpened => format!("Opened checkout {checkout}."),
        ActivityKind::CheckoutStep => match data::progress(activity) {
            Some(Progress::At(step)) => {
                format!("Was in checkout {checkout}: {}.", step.as_str())
            }
            Some(Progress::Completed) => format!("Completed checkout {checkout}."),
            None => format!("Was in checkout {checkout}."),
        },
        ActivityKind::OrderCompleted => format!("Placed the order {}.", named(&[], "order_id")),
        ActivityKind::FunnelCheckoutCreated => {
            format!(
                "Put a product in the cart of the funnel {}.",
                named(&[], "funnel_id")
            )
        }
        ActivityKind::FunnelEmailEntered => "Typed an email address.".to_owned(),
        ActivityKind::FunnelSmsEntered => "Typed a phone number.".to_owned(),
        ActivityKind::FunnelStep => {
            let decision = match text("decision").as_deref() {
                Some("accepted") => "Accepted an offer",
                Some("rejected") => "Rejected an offer",
                _ => "Moved on",
            };
            match text("page") {
                Some(page) => format!("{decision} and came to the page {page}."),
                None => format!("{decision}."),
            }
        }
        ActivityKind::FunnelCompleted => "Reached the thank-you page.".to_owned(),
    }
}

fn cart(data: &View<'_>) -> String {
    let items = data.list("items").unwrap_or_default();
    let count: u64 = items
        .iter()
        .map(|item| item.count("quantity").unwrap_or(1))
        .sum();
    match count {
        0 => "Emptied the cart.".to_owned(),
        1 => "Changed the cart: it holds 1 item.".to_owned(),
        count => format!("Changed the cart: it holds {count} items."),
    }
}

fn identity(activity: &Activity) -> Option<String> {
    let identity = activity.identity.as_ref()?.normal();
    let email = identity.email.clone();
    let phone = || {
        let code = identity.dial_code.as_ref();
        let code = code.map_or_else(String::new, |code| format!("+{code} "));
        identity
            .phone
            .as_ref()
            .map(|phone| format!("{code}{phone}"))
    };
    email.or_else(phone).map(|name| short(&name))
}

/// The event that an activity can cause at once.
fn may_fire(kind: ActivityKind) -> &'static str {
    match kind {
        ActivityKind::PageViewed => "page_view",
        ActivityKind::ProductViewed => "PRODUCT_VIEWED",
        ActivityKind::CollectionViewed => "COLLECTION_VIEWED",
        ActivityKind::CartUpdated => "add_to_cart",
        ActivityKind::CustomerCreated => "NEW_CUSTOMER",
        ActivityKind::OrderCompleted => "purchase",
        ActivityKind::FunnelCheckoutCreated => "checkouts/created",
        ActivityKind::FunnelEmailEntered
        | ActivityKind::FunnelSmsEntered
        | ActivityKind::FunnelStep => "checkouts/updated",
        ActivityKind::FunnelCompleted => "checkouts/completed",
        ActivityKind::Identified | ActivityKind::CheckoutOpened | ActivityKind::CheckoutStep => {
            "An event"
        }
    }
}

/// Why nothing fired on an activity, where something might have.
fn why_not(activity: &Activity, note: Note, subject: Option<Subject<'_>>) -> Option<String> {
    let because = |why: &str| Some(format!("{} did not fire: {why}.", may_fire(activity.kind)));
    match note {
        Note::Recorded | Note::Fired => None,
        Note::Anonymous => because("the shopper is not identified"),
        Note::NoSubscriber => because("no endpoint is subscribed to it"),
        Note::AfterEnd => match subject {
            Some(subject) => Some(subject.ended(activity.at)),
            None => Some("No new event: it came after the end.".to_owned()),
        },
        Note::Repeated => because(match activity.kind {
            ActivityKind::CustomerCreated => "this customer is known already",
            ActivityKind::OrderCompleted => "this order was taken before",
            _ => "it fires once for each checkout",
        }),
        Note::NoConsent => because("the shopper gave no consent to text messages"),
        Note::NoAccount => because("the merchant has no Flashy account number"),
    }
}

/// What fired, and to whom.
pub(crate) fn about_event(told: &Told<'_>, subject: Option<Subject<'_>>) -> String {
    let name = told.event_type;
    let step = match subject {
        Some(Subject::Checkout(checkout)) if name == "ABANDONED_CHECKOUT" => {
            format!(" with the state {}", checkout.step.0.as_str())
        }
        _ => String::new(),
    };
    match told.endpoints {
        0 => format!("{name} fired{step}, but no endpoint was subscribed: it is only logged."),
        1 => format!("{name} fired{step}, to 1 endpoint."),
        count => format!("{name} fired{step}, to {count} endpoints."),
    }
}

/// Which timer a subject has.
pub(crate) const fn timer_name(subject: Subject<'_>) -> &'static str {
    match subject {
        Subject::Session(_) => "session_inactivity",
        Subject::Checkout(checkout) => match checkout.kind {
            CheckoutKind::Store => "checkout_abandonment",
            CheckoutKind::Funnel => "upsell_inactivity",
        },
    }
}

/// The subject's timer: when it is due and what it will do, or why it ran out.
pub(crate) fn about_timer(subject: Subject<'_>) -> String {
    match subject {
        Subject::Session(session) if session.is_open() => due(
            session.deadline(),
            session.last,
            "unless the shopper does something before",
            "ABANDONED_SESSION",
            session.shopper_id.is_some(),
        ),
        Subject::Session(session) => {
            format!("{} passed without any activity.", span(session.span))
        }
        Subject::Checkout(checkout) => checkout_timer(checkout),
    }
}

fn checkout_timer(checkout: &Checkout) -> String {
    let funnel = checkout.kind == CheckoutKind::Funnel;
    if !checkout.is_open() {
        let since = if funnel {
            "on an upsell page without a decision"
        } else if checkout.sliding {
            "since the last activity without an order"
        } else {
            "since the checkout was opened without an order"
        };
        return format!("{} passed {since}.", span(checkout.span));
    }
    let deadline = checkout.deadline().unwrap_or(checkout.last);
    if funnel {
        return format!(
            "Due at {}: checkouts/completed fires then, unless the shopper decides before.",
            clock(deadline, checkout.last)
        );
    }
    due(
        deadline,
        checkout.last,
        "unless the order is placed or another checkout is opened before",
        "ABANDONED_CHECKOUT",
        checkout.shopper_id.is_some(),
    )
}

fn due(at: Micros, near: Micros, unless: &str, event_type: &str, identified: bool) -> String {
    let at = clock(at, near);
    if identified {
        format!("Due at {at}: {event_type} fires then, {unless}.")
    } else {
        format!(
            "Due at {at}, {unless}. Nobody is identified yet: if that stays so {event_type} will not fire."
        )
    }
}

/// A session began.
pub(crate) fn session_opened(session: &Session) -> String {
    let label = Subject::Session(session).label();
    format!("{} began.", capital(&label))
}

/// A session's end; `checkout` is the platform's id of the checkout it led to.
pub(crate) fn session_ended(session: &Session, checkout: Option<&str>) -> String {
    let label = capital(&Subject::Session(session).label());
    match session.state {
        SessionState::Active => format!("{label} goes on."),
        SessionState::Converted => {
            let by = match checkout {
                Some(name) => format!("opening checkout {}", short(name)),
                None => "an order".to_owned(),
            };
            format!("{label} was converted by {by}: ABANDONED_SESSION will not fire.")
        }
        SessionState::Abandoned => format!("{label} is abandoned."),
        SessionState::ExpiredAnonymous => format!(
            "{label} expired: the shopper was not identified, so ABANDONED_SESSION does not fire."
        ),
    }
}

/// A checkout was opened.
pub(crate) fn checkout_opened(checkout: &Checkout) -> String {
    let label = Subject::Checkout(checkout).label();
    format!("{} is open.", capital(&label))
}

/// A checkout's end; `successor` is the platform's id of the checkout that took its place.
pub(crate) fn checkout_ended(
    checkout: &Checkout,
    successor: Option<&str>,
    by_timer: bool,
) -> String {
    let label = capital(&Subject::Checkout(checkout).label());
    let near = checkout.opened;
    let at = checkout
        .ended
        .map_or_else(String::new, |at| clock(at, near));
    match (checkout.state, checkout.kind) {
        (CheckoutState::Open, _) => format!("{label} goes on."),
        (CheckoutState::Completed, CheckoutKind::Funnel) if by_timer => {
            format!("{label} was closed at {at} as it stood: the order is complete.")
        }
        (CheckoutState::Completed, CheckoutKind::Funnel) => {
            format!("{label} was completed at {at}.")
        }
        (CheckoutState::Completed, CheckoutKind::Store) => {
            format!("{label} was completed at {at}: ABANDONED_CHECKOUT will not fire.")
        }
        (CheckoutState::Superseded, _) => {
            let by = successor.map_or_else(
                || "another checkout".to_owned(),
                |name| format!("checkout {}", short(name)),
            );
            format!("{label} was superseded by {by}: ABANDONED_CHECKOUT will not fire for it.")
        }
        (CheckoutState::Abandoned, _) => format!("{label} is abandoned."),
        (CheckoutState::ExpiredAnonymous, _) => format!(
            "{label} expired: the shopper was not identified, so ABANDONED_CHECKOUT does not fire."
        ),
    }
}

/// The order was placed after the abandonment.
pub(crate) fn recovered(checkout: &Checkout) -> String {
    let label = capital(&Subject::Checkout(checkout).label());
    format!(
        "{label} was recovered: the order was placed after all. It stays abandoned, and no event fires."
    )
}

/// A time of day in UTC, with its date when it is not that of `near`.
fn clock(at: Micros, near: Micros) -> String {
    let text = at.rfc3339();
    let (date, time) = (&text[..10], &text[11..19]);
    let time = time.strip_suffix(":00").unwrap_or(time);
    if near.rfc3339().starts_with(date) {
        time.to_owned()
    } else {
        format!("{time} on {date}")
    }
}

/// A duration in its largest whole unit.
fn span(span: Duration) -> String {
    let count = |count: u128, unit: &str| match count {
        1 => format!("1 {unit}"),
        count => format!("{count} {unit}s"),
    };
    let millis = span.as_millis();
    for (size, unit) in [(3_600_000, "hour"), (60_000, "minute"), (1_000, "second")] {
        if millis >= size && millis.is_multiple_of(size) {
            return count(millis / size, unit);
        }
    }
    count(millis, "millisecond")
}

/// A text of the platform's, cut where it gets long.
fn short(text: &str) -> String {
    match text.char_indices().nth(QUOTED_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The same with a capital at its start.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}
