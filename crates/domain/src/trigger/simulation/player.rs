//! Plays a script that has been read.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::script::Script;
use super::{PAYLOADS_MAX, SimulatedEvent, Simulation, Step};
use crate::catalog;
use crate::clock::Micros;
use crate::dialect::{Dialect, wire_id};
use crate::error::FieldError;
use crate::id::{ActivityId, CheckoutId, EventId, SessionId};
use crate::trigger::activity::{Activity, Note};
use crate::trigger::checkout::Checkout;
use crate::trigger::rules::{Rules, Shop};
use crate::trigger::session::Session;
use crate::trigger::timeline::{
    EntryKind, Subject, Told, about_activity, about_event, about_timer, checkout_ended,
    checkout_opened, recovered, session_ended, session_opened, timer_name,
};
use crate::trigger::timer::{Timer, TimerId};
use crate::trigger::world::{Fired, World};

/// What contact ids are made with.
const CONTACT_KEY: [u8; 32] = [7; 32];

/// Plays the script to its end.
///
/// Errors: what fires is too much to show.
pub(super) fn play(mut script: Script) -> Result<Simulation, Vec<FieldError>> {
    let activities = std::mem::take(&mut script.activities);
    let mut player = Player {
        script,
        world: World::default(),
        dialects: catalog::built_in()
            .into_iter()
            .map(|entry| (entry.name, entry.dialect))
            .collect(),
        known: HashMap::new(),
        taken: HashSet::new(),
        recorded: 0,
        payloads: 0,
        steps: Vec::new(),
    };
    for activity in activities {
        while let Some(timer) = player.next_timer().filter(|timer| timer.due < activity.at) {
            player.fire(timer);
        }
        player.act(activity);
        player.check()?;
    }
    let until = player.script.until;
    while let Some(timer) = player.next_timer() {
        if until.is_some_and(|until| timer.due > until) {
            break;
        }
        player.fire(timer);
        player.check()?;
    }
    Ok(Simulation {
        name: player.script.name,
        start: player.script.start,
        steps: player.steps,
    })
}

/// A subject as it was told of last.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Known {
    open: bool,
    recovered: bool,
    deadline: Option<Micros>,
}

struct Player {
    script: Script,
    world: World,
    dialects: HashMap<String, Dialect>,
    known: HashMap<Uuid, Known>,
    /// The ids of activities that have been taken in.
    taken: HashSet<String>,
    /// How many activities have been told.
    recorded: usize,
    /// Bytes of payloads so far.
    payloads: usize,
    steps: Vec<Step>,
}

impl Player {
    fn next_timer(&self) -> Option<Timer> {
        let set = self.world.timers.values().flatten();
        set.min_by_key(|timer| (timer.due, timer.id)).copied()
    }

    fn check(&self) -> Result<(), Vec<FieldError>> {
        if self.payloads <= PAYLOADS_MAX {
            return Ok(());
        }
        Err(vec![FieldError::new(
            "/activities",
            "too_large",
            "must not make events with more than 4 MiB of payloads",
        )])
    }

    fn rules(&mut self, now: Micros, work: impl FnOnce(&mut Rules<'_>)) {
        let Script {
            merchant,
            settings,
            subscriptions,
            rng,
            ..
        } = &mut self.script;
        let wants = |event_type: &str| subscriptions.contains(event_type);
        work(&mut Rules {
            shop: Shop {
                merchant,
                wants: &wants,
                contact_key: &CONTACT_KEY,
                settings,
            },
            world: &mut self.world,
            now,
            rng,
        });
    }

    fn act(&mut self, activity: Activity) {
        let now = activity.at;
        if let Some(id) = &activity.client_id
            && !self.taken.insert(id.clone())
        {
            let text = format!("The activity {id} was taken in before: a repeat changes nothing.");
            let name = activity.kind.as_str();
            self.say(now, EntryKind::Activity, name, None, text);
            return;
        }
        let id = ActivityId::new(now, &mut self.script.rng);
        self.rules(now, |rules| rules.apply(Activity { id, ..activity }));
        self.tell(None);
    }

    fn fire(&mut self, timer: Timer) {
        self.rules(timer.due, |rules| rules.fire(timer.id));
        self.tell(Some(timer.id));
    }

    /// Tells everything that is new: what began, what was done, what ended, what fired, what is due.
    fn tell(&mut self, timer: Option<TimerId>) {
        self.tell_openings();
        let done = self.world.recorded.get(self.recorded..).unwrap_or_default();
        let done: Vec<_> = done
            .iter()
            .map(|recorded| (recorded.activity.clone(), recorded.note, recorded.subject))
            .collect();
        self.recorded += done.len();
        for (activity, note, subject) in done {
            self.tell_activity(&activity, note, subject);
        }
        let fired = std::mem::take(&mut self.world.fired);
        let (at_once, later): (Vec<Fired>, Vec<Fired>) = fired
            .into_iter()
            .partition(|fired| fired.activity.is_some());
        for fired in at_once {
            self.tell_event(fired);
        }
        self.tell_changes(timer);
        for fired in later {
            self.tell_event(fired);
        }
    }

    /// All sessions and checkouts, in order of opening.
    fn subjects(&self) -> Vec<(Uuid, Micros)> {
        let sessions = self
            .world
            .sessions
            .all()
            .map(|s| (s.opened, 0, s.id.uuid()));
        let checkouts = self.world.checkouts.all();
        let checkouts = checkouts.map(|c| (c.opened, 1, c.id.uuid()));
        let mut all: Vec<_> = sessions.chain(checkouts).collect();
        all.sort_unstable();
        all.into_iter()
            .map(|(opened, _, id)| (id, opened))
            .collect()
    }

    fn session(&self, id: Uuid) -> Option<&Session> {
        self.world.sessions.get(SessionId::from_uuid(id))
    }

    fn checkout(&self, id: Uuid) -> Option<&Checkout> {
        self.world.checkouts.get(CheckoutId::from_uuid(id))
    }

    fn subject(&self, id: Uuid) -> Option<Subject<'_>> {
        let checkout = self.checkout(id).map(Subject::Checkout);
        checkout.or_else(|| self.session(id).map(Subject::Session))
    }

    fn say(
        &mut self,
        at: Micros,
        kind: EntryKind,
        name: &str,
        subject: Option<String>,
        text: String,
    ) {
        self.steps.push(Step {
            at,
            kind,
            name: name.to_owned(),
            subject,
            text,
            event: None,
        });
    }

    fn tell_openings(&mut self) {
        for (id, opened) in self.subjects() {
            if self.known.contains_key(&id) {
                continue;
            }
            let Some(subject) = self.subject(id) else {
                continue;
            };
            let (name, text) = match subject {
                Subject::Session(session) => ("active", session_opened(session)),
                Subject::Checkout(checkout) => ("open", checkout_opened(checkout)),
            };
            let label = Some(subject.label());
            let known = Known {
                open: true,
                recovered: false,
                deadline: None,
            };
            self.known.insert(id, known);
            self.say(opened, EntryKind::State, name, label, text);
        }
    }

    fn tell_activity(&mut self, activity: &Activity, note: Note, subject: Uuid) {
        let subject = self.subject(subject);
        let text = about_activity(activity, note, subject);
        let label = subject.map(Subject::label);
        let name = activity.kind.as_str();
        self.say(activity.at, EntryKind::Activity, name, label, text);
    }

    fn tell_event(&mut self, fired: Fired) {
        let subscribed = self.script.subscriptions.contains(fired.event_type);
        let told = Told {
            event_type: fired.event_type,
            at: fired.occurred_at,
            activity: fired.activity,
            endpoints: usize::from(subscribed),
        };
        let subject = self.subject(fired.subject);
        let text = about_event(&told, subject);
        let label = subject.map(Subject::label);
        let dialect = self.dialects.get(fired.event_type);
        let dialect = dialect.copied().unwrap_or(Dialect::Standard);
        let id = EventId::new(fired.occurred_at, &mut self.script.rng);
        self.payloads += fired.payload.len();
        self.steps.push(Step {
            at: fired.occurred_at,
            kind: EntryKind::Event,
            name: fired.event_type.to_owned(),
            subject: label,
            text,
            event: Some(SimulatedEvent {
                event_id: wire_id(dialect, id),
                event_type: fired.event_type,
                occurred_at: fired.occurred_at,
                subscribed,
                payload: fired.payload,
            }),
        });
    }

    /// Tells which subjects ended or were recovered, and when a timer is due that runs newly.
    fn tell_changes(&mut self, timer: Option<TimerId>) {
        for (id, _) in self.subjects() {
            let Some(was) = self.known.get(&id).copied() else {
                continue;
            };
            let now = self.state(id);
            self.known.insert(id, now);
            if was.open && !now.open {
                let by_timer = timer.is_some_and(|timer| timer.subject == id);
                self.tell_end(id, by_timer);
            }
            if !was.recovered && now.recovered {
                self.tell_recovery(id);
            }
            if was.deadline.is_none() && now.deadline.is_some() {
                self.tell_due(id);
            }
        }
    }

    fn state(&self, id: Uuid) -> Known {
        match self.subject(id) {
            Some(Subject::Session(session)) => Known {
                open: session.is_open(),
                recovered: false,
                deadline: Some(session.deadline()).filter(|_| session.is_open()),
            },
            Some(Subject::Checkout(checkout)) => Known {
                open: checkout.is_open(),
                recovered: checkout.recovered.is_some(),
                deadline: checkout.deadline().filter(|_| checkout.is_open()),
            },
            None => Known {
                open: false,
                recovered: false,
                deadline: None,
            },
        }
    }

    fn tell_end(&mut self, id: Uuid, by_timer: bool) {
        let Some(subject) = self.subject(id) else {
            return;
        };
        let (ended, name, text) = match subject {
            Subject::Session(session) => {
                let checkout = session.checkout_id.and_then(|id| self.checkout(id.uuid()));
                let by = checkout.map(|checkout| checkout.client_id.as_str());
                let text = session_ended(session, by);
                (session.ended, session.state.as_str(), text)
            }
            Subject::Checkout(checkout) => {
                let next = checkout.superseded_by;
                let next = next.and_then(|id| self.checkout(id.uuid()));
                let next = next.map(|checkout| checkout.client_id.as_str());
                let text = checkout_ended(checkout, next, by_timer);
                (checkout.ended, checkout.state.as_str(), text)
            }
        };
        let (label, ended) = (Some(subject.label()), ended.unwrap_or_default());
        if by_timer {
            let (timer, why) = (timer_name(subject), about_timer(subject));
            self.say(ended, EntryKind::Timer, timer, label.clone(), why);
        }
        self.say(ended, EntryKind::State, name, label, text);
    }

    fn tell_recovery(&mut self, id: Uuid) {
        let Some(checkout) = self.checkout(id) else {
            return;
        };
        let at = checkout.recovered.unwrap_or(checkout.last);
        let (text, label) = (recovered(checkout), Subject::Checkout(checkout).label());
        self.say(at, EntryKind::State, "recovered", Some(label), text);
    }

    fn tell_due(&mut self, id: Uuid) {
        let Some(subject) = self.subject(id) else {
            return;
        };
        let at = match subject {
            Subject::Session(session) => session.last,
            Subject::Checkout(checkout) => checkout.last,
        };
        let (timer, why, label) = (timer_name(subject), about_timer(subject), subject.label());
        self.say(at, EntryKind::Timer, timer, Some(label), why);
    }
}
