//! Reads a script.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::value::RawValue;

use super::{ACTIVITIES_MAX, EVENT_TYPES, START};
use crate::catalog;
use crate::clock::Micros;
use crate::dialect::Dialect;
use crate::error::FieldError;
use crate::event::make_canonical;
use crate::id::MerchantId;
use crate::merchant::{AcrClock, Merchant, MerchantSettings, Store};
use crate::trigger::TriggerSettings;
use crate::trigger::activity::{Activity, rewritten};
use crate::trigger::data::{self, Field, Type, View};

/// What ids are drawn from.
const SEED: u64 = 7;
/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// Longest a time may lie from the start.
const SPAN_MAX: Duration = Duration::from_hours(24 * 366);

/// A script that can be played.
#[derive(Debug)]
pub(super) struct Script {
    pub name: Option<String>,
    pub start: Micros,
    pub merchant: Merchant,
    pub settings: TriggerSettings,
    pub subscriptions: BTreeSet<String>,
    pub until: Option<Micros>,
    /// In order of time.
    pub activities: Vec<Activity>,
    pub rng: StdRng,
}

const fn may(name: &'static str, holds: Type) -> Field {
    Field {
        name,
        holds,
        required: false,
    }
}

const FIELDS: &[Field] = &[
    may("name", Type::Text),
    may("start", Type::Text),
    may(
        "store",
        Type::Object(&[
            may("id", Type::Text),
            may("name", Type::Text),
            may("shopify_domain", Type::Text),
            may("main_domain", Type::Text),
            may("currency", Type::Text),
        ]),
    ),
    may(
        "settings",
        Type::Object(&[may("acr_clock", Type::OneOf(&["open", "activity"]))]),
    ),
    may("flashy_account_id", Type::Id),
    may(
        "timers",
        Type::Object(&[
            may("session_inactivity", Type::Text),
            may("checkout_abandonment", Type::Text),
            may("upsell_inactivity", Type::Text),
        ]),
    ),
    may("subscriptions", Type::Ids),
    may("until", Type::Text),
    Field {
        name: "activities",
        holds: Type::Ids,
        required: true,
    },
];

/// Reads a script.
///
/// Errors: everything that is wrong with it.
pub(super) fn read(body: &Bytes) -> Result<Script, Vec<FieldError>> {
    let raw: &RawValue = serde_json::from_slice(body)
        .map_err(|error| vec![FieldError::new("", "json", format!("is no JSON: {error}"))])?;
    let view = View::read(raw);
    let mut reading = Reading { errors: shape(raw) };
    let start = reading.start(&view);
    let activities = reading.activities(&view, start);
    let until = reading.time(&view, "", "until", start);
    let last = activities.last().map(|activity| activity.at);
    if until.is_some_and(|until| last.is_some_and(|last| last > until)) {
        reading.wrong("/until", "range", "must not be before the last activity");
    }
    let mut rng = StdRng::seed_from_u64(SEED);
    let flashy_account_id = reading.account(&view);
    let script = Script {
        name: view.text("name"),
        start,
        merchant: merchant(&view, start, flashy_account_id, &mut rng),
        settings: reading.timers(&view.object("timers")),
        subscriptions: reading.subscriptions(&view, flashy_account_id.is_some()),
        until,
        activities,
        rng,
    };
    if reading.errors.is_empty() {
        Ok(script)
    } else {
        Err(reading.errors)
    }
}

/// What is wrong with everything but the activities.
fn shape(raw: &RawValue) -> Vec<FieldError> {
    let shape = rewritten(&View::read(raw), |name, raw| {
        let list = name == "activities" && raw.get() != "null";
        Some(if list { "[]" } else { raw.get() })
    });
    match RawValue::from_string(shape) {
        Ok(shape) if raw.get().starts_with('{') => data::check_object(FIELDS, &shape, ""),
        _ => data::check_object(FIELDS, raw, ""),
    }
}

fn merchant(
    view: &View<'_>,
    start: Micros,
    flashy_account_id: Option<i64>,
    rng: &mut StdRng,
) -> Merchant {
    let given = view.object("store");
    let sample = Store::sample();
    let store = Store {
        id: given.text("id").unwrap_or(sample.id),
        name: given.text("name").unwrap_or(sample.name),
        shopify_domain: given.text("shopify_domain").or(sample.shopify_domain),
        main_domain: given.text("main_domain").or(sample.main_domain),
        currency: given.text("currency").or(sample.currency),
        time_zone: None,
    };
    let acr_clock = match view.object("settings").text("acr_clock").as_deref() {
        Some("activity") => AcrClock::Activity,
        _ => AcrClock::Open,
    };
    Merchant {
        id: MerchantId::new(start, rng),
        name: store.name.clone(),
        store,
        flashy_account_id,
        settings: MerchantSettings {
            acr_clock,
            ..MerchantSettings::default()
        },
        suspended: false,
        created_at: start,
        updated_at: start,
    }
}

struct Reading {
    errors: Vec<FieldError>,
}

impl Reading {
    fn wrong(&mut self, pointer: &str, code: &'static str, detail: &str) {
        if !self.errors.iter().any(|error| error.pointer == pointer) {
            self.errors.push(FieldError::new(pointer, code, detail));
        }
    }

    fn start(&mut self, view: &View<'_>) -> Micros {
        let Some(text) = view.text("start") else {
            return START;
        };
        Micros::parse_rfc3339(&text)
            .ok()
            .filter(|at| *at >= Micros::default())
            .unwrap_or_else(|| {
                self.wrong(
                    "/start",
                    "invalid",
                    "must be an RFC 3339 time with an offset",
                );
                START
            })
    }

    /// A time of the script: of the start's day, after the start, or in full.
    fn time(&mut self, view: &View<'_>, base: &str, name: &str, start: Micros) -> Option<Micros> {
        let pointer = format!("{base}/{name}");
        let raw = view.get(name)?;
        let read = view.text(name).and_then(|text| moment(&text, start));
        let near = |at: &Micros| at.since(start) <= SPAN_MAX && start.since(*at) <= SPAN_MAX;
        match read {
            Some(at) if near(&at) => return Some(at),
            Some(_) => self.wrong(&pointer, "range", "must lie within a year of the start"),
            None if raw.get().starts_with('"') => self.wrong(
                &pointer,
                "invalid",
                "must be a time of the start's day as 10:05, a time after the start as +5m, or an RFC 3339 time",
            ),
            None => self.wrong(&pointer, "type", "must be text"),
        }
        None
    }

    /// The activities in order of time.
    fn activities(&mut self, view: &View<'_>, start: Micros) -> Vec<Activity> {
        let Some(raw) = view.get("activities") else {
            return Vec::new();
        };
        let elements = view.elements("activities").unwrap_or_default();
        if elements.is_empty() || elements.len() > ACTIVITIES_MAX {
            let code = if raw.get().starts_with('[') {
                "length"
            } else {
                "type"
            };
            self.wrong(
                "/activities",
                code,
                "must be a list of 1 to 1,000 activities",
            );
            return Vec::new();
        }
        let mut activities: Vec<Activity> = elements
            .into_iter()
            .enumerate()
            .filter_map(|(place, raw)| self.activity(raw, &format!("/activities/{place}"), start))
            .collect();
        activities.sort_by_key(|activity| activity.at);
        activities
    }

    fn activity(&mut self, raw: &RawValue, pointer: &str, start: Micros) -> Option<Activity> {
        let view = View::read(raw);
        let at = self.time(&view, pointer, "at", start);
        let plain = if raw.get().starts_with('{') {
            rewritten(&view, |name, raw| (name != "at").then(|| raw.get()))
        } else {
            raw.get().to_owned()
        };
        let (occurred_at, activity) = match Activity::parse(&plain.into(), pointer) {
            Ok(read) => read,
            Err(errors) => {
                self.errors.extend(errors);
                return None;
            }
        };
        let pointer = format!("{pointer}/at");
        let at = match (at, occurred_at) {
            (Some(_), Some(_)) => {
                self.wrong(&pointer, "invalid", "must not be given beside occurred_at");
                None
            }
            (None, None) => {
                self.wrong(&pointer, "required", "must be given, or occurred_at");
                None
            }
            (at, occurred_at) => at.or(occurred_at),
        };
        at.map(|at| Activity { at, ..activity })
    }

    fn account(&mut self, view: &View<'_>) -> Option<i64> {
        let raw = view.get("flashy_account_id")?;
        let account = serde_json::from_str::<i64>(raw.get()).ok();
        if account.is_none() {
            self.wrong("/flashy_account_id", "type", "must be a whole number");
        }
        account
    }

    fn timers(&mut self, view: &View<'_>) -> TriggerSettings {
        let mut settings = TriggerSettings::default();
        for (name, span) in [
            ("session_inactivity", &mut settings.session_inactivity),
            ("checkout_abandonment", &mut settings.checkout_abandonment),
            ("upsell_inactivity", &mut settings.upsell_inactivity),
        ] {
            let Some(text) = view.text(name) else {
                continue;
            };
            match humantime::parse_duration(&text) {
                Ok(given) if !given.is_zero() && given <= SPAN_MAX => *span = given,
                _ => self.wrong(
                    &format!("/timers/{name}"),
                    "invalid",
                    "must be a duration such as 250ms, 90s, 15m or 2h, and at most a year",
                ),
            }
        }
        settings
    }

    /// What the script's endpoints want: everything when it does not say, but for Flashy's without an account.
    fn subscriptions(&mut self, view: &View<'_>, flashy: bool) -> BTreeSet<String> {
        let Some(elements) = view.elements("subscriptions") else {
            let flashys: BTreeSet<String> = catalog::built_in()
                .into_iter()
                .filter(|entry| entry.dialect == Dialect::Flashy)
                .map(|entry| entry.name)
                .collect();
            let names = EVENT_TYPES.into_iter().map(str::to_owned);
            return names
                .filter(|name| flashy || !flashys.contains(name))
                .collect();
        };
        let mut wanted = BTreeSet::new();
        for (place, raw) in elements.into_iter().enumerate() {
            let mut name: String = serde_json::from_str(raw.get()).unwrap_or_default();
            make_canonical(&mut name);
            if EVENT_TYPES.contains(&name.as_str()) {
                wanted.insert(name);
            } else {
                let right = format!("must be one of {}", EVENT_TYPES.join(", "));
                self.wrong(&format!("/subscriptions/{place}"), "invalid", &right);
            }
        }
        wanted
    }
}

/// `10:05`, `10:05:30`, `+5m` or an RFC 3339 time.
fn moment(text: &str, start: Micros) -> Option<Micros> {
    if let Some(after) = text.strip_prefix('+') {
        let after = humantime::parse_duration(after).ok()?;
        return (after <= SPAN_MAX).then(|| start + after);
    }
    if let Some(time) = time_of_day(text) {
        let midnight = Micros(start.0.div_euclid(DAY) * DAY);
        return Some(midnight + time);
    }
    Micros::parse_rfc3339(text).ok()
}

fn time_of_day(text: &str) -> Option<Duration> {
    let mut parts = text.split(':');
    let mut part = |below: u64| {
        let part = parts.next()?;
        let digits = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        let value: u64 = part.parse().ok().filter(|_| digits)?;
        (value < below).then_some(value)
    };
    let (hours, minutes) = (part(24)?, part(60)?);
    let seconds = if text.len() == 5 { 0 } else { part(60)? };
    let done = parts.next().is_none();
    done.then(|| Duration::from_secs(hours * 3_600 + minutes * 60 + seconds))
}
