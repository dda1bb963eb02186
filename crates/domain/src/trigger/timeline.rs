//! Timelines: what happened in a session or checkout, and why an event fired or did not, in words that a merchant
//! understands. Made from rows alone, whenever somebody looks; the simulator speaks the same words.

mod words;

use std::collections::HashMap;

use crate::clock::Micros;
use crate::id::ActivityId;

pub(super) use self::words::{
    about_activity, about_event, about_timer, checkout_ended, checkout_opened, recovered,
    session_ended, session_opened, timer_name,
};

use super::activity::{Activity, ActivityKind, Note};
use super::checkout::{Checkout, CheckoutKind};
use super::session::{Session, SessionState};

/// What an entry tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// The shopper did something.
    Activity,
    /// The session or checkout came to another state.
    State,
    /// A timer ran out, or is due.
    Timer,
    /// An event fired.
    Event,
}

impl EntryKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Activity, Self::State, Self::Timer, Self::Event];

    /// How the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Activity => "activity",
            Self::State => "state",
            Self::Timer => "timer",
            Self::Event => "event",
        }
    }
}

/// One line of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When it happened; of a timer that runs, when it is due.
    pub at: Micros,
    /// What it tells of.
    pub kind: EntryKind,
    /// The activity's or event's type, the state, the timer.
    pub name: String,
    /// What happened and why, in words. Times of day are UTC.
    pub text: String,
    /// Which of the activities given it is.
    pub activity: Option<usize>,
    /// Which of the events given it is.
    pub event: Option<usize>,
}

/// An event that fired, as far as a timeline needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told<'a> {
    /// Its type.
    pub event_type: &'a str,
    /// When it happened.
    pub at: Micros,
    /// The activity that caused it; a timer did when there is none.
    pub activity: Option<ActivityId>,
    /// Endpoints that got it.
    pub endpoints: usize,
}

/// What a timeline is of.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// A browsing session.
    Session(&'a Session),
    /// A checkout.
    Checkout(&'a Checkout),
}

/// The timeline of a session; `checkout` is the platform's id of the checkout it led to.
pub fn of_session(
    session: &Session,
    checkout: Option<&str>,
    recorded: &[(Activity, Note)],
    told: &[Told<'_>],
) -> Vec<Entry> {
    let subject = Subject::Session(session);
    let mut entries = vec![state(session.opened, "active", session_opened(session))];
    entries.extend(happenings(subject, recorded, told));
    if let Some(ended) = session.ended {
        let abandoned = session.state != SessionState::Converted;
        if abandoned {
            entries.push(timer(subject, ended));
        }
        let words = session_ended(session, checkout);
        entries.push(state(ended, session.state.as_str(), words));
    }
    if session.is_open() {
        entries.push(timer(subject, session.deadline()));
    }
    finish(entries, recorded, told)
}

/// The timeline of a checkout; `successor` is the platform's id of the checkout that took its place.
pub fn of_checkout(
    checkout: &Checkout,
    successor: Option<&str>,
    recorded: &[(Activity, Note)],
    told: &[Told<'_>],
) -> Vec<Entry> {
    let subject = Subject::Checkout(checkout);
    let mut entries = vec![state(checkout.opened, "open", checkout_opened(checkout))];
    entries.extend(happenings(subject, recorded, told));
    if let Some(ended) = checkout.ended {
        let by_timer = ended_by_timer(checkout, ended, recorded);
        if by_timer {
            entries.push(timer(subject, ended));
        }
        let words = checkout_ended(checkout, successor, by_timer);
        entries.push(state(ended, checkout.state.as_str(), words));
    }
    if let Some(at) = checkout.recovered {
        entries.push(state(at, "recovered", recovered(checkout)));
    }
    if let Some(due) = checkout.deadline().filter(|_| checkout.is_open()) {
        entries.push(timer(subject, due));
    }
    finish(entries, recorded, told)
}

/// Whether no activity ended the checkout.
fn ended_by_timer(checkout: &Checkout, ended: Micros, recorded: &[(Activity, Note)]) -> bool {
    use super::checkout::CheckoutState::{
        Abandoned, Completed, ExpiredAnonymous, Open, Superseded,
    };
    match checkout.state {
        Abandoned | ExpiredAnonymous => true,
        Open | Superseded => false,
        Completed => {
            checkout.kind == CheckoutKind::Funnel
                && !recorded.iter().any(|(activity, _)| {
                    activity.kind == ActivityKind::FunnelCompleted && activity.at <= ended
                })
        }
    }
}

/// The activities, each with the events it caused.
fn happenings(
    subject: Subject<'_>,
    recorded: &[(Activity, Note)],
    told: &[Told<'_>],
) -> Vec<Entry> {
    let mut entries = Vec::with_capacity(recorded.len() + told.len());
    for (place, (activity, note)) in recorded.iter().enumerate() {
        entries.push(Entry {
            at: activity.at,
            kind: EntryKind::Activity,
            name: activity.kind.as_str().to_owned(),
            text: about_activity(activity, *note, Some(subject)),
            activity: Some(place),
            event: None,
        });
    }
    for (place, told) in told.iter().enumerate() {
        let text = about_event(told, Some(subject));
        entries.push(Entry {
            at: told.at,
            kind: EntryKind::Event,
            name: told.event_type.to_owned(),
            text,
            activity: None,
            event: Some(place),
        });
    }
    entries
}

/// In order of time: at the same time an activity comes before what it caused, a timer before the state it ends in.
fn finish(mut entries: Vec<Entry>, recorded: &[(Activity, Note)], told: &[Told<'_>]) -> Vec<Entry> {
    let places: HashMap<ActivityId, usize> = recorded
        .iter()
        .enumerate()
        .map(|(place, (activity, _))| (activity.id, place))
        .collect();
    let cause = |entry: &Entry| {
        let told = told.get(entry.event?)?;
        Some(places.get(&told.activity?).copied().unwrap_or_default())
    };
    entries.sort_by_key(|entry| {
        let (rank, place) = match (entry.kind, entry.name.as_str(), cause(entry)) {
            (EntryKind::State, "active" | "open", _) => (0, 0),
            (EntryKind::Activity, ..) => (1, entry.activity.unwrap_or_default()),
            (EntryKind::Event, _, Some(place)) => (1, place),
            (EntryKind::Timer, ..) => (2, 0),
            (EntryKind::State, ..) => (3, 0),
            (EntryKind::Event, _, None) => (4, 0),
        };
        (entry.at, rank, place)
    });
    entries
}

fn state(at: Micros, name: &str, text: String) -> Entry {
    Entry {
        at,
        kind: EntryKind::State,
        name: name.to_owned(),
        text,
        activity: None,
        event: None,
    }
}

fn timer(subject: Subject<'_>, at: Micros) -> Entry {
    Entry {
        at,
        kind: EntryKind::Timer,
        name: timer_name(subject).to_owned(),
        text: about_timer(subject),
        activity: None,
        event: None,
    }
}

#[cfg(test)]
mod tests;
