//! Which events a store's activities must cause, read off the contract (E3 to E7, E9) in the plainest way: for each
//! visit, checkout and funnel the whole log is walked again and asked what its fate was. No rows, no timers, no
//! state that is carried along. Slow, and written without regard to the engine.

// Spelled out, so that the tests of other crates can take in this file by its path.
#[path = "model/fate.rs"]
mod fate;
#[path = "model/visits.rs"]
mod visits;

use std::collections::BTreeSet;

/// One activity. Times are seconds since the log began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// When it happened.
    pub(crate) at: u32,
    /// On which device.
    pub(crate) device: String,
    /// In which session, if the platform names them.
    pub(crate) session: Option<String>,
    /// In which checkout.
    pub(crate) checkout: Option<String>,
    /// The person, if the activity says.
    pub(crate) email: Option<String>,
    /// What was done.
    pub(crate) act: Act,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// A plain page, or a cart.
    Browsed,
    /// The shopper logged in.
    Identified,
    /// A product page.
    ProductViewed,
    /// A store account was made for this customer.
    CustomerCreated(String),
    /// A checkout was opened, or opened again.
    CheckoutOpened,
    /// A checkout moved on.
    CheckoutStep,
    /// An order was placed.
    OrderCompleted,
    /// A funnel's checkout was created.
    FunnelCreated,
    /// An email address was typed in a funnel.
    FunnelEmail,
    /// A page of a funnel's offers was reached.
    FunnelStep,
    /// A funnel's thank-you page was reached.
    FunnelCompleted,
}

impl Act {
    /// Whether it is part of a visit (contract 73).
    const fn browses(&self) -> bool {
        matches!(self, Self::Browsed | Self::Identified | Self::ProductViewed)
    }

    /// Whether it is about a store's checkout.
    const fn checks_out(&self) -> bool {
        matches!(
            self,
            Self::CheckoutOpened | Self::CheckoutStep | Self::OrderCompleted
        )
    }

    /// Whether it is about a funnel.
    const fn funnels(&self) -> bool {
        matches!(
            self,
            Self::FunnelCreated | Self::FunnelEmail | Self::FunnelStep | Self::FunnelCompleted
        )
    }
}

/// How long timers run, in seconds, and on which clock checkouts run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// Contract 55.
    pub(crate) session: u32,
    /// Contract 75.
    pub(crate) checkout: u32,
    /// Contract 138.
    pub(crate) upsell: u32,
    /// Contract 76: whether a checkout's timer runs from its last activity.
    pub(crate) checkout_slides: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            session: 900,
            checkout: 900,
            upsell: 600,
            checkout_slides: false,
        }
    }
}

/// What an event is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// The session of this name.
    Session(String),
    /// The visit that this device began at this time.
    Visit(String, u32),
    /// The store checkout of this name.
    Checkout(String),
    /// The funnel checkout of this name.
    Funnel(String),
    /// The activity at this place of the log as it was given.
    Activity(usize),
}

/// An event that must exist, once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Expected {
    /// Its time: of the activity, or the deadline.
    pub(crate) at: u32,
    /// Its type.
    pub(crate) event_type: &'static str,
    /// What it is about.
    pub(crate) subject: Subject,
    /// Whom it names.
    pub(crate) email: Option<String>,
}

/// The log in order of time, then of arrival (contract 90), and the questions that all rules ask of it.
struct Log<'a> {
    entries: Vec<(usize, &'a Entry)>,
    settings: &'a Settings,
}

impl Log<'_> {
    /// Who used the device after the entry at `place` (contract 40: who is known by then).
    fn user(&self, device: &str, place: usize) -> Option<&str> {
        let earlier = self.entries[..=place].iter().rev();
        let mut mine = earlier.filter(|(_, entry)| entry.device == device);
        mine.find_map(|(_, entry)| entry.email.as_deref())
    }

    /// Who uses the device at a moment: an activity at this very moment has happened (contract 90).
    fn user_at(&self, device: &str, at: u32) -> Option<&str> {
        let place = self.last_by(at)?;
        self.user(device, place)
    }

    /// The place of the last entry by a moment.
    fn last_by(&self, at: u32) -> Option<usize> {
        self.entries.iter().rposition(|(_, entry)| entry.at <= at)
    }
}

/// The events that a log must cause once all its deadlines have passed, in order of time.
pub(crate) fn expected(log: &[Entry], settings: &Settings) -> Vec<Expected> {
    let mut entries: Vec<_> = log.iter().enumerate().collect();
    entries.sort_by_key(|(_, entry)| entry.at);
    let log = Log { entries, settings };
    let checkouts = fate::checkouts(&log);
    let visits = visits::all(&log, &checkouts);
    let mut events = Vec::new();
    events.extend(visits.iter().filter_map(|visit| visit.abandoned(&log)));
    events.extend(fate::abandoned(&checkouts));
    events.extend(fate::funnels(&log));
    events.extend(products(&log, &visits));
    events.extend(customers(&log));
    events.sort();
    events
}

/// Contract 46, 36: at once, for whom is known.
fn products(log: &Log<'_>, visits: &[visits::Visit]) -> Vec<Expected> {
    let mut events = Vec::new();
    for (place, (number, entry)) in log.entries.iter().enumerate() {
        let visit = visits.iter().find(|visit| visit.holds(place));
        let known = log.user(&entry.device, place);
        let email = known.or_else(|| visit?.owner(place));
        if entry.act == Act::ProductViewed && email.is_some() {
            events.push(Expected {
                at: entry.at,
                event_type: "PRODUCT_VIEWED",
                subject: Subject::Activity(*number),
                email: email.map(str::to_owned),
            });
        }
    }
    events
}

/// Contract 50, 51: the first time that a customer is named, if it is known who it is.
fn customers(log: &Log<'_>) -> Vec<Expected> {
    let mut named = BTreeSet::new();
    let mut events = Vec::new();
    for (place, (number, entry)) in log.entries.iter().enumerate() {
        let Act::CustomerCreated(customer) = &entry.act else {
            continue;
        };
        if let (true, Some(email)) = (named.insert(customer), log.user(&entry.device, place)) {
            events.push(Expected {
                at: entry.at,
                event_type: "NEW_CUSTOMER",
                subject: Subject::Activity(*number),
                email: Some(email.to_owned()),
            });
        }
    }
    events
}
