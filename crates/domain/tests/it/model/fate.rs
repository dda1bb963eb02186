//! How checkouts end.

use std::collections::BTreeSet;

use super::{Act, Entry, Expected, Log, Subject};

/// A store's checkout.
pub(super) struct Checkout<'a> {
    name: &'a str,
    device: &'a str,
    /// Where it was opened.
    opened: usize,
    /// Whether an order is the first that was heard of it: then it takes the place of no other.
    order_alone: bool,
    /// Where in the log it ended; none when that was its deadline.
    ended: Option<usize>,
    /// Who it belonged to after each entry from its opening to its end.
    owners: Vec<Option<String>>,
    /// Until when its timer ran.
    deadline: u32,
}

impl Checkout<'_> {
    /// Who it belonged to after the entry at `place`: nothing changes once it has ended.
    fn owner(&self, place: usize) -> Option<&str> {
        let since = place.checked_sub(self.opened)?;
        let last = self.owners.len().checked_sub(1)?;
        self.owners[since.min(last)].as_deref()
    }

    /// Whether this is its name and it goes on after the entry at `place`.
    pub(super) fn is_open(&self, log: &Log<'_>, name: &str, place: usize) -> bool {
        self.name == name
            && self.opened <= place
            && self.ended.is_none_or(|ended| ended > place)
            && log.entries[place].1.at <= self.deadline
    }

    /// Whether it went on when the entry at `place` happened.
    fn goes_on(&self, log: &Log<'_>, place: usize) -> bool {
        self.opened < place
            && self.ended.is_none_or(|ended| ended >= place)
            && log.entries[place].1.at <= self.deadline
    }
}

/// Contract 74 to 91: the fates of all checkouts of a store.
pub(super) fn checkouts<'a>(log: &Log<'a>) -> Vec<Checkout<'a>> {
    let mut later: Vec<Checkout<'_>> = Vec::new();
    // The last one opened first: the fate of each depends only on those that opened after it.
    for (opened, name) in openings(log, Act::checks_out).into_iter().rev() {
        let checkout = follow(log, opened, name, &later);
        later.push(checkout);
    }
    later
}

/// The events of those that came to their deadline.
pub(super) fn abandoned(checkouts: &[Checkout<'_>]) -> Vec<Expected> {
    checkouts
        .iter()
        .filter(|checkout| checkout.ended.is_none())
        .filter_map(|checkout| {
            let email = checkout.owners.last()?.clone()?;
            Some(Expected {
                at: checkout.deadline,
                event_type: "ABANDONED_CHECKOUT",
                subject: Subject::Checkout(checkout.name.to_owned()),
                email: Some(email),
            })
        })
        .collect()
}

/// Where each name came up first, in order.
fn openings<'a>(log: &Log<'a>, about: fn(&Act) -> bool) -> Vec<(usize, &'a str)> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for (place, (_, entry)) in log.entries.iter().enumerate() {
        if let Some(name) = entry.checkout.as_deref()
            && about(&entry.act)
            && seen.insert(name)
        {
            found.push((place, name));
        }
    }
    found
}

/// Walks the log from the opening of a checkout to its end.
fn follow<'a>(log: &Log<'a>, opened: usize, name: &'a str, later: &[Checkout<'a>]) -> Checkout<'a> {
    let (_, first) = log.entries[opened];
    let mut this = Checkout {
        name,
        device: &first.device,
        opened,
        order_alone: first.act == Act::OrderCompleted,
        ended: None,
        owners: Vec::new(),
        deadline: first.at + log.settings.checkout,
    };
    let mut owner: Option<String> = None;
    for (place, (_, entry)) in log.entries.iter().enumerate().skip(opened) {
        if entry.at > this.deadline {
            break;
        }
        let about = entry.checkout.as_deref() == Some(name) && entry.act.checks_out();
        let moved = about && (entry.act != Act::OrderCompleted || place == opened);
        let user = log.user(&entry.device, place);
        let told = owner.is_none() && entry.email.is_some() && entry.device == this.device;
        if (moved || told) && user.is_some() {
            owner = user.map(str::to_owned);
        }
        this.owners.push(owner.clone());
        if moved && log.settings.checkout_slides {
            this.deadline = entry.at + log.settings.checkout;
        }
        let completed = entry.act == Act::OrderCompleted
            && (about || (entry.checkout.is_none() && is_meant(log, &this, place, later)));
        if completed || is_superseded(&this, place, later) {
            this.ended = Some(place);
            break;
        }
    }
    this
}

/// Whether an order that names no checkout is this one's: the newest that the device or the shopper has open.
fn is_meant(log: &Log<'_>, this: &Checkout<'_>, place: usize, later: &[Checkout<'_>]) -> bool {
    let (_, order) = log.entries[place];
    let user = log.user(&order.device, place);
    let mine = |checkout: &Checkout<'_>| {
        checkout.device == order.device || (user.is_some() && checkout.owner(place) == user)
    };
    let newer = later
        .iter()
        .any(|other| other.goes_on(log, place) && mine(other));
    this.opened < place && mine(this) && !newer
}

/// Contract 86, 91: whether the shopper has by now opened another one: the same person, or the same device where
/// one of the two is unknown.
fn is_superseded(this: &Checkout<'_>, place: usize, later: &[Checkout<'_>]) -> bool {
    let opened = later
        .iter()
        .filter(|other| other.opened <= place && !other.order_alone);
    let owner = this.owner(place);
    opened
        .into_iter()
        .any(|other| match (owner, other.owner(place)) {
            (Some(one), Some(other)) => one == other,
            _ => this.device == other.device,
        })
}

/// Contract 134 to 140: the events of all funnels.
pub(super) fn funnels(log: &Log<'_>) -> Vec<Expected> {
    let names = openings(log, Act::funnels);
    names
        .into_iter()
        .flat_map(|(_, name)| funnel(log, name))
        .collect()
}

fn funnel(log: &Log<'_>, name: &str) -> Vec<Expected> {
    let event = |event_type, at| Expected {
        at,
        event_type,
        subject: Subject::Funnel(name.to_owned()),
        email: None,
    };
    let own = |entry: &&Entry| entry.checkout.as_deref() == Some(name) && entry.act.funnels();
    let mut events = Vec::new();
    let (mut announced, mut in_upsell, mut last) = (false, false, 0);
    for entry in log.entries.iter().map(|(_, entry)| *entry).filter(own) {
        if in_upsell && entry.at > last + log.settings.upsell {
            break;
        }
        last = entry.at;
        match entry.act {
            Act::FunnelCreated if announced => {}
            Act::FunnelCreated => {
                announced = true;
                events.push(event("checkouts/created", entry.at));
            }
            Act::FunnelCompleted => {
                events.push(event("checkouts/completed", entry.at));
                return events;
            }
            _ => {
                in_upsell |= entry.act == Act::FunnelStep;
                events.push(event("checkouts/updated", entry.at));
            }
        }
    }
    if in_upsell {
        let closed = last + log.settings.upsell;
        events.push(event("checkouts/completed", closed));
    }
    events
}
