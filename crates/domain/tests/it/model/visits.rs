//! Which activities make a visit, and how it ends.

use std::collections::{BTreeMap, BTreeSet};

use super::fate::Checkout;
use super::{Act, Expected, Log, Subject};

/// A browsing session, named or not.
#[derive(Debug)]
pub(super) struct Visit {
    subject: Subject,
    device: String,
    /// Where in the log it moved, and whether that was the opening of a checkout or an order.
    moves: Vec<(usize, bool)>,
    /// Who it was found to belong to, where.
    owners: Vec<(usize, String)>,
}

enum End {
    /// A checkout was opened from it, then.
    Converted(u32),
    /// It fell quiet: the deadline.
    Quiet(u32),
}

impl Visit {
    /// Contract 55, 57: each activity moves the deadline, the opening of a checkout ends the wait.
    fn end(&self, log: &Log<'_>) -> End {
        let mut deadline = None;
        for (place, converts) in &self.moves {
            let at = log.entries[*place].1.at;
            match deadline {
                Some(deadline) if at > deadline => return End::Quiet(deadline),
                _ if *converts => return End::Converted(at),
                _ => deadline = Some(at + log.settings.session),
            }
        }
        End::Quiet(deadline.unwrap_or_default())
    }

    /// Whether the entry at `place` belongs to it without naming it (contract 58): not after its end, but that
    /// logging in at the checkout is no new visit (contract 57).
    fn lasts(&self, log: &Log<'_>, checkouts: &[Checkout<'_>], place: usize) -> bool {
        let (_, entry) = log.entries[place];
        let logs_in = entry.act == Act::Identified && entry.email.is_some();
        match self.end(log) {
            End::Converted(_) if logs_in && self.at_checkout(log, checkouts, place) => true,
            End::Converted(end) | End::Quiet(end) => entry.at <= end,
        }
    }

    /// Whether the checkout that it led to goes on.
    fn at_checkout(&self, log: &Log<'_>, checkouts: &[Checkout<'_>], place: usize) -> bool {
        let conversion = self.moves.iter().find(|(_, converts)| *converts);
        let name = conversion.and_then(|(place, _)| log.entries[*place].1.checkout.as_deref());
        name.is_some_and(|name| {
            let mut all = checkouts.iter();
            all.any(|checkout| checkout.is_open(log, name, place))
        })
    }

    /// Whether the activity at `place` is one of its own.
    pub(super) fn holds(&self, place: usize) -> bool {
        self.moves.contains(&(place, false))
    }

    /// Who it belongs to after the entry at `place`.
    pub(super) fn owner(&self, place: usize) -> Option<&str> {
        let mut known = self.owners.iter().rev();
        let (_, email) = known.find(|(known, _)| *known <= place)?;
        Some(email)
    }

    /// Contract 54, 40: the event, if it fell quiet and somebody was known at the deadline.
    pub(super) fn abandoned(&self, log: &Log<'_>) -> Option<Expected> {
        let End::Quiet(at) = self.end(log) else {
            return None;
        };
        let owner = self.owner(log.last_by(at)?);
        let email = owner.or_else(|| log.user_at(&self.device, at))?;
        Some(Expected {
            at,
            event_type: "ABANDONED_SESSION",
            subject: self.subject.clone(),
            email: Some(email.to_owned()),
        })
    }
}

/// Where each device browsed last: an index into the visits.
type Browsing = BTreeMap<String, usize>;

/// All visits of a log.
pub(super) fn all(log: &Log<'_>, checkouts: &[Checkout<'_>]) -> Vec<Visit> {
    let mut visits: Vec<Visit> = Vec::new();
    let mut browsing = Browsing::new();
    let mut opened = BTreeSet::new();
    for (place, (_, entry)) in log.entries.iter().enumerate() {
        if let (Some(email), Some(visit)) = (&entry.email, browsing.get(&entry.device)) {
            visits[*visit].owners.push((place, email.clone()));
        }
        if entry.act.browses() {
            let found = find(log, checkouts, &visits, &browsing, place);
            let visit = found.unwrap_or_else(|| open(log, &mut visits, place));
            visits[visit].moves.push((place, false));
            browsing.insert(entry.device.clone(), visit);
            if let Some(email) = log.user(&entry.device, place) {
                visits[visit].owners.push((place, email.to_owned()));
            }
        }
        if entry.act.checks_out() {
            let opens = entry
                .checkout
                .as_ref()
                .is_some_and(|name| opened.insert(name.clone()));
            convert(log, &mut visits, &mut browsing, place, opens);
        }
    }
    visits
}

/// The visit that a browsing entry belongs to (contract 58).
fn find(
    log: &Log<'_>,
    checkouts: &[Checkout<'_>],
    visits: &[Visit],
    browsing: &Browsing,
    place: usize,
) -> Option<usize> {
    let (_, entry) = log.entries[place];
    if let Some(name) = &entry.session {
        return named(visits, name);
    }
    let current = browsing.get(&entry.device).copied();
    current.filter(|visit| visits[*visit].lasts(log, checkouts, place))
}

fn named(visits: &[Visit], name: &str) -> Option<usize> {
    visits
        .iter()
        .position(|visit| matches!(&visit.subject, Subject::Session(known) if known == name))
}

fn open(log: &Log<'_>, visits: &mut Vec<Visit>, place: usize) -> usize {
    let (_, entry) = log.entries[place];
    let subject = match &entry.session {
        Some(name) => Subject::Session(name.clone()),
        None => Subject::Visit(entry.device.clone(), entry.at),
    };
    visits.push(Visit {
        subject,
        device: entry.device.clone(),
        moves: Vec::new(),
        owners: Vec::new(),
    });
    visits.len() - 1
}

/// Contract 57, 89: opening a checkout, again or for the first time, and ordering end the visit that led to it. A
/// checkout that opens in a session of which nothing was heard before, or on such a device, is all there was to it.
fn convert(
    log: &Log<'_>,
    visits: &mut Vec<Visit>,
    browsing: &mut Browsing,
    place: usize,
    opens: bool,
) {
    let (_, entry) = log.entries[place];
    if entry.act == Act::CheckoutStep && !opens {
        return;
    }
    let current = browsing.get(&entry.device).copied();
    let behind = match &entry.session {
        Some(name) => named(visits, name),
        None => current,
    };
    let Some(visit) = behind.or_else(|| opens.then(|| open(log, visits, place))) else {
        return;
    };
    visits[visit].moves.push((place, true));
    if current.is_none() {
        browsing.insert(entry.device.clone(), visit);
    }
}
